/*
 * backoff.h - when to try again: doubling waits with jitter, and an end to it.
 *
 * Times are seconds since 1970 UTC, waits are seconds.  Clock and chance come from the
 * caller.
 */
#pragma once

#include <glib.h>

/* The wait after `attempts` failed ones (1 is the first): initial, doubling, never more than
 * max.  random (0..1) moves it by ±20 %; where that would pass max, between -20 % and max. */
gint64 so_backoff_delay (guint attempts, guint initial, guint max, double random);

/* When to try next, the last time at the very end of its life; -1 when that is over.
 * created in the future (the clock was set back) counts as now. */
gint64 so_backoff_next (guint attempts, guint initial, guint max, guint expire, gint64 created,
                        gint64 now, double random);

gboolean so_backoff_is_expired (guint expire, gint64 created, gint64 now);

/* due, unless it is further away than any wait can be: then the clock was set back since,
 * and now + max is right. */
gint64 so_backoff_sane_due (gint64 due, guint max, gint64 now);
