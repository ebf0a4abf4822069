/*
 * program.h - where this program and what belongs to it stand, built in place or installed.
 *
 * Built in place, helper programs stand beside ./sendoff and translations under
 * po/locale beside it; installed, in the folders given to configure.
 */
#pragma once

#include <glib.h>

#define SO_PROGRAM_VERSION PACKAGE_VERSION

/* setlocale() and gettext.  A language whose locale the system has not generated still
 * gets its translation, through C.UTF-8. */
void so_program_setup_locale (void);

/* A daemon that gives up root for a user may leave root's HOME in the environment (cron does, for
 * its mail): where HOME is another user's folder, it becomes that of this user. */
void so_program_settle_home (void);

/* Absolute path of a program of ours; owned by the caller.  "sendoff" is the one people run, the
 * others are run by it: "sendoff-main" with all the commands, "sendoff-zip" and so on. */
char *so_program_path (const char *name);
