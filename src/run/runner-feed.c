/*
 * runner-feed.c - entries into the session, and verdicts back onto the disk.
 *
 * The order of things is that of doc/INTERNALS.md: locked, marked before the last octets
 * leave, recorded before the next state.  What becomes of an entry is decided here and
 * nowhere else.
 */
#include "config.h"

#include <string.h>

#include "runner-private.h"
#include "sendoff/backoff.h"
#include "sendoff/i18n.h"

static SoEntryName
state (SoEntryState word, const char *reason, gint64 stamp)
{
  SoEntryName name = { .state = word, .stamp = stamp };
  g_strlcpy (name.reason, reason, sizeof name.reason);
  return name;
}

static void
move (SoRun *run, SoEntry *entry, const SoEntryName *next, SoRunOutcome outcome, const char *text)
{
  GError *error = NULL;
  if (so_entry_move (entry, so_run_now (), next, text, &error))
    so_run_report (run, outcome, entry, NULL, text);
  else
    so_run_note_problem (run, error);
}

static gint64
next_try (const SoRun *run, const SoEntry *entry, gint64 now)
{
  const SoAccount *account = run->account;
  return so_backoff_next (so_entry_log (entry)->n_attempts + 1, account->retry_initial,
                          account->retry_max, account->retry_expire,
                          so_entry_envelope (entry)->created, now, g_random_double ());
}

/* --- before sending --- */

static gboolean
is_expired (const SoRun *run, const SoEntry *entry)
{
  return so_backoff_is_expired (run->account->retry_expire, so_entry_envelope (entry)->created,
                                so_run_now ());
}

static void
expire (SoRun *run, SoEntry *entry)
{
  SoEntryName next = state (SO_ENTRY_FAILED, SO_REASON_EXPIRED, so_run_now ());
  move (run, entry, &next, SO_RUN_FAILED, _ ("it could not be sent in time"));
}

/* Found in `sending`: its runner died, and the store has recorded that nobody knows. */
static void
see_to_uncertain (SoRun *run, SoEntry *entry)
{
  gint64 now = so_run_now ();
  gint64 due = run->account != NULL ? next_try (run, entry, now) : now;
  gboolean hold = due < 0 || (run->account != NULL && run->account->hold_uncertain);
  SoEntryName next = hold ? state (SO_ENTRY_HELD, SO_REASON_UNCERTAIN, now)
                          : state (SO_ENTRY_UNCERTAIN, "", due);
  move (run, entry, &next, SO_RUN_UNCERTAIN, "");
}

/* All that was open has been settled: by a runner that died, or by hand. */
static void
close_settled (SoRun *run, SoEntry *entry)
{
  const GPtrArray *recipients = so_entry_envelope (entry)->submission->recipients;
  for (guint i = 0; i < recipients->len; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (recipients, i);
      const SoVerdict *verdict = so_attempt_log_verdict (so_entry_log (entry), recipient->address);
      if (verdict != NULL && verdict->outcome == SO_OUTCOME_REJECTED)
        {
          SoEntryName next = state (SO_ENTRY_FAILED, SO_REASON_REFUSED, so_run_now ());
          move (run, entry, &next, SO_RUN_FAILED, "");
          return;
        }
    }
  GError *error = NULL;
  if (so_entry_remove (entry, &error))
    so_run_report (run, SO_RUN_SENT, entry, NULL, "");
  else
    so_run_note_problem (run, error);
}

static gint64
when_allowed (const SoRun *run, guint recipients, gint64 now)
{
  const SoBudgetLimits limits = { run->account->daily_messages, run->account->daily_recipients };
  return so_budget_when ((const SoBudgetUse *)(gpointer)run->uses->data, run->uses->len, &limits,
                         recipients, now);
}

/* What is in flight counts as sent until its verdict is known: the next is asked for before. */
static gint64
when_allowed_after_flight (SoRun *run, guint recipients, gint64 now)
{
  run->in_flight.when = now;
  g_array_append_val (run->uses, run->in_flight);
  gint64 when = when_allowed (run, recipients, now);
  g_array_set_size (run->uses, run->uses->len - 1);
  return when;
}

/* TRUE: the account has room for it today.  Otherwise it waits until there is. */
static gboolean
fits_budget (SoRun *run, SoEntry *entry, const SoSubmission *submission)
{
  gint64 now = so_run_now ();
  gint64 when = when_allowed (run, submission->recipients->len, now);
  if (when <= now)
    {
      run->paused = when_allowed_after_flight (run, submission->recipients->len, now) > now;
      return !run->paused;
    }
  GError *error = NULL;
  SoEntryName next = state (SO_ENTRY_QUEUED, SO_REASON_BUDGET, when);
  if (so_entry_move (entry, now, &next, "", &error))
    so_run_report (run, SO_RUN_DEFERRED, entry, NULL,
                   _ ("the account has sent all its provider allows in a day"));
  else
    so_run_note_problem (run, error);
  return FALSE;
}

/* The submission, if it can be sent now; otherwise what is to be done has been done. */
static SoSubmission *
prepare (SoRun *run, SoEntry *entry)
{
  GError *error = NULL;
  g_autoptr (SoSubmission) submission = so_entry_submission (entry, &error);
  if (submission == NULL)
    {
      so_run_note_problem (run, error);
      return NULL;
    }
  if (submission->recipients->len == 0)
    {
      close_settled (run, entry);
      return NULL;
    }
  /* More than the provider takes in one message go in several. */
  guint most = run->account->max_recipients;
  if (most > 0 && submission->recipients->len > most)
    g_ptr_array_set_size (submission->recipients, (gint)most);
  if (!fits_budget (run, entry, submission))
    return NULL;
  run->in_flight.messages++;
  run->in_flight.recipients += submission->recipients->len;
  return g_steal_pointer (&submission);
}

static void
hold_without_account (SoRun *run, SoEntry *entry)
{
  g_autofree char *text
      = g_strdup_printf (_ ("there is no account “%s” in the configuration any more"),
                         so_entry_envelope (entry)->account);
  SoEntryName next = state (SO_ENTRY_HELD, SO_REASON_ACCOUNT, so_run_now ());
  move (run, entry, &next, SO_RUN_HELD, text);
}

/* Nothing is sent for the account now. */
static void
look_after (SoRun *run, SoEntry *entry)
{
  if (run->account == NULL)
    hold_without_account (run, entry);
  else if (is_expired (run, entry))
    expire (run, entry);
  else
    {
      gboolean held = run->hold != NULL && run->hold->reason == SO_HOLD_PASSWORD;
      const char *why = run->hold != NULL      ? run->hold->text
                        : run->trouble != NULL ? run->trouble->note
                                               : "";
      so_run_report (run, held ? SO_RUN_HELD : SO_RUN_DEFERRED, entry, NULL, why);
    }
}

/* Takes over the entry. */
static SoSubmission *
consider (SoRun *run, const SoRunCandidate *candidate, SoEntry *taken)
{
  g_autoptr (SoEntry) entry = taken;
  SoEntryState now = so_entry_name (entry)->state;
  SoSubmission *submission = NULL;
  if (candidate->name.state == SO_ENTRY_SENDING && now == SO_ENTRY_UNCERTAIN)
    see_to_uncertain (run, entry);
  else if (now != SO_ENTRY_QUEUED && now != SO_ENTRY_UNCERTAIN)
    return NULL; /* what a runner that died had decided has been carried out */
  else if (run->stopped)
    look_after (run, entry);
  else
    submission = prepare (run, entry);
  if (submission != NULL)
    submission->owner = g_steal_pointer (&entry);
  return submission;
}

/* Locks the candidate; NULL if it is not to be had. */
static SoEntry *
take (SoRun *run, SoRunCandidate *candidate)
{
  if (candidate->entry != NULL)
    return g_steal_pointer (&candidate->entry);
  SoEntry *entry = NULL;
  GError *error = NULL;
  SoLock lock = so_outbox_lock (run->options->outbox, &candidate->name, &entry, &error);
  if (lock == SO_LOCK_BUSY)
    run->summary->busy++;
  if (lock == SO_LOCK_FAILED)
    so_run_note_problem (run, error);
  candidate->finished = lock != SO_LOCK_DONE;
  return entry;
}

static gboolean
is_of_account (SoRun *run, SoRunCandidate *candidate, const SoEntry *entry)
{
  if (candidate->account == NULL)
    candidate->account = g_strdup (so_entry_envelope (entry)->account);
  return g_str_equal (candidate->account, run->account_name);
}

SoSubmission *
so_run_next (gpointer data)
{
  SoRun *run = data;
  if (run->ready != NULL)
    return g_steal_pointer (&run->ready);
  gboolean sending = !run->stopped;
  while (run->at < run->candidates->len && (!sending || !run->stopped))
    {
      SoRunCandidate *candidate = g_ptr_array_index (run->candidates, run->at++);
      if (candidate->finished
          || (candidate->account != NULL && !g_str_equal (candidate->account, run->account_name)))
        continue;
      g_autoptr (SoEntry) entry = take (run, candidate);
      if (entry == NULL || !is_of_account (run, candidate, entry))
        continue;
      SoSubmission *submission = consider (run, candidate, g_steal_pointer (&entry));
      candidate->finished = !run->paused;
      if (run->paused)
        run->at--;
      if (submission != NULL || run->paused)
        return submission;
    }
  return NULL;
}

void
so_run_put_back (SoRun *run)
{
  SoSubmission *submission = g_steal_pointer (&run->ready);
  run->summary->waiting++;
  run->in_flight.messages--;
  run->in_flight.recipients -= submission->recipients->len;
  so_entry_free (submission->owner);
  so_submission_free (submission);
}

gboolean
so_run_completing (gpointer data, SoSubmission *submission)
{
  SoRun *run = data;
  GError *error = NULL;
  if (so_entry_mark_sending (submission->owner, so_run_now (), &error))
    return TRUE;
  so_run_note_problem (run, error);
  run->stopped = TRUE;
  return FALSE;
}

/* --- afterwards --- */

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
      SoVerdict *verdict = so_verdict_copy (from->verdict);
      if (verdict != NULL && verdict->outcome == SO_OUTCOME_REJECTED
          && (verdict->scope == SO_SCOPE_ACCOUNT || verdict->scope == SO_SCOPE_CONNECTION))
        verdict->outcome = SO_OUTCOME_DEFERRED;
      so_submission_add (copy, from->address)->verdict = verdict;
    }
  return copy;
}

/* Rejected before, or not asked yet because there were too many: TRUE if there are such. */
static gboolean
others (const SoEntry *entry, const SoSubmission *submission, SoOutcome outcome)
{
  const GPtrArray *all = so_entry_envelope (entry)->submission->recipients;
  guint n = 0;
  for (guint i = 0; i < all->len; i++)
    {
      const char *address = ((SoRecipient *)g_ptr_array_index (all, i))->address;
      const SoVerdict *verdict = so_attempt_log_verdict (so_entry_log (entry), address);
      gboolean settled = so_attempt_log_settled (so_entry_log (entry), address);
      n += outcome == SO_OUTCOME_NONE ? !settled : settled && verdict->outcome == outcome;
    }
  return outcome == SO_OUTCOME_NONE ? n > submission->recipients->len : n > 0;
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

static SoEntryName
next_state (const SoRun *run, const SoEntry *entry, const SoSubmission *submission,
            SoRunOutcome *outcome)
{
  Tally tally = count (submission);
  gint64 now = so_run_now (), due = next_try (run, entry, now);
  if (tally.uncertain > 0)
    {
      *outcome = SO_RUN_UNCERTAIN;
      return run->account->hold_uncertain || due < 0
                 ? state (SO_ENTRY_HELD, SO_REASON_UNCERTAIN, now)
                 : state (SO_ENTRY_UNCERTAIN, "", due);
    }
  *outcome = SO_RUN_DEFERRED;
  /* Nothing was said about this entry yet: the account's rest tells when to try again, and when
   * it is over, or the network is back, all of the account is due. */
  if (tally.deferred > 0 && due >= 0 && is_before_dialogue (submission))
    return state (so_entry_name (entry)->state, "", MIN (so_entry_name (entry)->stamp, now));
  if (tally.deferred > 0 && due >= 0)
    return state (SO_ENTRY_QUEUED, "", due);
  if (tally.deferred == 0 && others (entry, submission, SO_OUTCOME_NONE))
    return state (SO_ENTRY_QUEUED, "", now);
  if (is_too_large (run, submission))
    {
      *outcome = SO_RUN_HELD;
      return state (SO_ENTRY_HELD, SO_REASON_SIZE, now);
    }
  *outcome = SO_RUN_FAILED;
  return state (SO_ENTRY_FAILED, tally.deferred > 0 ? SO_REASON_EXPIRED : SO_REASON_REFUSED, now);
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
         && !others (entry, submission, SO_OUTCOME_REJECTED)
         && !others (entry, submission, SO_OUTCOME_NONE);
}

static gboolean
conclude (SoRun *run, SoEntry *entry, const SoSubmission *submission, SoRunOutcome *outcome,
          GError **error)
{
  *outcome = SO_RUN_SENT;
  if (is_sent (entry, submission))
    return so_entry_remove (entry, error);
  g_autoptr (SoSubmission) recorded = as_recorded (submission);
  SoEntryName next = next_state (run, entry, recorded, outcome);
  g_autofree char *server
      = g_strdup_printf ("%s:%u", run->account->smtp.host, run->account->smtp.port);
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
  g_autoptr (SoSubmission) owned = submission;
  g_autoptr (SoEntry) entry = submission->owner;
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
  if (conclude (run, entry, submission, &outcome, &error))
    so_run_report (run, outcome, entry, submission, "");
  else
    {
      so_run_note_problem (run, error);
      run->stopped = TRUE;
    }
}
