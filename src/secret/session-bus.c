/*
 * session-bus.c - find the user's bus the way a login session would have named it.
 *
 * GLib alone would not look in /run/user/UID under cron, where XDG_RUNTIME_DIR is unset,
 * and would then start a bus of its own through dbus-launch: one with an empty keyring.
 */
#include "config.h"

#include <gio/gio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sendoff/session-bus.h"

/* Another user's socket would be somebody else's keyring, or a trap. */
static gboolean
is_own_socket (const char *path)
{
  struct stat info;
  return lstat (path, &info) == 0 && S_ISSOCK (info.st_mode) && info.st_uid == geteuid ();
}

static char *
address_of_socket (const char *path)
{
  g_autofree char *escaped = g_dbus_address_escape_value (path);
  return g_strdup_printf ("unix:path=%s", escaped);
}

char *
so_session_bus_address (void)
{
  const char *given = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  if (given != NULL && *given != '\0' && !g_str_has_prefix (given, "autolaunch:"))
    return g_strdup (given);

  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *in_session = g_build_filename (runtime != NULL ? runtime : "", "bus", NULL);
  if (g_path_is_absolute (in_session) && is_own_socket (in_session))
    return address_of_socket (in_session);

  g_autofree char *of_user = g_strdup_printf ("/run/user/%u/bus", (unsigned) geteuid ());
  return is_own_socket (of_user) ? address_of_socket (of_user) : g_strdup ("");
}
