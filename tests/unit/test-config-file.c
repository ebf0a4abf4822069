/*
 * test-config-file.c - which file is read, and which is refused.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sendoff/config-data.h"
#include "sendoff/config-file.h"
#include "sendoff/error.h"

#define ICLOUD "[account icloud]\npreset = icloud\naddress = me@icloud.com\n"

static char *
write_file (const char *name, const char *text, gssize length, mode_t mode)
{
  char *path = g_build_filename (g_get_user_config_dir (), "sendoff", name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, length, NULL));
  g_assert_cmpint (g_chmod (path, mode), ==, 0);
  return path;
}

static void
remove_file (char *path)
{
  g_assert_cmpint (g_remove (path), ==, 0);
  g_free (path);
}

static void
assert_refused (const char *path, const char *what)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (so_config_load (path, &error));
  g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_CONFIG);
  g_test_message ("%s | %s", error->message, so_error_remedy (error));
  g_assert_nonnull (strstr (error->message, what));
}

static void
test_missing (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SoConfig) config = so_config_load (NULL, &error);
  g_assert_no_error (error);
  g_assert_null (so_config_names (config)[0]);
  assert_refused ("/nonexistent/config", "/nonexistent/config: ");
}

static void
test_user_file (void)
{
  g_autoptr (GError) error = NULL;
  char *path = write_file ("config", ICLOUD, -1, 0600);
  g_autofree char *usual = so_config_path (NULL), *named = so_config_path ("/x");
  g_assert_cmpstr (usual, ==, path);
  g_assert_cmpstr (named, ==, "/x");
  g_autoptr (SoConfig) config = so_config_load (NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (so_config_default_name (config), ==, "icloud");
  g_autoptr (SoConfig) same = so_config_load (path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (so_config_default_name (same), ==, "icloud");
  remove_file (path);
}

static void
test_modes (void)
{
  static const mode_t bad[] = { 0620, 0602, 0666 };
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      char *path = write_file ("config", ICLOUD, -1, bad[i]);
      assert_refused (NULL, "others may write");
      assert_refused (path, "others may write");
      remove_file (path);
    }
  g_autoptr (GError) error = NULL;
  char *path = write_file ("config", ICLOUD, -1, 0644);
  g_autoptr (SoConfig) config = so_config_load (path, &error);
  g_assert_no_error (error);
  g_assert_nonnull (config);
  remove_file (path);
}

static void
test_foreign_owner (void)
{
  char *path = write_file ("config", ICLOUD, -1, 0600);
  if (getuid () == 0 && chown (path, 65534, (gid_t)-1) == 0)
    assert_refused (path, "another user");
  else
    g_test_skip ("only root can give a file away");
  remove_file (path);
}

static void
test_not_a_file (void)
{
  g_autofree char *fifo = g_build_filename (g_get_user_config_dir (), "fifo", NULL);
  g_assert_cmpint (g_mkdir_with_parents (g_get_user_config_dir (), 0700), ==, 0);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  assert_refused (fifo, "not a file");
  g_assert_cmpint (g_remove (fifo), ==, 0);
  assert_refused (g_get_user_config_dir (), "not a file");
}

static void
test_contents (void)
{
  char *path = write_file ("config", "[defaults]\n\0", 12, 0600);
  assert_refused (path, "NUL");
  remove_file (path);

  g_autofree char *large = g_strnfill (2 * 1024 * 1024, '#');
  path = write_file ("config", large, -1, 0600);
  assert_refused (path, "too large");
  remove_file (path);

  path = write_file ("config", "\n[defaults]\nx = y\n", -1, 0600);
  g_autofree char *where = g_strconcat (path, ":3: x: ", NULL);
  assert_refused (NULL, where);
  remove_file (path);
}

static void
test_data (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *builtin = so_config_data ("replies.conf", &error);
  g_assert_cmpstr (builtin, ==, so_config_data_builtin ("replies.conf"));
  char *path = write_file ("replies.conf", "mine", -1, 0600);
  g_autofree char *mine = so_config_data ("replies.conf", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (mine, ==, "mine");
  g_assert_cmpint (g_chmod (path, 0666), ==, 0);
  g_assert_null (so_config_data ("replies.conf", &error));
  g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_CONFIG);
  g_clear_error (&error);
  remove_file (path);
  g_assert_null (so_config_data ("no-such.conf", &error));
  g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_BUG);
}

static void
test_own_providers (void)
{
  g_autoptr (GError) error = NULL;
  char *path = write_file ("providers.conf", "[mine]\nsmtp-host = mail.example.org\n", -1, 0600);
  g_autoptr (SoConfig) config = so_config_load (NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (so_config_presets (config)[0], ==, "mine");
  g_assert_null (so_config_presets (config)[1]);
  remove_file (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Before GLib looks: it asks for the user's folders once. */
  g_autofree char *folder = g_dir_make_tmp ("sendoff-test-XXXXXX", NULL);
  g_assert_nonnull (folder);
  g_setenv ("XDG_CONFIG_HOME", folder, TRUE);
  g_test_add_func ("/config-file/missing", test_missing);
  g_test_add_func ("/config-file/user-file", test_user_file);
  g_test_add_func ("/config-file/modes", test_modes);
  g_test_add_func ("/config-file/foreign-owner", test_foreign_owner);
  g_test_add_func ("/config-file/not-a-file", test_not_a_file);
  g_test_add_func ("/config-file/contents", test_contents);
  g_test_add_func ("/config-file/data", test_data);
  g_test_add_func ("/config-file/own-providers", test_own_providers);
  int status = g_test_run ();

  g_autofree char *ours = g_build_filename (folder, "sendoff", NULL);
  g_rmdir (ours);
  g_rmdir (folder);
  return status;
}
