/*
 * cmd-outbox-list.c - `sendoff outbox list`: what waits, earliest first.
 *
 * Names are read first and sorted; an entry is opened when it is its turn to be shown, so the
 * list of a large outbox starts at once and needs little memory.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "outbox-verbs.h"
#include "sendoff/app-outbox.h"
#include "sendoff/clock.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/size-text.h"
#include "sendoff/table.h"
#include "sendoff/text.h"

#define SHORT_ID 8 /* letters shown: 40 bits */

typedef struct
{
  SoApp *app;
  SoOutbox *outbox;
  SoViewer *viewer;
  SoTable *table;
  const char *state; /* filters; "" for none */
  const char *recipient;
  gint64 now;
  guint shown;
  GError *problem; /* of one entry, the first; the others are shown */
} Listing;

static GArray *
sorted_names (SoOutbox *outbox, GError **error)
{
  g_autoptr (SoOutboxScan) scan = so_outbox_scan (outbox, error);
  if (scan == NULL)
    return NULL;
  g_autoptr (GArray) names = g_array_new (FALSE, FALSE, sizeof (SoEntryName));
  g_autoptr (GError) problem = NULL;
  SoEntryName name;
  while (so_outbox_scan_next (scan, &name, &problem))
    g_array_append_val (names, name);
  if (problem != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
  g_array_sort (names, so_entry_name_compare);
  return g_steal_pointer (&names);
}

static gboolean
has_recipient (const SoEntryView *view, const char *part)
{
  for (char **address = view->to; *address != NULL; address++)
    if (strstr (*address, part) != NULL)
      return TRUE;
  return *part == '\0';
}

static gboolean
is_wanted (const Listing *listing, const SoEntryView *view)
{
  const char *account = listing->app->account_name;
  return (*account == '\0' || strcmp (account, view->account) == 0)
         && (*listing->state == '\0'
             || strcmp (listing->state, so_entry_state_name (view->state)) == 0)
         && has_recipient (view, listing->recipient);
}

static void
print_json (const SoEntryView *view)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "entry");
  so_view_add_json (view, builder);
  json_builder_end_object (builder);
  so_app_json (builder);
}

static char *
recipients_in_short (const SoEntryView *view)
{
  guint n = g_strv_length (view->to);
  if (n == 1)
    return g_strdup (view->to[0]);
  return g_strdup_printf (P_ ("%s and %u more", "%s and %u more", n - 1), view->to[0], n - 1);
}

static void
add_row (const Listing *listing, const SoEntryView *view)
{
  g_autofree char *id = g_strndup (view->name.id, SHORT_ID);
  g_autofree char *to = recipients_in_short (view);
  g_autofree char *size = so_size_format (view->size);
  g_autofree char *tries = g_strdup_printf ("%u", view->attempts);
  g_autofree char *due = view->due == 0              ? g_strdup ("-")
                         : view->due <= listing->now ? g_strdup (_ ("now"))
                                                     : so_view_time (view->due, listing->now);
  const char *const cells[] = {
    id, so_view_state_title (view->state), view->account, to, size, tries, due, view->reason
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cells); i++)
    {
      g_autofree char *clean = so_text_sanitise (cells[i], -1, 200);
      so_table_add (listing->table, clean);
    }
}

static void
list_entry (Listing *listing, const SoEntryName *name)
{
  g_autoptr (SoEntry) entry = NULL;
  g_autoptr (GError) error = NULL;
  SoLock found = so_outbox_peek (listing->outbox, name, &entry, &error);
  if (found == SO_LOCK_FAILED && listing->problem == NULL)
    listing->problem = g_steal_pointer (&error);
  if (found != SO_LOCK_DONE)
    return;
  g_autoptr (SoEntryView) view = so_viewer_view (listing->viewer, entry);
  if (!is_wanted (listing, view))
    return;
  listing->shown++;
  if (listing->app->json)
    print_json (view);
  else
    add_row (listing, view);
}

static gboolean
is_filtered (const Listing *listing)
{
  return *listing->state != '\0' || *listing->recipient != '\0'
         || *listing->app->account_name != '\0';
}

static void
finish (const Listing *listing)
{
  if (listing->app->json)
    {
      g_autoptr (JsonBuilder) builder = json_builder_new ();
      json_builder_begin_object (builder);
      so_json_string (builder, "event", "result");
      so_json_string (builder, "status", "listed");
      so_json_number (builder, "entries", listing->shown);
      if (listing->problem != NULL)
        so_json_error (builder, listing->problem);
      json_builder_end_object (builder);
      so_app_json (builder);
    }
  else if (listing->shown > 0)
    so_table_print (listing->table, stdout);
  else if (is_filtered (listing))
    so_app_say (listing->app, _ ("No entry matches."));
  else
    so_app_say (listing->app, _ ("Nothing waits in the outbox."));
}

static void
add_header (SoTable *table)
{
  const char *const titles[] = { _ ("ID"),   _ ("STATE"), _ ("ACCOUNT"), _ ("TO"),
                                 _ ("SIZE"), _ ("TRIES"), _ ("DUE"),     _ ("WHY") };
  for (gsize i = 0; i < G_N_ELEMENTS (titles); i++)
    so_table_add (table, titles[i]);
}

static int
list (Listing *listing, GError **error)
{
  g_autoptr (GArray) names = sorted_names (listing->outbox, error);
  if (names == NULL)
    return 0;
  g_autoptr (SoTable) table = so_table_new (8);
  g_autoptr (SoViewer) viewer = so_viewer_new (listing->app, listing->outbox);
  listing->table = table;
  listing->viewer = viewer;
  add_header (table);
  for (guint i = 0; i < names->len; i++)
    list_entry (listing, &g_array_index (names, SoEntryName, i));
  finish (listing);
  return listing->problem != NULL ? so_app_fail_after_result (listing->app, listing->problem) : 0;
}

int
so_cmd_outbox_list (SoApp *app, int argc, char **argv, GError **error)
{
  g_autofree char *state = NULL;
  g_autofree char *recipient = NULL;
  const GOptionEntry entries[] = {
    { "state", 0, 0, G_OPTION_ARG_FILENAME, &state,
      N_ ("only those that are queued, sending, uncertain, held, failed or sent"), N_ ("STATE") },
    { "to", 0, 0, G_OPTION_ARG_FILENAME, &recipient, N_ ("only those to an address with this in it"),
      N_ ("TEXT") },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  if (!so_app_parse (app, &argc, &argv, entries, "",
                     _ ("Lists what waits in the outbox, and why. --account shows one account's."),
                     error))
    return 0;
  SoEntryState known;
  if (argc > 1 || (state != NULL && !so_entry_state_parse (state, &known)))
    {
      so_error_set (error, SO_ERROR_USAGE, _ ("see “sendoff outbox list --help”"),
                    argc > 1 ? _ ("outbox list takes no argument") : _ ("there is no such state"));
      return 0;
    }
  g_autoptr (SoOutbox) outbox = so_app_outbox (app, error);
  if (outbox == NULL)
    return 0;
  Listing listing = { .app = app,
                      .outbox = outbox,
                      .state = state != NULL ? state : "",
                      .recipient = recipient != NULL ? recipient : "",
                      .now = so_clock_wall_us () / G_USEC_PER_SEC };
  return list (&listing, error);
}
