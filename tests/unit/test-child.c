/* test-child.c - programs that end, that do not, and that say too much. */
#include <string.h>

#include "sendoff/child.h"
#include "sendoff/error.h"
#include "sendoff/link.h"

static gboolean
run (const char *script, guint timeout, SoChildResult *result, GError **error)
{
  const char *const argv[] = { "sh", "-c", script, NULL };
  return so_child_run (argv, "given", timeout, result, error);
}

static void
test_says (void)
{
  g_auto (SoChildResult) result = { 0 };
  g_assert_true (run ("cat; echo two >&2; echo three >&2; exit 3", 10, &result, NULL));
  g_assert_cmpint (result.status, ==, 3);
  g_assert_cmpstr (result.out, ==, "given");
  g_autofree char *words = so_child_last_words (&result);
  g_assert_cmpstr (words, ==, "three");
}

/* Both ends of what may be said, and one that has closed its output and goes on. */
static void
test_ends (void)
{
  static const struct
  {
    const char *script, *says; /* says NULL: it is well */
  } cases[] = {
    { "head -c 1048576 /dev/zero | tr '\\0' x", NULL },
    { "head -c 1048577 /dev/zero", "more than 1024 KB" },
    { "exec cat /dev/zero", "more than 1024 KB" },
    { "exec cat /dev/zero >&2", "more than 1024 KB" },
    { "exec sleep 60", "did not end within 1 seconds" },
    { "exec sleep 60 >&- 2>&-", "did not end within 1 seconds" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (SoChildResult) result = { 0 };
      g_autoptr (GError) error = NULL;
      gint64 start = g_get_monotonic_time ();
      gboolean well = run (cases[i].script, i < 4 ? 30 : 1, &result, &error);
      g_assert_cmpint (well, ==, cases[i].says == NULL);
      g_assert_cmpint (g_get_monotonic_time () - start, <, 20 * G_USEC_PER_SEC);
      if (well)
        g_assert_cmpuint (strlen (result.out), ==, SO_CHILD_SAYS_MAX);
      else
        g_assert_nonnull (strstr (error->message, cases[i].says));
    }
}

static void
test_link_timeout (void)
{
  g_assert_cmpuint (so_link_timeout (0), ==, 120);
  g_assert_cmpuint (so_link_timeout (20 * 1000 * 1000), ==, 120 + 200);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/child/says", test_says);
  g_test_add_func ("/child/ends", test_ends);
  g_test_add_func ("/child/link-timeout", test_link_timeout);
  return g_test_run ();
}
