/*
 * app-outbox.h - the outbox as commands use it.
 */
#pragma once

#include "sendoff/app.h"
#include "sendoff/entry-view.h"
#include "sendoff/json.h"
#include "sendoff/outbox.h"

/* The configured outbox; warnings go to stderr. */
SoOutbox *so_app_outbox (SoApp *app, GError **error);

/* Something waits: a warning if nothing will come by for it, or what should have has stopped. */
void so_app_warn_of_schedule (const SoApp *app, SoOutbox *outbox);

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
/* FALSE with error: it is sent, and only its copy is not safe yet. */
gboolean so_app_may_send (const SoEntry *entry, GError **error);
SoEntry *so_app_peek_entry (SoOutbox *outbox, const char *prefix, GError **error);
