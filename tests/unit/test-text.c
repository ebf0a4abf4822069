/* test-text.c - foreign text never reaches a terminal raw. */
#include <string.h>

#include "sendoff/text.h"

typedef struct
{
  const char *in;
  gssize length;
  const char *out;
} Case;

static void
test_sanitise (void)
{
  static const Case cases[] = {
    { "plain text", -1, "plain text" },
    { "日本語", -1, "日本語" },
    { "\033[31mred", -1, "\\x1B[31mred" },
    { "a\r\nb", -1, "a\\x0D\\x0Ab" },
    { "a\0b", 3, "a\\x00b" },
    { "\xff\xfe", -1, "\\xFF\\xFE" },
    { "\xc2\x9b" "2J", -1, "\\u{009B}2J" },
    { "a\u202e" "b", -1, "a\\u{202E}b" },
    { "tab\there", -1, "tab here" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *got = so_text_sanitise (cases[i].in, cases[i].length, 100);
      g_assert_cmpstr (got, ==, cases[i].out);
      g_assert_true (so_text_is_clean (got, -1));
    }
}

static void
test_cut (void)
{
  g_autofree char *got = so_text_sanitise ("日本語日本語", -1, 10);
  g_assert_cmpstr (got, ==, "日本語…");
}

static void
test_columns (void)
{
  g_assert_cmpuint (so_text_columns ("日本a"), ==, 5);
}

static void
test_wrap (void)
{
  static const struct
  {
    const char *in, *out;
  } cases[] = {
    { "one two three four", "one two\nthree four\n" },
    { "one\ntwo\n\nthree", "one two\n\nthree\n" },
    { "  -a  one two", "  -a  one\n      two\n" },
    { "    four words in it", "    four\n    words\n    in it\n" },
    { "longerthanline x", "longerthanline\nx\n" },
    { "日本語の文章、改行", "日本語の文\n章、改行\n" },
    { "日本語で書、改行", "日本語で\n書、改行\n" },
    { "日本\n語", "日本語\n" },
    { "", "" },
    { "a\n", "a\n" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *got = so_text_wrap (cases[i].in, 10);
      g_assert_cmpstr (got, ==, cases[i].out);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/text/sanitise", test_sanitise);
  g_test_add_func ("/text/cut", test_cut);
  g_test_add_func ("/text/columns", test_columns);
  g_test_add_func ("/text/wrap", test_wrap);
  return g_test_run ();
}
