/*
 * test-key-text.c - a key file's lines, and the line named in every error.
 */
#include "sendoff/error.h"
#include "sendoff/key-text.h"

static void
test_good (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SoKeyText) text = so_key_text_parse ("# comment\n\n[ one ]\r\n  a = b = c  \n"
                                                  "empty=\n\t\n[two]\nkey\t=\t値\\n\n",
                                                  "f", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (text->groups->len, ==, 2);
  const SoKeyGroup *one = so_key_text_group (text, "one");
  g_assert_nonnull (one);
  g_assert_cmpuint (one->line, ==, 3);
  g_assert_cmpstr (so_key_group_entry (one, "a")->value, ==, "b = c");
  g_assert_cmpuint (so_key_group_entry (one, "a")->line, ==, 4);
  g_assert_cmpstr (so_key_group_entry (one, "empty")->value, ==, "");
  g_assert_null (so_key_group_entry (one, "key"));
  g_assert_cmpstr (so_key_group_entry (so_key_text_group (text, "two"), "key")->value, ==, "値\\n");
  g_assert_null (so_key_text_group (text, "three"));
}

static void
test_bad (void)
{
  static const struct
  {
    const char *text, *where;
  } cases[] = {
    { "a = b\n", "f:1: a: " },
    { "[x]\nhunter2\n", "f:2: " },
    { "[x]\n= b\n", "f:2: " },
    { "[x\n", "f:1: " },
    { "[ ]\n", "f:1: " },
    { "[x]\n\n[x]\n", "f:3: x: " },
    { "[x]\na=1\nb=2\na=3\n", "f:4: a: " },
    { "[x]\na=b\rc\n", "f:2: " },
    { "[x]\na=b\033[0m\n", "f:2: " },
    { "[x]\na=\xff\n", "f:2: " },
    { "[x]\n\n\na=\xe3\x81", "f:4: " },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SoKeyText) text = so_key_text_parse (cases[i].text, "f", &error);
      g_assert_null (text);
      g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_CONFIG);
      g_assert_true (g_str_has_prefix (error->message, cases[i].where));
      g_assert_null (g_strrstr (error->message, "hunter2"));
    }
}

static void
test_list (void)
{
  g_auto (GStrv) list = so_key_list (" a, b ;c,, ");
  g_assert_cmpuint (g_strv_length (list), ==, 3);
  g_assert_cmpstr (list[1], ==, "b");
  g_auto (GStrv) none = so_key_list ("");
  g_assert_null (none[0]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/key-text/good", test_good);
  g_test_add_func ("/key-text/bad", test_bad);
  g_test_add_func ("/key-text/list", test_list);
  return g_test_run ();
}
