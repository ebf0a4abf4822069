/*
 * cmd-outbox-change.c - `sendoff outbox hold`, `release`, `remove` and `export`.
 *
 * Each takes any number of ids; the first that cannot be changed ends it, those before it
 * have been changed and said so.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "outbox-verbs.h"
#include "sendoff/app-outbox.h"
#include "sendoff/clock.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

typedef gboolean (*ChangeFunc) (SoEntry *entry, gint64 now, GError **error);

static gboolean
hold (SoEntry *entry, gint64 now, GError **error)
{
  SoEntryName next = { .state = SO_ENTRY_HELD, .reason = SO_REASON_USER, .stamp = now };
  return so_app_may_send (entry, error) && so_entry_move (entry, now, &next, "", error);
}

static gboolean
release (SoEntry *entry, gint64 now, GError **error)
{
  return so_app_may_send (entry, error) && so_entry_release (entry, now, now, "", error);
}

static gboolean
remove_entry (SoEntry *entry, gint64 now, GError **error)
{
  (void)now;
  return so_entry_remove (entry, error);
}

static void
tell (const SoApp *app, const SoEntry *entry, const char *status, const char *words)
{
  const char *id = so_entry_name (entry)->id;
  if (!app->json)
    {
      so_app_say (app, "%s %s", id, words);
      return;
    }
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "entry");
  so_json_string (builder, "id", id);
  so_json_string (builder, "state", status);
  json_builder_end_object (builder);
  so_app_json (builder);
}

static void
tell_end (const SoApp *app, const char *status, int count)
{
  if (!app->json)
    return;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "result");
  so_json_string (builder, "status", status);
  so_json_number (builder, "entries", count);
  json_builder_end_object (builder);
  so_app_json (builder);
}

typedef struct
{
  ChangeFunc func;
  const char *status; /* JSON */
  const char *words;  /* behind the id */
  const char *help;
} Change;

static int
change (SoApp *app, int argc, char **argv, const Change *what, GError **error)
{
  const char *command = argv[0];
  if (!so_app_parse (app, &argc, &argv, NULL, _ ("ID…"), _ (what->help), error))
    return 0;
  if (argc < 2)
    {
      so_error_set (error, SO_ERROR_USAGE, _ ("“sendoff outbox list” shows the ids."),
                    _ ("%s takes at least one id"), command);
      return 0;
    }
  g_autoptr (SoOutbox) outbox = so_app_outbox (app, error);
  if (outbox == NULL)
    return 0;
  gint64 now = so_clock_wall_us () / G_USEC_PER_SEC;
  for (int i = 1; i < argc; i++)
    {
      g_autoptr (SoEntry) entry = so_app_lock_entry (outbox, argv[i], error);
      if (entry == NULL || !what->func (entry, now, error) || !so_outbox_sync (outbox, error))
        return 0;
      tell (app, entry, what->status, _ (what->words));
    }
  tell_end (app, what->status, argc - 1);
  return 0;
}

int
so_cmd_outbox_hold (SoApp *app, int argc, char **argv, GError **error)
{
  static const Change what = { hold, "held", N_ ("is held"),
                               N_ ("Keeps entries from being sent until they are released.") };
  return change (app, argc, argv, &what, error);
}

int
so_cmd_outbox_release (SoApp *app, int argc, char **argv, GError **error)
{
  static const Change what = {
    release, "queued", N_ ("is due now"),
    N_ ("Makes held, failed or waiting entries due now; recipients that were refused are tried\n"
        "again, those that accepted are not. “sendoff retry” then sends them.")
  };
  return change (app, argc, argv, &what, error);
}

int
so_cmd_outbox_remove (SoApp *app, int argc, char **argv, GError **error)
{
  static const Change what
      = { remove_entry, "removed", N_ ("is removed"),
          N_ ("Throws entries away: they are not sent and cannot be brought back.") };
  return change (app, argc, argv, &what, error);
}

int
so_cmd_outbox_export (SoApp *app, int argc, char **argv, GError **error)
{
  if (!so_app_parse (
          app, &argc, &argv, NULL, _ ("ID"),
          _ ("Writes the message of an entry to standard output, as it will be sent but for line\n"
             "ends."),
          error))
    return 0;
  if (argc != 2)
    {
      so_error_set (error, SO_ERROR_USAGE, _ ("“sendoff outbox list” shows the ids."),
                    _ ("outbox export takes one id"));
      return 0;
    }
  g_autoptr (SoOutbox) outbox = so_app_outbox (app, error);
  g_autoptr (SoEntry) entry = outbox != NULL ? so_app_peek_entry (outbox, argv[1], error) : NULL;
  if (entry != NULL)
    so_entry_export (entry, STDOUT_FILENO, error);
  return 0;
}
