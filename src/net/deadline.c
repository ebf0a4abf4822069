/*
 * deadline.c - every wait of a session goes through here, so none is endless.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>

#include "sendoff/clock.h"
#include "sendoff/deadline.h"

void
so_deadline_init (SoDeadline *deadline, guint timeout_s, int interrupt_fd)
{
  deadline->timeout_us = (gint64) timeout_s * G_USEC_PER_SEC;
  deadline->interrupt_fd = interrupt_fd;
  deadline->grace_us = deadline->stopped_us = 0;
  so_deadline_renew (deadline);
}

void
so_deadline_phase (SoDeadline *deadline)
{
  so_deadline_phase_within (deadline, deadline->timeout_us);
}

void
so_deadline_phase_within (SoDeadline *deadline, gint64 limit_us)
{
  deadline->phase_end_us = so_clock_monotonic_us () + limit_us;
}

void
so_deadline_renew (SoDeadline *deadline)
{
  deadline->total_end_us = so_clock_monotonic_us () + 2 * deadline->timeout_us;
  so_deadline_phase (deadline);
}

void
so_deadline_credit (SoDeadline *deadline, gint64 since_us)
{
  deadline->total_end_us += so_clock_monotonic_us () - since_us;
  so_deadline_phase (deadline);
}

gint64
so_deadline_left_us (const SoDeadline *deadline)
{
  gint64 end = MIN (deadline->phase_end_us, deadline->total_end_us);
  if (deadline->stopped_us > 0)
    end = MIN (end, deadline->stopped_us + deadline->grace_us);
  return MAX (0, end - so_clock_monotonic_us ());
}

static int
poll_timeout_ms (gint64 left_us)
{
  return (int) MIN ((left_us + 999) / 1000, 3600 * 1000);
}

static gboolean
grace_is_over (const SoDeadline *deadline)
{
  return deadline->stopped_us > 0
         && so_clock_monotonic_us () >= deadline->stopped_us + deadline->grace_us;
}

SoWait
so_deadline_wait (SoDeadline *deadline, int fd, short events, short *revents)
{
  struct pollfd fds[2] = { { .fd = fd, .events = events }, { .events = POLLIN } };
  for (;;)
    {
      gint64 left = so_deadline_left_us (deadline);
      fds[1].fd = deadline->stopped_us == 0 ? deadline->interrupt_fd : -1;
      fds[1].revents = 0;
      int ready = poll (fds, 2, poll_timeout_ms (left));
      if (ready < 0 && errno != EINTR)
        return SO_WAIT_FAILED;
      if (ready > 0 && fds[1].revents != 0)
        deadline->stopped_us = so_clock_monotonic_us ();
      if (grace_is_over (deadline))
        return SO_WAIT_INTERRUPTED;
      if (ready > 0 && fds[0].revents != 0)
        {
          if (revents != NULL)
            *revents = fds[0].revents;
          return SO_WAIT_READY;
        }
      if (left == 0)
        return SO_WAIT_TIMEOUT;
    }
}
