/*
 * mask.c - the local part of an address is the person; the domain is what helps.
 */
#include "config.h"

#include <string.h>

#include "sendoff/mask.h"

/* Octets that end an address in running text; quotes in it are taken for those around it. */
static gboolean
ends_word (char c)
{
  return (guchar)c <= ' ' || strchr ("<>()[]{}\"'`,;:|=/\\", c) != NULL;
}

/* Typographic quotes around an address, as in our own words, are not part of it. */
static const char *
after_quotes (const char *begin, const char *end)
{
  static const char *const quotes[] = { "“", "„", "«", "‘", "「" };
  for (gsize i = 0; i < G_N_ELEMENTS (quotes); i++)
    {
      const char *found = g_strrstr_len (begin, end - begin, quotes[i]);
      if (found != NULL)
        begin = found + strlen (quotes[i]);
    }
  return begin;
}

/* Where the local part begins that ends at at; at if there is none. */
static const char *
local_part (const char *rest, const char *at)
{
  const char *begin = at;
  if (at > rest + 1 && at[-1] == '"')
    {
      /* "very odd"@example.org (RFC 5321 4.1.2) */
      const char *quote = g_strrstr_len (rest, at - 1 - rest, "\"");
      return quote != NULL ? quote : at;
    }
  while (begin > rest && !ends_word (begin[-1]))
    begin--;
  return after_quotes (begin, at);
}

char *
so_mask_addresses (const char *text)
{
  GString *out = g_string_new (NULL);
  const char *rest = text;
  for (const char *at = strchr (text, '@'); at != NULL; at = strchr (at + 1, '@'))
    {
      const char *begin = local_part (rest, at);
      if (begin == at || ends_word (at[1]))
        continue;
      const char *first_end = g_utf8_next_char (begin);
      g_string_append_len (out, rest, begin - rest);
      if (first_end < at && *begin != '"')
        g_string_append_len (out, begin, first_end - begin);
      g_string_append (out, "…");
      rest = at;
    }
  g_string_append (out, rest);
  return g_string_free (out, FALSE);
}
