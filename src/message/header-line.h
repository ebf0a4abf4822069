/*
 * header-line.h - header fields written token by token, folded at 78 columns.
 *
 * A token is never broken; text that is not ASCII, or could not be folded, becomes RFC
 * 2047 encoded words, each of which stands alone and holds whole characters.  Values are
 * UTF-8 without controls: whoever calls has checked that.
 */
#pragma once

#include <glib.h>

typedef struct
{
  GString *out;
  gsize column;
  gboolean is_first; /* no token yet: it stays on the line of the name */
} SoHeaderLine;

void so_header_begin (SoHeaderLine *line, GString *out, const char *name);
void so_header_token (SoHeaderLine *line, const char *token);
/* Sticks to what stands before ("," behind an address). */
void so_header_glue (SoHeaderLine *line, const char *mark);
void so_header_end (SoHeaderLine *line);

/* Both take any octets: what is no UTF-8, and controls, are replaced.
 * A display name: atoms, a quoted string, or encoded words.  TRUE if it ended with an
 * encoded word, behind which a special needs a blank (RFC 2047 5). */
gboolean so_header_phrase (SoHeaderLine *line, const char *text);

/* As a quoted string (RFC 5322 3.2.4); owned by the caller. */
char *so_header_quoted (const char *text);

/* A whole field with free text (Subject). */
void so_header_unstructured (GString *out, const char *name, const char *text);

/* A whole field with a list of identifiers or other tokens separated by blanks. */
void so_header_tokens (GString *out, const char *name, const char *tokens);
