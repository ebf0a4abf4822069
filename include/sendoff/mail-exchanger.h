/*
 * mail-exchanger.h - who takes the mail of a domain (RFC 5321 5.1), asked of the DNS.
 */
#pragma once

#include "sendoff/deadline.h"

typedef enum
{
  SO_MX_FOUND,
  SO_MX_NULL,     /* the domain says that it takes no mail (RFC 7505) */
  SO_MX_IMPLICIT, /* no MX, but the domain itself has an address */
  SO_MX_NONE,     /* neither: no mail gets there */
  SO_MX_UNKNOWN   /* the DNS could not be asked */
} SoMxState;

/* *host: the most preferred one, sanitised; "" without FOUND.  Owned by the caller. */
SoMxState so_mail_exchanger (const char *domain, SoDeadline *deadline, char **host);
