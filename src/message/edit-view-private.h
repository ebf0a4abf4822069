/*
 * edit-view-private.h - one header field as a line that a person reads, and back.
 */
#pragma once

#include "scan-private.h"

/* "Subject: 日本語": decoded, unfolded, valid UTF-8; owned by the caller. */
char *so_edit_field_show (const SoScanField *field);

/* A line as it is typed, written as a field, with CRLF.  SO_ERROR_DATA for an address that is none. */
gboolean so_edit_field_write (GString *out, const char *line, GError **error);

/* The line is a field of that name. */
gboolean so_edit_line_is (const char *line, const char *name);
/* Its value. */
const char *so_edit_line_value (const char *line);
