/*
 * outbox-place.c - where the outbox is: asked for, configured, or the usual place.
 */
#include "config.h"

#include "sendoff/outbox-place.h"

static char *
usual_place (void)
{
  const char *state = g_getenv ("XDG_STATE_HOME");
  if (state != NULL && g_path_is_absolute (state))
    return g_build_filename (state, "sendoff", "outbox", NULL);
  return g_build_filename (g_get_home_dir (), ".local", "state", "sendoff", "outbox", NULL);
}

char *
so_outbox_place (const char *configured)
{
  const char *asked = g_getenv ("SENDOFF_OUTBOX");
  if (asked != NULL && *asked != '\0')
    return g_strdup (asked);
  if (g_str_has_prefix (configured, "~/"))
    return g_build_filename (g_get_home_dir (), configured + 2, NULL);
  return *configured != '\0' ? g_strdup (configured) : usual_place ();
}
