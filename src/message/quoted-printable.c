/*
 * quoted-printable.c - one octet at a time, with soft line ends at 76 characters.
 */
#include "config.h"

#include <string.h>

#include "quoted-printable.h"

#define LINE_MAX_OUT 76 /* characters, the "=" of a soft line end included */

typedef struct
{
  SoOut *out;
  gsize column;
} Line;

static void
put (Line *line, const char *token, gsize length, gboolean is_last)
{
  if (line->column + length > LINE_MAX_OUT - (is_last ? 0 : 1))
    {
      so_out_write (line->out, "=\r\n", 3);
      line->column = 0;
    }
  so_out_write (line->out, token, length);
  line->column += length;
}

static gboolean
stands_as_it_is (const char *at, const char *end, gboolean at_start)
{
  guchar c = (guchar)*at;
  gboolean is_last = at + 1 == end;
  if (c == ' ' || c == '\t')
    return !is_last;
  if (at_start && (c == '.' || (end - at >= 5 && memcmp (at, "From ", 5) == 0)))
    return FALSE;
  return c > 32 && c < 127 && c != '=';
}

static void
write_line (SoOut *out, const char *from, const char *end)
{
  Line line = { out, 0 };
  for (const char *p = from; p < end; p++)
    {
      char token[4];
      gboolean plain = stands_as_it_is (p, end, p == from);
      if (plain)
        token[0] = *p;
      else
        g_snprintf (token, sizeof token, "=%02X", (guchar)*p);
      put (&line, token, plain ? 1 : 3, p + 1 == end);
    }
}

void
so_quoted_printable_write (SoOut *out, const char *text, gsize length)
{
  const char *end = text + length;
  for (const char *p = text; p < end;)
    {
      const char *lf = memchr (p, '\n', (gsize)(end - p));
      const char *line_end = lf != NULL ? lf : end;
      write_line (out, p, line_end);
      if (lf == NULL)
        return;
      so_out_write (out, "\r\n", 2);
      p = lf + 1;
    }
}
