/*
 * schedule-cron.c - one line in the user's crontab.
 *
 * The line ends in a comment of ours, which the shell that runs it skips; every other line
 * belongs to the user.  crontab(1) is the only way in: the spool is not for users to write.
 */
#include "config.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "schedule-private.h"
#include "sendoff/clock.h"
#include "sendoff/entry-name.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/program.h"

#define MARK "# sendoff schedule, since "
#define NO_CRON _ ("install cron, or have “sendoff retry” run by what starts programs here")

/* --- text --- */

/* The first line that ends in our comment: where it begins, and its length with the line end. */
static const char *
find_line (const char *crontab, gsize *length)
{
  for (const char *line = crontab; *line != '\0'; line += *length)
    {
      const char *end = strchr (line, '\n');
      gsize text = end != NULL ? (gsize)(end - line) : strlen (line);
      *length = text + (end != NULL);
      const char *mark = g_strstr_len (line, (gssize)text, MARK);
      if (*line != '#' && mark != NULL
          && text - (gsize)(mark - line) == strlen (MARK) + strlen ("20261125T041604Z"))
        return line;
    }
  return NULL;
}

char *
so_cron_line (const char *crontab)
{
  gsize length;
  const char *line = find_line (crontab, &length);
  return line != NULL ? g_strchomp (g_strndup (line, length)) : NULL;
}

SoCronLine
so_cron_find (const char *crontab)
{
  g_autofree char *line = so_cron_line (crontab);
  if (line == NULL)
    return (SoCronLine){ .found = FALSE };
  SoCronLine found = { .found = TRUE, .every = SO_SCHEDULE_EVERY };
  so_entry_stamp_parse (strstr (line, MARK) + strlen (MARK), &found.since);
  g_auto (GStrv) fields = g_strsplit (line, " ", 2);
  const char *step = strchr (fields[0], '/');
  guint64 every;
  if (step != NULL && g_ascii_string_to_unsigned (step + 1, 10, 1, 60, &every, NULL))
    found.every = (guint)every;
  else
    found.every = g_ascii_isdigit (fields[0][0]) ? 60 : 1;
  found.offset = (guint)g_ascii_strtoull (fields[0], NULL, 10); /* 0 for "*" */
  return found;
}

gint64
so_cron_next (SoCronLine line, gint64 now)
{
  gint64 next = (now / 60 + 1) * 60;
  while (next / 60 % line.every != line.offset % line.every)
    next += 60;
  return next;
}

char *
so_cron_edit (const char *crontab, const char *line)
{
  gsize length = 0;
  const char *old = find_line (crontab, &length);
  GString *out = g_string_new ("");
  if (old != NULL)
    g_string_append_len (out, crontab, old - crontab);
  else
    g_string_append (out, crontab);
  if (line != NULL)
    {
      if (out->len > 0 && out->str[out->len - 1] != '\n')
        g_string_append_c (out, '\n');
      g_string_append_printf (out, "%s\n", line);
    }
  if (old != NULL)
    g_string_append (out, old + length);
  return g_string_free (out, FALSE);
}

/* --- the line --- */

/* Not everybody in the same minute: each user of each machine has an offset of his own. */
static char *
minutes (guint every)
{
  if (every == 1)
    return g_strdup ("*");
  g_autofree char *who = g_strdup_printf ("%s %u", g_get_host_name (), (unsigned)getuid ());
  guint offset = g_str_hash (who) % every;
  return every == 60 ? g_strdup_printf ("%u", offset) : g_strdup_printf ("%u-59/%u", offset, every);
}

/* For the shell; and % is a line end to cron unless escaped, quoted or not. */
static void
append_word (GString *out, const char *word)
{
  g_autofree char *quoted = g_shell_quote (word);
  for (const char *c = quoted; *c != '\0'; c++)
    g_string_append_printf (out, *c == '%' ? "\\%c" : "%c", *c);
}

static char *
new_line (const SoScheduleOptions *options, gint64 since, GError **error)
{
  g_autofree char *when = minutes (options->every);
  g_autofree char *program = so_program_path ("sendoff");
  g_auto (GStrv) settings = so_schedule_environment ();
  g_autoptr (GString) out = g_string_new (when);
  char stamp[17];
  g_string_append (out, " * * * * ");
  for (char **setting = settings; *setting != NULL; setting++)
    {
      const char *value = strchr (*setting, '=') + 1;
      g_string_append_len (out, *setting, value - *setting);
      append_word (out, value);
      g_string_append_c (out, ' ');
    }
  append_word (out, program);
  if (options->config_path != NULL)
    {
      g_string_append (out, " --config ");
      append_word (out, options->config_path);
    }
  so_entry_stamp_format (since, stamp);
  /* What it says would be mailed by cron, into the outbox it is about. */
  g_string_append_printf (out, " --quiet retry >/dev/null 2>&1 " MARK "%s", stamp);
  if (strpbrk (out->str, "\n\r") == NULL)
    return g_string_free (g_steal_pointer (&out), FALSE);
  so_error_set (error, SO_ERROR_CANNOT_CREATE, "",
                _ ("a path with a line end cannot be in a crontab"));
  return NULL;
}

/* --- crontab(1) --- */

static gboolean
fail (const SoChildResult *result, GError **error)
{
  g_autofree char *said = so_child_last_words (result);
  so_error_set (error, SO_ERROR_CANNOT_CREATE, NO_CRON, _ ("crontab failed: %s"), said);
  return FALSE;
}

static gboolean
run_crontab (const char *argument, const char *input, SoChildResult *result, GError **error)
{
  const char *argv[] = { "crontab", argument, NULL };
  g_autoptr (GError) problem = NULL;
  if (so_child_run (argv, input, SO_SCHEDULE_TOOL_TIMEOUT, result, &problem))
    return TRUE;
  if (problem->code == SO_ERROR_NO_INPUT)
    so_error_set (error, SO_ERROR_CANNOT_CREATE, NO_CRON,
                  _ ("there is no cron here: the program “crontab” is missing"));
  else
    g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

/* "" where the user has none. */
static char *
read_crontab (GError **error)
{
  g_auto (SoChildResult) result = { 0 };
  if (!run_crontab ("-l", NULL, &result, error))
    return NULL;
  if (result.status == 0)
    return g_steal_pointer (&result.out);
  if (strstr (result.err, "no crontab") != NULL)
    return g_strdup ("");
  fail (&result, error);
  return NULL;
}

static gboolean
write_crontab (const char *text, GError **error)
{
  g_auto (SoChildResult) result = { 0 };
  gboolean empty = *text == '\0';
  if (!run_crontab (empty ? "-r" : "-", empty ? NULL : text, &result, error))
    return FALSE;
  if (result.status != 0)
    return fail (&result, error);
  g_autofree char *after = read_crontab (error);
  if (after == NULL || strcmp (after, text) == 0)
    return after != NULL;
  so_error_set (error, SO_ERROR_CANNOT_CREATE, _ ("look at it with “crontab -l”"),
                _ ("the crontab is not what was written: somebody else changed it"));
  return FALSE;
}

gboolean
so_schedule_cron_install (const SoScheduleOptions *options, gboolean *changed, GError **error)
{
  g_autofree char *before = read_crontab (error);
  if (before == NULL)
    return FALSE;
  SoCronLine old = so_cron_find (before);
  g_autofree char *old_line = so_cron_line (before);
  gint64 now = so_clock_wall_us () / G_USEC_PER_SEC;
  g_autofree char *same = new_line (options, old.found ? old.since : now, error);
  if (same == NULL)
    return FALSE;
  *changed = g_strcmp0 (same, old_line) != 0;
  if (!*changed)
    return TRUE;
  g_autofree char *line = new_line (options, now, error);
  g_autofree char *after = so_cron_edit (before, line);
  return write_crontab (after, error);
}

gboolean
so_schedule_cron_remove (gboolean *removed, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autofree char *before = read_crontab (&problem);
  *removed = before != NULL && so_cron_find (before).found;
  if (!*removed)
    return TRUE; /* without cron, or without a right to it, nothing of ours is there */
  g_autofree char *after = so_cron_edit (before, NULL);
  return write_crontab (after, error);
}

gboolean
so_schedule_cron_look (SoCronLine *line, GError **error)
{
  *line = (SoCronLine){ .found = FALSE };
  g_autofree char *crontab = read_crontab (error);
  if (crontab == NULL)
    return FALSE;
  *line = so_cron_find (crontab);
  return TRUE;
}
