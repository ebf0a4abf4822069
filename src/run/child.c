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

typedef struct
{
  GMainLoop *loop;
  GCancellable *cancellable;
  GBytes *out, *err;
  gboolean done;
} Wait;

static void
communicated (GObject *source, GAsyncResult *async, gpointer data)
{
  Wait *wait = data;
  wait->done = g_subprocess_communicate_finish (G_SUBPROCESS (source), async, &wait->out,
                                                &wait->err, NULL);
  g_main_loop_quit (wait->loop);
}

static gboolean
time_is_up (gpointer data)
{
  Wait *wait = data;
  g_cancellable_cancel (wait->cancellable);
  return G_SOURCE_REMOVE;
}

static char *
text_of (GBytes *bytes)
{
  gsize size = 0;
  const char *data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;
  char *text = g_malloc0 (size + 1);
  if (size > 0)
    memcpy (text, data, size);
  g_clear_pointer (&bytes, g_bytes_unref);
  return text;
}

/* Its output, or FALSE when the time is up: then it is killed. */
static gboolean
wait_for (GSubprocess *process, guint timeout, SoChildResult *result)
{
  GMainContext *context = g_main_context_new ();
  g_main_context_push_thread_default (context);
  Wait wait = { .loop = g_main_loop_new (context, FALSE), .cancellable = g_cancellable_new () };
  GSource *limit = g_timeout_source_new_seconds (timeout);
  g_source_set_callback (limit, time_is_up, &wait, NULL);
  g_source_attach (limit, context);
  g_subprocess_communicate_async (process, NULL, wait.cancellable, communicated, &wait);
  g_main_loop_run (wait.loop);
  if (!wait.done)
    g_subprocess_force_exit (process);
  g_subprocess_wait (process, NULL, NULL);
  g_source_destroy (limit);
  g_source_unref (limit);
  g_main_loop_unref (wait.loop);
  g_object_unref (wait.cancellable);
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
  result->out = text_of (wait.out);
  result->err = text_of (wait.err);
  return wait.done;
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
  if (!wait_for (process, timeout, result))
    {
      so_error_set (error, SO_ERROR_TEMPORARY, _("try again in a moment"),
                    _("“%s” did not end within %u seconds"), argv[0], timeout);
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
