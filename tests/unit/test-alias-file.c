/* test-alias-file.c - /etc/aliases: names followed to their end, whatever stands in it. */
#include <string.h>

#include "sendoff/alias-file.h"
#include "sendoff/error.h"

static const char text[] = "# who is who\n"
                           "postmaster: root\n"
                           "Root: me@example.org, admins  # both\n"
                           "admins:\ta@b.c,\n"
                           "  \"Bee\" <b@b.c>,me@example.org\n"
                           "\n"
                           "loop: pool\n"
                           "pool: loop\n"
                           "self: \\self, x@y.z\n"
                           "program: |/bin/cat\n"
                           "quoted: \"|/bin/cat -n\"\n"
                           "file: /var/mail/x\n"
                           "list: :include:/etc/list\n"
                           "nobody: someone\n"
                           "empty:\n";

static char *
expand (const SoAliases *aliases, const char *name, GError **error)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  if (!so_aliases_expand (aliases, name, found, error))
    return NULL;
  g_ptr_array_add (found, NULL);
  return g_strjoinv (" ", (char **)found->pdata);
}

static void
test_expand (void)
{
  static const char *const cases[][2] = {
    { "root", "me@example.org a@b.c b@b.c" },
    { "POSTMASTER", "me@example.org a@b.c b@b.c" },
    { "loop", "loop" },
    { "self", "self x@y.z" },
    { "nobody", "someone" },
    { "unknown", "unknown" },
    { "empty", "empty" },
  };
  g_autoptr (SoAliases) aliases = so_aliases_parse (text, "aliases", NULL);
  g_assert_nonnull (aliases);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *found = expand (aliases, cases[i][0], NULL);
      g_assert_cmpstr (found, ==, cases[i][1]);
    }
  g_autofree char *alone = expand (NULL, "root", NULL);
  g_assert_cmpstr (alone, ==, "root");
}

static void
test_other_targets (void)
{
  static const char *const names[] = { "program", "quoted", "file", "list" };
  g_autoptr (SoAliases) aliases = so_aliases_parse (text, "aliases", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (expand (aliases, names[i], &error));
      g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_CONFIG);
      g_assert_true (g_str_has_prefix (error->message, "aliases:1"));
    }
}

static void
test_bad (void)
{
  static const char *const cases[] = { "root me@example.org\n", "  goes: on\n", ": x@y.z\n",
                                       "\"open: x@y.z\n" };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (so_aliases_parse (cases[i], "aliases", &error));
      g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_CONFIG);
      g_assert_nonnull (strstr (error->message, "aliases:1"));
    }
}

static void
test_many (void)
{
  g_autoptr (GString) all = g_string_new ("all: ");
  for (guint i = 0; i < 2000; i++)
    g_string_append_printf (all, "u%u@example.org,", i);
  g_autoptr (SoAliases) aliases = so_aliases_parse (all->str, "aliases", NULL);
  g_autoptr (GError) error = NULL;
  g_assert_null (expand (aliases, "all", &error));
  g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_CONFIG);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/alias-file/expand", test_expand);
  g_test_add_func ("/alias-file/other-targets", test_other_targets);
  g_test_add_func ("/alias-file/bad", test_bad);
  g_test_add_func ("/alias-file/many", test_many);
  return g_test_run ();
}
