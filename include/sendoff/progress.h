/*
 * progress.h - a bar with rate and time left, for work that takes over a second.
 */
#pragma once

#include <glib.h>

typedef struct SoProgress SoProgress;

/* shown FALSE: everything below does nothing (no terminal, --quiet, --json). */
SoProgress *so_progress_new (gboolean shown);
void so_progress_free (SoProgress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoProgress, so_progress_free)

void so_progress_update (SoProgress *progress, guint64 done, guint64 total);

/* Takes the bar off the screen; the next update starts a new one. */
void so_progress_end (SoProgress *progress);
