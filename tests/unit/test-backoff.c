/*
 * test-backoff.c - waits double, keep within their bounds, and come to an end.
 */
#include "sendoff/backoff.h"

static void
test_doubles (void)
{
  static const gint64 want[] = { 60, 60, 120, 240, 480, 960, 1920 };
  for (guint attempts = 0; attempts < G_N_ELEMENTS (want); attempts++)
    g_assert_cmpint (so_backoff_delay (attempts, 60, 3600, 0.5), ==, want[attempts]);
}

/* ±20 %, but never over max; and jitter also at max. */
static void
test_bounds (void)
{
  for (guint attempts = 1; attempts < 40; attempts++)
    for (double random = 0.0; random <= 1.0; random += 0.125)
      {
        double base = MIN (60.0 * (double)(1ull << (attempts - 1)), 3600.0);
        gint64 delay = so_backoff_delay (attempts, 60, 3600, random);
        g_assert_cmpint (delay, >=, (gint64)(base * 0.8));
        g_assert_cmpint (delay, <=, (gint64)MIN (base * 1.2 + 0.5, 3600.0));
      }
  g_assert_cmpint (so_backoff_delay (30, 60, 3600, 0.0), ==, 2880);
  g_assert_cmpint (so_backoff_delay (30, 60, 3600, 1.0), ==, 3600);
  g_assert_cmpint (so_backoff_delay (1, 60, 3600, 0.0), ==, 48);
  g_assert_cmpint (so_backoff_delay (1, 60, 3600, 1.0), ==, 72);
}

static void
test_extremes (void)
{
  g_assert_cmpint (so_backoff_delay (1, 0, 0, 0.0), ==, 1);
  g_assert_cmpint (so_backoff_delay (G_MAXUINT, 1, G_MAXUINT, 1.0), ==, G_MAXUINT);
  g_assert_cmpint (so_backoff_delay (3, 60, 10, 0.5), >=, 48);
  g_assert_cmpint (so_backoff_delay (1, 60, 3600, -9.0), ==, 48);
  g_assert_cmpint (so_backoff_delay (1, 60, 3600, 9.0), ==, 72);
}

static void
test_next (void)
{
  g_assert_cmpint (so_backoff_next (1, 60, 3600, 1000, 5000, 5000, 0.5), ==, 5060);
  /* the last try at the end of its life */
  g_assert_cmpint (so_backoff_next (9, 60, 3600, 1000, 5000, 5990, 0.5), ==, 6000);
  g_assert_cmpint (so_backoff_next (9, 60, 3600, 1000, 5000, 6000, 0.5), ==, -1);
  /* created in the future */
  g_assert_cmpint (so_backoff_next (1, 60, 3600, 1000, 9000, 5000, 0.5), ==, 5060);
  g_assert_false (so_backoff_is_expired (1000, 5000, 5999));
  g_assert_true (so_backoff_is_expired (1000, 5000, 6000));
  g_assert_false (so_backoff_is_expired (1000, 9000, 5000));
}

static void
test_sane_due (void)
{
  g_assert_cmpint (so_backoff_sane_due (100, 3600, 5000), ==, 100);
  g_assert_cmpint (so_backoff_sane_due (8600, 3600, 5000), ==, 8600);
  g_assert_cmpint (so_backoff_sane_due (8601, 3600, 5000), ==, 8600);
  g_assert_cmpint (so_backoff_sane_due (G_MAXINT64, 3600, 5000), ==, 8600);
}

/* How often in 24 hours of outage: six waits that double, then one an hour. */
static void
test_day_of_outage (void)
{
  gint64 now = 0;
  guint attempts = 0;
  while (now < 86400)
    now += so_backoff_delay (++attempts, 60, 3600, 0.5);
  g_assert_cmpuint (attempts, >=, 24);
  g_assert_cmpuint (attempts, <=, 34);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/backoff/doubles", test_doubles);
  g_test_add_func ("/backoff/bounds", test_bounds);
  g_test_add_func ("/backoff/extremes", test_extremes);
  g_test_add_func ("/backoff/next", test_next);
  g_test_add_func ("/backoff/sane-due", test_sane_due);
  g_test_add_func ("/backoff/day-of-outage", test_day_of_outage);
  return g_test_run ();
}
