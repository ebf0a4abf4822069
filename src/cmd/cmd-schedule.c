/*
 * cmd-schedule.c - `sendoff schedule install|remove|status`: the outbox empties itself.
 *
 * Where the user has no service manager, install takes cron and says so; what was asked for by
 * name is not replaced by something else.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "sendoff/app-outbox.h"
#include "sendoff/clock.h"
#include "sendoff/commands.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/outbox-place.h"
#include "sendoff/schedule.h"

#define NOT_RUNNING 75
#define NOT_INSTALLED 78

static gint64
now_seconds (void)
{
  return so_clock_wall_us () / G_USEC_PER_SEC;
}

/* --- status --- */

static const char *
health_name (SoScheduleHealth health)
{
  static const char *const names[] = { "absent", "new", "runs", "stopped" };
  return names[health];
}

static const char *
linger_name (SoLinger linger)
{
  static const char *const names[] = { "unknown", "no", "yes" };
  return names[linger];
}

static void
print_json (const SoScheduleState *state, const SoScheduleDetails *details, const char *text,
            gboolean changed)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "result");
  so_json_string (builder, "status", health_name (state->health));
  so_json_string (builder, "kind", so_schedule_kind_name (state->kind));
  so_json_number (builder, "every", state->every);
  so_json_time (builder, "last", state->last);
  so_json_time (builder, "next", details->next);
  so_json_string (builder, "linger", linger_name (details->linger));
  so_json_string (builder, "text", text);
  so_json_string (builder, "remedy", so_schedule_remedy (state));
  so_json_string (builder, "trouble", details->trouble);
  json_builder_set_member_name (builder, "changed");
  json_builder_add_boolean_value (builder, changed);
  json_builder_end_object (builder);
  so_app_json (builder);
}

static void
print_text (const SoScheduleState *state, const SoScheduleDetails *details, const char *text,
            gint64 now)
{
  g_autofree char *last = so_view_time (state->last, now);
  g_autofree char *next = so_view_time (details->next, now);
  printf ("%s\n", text);
  if (state->last > 0)
    printf (_ ("Last pass: %s\n"), last);
  else if (state->kind != SO_SCHEDULE_NONE)
    printf (_ ("No pass yet.\n"));
  if (details->next > 0)
    printf (_ ("Next pass: %s\n"), next);
  if (details->linger == SO_LINGER_NO)
    printf (
        _ ("It runs while you are logged in; “loginctl enable-linger” makes it go on after.\n"));
  else if (details->linger == SO_LINGER_YES)
    printf (_ ("It goes on when you are logged out.\n"));
  if (*details->trouble != '\0')
    printf (_ ("Trouble: %s\n"), details->trouble);
  if (*so_schedule_remedy (state) != '\0')
    printf ("  → %s\n", so_schedule_remedy (state));
}

/* The outbox that is there; none is made for a look. */
static SoOutbox *
existing_outbox (SoApp *app)
{
  const SoConfig *config = so_app_config (app, NULL);
  g_autofree char *path = config != NULL ? so_outbox_place (so_config_outbox (config)) : NULL;
  return path != NULL && g_file_test (path, G_FILE_TEST_IS_DIR) ? so_app_outbox (app, NULL) : NULL;
}

static void
tell_state (SoApp *app, gboolean changed, SoScheduleState *state)
{
  SoScheduleDetails details;
  gint64 now = now_seconds ();
  g_autoptr (SoOutbox) outbox = existing_outbox (app);
  so_schedule_health (outbox, now, state);
  so_schedule_details (state, now, &details);
  g_autofree char *text = so_schedule_explain (state, now);
  if (app->json)
    print_json (state, &details, text, changed);
  else if (!app->quiet)
    print_text (state, &details, text, now);
  g_free (details.trouble);
}

static int
show_status (SoApp *app)
{
  SoScheduleState state;
  tell_state (app, FALSE, &state);
  if (state.health == SO_SCHEDULE_ABSENT)
    return NOT_INSTALLED;
  return state.health == SO_SCHEDULE_STOPPED ? NOT_RUNNING : 0;
}

/* --- install --- */

/* Folders besides the outbox: the state folder, and where copies of what was sent go. */
static char **
writable_folders (const SoConfig *config, const char *outbox)
{
  g_autoptr (GStrvBuilder) folders = g_strv_builder_new ();
  g_autofree char *above = g_path_get_dirname (outbox);
  if (g_str_has_suffix (above, "/sendoff"))
    g_strv_builder_add (folders, above);
  for (const char *const *name = so_config_names (config); *name != NULL; name++)
    {
      g_autoptr (SoAccount) account = so_config_account (config, *name, "", NULL);
      if (account == NULL || !g_str_has_prefix (account->save_sent, "maildir:"))
        continue;
      const char *path = account->save_sent + strlen ("maildir:");
      g_autofree char *at_home = g_build_filename (
          g_get_home_dir (), g_str_has_prefix (path, "~/") ? path + 2 : path, NULL);
      g_strv_builder_add (folders, *path == '/' ? path : at_home);
    }
  return g_strv_builder_end (folders);
}

static gboolean
choose_kind (const SoApp *app, SoScheduleOptions *options, GError **error)
{
  g_autoptr (GError) problem = NULL;
  if (options->kind == SO_SCHEDULE_CRON || so_schedule_has_systemd (&problem))
    return TRUE;
  if (options->kind == SO_SCHEDULE_WATCH)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  so_app_say (app, _ ("%s: cron is used instead"), problem->message);
  options->kind = SO_SCHEDULE_CRON;
  return TRUE;
}

static int
install (SoApp *app, SoScheduleOptions *options, GError **error)
{
  const SoConfig *config = so_app_config (app, error);
  g_autoptr (SoOutbox) outbox = config != NULL ? so_app_outbox (app, error) : NULL;
  if (outbox == NULL || !choose_kind (app, options, error))
    return 0;
  g_autofree char *config_path
      = app->config_path != NULL ? g_canonicalize_filename (app->config_path, NULL) : NULL;
  g_autofree char *place = g_canonicalize_filename (so_outbox_path (outbox), NULL);
  g_auto (GStrv) writable = writable_folders (config, place);
  options->config_path = config_path;
  options->outbox = place;
  options->writable = (const char *const *)writable;
  gboolean changed;
  if (!so_schedule_install (options, &changed, error))
    return 0;
  SoScheduleState state;
  tell_state (app, changed, &state);
  return 0;
}

static int
remove_it (SoApp *app, GError **error)
{
  SoScheduleKind removed;
  if (!so_schedule_remove (&removed, error))
    return 0;
  if (!app->json)
    {
      so_app_say (app,
                  removed != SO_SCHEDULE_NONE ? _ ("Removed (%s).")
                                              : _ ("There was nothing to remove."),
                  so_schedule_kind_name (removed));
      return 0;
    }
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "result");
  so_json_string (builder, "status", "removed");
  so_json_string (builder, "kind", so_schedule_kind_name (removed));
  json_builder_end_object (builder);
  so_app_json (builder);
  return 0;
}

/* --- the command --- */

static gboolean
check_usage (int argc, char **argv, gboolean cron, gboolean watch, int every, GError **error)
{
  gboolean installs = argc == 2 && strcmp (argv[1], "install") == 0;
  gboolean has_options = cron || watch || every != SO_SCHEDULE_EVERY;
  if (argc != 2
      || (!installs && strcmp (argv[1], "remove") != 0 && strcmp (argv[1], "status") != 0))
    so_error_set (error, SO_ERROR_USAGE, _ ("see “sendoff schedule --help”"),
                  _ ("schedule wants one of install, remove, status"));
  else if (!installs && has_options)
    so_error_set (error, SO_ERROR_USAGE, _ ("see “sendoff schedule --help”"),
                  _ ("--cron, --watch and --every go with “schedule install”"));
  else if (watch && (cron || every != SO_SCHEDULE_EVERY))
    so_error_set (error, SO_ERROR_USAGE, _ ("a watching runner is a service of systemd"),
                  _ ("--watch does not go with --cron or --every"));
  else if (every < 1 || every > 60 || 60 % every != 0)
    so_error_set (error, SO_ERROR_USAGE, _ ("as in --every 5"),
                  _ ("--every takes a number of minutes that divides an hour"));
  else
    return TRUE;
  return FALSE;
}

int
so_cmd_schedule (SoApp *app, int argc, char **argv, GError **error)
{
  gboolean cron = FALSE, watch = FALSE;
  int every = SO_SCHEDULE_EVERY;
  const GOptionEntry entries[] = {
    { "cron", 0, 0, G_OPTION_ARG_NONE, &cron, N_ ("a line in the crontab, not systemd"), NULL },
    { "watch", 0, 0, G_OPTION_ARG_NONE, &watch,
      N_ ("a service that stays, and sends as soon as it can"), NULL },
    { "every", 0, 0, G_OPTION_ARG_INT, &every, N_ ("minutes between two passes (5)"),
      N_ ("MINUTES") },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  const char *help = _ (
      "install: has the outbox looked into every few minutes, by a timer of your systemd or, "
      "where there is none, by cron. remove takes away what install wrote. status says whether it "
      "runs: exit status 0 yes, 75 it has stopped, 78 nothing is installed.");
  if (!so_app_parse (app, &argc, &argv, entries, _ ("install|remove|status"), help, error)
      || !check_usage (argc, argv, cron, watch, every, error))
    return 0;
  SoScheduleOptions options = { .kind = cron    ? SO_SCHEDULE_CRON
                                        : watch ? SO_SCHEDULE_WATCH
                                                : SO_SCHEDULE_TIMER,
                                .every = (guint)every };
  if (strcmp (argv[1], "install") == 0)
    return install (app, &options, error);
  return strcmp (argv[1], "remove") == 0 ? remove_it (app, error) : show_status (app);
}
