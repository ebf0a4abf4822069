/* test-session-bus.c - the bus is found where a login session would have named it. */
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "sendoff/session-bus.h"

typedef struct
{
  char *folder;
  char *socket_path;
  GSocket *socket;
} Runtime;

static void
set_up (Runtime *runtime, gconstpointer data)
{
  (void) data;
  runtime->folder = g_dir_make_tmp ("so bus-XXXXXX", NULL);
  runtime->socket_path = g_build_filename (runtime->folder, "bus", NULL);
  g_setenv ("XDG_RUNTIME_DIR", runtime->folder, TRUE);
  g_unsetenv ("DBUS_SESSION_BUS_ADDRESS");
}

static void
listen_there (Runtime *runtime)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (runtime->socket_path);
  runtime->socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, NULL);
  g_assert_true (g_socket_bind (runtime->socket, address, FALSE, NULL));
}

static void
tear_down (Runtime *runtime, gconstpointer data)
{
  (void) data;
  g_clear_object (&runtime->socket);
  g_unlink (runtime->socket_path);
  g_rmdir (runtime->folder);
  g_free (runtime->socket_path);
  g_free (runtime->folder);
}

static void
test_given (Runtime *runtime, gconstpointer data)
{
  (void) data;
  listen_there (runtime);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/some/where", TRUE);
  g_autofree char *got = so_session_bus_address ();
  g_assert_cmpstr (got, ==, "unix:path=/some/where");
}

static void
test_in_runtime_folder (Runtime *runtime, gconstpointer data)
{
  (void) data;
  listen_there (runtime);
  g_autofree char *escaped = g_dbus_address_escape_value (runtime->socket_path);
  g_autofree char *wanted = g_strconcat ("unix:path=", escaped, NULL);
  g_autofree char *got = so_session_bus_address ();
  g_assert_cmpstr (got, ==, wanted);

  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "autolaunch:", TRUE); /* would launch a bus */
  g_autofree char *not_launched = so_session_bus_address ();
  g_assert_cmpstr (not_launched, ==, wanted);
}

/* What is called bus there but is none of our sockets is not used. */
static void
test_not_a_socket (Runtime *runtime, gconstpointer data)
{
  (void) data;
  g_assert_true (g_file_set_contents (runtime->socket_path, "x", -1, NULL));
  g_autofree char *file = so_session_bus_address ();
  g_assert_null (strstr (file, runtime->folder));
  g_unlink (runtime->socket_path);

  g_assert_cmpint (symlink ("other", runtime->socket_path), ==, 0);
  g_autofree char *link = so_session_bus_address ();
  g_assert_null (strstr (link, runtime->folder));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/session-bus/given", Runtime, NULL, set_up, test_given, tear_down);
  g_test_add ("/session-bus/in-runtime-folder", Runtime, NULL, set_up, test_in_runtime_folder,
              tear_down);
  g_test_add ("/session-bus/not-a-socket", Runtime, NULL, set_up, test_not_a_socket, tear_down);
  return g_test_run ();
}
