/*
 * address.c - the grammar of a mailbox (RFC 5321 4.1.2 with RFC 6531), as a verdict.
 *
 * Libetpan's parser is not asked: it mends what it reads ("a b@c.d" becomes "ab@c.d"),
 * and a mended address is another person's.
 */
#include "config.h"

#include <arpa/inet.h>
#include <string.h>

#include "sendoff/address.h"
#include "sendoff/i18n.h"

/* RFC 5321 4.5.3.1.1-3: octets; the path's 256 include its brackets. */
#define LOCAL_MAX 64
#define DOMAIN_MAX 255
#define MAILBOX_MAX 254
#define LABEL_MAX 63 /* RFC 1035 2.3.4 */

static gboolean
is_atext (char c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* A character over U+007F that can be seen and does not look like a blank. */
static gboolean
is_wide_text (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_FORMAT:
      return c == 0x200c || c == 0x200d; /* joiners: some scripts need them */
    case G_UNICODE_CONTROL:
    case G_UNICODE_UNASSIGNED:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_SPACE_SEPARATOR:
      return FALSE;
    default:
      return TRUE;
    }
}

/* All characters over U+007F in text are fit to stand in an address. */
static gboolean
wide_text_is_good (const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if ((guchar)*p >= 0x80 && !is_wide_text (g_utf8_get_char (p)))
      return FALSE;
  return TRUE;
}

/* Dot-string: atoms with single dots between them. */
static gboolean
is_dot_string (const char *local)
{
  gboolean in_atom = FALSE;
  for (const char *p = local; *p != '\0'; p++)
    {
      if (*p == '.' && !in_atom)
        return FALSE;
      in_atom = *p != '.';
      if (in_atom && (guchar)*p < 0x80 && !is_atext (*p))
        return FALSE;
    }
  return in_atom;
}

/* Quoted-string: printable octets, " and \ only behind a backslash. */
static gboolean
is_quoted_string (const char *local)
{
  const char *p = local + 1;
  for (; *p != '\0' && *p != '"'; p++)
    if (*p == '\\' && *++p == '\0')
      return FALSE;
  return p[0] == '"' && p[1] == '\0';
}

static gboolean
local_is_good (const char *local)
{
  return wide_text_is_good (local)
         && (local[0] == '"' ? is_quoted_string (local) : is_dot_string (local));
}

/* "[192.0.2.1]" or "[IPv6:2001:db8::1]" (RFC 5321 4.1.3). */
static gboolean
is_address_literal (const char *domain)
{
  gsize length = strlen (domain);
  if (length < 3 || domain[length - 1] != ']')
    return FALSE;
  g_autofree char *inside = g_strndup (domain + 1, length - 2);
  struct in_addr v4;
  struct in6_addr v6;
  if (g_ascii_strncasecmp (inside, "IPv6:", 5) == 0)
    return inet_pton (AF_INET6, inside + 5, &v6) == 1;
  return inet_pton (AF_INET, inside, &v4) == 1;
}

/* Labels of letters, digits and inner hyphens, single dots between them. */
static gboolean
is_host_name (const char *ascii)
{
  g_auto (GStrv) labels = g_strsplit (ascii, ".", -1);
  for (char **label = labels; *label != NULL; label++)
    {
      gsize length = strlen (*label);
      if (length == 0 || length > LABEL_MAX || (*label)[0] == '-' || (*label)[length - 1] == '-')
        return FALSE;
      for (const char *p = *label; *p != '\0'; p++)
        if (!g_ascii_isalnum (*p) && *p != '-')
          return FALSE;
    }
  return labels[0] != NULL;
}

static SoAddressVerdict
check_domain (const char *domain)
{
  if (domain[0] == '[')
    return is_address_literal (domain) ? SO_ADDRESS_OK : SO_ADDRESS_BAD_DOMAIN;
  if (g_str_is_ascii (domain))
    return is_host_name (domain) ? SO_ADDRESS_OK : SO_ADDRESS_BAD_DOMAIN;

  /* GLib's IDNA takes the ideographic full stop for a dot; an address may not. */
  g_autofree char *ascii = strstr (domain, "。") == NULL && wide_text_is_good (domain)
                               ? g_hostname_to_ascii (domain)
                               : NULL;
  if (ascii == NULL || !is_host_name (ascii))
    return SO_ADDRESS_BAD_DOMAIN;
  return strlen (ascii) <= DOMAIN_MAX ? SO_ADDRESS_OK : SO_ADDRESS_TOO_LONG;
}

static gboolean
has_control (const char *bytes, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if ((guchar)bytes[i] < 0x20 || bytes[i] == 0x7f)
      return TRUE;
  return FALSE;
}

/* text is valid UTF-8 without control characters; at points to the last @ in it. */
static SoAddressVerdict
check_parts (char *text, char *at)
{
  gsize length = strlen (text);
  *at = '\0';
  const char *local = text, *domain = at + 1;
  if (local[0] == '\0')
    return SO_ADDRESS_NO_LOCAL;
  if (domain[0] == '\0')
    return SO_ADDRESS_NO_DOMAIN;
  if (strlen (local) > LOCAL_MAX || strlen (domain) > DOMAIN_MAX || length > MAILBOX_MAX)
    return SO_ADDRESS_TOO_LONG;
  if (!local_is_good (local))
    return SO_ADDRESS_BAD_LOCAL;
  SoAddressVerdict verdict = check_domain (domain);
  if (verdict == SO_ADDRESS_OK && !g_str_is_ascii (local))
    return SO_ADDRESS_UTF8;
  return verdict;
}

SoAddressVerdict
so_address_check (const char *address, gssize length)
{
  gsize n = length < 0 ? strlen (address) : (gsize)length;
  if (n == 0)
    return SO_ADDRESS_EMPTY;
  if (has_control (address, n))
    return SO_ADDRESS_CONTROL;
  if (!g_utf8_validate_len (address, n, NULL))
    return SO_ADDRESS_BAD_UTF8;

  g_autofree char *text = g_strndup (address, n);
  char *at = strrchr (text, '@');
  return at != NULL ? check_parts (text, at) : SO_ADDRESS_NO_AT;
}

const char *
so_address_explain (SoAddressVerdict verdict)
{
  switch (verdict)
    {
    case SO_ADDRESS_OK:
      return _ ("the address is well-formed");
    case SO_ADDRESS_UTF8:
      return _ ("the address needs a server with SMTPUTF8");
    case SO_ADDRESS_EMPTY:
      return _ ("the address is empty");
    case SO_ADDRESS_NO_AT:
      return _ ("no @ in the address");
    case SO_ADDRESS_NO_LOCAL:
      return _ ("nothing before the @");
    case SO_ADDRESS_NO_DOMAIN:
      return _ ("nothing behind the @");
    case SO_ADDRESS_BAD_LOCAL:
      return _ ("the part before the @ has a character or dot that cannot stand there");
    case SO_ADDRESS_BAD_DOMAIN:
      return _ ("the part behind the @ is not a domain name");
    case SO_ADDRESS_TOO_LONG:
      return _ ("the address is too long");
    case SO_ADDRESS_CONTROL:
      return _ ("there is a control character in the address");
    case SO_ADDRESS_BAD_UTF8:
      return _ ("the address is not valid UTF-8");
    case SO_ADDRESS_BAD_SYNTAX:
      return _ ("a quote, bracket or group is not closed, or something stands behind it");
    }
  return "";
}

const char *
so_address_domain (const char *address)
{
  const char *at = strrchr (address, '@');
  return at != NULL ? at + 1 : "";
}

char *
so_address_in_ascii (const char *address)
{
  const char *domain = so_address_domain (address);
  g_autofree char *local = g_strndup (address, (gsize)(domain - address));
  g_autofree char *ascii = g_str_is_ascii (local) ? g_hostname_to_ascii (domain) : NULL;
  return ascii != NULL ? g_strconcat (local, ascii, NULL) : NULL;
}
