/* test-table.c - columns line up by what is seen, not by octets. */
#include <stdlib.h>

#include "sendoff/table.h"

static void
assert_table (guint columns, const char *const *cells, const char *wanted)
{
  g_autoptr (SoTable) table = so_table_new (columns);
  for (; *cells != NULL; cells++)
    so_table_add (table, *cells);
  char *got = NULL;
  size_t length;
  FILE *out = open_memstream (&got, &length);
  so_table_print (table, out);
  fclose (out);
  g_assert_cmpstr (got, ==, wanted);
  free (got);
}

static void
test_print (void)
{
  static const char *const plain[] = { "A", "BB", "C", "aaa", "b", "c", NULL };
  assert_table (3, plain, "A    BB  C\naaa  b   c\n");
  static const char *const wide[] = { "名前", "x", "ab", "y", "e\u0301", "z", NULL };
  assert_table (2, wide, "名前  x\nab    y\ne\u0301     z\n");
  static const char *const empty[] = { NULL };
  assert_table (2, empty, "");
  static const char *const one[] = { "a", "bb", NULL };
  assert_table (1, one, "a\nbb\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/table/print", test_print);
  return g_test_run ();
}
