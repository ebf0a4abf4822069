/*
 * test-account.c - a copy shares nothing; whose address it is; which hosts are loopback.
 */
#include "sendoff/account.h"

static void
test_copy (void)
{
  g_autoptr (SoAccount) account = so_account_new ("icloud");
  g_assert_cmpstr (account->name, ==, "icloud");
  g_assert_cmpstr (account->on_failure, ==, "");
  g_assert_null (account->aliases[0]);
  g_free (account->smtp.host);
  account->smtp.host = g_strdup ("smtp.mail.me.com");
  account->smtp.port = 587;
  g_strfreev (account->aliases);
  account->aliases = g_strsplit ("me@me.com,me@mac.com", ",", -1);

  SoAccount *copy = so_account_copy (account);
  g_assert_true (copy->smtp.host != account->smtp.host);
  g_assert_true (copy->aliases != account->aliases);
  g_assert_cmpstr (copy->smtp.host, ==, "smtp.mail.me.com");
  g_assert_cmpuint (copy->smtp.port, ==, 587);
  g_assert_cmpstr (copy->aliases[1], ==, "me@mac.com");
  so_account_free (copy);
}

static void
test_owns (void)
{
  g_autoptr (SoAccount) account = so_account_new ("icloud");
  g_assert_false (so_account_owns (account, ""));
  g_free (account->address);
  account->address = g_strdup ("me@icloud.com");
  g_strfreev (account->aliases);
  account->aliases = g_strsplit ("me@me.com,alias@icloud.com", ",", -1);
  g_assert_true (so_account_owns (account, "me@icloud.com"));
  g_assert_true (so_account_owns (account, "Me@iCloud.com"));
  g_assert_true (so_account_owns (account, "alias@icloud.com"));
  g_assert_false (so_account_owns (account, "me@icloud.co"));
  g_assert_false (so_account_owns (account, "you@icloud.com"));
  g_assert_false (so_account_owns (account, ""));
}

static void
test_loopback (void)
{
  static const char *const yes[] = { "localhost", "LOCALHOST.", "127.0.0.1", "127.9.8.7", "::1" };
  static const char *const no[] = { "",          "localhost.example.org",
                                    "128.0.0.1", "127.0.0.1.example.org",
                                    "10.0.0.1",  "::2",
                                    "0.0.0.0",   "127.1.evil" };
  for (gsize i = 0; i < G_N_ELEMENTS (yes); i++)
    g_assert_true (so_account_is_loopback (yes[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (no); i++)
    g_assert_false (so_account_is_loopback (no[i]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/account/copy", test_copy);
  g_test_add_func ("/account/owns", test_owns);
  g_test_add_func ("/account/loopback", test_loopback);
  return g_test_run ();
}
