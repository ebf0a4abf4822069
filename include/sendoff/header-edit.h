/*
 * header-edit.h - From in the header block of a finished message: read, and changed.
 *
 * block: the fields, up to and with the empty line, if there is one.
 */
#pragma once

#include <glib.h>

/* The first address of the first From, "" if there is none; owned by the caller. */
char *so_header_from (const char *block, gsize length);

/* The block with that one address in From, under the name that stood there; a second From goes.
 * Everything else octet for octet. */
GString *so_header_with_from (const char *block, gsize length, const char *address);
