/*
 * config-edit.h - change one key of a key file and leave every other octet alone.
 *
 * Comments, order and blank lines are the user's.  Text in, text out; the file is
 * config-save.h's.
 */
#pragma once

#include <glib.h>

/* text with "key = value" in [group]: in place of the line that sets it, else behind the
 * group's last key, else in a new group at the end.  SO_ERROR_CONFIG if text cannot be
 * read, or if group, key or value would not stand on one line.  Owned by the caller. */
char *so_config_edit_set (const char *text, const char *origin, const char *group, const char *key,
                          const char *value, GError **error);

/* text with [defaults] account = name, unless it names one already.  Owned by the caller. */
char *so_config_edit_default (const char *text, const char *origin, const char *name,
                              GError **error);
