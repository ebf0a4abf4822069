/*
 * runner-feed.c - entries into the session: locked, looked at, marked before the last octets
 * leave (doc/INTERNALS.md).
 */
#include "config.h"

#include <string.h>

#include "runner-private.h"
#include "sendoff/backoff.h"
#include "sendoff/fit-entry.h"
#include "sendoff/i18n.h"

SoEntryName
so_run_state (SoEntryState word, const char *reason, gint64 stamp)
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

gint64
so_run_start_of (const SoRun *run, const SoEntry *entry)
{
  const gint64 *start
      = run->starts != NULL ? g_hash_table_lookup (run->starts, so_entry_name (entry)->id) : NULL;
  if (start != NULL)
    return *start;
  /* Marked, it has an attempt already, of which something may be on record. */
  const SoEntryName *name = so_entry_name (entry);
  return name->state == SO_ENTRY_SENDING ? name->stamp - 1 : so_entry_log (entry)->last_key;
}

static void
remember_start (SoRun *run, const SoEntry *entry)
{
  const char *id = so_entry_name (entry)->id;
  if (run->starts == NULL)
    run->starts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (!g_hash_table_contains (run->starts, id))
    g_hash_table_insert (run->starts, g_strdup (id),
                         g_memdup2 (&so_entry_log (entry)->last_key, sizeof (gint64)));
}

/* How often it has gone round before this pass: of several parts each is an attempt, but nobody is asked
 * twice in one. */
static guint
n_rounds (const SoRun *run, const SoEntry *entry)
{
  const GPtrArray *recipients = so_entry_envelope (entry)->submission->recipients;
  g_autoptr (GHashTable) tries
      = so_attempt_log_tries (so_entry_log (entry), so_run_start_of (run, entry));
  guint most = 0;
  for (guint i = 0; i < recipients->len; i++)
    {
      const char *address = ((const SoRecipient *)g_ptr_array_index (recipients, i))->address;
      if (!so_attempt_log_settled (so_entry_log (entry), address))
        most = MAX (most, so_attempt_tries_of (tries, address));
    }
  return most;
}

gint64
so_run_next_try (const SoRun *run, const SoEntry *entry, gint64 now)
{
  const SoAccount *account = run->account;
  return so_backoff_next (n_rounds (run, entry) + 1, account->retry_initial,
                          account->retry_max, account->retry_expire,
                          so_entry_envelope (entry)->created, now, g_random_double ());
}

static gboolean
is_expired (const SoRun *run, const SoEntry *entry)
{
  return so_backoff_is_expired (run->account->retry_expire, so_entry_envelope (entry)->created,
                                so_run_now ());
}

static void
expire (SoRun *run, SoEntry *entry)
{
  gint64 now = so_run_now ();
  gboolean in_doubt = so_entry_in_doubt (entry);
  SoEntryName next = in_doubt ? so_run_state (SO_ENTRY_HELD, SO_REASON_UNCERTAIN, now)
                              : so_run_state (SO_ENTRY_FAILED, SO_REASON_EXPIRED, now);
  move (run, entry, &next, in_doubt ? SO_RUN_UNCERTAIN : SO_RUN_FAILED,
        _ ("it could not be sent in time"));
}

/* Found in `sending`: its runner died, and the store has recorded that nobody knows. */
static void
see_to_uncertain (SoRun *run, SoEntry *entry)
{
  gint64 now = so_run_now ();
  gint64 due = run->account != NULL ? so_run_next_try (run, entry, now) : now;
  gboolean hold = due < 0 || (run->account != NULL && run->account->hold_uncertain);
  SoEntryName next = hold ? so_run_state (SO_ENTRY_HELD, SO_REASON_UNCERTAIN, now)
                          : so_run_state (SO_ENTRY_UNCERTAIN, "", due);
  move (run, entry, &next, SO_RUN_UNCERTAIN, "");
}

/* All that was open has been settled: by a runner that died, or by hand. */
static void
close_settled (SoRun *run, SoEntry *entry)
{
  if (so_entry_has_outcome (entry, SO_OUTCOME_REJECTED))
    {
      SoEntryName next = so_run_state (SO_ENTRY_FAILED, SO_REASON_REFUSED, so_run_now ());
      move (run, entry, &next, SO_RUN_FAILED, "");
      return;
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
when_allowed_after (SoRun *run, const SoBudgetUse *in_flight, guint recipients, gint64 now)
{
  SoBudgetUse use = *in_flight;
  use.when = now;
  g_array_append_val (run->uses, use);
  gint64 when = when_allowed (run, recipients, now);
  g_array_set_size (run->uses, run->uses->len - 1);
  return when;
}

/* What others have sent meanwhile. */
static void
look_at_uses_again (SoRun *run, gint64 now)
{
  GError *error = NULL;
  GArray *uses = so_account_uses (run->options->outbox, run->account_name, now, &error);
  if (uses == NULL)
    {
      so_run_note_problem (run, error);
      return;
    }
  g_array_unref (run->uses);
  run->uses = uses;
}

/* With several connections nobody knows what the others have in flight: near the end of the
 * budget one goes on alone.  FALSE: a worker, which leaves it to that one. */
static gboolean
is_sure_of_budget (SoRun *run, guint recipients, gint64 now)
{
  if (!so_run_is_shared (run)
      || (run->account->daily_messages == 0 && run->account->daily_recipients == 0))
    return TRUE;
  guint others = 2 * run->account->connections;
  const SoBudgetUse most = { now, others, others * recipients };
  look_at_uses_again (run, now);
  if (when_allowed_after (run, &most, recipients, now) <= now)
    return TRUE;
  if (run->options->only_account != NULL)
    {
      run->stopped = TRUE;
      return FALSE;
    }
  so_run_wait_for_workers (run);
  look_at_uses_again (run, now);
  return TRUE;
}

/* TRUE: the account has room for it today.  Otherwise it waits until there is. */
static gboolean
fits_budget (SoRun *run, SoEntry *entry, const SoSubmission *submission)
{
  gint64 now = so_run_now ();
  if (!is_sure_of_budget (run, submission->recipients->len, now))
    return FALSE;
  gint64 when = when_allowed (run, submission->recipients->len, now);
  if (when <= now)
    {
      run->paused
          = when_allowed_after (run, &run->in_flight, submission->recipients->len, now) > now;
      return !run->paused;
    }
  GError *error = NULL;
  SoEntryName next = so_run_state (SO_ENTRY_QUEUED, SO_REASON_BUDGET, when);
  if (so_entry_move (entry, now, &next, "", &error))
    so_run_report (run, SO_RUN_DEFERRED, entry, NULL,
                   _ ("the account has sent all its provider allows in a day"));
  else
    so_run_note_problem (run, error);
  return FALSE;
}

/* TRUE: the account takes a message of its size, perhaps after packing.  Otherwise it is held. */
static gboolean
fits_size (SoRun *run, SoEntry *entry)
{
  GError *error = NULL;
  SoFitted fitted;
  /* `send` has judged it, and has told the person; but it could not know of the server's own limit. */
  const SoEnvelope *envelope = so_entry_envelope (entry);
  if (g_str_equal (envelope->origin, "send")
      && !(run->is_small && envelope->submission->wire_size > run->account->wire_limit))
    return TRUE;
  if (!so_fit_entry (run->options->outbox, entry, run->account,
                     run->options->deliver.interrupt_fd, &fitted, &error))
    {
      so_run_note_problem (run, error);
      return FALSE;
    }
  if (fitted.decision.action == SO_SIZE_SEND)
    return TRUE;
  g_autofree char *why = so_size_policy_explain (&fitted.decision, so_account_title (run->account));
  so_run_report (run, SO_RUN_HELD, entry, NULL, why);
  return FALSE;
}

static gint
compare_asked (gconstpointer a, gconstpointer b, gpointer data)
{
  const SoAttemptLog *log = data;
  const SoRecipient *first = *(const SoRecipient *const *)a, *second = *(const SoRecipient *const *)b;
  gint64 one = so_attempt_log_asked (log, first->address);
  gint64 other = so_attempt_log_asked (log, second->address);
  return one < other ? -1 : one > other;
}

/* More than the provider takes in one message go in several: those whose last attempt is longest ago
 * first, and nobody twice in a pass. */
static void
take_part (SoRun *run, SoSubmission *submission, const SoEntry *entry)
{
  const SoAttemptLog *log = so_entry_log (entry);
  GPtrArray *recipients = submission->recipients;
  guint most = run->account->max_recipients, n = 0;
  if (most == 0 || so_entry_envelope (entry)->submission->recipients->len <= most)
    return;
  remember_start (run, entry);
  gint64 start = so_run_start_of (run, entry);
  g_ptr_array_sort_with_data (recipients, compare_asked, (gpointer)log);
  while (n < recipients->len
         && so_attempt_log_asked (log, ((SoRecipient *)recipients->pdata[n])->address) <= start)
    n++;
  g_ptr_array_set_size (recipients, (gint)MIN (most, n > 0 ? n : recipients->len));
}

/* The submission, if it can be sent now; otherwise what is to be done has been done. */
static SoSubmission *
prepare (SoRun *run, SoEntry *entry)
{
  GError *error = NULL;
  if (so_entry_in_doubt (entry) && so_run_has_arrived (run, entry))
    return NULL;
  if (!fits_size (run, entry))
    return NULL;
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
  take_part (run, submission, entry);
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
  SoEntryName next = so_run_state (SO_ENTRY_HELD, SO_REASON_ACCOUNT, so_run_now ());
  run->summary->lost_account = TRUE;
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
      gboolean held = so_account_hold_needs_person (run->hold);
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

static gboolean
is_of_account (SoRun *run, SoRunCandidate *candidate, const SoEntry *entry)
{
  if (candidate->account == NULL)
    candidate->account = g_strdup (so_entry_envelope (entry)->account);
  return g_str_equal (candidate->account, run->account_name);
}

/* A worker locks nothing of other accounts: who started it would find it busy. */
static gboolean
is_for_worker (SoRun *run, SoRunCandidate *candidate)
{
  g_autoptr (SoEntry) seen = so_run_peek (run, candidate);
  return seen != NULL && is_of_account (run, candidate, seen);
}

/* Locks the candidate; NULL if it is not to be had. */
static SoEntry *
take (SoRun *run, SoRunCandidate *candidate)
{
  if (candidate->entry != NULL)
    return g_steal_pointer (&candidate->entry);
  SoEntry *entry = NULL;
  GError *error = NULL;
  if (run->options->only_account != NULL && candidate->account == NULL && !is_for_worker (run, candidate))
    return NULL;
  SoLock lock = so_outbox_lock (run->options->outbox, &candidate->name, &entry, &error);
  if (lock == SO_LOCK_BUSY)
    run->summary->busy++;
  if (lock == SO_LOCK_FAILED)
    so_run_note_problem (run, error);
  /* What another connection of ours has may be left by it. */
  candidate->finished
      = lock != SO_LOCK_DONE && !(lock == SO_LOCK_BUSY && so_run_is_shared (run));
  return entry;
}

SoSubmission *
so_run_next (gpointer data)
{
  SoRun *run = data;
  /* The session is open: others may sign in, too. */
  so_run_end_login (run);
  if (run->ready != NULL)
    return g_steal_pointer (&run->ready);
  gboolean sending = !run->stopped;
  while (run->at < run->candidates->len && (!sending || !run->stopped))
    {
      guint place = run->at++;
      SoRunCandidate *candidate = g_ptr_array_index (run->candidates, place);
      if (candidate->finished
          || (candidate->account != NULL && !g_str_equal (candidate->account, run->account_name)))
        continue;
      g_autoptr (SoEntry) entry = take (run, candidate);
      if (entry == NULL || !is_of_account (run, candidate, entry))
        continue;
      SoSubmission *submission = consider (run, candidate, g_steal_pointer (&entry));
      candidate->finished = !run->paused;
      if (run->paused)
        run->at = MIN (run->at, place);
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
