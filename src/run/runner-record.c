/*
 * runner-record.c - verdicts from the session back onto the disk.
 *
 * Recorded before the next state (doc/INTERNALS.md).  What becomes of an entry after an
 * attempt is decided here and nowhere else.
 */
#include "config.h"

#include <string.h>

#include "runner-private.h"
#include "sendoff/interrupt.h"

typedef struct
{
  guint accepted, rejected, deferred, uncertain;
} Tally;

static Tally
count (const SoSubmission *submission)
{
  Tally tally = { 0 };
  for (guint i = 0; i < submission->recipients->len; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (submission->recipients, i);
      switch (recipient->verdict != NULL ? recipient->verdict->outcome : SO_OUTCOME_NONE)
        {
        case SO_OUTCOME_ACCEPTED:
          tally.accepted++;
          break;
        case SO_OUTCOME_REJECTED:
          tally.rejected++;
          break;
        case SO_OUTCOME_UNCERTAIN:
          tally.uncertain++;
          break;
        default:
          tally.deferred++;
        }
    }
  return tally;
}

/* Keeps a verdict that concerns more than this entry. */
static void
note_trouble (SoRun *run, const SoSubmission *submission)
{
  for (guint i = 0; i < submission->recipients->len; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (submission->recipients, i);
      const SoVerdict *verdict = recipient->verdict;
      if (verdict == NULL
          || (verdict->scope != SO_SCOPE_ACCOUNT && verdict->scope != SO_SCOPE_CONNECTION)
          || (verdict->outcome != SO_OUTCOME_DEFERRED && verdict->outcome != SO_OUTCOME_REJECTED))
        continue;
      if (run->trouble == NULL)
        run->trouble = so_verdict_copy (verdict);
      run->stopped = TRUE;
    }
}

/* What is refused to the account for good is refused until a person has acted: the entry waits. */
static SoSubmission *
as_recorded (const SoSubmission *submission)
{
  SoSubmission *copy = so_submission_new (submission->sender, -1);
  for (guint i = 0; i < submission->recipients->len; i++)
    {
      const SoRecipient *from = g_ptr_array_index (submission->recipients, i);
      SoVerdict *verdict = so_verdict_as_recorded (from->verdict);
      so_submission_add (copy, from->address)->verdict = verdict;
    }
  return copy;
}

/* Somebody who was not in this attempt is still to get it. */
static gboolean
others_are_open (const SoEntry *entry, const SoSubmission *submission)
{
  const GPtrArray *all = so_entry_envelope (entry)->submission->recipients;
  for (guint i = 0; i < all->len; i++)
    {
      const char *address = ((SoRecipient *)g_ptr_array_index (all, i))->address;
      if (so_submission_find (submission, address) == NULL
          && !so_attempt_log_settled (so_entry_log (entry), address))
        return TRUE;
    }
  return FALSE;
}

/* Somebody who is not settled by this either may have got it in an earlier attempt. */
static gboolean
stays_in_doubt (const SoEntry *entry, const SoSubmission *submission)
{
  if (!so_entry_in_doubt (entry))
    return FALSE;
  const GPtrArray *all = so_entry_envelope (entry)->submission->recipients;
  for (guint i = 0; i < all->len; i++)
    {
      const char *address = ((SoRecipient *)g_ptr_array_index (all, i))->address;
      const SoRecipient *recipient = so_submission_find (submission, address);
      const SoVerdict *verdict = recipient != NULL ? recipient->verdict : NULL;
      gboolean is_settled = verdict != NULL
                            && (verdict->outcome == SO_OUTCOME_ACCEPTED
                                || verdict->outcome == SO_OUTCOME_REJECTED);
      if (!is_settled && so_attempt_log_doubt (so_entry_log (entry), address) != SO_DOUBT_NONE)
        return TRUE;
    }
  return FALSE;
}

/* There are more recipients than one message may have, and some were not asked in this pass. */
static gboolean
some_are_left (const SoRun *run, const SoEntry *entry, const SoSubmission *submission)
{
  const GPtrArray *all = so_entry_envelope (entry)->submission->recipients;
  if (submission->recipients->len == all->len)
    return FALSE;
  gint64 start = so_run_start_of (run, entry);
  for (guint i = 0; i < all->len; i++)
    {
      char *address = ((SoRecipient *)g_ptr_array_index (all, i))->address;
      if (so_submission_find (submission, address) == NULL
          && !so_attempt_log_settled (so_entry_log (entry), address)
          && so_attempt_log_asked (so_entry_log (entry), address) <= start)
        return TRUE;
    }
  return FALSE;
}

/* Of those who were just asked, the one who was asked least. */
static guint
least_tries (const SoSubmission *submission, GHashTable *before)
{
  guint least = G_MAXUINT;
  for (guint i = 0; i < submission->recipients->len; i++)
    {
      const char *address = ((SoRecipient *)submission->recipients->pdata[i])->address;
      least = MIN (least, so_attempt_tries_of (before, address) + 1);
    }
  return least;
}

/* Somebody is left whose turn it is before those who were just asked get another.  It is a matter of
 * tries, not of passes: where the session ends with each part, they still wait between rounds. */
static gboolean
round_goes_on (const SoRun *run, const SoEntry *entry, const SoSubmission *submission)
{
  if (!some_are_left (run, entry, submission))
    return FALSE;
  const SoEntryName *name = so_entry_name (entry);
  gint64 last = name->state == SO_ENTRY_SENDING ? name->stamp - 1 : G_MAXINT64;
  g_autoptr (GHashTable) before = so_attempt_log_tries (so_entry_log (entry), last);
  const GPtrArray *all = so_entry_envelope (entry)->submission->recipients;
  guint least = least_tries (submission, before);
  for (guint i = 0; i < all->len; i++)
    {
      const char *address = ((SoRecipient *)g_ptr_array_index (all, i))->address;
      if (so_submission_find (submission, address) == NULL
          && !so_attempt_log_settled (so_entry_log (entry), address)
          && so_attempt_tries_of (before, address) < least)
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_too_large (const SoRun *run, const SoSubmission *submission)
{
  const SoVerdict *verdict = so_submission_speaker (submission);
  gboolean may_hold = FALSE;
  for (guint i = 0; i < run->account->n_oversize; i++)
    may_hold |= run->account->oversize[i] == SO_OVERSIZE_HOLD;
  return may_hold && verdict != NULL && verdict->outcome == SO_OUTCOME_REJECTED
         && strcmp (verdict->cause, "size") == 0;
}

static gboolean
is_before_dialogue (const SoSubmission *submission)
{
  const SoVerdict *verdict = so_submission_speaker (submission);
  return verdict != NULL && verdict->scope == SO_SCOPE_CONNECTION
         && verdict->stage == SO_STAGE_CONNECT;
}

/* By us: nobody has put it off. */
static gboolean
was_interrupted (const SoRun *run, const SoSubmission *submission)
{
  const SoVerdict *verdict = so_submission_speaker (submission);
  return verdict != NULL && verdict->scope == SO_SCOPE_CONNECTION && verdict->reply == NULL
         && so_interrupt_has_come (run->options->deliver.interrupt_fd);
}

static SoEntryName
next_state (const SoRun *run, const SoEntry *entry, const SoSubmission *submission,
            SoRunOutcome *outcome)
{
  Tally tally = count (submission);
  gint64 now = so_run_now (), due = so_run_next_try (run, entry, now);
  gboolean waits = tally.deferred > 0 || others_are_open (entry, submission);
  gboolean in_doubt = tally.uncertain == 0 && stays_in_doubt (entry, submission);
  if (waits && due >= 0 && tally.uncertain == 0
      && (round_goes_on (run, entry, submission) || was_interrupted (run, submission)))
    due = now;
  if (tally.uncertain > 0 || (in_doubt && waits && due < 0))
    {
      *outcome = SO_RUN_UNCERTAIN;
      return run->account->hold_uncertain || due < 0
                 ? so_run_state (SO_ENTRY_HELD, SO_REASON_UNCERTAIN, now)
                 : so_run_state (SO_ENTRY_UNCERTAIN, "", due);
    }
  *outcome = SO_RUN_DEFERRED;
  /* Nothing was said about this entry yet: the account's rest tells when to try again, and when
   * it is over, or the network is back, all of the account is due. */
  if (tally.deferred > 0 && due >= 0 && is_before_dialogue (submission))
    return so_run_state (so_entry_name (entry)->state, "", MIN (so_entry_name (entry)->stamp, now));
  if (waits && due >= 0)
    return so_run_state (in_doubt ? SO_ENTRY_UNCERTAIN : SO_ENTRY_QUEUED, "", due);
  if (is_too_large (run, submission))
    {
      *outcome = SO_RUN_HELD;
      return so_run_state (SO_ENTRY_HELD, SO_REASON_SIZE, now);
    }
  *outcome = SO_RUN_FAILED;
  return so_run_state (SO_ENTRY_FAILED, waits ? SO_REASON_EXPIRED : SO_REASON_REFUSED, now);
}

static void
add_use (SoRun *run, guint recipients)
{
  const SoBudgetUse use = { so_run_now (), 1, recipients };
  GError *error = NULL;
  if (recipients == 0 || (run->account->daily_messages == 0 && run->account->daily_recipients == 0))
    return;
  g_array_append_val (run->uses, use);
  if (!so_account_add_use (run->options->outbox, run->account_name, &use, &error))
    so_run_note_problem (run, error);
}

/* Every recipient there ever was has it. */
static gboolean
is_sent (const SoEntry *entry, const SoSubmission *submission)
{
  return so_submission_outcome (submission) == SO_OUTCOME_ACCEPTED
         && !so_entry_has_outcome (entry, SO_OUTCOME_REJECTED) && !others_are_open (entry, submission);
}

/* Sent, but for its copy. */
static gboolean
await_copy (SoRun *run, SoEntry *entry, GError **error)
{
  gint64 now = so_run_now ();
  SoEntryName next = so_run_state (SO_ENTRY_SENT, "", now);
  if (!so_entry_move (entry, now, &next, "", error))
    return FALSE;
  next = *so_entry_name (entry);
  g_array_append_val (run->copies, next);
  return TRUE;
}

static char *
server_of (const SoRun *run)
{
  return g_strdup_printf ("%s:%u", run->account->smtp.host, run->account->smtp.port);
}

gboolean
so_run_completing (gpointer data, SoSubmission *submission)
{
  SoRun *run = data;
  GError *error = NULL;
  g_autofree char *server = server_of (run);
  gboolean is_usual = so_submission_outcome (submission) == SO_OUTCOME_NONE; /* nobody was refused */
  g_autoptr (SoSubmission) recorded = is_usual ? NULL : as_recorded (submission);
  if (so_entry_mark_sending (submission->owner, so_run_now (), server,
                             is_usual ? submission : recorded, &error))
    return TRUE;
  so_run_note_problem (run, error);
  run->stopped = TRUE;
  return FALSE;
}

/* The server's limit was not known when it was looked at: it is once more. */
static gboolean
is_to_be_fitted (const SoRun *run, const SoEntry *entry, const SoSubmission *submission)
{
  const SoVerdict *verdict = so_submission_speaker (submission);
  return run->is_small && verdict != NULL && verdict->outcome == SO_OUTCOME_REJECTED
         && verdict->reply == NULL && strcmp (verdict->cause, "size") == 0
         && (run->refitted == NULL
             || !g_hash_table_contains (run->refitted, so_entry_name (entry)->id));
}

static gboolean
conclude (SoRun *run, SoEntry *entry, const SoSubmission *submission, SoRunOutcome *outcome,
          GError **error)
{
  *outcome = SO_RUN_SENT;
  if (is_sent (entry, submission))
    return so_run_keeps_copies (run) ? await_copy (run, entry, error)
                                     : so_entry_remove (entry, error);
  if (is_to_be_fitted (run, entry, submission))
    {
      if (run->refitted == NULL)
        run->refitted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      g_hash_table_add (run->refitted, g_strdup (so_entry_name (entry)->id));
      *outcome = SO_RUN_DEFERRED;
      return TRUE;
    }
  g_autoptr (SoSubmission) recorded = as_recorded (submission);
  SoEntryName next = next_state (run, entry, recorded, outcome);
  g_autofree char *server = server_of (run);
  return so_entry_conclude (entry, so_run_now (), server, recorded, &next, error);
}

/* What stopped the account before anything was said about this entry is no attempt of its own:
 * the account's hold tells of it. */
static gboolean
is_only_the_account (const SoRun *run, const SoEntry *entry)
{
  return run->trouble != NULL && run->trouble->scope == SO_SCOPE_ACCOUNT
         && run->trouble->stage == SO_STAGE_AUTH
         && so_entry_name (entry)->state != SO_ENTRY_SENDING;
}

void
so_run_done (gpointer data, SoSubmission *submission)
{
  SoRun *run = data;
  g_autoptr (SoEntry) entry = submission->owner; /* the last to let go of its file */
  g_autoptr (SoSubmission) owned = submission;
  GError *error = NULL;
  SoRunOutcome outcome;
  guint accepted = count (submission).accepted;
  run->in_flight.messages--;
  run->in_flight.recipients -= submission->recipients->len;
  note_trouble (run, submission);
  if (is_only_the_account (run, entry))
    {
      outcome = so_run_needs_person (run->trouble) ? SO_RUN_HELD : SO_RUN_DEFERRED;
      so_run_report (run, outcome, entry, submission, "");
      return;
    }
  add_use (run, accepted);
  run->accepted += accepted > 0;
  if (accepted > 0)
    so_run_start_workers (run);
  gboolean can_go_on = !run->stopped && run->trouble == NULL;
  gboolean fits_anew = can_go_on && is_to_be_fitted (run, entry, submission);
  gboolean goes_on = fits_anew || (can_go_on && some_are_left (run, entry, submission));
  if (conclude (run, entry, submission, &outcome, &error))
    {
      if (goes_on && outcome == SO_RUN_DEFERRED)
        {
          so_run_go_on (run, entry, fits_anew ? NULL : submission);
          return;
        }
      if (outcome == SO_RUN_DEFERRED && run->trouble != NULL && so_run_needs_person (run->trouble))
        outcome = SO_RUN_HELD;
      so_run_report (run, outcome, entry, submission, "");
    }
  else
    {
      so_run_note_problem (run, error);
      run->stopped = TRUE;
    }
}

gboolean
so_run_settle (SoRun *run, SoEntry *entry, const SoSubmission *submission, const char *text)
{
  GError *error = NULL;
  SoRunOutcome outcome;
  gboolean goes_on = some_are_left (run, entry, submission);
  gboolean done = conclude (run, entry, submission, &outcome, &error);
  if (done && goes_on && outcome == SO_RUN_DEFERRED)
    so_run_go_on (run, entry, NULL);
  else if (done)
    so_run_report (run, outcome, entry, NULL, text);
  else
    so_run_note_problem (run, error);
  return done;
}
