/* test-config-edit.c - one line changes, every other octet stays. */
#include <string.h>

#include "sendoff/config-edit.h"
#include "sendoff/error.h"

#define GROUP "account icloud"

static void
test_set (void)
{
  static const struct
  {
    const char *before, *key, *value, *after;
  } cases[] = {
    { "", "preset", "icloud", "[account icloud]\npreset = icloud\n" },
    { "# mine\n", "preset", "icloud", "# mine\n\n[account icloud]\npreset = icloud\n" },
    { "[defaults]\naccount=x", "preset", "icloud",
      "[defaults]\naccount=x\n\n[account icloud]\npreset = icloud\n" },
    /* in place of the line that sets it, whatever its form */
    { "[account icloud]\n# why\npreset=old\n\n[account b]\npreset=c\n", "preset", "icloud",
      "[account icloud]\n# why\npreset = icloud\n\n[account b]\npreset=c\n" },
    { "[account icloud]\npreset = old", "preset", "icloud",
      "[account icloud]\npreset = icloud\n" },
    /* behind the group's last key, before the comment on the next group */
    { "[account icloud]\npreset = icloud\n\n# next\n[account b]\n", "address", "a@b",
      "[account icloud]\npreset = icloud\naddress = a@b\n\n# next\n[account b]\n" },
    { "[account icloud]", "address", "a@b", "[account icloud]\naddress = a@b\n" },
    /* a comment is no key */
    { "[account icloud]\n#address = x\n", "address", "a@b",
      "[account icloud]\naddress = a@b\n#address = x\n" },
    /* the same key elsewhere is another one */
    { "[account b]\naddress = b@b\n", "address", "a@b",
      "[account b]\naddress = b@b\n\n[account icloud]\naddress = a@b\n" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *got = so_config_edit_set (cases[i].before, "config", GROUP, cases[i].key,
                                                 cases[i].value, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (got, ==, cases[i].after);

      g_autofree char *again = so_config_edit_set (got, "config", GROUP, cases[i].key,
                                                   cases[i].value, NULL);
      g_assert_cmpstr (again, ==, got);
    }
}

static void
test_default (void)
{
  static const char *const cases[][2] = {
    { "", "[defaults]\naccount = a\n" },
    { "# mine\n[account a]\npreset=b\n",
      "# mine\n[account a]\npreset=b\n\n[defaults]\naccount = a\n" },
    { "[defaults]\noutbox=/x\n# why\n\n[account a]\n",
      "[defaults]\noutbox=/x\naccount = a\n# why\n\n[account a]\n" },
    { "[defaults]\n#account = b\n[account a]\n",
      "[defaults]\naccount = a\n#account = b\n[account a]\n" },
    /* who has one keeps it, as it is written */
    { "[defaults]\naccount=b\n[account b]\n", "[defaults]\naccount=b\n[account b]\n" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *got = so_config_edit_default (cases[i][0], "config", "a", NULL);
      g_assert_cmpstr (got, ==, cases[i][1]);
    }
}

static void
test_refused (void)
{
  static const struct
  {
    const char *text, *group, *key, *value;
  } cases[] = {
    { "no group or key\n", GROUP, "a", "b" },
    { "", GROUP, "a", "b\n[account evil]" },
    { "", GROUP, "a\nb", "c" },
    { "", "account a]\n[x", "b", "c" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (so_config_edit_set (cases[i].text, "config", cases[i].group, cases[i].key,
                                         cases[i].value, &error));
      g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_CONFIG);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config-edit/set", test_set);
  g_test_add_func ("/config-edit/default", test_default);
  g_test_add_func ("/config-edit/refused", test_refused);
  return g_test_run ();
}
