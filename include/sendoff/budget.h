/*
 * budget.h - the sender's budget: so many messages and recipients in any 24 hours.
 *
 * What exceeds it waits, it is not refused: the provider would refuse it, and worse.
 * Times are seconds since 1970 UTC; the clock comes from the caller.
 */
#pragma once

#include <glib.h>

#define SO_BUDGET_WINDOW 86400 /* s */

/* One sending: usually one message, accepted for so many recipients. */
typedef struct
{
  gint64 when;
  guint messages;
  guint recipients;
} SoBudgetUse;

typedef struct
{
  guint messages;   /* in 24 hours; 0: no limit known */
  guint recipients; /* the same */
} SoBudgetLimits;

/* The earliest time, now or later, at which one more message with so many recipients keeps
 * within the limits.  uses: earliest first.  A message that is larger than the limit by
 * itself goes when nothing else has gone for 24 hours: the server has the last word.
 * A use in the future (the clock was set back) counts as one of now. */
gint64 so_budget_when (const SoBudgetUse *uses, gsize n_uses, const SoBudgetLimits *limits,
                       guint recipients, gint64 now);
