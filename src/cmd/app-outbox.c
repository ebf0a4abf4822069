/*
 * app-outbox.c - what the commands on the outbox share: open it, find an entry, show one.
 */
#include "config.h"

#include <string.h>

#include "sendoff/app-outbox.h"
#include "sendoff/clock.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/outbox-place.h"
#include "sendoff/runner.h"
#include "sendoff/schedule.h"
#include "sendoff/watch-claim.h"

static void
warn (gpointer data, const char *line)
{
  so_app_say (data, _ ("Warning: %s"), line);
}

SoOutbox *
so_app_outbox (SoApp *app, GError **error)
{
  const SoConfig *config = so_app_config (app, error);
  if (config == NULL)
    return NULL;
  g_autofree char *path = so_outbox_place (so_config_outbox (config));
  SoOutbox *outbox = so_outbox_open (path, error);
  if (outbox != NULL)
    so_outbox_set_warn (outbox, warn, app);
  return outbox;
}

void
so_app_warn_of_schedule (const SoApp *app, SoOutbox *outbox)
{
  SoScheduleState state;
  gint64 now = so_clock_wall_us () / G_USEC_PER_SEC;
  /* By hand, in a session or by another's service: it looks, whatever is installed. */
  if (app->quiet || so_outbox_is_watched (outbox))
    return;
  so_schedule_health (outbox, now, &state);
  const char *remedy = so_schedule_remedy (&state);
  g_autofree char *text = so_schedule_explain (&state, now);
  if (*remedy != '\0')
    so_app_say (app, _ ("Warning: %s\n  → %s"), text, remedy);
}

gboolean
so_app_end_password_hold (SoApp *app, const char *account, GError **error)
{
  const SoConfig *config = so_app_config (app, error);
  if (config == NULL)
    return FALSE;
  g_autofree char *path = so_outbox_place (so_config_outbox (config));
  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    return TRUE; /* no outbox is made for this */
  g_autoptr (SoOutbox) outbox = so_app_outbox (app, error);
  g_autoptr (GError) problem = NULL;
  if (outbox == NULL)
    return FALSE;
  g_autoptr (SoAccountHold) hold = so_account_get_hold (outbox, account, &problem);
  /* One that cannot be read would stop the account for ever. */
  return (hold == NULL && problem == NULL)
         || (hold != NULL
             && (hold->reason == SO_HOLD_CONNECTION || hold->reason == SO_HOLD_LIMIT))
         || so_account_end_hold (outbox, account, error);
}

struct SoViewer
{
  SoOutbox *outbox;
  GHashTable *holds; /* account → SoAccountHold, NULL for none */
  gint64 now;
  gint64 horizon;
};

static void
hold_free (gpointer hold)
{
  so_account_hold_free (hold);
}

SoViewer *
so_viewer_new (SoApp *app, SoOutbox *outbox)
{
  SoViewer *viewer = g_new0 (SoViewer, 1);
  viewer->outbox = outbox;
  viewer->holds = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, hold_free);
  viewer->now = so_clock_wall_us () / G_USEC_PER_SEC;
  viewer->horizon = so_run_horizon (app->config);
  return viewer;
}

void
so_viewer_free (SoViewer *viewer)
{
  g_hash_table_unref (viewer->holds);
  g_free (viewer);
}

SoEntryView *
so_viewer_view (SoViewer *viewer, const SoEntry *entry)
{
  const char *account = so_entry_envelope (entry)->account;
  gpointer hold;
  if (!g_hash_table_lookup_extended (viewer->holds, account, NULL, &hold))
    {
      /* One that cannot be read is the runner's to complain of. */
      hold = so_account_get_hold (viewer->outbox, account, NULL);
      g_hash_table_insert (viewer->holds, g_strdup (account), hold);
    }
  return so_entry_view_new (entry, hold, viewer->now, viewer->horizon);
}

void
so_view_add_json (const SoEntryView *view, JsonBuilder *builder)
{
  so_json_string (builder, "id", view->name.id);
  so_json_string (builder, "state", so_entry_state_name (view->state));
  so_json_string (builder, "account", view->account);
  so_json_string (builder, "from", view->from);
  json_builder_set_member_name (builder, "to");
  json_builder_begin_array (builder);
  for (char **address = view->to; *address != NULL; address++)
    json_builder_add_string_value (builder, *address);
  json_builder_end_array (builder);
  so_json_number (builder, "size", (gint64)view->size);
  so_json_number (builder, "attempts", view->attempts);
  so_json_time (builder, "created", view->created);
  so_json_time (builder, "due", view->due);
  so_json_string (builder, "reason", view->reason);
}

const char *
so_view_state_title (SoEntryState state)
{
  static const char *const titles[SO_ENTRY_STATES]
      = { N_ ("queued"), N_ ("sending"), N_ ("uncertain"), N_ ("held"), N_ ("failed"),
          N_ ("sent") };
  return _ (titles[state]);
}

char *
so_view_time (gint64 seconds, gint64 now)
{
  g_autoptr (GDateTime) at = g_date_time_new_from_unix_local (seconds);
  g_autoptr (GDateTime) today = g_date_time_new_from_unix_local (now);
  if (at == NULL || today == NULL)
    return g_strdup ("");
  gboolean same_day = g_date_time_get_day_of_year (at) == g_date_time_get_day_of_year (today)
                      && g_date_time_get_year (at) == g_date_time_get_year (today);
  return g_date_time_format (at, same_day ? "%H:%M" : "%Y-%m-%d %H:%M");
}

static SoEntry *
judge (SoLock lock, SoEntry *entry, const SoEntryName *name, GError **error)
{
  if (lock == SO_LOCK_BUSY)
    so_error_set (error, SO_ERROR_TEMPORARY, _ ("try again in a moment"),
                  _ ("outbox entry %s is being sent right now"), name->id);
  else if (lock == SO_LOCK_GONE)
    so_error_set (error, SO_ERROR_TEMPORARY, _ ("“sendoff outbox list” shows what there is"),
                  _ ("outbox entry %s has changed or gone this moment"), name->id);
  else if (lock == SO_LOCK_ASIDE)
    so_error_set (error, SO_ERROR_DATA, _ ("look at it in the folder “aside” of the outbox"),
                  _ ("outbox entry %s could not be read"), name->id);
  return entry;
}

gboolean
so_app_may_send (const SoEntry *entry, GError **error)
{
  if (so_entry_name (entry)->state != SO_ENTRY_SENT)
    return TRUE;
  so_error_set (error, SO_ERROR_USAGE, _ ("“sendoff outbox remove” does without the copy"),
                _ ("%s is sent, and only waits for its copy"), so_entry_name (entry)->id);
  return FALSE;
}

SoEntry *
so_app_lock_entry (SoOutbox *outbox, const char *prefix, GError **error)
{
  SoEntryName name;
  SoEntry *entry = NULL;
  if (!so_outbox_find (outbox, prefix, &name, error))
    return NULL;
  SoLock lock = so_outbox_lock (outbox, &name, &entry, error);
  return judge (lock, entry, &name, error);
}

SoEntry *
so_app_peek_entry (SoOutbox *outbox, const char *prefix, GError **error)
{
  SoEntryName name;
  SoEntry *entry = NULL;
  if (!so_outbox_find (outbox, prefix, &name, error))
    return NULL;
  SoLock lock = so_outbox_peek (outbox, &name, &entry, error);
  return judge (lock, entry, &name, error);
}
