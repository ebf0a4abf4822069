/*
 * resolve.h - getaddrinfo() under a deadline.
 *
 * It runs in a thread; one that does not come back in time is left behind.
 */
#pragma once

#include <netdb.h>

#include "sendoff/deadline.h"

typedef struct
{
  SoWait wait;               /* READY, or why the answer was not waited for */
  int code;                  /* getaddrinfo's, 0 is well */
  struct addrinfo *addresses; /* freeaddrinfo() */
} SoResolved;

/* family: AF_UNSPEC, AF_INET or AF_INET6. */
SoResolved so_resolve (const char *host, guint16 port, int family, SoDeadline *deadline);
