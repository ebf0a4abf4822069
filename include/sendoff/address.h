/*
 * address.h - a verdict on a mail address; never a repair.
 *
 * addr-spec as RFC 5321 4.1.2 allows it on the wire (dot-string or quoted-string,
 * domain or address literal), with RFC 6531's UTF-8.  Lengths: local part 64 octets,
 * domain 255, path 256 with brackets (RFC 5321 4.5.3.1).  Libetpan parses, we judge.
 */
#pragma once

#include <glib.h>

typedef enum
{
  SO_ADDRESS_OK,
  SO_ADDRESS_UTF8,        /* right, but needs SMTPUTF8: non-ASCII local part */
  SO_ADDRESS_EMPTY,
  SO_ADDRESS_NO_AT,
  SO_ADDRESS_NO_LOCAL,
  SO_ADDRESS_NO_DOMAIN,
  SO_ADDRESS_BAD_LOCAL,
  SO_ADDRESS_BAD_DOMAIN,
  SO_ADDRESS_TOO_LONG,
  SO_ADDRESS_CONTROL,     /* CR, LF, NUL or another control character */
  SO_ADDRESS_BAD_UTF8
} SoAddressVerdict;

/* length -1: NUL-terminated. */
SoAddressVerdict so_address_check (const char *address, gssize length);

static inline gboolean
so_address_is_usable (SoAddressVerdict verdict)
{
  return verdict == SO_ADDRESS_OK || verdict == SO_ADDRESS_UTF8;
}

/* One translated line: "no @ in the address"; static. */
const char *so_address_explain (SoAddressVerdict verdict);

/* The part behind the last @, "" if none; points into address. */
const char *so_address_domain (const char *address);

/* A well-known mail domain that domain is probably a slip of ("icluod.com" →
 * "icloud.com"); "" if none.  Static. */
const char *so_address_likely_domain (const char *domain);
