/*
 * base64.h - base64 in lines of 76 characters (RFC 2045 6.8), at memory speed.
 */
#pragma once

#include <glib.h>

#define SO_BASE64_LINE_IN 57  /* octets in a line */
#define SO_BASE64_LINE_OUT 78 /* characters with CRLF */

/* Encodes whole lines, and a shorter last one, each with CRLF; returns the characters
 * written: so_base64_size (length).  Only the last call of a body may have a length that
 * is no multiple of SO_BASE64_LINE_IN. */
gsize so_base64_lines (const guchar *in, gsize length, char *out);

/* Characters that so_base64_lines() makes of length octets. */
guint64 so_base64_size (guint64 length);

/* One run without line ends (RFC 2047); returns 4 * ceil (length / 3). */
gsize so_base64_run (const guchar *in, gsize length, char *out);
