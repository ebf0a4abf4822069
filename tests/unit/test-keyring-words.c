/* test-keyring-words.c - every cause is told apart and comes with a remedy. */
#include <gio/gio.h>
#include <string.h>

#include "sendoff/error.h"
#include "sendoff/keyring-words.h"
#include "sendoff/libsecret.h"

static void
test_states (void)
{
  /* The library's own numbers; every function we call is there. */
  g_assert_cmpstr (so_libsecret_load (), ==, "");
  const struct
  {
    GQuark domain;
    int code;
    SoKeyringState state;
  } cases[] = {
    { G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN, SO_KEYRING_NO_SERVICE },
    { G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_CHILD_EXITED, SO_KEYRING_NO_SERVICE },
    { G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED, SO_KEYRING_DENIED },
    { G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY, SO_KEYRING_NO_ANSWER },
    { G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED, SO_KEYRING_NO_BUS },
    { G_DBUS_ERROR, G_DBUS_ERROR_NO_MEMORY, SO_KEYRING_FAILED },
    { G_IO_ERROR, G_IO_ERROR_CLOSED, SO_KEYRING_NO_BUS },
    { G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, SO_KEYRING_DENIED },
    { G_IO_ERROR, G_IO_ERROR_TIMED_OUT, SO_KEYRING_NO_ANSWER },
    { G_IO_ERROR, G_IO_ERROR_DBUS_ERROR, SO_KEYRING_FAILED },
    { SECRET_ERROR, SECRET_ERROR_IS_LOCKED, SO_KEYRING_LOCKED },
    { SECRET_ERROR, SECRET_ERROR_PROTOCOL, SO_KEYRING_FAILED },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) problem = g_error_new_literal (cases[i].domain, cases[i].code, "x");
      g_assert_cmpint (so_keyring_state_of_error (problem), ==, cases[i].state);
    }
}

static void
test_words (void)
{
  static const int codes[] = {
    [SO_KEYRING_NO_ENTRY] = SO_ERROR_CREDENTIALS,
    [SO_KEYRING_LOCKED] = SO_ERROR_TEMPORARY,
    [SO_KEYRING_NO_COLLECTION] = SO_ERROR_TEMPORARY,
    [SO_KEYRING_NO_SERVICE] = SO_ERROR_TEMPORARY,
    [SO_KEYRING_NO_BUS] = SO_ERROR_TEMPORARY,
    [SO_KEYRING_DENIED] = SO_ERROR_CREDENTIALS,
    [SO_KEYRING_NO_ANSWER] = SO_ERROR_TEMPORARY,
    [SO_KEYRING_FAILED] = SO_ERROR_TEMPORARY,
    [SO_KEYRING_INTERRUPTED] = SO_ERROR_INTERRUPTED,
  };
  const SoKeyringQuery query
      = { .account = "work", .host = "smtp.example.org", .service = "smtp", .user = "me" };
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (int state = SO_KEYRING_NO_ENTRY; state <= SO_KEYRING_INTERRUPTED; state++)
    {
      g_autoptr (GError) error = NULL;
      so_keyring_explain ((SoKeyringState) state, &query, 10, "", &error);
      g_assert_error (error, SO_ERROR_DOMAIN, codes[state]);
      g_assert_true (g_hash_table_add (seen, g_strdup (error->message)));
      g_assert_cmpint (*so_error_remedy (error) == '\0', ==, state == SO_KEYRING_INTERRUPTED);
      g_assert_cmpuint (strlen (so_keyring_state_name ((SoKeyringState) state)), >, 3);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keyring-words/states", test_states);
  g_test_add_func ("/keyring-words/words", test_words);
  return g_test_run ();
}
