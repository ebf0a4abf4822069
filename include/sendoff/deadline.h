/*
 * deadline.h - how long a session may take, and who may end it early.
 *
 * Two clocks: a phase may take `timeout`, and all waiting together twice that.  Time in
 * which a body makes good progress does not count.  A signal (through interrupt_fd)
 * ends every wait at once.
 */
#pragma once

#include <glib.h>

typedef struct
{
  gint64 phase_end_us;  /* monotonic */
  gint64 total_end_us;  /* monotonic */
  gint64 timeout_us;    /* length of a phase */
  int interrupt_fd;     /* readable when the work is to stop; -1 none */
} SoDeadline;

typedef enum { SO_WAIT_READY, SO_WAIT_TIMEOUT, SO_WAIT_INTERRUPTED, SO_WAIT_FAILED } SoWait;

void so_deadline_init (SoDeadline *deadline, guint timeout_s, int interrupt_fd);
void so_deadline_phase (SoDeadline *deadline); /* a phase starts now */
void so_deadline_renew (SoDeadline *deadline); /* a message is done: the total starts anew */
gint64 so_deadline_left_us (const SoDeadline *deadline);

/* Waits until fd is ready for events (poll.h); *revents may be NULL. */
SoWait so_deadline_wait (const SoDeadline *deadline, int fd, short events, short *revents);
