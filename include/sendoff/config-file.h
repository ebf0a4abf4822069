/*
 * config-file.h - find and read the files that hold configuration.
 *
 * The user's file is --config, or $XDG_CONFIG_HOME/sendoff/config, or /etc/sendoff/config.
 * A missing default file is no error (an empty configuration); a missing --config is.
 * A file that group or others may write, or that belongs to neither this user nor root,
 * is refused (SO_ERROR_CONFIG).  providers.conf and replies.conf are built into the
 * program; a file of that name in $XDG_CONFIG_HOME/sendoff or the system's
 * configuration folder takes their place.
 */
#pragma once

#include "sendoff/config.h"

/* path: --config, or NULL for the usual places. */
SoConfig *so_config_load (const char *path, GError **error);

/* Where setup writes: --config or the user's own file; owned by the caller. */
char *so_config_path (const char *path);

/* Another file that is obeyed, with the same suspicion.  NULL with *missing, or with error. */
char *so_config_read (const char *path, gboolean *missing, GError **error);

/* The text of "providers.conf", "replies.conf" …; owned by the caller. */
char *so_config_data (const char *name, GError **error);
