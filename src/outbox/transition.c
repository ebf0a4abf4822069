/*
 * transition.c - an entry changes its state: the commit points of doc/INTERNALS.md.
 *
 * What must be known after a crash is in the attempt log, and durable, before the rename that
 * depends on it.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "outbox-private.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

static gboolean
failed (const SoEntry *entry, GError **error)
{
  so_durable_error (error, errno, _ ("cannot change outbox entry %s"), entry->name.id);
  return FALSE;
}

static gboolean
needs_lock (const SoEntry *entry, GError **error)
{
  if (!entry->locked)
    so_error_set (error, SO_ERROR_BUG, "", "outbox entry %s changed without its lock",
                  entry->name.id);
  return entry->locked;
}

gboolean
so_entry_rename (SoEntry *entry, const SoEntryName *to, GError **error)
{
  SoOutbox *outbox = entry->outbox;
  SoEntryName name = *to;
  memcpy (name.id, entry->name.id, sizeof name.id);
  if (renameat (outbox->root, so_outbox_entry_file (&entry->name).text, outbox->root,
                so_outbox_entry_file (&name).text)
      != 0)
    return failed (entry, error);
  entry->name = name;
  return so_outbox_sync_entries (outbox) || failed (entry, error);
}

static gboolean
same_words (const SoVerdict *a, const SoVerdict *b)
{
  g_autoptr (GString) first = g_string_new ("");
  g_autoptr (GString) second = g_string_new ("");
  so_attempt_put_verdict (first, 0, 0, "", "", a);
  so_attempt_put_verdict (second, 0, 0, "", "", b);
  return g_string_equal (first, second);
}

/* How many are neither accepted nor rejected. */
static guint
n_open (const SoEntry *entry)
{
  const GPtrArray *recipients = entry->envelope->submission->recipients;
  guint n = 0;
  for (guint i = 0; i < recipients->len; i++)
    n += !so_attempt_log_settled (entry->log, ((SoRecipient *)recipients->pdata[i])->address);
  return n;
}

/* One record for all: all that were open were asked, nobody is settled by it, and all were told
 * the same. */
static gboolean
can_say_all (const SoEntry *entry, const SoSubmission *submission)
{
  const SoRecipient *first = g_ptr_array_index (submission->recipients, 0);
  for (guint i = 0; i < submission->recipients->len; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (submission->recipients, i);
      const SoVerdict *verdict = recipient->verdict;
      if (verdict == NULL || verdict->outcome == SO_OUTCOME_ACCEPTED
          || verdict->outcome == SO_OUTCOME_REJECTED || !same_words (verdict, first->verdict))
        return FALSE;
    }
  return submission->recipients->len > 1 && submission->recipients->len == n_open (entry);
}

/* But those who have theirs of this attempt already, from when it was marked. */
static void
put_verdicts (const SoEntry *entry, GString *records, gint64 now, gint64 key, const char *server,
              const SoSubmission *submission)
{
  gboolean all = can_say_all (entry, submission);
  for (guint i = 0; i < (all ? 1 : submission->recipients->len); i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (submission->recipients, i);
      if (recipient->verdict != NULL
          && !so_attempt_log_covers (entry->log, key, recipient->address))
        so_attempt_put_verdict (records, now, key, server,
                                all ? SO_ATTEMPT_ALL : recipient->address, recipient->verdict);
    }
}

/* Who does not get the message by this attempt: refused at RCPT, or left for another one. */
static void
put_left_out (const SoEntry *entry, GString *records, gint64 now, const char *server,
              const SoSubmission *asked)
{
  const GPtrArray *recipients = entry->envelope->submission->recipients;
  g_autoptr (SoVerdict) later
      = so_verdict_new (SO_OUTCOME_NONE, SO_SCOPE_RECIPIENT, SO_STAGE_RCPT, "");
  for (guint i = 0; i < recipients->len; i++)
    {
      const char *address = ((const SoRecipient *)g_ptr_array_index (recipients, i))->address;
      if (so_attempt_log_settled (entry->log, address))
        continue;
      const SoRecipient *recipient = so_submission_find (asked, address);
      if (recipient == NULL || recipient->verdict != NULL)
        so_attempt_put_verdict (records, now, entry->name.stamp, server, address,
                                recipient != NULL ? recipient->verdict : later);
    }
}

gboolean
so_entry_has_outcome (const SoEntry *entry, SoOutcome outcome)
{
  const GPtrArray *recipients = entry->envelope->submission->recipients;
  for (guint i = 0; i < recipients->len; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (recipients, i);
      const SoVerdict *verdict = so_attempt_log_verdict (entry->log, recipient->address);
      if (verdict != NULL && verdict->outcome == outcome)
        return TRUE;
    }
  return FALSE;
}

gboolean
so_entry_in_doubt (const SoEntry *entry)
{
  const GPtrArray *recipients = entry->envelope->submission->recipients;
  for (guint i = 0; i < recipients->len && entry->log->n_doubts > 0; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (recipients, i);
      if (so_attempt_log_doubt (entry->log, recipient->address) != SO_DOUBT_NONE)
        return TRUE;
    }
  return FALSE;
}

gboolean
so_entry_mark_sending (SoEntry *entry, gint64 now, const char *server, const SoSubmission *asked,
                       GError **error)
{
  if (!needs_lock (entry, error))
    return FALSE;
  SoEntryName mark = { .state = SO_ENTRY_SENDING, .stamp = MAX (now, entry->log->last_key + 1) };
  if (!so_entry_rename (entry, &mark, error))
    return FALSE;
  if (asked->recipients->len == n_open (entry)
      && so_submission_outcome (asked) == SO_OUTCOME_NONE)
    return TRUE;
  g_autoptr (GString) records = g_string_new ("");
  put_left_out (entry, records, now, server, asked);
  return records->len == 0 || so_entry_append (entry, records, error);
}

gboolean
so_entry_conclude (SoEntry *entry, gint64 now, const char *server, const SoSubmission *submission,
                   const SoEntryName *next, GError **error)
{
  if (!needs_lock (entry, error))
    return FALSE;
  /* An attempt that ended before its mark has a key all the same. */
  gint64 key = entry->name.state == SO_ENTRY_SENDING ? entry->name.stamp
                                                     : MAX (now, entry->log->last_key + 1);
  g_autoptr (GString) records = g_string_new ("");
  put_verdicts (entry, records, now, key, server, submission);
  so_attempt_put_then (records, now, key, next);
  return so_entry_append (entry, records, error) && so_entry_rename (entry, next, error);
}

gboolean
so_entry_move (SoEntry *entry, gint64 now, const SoEntryName *next, const char *note,
               GError **error)
{
  if (!needs_lock (entry, error))
    return FALSE;
  g_autoptr (GString) records = g_string_new ("");
  if (note[0] != '\0')
    so_attempt_put_note (records, now, note);
  return (records->len == 0 || so_entry_append (entry, records, error))
         && so_entry_rename (entry, next, error);
}

gboolean
so_entry_release (SoEntry *entry, gint64 now, gint64 due, const char *note, GError **error)
{
  if (!needs_lock (entry, error))
    return FALSE;
  SoEntryName next = { .state = SO_ENTRY_QUEUED, .stamp = due };
  g_autoptr (GString) records = g_string_new ("");
  if (entry->log_fd >= 0)
    so_attempt_put_again (records, now);
  if (note[0] != '\0')
    so_attempt_put_note (records, now, note);
  return (records->len == 0 || so_entry_append (entry, records, error))
         && so_entry_rename (entry, &next, error);
}

gboolean
so_entry_reopen_recipients (SoEntry *entry, gint64 now, GError **error)
{
  g_autoptr (GString) records = g_string_new ("");
  so_attempt_put_again (records, now);
  return entry->log_fd < 0 || so_entry_append (entry, records, error);
}

gboolean
so_entry_remove (SoEntry *entry, GError **error)
{
  SoOutbox *outbox = entry->outbox;
  if (!needs_lock (entry, error))
    return FALSE;
  if (unlinkat (outbox->root, so_outbox_entry_file (&entry->name).text, 0) != 0)
    return failed (entry, error);
  outbox->unsynced = entry->removed = TRUE;
  if (entry->log_fd >= 0)
    g_ptr_array_add (outbox->spent_logs, g_strdup (entry->name.id));
  return TRUE;
}

static void
record_uncertain (SoEntry *entry, gint64 now, GString *records)
{
  const GPtrArray *recipients = entry->envelope->submission->recipients;
  g_autoptr (SoVerdict) lost
      = so_verdict_new (SO_OUTCOME_UNCERTAIN, SO_SCOPE_MESSAGE, SO_STAGE_FINAL,
                        _ ("sendoff was stopped while this was being sent: it may have arrived"));
  for (guint i = 0; i < recipients->len; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (recipients, i);
      if (!so_attempt_log_settled (entry->log, recipient->address)
          && !so_attempt_log_covers (entry->log, entry->name.stamp, recipient->address))
        so_attempt_put_verdict (records, now, entry->name.stamp, "", recipient->address, lost);
    }
}

gboolean
so_entry_recover (SoEntry *entry, gint64 now, GError **error)
{
  const SoEntryName *decided = so_attempt_log_then (entry->log, entry->name.stamp);
  if (decided != NULL)
    {
      SoEntryName next = *decided;
      return so_entry_rename (entry, &next, error);
    }
  SoEntryName next = { .state = SO_ENTRY_UNCERTAIN, .stamp = now };
  g_autoptr (GString) records = g_string_new ("");
  record_uncertain (entry, now, records);
  if (records->len > 0)
    so_attempt_put_then (records, now, entry->name.stamp, &next);
  else if (!so_entry_in_doubt (entry))
    next.state = SO_ENTRY_QUEUED;
  return (records->len == 0 || so_entry_append (entry, records, error))
         && so_entry_rename (entry, &next, error);
}
