/*
 * schedule-units.c - unit files from their templates.
 *
 * A template line that begins with @WORD@ and a blank stands only if that word holds: timer,
 * watch, tmp (nothing of ours is in /tmp, so it can be private), namespaces (the kernel lets
 * users have them; without, systemd could not start the service at all).
 */
#include "config.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "schedule-private.h"
#include "sendoff/config-file.h"
#include "sendoff/error.h"
#include "sendoff/program.h"

#define MARK "# Written by “sendoff schedule install”"

char *
so_schedule_unit_path (const char *name)
{
  return g_build_filename (g_get_user_config_dir (), "systemd", "user", name, NULL);
}

char *
so_schedule_unit_link (const char *name, const char *target)
{
  g_autofree char *wants = g_strconcat (target, ".wants", NULL);
  return g_build_filename (g_get_user_config_dir (), "systemd", "user", wants, name, NULL);
}

gboolean
so_schedule_unit_is_ours (const char *name, gboolean *foreign)
{
  g_autofree char *path = so_schedule_unit_path (name);
  g_autofree char *text = NULL;
  gboolean there = g_file_get_contents (path, &text, NULL, NULL);
  gboolean ours = there && g_str_has_prefix (text, MARK);
  if (foreign != NULL)
    *foreign = !ours && g_file_test (path, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK);
  return ours;
}

gint64
so_schedule_unit_written (const char *name)
{
  g_autofree char *path = so_schedule_unit_path (name);
  struct stat st;
  return stat (path, &st) == 0 ? st.st_mtime : 0;
}

/* A word for systemd: quoted, its specifiers and (in commands) variables taken literally. */
static void
append_word (GString *out, const char *word, gboolean in_command)
{
  g_string_append_c (out, '"');
  for (; *word != '\0'; word++)
    {
      if (*word == '"' || *word == '\\')
        g_string_append_c (out, '\\');
      if (*word == '%' || (*word == '$' && in_command))
        g_string_append_c (out, *word);
      g_string_append_c (out, *word);
    }
  g_string_append_c (out, '"');
}

static char *
quoted (const char *word)
{
  GString *out = g_string_new ("");
  append_word (out, word, TRUE);
  return g_string_free (out, FALSE);
}

static char *
environment_lines (void)
{
  g_auto (GStrv) settings = so_schedule_environment ();
  g_autoptr (GString) out = g_string_new ("");
  for (char **setting = settings; *setting != NULL; setting++)
    {
      g_string_append (out, out->len > 0 ? "\nEnvironment=" : "Environment=");
      append_word (out, *setting, FALSE);
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* "-": one that is not there (any more) does not keep the service from starting. */
static char *
writable_line (const SoScheduleOptions *options)
{
  g_autoptr (GString) out = g_string_new ("ReadWritePaths=");
  const char *outbox[] = { options->outbox, NULL };
  const char *const *lists[] = { outbox, options->writable };
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    for (const char *const *path = lists[i]; path != NULL && *path != NULL; path++)
      {
        g_autofree char *optional = g_strconcat ("-", *path, NULL);
        if (!g_str_has_suffix (out->str, "="))
          g_string_append_c (out, ' ');
        append_word (out, optional, FALSE);
      }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* Tried as systemd will: some kernels give a user the namespace, but no rights in it. */
static gboolean
may_have_namespaces (void)
{
  pid_t child = fork ();
  if (child == 0)
    {
      gboolean right = unshare (geteuid () == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) == 0
                       && mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
      _exit (right ? 0 : 1);
    }
  int status = 1;
  while (child > 0 && waitpid (child, &status, 0) < 0 && errno == EINTR)
    ;
  return child > 0 && status == 0;
}

static gboolean
is_temporary (const char *path)
{
  return path != NULL && (g_str_has_prefix (path, "/tmp/") || g_str_has_prefix (path, "/var/tmp/"));
}

typedef struct
{
  const char *word;
  gboolean holds;
} Condition;

/* The line behind its conditions; NULL if one does not hold. */
static const char *
behind_conditions (const char *line, const Condition *conditions, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      gsize length = strlen (conditions[i].word);
      if (line[0] != '@' || strncmp (line + 1, conditions[i].word, length) != 0
          || line[length + 1] != '@')
        continue;
      if (!conditions[i].holds)
        return NULL;
      line += length + 2;
      line += *line == ' ';
      i = (gsize)-1; /* there may be another before it */
    }
  return line;
}

static char *
fill (const char *template, const SoScheduleOptions *options)
{
  g_autofree char *program = so_program_path ("sendoff");
  const char *home = g_get_home_dir ();
  const Condition conditions[] = {
    { "timer", options->kind == SO_SCHEDULE_TIMER },
    { "watch", options->kind == SO_SCHEDULE_WATCH },
    { "namespaces", may_have_namespaces () },
    { "tmp", !is_temporary (program) && !is_temporary (options->config_path)
                 && !is_temporary (options->outbox) && !is_temporary (home)
                 && !is_temporary (g_get_user_config_dir ()) },
  };
  g_autofree char *command = quoted (program);
  g_autofree char *config_word
      = options->config_path != NULL ? quoted (options->config_path) : NULL;
  g_autofree char *config
      = config_word != NULL ? g_strconcat (" --config ", config_word, NULL) : g_strdup ("");
  g_autofree char *environment = environment_lines ();
  g_autofree char *writable = writable_line (options);
  g_autofree char *every = g_strdup_printf ("%u", options->every);
  g_autofree char *calendar
      = options->every == 60 ? g_strdup ("hourly") : g_strdup_printf ("*:0/%u", options->every);
  g_autoptr (GString) out = g_string_new ("");
  g_auto (GStrv) lines = g_strsplit (template, "\n", 0);
  for (char **line = lines; *line != NULL; line++)
    {
      const char *kept = behind_conditions (*line, conditions, G_N_ELEMENTS (conditions));
      if (kept != NULL && (line[1] != NULL || *kept != '\0'))
        g_string_append_printf (out, "%s\n", kept);
    }
  g_string_replace (out, "@ENVIRONMENT@\n", *environment != '\0' ? "@ENVIRONMENT@\n" : "", 0);
  g_string_replace (out, "@PROGRAM@", command, 0);
  g_string_replace (out, "@CONFIG@", config, 0);
  g_string_replace (out, "@ENVIRONMENT@", environment, 0);
  g_string_replace (out, "@WRITABLE@", writable, 0);
  g_string_replace (out, "@EVERY@", every, 0);
  g_string_replace (out, "@CALENDAR@", calendar, 0);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

char *
so_schedule_fill_unit (const char *name, const SoScheduleOptions *options, GError **error)
{
  g_autofree char *template = so_config_data (name, error);
  return template != NULL ? fill (template, options) : NULL;
}
