/* test-schedule.c - our line in a crontab among others, and when it runs. */
#include <string.h>

#include "schedule-private.h"

#define OURS                                                                                       \
  "3-59/5 * * * * '/opt/sendoff' --quiet retry # sendoff schedule, since 20261125T101500Z"
#define NEW "* * * * * 'x' # sendoff schedule, since 20261125T101501Z"

static void
test_edit (void)
{
  static const struct
  {
    const char *before, *with, *without;
  } cases[] = {
    { "", NEW "\n", "" },
    { "a\n", "a\n" NEW "\n", "a\n" },
    { "a", "a\n" NEW "\n", "a" },
    { OURS, NEW "\n", "" },
    { OURS "\nb\n", NEW "\nb\n", "b\n" },
    { "a\n\n" OURS "\n\t b \n", "a\n\n" NEW "\n\t b \n", "a\n\n\t b \n" },
    /* commented out, or only alike: somebody else's */
    { "#" OURS "\n", "#" OURS "\n" NEW "\n", "#" OURS "\n" },
    { OURS " x\n", OURS " x\n" NEW "\n", OURS " x\n" },
    { "a # sendoff schedule, since \n", "a # sendoff schedule, since \n" NEW "\n",
      "a # sendoff schedule, since \n" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *with = so_cron_edit (cases[i].before, NEW);
      g_autofree char *without = so_cron_edit (cases[i].before, NULL);
      g_assert_cmpstr (with, ==, cases[i].with);
      g_assert_cmpstr (without, ==, cases[i].without);
    }
}

static void
test_find (void)
{
  SoCronLine line = so_cron_find ("a\n" OURS "\n");
  g_assert_true (line.found);
  g_assert_cmpuint (line.every, ==, 5);
  g_assert_cmpuint (line.offset, ==, 3);
  g_assert_cmpint (line.since, ==, 1795601700);
  g_assert_false (so_cron_find ("a\n").found);
  g_assert_cmpuint (so_cron_find (NEW).every, ==, 1);
  g_assert_cmpuint (so_cron_find ("17 * * * * x # sendoff schedule, since 20261125T101501Z").every,
                    ==, 60);
}

static void
test_next (void)
{
  const gint64 hour = 1795600800; /* 10:00:00 */
  static const struct
  {
    guint every, offset;
    gint64 now, next;
  } cases[] = {
    { 1, 0, 0, 60 },    { 1, 0, 59, 60 },       { 5, 3, 0, 180 },   { 5, 3, 179, 180 },
    { 5, 3, 180, 480 }, { 60, 17, 0, 17 * 60 }, { 60, 0, 0, 3600 }, { 30, 29, 29 * 60, 59 * 60 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SoCronLine line = { .found = TRUE, .every = cases[i].every, .offset = cases[i].offset };
      g_assert_cmpint (so_cron_next (line, hour + cases[i].now), ==, hour + cases[i].next);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/schedule/cron-edit", test_edit);
  g_test_add_func ("/schedule/cron-find", test_find);
  g_test_add_func ("/schedule/cron-next", test_next);
  return g_test_run ();
}
