/*
 * json.h - members of the JSON object under way.
 */
#pragma once

#include <json-glib/json-glib.h>

void so_json_string (JsonBuilder *builder, const char *name, const char *value);
void so_json_number (JsonBuilder *builder, const char *name, gint64 value);
/* Members "error" and "remedy". */
void so_json_error (JsonBuilder *builder, const GError *error);
/* RFC 3339, "" for 0. */
void so_json_time (JsonBuilder *builder, const char *name, gint64 seconds);
