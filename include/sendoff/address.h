/*
 * address.h - a verdict on a mail address; never a repair.
 *
 * addr-spec as RFC 5321 4.1.2 allows it on the wire (dot-string or quoted-string,
 * domain or address literal), with RFC 6531's UTF-8.  Lengths: local part 64 octets,
 * domain 255, path 256 with brackets (RFC 5321 4.5.3.1).  Libetpan's parser mends what it
 * reads, so the grammar here is our own.
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
  SO_ADDRESS_BAD_UTF8,
  SO_ADDRESS_BAD_SYNTAX   /* in a list: what surrounds the address cannot be read */
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
/* The domain in IDNA (RFC 5890), where the part before the @ is ASCII: needs no SMTPUTF8.  NULL where
 * that cannot be; owned by the caller. */
char *so_address_in_ascii (const char *address);

const char *so_address_domain (const char *address);

/* A well-known mail domain that domain is probably a slip of ("icluod.com" →
 * "icloud.com"); "" if none.  Static. */
const char *so_address_likely_domain (const char *domain);

typedef struct
{
  char *address; /* as it stands there, never put together; the verdict says if it is one */
  char *name;    /* display name without quotes, RFC 2047 words as they are; "" */
  char *group;   /* name of the group it stands in; "" */
  SoAddressVerdict verdict;
} SoMailbox;

void so_mailbox_free (gpointer mailbox);

/* TRUE if address stands in list (of char *), without regard to ASCII case. */
gboolean so_address_is_in (const GPtrArray *list, const char *address);

/* The mailboxes of an address header's value (folded or not), groups included, in their
 * order: of SoMailbox, owned by the caller; empty for none (an empty group, too).  What
 * cannot be read stands in it with its verdict, so nothing is left out silently.  A local
 * name ("root") is SO_ADDRESS_NO_AT.  length -1: NUL-terminated. */
GPtrArray *so_address_list_parse (const char *value, gssize length);
