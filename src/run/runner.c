/*
 * runner.c - one pass over the outbox: candidates, accounts, sessions.
 *
 * The account of an entry stands in the entry, so it is known only when that is opened: the
 * first candidate gives the account, its session takes all others of the same account along, and
 * those of another are remembered for theirs.
 */
#include "config.h"

#include <string.h>

#include "runner-private.h"
#include "sendoff/clock.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

#define FAR_AHEAD (G_MAXINT64 / 4)
#define LOOK_AT_BUSY 10 /* s; ours */
#define LOOK_AGAIN 300  /* s; ours */

gint64
so_run_now (void)
{
  return so_clock_wall_us () / G_USEC_PER_SEC;
}

void
so_run_note_problem (SoRun *run, GError *problem)
{
  gboolean first = run->problem == NULL;
  if (first || g_error_matches (problem, SO_ERROR_DOMAIN, SO_ERROR_INTERRUPTED))
    {
      g_clear_error (&run->problem);
      run->problem = problem;
    }
  else
    g_error_free (problem);
}

void
so_run_report (SoRun *run, SoRunOutcome outcome, const SoEntry *entry,
               const SoSubmission *submission, const char *text)
{
  run->summary->n[outcome]++;
  SoEntryState state = so_entry_name (entry)->state;
  if (outcome != SO_RUN_SENT && (state == SO_ENTRY_QUEUED || state == SO_ENTRY_UNCERTAIN))
    run->summary->waiting++;
  if (outcome == SO_RUN_FAILED)
    so_notice_add (run->notices, run->account, entry);
  const SoRunReport report = { outcome, entry, submission, run->account, text, FALSE };
  if (run->options->report != NULL)
    run->options->report (run->options->data, &report);
}

static SoRunCandidate *add_candidate (SoRun *run, const SoEntryName *name);

void
so_run_go_on (SoRun *run, const SoEntry *entry, const SoSubmission *submission)
{
  add_candidate (run, so_entry_name (entry))->account = g_strdup (run->account_name);
  const SoRunReport report = { SO_RUN_DEFERRED, entry, submission, run->account, "", TRUE };
  if (run->options->report != NULL)
    run->options->report (run->options->data, &report);
}

static void
candidate_free (gpointer data)
{
  SoRunCandidate *candidate = data;
  so_entry_free (candidate->entry);
  g_free (candidate->account);
  g_free (candidate);
}

static SoRunCandidate *
add_candidate (SoRun *run, const SoEntryName *name)
{
  SoRunCandidate *candidate = g_new0 (SoRunCandidate, 1);
  candidate->name = *name;
  g_ptr_array_add (run->candidates, candidate);
  return candidate;
}

gint64
so_run_horizon (const SoConfig *config)
{
  gint64 longest = 3600;
  for (const char *const *name = so_config_names (config); *name != NULL; name++)
    {
      g_autoptr (SoAccount) account = so_config_account (config, *name, "", NULL);
      if (account != NULL)
        longest = MAX (longest, account->retry_max);
    }
  return longest + longest / 4;
}

static void
sort_in (SoRun *run, const SoEntryName *name)
{
  if (name->state == SO_ENTRY_SENT)
    g_array_append_val (run->copies, *name);
  else
    add_candidate (run, name);
}

static gboolean
find_candidates (SoRun *run)
{
  const SoRunOptions *options = run->options;
  GError *error = NULL;
  if (options->names != NULL)
    {
      for (guint i = 0; i < options->names->len; i++)
        sort_in (run, g_ptr_array_index (options->names, i));
      return TRUE;
    }
  g_autoptr (SoOutboxPass) pass
      = so_outbox_pass (options->outbox, options->now ? FAR_AHEAD : so_run_now (),
                        so_run_horizon (run->options->config), &error);
  if (pass == NULL)
    {
      so_run_note_problem (run, error);
      return FALSE;
    }
  for (guint i = 0; i < pass->due->len; i++)
    sort_in (run, &g_array_index (pass->due, SoEntryName, i));
  run->is_idle = pass->due->len == 0;
  if (run->is_idle)
    run->summary->next = pass->next;
  return TRUE;
}

static gboolean
is_over (const SoRun *run)
{
  return g_error_matches (run->problem, SO_ERROR_DOMAIN, SO_ERROR_INTERRUPTED);
}

/* When the session has sent something, losing it is no sign that the server is away. */
static gboolean
is_worth_another_session (const SoRun *run)
{
  if (run->problem != NULL)
    return FALSE;
  return run->paused
         || (run->accepted > 0 && run->trouble != NULL
             && run->trouble->scope == SO_SCOPE_CONNECTION);
}

/* The trouble before anything was sent, told of the entry whose turn it was. */
static void
settle_first (SoRun *run, const SoVerdict *trouble)
{
  run->stopped = TRUE;
  if (run->options->only_account != NULL) /* the entry is not to blame, nor is the account */
    {
      run->trouble = so_verdict_copy (trouble);
      return;
    }
  SoSubmission *submission = run->ready != NULL ? g_steal_pointer (&run->ready) : NULL;
  if (submission == NULL)
    return;
  so_submission_settle (submission, trouble);
  so_run_done (run, submission);
}

static void
judge_end (SoRun *run, SoVerdict *trouble, GError *problem)
{
  if (g_error_matches (problem, SO_ERROR_DOMAIN, SO_ERROR_CREDENTIALS))
    run->summary->needs_password = TRUE;
  gboolean ended = !g_error_matches (problem, SO_ERROR_DOMAIN, SO_ERROR_INTERRUPTED);
  if (ended && trouble != NULL)
    settle_first (run, trouble);
  if (ended && trouble != NULL && run->options->only_account != NULL)
    g_error_free (problem); /* the one who started it sees whether it is still so */
  else
    so_run_note_problem (run, problem);
}

/* Signed in, so what was missing is there. */
static void
end_own_hold (SoRun *run)
{
  if (!so_account_hold_is_own (run->hold))
    return;
  so_run_end_hold (run);
  g_clear_pointer (&run->hold, so_account_hold_free);
}

/* The smaller of the two counts: what is too large is packed, or held, before it is refused. */
static void
note_session (gpointer data, guint64 size_limit)
{
  SoRun *run = data;
  end_own_hold (run);
  if (size_limit == 0 || (run->account->wire_limit > 0 && run->account->wire_limit <= size_limit))
    return;
  run->account->wire_limit = size_limit;
  run->is_small = TRUE;
}

static void
deliver (SoRun *run)
{
  const SoFeed feed
      = { .next = so_run_next, .completing = so_run_completing, .done = so_run_done, .data = run };
  g_autoptr (SoVerdict) trouble = NULL;
  GError *problem = NULL;
  run->accepted = 0;
  g_clear_pointer (&run->trouble, so_verdict_free);
  SoDeliverOptions options = run->options->deliver;
  options.may_log_in = so_run_may_log_in;
  options.data = run;
  options.opened = note_session;
  if (!so_deliver (run->account, &feed, &options, &trouble, &problem))
    {
      if (run->accepted > 0 && trouble == NULL
          && !g_error_matches (problem, SO_ERROR_DOMAIN, SO_ERROR_INTERRUPTED))
        g_clear_error (&problem);
      else
        judge_end (run, trouble, problem);
    }
  if (!so_outbox_sync (run->options->outbox, &problem))
    so_run_note_problem (run, problem);
}

/* Under a hold, without a configuration or after trouble, entries are looked at, but none is
 * sent. */
static void
look_after_the_rest (SoRun *run)
{
  run->stopped = TRUE;
  run->at = 0;
  so_run_next (run);
}

/* A worker: what it has not sent is for the one who started it. */
static void
leave_the_rest (SoRun *run)
{
  if (run->ready != NULL)
    {
      so_run_put_back (run);
      run->summary->waiting--;
    }
  run->summary->throttled = so_run_is_throttled (run->trouble);
  for (guint i = 0; i < run->candidates->len; i++)
    {
      SoRunCandidate *candidate = g_ptr_array_index (run->candidates, i);
      /* Who started it knows only those that there were. */
      run->summary->waiting += i >= run->n_found && !candidate->finished;
      candidate->finished = TRUE;
    }
}

static void
send_for_account (SoRun *run)
{
  /* No session is opened to find out that nothing can be sent. */
  while ((run->ready = so_run_next (run)) != NULL)
    {
      deliver (run);
      gboolean again = so_run_wait_for_workers (run) && run->trouble == NULL && run->problem == NULL;
      if (!again && !is_worth_another_session (run))
        break;
      run->stopped = run->paused = FALSE;
    }
  if (run->options->only_account != NULL)
    {
      leave_the_rest (run);
      return;
    }
  if (run->ready != NULL)
    so_run_put_back (run);
  if (run->trouble != NULL && !is_over (run)) /* stopped is not away */
    so_run_hold_account (run, run->trouble);
  else if (run->accepted > 0)
    so_run_end_hold (run);
  if (!is_over (run))
    look_after_the_rest (run);
}

SoAccount *
so_run_find_account (const SoRun *run, const SoEntry *entry)
{
  const SoEnvelope *envelope = so_entry_envelope (entry);
  SoAccount *account = so_config_account (run->options->config, envelope->account, "", NULL);
  if (account != NULL)
    return account;
  /* A preset's name with the sender's address, as with --account NAME --from ADDRESS. */
  return so_config_account (run->options->config, envelope->account, envelope->submission->sender,
                            NULL);
}

static gboolean
is_stopped_by_hold (const SoRun *run)
{
  const SoAccountHold *hold = run->hold;
  if (!so_account_hold_stops (hold, so_run_now (), so_run_horizon (run->options->config)))
    return FALSE;
  return hold->reason == SO_HOLD_PASSWORD
         || !(run->options->now
              || (run->options->network_back && hold->reason == SO_HOLD_CONNECTION));
}

static void
begin_account (SoRun *run, const char *name, const SoEntry *entry)
{
  GError *error = NULL;
  run->account_name = name;
  run->account = so_run_find_account (run, entry);
  if (run->account != NULL && run->options->steps != NULL)
    {
      memcpy (run->account->oversize, run->options->steps->oversize, sizeof run->account->oversize);
      run->account->n_oversize = run->options->steps->n_oversize;
    }
  run->at = 0;
  run->accepted = 0;
  run->hold = so_account_get_hold (run->options->outbox, name, &error);
  if (error == NULL)
    run->uses = so_account_uses (run->options->outbox, name, so_run_now (), &error);
  if (error != NULL)
    so_run_note_problem (run, error);
  run->stopped = run->account == NULL || run->uses == NULL || is_stopped_by_hold (run);
  if (run->stopped && run->account != NULL && run->hold != NULL
      && run->hold->reason == SO_HOLD_PASSWORD)
    run->summary->needs_password = TRUE;
}

static void
end_account (SoRun *run)
{
  for (guint i = 0; i < run->candidates->len; i++)
    {
      SoRunCandidate *candidate = g_ptr_array_index (run->candidates, i);
      if (candidate->finished || g_strcmp0 (candidate->account, run->account_name) != 0)
        continue;
      candidate->finished = TRUE;
      run->summary->waiting++;
    }
  if (run->hold != NULL && run->hold->until > so_run_now ())
    run->rest_until = MIN (run->rest_until, run->hold->until);
  so_run_end_login (run);
  so_run_close_mailbox (run);
  g_clear_pointer (&run->workers, g_ptr_array_unref);
  g_clear_pointer (&run->account, so_account_free);
  g_clear_pointer (&run->hold, so_account_hold_free);
  g_clear_pointer (&run->uses, g_array_unref);
  g_clear_pointer (&run->trouble, so_verdict_free);
  run->in_flight = (SoBudgetUse){ 0 };
  run->paused = run->is_small = FALSE;
}

SoEntry *
so_run_peek (SoRun *run, SoRunCandidate *candidate)
{
  SoEntry *entry = NULL;
  GError *error = NULL;
  if (so_outbox_peek (run->options->outbox, &candidate->name, &entry, &error) == SO_LOCK_DONE)
    return entry;
  candidate->finished = TRUE;
  /* Locking sets aside what is no entry, and says so. */
  if (g_error_matches (error, SO_ERROR_DOMAIN, SO_ERROR_DATA)
      && so_outbox_lock (run->options->outbox, &candidate->name, &entry, NULL) == SO_LOCK_ASIDE)
    g_clear_error (&error);
  if (error != NULL)
    so_run_note_problem (run, error);
  so_entry_free (entry);
  return NULL;
}

static void
run_account_of (SoRun *run, SoRunCandidate *candidate)
{
  g_autoptr (SoEntry) seen = candidate->entry == NULL ? so_run_peek (run, candidate) : NULL;
  const SoEntry *entry = candidate->entry != NULL ? candidate->entry : seen;
  if (entry == NULL)
    return;
  g_free (candidate->account);
  candidate->account = g_strdup (so_entry_envelope (entry)->account);
  g_autofree char *name = g_strdup (candidate->account);
  const char *only = run->options->only_account;
  if (only != NULL && !g_str_equal (only, name))
    return;
  begin_account (run, name, entry);
  if (run->stopped)
    look_after_the_rest (run);
  else
    send_for_account (run);
  end_account (run);
}

static void
run_candidates (SoRun *run)
{
  run->n_found = run->candidates->len;
  for (guint i = 0; i < run->candidates->len && !is_over (run); i++)
    {
      SoRunCandidate *candidate = g_ptr_array_index (run->candidates, i);
      if (!candidate->finished)
        run_account_of (run, candidate);
    }
}

static gboolean
finish (SoRun *run, GError **error)
{
  g_ptr_array_unref (run->candidates);
  g_clear_pointer (&run->refitted, g_hash_table_unref);
  g_clear_pointer (&run->starts, g_hash_table_unref);
  g_array_unref (run->copies);
  so_notice_send (run->notices, run->options->deliver.observer, run->options->deliver.attended);
  g_ptr_array_unref (run->notices);
  if (run->problem == NULL)
    return TRUE;
  g_propagate_error (error, run->problem);
  return FALSE;
}

static void
begin (SoRun *run, const SoRunOptions *options, SoRunSummary *summary)
{
  memset (summary, 0, sizeof *summary);
  summary->next = run->rest_until = G_MAXINT64;
  run->options = options;
  run->summary = summary;
  run->candidates = g_ptr_array_new_with_free_func (candidate_free);
  run->copies = g_array_new (FALSE, FALSE, sizeof (SoEntryName));
  run->notices = so_notice_list ();
  run->login = -1;
}

static void
find_next (SoRun *run)
{
  GError *error = NULL;
  g_autoptr (SoOutboxPass) after = so_outbox_pass (run->options->outbox, so_run_now (),
                                                   so_run_horizon (run->options->config), &error);
  if (after == NULL)
    {
      so_run_note_problem (run, error);
      return;
    }
  gint64 next = MIN (after->next, run->rest_until);
  /* What another runner has is looked at again soon, in case it dies; what is due and was
   * neither sent nor stopped by a rest (it could not be read, say) after a while. */
  if (after->due->len > 0 && run->rest_until == G_MAXINT64)
    next = MIN (next, so_run_now () + (run->summary->busy > 0 ? LOOK_AT_BUSY : LOOK_AGAIN));
  run->summary->next = next;
}

gboolean
so_run_pass (const SoRunOptions *options, SoRunSummary *summary, GError **error)
{
  SoRun run = { 0 };
  begin (&run, options, summary);
  if (find_candidates (&run))
    {
      run_candidates (&run);
      so_run_save_copies (&run);
      if (options->only_account == NULL && !run.is_idle)
        find_next (&run);
    }
  return finish (&run, error);
}

gboolean
so_run_entry (const SoRunOptions *options, SoEntry *entry, SoRunSummary *summary, GError **error)
{
  SoRun run = { 0 };
  SoRunOptions at_once = *options;
  at_once.now = TRUE;
  begin (&run, &at_once, summary);
  add_candidate (&run, so_entry_name (entry))->entry = entry;
  run_candidates (&run);
  so_run_save_copies (&run);
  return finish (&run, error);
}
