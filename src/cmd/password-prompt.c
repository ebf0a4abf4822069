/*
 * password-prompt.c - one line from standard input with the echo off.
 *
 * Ctrl-Z is ignored meanwhile: a shell that takes over and later comes back would leave
 * the echo on.  What was typed ahead is dropped with the change of mode, for it would
 * have been shown.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "sendoff/credential.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/interrupt.h"
#include "sendoff/password-prompt.h"

/* FALSE when a signal came first. */
static gboolean
wait_for_line (const SoInterrupt *interrupt)
{
  struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
                          { .fd = interrupt->fd, .events = POLLIN } };
  while (poll (fds, G_N_ELEMENTS (fds), -1) < 0)
    if (errno != EINTR)
      return FALSE;
  return fds[1].revents == 0;
}

static SoSecret *
read_hidden (const SoInterrupt *interrupt, GError **error)
{
  if (!wait_for_line (interrupt))
    {
      so_error_set (error, SO_ERROR_INTERRUPTED, NULL, _("interrupted"));
      return NULL;
    }
  return so_credential_read (STDIN_FILENO, _("terminal"), SO_ERROR_DATA, error);
}

/* The echo is off before the question stands there. */
static SoSecret *
ask_hidden (const char *question, const struct termios *shown, const SoInterrupt *interrupt,
            GError **error)
{
  struct termios hidden = *shown;
  hidden.c_lflag &= ~(tcflag_t) ECHO;
  hidden.c_lflag |= ICANON | ISIG | ECHONL;
  SoSecret *secret = NULL;
  if (tcsetattr (STDIN_FILENO, TCSAFLUSH, &hidden) == 0)
    {
      fputs (question, stderr);
      fflush (stderr);
      secret = read_hidden (interrupt, error);
      tcsetattr (STDIN_FILENO, TCSAFLUSH, shown);
    }
  else
    so_error_set (error, SO_ERROR_IO, NULL, _("cannot switch the terminal's echo off: %s"),
                  g_strerror (errno));
  return secret;
}

SoSecret *
so_password_prompt (const char *question, GError **error)
{
  struct termios shown;
  if (tcgetattr (STDIN_FILENO, &shown) != 0)
    {
      so_error_set (error, SO_ERROR_USAGE, NULL, _("standard input is no terminal"));
      return NULL;
    }
  SoInterrupt interrupt;
  struct sigaction stop, ignore = { .sa_handler = SIG_IGN };
  so_interrupt_begin (&interrupt);
  sigaction (SIGTSTP, &ignore, &stop);
  SoSecret *secret = ask_hidden (question, &shown, &interrupt, error);
  sigaction (SIGTSTP, &stop, NULL);
  so_interrupt_release (&interrupt);
  return secret;
}
