/*
 * text.h - foreign text made fit for a terminal, a log or a report.
 *
 * What a server or a file says is untrusted.  The result is valid UTF-8 on one line:
 * C0, DEL, C1, bidi and other invisible controls, line ends and invalid bytes come out
 * as visible \xNN or \u{NNNN}; NUL is handled by length; over max_bytes it is cut at a
 * character and "…" is added.
 */
#pragma once

#include <glib.h>

#define SO_TEXT_LINE_MAX 1000 /* bytes; longer than any reply line RFC 5321 4.5.3.1.5 allows (512) */

/* length -1: NUL-terminated.  Result owned by the caller. */
char *so_text_sanitise (const char *bytes, gssize length, gsize max_bytes);

/* TRUE for printable text without the characters that sanitise would change. */
gboolean so_text_is_clean (const char *bytes, gssize length);

/* Octets of the mark that some editors put before a file in UTF-8, and which is no part of the text: 3
 * or 0. */
gsize so_text_mark_length (const char *text);

/* Columns the text takes on a terminal (East Asian wide = 2, combining = 0). */
gsize so_text_columns (const char *utf8);

#define SO_TEXT_WIDTH 79 /* columns of help and reports: a terminal of 80, its last one free */

/* text, whose lines at the margin make up paragraphs, laid out in columns; what does not fit an
 * indented line goes on under its last column.  Ends with a line end; owned by the caller. */
char *so_text_wrap (const char *text, gsize columns);
