/*
 * transport-private.h - shared by transport.c (octets) and tls.c (the handshake).
 */
#pragma once

#include <openssl/ssl.h>

#include "sendoff/transport.h"

struct SoTransport
{
  int fd;
  SSL *ssl; /* NULL until TLS */
  SoDeadline *deadline;
  mailstream *stream;
  SoTransportState state;
  guint64 written;
  gboolean body;
  guint64 mark_written; /* progress is measured from here */
  int mark_unsent;
  gint64 mark_us;
  GByteArray *early; /* read while writing, given out first */
};

/* After the handshake: TLS writes through a buffer.  FALSE: out of memory. */
gboolean so_transport_gather_records (SoTransport *transport);

/* Waits for what SSL_read, SSL_write or SSL_connect asked for; FALSE sets the state. */
gboolean so_transport_await_ssl (SoTransport *transport, int result);
gboolean so_transport_await (SoTransport *transport, short events);
