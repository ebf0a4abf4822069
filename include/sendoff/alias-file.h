/*
 * alias-file.h - who the local names of a machine are: the format of /etc/aliases.
 *
 *   # comment          root: me@example.org, postmaster
 *   postmaster: root   # a line that begins with a blank goes on with the one before
 *
 * Pure: the text in, addresses out.  Names are compared without regard to case.  A program, a file
 * or a list as a target is an error when its name is asked for: mail only leaves from here.
 */
#pragma once

#include <glib.h>

typedef struct SoAliases SoAliases;

/* origin: its name in errors, SO_ERROR_CONFIG with the line. */
SoAliases *so_aliases_parse (const char *text, const char *origin, GError **error);
void so_aliases_free (SoAliases *aliases);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoAliases, so_aliases_free)

/* Adds to found (of char *, owned) what name comes to in the end: addresses, and local names
 * that lead no further.  aliases may be NULL: then that is name itself. */
gboolean so_aliases_expand (const SoAliases *aliases, const char *name, GPtrArray *found,
                            GError **error);
