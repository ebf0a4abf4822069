/*
 * uncertain.c - a message whose final answer was lost is looked for in the mailbox.
 *
 * Found among what was sent (where the provider puts a copy), or in the inbox of one who wrote
 * to himself, with the Received field of a server: it had taken it, for all that it was asked for in
 * that attempt.  A copy without that field may be one that a mail program has put there itself
 * (Fcc) and proves nothing.  Nor does it when nothing is found, and it is tried again; nor does a copy when a
 * recipient was accepted in an earlier attempt.
 */
#include "config.h"

#include <string.h>

#include "runner-private.h"
#include "sendoff/delivery-log.h"
#include "sendoff/i18n.h"
#include "sendoff/mailbox.h"

/* --- the mailbox --- */

static GPtrArray *
likely_places (const GPtrArray *folders)
{
  static const SoFolderUse uses[]
      = { SO_FOLDER_SENT, SO_FOLDER_ALL, SO_FOLDER_INBOX, SO_FOLDER_JUNK };
  GPtrArray *places = g_ptr_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (uses); i++)
    {
      const SoImapFolder *folder = so_imap_folder_of (folders, uses[i]);
      if (folder != NULL)
        g_ptr_array_add (places, (gpointer)folder);
    }
  return places;
}

/* The title of the folder it is in, owned by the caller; NULL for none. */
static char *
find (SoRun *run, const SoEntry *entry, const char *message_id)
{
  const SoImapRange range = { .since = so_entry_envelope (entry)->created };
  const GPtrArray *folders;
  SoMailboxPlace place;
  g_autoptr (GError) problem = NULL;
  SoImap *imap = so_run_mailbox (run, &folders, NULL);
  if (imap == NULL)
    return NULL;
  g_autoptr (GPtrArray) places = likely_places (folders);
  if (so_mailbox_find (imap, places, &range, message_id, "Received", &place, &problem))
    return place.folder != NULL ? g_strdup (place.folder->title) : NULL;
  so_run_lose_mailbox (run, problem);
  return NULL;
}

/* --- the entry --- */

/* Those whose answer was lost each time, accepted as it turns out. */
static SoSubmission *
as_accepted (SoEntry *entry, const char *note)
{
  SoSubmission *submission = so_entry_submission (entry, NULL);
  for (guint i = submission != NULL ? submission->recipients->len : 0; i > 0; i--)
    {
      SoRecipient *recipient = g_ptr_array_index (submission->recipients, i - 1);
      if (so_attempt_log_doubt (so_entry_log (entry), recipient->address) != SO_DOUBT_EVERY)
        g_ptr_array_remove_index (submission->recipients, i - 1);
      else
        recipient->verdict
            = so_verdict_new (SO_OUTCOME_ACCEPTED, SO_SCOPE_RECIPIENT, SO_STAGE_FINAL, note);
    }
  return submission;
}

static void
log_delivery (SoRun *run, const SoSubmission *submission)
{
  g_autofree char *path = so_delivery_log_path ();
  GError *error = NULL;
  if (!so_delivery_log_add (path, run->account, submission, so_run_now () * G_USEC_PER_SEC, &error))
    so_run_note_problem (run, error);
}

gboolean
so_run_has_arrived (SoRun *run, SoEntry *entry)
{
  const char *message_id = so_entry_envelope (entry)->submission->message_id;
  if (*run->account->imap.host == '\0' || *message_id == '\0' || so_entry_has_outcome (entry, SO_OUTCOME_ACCEPTED))
    return FALSE;
  g_autofree char *folder = find (run, entry, message_id);
  if (folder == NULL)
    return FALSE;
  g_autofree char *note = g_strdup_printf (_ ("it is in “%s” of the mailbox"), folder);
  g_autoptr (SoSubmission) submission = as_accepted (entry, note);
  if (submission == NULL || submission->recipients->len == 0)
    return FALSE;
  log_delivery (run, submission);
  return so_run_settle (run, entry, submission, note);
}
