/*
 * clock.h - the two clocks, and the dates that mail and people read.
 */
#pragma once

#include <glib.h>

gint64 so_clock_monotonic_us (void); /* µs, never set back: deadlines, timeline */
gint64 so_clock_wall_us (void);      /* µs since 1970-01-01 UTC: dates, due times */

/* "Wed, 25 Nov 2026 04:16:04 +0900" (RFC 5322 3.3, local zone); owned by the caller. */
char *so_clock_rfc5322 (gint64 wall_us);

/* "2026-11-25T04:16:04Z" (RFC 3339, UTC); owned by the caller. */
char *so_clock_rfc3339 (gint64 wall_us);
