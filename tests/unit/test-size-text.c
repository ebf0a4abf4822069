/* test-size-text.c - sizes as people write them. */
#include "sendoff/error.h"
#include "sendoff/size-text.h"

typedef struct
{
  const char *text;
  guint64 octets; /* 0: refused */
} Case;

static void
test_parse (void)
{
  static const Case cases[] = {
    { "20000000", 20000000 }, { "20 MB", 20000000 }, { "27MiB", 28311552 }, { "1.5 GB", 1500000000 },
    { "7k", 7000 },           { "", 0 },             { "-1", 0 },           { "0", 0 },
    { "5 parsecs", 0 },       { "1e30", 0 },         { "nan", 0 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint64 got = 0;
      g_autoptr (GError) error = NULL;
      gboolean well = so_size_parse (cases[i].text, &got, &error);
      g_assert_cmpuint (got, ==, cases[i].octets);
      g_assert_true (well == (cases[i].octets != 0));
      if (!well)
        g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_USAGE);
    }
}

static void
test_format (void)
{
  g_autofree char *text = so_size_format (19900000);
  g_assert_cmpstr (text, ==, "19.9 MB");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/size-text/parse", test_parse);
  g_test_add_func ("/size-text/format", test_format);
  return g_test_run ();
}
