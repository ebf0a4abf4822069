/*
 * downgrade.h - a message as SMTP carries it: in short lines, and for a server without 8BITMIME
 * (RFC 6152 3) in 7 bits.
 *
 * Each part that is not so becomes quoted-printable or base64, whichever is shorter, and its
 * header says so; base64 in one long line gets lines.  Every other part stays octet for octet.
 * Nested parts and messages within messages are gone through, never encoded as a whole (RFC 2046
 * 5.1, 5.2.1).
 */
#pragma once

#include <glib.h>

/* Reads fd from offset to its end; the result is in a file without a name in the folder for
 * temporary files: its descriptor, or -1.  Then *why (translated, static) says what forbids it: a
 * signature over octets that to_seven_bit would change, octets over 127 in a header; with "" there,
 * error is set (SO_ERROR_IO).  Long lines that are signed or encrypted stay. */
int so_downgrade (int fd, goffset offset, gboolean to_seven_bit, const char **why, GError **error);
