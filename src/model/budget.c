/*
 * budget.c - a sliding window over what was sent; pure.
 */
#include "config.h"

#include "sendoff/budget.h"

typedef struct
{
  guint64 messages, recipients;
} Sum;

/* When a use no longer counts. */
static gint64
release_time (const SoBudgetUse *use, gint64 now)
{
  return MIN (use->when, now) + SO_BUDGET_WINDOW;
}

static gboolean
exceeds (guint64 used, guint64 more, guint limit)
{
  return limit != 0 && used + more > limit;
}

gint64
so_budget_when (const SoBudgetUse *uses, gsize n_uses, const SoBudgetLimits *limits,
                guint recipients, gint64 now)
{
  Sum sum = { 0, 0 };
  gsize first = 0;
  while (first < n_uses && release_time (&uses[first], now) <= now)
    first++;
  for (gsize i = first; i < n_uses; i++)
    {
      sum.messages += uses[i].messages;
      sum.recipients += uses[i].recipients;
    }

  /* Let the oldest go one by one until there is room. */
  gint64 when = now;
  for (; first < n_uses
         && (exceeds (sum.messages, 1, limits->messages)
             || exceeds (sum.recipients, recipients, limits->recipients));
       first++)
    {
      sum.messages -= uses[first].messages;
      sum.recipients -= uses[first].recipients;
      when = release_time (&uses[first], now);
    }
  return when;
}
