/*
 * cmd-log.c - `sendoff log`: what was sent, to whom, when, and with which reply.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "sendoff/commands.h"
#include "sendoff/delivery-log.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/json.h"
#include "sendoff/table.h"

#define SHOWN 20 /* lines, unless asked for more */

typedef struct
{
  char *to, *since;
  int n;
} Options;

static const char *
outcome_title (const char *outcome)
{
  static const char *const names[] = { "accepted", "rejected", "deferred", "uncertain" };
  static const char *const titles[]
      = { N_ ("sent"), N_ ("refused"), N_ ("not yet"), N_ ("uncertain") };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (outcome, names[i]) == 0)
      return _ (titles[i]);
  return outcome;
}

static gboolean
is_to (const SoDelivery *delivery, const char *text)
{
  for (char **address = delivery->recipients; *address != NULL; address++)
    if (strstr (*address, text) != NULL)
      return TRUE;
  return FALSE;
}

/* RFC 3339 in UTC sorts as text. */
static GPtrArray *
chosen (const SoApp *app, const GPtrArray *all, const Options *options)
{
  GPtrArray *some = g_ptr_array_new ();
  for (guint i = 0; i < all->len; i++)
    {
      const SoDelivery *delivery = g_ptr_array_index (all, i);
      if ((*app->account_name == '\0' || strcmp (delivery->account, app->account_name) == 0)
          && (options->to == NULL || is_to (delivery, options->to))
          && (options->since == NULL || strcmp (delivery->time, options->since) >= 0))
        g_ptr_array_add (some, (gpointer)delivery);
    }
  if (options->n > 0 && some->len > (guint)options->n)
    g_ptr_array_remove_range (some, 0, some->len - (guint)options->n);
  return some;
}

static char *
local_time (const char *utc)
{
  g_autoptr (GDateTime) at = g_date_time_new_from_iso8601 (utc, NULL);
  g_autoptr (GDateTime) here = at != NULL ? g_date_time_to_local (at) : NULL;
  return here != NULL ? g_date_time_format (here, "%F %R") : g_strdup (utc);
}

static void
print_table (const GPtrArray *deliveries)
{
  static const char *const titles[]
      = { N_ ("WHEN"), N_ ("RESULT"), N_ ("ACCOUNT"), N_ ("TO"), N_ ("REPLY") };
  g_autoptr (SoTable) table = so_table_new (G_N_ELEMENTS (titles));
  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    so_table_add (table, _ (titles[i]));
  for (guint i = 0; i < deliveries->len; i++)
    {
      const SoDelivery *delivery = g_ptr_array_index (deliveries, i);
      g_autofree char *when = local_time (delivery->time);
      g_autofree char *to = g_strjoinv (", ", delivery->recipients);
      so_table_add (table, when);
      so_table_add (table, outcome_title (delivery->outcome));
      so_table_add (table, delivery->account);
      so_table_add (table, to);
      so_table_add (table, delivery->message);
    }
  if (deliveries->len > 0)
    so_table_print (table, stdout);
}

static void
print_json (const SoDelivery *delivery)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "delivery");
  so_json_string (builder, "time", delivery->time);
  so_json_string (builder, "account", delivery->account);
  so_json_string (builder, "from", delivery->from);
  json_builder_set_member_name (builder, "to");
  json_builder_begin_array (builder);
  for (char **address = delivery->recipients; *address != NULL; address++)
    json_builder_add_string_value (builder, *address);
  json_builder_end_array (builder);
  so_json_string (builder, "status", delivery->outcome);
  so_json_string (builder, "message_id", delivery->message_id);
  so_json_number (builder, "size", (gint64)delivery->size);
  so_json_number (builder, "code", delivery->code);
  so_json_string (builder, "text", delivery->message);
  json_builder_end_object (builder);
  so_app_json (builder);
}

static void
print_all_json (const GPtrArray *deliveries)
{
  for (guint i = 0; i < deliveries->len; i++)
    print_json (g_ptr_array_index (deliveries, i));
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "result");
  so_json_number (builder, "deliveries", deliveries->len);
  json_builder_end_object (builder);
  so_app_json (builder);
}

/* A day or a time, in UTC as the log has it. */
static gboolean
settle_since (Options *options, GError **error)
{
  if (options->since == NULL)
    return TRUE;
  g_autoptr (GTimeZone) here = g_time_zone_new_local ();
  g_autofree char *whole = strchr (options->since, 'T') == NULL
                               ? g_strconcat (options->since, "T00:00:00", NULL)
                               : g_strdup (options->since);
  g_autoptr (GDateTime) at = g_date_time_new_from_iso8601 (whole, here);
  if (at == NULL)
    {
      so_error_set (error, SO_ERROR_USAGE, _ ("write it as 2026-11-25 or 2026-11-25T16:00:00"),
                    _ ("“%s” is not a value for %s"), options->since, "--since");
      return FALSE;
    }
  g_autoptr (GDateTime) utc = g_date_time_to_utc (at);
  g_free (options->since);
  options->since = g_date_time_format (utc, "%FT%TZ");
  return TRUE;
}

int
so_cmd_log (SoApp *app, int argc, char **argv, GError **error)
{
  Options options = { .n = SHOWN };
  const GOptionEntry entries[] = {
    { "to", 0, 0, G_OPTION_ARG_FILENAME, &options.to,
      N_ ("only those to an address with this in it"), N_ ("TEXT") },
    { "since", 0, 0, G_OPTION_ARG_FILENAME, &options.since, N_ ("only those from this day or time on"),
      N_ ("TIME") },
    { "lines", 'n', 0, G_OPTION_ARG_INT, &options.n, N_ ("the last N of them (20; 0 for all)"),
      N_ ("N") },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  gboolean well = so_app_parse (
      app, &argc, &argv, entries, NULL,
      _ ("Shows what was handed to a server: when, to whom, and what it answered. --account shows\n"
         "one account's."),
      error);
  if (well && argc > 1)
    so_error_set (error, SO_ERROR_USAGE, _ ("see “sendoff log --help”"),
                  _ ("log takes no argument"));
  if (well && argc == 1 && settle_since (&options, error))
    {
      g_autofree char *path = so_delivery_log_path ();
      g_autoptr (GPtrArray) all = so_delivery_log_read (path);
      g_autoptr (GPtrArray) some = chosen (app, all, &options);
      if (app->json)
        print_all_json (some);
      else
        print_table (some);
      if (some->len == 0 && !app->json)
        so_app_say (app, _ ("Nothing is on record."));
    }
  g_free (options.to);
  g_free (options.since);
  return 0;
}
