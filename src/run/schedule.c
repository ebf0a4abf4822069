/*
 * schedule.c - one way of being run at a time, and whether it works.
 *
 * That a runner died shows in its passes: each leaves its time in the outbox (a
 * watching one makes a pass when something is due).  Time in which nothing could have run is
 * not held against it: before the machine or the user's service manager was started, and as
 * long as the machine slept.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "schedule-private.h"
#include "sendoff/account-state.h"
#include "sendoff/i18n.h"

#define GRACE 300       /* s on top of three passes missed */
#define WATCH_GRACE 900 /* s that something due may have waited for a watching runner */

const char *
so_schedule_kind_name (SoScheduleKind kind)
{
  static const char *const names[] = { "none", "timer", "watch", "cron" };
  return names[kind];
}

char **
so_schedule_environment (void)
{
  static const char *const names[]
      = { "SENDOFF_OUTBOX", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME" };
  g_autoptr (GStrvBuilder) settings = g_strv_builder_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_getenv (names[i]) != NULL)
      {
        g_autofree char *path = g_canonicalize_filename (g_getenv (names[i]), NULL);
        g_autofree char *setting = g_strdup_printf ("%s=%s", names[i], path);
        g_strv_builder_add (settings, setting);
      }
  return g_strv_builder_end (settings);
}

gboolean
so_schedule_install (const SoScheduleOptions *options, gboolean *changed, GError **error)
{
  gboolean other;
  if (options->kind == SO_SCHEDULE_CRON)
    return so_schedule_cron_install (options, changed, error)
           && so_schedule_systemd_remove (&other, error);
  return so_schedule_systemd_install (options, changed, error)
         && so_schedule_cron_remove (&other, error);
}

/* --- what is there --- */

static gboolean
is_enabled (const char *name, const char *target)
{
  g_autofree char *link = so_schedule_unit_link (name, target);
  return so_schedule_unit_is_ours (name, NULL) && g_file_test (link, G_FILE_TEST_IS_SYMLINK);
}

static void
find_timer_interval (SoScheduleState *state)
{
  g_autofree char *path = so_schedule_unit_path (SO_SCHEDULE_TIMER_UNIT);
  g_autofree char *text = NULL;
  const char *calendar
      = g_file_get_contents (path, &text, NULL, NULL) ? strstr (text, "\nOnCalendar=*:0/") : NULL;
  state->every
      = calendar != NULL ? (guint)g_ascii_strtoull (strchr (calendar, '/') + 1, NULL, 10) : 60;
}

/* *since: when it was put there. */
static void
find_kind (SoScheduleState *state, gint64 *since)
{
  SoCronLine line;
  *since = 0;
  state->kind = SO_SCHEDULE_NONE;
  state->every = 0;
  if (is_enabled (SO_SCHEDULE_TIMER_UNIT, "timers.target"))
    {
      state->kind = SO_SCHEDULE_TIMER;
      find_timer_interval (state);
    }
  else if (is_enabled (SO_SCHEDULE_SERVICE, "default.target"))
    state->kind = SO_SCHEDULE_WATCH;
  else if (so_schedule_cron_look (&line, NULL) && line.found)
    {
      state->kind = SO_SCHEDULE_CRON;
      state->every = line.every;
      *since = line.since;
    }
  if (state->kind == SO_SCHEDULE_TIMER || state->kind == SO_SCHEDULE_WATCH)
    *since = so_schedule_unit_written (SO_SCHEDULE_SERVICE);
}

gboolean
so_schedule_remove (SoScheduleKind *removed, GError **error)
{
  SoScheduleState state;
  gint64 since;
  gboolean units, line;
  find_kind (&state, &since);
  if (!so_schedule_systemd_remove (&units, error) || !so_schedule_cron_remove (&line, error))
    return FALSE;
  *removed = state.kind;
  if (state.kind == SO_SCHEDULE_NONE && units)
    *removed = SO_SCHEDULE_TIMER; /* files that nothing had enabled */
  return TRUE;
}

/* --- whether it works --- */

static gint64
seconds_of (clockid_t clock)
{
  struct timespec now;
  return clock_gettime (clock, &now) == 0 ? now.tv_sec : 0;
}

/* Since then, in s, the machine was awake at least that long. */
static gint64
awake_since (gint64 then, gint64 now)
{
  gint64 slept = seconds_of (CLOCK_BOOTTIME) - seconds_of (CLOCK_MONOTONIC);
  return now - then - slept;
}

/* From when on it could have run. */
static gint64
could_run_from (const SoScheduleState *state, gint64 since, gint64 now)
{
  gint64 from = MAX (since, now - seconds_of (CLOCK_BOOTTIME));
  if (state->kind != SO_SCHEDULE_CRON)
    from = MAX (from, so_schedule_systemd_since ());
  return from;
}

/* When the earliest of what is due was due; now if nothing is. */
static gint64
due_from (SoOutbox *outbox, gint64 now)
{
  g_autoptr (SoOutboxPass) pass
      = outbox != NULL ? so_outbox_pass (outbox, now, G_MAXINT64 / 2, NULL) : NULL;
  if (pass == NULL || pass->due->len == 0)
    return now;
  return MIN (now, g_array_index (pass->due, SoEntryName, 0).stamp);
}

static SoScheduleHealth
judge (const SoScheduleState *state, SoOutbox *outbox, gint64 since, gint64 now)
{
  if (state->kind == SO_SCHEDULE_NONE)
    return SO_SCHEDULE_ABSENT;
  if (state->kind != SO_SCHEDULE_CRON && so_schedule_systemd_since () == 0)
    return SO_SCHEDULE_STOPPED;
  gint64 from = MAX (state->last, could_run_from (state, since, now));
  gint64 limit = state->every * 60 * 3 + GRACE;
  if (state->kind == SO_SCHEDULE_WATCH)
    {
      from = MAX (from, due_from (outbox, now));
      limit = WATCH_GRACE;
    }
  if (awake_since (from, now) > limit)
    return SO_SCHEDULE_STOPPED;
  return state->last >= since && state->last > 0 ? SO_SCHEDULE_RUNS : SO_SCHEDULE_NEW;
}

void
so_schedule_health (SoOutbox *outbox, gint64 now, SoScheduleState *state)
{
  SoPassRecord record = { 0 };
  gint64 since;
  *state = (SoScheduleState){ .kind = SO_SCHEDULE_NONE };
  find_kind (state, &since);
  if (outbox != NULL && so_outbox_last_pass (outbox, &record))
    {
      state->last = record.when;
      state->last_status = record.status;
    }
  state->health = judge (state, outbox, since, now);
}

/* --- in words --- */

static char *
how_long (gint64 seconds)
{
  if (seconds < 7200)
    return g_strdup_printf (P_ ("%u minute", "%u minutes", (guint)(seconds / 60)),
                            (guint)(seconds / 60));
  if (seconds < 2 * 86400)
    return g_strdup_printf (P_ ("%u hour", "%u hours", (guint)(seconds / 3600)),
                            (guint)(seconds / 3600));
  return g_strdup_printf (P_ ("%u day", "%u days", (guint)(seconds / 86400)),
                          (guint)(seconds / 86400));
}

static char *
explain_running (const SoScheduleState *state)
{
  if (state->kind == SO_SCHEDULE_WATCH)
    return g_strdup (_ ("the outbox is watched by a service of systemd"));
  const char *format
      = state->kind == SO_SCHEDULE_CRON
            ? P_ ("cron looks into the outbox every minute",
                  "cron looks into the outbox every %u minutes", state->every)
            : P_ ("a timer of systemd looks into the outbox every minute",
                  "a timer of systemd looks into the outbox every %u minutes", state->every);
  g_autofree char *number = g_strdup_printf ("%u", state->every);
  g_autoptr (GString) text = g_string_new (format);
  g_string_replace (text, "%u", number, 1);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
explain_stopped (const SoScheduleState *state, gint64 now)
{
  if (state->last == 0)
    return g_strdup (_ ("what should look into the outbox is installed, but has never run"));
  g_autofree char *ago = how_long (now - state->last);
  return g_strdup_printf (_ ("what should look into the outbox has not come by for %s"), ago);
}

char *
so_schedule_explain (const SoScheduleState *state, gint64 now)
{
  if (state->health == SO_SCHEDULE_ABSENT)
    return g_strdup (_ ("nothing sends what waits in the outbox by itself"));
  return state->health == SO_SCHEDULE_STOPPED ? explain_stopped (state, now)
                                              : explain_running (state);
}

const char *
so_schedule_remedy (const SoScheduleState *state)
{
  if (state->health == SO_SCHEDULE_ABSENT)
    return _ ("sendoff schedule install");
  if (state->health != SO_SCHEDULE_STOPPED)
    return "";
  if (state->kind == SO_SCHEDULE_CRON)
    return _ ("see whether the cron daemon runs, or “sendoff schedule install” without --cron");
  return so_schedule_systemd_since () == 0
             ? _ ("it runs while you are logged in; “loginctl enable-linger” makes it go on")
             : _ ("see “systemctl --user status sendoff.timer sendoff.service”");
}

/* --- details --- */

static SoLinger
find_linger (void)
{
  g_autofree char *file = g_build_filename ("/var/lib/systemd/linger", g_get_user_name (), NULL);
  if (!g_file_test ("/run/systemd/system", G_FILE_TEST_IS_DIR))
    return SO_LINGER_UNKNOWN;
  return g_file_test (file, G_FILE_TEST_EXISTS) ? SO_LINGER_YES : SO_LINGER_NO;
}

/* "Wed 2026-11-25 10:25:19 UTC"; 0 for none ("n/a", "") */
static gint64
time_of (const char *text)
{
  int year, month, day, hour, minute, second;
  if (text == NULL
      || sscanf (text, "%*3s %4d-%2d-%2d %2d:%2d:%2d UTC", &year, &month, &day, &hour, &minute,
                 &second)
             != 6)
    return 0;
  g_autoptr (GDateTime) when = g_date_time_new_utc (year, month, day, hour, minute, second);
  return when != NULL ? g_date_time_to_unix (when) : 0;
}

/* "" while it is, or has been, all right. */
static char *
trouble_of (GHashTable *unit)
{
  const char *state = g_hash_table_lookup (unit, "ActiveState");
  const char *result = g_hash_table_lookup (unit, "Result");
  const char *status = g_hash_table_lookup (unit, "ExecMainStatus");
  if (g_strcmp0 (state, "failed") != 0 && g_strcmp0 (result, "success") == 0)
    return g_strdup ("");
  return g_strdup_printf ("%s: %s, %s (status %s)", SO_SCHEDULE_SERVICE,
                          state != NULL ? state : "?", result != NULL ? result : "?",
                          status != NULL ? status : "?");
}

static void
ask_systemd (const SoScheduleState *state, SoScheduleDetails *details)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) service = so_schedule_systemd_show (SO_SCHEDULE_SERVICE, &error);
  details->trouble = service != NULL ? trouble_of (service) : g_strdup (error->message);
  if (state->kind != SO_SCHEDULE_TIMER || service == NULL)
    return;
  g_autoptr (GHashTable) timer = so_schedule_systemd_show (SO_SCHEDULE_TIMER_UNIT, NULL);
  if (timer != NULL)
    details->next = time_of (g_hash_table_lookup (timer, "NextElapseUSecRealtime"));
}

void
so_schedule_details (const SoScheduleState *state, gint64 now, SoScheduleDetails *details)
{
  *details = (SoScheduleDetails){ .linger = SO_LINGER_UNKNOWN };
  SoCronLine line;
  if (state->kind == SO_SCHEDULE_TIMER || state->kind == SO_SCHEDULE_WATCH)
    {
      details->linger = find_linger ();
      ask_systemd (state, details);
    }
  else if (state->kind == SO_SCHEDULE_CRON && so_schedule_cron_look (&line, NULL))
    details->next = so_cron_next (line, now);
  if (details->trouble == NULL)
    details->trouble = g_strdup ("");
}
