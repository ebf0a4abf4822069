/*
 * interrupt.h - Ctrl-C and termination as something a session can wait for.
 *
 * Between begin and end, SIGINT, SIGTERM and SIGHUP do not kill the process but make
 * the descriptor readable; outside, they act as usual.
 */
#pragma once

#include <signal.h>

typedef struct
{
  int fd; /* -1 when the system gave none: then signals act as usual */
  sigset_t before;
} SoInterrupt;

void so_interrupt_begin (SoInterrupt *interrupt);

/* The signal that came, 0 for none. */
int so_interrupt_end (SoInterrupt *interrupt);
