/*
 * message-head.h - the header fields of a message file, to be shown to a person.
 */
#pragma once

#include <glib.h>

#define SO_MESSAGE_HEAD_MAX (64 * 1024) /* octets looked at */

/* The lines of the header block, unfolded, NULL-terminated; read with pread() from offset.  NULL
 * with errno. */
char **so_message_head_read (int fd, goffset offset);

/* The same of a text. */
char **so_message_head_lines (const char *text);

/* RFC 2047 words decoded, as they are: UTF-8, not fit for a terminal.  NULL where they cannot be.
 * Owned by the caller. */
char *so_message_head_decode (const char *value);

/* The first field of that name in clear: RFC 2047 words decoded, sanitised; "" if there is none.
 * Owned by the caller. */
char *so_message_head_field (char **lines, const char *name);
