/*
 * signal-watch.c - signals taken through a signalfd: no handler, no global state.
 */
#include "config.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/signal-watch.h"

/* An ignored signal that is blocked would still be queued and be read here. */
static gboolean
is_ignored (int number)
{
  struct sigaction now;
  return sigaction (number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

void
so_signal_watch_begin (SoSignalWatch *watch, int also)
{
  const int wanted[] = { SIGINT, SIGTERM, SIGHUP, also };
  sigset_t set;
  sigemptyset (&set);
  for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++)
    if (wanted[i] != 0 && !is_ignored (wanted[i]))
      sigaddset (&set, wanted[i]);
  pthread_sigmask (SIG_BLOCK, &set, &watch->before);
  watch->fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (watch->fd < 0) /* better to die by the signal than to be deaf to it */
    pthread_sigmask (SIG_SETMASK, &watch->before, NULL);
}

int
so_signal_watch_take (SoSignalWatch *watch)
{
  struct signalfd_siginfo info;
  if (watch->fd < 0 || read (watch->fd, &info, sizeof info) != (ssize_t) sizeof info)
    return 0;
  return (int) info.ssi_signo;
}

void
so_signal_watch_end (SoSignalWatch *watch)
{
  if (watch->fd < 0)
    return;
  close (watch->fd);
  watch->fd = -1;
  pthread_sigmask (SIG_SETMASK, &watch->before, NULL);
}

void
so_signal_watch_error (GError **error)
{
  so_error_set (error, SO_ERROR_INTERRUPTED, NULL, _("interrupted"));
}
