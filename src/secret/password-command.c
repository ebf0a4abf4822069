/*
 * password-command.c - a child process under watch.
 *
 * Four things can happen and all are waited for at once: output, a word on stderr, the
 * exit, a signal to us.  The exit ends the wait even if a daemon the command has started
 * (gpg-agent) keeps the pipes open.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sendoff/credential.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/interrupt.h"
#include "sendoff/password-command.h"
#include "sendoff/text.h"

#define SAID_MAX 2048

typedef struct
{
  GMainContext *context;
  GMainLoop *loop;
  SoInterrupt interrupt;
  GPid pid;
  int out_fd, err_fd;
  char *out; /* SO_CREDENTIAL_MAX octets, wiped */
  gsize out_length;
  char said[SAID_MAX]; /* the end of its stderr */
  gsize said_length;
  int wait_status;
  gboolean exited, timed_out, interrupted, overflowed;
} Run;

/* In the child, before exec: only async-signal-safe calls. */
static void
prepare_child (gpointer data)
{
  const Run *run = data;
  setsid ();
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  signal (SIGPIPE, SIG_DFL);
  sigprocmask (SIG_SETMASK, &run->interrupt.before, NULL);
}

/* FALSE at the end of the stream. */
static gboolean
drain_output (Run *run)
{
  for (;;)
    {
      if (run->out_length == SO_CREDENTIAL_MAX)
        {
          run->overflowed = TRUE;
          g_main_loop_quit (run->loop);
          return FALSE;
        }
      ssize_t n = read (run->out_fd, run->out + run->out_length,
                        SO_CREDENTIAL_MAX - run->out_length);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return n < 0 && errno == EAGAIN;
      run->out_length += (gsize) n;
    }
}

static gboolean
drain_said (Run *run)
{
  for (;;)
    {
      if (run->said_length == SAID_MAX) /* keep the later half */
        {
          memmove (run->said, run->said + SAID_MAX / 2, SAID_MAX / 2);
          run->said_length = SAID_MAX / 2;
        }
      ssize_t n = read (run->err_fd, run->said + run->said_length, SAID_MAX - run->said_length);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return n < 0 && errno == EAGAIN;
      run->said_length += (gsize) n;
    }
}

static gboolean
output_ready (gint fd, GIOCondition condition, gpointer data)
{
  (void) fd;
  (void) condition;
  return drain_output (data);
}

static gboolean
said_ready (gint fd, GIOCondition condition, gpointer data)
{
  (void) fd;
  (void) condition;
  return drain_said (data);
}

static void
child_exited (GPid pid, gint wait_status, gpointer data)
{
  (void) pid;
  Run *run = data;
  run->exited = TRUE;
  run->wait_status = wait_status;
  g_main_loop_quit (run->loop);
}

static gboolean
time_is_up (gpointer data)
{
  Run *run = data;
  run->timed_out = TRUE;
  g_main_loop_quit (run->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
signal_arrived (gint fd, GIOCondition condition, gpointer data)
{
  (void) fd;
  (void) condition;
  Run *run = data;
  run->interrupted = TRUE;
  g_main_loop_quit (run->loop);
  return G_SOURCE_REMOVE;
}

/* Takes the source; data is the Run. */
static void
attach (Run *run, GSource *source, GSourceFunc function)
{
  g_source_set_callback (source, function, run, NULL);
  g_source_attach (source, run->context);
  g_source_unref (source);
}

static void
watch (Run *run, guint timeout)
{
  attach (run, g_child_watch_source_new (run->pid), G_SOURCE_FUNC (child_exited));
  attach (run, g_unix_fd_source_new (run->out_fd, G_IO_IN | G_IO_HUP),
          G_SOURCE_FUNC (output_ready));
  attach (run, g_unix_fd_source_new (run->err_fd, G_IO_IN | G_IO_HUP), G_SOURCE_FUNC (said_ready));
  attach (run, g_timeout_source_new_seconds (timeout), time_is_up);
  if (run->interrupt.fd >= 0)
    attach (run, g_unix_fd_source_new (run->interrupt.fd, G_IO_IN), G_SOURCE_FUNC (signal_arrived));
}

static void
kill_and_reap (Run *run)
{
  kill (-run->pid, SIGKILL);
  while (waitpid (run->pid, NULL, 0) < 0 && errno == EINTR)
    ;
}

static gboolean
start (Run *run, const char *command, GError **error)
{
  const char *remedy = _("correct password-command in the configuration");
  g_autoptr (GError) problem = NULL;
  g_auto (GStrv) argv = NULL;
  if (!g_shell_parse_argv (command, NULL, &argv, &problem))
    {
      so_error_set (error, SO_ERROR_CONFIG, remedy, _("password-command: its quotes do not match"));
      return FALSE;
    }
  if (!g_spawn_async_with_pipes (NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
                                 prepare_child, run, &run->pid, NULL, &run->out_fd, &run->err_fd,
                                 &problem))
    {
      g_autofree char *name = so_text_sanitise (argv[0], -1, 100);
      so_error_set (error, SO_ERROR_CREDENTIALS, remedy, _("password-command: cannot run “%s”"),
                    name);
      return FALSE;
    }
  g_unix_set_fd_nonblocking (run->out_fd, TRUE, NULL);
  g_unix_set_fd_nonblocking (run->err_fd, TRUE, NULL);
  return TRUE;
}

/* Its last line on stderr, unless that repeats what it printed on stdout. */
static char *
last_words (const Run *run)
{
  const char *first_end = memchr (run->out, '\n', run->out_length);
  gsize first = first_end != NULL ? (gsize) (first_end - run->out) : run->out_length;
  if (first > 0 && memmem (run->said, run->said_length, run->out, first) != NULL)
    return g_strdup ("");
  gsize end = run->said_length;
  while (end > 0 && g_ascii_isspace (run->said[end - 1]))
    end--;
  const char *before = memrchr (run->said, '\n', end);
  gsize begin = before != NULL ? (gsize) (before + 1 - run->said) : 0;
  return so_text_sanitise (run->said + begin, (gssize) (end - begin), 200);
}

static void
explain_exit (const Run *run, GError **error)
{
  g_autofree char *said = last_words (run);
  const char *colon = *said != '\0' ? ": " : "";
  const char *remedy = _("run the command by hand and see");
  if (WIFSIGNALED (run->wait_status))
    so_error_set (error, SO_ERROR_CREDENTIALS, remedy, _("password-command died of signal %d%s%s"),
                  WTERMSIG (run->wait_status), colon, said);
  else
    so_error_set (error,
                  WEXITSTATUS (run->wait_status) == SO_ERROR_TEMPORARY ? SO_ERROR_TEMPORARY
                                                                       : SO_ERROR_CREDENTIALS,
                  remedy, _("password-command failed with status %d%s%s"),
                  WEXITSTATUS (run->wait_status), colon, said);
}

static SoSecret *
conclude (Run *run, guint timeout, GError **error)
{
  if (run->interrupted)
    so_error_set (error, SO_ERROR_INTERRUPTED, NULL, _("interrupted"));
  else if (run->timed_out)
    so_error_set (error, SO_ERROR_TEMPORARY,
                  _("it must print the password without asking; run it by hand and see"),
                  P_("password-command did not end within %u second",
                     "password-command did not end within %u seconds", timeout),
                  timeout);
  else if (run->overflowed)
    so_error_set (error, SO_ERROR_CREDENTIALS, _("it must print the password on its first line"),
                  _("password-command printed more than %d KiB"), SO_CREDENTIAL_MAX / 1024);
  else if (run->wait_status != 0)
    explain_exit (run, error);
  else
    return so_credential_first_line (run->out, run->out_length, "password-command",
                                     SO_ERROR_CREDENTIALS, error);
  return NULL;
}

SoSecret *
so_password_command_run (const char *command, guint timeout, GError **error)
{
  Run run = { .out_fd = -1, .err_fd = -1 };
  so_interrupt_begin (&run.interrupt);
  SoSecret *secret = NULL;
  if (start (&run, command, error))
    {
      run.context = g_main_context_new ();
      run.loop = g_main_loop_new (run.context, FALSE);
      run.out = g_malloc (SO_CREDENTIAL_MAX);
      watch (&run, timeout);
      g_main_loop_run (run.loop);
      if (run.exited)
        drain_output (&run), drain_said (&run);
      else
        kill_and_reap (&run);
      secret = conclude (&run, timeout, error);
      g_main_loop_unref (run.loop);
      g_main_context_unref (run.context);
      close (run.out_fd);
      close (run.err_fd);
      so_secret_wipe (run.out, SO_CREDENTIAL_MAX);
      g_free (run.out);
      so_secret_wipe (run.said, sizeof run.said);
    }
  so_interrupt_release (&run.interrupt);
  return secret;
}
