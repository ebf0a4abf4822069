/*
 * watch.h - stay, and call for a pass whenever one is worth it.
 *
 * That is when something is put into the outbox or released, when an account's hold ends, when
 * the network comes back, when something is due, and after the clock was set.  In between
 * nothing wakes up.
 */
#pragma once

#include "sendoff/outbox.h"

typedef enum
{
  SO_WATCH_START,
  SO_WATCH_DUE,    /* the time that was asked for has come, or the clock was set */
  SO_WATCH_CHANGE, /* something in the outbox */
  SO_WATCH_NETWORK /* the network is there (again, or in another way) */
} SoWatchReason;

typedef struct
{
  SoOutbox *outbox;
  int interrupt_fd; /* readable: end */
  /* Makes a pass and says when the next is due (s since 1970 UTC, G_MAXINT64: never). */
  gint64 (*pass) (gpointer data, SoWatchReason reason);
  gpointer data;
} SoWatchOptions;

/* Returns when interrupt_fd is readable, or FALSE with error if it cannot watch.  Tells a service
 * manager (NOTIFY_SOCKET) when it is ready and when it stops. */
gboolean so_watch (const SoWatchOptions *options, GError **error);
