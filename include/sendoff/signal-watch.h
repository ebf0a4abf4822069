/*
 * signal-watch.h - SIGINT, SIGTERM and SIGHUP as a readable descriptor, while we wait.
 *
 * Between begin and end these signals neither end the program nor reach a handler: the
 * wait sees them, tidies up and fails with SO_ERROR_INTERRUPTED.  Signals that the
 * caller ignores (nohup) stay ignored.  Threads started meanwhile inherit the mask, so
 * that no helper thread of a library takes a later signal for us.
 */
#pragma once

#include <glib.h>
#include <signal.h>

typedef struct
{
  int fd; /* readable when a signal has come; -1 if there can be none */
  sigset_t before;
} SoSignalWatch;

/* also: one more signal to be withheld (SIGTSTP while the echo is off), 0 for none. */
void so_signal_watch_begin (SoSignalWatch *watch, int also);

/* The signal that came, 0 for none; never waits. */
int so_signal_watch_take (SoSignalWatch *watch);

void so_signal_watch_end (SoSignalWatch *watch);

/* The error for a signal that was taken. */
void so_signal_watch_error (GError **error);
