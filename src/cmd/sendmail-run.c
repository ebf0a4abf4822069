/*
 * sendmail-run.c - sendoff-main as a child: while we wait, or on its own.
 *
 * A child on its own has none of our descriptors and is in a session of its own, so that neither
 * a caller that waits for the end of a pipe nor one that is killed with its terminal has a hold
 * on it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sendmail.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/program.h"

static GPtrArray *
command_line (const SoSendmailOptions *options, const char *const *words)
{
  GPtrArray *argv = g_ptr_array_new ();
  g_ptr_array_add (argv, (gpointer) "sendoff");
  if (options->config_path != NULL)
    {
      g_ptr_array_add (argv, (gpointer) "--config");
      g_ptr_array_add (argv, (gpointer)options->config_path);
    }
  for (; *words != NULL; words++)
    g_ptr_array_add (argv, (gpointer)*words);
  g_ptr_array_add (argv, NULL);
  return argv;
}

/* In the child. */
static void
stand_alone (void)
{
  setsid ();
  setpriority (PRIO_PROCESS, 0, 10); /* callers come first */
  int null = open ("/dev/null", O_RDWR);
  for (int fd = 0; fd <= 2; fd++)
    dup2 (null, fd);
  close_range (3, ~0U, 0);
}

static pid_t
start (const char *program, const GPtrArray *argv, gboolean alone)
{
  pid_t pid = fork ();
  if (pid != 0)
    return pid;
  if (alone)
    stand_alone ();
  execv (program, (char **)argv->pdata);
  _exit (SO_ERROR_BUG);
}

static int
wait_for (pid_t pid)
{
  int status;
  while (waitpid (pid, &status, 0) < 0)
    if (errno != EINTR)
      return SO_ERROR_BUG;
  return WIFEXITED (status) ? WEXITSTATUS (status) : SO_ERROR_TEMPORARY;
}

int
so_sendmail_run_main (const SoSendmailOptions *options, gboolean background,
                      const char *const *words, GError **error)
{
  g_autofree char *program = so_program_path ("sendoff-main");
  g_autoptr (GPtrArray) argv = command_line (options, words);
  fflush (NULL);
  pid_t pid = start (program, argv, background);
  if (pid < 0)
    {
      so_error_set (error, SO_ERROR_TEMPORARY, _ ("try again later"), _ ("%s cannot be run: %s"),
                    program, g_strerror (errno));
      return 0;
    }
  return background ? 0 : wait_for (pid);
}
