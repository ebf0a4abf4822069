/*
 * line-reader.c - a buffer of one piece, moved along the file.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sendoff/line-reader.h"

void
so_line_reader_init (SoLineReader *reader, int fd, goffset start, goffset end)
{
  *reader = (SoLineReader){ .fd = fd, .at = start, .end = end >= 0 ? end : G_MAXOFFSET };
  reader->buffer = g_malloc (SO_LINE_PIECE);
}

void
so_line_reader_clear (SoLineReader *reader)
{
  g_clear_pointer (&reader->buffer, g_free);
}

/* What is left goes to the front and as much as fits behind it. */
static void
fill (SoLineReader *reader)
{
  memmove (reader->buffer, reader->buffer + reader->begin, reader->filled - reader->begin);
  reader->filled -= reader->begin;
  reader->begin = 0;
  while (reader->filled < SO_LINE_PIECE && reader->at < reader->end && reader->problem == 0)
    {
      gsize wanted
          = (gsize)MIN ((goffset)(SO_LINE_PIECE - reader->filled), reader->end - reader->at);
      ssize_t n = pread (reader->fd, reader->buffer + reader->filled, wanted, reader->at);
      if (n < 0 && errno != EINTR)
        reader->problem = errno;
      if (n == 0)
        reader->end = reader->at;
      if (n > 0)
        {
          reader->filled += (gsize)n;
          reader->at += n;
        }
    }
}

gboolean
so_line_next (SoLineReader *reader, SoLine *line)
{
  const char *start = reader->buffer + reader->begin;
  const char *newline = memchr (start, '\n', reader->filled - reader->begin);
  if (newline == NULL)
    {
      fill (reader);
      start = reader->buffer + reader->begin;
      newline = memchr (start, '\n', reader->filled - reader->begin);
    }
  gsize rest = reader->filled - reader->begin;
  if (rest == 0)
    return FALSE;
  line->bytes = start;
  line->ends = newline != NULL;
  line->length = newline != NULL ? (gsize)(newline + 1 - start) : rest;
  line->text = line->length - (line->ends ? 1 : 0);
  if (line->ends && line->text > 0 && start[line->text - 1] == '\r')
    line->text--;
  line->starts = !reader->in_line;
  line->offset = reader->at - (goffset)rest;
  reader->in_line = !line->ends;
  reader->begin += line->length;
  return TRUE;
}

gboolean
so_line_has_prefix (const SoLine *line, const char *prefix)
{
  gsize length = strlen (prefix);
  return line->starts && line->text >= length && memcmp (line->bytes, prefix, length) == 0;
}

gboolean
so_line_is_empty (const SoLine *line)
{
  return line->starts && line->text == 0;
}

gsize
so_line_field_name (const SoLine *line)
{
  gsize n = 0;
  while (n < line->text && line->bytes[n] > ' ' && line->bytes[n] < 127 && line->bytes[n] != ':')
    n++;
  gsize colon = n;
  while (colon < line->text && (line->bytes[colon] == ' ' || line->bytes[colon] == '\t'))
    colon++; /* obsolete syntax, RFC 5322 4.5 */
  return line->starts && n > 0 && colon < line->text && line->bytes[colon] == ':' ? n : 0;
}
