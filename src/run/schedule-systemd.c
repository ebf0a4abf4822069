/*
 * schedule-systemd.c - units put in place and enabled through systemctl.
 *
 * systemctl rather than the bus: its options and its `show` output are promised, and it finds
 * the manager also where there is no bus.
 */
#include "config.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schedule-private.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

/* TRUE if systemctl ended with 0; its words are the error otherwise. */
static gboolean
systemctl (SoChildResult *result, GError **error, const char *verb, ...)
{
  const char *argv[8] = { "systemctl", "--user", "--no-ask-password", verb };
  va_list words;
  va_start (words, verb);
  gsize n = 4;
  for (const char *word; (word = va_arg (words, const char *)) != NULL && n < 7; n++)
    argv[n] = word;
  va_end (words);
  if (!so_child_run (argv, NULL, SO_SCHEDULE_TOOL_TIMEOUT, result, error))
    return FALSE;
  if (result->status == 0)
    return TRUE;
  g_autofree char *said = so_child_last_words (result);
  so_error_set (error, SO_ERROR_TEMPORARY,
                _ ("see “systemctl --user status sendoff”, or use --cron"),
                _ ("systemctl %s failed: %s"), verb, said);
  return FALSE;
}

gboolean
so_schedule_has_systemd (GError **error)
{
  g_auto (SoChildResult) result = { 0 };
  g_autoptr (GError) problem = NULL;
  if (systemctl (&result, &problem, "show", "--property=Version", NULL))
    return TRUE;
  gboolean absent = problem->code == SO_ERROR_NO_INPUT;
  so_error_set (error, SO_ERROR_CANNOT_CREATE, _ ("log in as this user, or use --cron"),
                absent ? _ ("systemd is not in use here")
                       : _ ("no service manager of this user is running"));
  return FALSE;
}

gint64
so_schedule_systemd_since (void)
{
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *of_user = g_strdup_printf ("/run/user/%u", (unsigned)geteuid ());
  const char *folders[] = { runtime != NULL ? runtime : of_user, of_user };
  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *socket = g_build_filename (folders[i], "systemd", "private", NULL);
      struct stat st;
      if (lstat (socket, &st) == 0 && S_ISSOCK (st.st_mode) && st.st_uid == geteuid ())
        return st.st_mtime;
    }
  return 0;
}

GHashTable *
so_schedule_systemd_show (const char *unit, GError **error)
{
  g_auto (SoChildResult) result = { 0 };
  if (!systemctl (&result, error, "show", unit, NULL))
    return NULL;
  GHashTable *properties = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_auto (GStrv) lines = g_strsplit (result.out, "\n", 0);
  for (char **line = lines; *line != NULL; line++)
    {
      char *equals = strchr (*line, '=');
      if (equals != NULL)
        g_hash_table_insert (properties, g_strndup (*line, (gsize)(equals - *line)),
                             g_strdup (equals + 1));
    }
  return properties;
}

/* --- files --- */

static gboolean
check_not_foreign (const char *name, GError **error)
{
  gboolean foreign;
  if (so_schedule_unit_is_ours (name, &foreign) || !foreign)
    return TRUE;
  g_autofree char *path = so_schedule_unit_path (name);
  so_error_set (error, SO_ERROR_CANNOT_CREATE, _ ("move it away first, or use --cron"),
                _ ("%s was not written by sendoff"), path);
  return FALSE;
}

static gboolean
write_unit (const char *name, const SoScheduleOptions *options, gboolean *changed, GError **error)
{
  g_autofree char *text = so_schedule_fill_unit (name, options, error);
  g_autofree char *path = so_schedule_unit_path (name);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *before = NULL;
  if (text == NULL)
    return FALSE;
  if (g_file_get_contents (path, &before, NULL, NULL) && strcmp (before, text) == 0)
    return TRUE;
  *changed = TRUE;
  if (!so_durable_make_folder (folder))
    {
      so_durable_error (error, errno, "%s", folder);
      return FALSE;
    }
  g_autoptr (GError) problem = NULL;
  if (g_file_set_contents_full (path, text, -1,
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644,
                                &problem))
    return TRUE;
  so_error_set (error, SO_ERROR_CANNOT_CREATE, _ ("make the folder writable, or use --cron"), "%s",
                problem->message);
  return FALSE;
}

/* Gone, if it was ours; *removed tells. */
static gboolean
remove_unit (const char *name, gboolean *removed, GError **error)
{
  if (!so_schedule_unit_is_ours (name, NULL))
    return TRUE;
  g_autofree char *path = so_schedule_unit_path (name);
  if (g_unlink (path) != 0)
    {
      so_durable_error (error, errno, "%s", path);
      return FALSE;
    }
  *removed = TRUE;
  return TRUE;
}

/* --- both --- */

static const struct
{
  const char *name, *target;
} units[] = {
  { SO_SCHEDULE_TIMER_UNIT, "timers.target" },
  { SO_SCHEDULE_SERVICE, "default.target" },
};

/* Stopped and disabled; where no manager runs, its link is all there is to take away. */
static void
disable (const char *name, const char *target)
{
  g_auto (SoChildResult) result = { 0 };
  g_autofree char *link = so_schedule_unit_link (name, target);
  g_autofree char *folder = g_path_get_dirname (link);
  systemctl (&result, NULL, "disable", "--now", name, NULL);
  if (g_file_test (link, G_FILE_TEST_IS_SYMLINK) && g_unlink (link) == 0)
    g_rmdir (folder); /* if nothing else wants it */
}

gboolean
so_schedule_systemd_remove (gboolean *removed, GError **error)
{
  g_auto (SoChildResult) result = { 0 };
  *removed = FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (so_schedule_unit_is_ours (units[i].name, NULL))
      {
        disable (units[i].name, units[i].target);
        if (!remove_unit (units[i].name, removed, error))
          return FALSE;
      }
  if (*removed)
    systemctl (&result, NULL, "daemon-reload", NULL);
  return TRUE;
}

static gboolean
write_units (const SoScheduleOptions *options, gboolean *changed, GError **error)
{
  if (!check_not_foreign (SO_SCHEDULE_SERVICE, error)
      || !check_not_foreign (SO_SCHEDULE_TIMER_UNIT, error)
      || !write_unit (SO_SCHEDULE_SERVICE, options, changed, error))
    return FALSE;
  return options->kind == SO_SCHEDULE_WATCH
         || write_unit (SO_SCHEDULE_TIMER_UNIT, options, changed, error);
}

static gboolean
is_active (const char *name)
{
  g_auto (SoChildResult) result = { 0 };
  return systemctl (&result, NULL, "is-active", name, NULL);
}

/* The service may be what is started, or what must no longer stand by itself. */
static gboolean
enable (const SoScheduleOptions *options, gboolean *changed, GError **error)
{
  gboolean is_timer = options->kind == SO_SCHEDULE_TIMER;
  const char *name = is_timer ? SO_SCHEDULE_TIMER_UNIT : SO_SCHEDULE_SERVICE;
  g_autofree char *link
      = so_schedule_unit_link (name, is_timer ? "timers.target" : "default.target");
  if (!*changed && g_file_test (link, G_FILE_TEST_IS_SYMLINK) && is_active (name))
    return TRUE;
  *changed = TRUE;
  g_auto (SoChildResult) reload = { 0 }, enabled = { 0 }, started = { 0 };
  return systemctl (&reload, error, "daemon-reload", NULL)
         && systemctl (&enabled, error, "enable", name, NULL)
         && systemctl (&started, error, "restart", name, NULL);
}

gboolean
so_schedule_systemd_install (const SoScheduleOptions *options, gboolean *changed, GError **error)
{
  gboolean was_ours = so_schedule_unit_is_ours (SO_SCHEDULE_SERVICE, NULL);
  gboolean had_timer = so_schedule_unit_is_ours (SO_SCHEDULE_TIMER_UNIT, NULL);
  gboolean removed;
  *changed = FALSE;
  /* From one kind to the other, nothing of the old one stays. */
  if (was_ours && had_timer != (options->kind == SO_SCHEDULE_TIMER)
      && !so_schedule_systemd_remove (&removed, error))
    return FALSE;
  if (write_units (options, changed, error) && enable (options, changed, error))
    return TRUE;
  if (!was_ours)
    so_schedule_systemd_remove (&removed, NULL);
  return FALSE;
}
