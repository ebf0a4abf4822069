/*
 * notes.c - the doctor's memory, in files of its own.
 */
#include "config.h"

#include <string.h>
#include <sys/stat.h>

#include "sendoff/clock.h"
#include "sendoff/durable.h"

#include "notes.h"

static char *
folder (void)
{
  const char *state = g_getenv ("XDG_STATE_HOME");
  if (state != NULL && g_path_is_absolute (state))
    return g_build_filename (state, "sendoff", "doctor", NULL);
  return g_build_filename (g_get_home_dir (), ".local", "state", "sendoff", "doctor", NULL);
}

static char *
path_of (const char *name)
{
  g_autofree char *place = folder ();
  return g_build_filename (place, name, NULL);
}

static void
keep (const char *name, const char *text, gsize length)
{
  g_autofree char *place = folder ();
  g_autofree char *path = path_of (name);
  if (so_durable_make_folder (place))
    (void)g_file_set_contents_full (path, text, (gssize)length, G_FILE_SET_CONTENTS_CONSISTENT,
                                    0600, NULL);
}

static GKeyFile *
load_runs (void)
{
  GKeyFile *file = g_key_file_new ();
  g_autofree char *path = path_of ("good-runs");
  (void)g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL);
  return file;
}

static char *
value_of (GKeyFile *file, const char *group, const char *key)
{
  char *value = g_key_file_get_string (file, group, key, NULL);
  return value != NULL ? value : g_strdup ("");
}

void
so_notes_good_run (const char *account, SoGoodRun *run)
{
  g_autoptr (GKeyFile) file = load_runs ();
  run->when = g_key_file_get_int64 (file, account, "when", NULL);
  run->interface = value_of (file, account, "interface");
  run->gateway = value_of (file, account, "gateway");
}

void
so_notes_set_good_run (const char *account, const SoGoodRun *run)
{
  g_autoptr (GKeyFile) file = load_runs ();
  g_key_file_set_int64 (file, account, "when", run->when);
  g_key_file_set_string (file, account, "interface", run->interface);
  g_key_file_set_string (file, account, "gateway", run->gateway);
  gsize length = 0;
  g_autofree char *text = g_key_file_to_data (file, &length, NULL);
  keep ("good-runs", text, length);
}

void
so_good_run_clear (SoGoodRun *run)
{
  g_clear_pointer (&run->interface, g_free);
  g_clear_pointer (&run->gateway, g_free);
}

static char *
feed_name (const char *url)
{
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, url, -1);
  return g_strdup_printf ("feed-%.16s", sum);
}

char *
so_notes_feed (const char *url, gsize *length)
{
  g_autofree char *name = feed_name (url);
  g_autofree char *path = path_of (name);
  struct stat status;
  char *text = NULL;
  gint64 now = so_clock_wall_us () / G_USEC_PER_SEC;
  if (stat (path, &status) != 0 || status.st_mtime > now
      || status.st_mtime + SO_NOTES_FEED_AGE < now)
    return NULL;
  return g_file_get_contents (path, &text, length, NULL) ? text : NULL;
}

void
so_notes_set_feed (const char *url, const char *text, gsize length)
{
  g_autofree char *name = feed_name (url);
  keep (name, text, length);
}
