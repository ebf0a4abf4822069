/*
 * dial.h - from a host name to a connected socket.
 *
 * getaddrinfo() runs in a thread, so that a resolver that hangs costs the phase's time and no more;
 * then both address families are raced (RFC 8305: IPv6 first, the next address after
 * 250 ms or as soon as one fails).
 */
#pragma once

#include "sendoff/deadline.h"
#include "sendoff/observer.h"

typedef enum
{
  SO_DIAL_CONNECTED,
  SO_DIAL_NO_SUCH_HOST,  /* the resolver knows it does not exist */
  SO_DIAL_NO_RESOLVER,   /* it could not be asked: no network, no DNS */
  SO_DIAL_REFUSED,       /* every address refused */
  SO_DIAL_NO_ANSWER,     /* filtered, or the host is down */
  SO_DIAL_UNREACHABLE,   /* no route */
  SO_DIAL_INTERRUPTED,
  SO_DIAL_FAILED         /* out of descriptors and the like */
} SoDialResult;

typedef struct
{
  SoDialResult result;
  int fd;          /* non-blocking, TCP_NODELAY; -1 unless connected; owned by the caller */
  char *address;   /* numeric, of the one connected; "" otherwise */
  int family;      /* AF_INET, AF_INET6 */
  int system_errno; /* of the last address tried, 0 if none */
  guint n_addresses;
} SoDial;

/* Tells the observer phases dns and tcp.  Error codes as in smtp.h; the result is filled
 * either way. */
gboolean so_dial (const char *host, guint16 port, SoDeadline *deadline, const SoObserver *observer,
                  SoDial *dial, GError **error);
void so_dial_clear (SoDial *dial);
