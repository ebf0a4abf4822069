/*
 * config-save.h - put the text of a configuration in the place of the old one.
 */
#pragma once

#include "sendoff/app.h"

/* The file's text, "" if there is none. */
char *so_config_read_text (const char *path, GError **error);

/* *text, with accounts added to it, names the default one, so that a second account does not leave
 * those without --account in the dark: the one there was before, which is told of if its line is
 * new; the first of all if there was none.  before: the text as it was. */
gboolean so_config_settle_default (const SoApp *app, char **text, const char *path,
                                   const SoConfig *before, const char *first, GError **error);

/* All or nothing, fsynced, mode 0600; the folder is made (0700) if need be, and where
 * path is a symbolic link (dot files kept elsewhere) the file behind it is replaced. */
gboolean so_config_save (const char *path, const char *text, GError **error);
