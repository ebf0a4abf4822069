/* test-credential.c - what is a password, what shape it has, and where it comes from. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sendoff/credential.h"
#include "sendoff/error.h"

/* An account with nothing but what the chain looks at. */
static SoAccount
account_of (const char *preset, const char *command)
{
  return (SoAccount){ .name = (char *) "work",
                      .preset = (char *) preset,
                      .title = (char *) "iCloud Mail",
                      .password_page = (char *) "https://example.org/passwords",
                      .password_command = (char *) command };
}

static void
test_first_line (void)
{
  static const struct
  {
    const char *in;
    gssize length;
    const char *out; /* NULL: refused */
  } cases[] = {
    { "word", -1, "word" },       { "word\n", -1, "word" },   { "word\r\n", -1, "word" },
    { "word\r", -1, "word" },     { "a\nb\n", -1, "a" },      { " a b \n", -1, " a b " },
    { "a\rb\n", -1, "a\rb" },     { "日本\n", -1, "日本" },   { "", 0, NULL },
    { "\n", -1, NULL },           { "\r\n", -1, NULL },       { "\nsecond", -1, NULL },
    { "a\0b\n", 4, NULL },        { "\xff\xfe\n", -1, NULL }, { "ok\n\xff\n", -1, "ok" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      gsize length = cases[i].length < 0 ? strlen (cases[i].in) : (gsize) cases[i].length;
      g_autoptr (SoSecret) got = so_credential_first_line (cases[i].in, length, "x", SO_ERROR_DATA, &error);
      if (cases[i].out != NULL)
        g_assert_cmpstr (so_secret_peek (got), ==, cases[i].out);
      else
        g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_DATA);
    }
}

static SoSecret *
read_from_file (const char *bytes, gsize length, GError **error)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("sendoff-XXXXXX", &path, NULL);
  g_assert_cmpint (write (fd, bytes, length), ==, (gssize) length);
  lseek (fd, 0, SEEK_SET);
  SoSecret *secret = so_credential_read (fd, "standard input", SO_ERROR_DATA, error);
  close (fd);
  g_unlink (path);
  return secret;
}

static void
test_read_is_bounded (void)
{
  g_autofree char *big = g_malloc (SO_CREDENTIAL_MAX + 2);
  memset (big, 'x', SO_CREDENTIAL_MAX + 2);
  g_autoptr (GError) error = NULL;
  g_assert_null (read_from_file (big, SO_CREDENTIAL_MAX + 2, &error));
  g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_DATA);
  g_assert_null (strstr (error->message, "xxxx"));

  big[SO_CREDENTIAL_MAX - 1] = '\n';
  g_autoptr (SoSecret) fits = read_from_file (big, SO_CREDENTIAL_MAX + 2, NULL);
  g_assert_cmpuint (so_secret_length (fits), ==, SO_CREDENTIAL_MAX - 1);
}

static void
test_shape (void)
{
  static const struct
  {
    const char *preset, *password;
    SoPasswordShape shape;
  } cases[] = {
    { "icloud", "abcd-efgh-ijkl-mnop", SO_PASSWORD_PLAUSIBLE },
    { "icloud", "", SO_PASSWORD_EMPTY },
    { "icloud", "Correct-Horse1", SO_PASSWORD_LIKELY_ACCOUNT },
    { "icloud", "abcd-efgh-ijkl-mno1", SO_PASSWORD_LIKELY_ACCOUNT },
    { "icloud", "abcd-efgh-ijkl", SO_PASSWORD_LIKELY_ACCOUNT },
    { "icloud", "ABCD-efgh-ijkl-mnop", SO_PASSWORD_ALTERED },
    { "icloud", "abcdefghijklmnop", SO_PASSWORD_ALTERED },
    { "icloud", "abcd efgh ijkl mnop", SO_PASSWORD_ALTERED },
    { "icloud", " abcd-efgh-ijkl-mnop", SO_PASSWORD_ALTERED },
    { "icloud", "abcd-efgh-ijkl-mnop ", SO_PASSWORD_ALTERED },
    { "icloud", "abcd–efgh–ijkl–mnop", SO_PASSWORD_ALTERED },
    { "icloud", "abcd\u00a0efgh\u00a0ijkl\u00a0mnop", SO_PASSWORD_ALTERED },
    { "icloud", "secret ", SO_PASSWORD_ODD },
    { "gmail", "abcdefghijklmnop", SO_PASSWORD_PLAUSIBLE },
    { "gmail", "abcd efgh ijkl mnop", SO_PASSWORD_PLAUSIBLE },
    { "gmail", "abcd-efgh-ijkl-mnop", SO_PASSWORD_ALTERED },
    { "gmail", "Abcdefghijklmnop", SO_PASSWORD_ALTERED },
    { "gmail", "hunter2", SO_PASSWORD_LIKELY_ACCOUNT },
    { "smtp", "hunter2", SO_PASSWORD_PLAUSIBLE },
    { "smtp", "ABCDefghIJKLmnop", SO_PASSWORD_PLAUSIBLE },
    { "smtp", "hunter2 ", SO_PASSWORD_ODD },
    { "smtp", "hun\033ter2", SO_PASSWORD_ODD },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SoAccount account = account_of (cases[i].preset, "");
      g_autoptr (SoSecret) secret = so_secret_new (cases[i].password, -1);
      g_test_message ("%s: %s", cases[i].preset, cases[i].password);
      g_assert_cmpint (so_credential_shape (&account, secret), ==, cases[i].shape);
      g_autofree char *warning = so_credential_shape_warning (&account, cases[i].shape);
      g_assert_cmpint (*warning == '\0', ==, cases[i].shape == SO_PASSWORD_PLAUSIBLE);
    }
}

static SoSecret *
get (const SoAccount *account, GError **error)
{
  return so_credential_get (account, SO_SERVICE_SMTP, FALSE, error);
}

/* A credentials folder with one file of that mode. */
static char *
make_credential (const char *name, const char *text, mode_t mode)
{
  char *folder = g_dir_make_tmp ("sendoff-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (chmod (path, mode), ==, 0);
  g_setenv ("CREDENTIALS_DIRECTORY", folder, TRUE);
  return folder;
}

static void
remove_credential (char *folder, const char *name)
{
  g_unsetenv ("CREDENTIALS_DIRECTORY");
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_unlink (path);
  g_rmdir (folder);
  g_free (folder);
}

static void
test_systemd (void)
{
  SoAccount account = account_of ("icloud", "");
  char *folder = make_credential ("sendoff.work", "from-systemd\n", 0440);
  g_autoptr (SoSecret) secret = get (&account, NULL);
  g_assert_cmpstr (so_secret_peek (secret), ==, "from-systemd");
  g_assert_cmpint (so_credential_source (&account), ==, SO_SOURCE_SYSTEMD);

  account.password_command = (char *) "printf from-command";
  g_autoptr (SoSecret) first = get (&account, NULL);
  g_assert_cmpstr (so_secret_peek (first), ==, "from-command");
  remove_credential (folder, "sendoff.work");
}

static void
test_systemd_readable_by_others (void)
{
  SoAccount account = account_of ("icloud", "");
  static const mode_t modes[] = { 0444, 0604, 0620, 0602 };
  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      char *folder = make_credential ("sendoff.work", "from-systemd\n", modes[i]);
      g_autoptr (GError) error = NULL;
      g_assert_null (get (&account, &error));
      g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_CREDENTIALS);
      remove_credential (folder, "sendoff.work");
    }
}

static void
test_systemd_of_another_account (void)
{
  SoAccount account = account_of ("icloud", "");
  char *folder = make_credential ("sendoff.home", "from-systemd\n", 0400);
  g_assert_cmpint (so_credential_source (&account), ==, SO_SOURCE_KEYRING);
  account.name = (char *) "../sendoff.home";
  g_assert_cmpint (so_credential_source (&account), ==, SO_SOURCE_KEYRING);
  remove_credential (folder, "sendoff.home");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/credential/first-line", test_first_line);
  g_test_add_func ("/credential/read-is-bounded", test_read_is_bounded);
  g_test_add_func ("/credential/shape", test_shape);
  g_test_add_func ("/credential/systemd", test_systemd);
  g_test_add_func ("/credential/systemd/readable-by-others", test_systemd_readable_by_others);
  g_test_add_func ("/credential/systemd/other-account", test_systemd_of_another_account);
  return g_test_run ();
}
