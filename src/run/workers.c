/*
 * workers.c - further connections of one account: processes beside this one.
 *
 * Each is a `retry --worker=ACCOUNT` over the same outbox; the locks of the entries share the
 * work out.  They are started when the server has taken the first message of a pass, so what
 * would refuse this process is found out once.  A worker neither holds the account nor tells of
 * what it did not send: when its connection is refused or ends, it ends as well, and who
 * started it goes on.  What it counted comes back on a pipe, as one line.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>

#include "runner-private.h"
#include "sendoff/error.h"

#define MESSAGES_EACH 10 /* fewer are sent before another connection stands; ours */
#define SAID_MAX 4096

typedef struct
{
  GPid pid;
  int fd;
  GString *said;
} Worker;

static void
worker_free (gpointer data)
{
  Worker *worker = data;
  if (worker->fd >= 0)
    close (worker->fd);
  g_string_free (worker->said, TRUE);
  g_free (worker);
}

/* --- what comes back --- */

gboolean
so_run_summary_write (int fd, const SoRunSummary *summary, const GError *problem)
{
  g_autoptr (GString) line = g_string_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (summary->n); i++)
    g_string_append_printf (line, "%u\t", summary->n[i]);
  g_autofree char *text = g_strdelimit (g_strdup (problem != NULL ? problem->message : ""), "\n", ' ');
  g_string_append_printf (line, "%u\t%d\t%d\t%s\n", summary->waiting, summary->throttled,
                          problem != NULL ? so_error_exit_status (problem) : -1, text);
  return write (fd, line->str, line->len) == (ssize_t)line->len;
}

/* FALSE: it died before it could say. */
static gboolean
read_summary (const char *line, SoRunSummary *summary, GError **problem)
{
  enum { WAITING = SO_RUN_FAILED + 1, THROTTLED, CODE, MESSAGE, FIELDS };
  g_auto (GStrv) fields = g_strsplit (line, "\t", FIELDS);
  guint64 numbers[CODE];
  gint64 code;
  if (g_strv_length (fields) != FIELDS || !g_str_has_suffix (fields[MESSAGE], "\n"))
    return FALSE;
  for (guint i = 0; i < CODE; i++)
    if (!g_ascii_string_to_unsigned (fields[i], 10, 0, G_MAXUINT, &numbers[i], NULL))
      return FALSE;
  if (!g_ascii_string_to_signed (fields[CODE], 10, -1, G_MAXINT, &code, NULL))
    return FALSE;
  for (guint i = 0; i < WAITING; i++)
    summary->n[i] += (guint)numbers[i];
  summary->waiting += (guint)numbers[WAITING];
  summary->throttled = numbers[THROTTLED] != 0;
  if (code >= 0)
    so_error_set (problem, (SoError)code, "", "%s", g_strchomp (fields[MESSAGE]));
  return TRUE;
}

/* --- starting --- */

static gboolean
start_one (SoRun *run)
{
  int ends[2];
  const int target = SO_RUN_WORKER_FD;
  g_autofree char *account = g_strconcat ("--worker=", run->account_name, NULL);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  for (const char *const *word = run->options->worker; *word != NULL; word++)
    g_ptr_array_add (argv, (gpointer)*word);
  g_ptr_array_add (argv, account);
  g_ptr_array_add (argv, NULL);
  if (!g_unix_open_pipe (ends, FD_CLOEXEC, NULL))
    return FALSE;
  Worker *worker = g_new0 (Worker, 1);
  worker->fd = ends[0];
  worker->said = g_string_new (NULL);
  gboolean started = g_spawn_async_with_pipes_and_fds (
      NULL, (const char *const *)argv->pdata, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, -1, -1,
      -1, &ends[1], &target, 1, &worker->pid, NULL, NULL, NULL, NULL);
  close (ends[1]);
  if (started)
    g_ptr_array_add (run->workers, worker);
  else
    worker_free (worker);
  return started;
}

static guint
n_unfinished (const SoRun *run)
{
  guint n = 0;
  for (guint i = 0; i < run->candidates->len; i++)
    {
      const SoRunCandidate *candidate = g_ptr_array_index (run->candidates, i);
      n += !candidate->finished
           && (candidate->account == NULL || g_str_equal (candidate->account, run->account_name));
    }
  return n;
}

/* What the account wants, the provider allows, and the server has put up with lately. */
static guint
connections_of (const SoRun *run)
{
  const SoAccount *account = run->account;
  guint n = account->connections;
  guint lately
      = so_account_connections (run->options->outbox, run->account_name, so_run_now ());
  if (account->max_connections > 0)
    n = MIN (n, account->max_connections);
  return lately > 0 ? MIN (n, lately) : n;
}

void
so_run_start_workers (SoRun *run)
{
  if (run->options->worker == NULL || run->options->names != NULL || run->workers != NULL
      || run->account->connections < 2)
    return;
  run->workers = g_ptr_array_new_with_free_func (worker_free);
  guint more = MIN (connections_of (run) - 1, n_unfinished (run) / MESSAGES_EACH);
  while (more > 0 && start_one (run))
    more--;
}

gboolean
so_run_is_shared (const SoRun *run)
{
  return run->options->only_account != NULL || (run->workers != NULL && run->workers->len > 0);
}

/* --- waiting --- */

/* FALSE: it has nothing more to say. */
static gboolean
listen_to (Worker *worker)
{
  char piece[512];
  ssize_t n = read (worker->fd, piece, sizeof piece);
  if (n < 0 && errno == EINTR)
    return TRUE;
  if (n > 0 && worker->said->len < SAID_MAX)
    g_string_append_len (worker->said, piece, n);
  if (n > 0)
    return TRUE;
  close (worker->fd);
  worker->fd = -1;
  return FALSE;
}

static void
tell_to_end (const SoRun *run)
{
  for (guint i = 0; i < run->workers->len; i++)
    {
      const Worker *worker = g_ptr_array_index (run->workers, i);
      if (worker->fd >= 0)
        kill (worker->pid, SIGTERM);
    }
}

/* Until every pipe has come to its end; an interrupt is passed on once. */
static void
listen_to_all (SoRun *run)
{
  guint n = run->workers->len, open = n;
  g_autofree struct pollfd *fds = g_new0 (struct pollfd, n + 1);
  fds[n] = (struct pollfd){ run->options->deliver.interrupt_fd, POLLIN, 0 };
  for (guint i = 0; i < n; i++)
    fds[i] = (struct pollfd){ ((Worker *)g_ptr_array_index (run->workers, i))->fd, POLLIN, 0 };
  while (open > 0)
    {
      if (poll (fds, n + 1, -1) < 0)
        continue;
      if (fds[n].revents != 0)
        {
          tell_to_end (run);
          fds[n].fd = -1;
        }
      for (guint i = 0; i < n; i++)
        if (fds[i].fd >= 0 && fds[i].revents != 0
            && !listen_to (g_ptr_array_index (run->workers, i)))
          {
            fds[i].fd = -1;
            open--;
          }
    }
}

static gboolean
take_summary (SoRun *run, const Worker *worker)
{
  SoRunSummary said = { 0 };
  GError *problem = NULL;
  if (!read_summary (worker->said->str, &said, &problem))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (said.n); i++)
    run->summary->n[i] += said.n[i];
  run->summary->waiting += said.waiting;
  if (problem != NULL)
    so_run_note_problem (run, problem);
  return said.throttled;
}

gboolean
so_run_is_throttled (const SoVerdict *trouble)
{
  return trouble != NULL && trouble->scope == SO_SCOPE_CONNECTION && trouble->reply != NULL
         && (trouble->reply->code == 421 || trouble->reply->code == 432
             || strcmp (trouble->cause, "throttled") == 0 || strcmp (trouble->cause, "busy") == 0);
}

/* Losing a connection that has served is nothing to conclude from, unless the server says why. */
static gboolean
was_refused (const SoRun *run)
{
  return so_run_is_throttled (run->trouble)
         && (run->accepted == 0 || strcmp (run->trouble->cause, "throttled") == 0);
}

gboolean
so_run_wait_for_workers (SoRun *run)
{
  if (run->workers == NULL || run->workers->len == 0)
    return FALSE;
  guint n = run->workers->len + 1, refused = was_refused (run) ? 1 : 0;
  GError *error = NULL;
  listen_to_all (run);
  for (guint i = 0; i < run->workers->len; i++)
    {
      const Worker *worker = g_ptr_array_index (run->workers, i);
      refused += take_summary (run, worker) ? 1 : 0;
      while (waitpid (worker->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    }
  /* None is started again in this pass. */
  g_ptr_array_set_size (run->workers, 0);
  if (refused > 0
      && !so_account_limit_connections (run->options->outbox, run->account_name,
                                        MAX (n - MIN (refused, n), 1), so_run_now (), &error))
    so_run_note_problem (run, error);
  run->at = 0;
  return TRUE;
}
