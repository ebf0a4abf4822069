/*
 * text-wrap.c - text laid out for a terminal of a given width.
 *
 * Lines that begin at the margin and follow each other are one paragraph, filled anew, so
 * that a translation may be longer or wider than what it translates.  Indented lines stay
 * lines; what does not fit goes on under its own text (of "  --size=N   bring it to N octets"
 * that is the third column).  Between two wide characters (Japanese has no blanks) a line may
 * end, but not before a closing mark.
 */
#include "config.h"

#include <string.h>

#include "sendoff/text.h"

static gsize
columns_of (gunichar c)
{
  return g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
}

/* Marks that do not begin a line (JIS X 4051: 行頭禁則). */
static gboolean
is_closing (gunichar c)
{
  static const char marks[] = "、。，．：；！？」』）】〉》”’…ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ";
  char utf8[7] = { 0 };
  g_unichar_to_utf8 (c, utf8);
  return c >= 0x80 && strstr (marks, utf8) != NULL;
}

/* Opening marks do not end one. */
static gboolean
is_opening (gunichar c)
{
  return c == 0x300c || c == 0x300e || c == 0xff08 || c == 0x3010 || c == 0x201c || c == 0x2018;
}

/* May a line end between before and after? */
static gboolean
may_break (gunichar before, gunichar after)
{
  if (before == ' ')
    return TRUE;
  return after != ' ' && (g_unichar_iswide (before) || g_unichar_iswide (after))
         && !is_closing (after) && !is_opening (before);
}

/* Where the text of an indented line begins: behind the first gap of two blanks. */
static gsize
hanging_indent (const char *line)
{
  const char *start = line + strspn (line, " ");
  const char *gap = start > line ? strstr (start, "  ") : NULL;
  if (gap == NULL)
    return (gsize)(start - line);
  const char *text = gap + strspn (gap, " ");
  g_autofree char *front = g_strndup (line, (gsize)(text - line));
  return so_text_columns (front);
}

/* How many octets of text fit into columns; at least one character. */
static gsize
fitting (const char *text, gsize columns)
{
  gsize used = 0, last = 0;
  gunichar before = 0;
  const char *p = text;
  for (; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      if (p > text && may_break (before, c))
        last = (gsize)(p - text);
      if (c != ' ' && used + columns_of (c) > columns)
        break;
      used += columns_of (c);
      before = c;
    }
  if (*p == '\0')
    return (gsize)(p - text);
  /* A word longer than the line stands over. */
  if (last == 0)
    for (last = (gsize)(p - text); text[last] != '\0' && text[last] != ' ';)
      last += (gsize)(g_utf8_next_char (text + last) - (text + last));
  return last;
}

static void
append_blanks (GString *out, gsize n)
{
  while (n-- > 0)
    g_string_append_c (out, ' ');
}

static void
append_wrapped (GString *out, const char *line, gsize columns)
{
  gsize indent = hanging_indent (line);
  gsize at = strspn (line, " ");
  line += at;
  do
    {
      gsize n = fitting (line, columns > at ? columns - at : 1);
      gsize shown = n;
      while (shown > 0 && line[shown - 1] == ' ')
        shown--;
      append_blanks (out, shown > 0 ? at : 0);
      g_string_append_len (out, line, (gssize)shown);
      g_string_append_c (out, '\n');
      line += n + strspn (line + n, " ");
      at = indent;
    }
  while (*line != '\0');
}

static gboolean
is_at_margin (const char *line)
{
  return line[0] != '\0' && line[0] != ' ';
}

/* Wide text is joined without a blank. */
static void
join (GString *paragraph, const char *line)
{
  const char *last = g_utf8_find_prev_char (paragraph->str, paragraph->str + paragraph->len);
  gboolean is_wide = g_unichar_iswide (g_utf8_get_char (last))
                     && g_unichar_iswide (g_utf8_get_char (line));
  g_string_append_printf (paragraph, "%s%s", is_wide ? "" : " ", line);
}

char *
so_text_wrap (const char *text, gsize columns)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  GString *out = g_string_new (NULL);
  for (char **line = lines; *line != NULL; line++)
    {
      if (line[1] == NULL && **line == '\0')
        break;
      g_autoptr (GString) paragraph = g_string_new (*line);
      while (is_at_margin (paragraph->str) && line[1] != NULL && is_at_margin (line[1]))
        join (paragraph, *++line);
      append_wrapped (out, paragraph->str, columns);
    }
  return g_string_free (out, FALSE);
}
