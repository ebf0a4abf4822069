/*
 * app-outbox.h - the outbox as commands use it.
 */
#pragma once

#include "sendoff/app.h"
#include "sendoff/entry-view.h"
#include "sendoff/outbox.h"

/* The configured outbox; warnings go to stderr. */
SoOutbox *so_app_outbox (SoApp *app, GError **error);

/* There is a password again: the account's hold for the old one is over. */
gboolean so_app_end_password_hold (SoApp *app, const char *account, GError **error);

/* Views of entries; an account's hold is read once. */
typedef struct SoViewer SoViewer;
SoViewer *so_viewer_new (SoApp *app, SoOutbox *outbox);
void so_viewer_free (SoViewer *viewer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoViewer, so_viewer_free)
SoEntryView *so_viewer_view (SoViewer *viewer, const SoEntry *entry);

/* The members of `outbox list --json`, into the object under way. */
void so_view_add_json (const SoEntryView *view, JsonBuilder *builder);

/* "queued" and so on for people. */
const char *so_view_state_title (SoEntryState state);

/* "16:04", "Nov 26 16:04": local time of a due time, seen from now; owned by the caller. */
char *so_view_time (gint64 seconds, gint64 now);

/* For a command's only argument or one of several: the entry, locked or only looked at.  One that
 * somebody works on is SO_ERROR_TEMPORARY. */
SoEntry *so_app_lock_entry (SoOutbox *outbox, const char *prefix, GError **error);
SoEntry *so_app_peek_entry (SoOutbox *outbox, const char *prefix, GError **error);

void so_json_string (JsonBuilder *builder, const char *name, const char *value);
void so_json_number (JsonBuilder *builder, const char *name, gint64 value);
/* RFC 3339, "" for 0. */
void so_json_time (JsonBuilder *builder, const char *name, gint64 seconds);
