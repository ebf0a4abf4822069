/*
 * zip.c - runs sendoff-zip: its output is the archive, its standard error tells how far it is.
 *
 * "+N" is N octets read so far; any other line is what went wrong.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/program.h"
#include "sendoff/text.h"
#include "sendoff/zip.h"

#define FIRST_FD 3 /* of the files that are handed over open */

typedef struct
{
  const SoZipOptions *options;
  guint64 total;
  GString *line;  /* not complete yet */
  GString *fault; /* what went wrong, as it says */
} Talk;

static char *
free_name (GHashTable *taken, const char *name)
{
  if (g_hash_table_add (taken, g_strdup (name)))
    return g_strdup (name);
  const char *dot = strrchr (name, '.');
  gsize stem = dot != NULL && dot > name ? (gsize)(dot - name) : strlen (name);
  for (guint i = 2;; i++)
    {
      char *other = g_strdup_printf ("%.*s (%u)%s", (int)stem, name, i, name + stem);
      if (g_hash_table_add (taken, g_strdup (other)))
        return other;
      g_free (other);
    }
}

/* Files that are open here are open there, too: nobody but root may look at them in /proc of a process
 * that keeps secrets (prctl(2), PR_SET_DUMPABLE). */
typedef struct
{
  GArray *ours, *theirs; /* of int */
} Handover;

static char *
path_of (const SoZipFile *file, Handover *handover)
{
  if (file->path != NULL)
    return g_strdup (file->path);
  int theirs = FIRST_FD + (int)handover->theirs->len;
  g_array_append_val (handover->ours, file->fd);
  g_array_append_val (handover->theirs, theirs);
  return g_strdup_printf ("/proc/self/fd/%d", theirs);
}

static char **
arguments (const SoZipFile *files, guint n, Handover *handover)
{
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  g_autoptr (GHashTable) taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *program = so_program_path ("sendoff-zip");
  g_strv_builder_add (argv, program);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = free_name (taken, files[i].name);
      g_autofree char *path = path_of (&files[i], handover);
      g_strv_builder_add (argv, path);
      g_strv_builder_add (argv, name);
    }
  return g_strv_builder_end (argv);
}

static void
take_line (Talk *talk)
{
  if (talk->line->str[0] == '+' && talk->options->progress != NULL)
    talk->options->progress (talk->options->data, g_ascii_strtoull (talk->line->str + 1, NULL, 10),
                             talk->total);
  else if (talk->line->str[0] != '+')
    g_string_assign (talk->fault, talk->line->str);
  g_string_truncate (talk->line, 0);
}

/* FALSE: the person has had enough. */
static gboolean
listen_to (int fd, Talk *talk)
{
  for (;;)
    {
      struct pollfd wait[] = { { .fd = fd, .events = POLLIN },
                               { .fd = talk->options->interrupt_fd, .events = POLLIN } };
      char piece[1024];
      if (poll (wait, 2, -1) < 0 && errno != EINTR)
        return TRUE;
      if (talk->options->interrupt_fd >= 0 && wait[1].revents != 0)
        return FALSE;
      ssize_t got = wait[0].revents != 0 ? read (fd, piece, sizeof piece) : -1;
      if (got == 0 || (wait[0].revents != 0 && got < 0 && errno != EINTR))
        return TRUE;
      for (ssize_t i = 0; i < got; i++)
        if (piece[i] == '\n')
          take_line (talk);
        else if (talk->line->len < SO_TEXT_LINE_MAX)
          g_string_append_c (talk->line, piece[i]);
    }
}

static int
reap (GPid pid, gboolean kill_it)
{
  int status = 0;
  if (kill_it)
    kill (pid, SIGTERM);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  g_spawn_close_pid (pid);
  return WIFEXITED (status) ? WEXITSTATUS (status) : SO_ERROR_BUG;
}

static gboolean
judge (gboolean finished, int status, const Talk *talk, GError **error)
{
  if (finished && status == 0)
    return TRUE;
  g_autofree char *words = so_text_sanitise (talk->fault->str, -1, 300);
  if (!finished)
    so_error_set (error, SO_ERROR_INTERRUPTED, "", _("interrupted"));
  else if (status == SO_ERROR_NO_INPUT)
    so_error_set (error, SO_ERROR_NO_INPUT, _("check the name and the permissions"), "%s", words);
  else
    so_error_set (error, SO_ERROR_IO, _("free some space on the outbox's disk, then try again"),
                  _("the archive cannot be written: %s"), words);
  return FALSE;
}

/* The archive goes to fd; *said is to be read. */
static gboolean
start (const SoZipFile *files, guint n, int fd, GPid *pid, int *said, GError **error)
{
  g_autoptr (GArray) ours = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GArray) theirs = g_array_new (FALSE, FALSE, sizeof (int));
  Handover handover = { ours, theirs };
  g_auto (GStrv) argv = arguments (files, n, &handover);
  g_autoptr (GError) problem = NULL;
  int pipe_fds[2];
  if (!g_unix_open_pipe (pipe_fds, FD_CLOEXEC, &problem))
    {
      so_error_set (error, SO_ERROR_TEMPORARY, _("try again later"), "%s", problem->message);
      return FALSE;
    }
  gboolean well = g_spawn_async_with_pipes_and_fds (
      NULL, (const char *const *)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, -1, fd,
      pipe_fds[1], (const int *)(gpointer)ours->data, (const int *)(gpointer)theirs->data,
      ours->len, pid, NULL, NULL, NULL, &problem);
  close (pipe_fds[1]);
  *said = pipe_fds[0];
  if (well)
    return TRUE;
  close (pipe_fds[0]);
  so_error_set (error, SO_ERROR_BUG, _("install sendoff again"), "%s", problem->message);
  return FALSE;
}

gboolean
so_zip_make (const SoZipFile *files, guint n, int fd, const SoZipOptions *options, GError **error)
{
  GPid pid = 0;
  int said = -1;
  if (!start (files, n, fd, &pid, &said, error))
    return FALSE;
  Talk talk = { .options = options, .line = g_string_new (NULL), .fault = g_string_new (NULL) };
  for (guint i = 0; i < n; i++)
    talk.total += files[i].size;
  gboolean finished = listen_to (said, &talk);
  close (said);
  gboolean well = judge (finished, reap (pid, !finished), &talk, error);
  g_string_free (talk.line, TRUE);
  g_string_free (talk.fault, TRUE);
  return well;
}
