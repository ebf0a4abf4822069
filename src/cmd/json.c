/*
 * json.c - members of the JSON object under way.
 */
#include "config.h"

#include "sendoff/clock.h"
#include "sendoff/error.h"
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

/* What was typed may be repeated in them, in whatever encoding it came. */
void
so_json_error (JsonBuilder *builder, const GError *error)
{
  g_autofree char *what = g_utf8_make_valid (error->message, -1);
  g_autofree char *remedy = g_utf8_make_valid (so_error_remedy (error), -1);
  so_json_string (builder, "error", what);
  so_json_string (builder, "remedy", remedy);
}

void
so_json_time (JsonBuilder *builder, const char *name, gint64 seconds)
{
  g_autofree char *text = seconds > 0 ? so_clock_rfc3339 (seconds * G_USEC_PER_SEC) : g_strdup ("");
  so_json_string (builder, name, text);
}
