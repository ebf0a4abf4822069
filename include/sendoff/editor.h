/*
 * editor.h - the person's own editor, $VISUAL or $EDITOR, on the terminal.
 */
#pragma once

#include <glib.h>

/* Waits until it is closed.  An editor that fails: SO_ERROR_TEMPORARY. */
gboolean so_editor_run (const char *path, GError **error);

/* An empty text to be written, in a private file that is gone afterwards.  One that stays empty is
 * SO_ERROR_DATA.  Owned by the caller. */
char *so_editor_compose (GError **error);
