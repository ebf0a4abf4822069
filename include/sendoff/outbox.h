/*
 * outbox.h - the folder of waiting messages: open it, look through it, put something in.
 *
 * What stands on disk and in which order it gets there is in doc/INTERNALS.md.  This header and
 * entry.h are all that runner, commands and sendmail know of the store, so that another store
 * can take its place.  An outbox is used by one thread; any number of processes, on any
 * number of hosts, may have it open.
 *
 * Errors: SO_ERROR_IO (74: disk full, quota, read or write error), SO_ERROR_CANNOT_CREATE (73: not
 * ours, wrong mode, read-only), SO_ERROR_TEMPORARY (75), SO_ERROR_CONFIG (78: a later format).
 */
#pragma once

#include "sendoff/envelope.h"
#include "sendoff/wire.h"

typedef struct SoOutbox SoOutbox;
typedef struct SoEntry SoEntry;

/* The folder is made if it is not there. */
SoOutbox *so_outbox_open (const char *path, GError **error);
/* Also the system's, which is root's and open to a group (mode 03770): others than root can do
 * nothing but put messages into it. */
SoOutbox *so_outbox_open_to_add (const char *path, GError **error);
gboolean so_outbox_is_add_only (const SoOutbox *outbox);
/* Makes durable what is not yet, as far as that is possible. */
void so_outbox_close (SoOutbox *outbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoOutbox, so_outbox_close)

const char *so_outbox_path (const SoOutbox *outbox);

/* Called with a translated line when a file is set aside; none until set. */
typedef void (*SoOutboxWarnFunc) (gpointer data, const char *line);
void so_outbox_set_warn (SoOutbox *outbox, SoOutboxWarnFunc warn, gpointer data);

/* Removals become durable with the next transition, or here. */
gboolean so_outbox_sync (SoOutbox *outbox, GError **error);

/* A new message, as a stream.  The id is made here.  The lines of the message may end in any way.
 */
typedef struct SoEnqueue SoEnqueue;
/* Takes the envelope over, also on failure. */
SoEnqueue *so_outbox_begin (SoOutbox *outbox, SoEnvelope *envelope, GError **error);
/* The same for a message that takes a locked entry's place, under the same id; what the entry's
 * recipients had refused is open again.  The entry stays the caller's and goes on with the
 * new file after commit. */
SoEnqueue *so_outbox_begin_edit (SoEntry *entry, SoEnvelope *envelope, GError **error);
gboolean so_enqueue_write (SoEnqueue *enqueue, const char *bytes, gsize length, GError **error);
/* No more will be written; what the message measures, for a decision on its state. */
const SoWireMeasure *so_enqueue_finish (SoEnqueue *enqueue, GError **error);
/* Makes it durable and visible; state, reason and stamp of `as` are used.  The entry is locked and
 * the caller's; at the next so_entry_free() it is anybody's.  After FALSE nothing is left. */
gboolean so_enqueue_commit (SoEnqueue *enqueue, const SoEntryName *as, SoEntry **entry,
                            GError **error);
/* Also ends one that is committed. */
void so_enqueue_free (SoEnqueue *enqueue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoEnqueue, so_enqueue_free)

/* Names in the order of the folder, nothing opened. */
typedef struct SoOutboxScan SoOutboxScan;
SoOutboxScan *so_outbox_scan (SoOutbox *outbox, GError **error);
/* FALSE at the end, or with error. */
gboolean so_outbox_scan_next (SoOutboxScan *scan, SoEntryName *name, GError **error);
/* Names met that are none of ours. */
guint so_outbox_scan_foreign (const SoOutboxScan *scan);
void so_outbox_scan_free (SoOutboxScan *scan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoOutboxScan, so_outbox_scan_free)

typedef struct
{
  GArray *due;              /* of SoEntryName, earliest first */
  gint64 next;              /* when the next one is due; G_MAXINT64: none */
  guint n[SO_ENTRY_STATES]; /* entries by state */
} SoOutboxPass;

/* What a runner has to do now: due queued and uncertain entries, those more than horizon
 * seconds ahead (the clock was set back), and those in `sending`, whose runner may have died.
 * A second file of one id is set aside. */
SoOutboxPass *so_outbox_pass (SoOutbox *outbox, gint64 now, gint64 horizon, GError **error);
void so_outbox_pass_free (SoOutboxPass *pass);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoOutboxPass, so_outbox_pass_free)

/* The one entry whose id begins so: SO_ERROR_NO_INPUT if there is none, SO_ERROR_USAGE if several.
 */
gboolean so_outbox_find (SoOutbox *outbox, const char *prefix, SoEntryName *name, GError **error);

/* Removes what crashes left, moves foreign files aside; gives up after limit_us, the rest is
 * for the next time.  For the end of a pass. */
gboolean so_outbox_sweep (SoOutbox *outbox, gint64 limit_us, GError **error);
