/*
 * backoff.c - exponential backoff; pure.
 */
#include "config.h"

#include "sendoff/backoff.h"

#define JITTER 0.2 /* of the wait, either way (DESIGN section 7) */

gint64
so_backoff_delay (guint attempts, guint initial, guint max, double random)
{
  gint64 wait = MAX (initial, 1), limit = MAX (max, initial);
  for (guint i = 1; i < attempts && wait < limit; i++)
    wait *= 2;
  wait = MIN (wait, MAX (limit, 1));

  double low = (double)wait * (1.0 - JITTER);
  double high = MIN ((double)wait * (1.0 + JITTER), (double)MAX (limit, 1));
  gint64 delay = (gint64)(low + (high - low) * CLAMP (random, 0.0, 1.0) + 0.5);
  return MAX (delay, 1);
}

static gint64
age (gint64 created, gint64 now)
{
  return MAX (now - created, 0);
}

gboolean
so_backoff_is_expired (guint expire, gint64 created, gint64 now)
{
  return age (created, now) >= (gint64)expire;
}

gint64
so_backoff_next (guint attempts, guint initial, guint max, guint expire, gint64 created, gint64 now,
                 double random)
{
  if (so_backoff_is_expired (expire, created, now))
    return -1;
  gint64 left = (gint64)expire - age (created, now);
  return now + MIN (so_backoff_delay (attempts, initial, max, random), left);
}

gint64
so_backoff_sane_due (gint64 due, guint max, gint64 now)
{
  return due - now > (gint64)max ? now + (gint64)max : due;
}
