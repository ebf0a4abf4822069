/*
 * child.c - a subprocess of GIO under a time limit.
 *
 * It runs in a main context of its own, so that nothing else is dispatched meanwhile.
 */
#include "config.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sendoff/child.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/session-bus.h"
#include "sendoff/text.h"

void
so_child_result_clear (SoChildResult *result)
{
  g_clear_pointer (&result->out, g_free);
  g_clear_pointer (&result->err, g_free);
}

/* A descriptor to read the input from, -1: none could be made.  A file rather than a pipe:
 * a program that ends without having read all breaks no pipe, so that what it says is heard. */
static int
input_descriptor (const char *input)
{
  size_t left = strlen (input);
  int fd = memfd_create ("input", MFD_CLOEXEC);
  while (fd >= 0 && left > 0)
    {
      ssize_t written = write (fd, input, left);
      if (written < 0)
        {
          close (fd);
          return -1;
        }
      input += written;
      left -= (size_t)written;
    }
  if (fd >= 0)
    lseek (fd, 0, SEEK_SET);
  return fd;
}

/* Under cron nothing names the user's bus, and systemctl does not look for it.
 * stdin_fd is owned by the launcher then; -1: nothing to read. */
static GSubprocessLauncher *
new_launcher (int stdin_fd)
{
  GSubprocessLauncher *launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE
                                                             | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  if (stdin_fd >= 0)
    g_subprocess_launcher_take_stdin_fd (launcher, stdin_fd);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C", TRUE);
  g_subprocess_launcher_setenv (launcher, "TZ", "UTC", TRUE);
  g_autofree char *bus = so_session_bus_address ();
  if (*bus != '\0')
    g_subprocess_launcher_setenv (launcher, "DBUS_SESSION_BUS_ADDRESS", bus, TRUE);
  return launcher;
}

typedef struct Wait Wait;

typedef struct
{
  Wait *wait;
  GString *text;
  char piece[4096];
} Stream;

struct Wait
{
  GMainLoop *loop;
  GCancellable *cancellable;
  Stream out, err;
  guint open; /* both streams, and the process itself */
  gboolean late, too_much;
};

static void
give_up (Wait *wait)
{
  g_cancellable_cancel (wait->cancellable);
}

static void
close_one (Wait *wait)
{
  if (--wait->open == 0)
    g_main_loop_quit (wait->loop);
}

static void read_on (GInputStream *input, Stream *stream);

/* An answer that was cut short would be a wrong one (a crontab), so that is an error. */
static void
have_read (GObject *source, GAsyncResult *async, gpointer data)
{
  Stream *stream = data;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), async, NULL);
  if (n > 0)
    g_string_append_len (stream->text, stream->piece, n);
  if (stream->text->len > SO_CHILD_SAYS_MAX && !stream->wait->too_much)
    {
      stream->wait->too_much = TRUE;
      give_up (stream->wait);
    }
  if (n > 0 && !stream->wait->too_much)
    read_on (G_INPUT_STREAM (source), stream);
  else
    close_one (stream->wait);
}

static void
read_on (GInputStream *input, Stream *stream)
{
  g_input_stream_read_async (input, stream->piece, sizeof stream->piece, G_PRIORITY_DEFAULT,
                             stream->wait->cancellable, have_read, stream);
}

static void
has_ended (GObject *source, GAsyncResult *async, gpointer data)
{
  g_subprocess_wait_finish (G_SUBPROCESS (source), async, NULL);
  close_one (data);
}

static gboolean
time_is_up (gpointer data)
{
  Wait *wait = data;
  wait->late = TRUE;
  give_up (wait);
  return G_SOURCE_REMOVE;
}

static void
run_loop (GSubprocess *process, guint timeout, GMainContext *context, Wait *wait)
{
  GSource *limit = g_timeout_source_new_seconds (timeout);
  g_source_set_callback (limit, time_is_up, wait, NULL);
  g_source_attach (limit, context);
  read_on (g_subprocess_get_stdout_pipe (process), &wait->out);
  read_on (g_subprocess_get_stderr_pipe (process), &wait->err);
  g_subprocess_wait_async (process, wait->cancellable, has_ended, wait);
  g_main_loop_run (wait->loop);
  g_source_destroy (limit);
  g_source_unref (limit);
}

/* Its output, or FALSE when the time is up or it has said too much: then it is killed. */
static gboolean
wait_for (GSubprocess *process, guint timeout, SoChildResult *result, gboolean *too_much)
{
  GMainContext *context = g_main_context_new ();
  g_main_context_push_thread_default (context);
  Wait wait = { .loop = g_main_loop_new (context, FALSE),
                .cancellable = g_cancellable_new (),
                .out = { &wait, g_string_new (NULL), "" },
                .err = { &wait, g_string_new (NULL), "" },
                .open = 3 };
  run_loop (process, timeout, context, &wait);
  gboolean done = !wait.late && !wait.too_much;
  if (!done)
    g_subprocess_force_exit (process);
  g_subprocess_wait (process, NULL, NULL);
  g_main_loop_unref (wait.loop);
  g_object_unref (wait.cancellable);
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
  result->out = g_string_free (wait.out.text, FALSE);
  result->err = g_string_free (wait.err.text, FALSE);
  *too_much = wait.too_much;
  return done;
}

static void
fail (const char *program, guint timeout, gboolean too_much, GError **error)
{
  if (too_much)
    so_error_set (error, SO_ERROR_TEMPORARY, _ ("run the command by hand and see"),
                  _ ("“%s” was stopped: it wrote more than %u KB"), program,
                  SO_CHILD_SAYS_MAX / 1024);
  else
    so_error_set (error, SO_ERROR_TEMPORARY, _ ("try again in a moment"),
                  _ ("“%s” did not end within %u seconds"), program, timeout);
}

gboolean
so_child_run (const char *const *argv, const char *input, guint timeout, SoChildResult *result,
              GError **error)
{
  *result = (SoChildResult){ .status = 0 };
  int stdin_fd = -1;
  if (input != NULL && (stdin_fd = input_descriptor (input)) < 0)
    {
      so_error_set (error, SO_ERROR_TEMPORARY, "", _("“%s” cannot be started"), argv[0]);
      return FALSE;
    }
  g_autoptr (GSubprocessLauncher) launcher = new_launcher (stdin_fd);
  g_autoptr (GError) problem = NULL;
  g_autoptr (GSubprocess) process = g_subprocess_launcher_spawnv (launcher, argv, &problem);
  if (process == NULL)
    {
      gboolean missing = g_error_matches (problem, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
      so_error_set (error, missing ? SO_ERROR_NO_INPUT : SO_ERROR_TEMPORARY, "",
                    missing ? _("there is no program “%s” here") : _("“%s” cannot be started"),
                    argv[0]);
      return FALSE;
    }
  gboolean too_much = FALSE;
  if (!wait_for (process, timeout, result, &too_much))
    {
      fail (argv[0], timeout, too_much, error);
      return FALSE;
    }
  result->status = g_subprocess_get_if_exited (process) ? g_subprocess_get_exit_status (process)
                                                        : 128 + g_subprocess_get_term_sig (process);
  return TRUE;
}

char *
so_child_last_words (const SoChildResult *result)
{
  g_autofree char *text = g_strchomp (g_strdup (result->err != NULL ? result->err : ""));
  const char *line = strrchr (text, '\n');
  return so_text_sanitise (line != NULL ? line + 1 : text, -1, 200);
}
