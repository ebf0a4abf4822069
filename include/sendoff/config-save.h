/*
 * config-save.h - put the text of a configuration in the place of the old one.
 */
#pragma once

#include <glib.h>

/* The file's text, "" if there is none. */
char *so_config_read_text (const char *path, GError **error);

/* All or nothing, fsynced, mode 0600; the folder is made (0700) if need be, and where
 * path is a symbolic link (dot files kept elsewhere) the file behind it is replaced. */
gboolean so_config_save (const char *path, const char *text, GError **error);
