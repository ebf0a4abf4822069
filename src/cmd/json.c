/*
 * json.c - members of the JSON object under way.
 */
#include "config.h"

#include "sendoff/clock.h"
#include "sendoff/json.h"

void
so_json_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

void
so_json_number (JsonBuilder *builder, const char *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

void
so_json_time (JsonBuilder *builder, const char *name, gint64 seconds)
{
  g_autofree char *text = seconds > 0 ? so_clock_rfc3339 (seconds * G_USEC_PER_SEC) : g_strdup ("");
  so_json_string (builder, name, text);
}
