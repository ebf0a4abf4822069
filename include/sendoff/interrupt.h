/*
 * interrupt.h - Ctrl-C and termination as something a session can wait for.
 *
 * Between begin and end, SIGINT, SIGTERM and SIGHUP do not kill the process but make
 * the descriptor readable; outside, they act as usual.  A signal that the caller ignores
 * (nohup) stays ignored.  They nest: the inner one only looks and releases, the outer one
 * takes the signal.  Threads that libraries start meanwhile inherit the mask.
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

/* Ends without taking the signal: one that came acts as usual now, after the caller has
 * tidied up, or is seen by the outer one. */
void so_interrupt_release (SoInterrupt *interrupt);

/* One has come, and is not taken yet; fd: as above. */
int so_interrupt_has_come (int fd);

/* Ends the process by the signal that came; what it has said stands on its outputs. */
void so_interrupt_raise (int number);
