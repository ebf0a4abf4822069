/*
 * transport.h - a socket, later with TLS, as the low end of a libetpan stream.
 *
 * Every read and write waits under the session's deadline.  A failed one leaves its
 * reason here, because libetpan's stream only says -1.  so_transport_written() counts
 * octets completely handed to the kernel (with TLS: in whole records, which the peer
 * cannot read in part), so that a session knows exactly whether its last octet left.
 */
#pragma once

#include <libetpan/mailstream.h>

#include "sendoff/account.h"
#include "sendoff/deadline.h"
#include "sendoff/tls-info.h"

typedef struct SoTransport SoTransport;

typedef enum
{
  SO_TRANSPORT_WELL,
  SO_TRANSPORT_TIMEOUT,
  SO_TRANSPORT_INTERRUPTED,
  SO_TRANSPORT_CLOSED,    /* orderly: FIN, with TLS after close_notify */
  SO_TRANSPORT_TRUNCATED, /* TLS without close_notify: anybody may have cut it */
  SO_TRANSPORT_RESET,
  SO_TRANSPORT_SPOKE,     /* the peer spoke while a body was being written */
  SO_TRANSPORT_BROKEN     /* TLS error, system error */
} SoTransportState;

/* Takes fd.  deadline is borrowed. */
SoTransport *so_transport_new (int fd, SoDeadline *deadline);

/* The stream on top; owned by the transport. */
mailstream *so_transport_stream (SoTransport *transport);

/* Handshakes as a client of host, verified as the account says: system CAs, tls-ca-file,
 * or tls-fingerprint.  TLS >= 1.2, SNI, no CN fallback (RFC 9525 6.3), RSA >= 2048 bits.  *info is filled
 * as far as known even on failure.  Errors: PROTOCOL, TEMPORARY (lost), INTERRUPTED. */
gboolean so_transport_start_tls (SoTransport *transport, const SoAccount *account, const char *host,
                                 SoTlsInfo *info, GError **error);

gboolean so_transport_is_tls (const SoTransport *transport);
SoTransportState so_transport_state (const SoTransport *transport);
guint64 so_transport_written (const SoTransport *transport);
int so_transport_fd (const SoTransport *transport);

/* While a body is written (TRUE): progress earns time, and a peer that speaks ends it. */
void so_transport_set_body (SoTransport *transport, gboolean body);

/* Whether something to read is there already, without waiting. */
gboolean so_transport_has_input (SoTransport *transport);

/* close_notify (if all is well), close; never waits. */
void so_transport_free (SoTransport *transport);
