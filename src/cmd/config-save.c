/*
 * config-save.c - the default account settled; write beside, fsync, rename.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sendoff/config-edit.h"
#include "sendoff/config-save.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"

static void
fail (const char *path, SoError code, const char *words, GError **error)
{
  g_autofree char *shown = so_text_sanitise (path, -1, 300);
  so_error_set (error, code, _("check the permissions of the file and of its folder"), "%s: %s",
                shown, words);
}

char *
so_config_read_text (const char *path, GError **error)
{
  char *text = NULL;
  g_autoptr (GError) problem = NULL;
  if (g_file_get_contents (path, &text, NULL, &problem))
    return text;
  if (g_error_matches (problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return g_strdup ("");
  fail (path, SO_ERROR_CONFIG, _("cannot be read"), error);
  return NULL;
}

gboolean
so_config_settle_default (const SoApp *app, char **text, const char *path, const SoConfig *before,
                          const char *first, GError **error)
{
  const char *kept = so_config_default_name (before);
  gboolean had_some = *so_config_names (before) != NULL;
  if (had_some && *kept == '\0') /* of several, none: as somebody wanted it */
    return TRUE;
  char *settled = so_config_edit_default (*text, path, had_some ? kept : first, error);
  if (settled == NULL)
    return FALSE;
  if (had_some && strcmp (settled, *text) != 0)
    so_app_say (app,
                _("%s stays the default account; to change that, write account = NAME under "
                  "[defaults] in %s."),
                kept, path);
  g_free (*text);
  *text = settled;
  return TRUE;
}

gboolean
so_config_save (const char *path, const char *text, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      fail (folder, SO_ERROR_CANNOT_CREATE, g_strerror (errno), error);
      return FALSE;
    }
  char *behind = realpath (path, NULL); /* NULL: there is no file yet */
  g_autoptr (GError) problem = NULL;
  gboolean saved = g_file_set_contents_full (behind != NULL ? behind : path, text, -1,
                                             G_FILE_SET_CONTENTS_CONSISTENT
                                                 | G_FILE_SET_CONTENTS_DURABLE,
                                             0600, &problem);
  free (behind);
  if (!saved)
    fail (path, SO_ERROR_CANNOT_CREATE, _("cannot be written"), error);
  return saved;
}
