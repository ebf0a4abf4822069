/*
 * interrupt.c - the three signals that end work, through signalfd().
 */
#include "config.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include "sendoff/interrupt.h"

void
so_interrupt_begin (SoInterrupt *interrupt)
{
  sigset_t wanted;
  sigemptyset (&wanted);
  sigaddset (&wanted, SIGINT);
  sigaddset (&wanted, SIGTERM);
  sigaddset (&wanted, SIGHUP);
  interrupt->fd = signalfd (-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
  if (interrupt->fd < 0)
    sigemptyset (&wanted);
  sigprocmask (SIG_BLOCK, &wanted, &interrupt->before);
}

int
so_interrupt_end (SoInterrupt *interrupt)
{
  int came = 0;
  struct signalfd_siginfo info;
  if (interrupt->fd >= 0 && read (interrupt->fd, &info, sizeof info) == (ssize_t) sizeof info)
    came = (int) info.ssi_signo;
  if (interrupt->fd >= 0)
    close (interrupt->fd);
  interrupt->fd = -1;
  sigprocmask (SIG_SETMASK, &interrupt->before, NULL);
  return came;
}
