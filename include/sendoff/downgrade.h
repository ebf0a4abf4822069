/*
 * downgrade.h - a message for a server without 8BITMIME (RFC 6152 3): its bodies in 7 bits.
 *
 * Each part with octets over 127 becomes quoted-printable or base64, whichever is shorter, and its
 * header says so; what is 7-bit already stays octet for octet.  Nested parts and messages within
 * messages are gone through, never encoded as a whole (RFC 2046 5.1, 5.2.1).
 */
#pragma once

#include <glib.h>

/* Reads fd from offset to its end; the result is in a file without a name in the folder for
 * temporary files: its descriptor, or -1.  Then *why (translated, static) says what forbids it: a
 * signature, octets over 127 in a header; with "" there, error is set (SO_ERROR_IO). */
int so_downgrade (int fd, goffset offset, const char **why, GError **error);
