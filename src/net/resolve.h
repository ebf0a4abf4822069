/*
 * resolve.h - getaddrinfo() under a deadline.
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

SoResolved so_resolve (const char *host, guint16 port, const SoDeadline *deadline);
