/*
 * entry.h - one waiting message: locked to work on it, or only looked at.
 *
 * Transitions are durable when they return TRUE, but for so_entry_remove().  They need the lock.
 */
#pragma once

#include "sendoff/attempt.h"
#include "sendoff/outbox.h"

typedef enum
{
  SO_LOCK_DONE,
  SO_LOCK_BUSY,  /* somebody works on it */
  SO_LOCK_GONE,  /* sent, removed, or in another state by now */
  SO_LOCK_ASIDE, /* it could not be read and was set aside, with a warning */
  SO_LOCK_FAILED
} SoLock;

/* Locks and reads it; waits for nobody.  An entry found in `sending` has lost its runner: what
 * that one had decided is carried out, otherwise its open recipients are recorded uncertain,
 * so the entry that comes back is in another state. */
SoLock so_outbox_lock (SoOutbox *outbox, const SoEntryName *name, SoEntry **entry, GError **error);

/* Reads it without locking: SO_LOCK_DONE, GONE, FAILED.  Nothing is set aside: a bad file is
 * SO_ERROR_DATA. */
SoLock so_outbox_peek (SoOutbox *outbox, const SoEntryName *name, SoEntry **entry, GError **error);

/* Ends the lock. */
void so_entry_free (SoEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoEntry, so_entry_free)

const SoEntryName *so_entry_name (const SoEntry *entry);
const SoEnvelope *so_entry_envelope (const SoEntry *entry);
const SoAttemptLog *so_entry_log (const SoEntry *entry);

/* The message with the recipients that are neither accepted nor rejected; its owner is the
 * entry.  May have no recipient. */
SoSubmission *so_entry_submission (SoEntry *entry, GError **error);

/* The verdict that stands for one of its recipients at least. */
gboolean so_entry_has_outcome (const SoEntry *entry, SoOutcome outcome);

/* Somebody who is still to get it may have got it already (attempt.h). */
gboolean so_entry_in_doubt (const SoEntry *entry);

/* To be called before the last octets leave: from here on a crash makes it uncertain, for those
 * who get it by this attempt: of `asked` those without a verdict. */
gboolean so_entry_mark_sending (SoEntry *entry, gint64 now, const char *server,
                                const SoSubmission *asked, GError **error);

/* Records the verdicts and goes to state, reason and stamp of `next`.  Not for one that is sent:
 * that is so_entry_remove(). */
gboolean so_entry_conclude (SoEntry *entry, gint64 now, const char *server,
                            const SoSubmission *submission, const SoEntryName *next,
                            GError **error);

/* A transition without an attempt; note "" for none. */
gboolean so_entry_move (SoEntry *entry, gint64 now, const SoEntryName *next, const char *note,
                        GError **error);

/* Queued, due at `due`; what was rejected or uncertain is open again. */
gboolean so_entry_release (SoEntry *entry, gint64 now, gint64 due, const char *note,
                           GError **error);

/* Gone for all to see at once; durable with the next transition or so_outbox_sync(). */
gboolean so_entry_remove (SoEntry *entry, GError **error);

/* The bytes of the message, as they came in, to fd. */
gboolean so_entry_export (SoEntry *entry, int fd, GError **error);
