/*
 * interrupt.c - the three signals that end work, through signalfd().
 */
#include "config.h"

#include <poll.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "sendoff/interrupt.h"

/* One that is ignored would be queued all the same once it is blocked. */
static int
is_ignored (int number)
{
  struct sigaction now;
  return sigaction (number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

void
so_interrupt_begin (SoInterrupt *interrupt)
{
  static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
  sigset_t wanted;
  sigemptyset (&wanted);
  for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (!is_ignored (numbers[i]))
      sigaddset (&wanted, numbers[i]);
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
  so_interrupt_release (interrupt);
  return came;
}

void
so_interrupt_release (SoInterrupt *interrupt)
{
  if (interrupt->fd >= 0)
    close (interrupt->fd);
  interrupt->fd = -1;
  fflush (stdout); /* it may end here */
  sigprocmask (SIG_SETMASK, &interrupt->before, NULL);
}

int
so_interrupt_has_come (int fd)
{
  struct pollfd look = { .fd = fd, .events = POLLIN };
  return fd >= 0 && poll (&look, 1, 0) > 0;
}

void
so_interrupt_raise (int number)
{
  fflush (stdout);
  raise (number);
}
