/*
 * line-reader.h - a part of a file line by line, in constant memory.
 *
 * A line longer than SO_LINE_PIECE comes in pieces, the first of which says `starts`, the last of
 * which has the line end, whatever it is made of (LF, CRLF).  Read errors end the lines and
 * are kept.
 */
#pragma once

#include <glib.h>

#define SO_LINE_PIECE 65536

typedef struct
{
  int fd;
  goffset at, end; /* of what is still to be read into the buffer */
  char *buffer;
  gsize begin, filled;
  gboolean in_line;
  int problem; /* errno of a read; 0 none */
} SoLineReader;

typedef struct
{
  const char *bytes; /* valid until the next call */
  gsize length;      /* with the line end */
  gsize text;        /* without */
  gboolean starts;   /* the first piece of its line */
  gboolean ends;     /* it has a line end */
  goffset offset;    /* where it stands in the file */
} SoLine;

/* end -1: of the file. */
void so_line_reader_init (SoLineReader *reader, int fd, goffset start, goffset end);
gboolean so_line_next (SoLineReader *reader, SoLine *line);
void so_line_reader_clear (SoLineReader *reader);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SoLineReader, so_line_reader_clear)

gboolean so_line_has_prefix (const SoLine *line, const char *prefix);
/* Empty but for its line end. */
gboolean so_line_is_empty (const SoLine *line);
/* The length of a header field's name when the line begins one ("Subject:" → 7), else 0. */
gsize so_line_field_name (const SoLine *line);
