/*
 * quoted-printable.h - text in quoted-printable (RFC 2045 6.7).
 */
#pragma once

#include "out.h"

/* text: lines that end with LF, each of which becomes CRLF.  "From " and a dot at the
 * start of a line are encoded too: an mbox and a careless relay leave them alone then. */
void so_quoted_printable_write (SoOut *out, const char *text, gsize length);
