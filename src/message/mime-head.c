/*
 * mime-head.c - what the header of a part says (RFC 2045, RFC 2183, RFC 2231).
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "mime-walk.h"
#include "scan-private.h"
#include "sendoff/message-head.h"

#define BOUNDARY_MAX 200 /* octets; RFC 2046 5.1.1 allows 70 */
#define PIECES_MAX 100   /* of a name by RFC 2231 */

static char *
field_value (const GArray *fields, const char *name)
{
  for (guint i = 0; i < fields->len; i++)
    if (so_scan_field_is (&g_array_index (fields, SoScanField, i), name))
      return so_scan_field_value (&g_array_index (fields, SoScanField, i));
  return g_strdup ("");
}

/* The value behind "=", quotes and backslashes taken off; *rest is what follows it. */
static char *
take_value (const char *p, const char **rest)
{
  GString *value = g_string_new (NULL);
  if (*p == '"')
    {
      for (p++; *p != '\0' && *p != '"'; p++)
        {
          if (*p == '\\' && p[1] != '\0')
            p++;
          g_string_append_c (value, *p);
        }
      p += *p == '"' ? 1 : 0;
    }
  else
    while (*p != '\0' && *p != ';' && *p != ' ' && *p != '\t')
      g_string_append_c (value, *p++);
  *rest = p;
  return g_string_free (value, FALSE);
}

char *
so_mime_parameter (const char *value, const char *name)
{
  for (const char *p = strchr (value, ';'); p != NULL && *p != '\0';)
    {
      p += strspn (p, "; \t");
      const char *key = p;
      p += strcspn (p, "=;");
      if (*p != '=')
        continue;
      gsize length = (gsize)(p - key);
      while (length > 0 && (key[length - 1] == ' ' || key[length - 1] == '\t'))
        length--;
      p++;
      p += strspn (p, " \t");
      g_autofree char *found = take_value (p, &p);
      if (length == strlen (name) && g_ascii_strncasecmp (key, name, length) == 0)
        return g_steal_pointer (&found);
      p += strcspn (p, ";");
    }
  return NULL;
}

static void
append_unescaped (GString *out, const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    if (*p == '%' && g_ascii_isxdigit (p[1]) && g_ascii_isxdigit (p[2]))
      {
        g_string_append_c (
            out, (char)(g_ascii_xdigit_value (p[1]) * 16 + g_ascii_xdigit_value (p[2])));
        p += 2;
      }
    else
      g_string_append_c (out, *p);
}

/* "UTF-8'ja'...": the character set is put into charset, what follows is returned. */
static const char *
skip_charset (const char *text, char **charset)
{
  const char *first = strchr (text, '\'');
  const char *second = first != NULL ? strchr (first + 1, '\'') : NULL;
  if (second == NULL)
    return text;
  *charset = g_strndup (text, (gsize)(first - text));
  return second + 1;
}

/* A parameter in the forms of RFC 2231; NULL if there is none. */
static char *
extended_parameter (const char *value, const char *name)
{
  g_autoptr (GString) all = g_string_new (NULL);
  g_autofree char *charset = NULL;
  g_autofree char *whole_name = g_strconcat (name, "*", NULL);
  g_autofree char *whole = so_mime_parameter (value, whole_name);
  guint n = 0;
  if (whole != NULL)
    append_unescaped (all, skip_charset (whole, &charset));
  for (; whole == NULL && n < PIECES_MAX; n++)
    {
      g_autofree char *plain_name = g_strdup_printf ("%s*%u", name, n);
      g_autofree char *coded_name = g_strdup_printf ("%s*%u*", name, n);
      g_autofree char *plain = so_mime_parameter (value, plain_name);
      g_autofree char *coded = plain == NULL ? so_mime_parameter (value, coded_name) : NULL;
      if (plain == NULL && coded == NULL)
        break;
      if (plain != NULL)
        g_string_append (all, plain);
      else
        append_unescaped (all, n == 0 ? skip_charset (coded, &charset) : coded);
    }
  if (whole == NULL && n == 0)
    return NULL;
  char *utf8 = charset != NULL && *charset != '\0'
                   ? g_convert (all->str, (gssize)all->len, "UTF-8", charset, NULL, NULL, NULL)
                   : NULL;
  return utf8 != NULL ? utf8 : g_utf8_make_valid (all->str, -1);
}

/* RFC 2047 in a parameter: forbidden, and everywhere. */
static char *
decoded (char *value)
{
  g_autofree char *given = value;
  g_autofree char *line = g_strconcat ("X: ", given, NULL);
  char *lines[] = { line, NULL };
  return so_message_head_field (lines, "X");
}

static char *
file_name (const char *disposition, const char *type)
{
  char *name = extended_parameter (disposition, "filename");
  if (name == NULL && (name = so_mime_parameter (disposition, "filename")) != NULL)
    name = decoded (name);
  if (name == NULL)
    name = extended_parameter (type, "name");
  if (name == NULL && (name = so_mime_parameter (type, "name")) != NULL)
    name = decoded (name);
  return name != NULL ? name : g_strdup ("");
}

static SoMimeEncoding
encoding_of (const char *value)
{
  static const char *const words[]
      = { "7bit", "8bit", "binary", "quoted-printable", "base64", NULL };
  if (*value == '\0')
    return SO_MIME_7BIT;
  for (guint i = 0; words[i] != NULL; i++)
    if (g_ascii_strncasecmp (value, words[i], strlen (words[i])) == 0)
      return (SoMimeEncoding)i;
  return SO_MIME_OTHER;
}

static gboolean
is_sealed_type (const char *type)
{
  return g_str_equal (type, "multipart/signed") || g_str_equal (type, "multipart/encrypted")
         || g_str_equal (type, "application/pkcs7-mime")
         || g_str_equal (type, "application/x-pkcs7-mime")
         || g_str_equal (type, "application/pgp");
}

void
so_mime_part_read_head (SoMimePart *part, const char *block, gsize length)
{
  gsize used;
  g_autoptr (GArray) fields = so_scan_fields (block, length, &used);
  g_autofree char *type = field_value (fields, "Content-Type");
  g_autofree char *disposition = field_value (fields, "Content-Disposition");
  g_autofree char *encoding = field_value (fields, "Content-Transfer-Encoding");
  g_autofree char *bare = g_strndup (type, strcspn (type, "; \t"));
  part->type = *bare != '\0' ? g_ascii_strdown (bare, -1) : g_strdup ("text/plain");
  part->name = file_name (disposition, type);
  part->encoding = encoding_of (encoding);
  g_autofree char *charset = so_mime_parameter (type, "charset");
  part->charset = g_strdup (charset != NULL ? charset : "");
  part->is_apart = g_ascii_strncasecmp (disposition, "attachment", strlen ("attachment")) == 0;
  part->is_sealed
      = is_sealed_type (part->type) || (part->parent != NULL && part->parent->is_sealed);
  g_autofree char *boundary
      = g_str_has_prefix (part->type, "multipart/") ? so_mime_parameter (type, "boundary") : NULL;
  if (boundary != NULL && *boundary != '\0' && strlen (boundary) <= BOUNDARY_MAX)
    part->boundary = g_steal_pointer (&boundary);
  part->is_message = g_str_equal (part->type, "message/rfc822")
                     && part->encoding <= SO_MIME_BINARY;
}
