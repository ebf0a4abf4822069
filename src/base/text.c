/*
 * text.c - foreign bytes made fit to be shown on one line.
 *
 * One pass: a character is kept if it is valid, printable and does not steer the
 * terminal or the direction of writing; anything else is spelled out.
 */
#include "config.h"

#include <string.h>

#include "sendoff/text.h"

/* U+061C, U+200E/F, U+202A–E, U+2066–9: direction; U+2028/9: line ends; U+FEFF, U+00AD
 * and the tag characters hide text.  Zero-width joiners stay: emoji and scripts need them. */
static gboolean
steers (gunichar c)
{
  return c == 0x061c || c == 0x00ad || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e)
         || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff || (c >= 0xe0000 && c <= 0xe007f);
}

static gboolean
is_showable (gunichar c)
{
  if (c == 0x200c || c == 0x200d)
    return TRUE;
  return g_unichar_isprint (c) && !steers (c);
}

/* The character at bytes, or (gunichar) -1 for an invalid one; *width its octets. */
static gunichar
character_at (const char *bytes, gsize left, gsize *width)
{
  gunichar c = g_utf8_get_char_validated (bytes, (gssize) left);
  if (*bytes == '\0')
    c = 0; /* g_utf8_get_char_validated() takes NUL for the end */
  *width = 1;
  if (c >= (gunichar) -2)
    return (gunichar) -1;
  *width = (gsize) g_unichar_to_utf8 (c, NULL);
  return c;
}

static void
append_spelled (GString *out, gunichar c, unsigned char octet)
{
  if (c == (gunichar) -1 || c < 0x80)
    g_string_append_printf (out, "\\x%02X", octet);
  else
    g_string_append_printf (out, "\\u{%04X}", c);
}

char *
so_text_sanitise (const char *bytes, gssize length, gsize max_bytes)
{
  gsize n = length < 0 ? strlen (bytes) : (gsize) length;
  GString *out = g_string_sized_new (MIN (n, max_bytes) + 1);
  for (gsize i = 0; i < n;)
    {
      gsize before = out->len, width;
      gunichar c = character_at (bytes + i, n - i, &width);
      if (c == '\t')
        g_string_append_c (out, ' ');
      else if (c != (gunichar) -1 && is_showable (c))
        g_string_append_len (out, bytes + i, (gssize) width);
      else
        append_spelled (out, c, (unsigned char) bytes[i]);
      if (out->len > max_bytes)
        {
          g_string_truncate (out, before);
          g_string_append (out, "…");
          break;
        }
      i += width;
    }
  return g_string_free (out, FALSE);
}

gboolean
so_text_is_clean (const char *bytes, gssize length)
{
  gsize n = length < 0 ? strlen (bytes) : (gsize) length;
  for (gsize i = 0; i < n;)
    {
      gsize width;
      gunichar c = character_at (bytes + i, n - i, &width);
      if (c == (gunichar) -1 || !is_showable (c))
        return FALSE;
      i += width;
    }
  return TRUE;
}

gsize
so_text_mark_length (const char *text)
{
  static const char mark[] = "\xEF\xBB\xBF";
  return g_str_has_prefix (text, mark) ? strlen (mark) : 0;
}

gsize
so_text_columns (const char *utf8)
{
  gsize columns = 0;
  for (const char *p = utf8; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      if (!g_unichar_iszerowidth (c))
        columns += g_unichar_iswide (c) ? 2 : 1;
    }
  return columns;
}
