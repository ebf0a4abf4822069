/*
 * deadline.h - how long a session may take, and who may end it early.
 *
 * Two clocks: a phase may take `timeout`, and all waiting together twice that.  Time in
 * which a body makes good progress does not count.  A signal (through interrupt_fd)
 * ends every wait at once, or after the grace that is set for this one.
 */
#pragma once

#include <glib.h>

typedef struct
{
  gint64 phase_end_us;  /* monotonic */
  gint64 total_end_us;  /* monotonic */
  gint64 timeout_us;    /* length of a phase */
  int interrupt_fd;     /* readable when the work is to stop; -1 none */
  gint64 grace_us;      /* how long a wait goes on after that; usually 0 */
  gint64 stopped_us;    /* monotonic: when it was found readable; 0 not yet */
} SoDeadline;

/* The limits above are RFC 5321 4.5.3.2's: 5 minutes for most phases, 10 for the last. */
#define SO_TIMEOUT_PERSON 60  /* seconds a phase while somebody watches; ours */
#define SO_TIMEOUT_QUEUE 300  /* seconds a phase in the background; RFC 5321 4.5.3.2 */
#define SO_TIMEOUT_MAX 600

typedef enum { SO_WAIT_READY, SO_WAIT_TIMEOUT, SO_WAIT_INTERRUPTED, SO_WAIT_FAILED } SoWait;

void so_deadline_init (SoDeadline *deadline, guint timeout_s, int interrupt_fd);
void so_deadline_phase (SoDeadline *deadline); /* a phase starts now */
void so_deadline_phase_within (SoDeadline *deadline, gint64 limit_us); /* a shorter one */
void so_deadline_credit (SoDeadline *deadline, gint64 since_us); /* progress was made since then */
void so_deadline_renew (SoDeadline *deadline); /* a message is done: the total starts anew */
gint64 so_deadline_left_us (const SoDeadline *deadline);

/* Waits until fd is ready for events (poll.h); *revents may be NULL. */
SoWait so_deadline_wait (SoDeadline *deadline, int fd, short events, short *revents);
