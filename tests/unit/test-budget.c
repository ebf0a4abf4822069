/*
 * test-budget.c - the sliding window of 24 hours.
 */
#include "sendoff/budget.h"

#define DAY SO_BUDGET_WINDOW

static const SoBudgetUse uses[] = {
  { 1000, 1, 5 },
  { 2000, 1, 10 },
  { 3000, 1, 1 },
};

static gint64
when (gsize n, guint messages, guint recipients, guint more, gint64 now)
{
  SoBudgetLimits limits = { messages, recipients };
  return so_budget_when (uses, n, &limits, more, now);
}

static void
test_room (void)
{
  g_assert_cmpint (when (0, 1, 1, 1, 4000), ==, 4000);
  g_assert_cmpint (when (3, 4, 0, 1, 4000), ==, 4000);
  g_assert_cmpint (when (3, 0, 20, 4, 4000), ==, 4000);
  g_assert_cmpint (when (3, 0, 0, 100000, 4000), ==, 4000);
}

static void
test_waits (void)
{
  g_assert_cmpint (when (3, 3, 0, 1, 4000), ==, 1000 + DAY);
  g_assert_cmpint (when (3, 2, 0, 1, 4000), ==, 2000 + DAY);
  g_assert_cmpint (when (3, 0, 20, 5, 4000), ==, 1000 + DAY);
  g_assert_cmpint (when (3, 0, 20, 10, 4000), ==, 2000 + DAY);
  /* the tighter of the two */
  g_assert_cmpint (when (3, 3, 20, 10, 4000), ==, 2000 + DAY);
}

static void
test_window_slides (void)
{
  g_assert_cmpint (when (3, 3, 0, 1, 1000 + DAY - 1), ==, 1000 + DAY);
  g_assert_cmpint (when (3, 3, 0, 1, 1000 + DAY), ==, 1000 + DAY);
  g_assert_cmpint (when (3, 1, 0, 1, 9000 + DAY), ==, 9000 + DAY);
}

static void
test_larger_than_limit (void)
{
  g_assert_cmpint (when (3, 0, 20, 21, 4000), ==, 3000 + DAY);
  g_assert_cmpint (when (0, 0, 20, 21, 4000), ==, 4000);
}

static void
test_clock_set_back (void)
{
  g_assert_cmpint (when (3, 1, 0, 1, 500), ==, 500 + DAY);
}

/* Against the definition: at the time given there is room, a second before there is not. */
static gboolean
has_room (const SoBudgetUse *used, gsize n, const SoBudgetLimits *limits, guint more, gint64 at)
{
  guint64 messages = 1, recipients = more;
  for (gsize i = 0; i < n; i++)
    if (used[i].when + DAY > at)
      {
        messages += used[i].messages;
        recipients += used[i].recipients;
      }
  return (limits->messages == 0 || messages <= limits->messages)
         && (limits->recipients == 0 || recipients <= limits->recipients);
}

static void
test_random (void)
{
  for (int round = 0; round < 20000; round++)
    {
      SoBudgetUse used[8];
      gsize n = (gsize)g_test_rand_int_range (0, 9);
      gint64 at = 0;
      for (gsize i = 0; i < n; i++)
        {
          at += g_test_rand_int_range (0, 30000);
          used[i] = (SoBudgetUse){ at, 1, (guint)g_test_rand_int_range (0, 6) };
        }
      SoBudgetLimits limits
          = { (guint)g_test_rand_int_range (0, 6), (guint)g_test_rand_int_range (6, 12) };
      guint more = (guint)g_test_rand_int_range (1, 6);
      gint64 now = at + g_test_rand_int_range (0, 90000);
      gint64 then = so_budget_when (used, n, &limits, more, now);
      g_assert_cmpint (then, >=, now);
      g_assert_true (has_room (used, n, &limits, more, then));
      if (then > now)
        g_assert_false (has_room (used, n, &limits, more, then - 1));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/budget/room", test_room);
  g_test_add_func ("/budget/waits", test_waits);
  g_test_add_func ("/budget/window-slides", test_window_slides);
  g_test_add_func ("/budget/larger-than-limit", test_larger_than_limit);
  g_test_add_func ("/budget/clock-set-back", test_clock_set_back);
  g_test_add_func ("/budget/random", test_random);
  return g_test_run ();
}
