/*
 * header-line.c - folding (RFC 5322 2.2.3) and encoded words (RFC 2047).
 */
#include "config.h"

#include <string.h>

#include "base64.h"
#include "header-line.h"

#define COLUMNS 78    /* RFC 5322 2.1.1: a line should not be longer */
#define WORD_MAX 75   /* RFC 2047 2 */
#define WORD_FRAME 12 /* "=?UTF-8?B?" and "?=" */
#define WORD_LEAST 30 /* with less room than this a fold comes first */

void
so_header_begin (SoHeaderLine *line, GString *out, const char *name)
{
  g_string_append_printf (out, "%s:", name);
  line->out = out;
  line->column = strlen (name) + 1;
  line->is_first = TRUE;
}

static void
fold (SoHeaderLine *line)
{
  g_string_append (line->out, "\r\n");
  line->column = 0;
}

void
so_header_token (SoHeaderLine *line, const char *token)
{
  gsize length = strlen (token);
  if (!line->is_first && line->column + 1 + length > COLUMNS)
    fold (line);
  g_string_append_printf (line->out, " %s", token);
  line->column += 1 + length;
  line->is_first = FALSE;
}

void
so_header_glue (SoHeaderLine *line, const char *mark)
{
  g_string_append (line->out, mark);
  line->column += strlen (mark);
}

void
so_header_end (SoHeaderLine *line)
{
  g_string_append (line->out, "\r\n");
}

static gsize
q_length (const char *utf8, gsize length)
{
  gsize n = 0;
  for (gsize i = 0; i < length; i++)
    n += g_ascii_isalnum (utf8[i]) || strchr ("!*+-/ ", utf8[i]) != NULL ? 1 : 3;
  return n;
}

static void
append_q (GString *word, const char *utf8, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (utf8[i] == ' ')
      g_string_append_c (word, '_');
    else if (q_length (utf8 + i, 1) == 1)
      g_string_append_c (word, utf8[i]);
    else
      g_string_append_printf (word, "=%02X", (guchar)utf8[i]);
}

static void
append_b (GString *word, const char *utf8, gsize length)
{
  gsize at = word->len;
  g_string_set_size (word, at + (length + 2) / 3 * 4);
  so_base64_run ((const guchar *)utf8, length, word->str + at);
}

static gsize
encoded_length (gboolean use_q, const char *utf8, gsize length)
{
  return use_q ? q_length (utf8, length) : (length + 2) / 3 * 4;
}

/* Octets of whole characters whose encoding fits into room. */
static gsize
fitting (gboolean use_q, const char *utf8, gsize room)
{
  gsize length = 0;
  while (utf8[length] != '\0')
    {
      gsize next = (gsize)(g_utf8_next_char (utf8 + length) - utf8);
      if (encoded_length (use_q, utf8, next) > room)
        break;
      length = next;
    }
  return length;
}

static void
add_words (SoHeaderLine *line, const char *utf8)
{
  gsize all = strlen (utf8);
  gboolean use_q = q_length (utf8, all) <= encoded_length (FALSE, utf8, all);
  g_autoptr (GString) word = g_string_new (NULL);
  while (*utf8 != '\0')
    {
      if (line->column + WORD_LEAST > COLUMNS)
        fold (line);
      gsize room = MIN (WORD_MAX, COLUMNS - line->column - 1) - WORD_FRAME;
      gsize length = fitting (use_q, utf8, room);
      g_string_assign (word, use_q ? "=?UTF-8?Q?" : "=?UTF-8?B?");
      if (use_q)
        append_q (word, utf8, length);
      else
        append_b (word, utf8, length);
      g_string_append (word, "?=");
      so_header_token (line, word->str);
      utf8 += length;
    }
}

/* Whatever it came from: one line of valid UTF-8, so that nobody's name ends a header or is read
 * beyond its end. */
static char *
on_one_line (const char *text)
{
  char *clean = g_utf8_make_valid (text, -1);
  for (char *p = clean; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      *p = ' ';
  return clean;
}

static gsize
longest_token (const char *text)
{
  gsize longest = 0;
  for (const char *p = text; *p != '\0';)
    {
      gsize length = strcspn (p, " ");
      longest = MAX (longest, length);
      p += length + strspn (p + length, " ");
    }
  return longest;
}

/* ASCII that comes out as it went in when it is folded at its blanks. */
static gboolean
can_be_folded (const char *utf8, gsize name_length)
{
  gsize length = strlen (utf8);
  if (!g_str_is_ascii (utf8) || strstr (utf8, "=?") != NULL || strstr (utf8, "  ") != NULL)
    return FALSE;
  return utf8[0] != ' ' && utf8[length - 1] != ' '
         && longest_token (utf8) + name_length + 2 <= COLUMNS;
}

static void
add_tokens (SoHeaderLine *line, const char *text)
{
  g_auto (GStrv) tokens = g_strsplit (text, " ", -1);
  for (gsize i = 0; tokens[i] != NULL; i++)
    if (tokens[i][0] != '\0')
      so_header_token (line, tokens[i]);
}

void
so_header_tokens (GString *out, const char *name, const char *tokens)
{
  SoHeaderLine line;
  so_header_begin (&line, out, name);
  add_tokens (&line, tokens);
  so_header_end (&line);
}

void
so_header_unstructured (GString *out, const char *name, const char *text)
{
  g_autofree char *utf8 = on_one_line (text);
  SoHeaderLine line;
  so_header_begin (&line, out, name);
  if (*utf8 != '\0' && can_be_folded (utf8, strlen (name)))
    add_tokens (&line, utf8);
  else if (*utf8 != '\0')
    add_words (&line, utf8);
  else
    g_string_append_c (out, ' ');
  so_header_end (&line);
}

static gboolean
is_atoms (const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("!#$%&'*+-/=?^_`{|}~ ", *p) == NULL)
      return FALSE;
  return strstr (text, "  ") == NULL;
}

char *
so_header_quoted (const char *text)
{
  GString *out = g_string_new ("\"");
  for (const char *p = text; *p != '\0'; p++)
    {
      if (*p == '"' || *p == '\\')
        g_string_append_c (out, '\\');
      g_string_append_c (out, *p);
    }
  g_string_append_c (out, '"');
  return g_string_free (out, FALSE);
}

gboolean
so_header_phrase (SoHeaderLine *line, const char *text)
{
  g_autofree char *utf8 = on_one_line (text);
  gboolean is_short = longest_token (utf8) <= WORD_LEAST;
  if (g_str_is_ascii (utf8) && is_atoms (utf8) && (is_short || strlen (utf8) <= WORD_MAX))
    {
      add_tokens (line, utf8);
      return g_str_has_suffix (utf8, "?=");
    }
  g_autofree char *string = g_str_is_ascii (utf8) ? so_header_quoted (utf8) : NULL;
  if (string != NULL && strlen (string) <= WORD_MAX - WORD_LEAST)
    {
      so_header_token (line, string);
      return FALSE;
    }
  add_words (line, utf8);
  return TRUE;
}
