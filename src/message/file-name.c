/*
 * file-name.c - the name of an attachment, for every program that shows one.
 *
 * RFC 2231 is what the standard wants; Outlook and Apple Mail look at "name" of
 * Content-Type with RFC 2047 words in it (which RFC 2047 5 forbids, and everybody reads).
 */
#include "config.h"

#include <string.h>

#include "base64.h"
#include "compose-private.h"
#include "sendoff/text.h"

#define PLAIN_MAX 55  /* characters of a name that fits a line of its own */
#define PIECE_MAX 60  /* characters of a piece of an RFC 2231 value; the line stays under 78 */
#define WORD_OCTETS 42 /* octets in an encoded word: 56 characters and its frame of 12 */

/* Separators of this and of other systems: "C:\dir\name" comes from Windows. */
static const char *
without_folders (const char *name)
{
  const char *slash = strrchr (name, '/'), *backslash = strrchr (name, '\\');
  const char *last = MAX (slash, backslash);
  return last != NULL ? last + 1 : name;
}

char *
so_file_name_clean (const char *name)
{
  g_autofree char *valid = g_utf8_make_valid (without_folders (name), -1);
  g_autofree char *composed = g_utf8_normalize (valid, -1, G_NORMALIZE_NFC);
  GString *clean = g_string_new (NULL);
  for (const char *p = composed; *p != '\0'; p = g_utf8_next_char (p))
    if (so_text_is_clean (p, g_utf8_next_char (p) - p))
      g_string_append_len (clean, p, g_utf8_next_char (p) - p);
  g_strstrip (clean->str);
  if (clean->str[0] == '\0' || strcmp (clean->str, ".") == 0 || strcmp (clean->str, "..") == 0)
    g_string_assign (clean, "attachment");
  return g_string_free (clean, FALSE);
}

static gboolean
is_plain (const char *name)
{
  return g_str_is_ascii (name) && strlen (name) <= PLAIN_MAX && strstr (name, "=?") == NULL;
}

static void
append_quoted (GString *out, const char *key, const char *name)
{
  g_string_append_printf (out, ";\r\n %s=\"", key);
  for (const char *p = name; *p != '\0'; p++)
    {
      if (*p == '"' || *p == '\\')
        g_string_append_c (out, '\\');
      g_string_append_c (out, *p);
    }
  g_string_append_c (out, '"');
}

/* attribute-char of RFC 2231 7. */
static gboolean
stands_as_it_is (char c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("!#$&+-.^_`{|}~", c) != NULL);
}

void
so_file_name_disposition (GString *out, const char *name)
{
  if (is_plain (name))
    {
      append_quoted (out, "filename", name);
      return;
    }
  guint piece = 0;
  gsize room = 0;
  for (const char *p = name; *p != '\0'; p++)
    {
      gsize width = stands_as_it_is (*p) ? 1 : 3;
      if (piece == 0 || room < width)
        {
          g_string_append_printf (out, ";\r\n filename*%u*=%s", piece, piece == 0 ? "UTF-8''" : "");
          room = PIECE_MAX - (piece == 0 ? strlen ("UTF-8''") : 0);
          piece++;
        }
      if (width == 1)
        g_string_append_c (out, *p);
      else
        g_string_append_printf (out, "%%%02X", (guchar)*p);
      room -= width;
    }
}

void
so_file_name_type (GString *out, const char *name)
{
  if (is_plain (name))
    {
      append_quoted (out, "name", name);
      return;
    }
  g_string_append (out, ";\r\n name=\"");
  for (const char *start = name; *start != '\0';)
    {
      const char *end = start;
      while (*end != '\0' && g_utf8_next_char (end) - start <= WORD_OCTETS)
        end = g_utf8_next_char (end);
      g_autofree char *word = g_base64_encode ((const guchar *)start, (gsize)(end - start));
      g_string_append_printf (out, "%s=?UTF-8?B?%s?=", start == name ? "" : "\r\n ", word);
      start = end;
    }
  g_string_append_c (out, '"');
}
