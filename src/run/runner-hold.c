/*
 * runner-hold.c - the breaker: an account that is refused or not reached is left alone.
 *
 * A refused password stops everything until there is a new one.  Anything else lets the
 * account rest for a time that doubles with each try, whatever the number of its entries.
 */
#include "config.h"

#include <unistd.h>

#include "runner-private.h"
#include "sendoff/backoff.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

#define OWN_WORDS 60   /* s between two writings of what is wrong here; ours */
#define LIMIT_REST 900 /* s: the least rest after "you have sent too much"; ours */

gboolean
so_run_needs_person (const SoVerdict *trouble)
{
  return trouble->scope == SO_SCOPE_ACCOUNT && trouble->outcome == SO_OUTCOME_REJECTED;
}

/* The keyring did not give a password, say: nothing was asked of the server, so nothing rests, and the
 * next pass tries again. */
static gboolean
is_our_own (const SoVerdict *trouble)
{
  return trouble->scope == SO_SCOPE_ACCOUNT && trouble->reply == NULL;
}

static SoHoldReason
reason_for (const SoVerdict *trouble)
{
  if (is_our_own (trouble))
    return so_run_needs_person (trouble) ? SO_HOLD_MISSING : SO_HOLD_LOCAL;
  if (so_run_needs_person (trouble))
    return SO_HOLD_PASSWORD;
  return trouble->scope == SO_SCOPE_ACCOUNT ? SO_HOLD_LIMIT : SO_HOLD_CONNECTION;
}

/* Refused in the middle of a session (530, 535 at MAIL), so no session says it. */
static void
tell_of_refusal (SoRun *run, const SoVerdict *trouble)
{
  if (!so_run_needs_person (trouble) || trouble->stage == SO_STAGE_AUTH)
    return;
  GError *error = NULL;
  g_autofree char *words = so_verdict_words (trouble);
  so_error_set (&error, SO_ERROR_CREDENTIALS,
                _ ("check the password; “sendoff login” ends the hold of the account"),
                _ ("%s refuses the account %s: %s"), run->account->smtp.host, run->account_name, words);
  so_run_note_problem (run, error);
}

void
so_run_hold_account (SoRun *run, const SoVerdict *trouble)
{
  if (is_our_own (trouble) && run->hold != NULL && run->hold->reason == SO_HOLD_PASSWORD)
    return; /* another run has been refused meanwhile */
  const SoAccount *account = run->account;
  gint64 now = so_run_now ();
  SoHoldReason reason = reason_for (trouble);
  gboolean again = run->hold != NULL && run->hold->reason == reason && run->accepted == 0;
  g_autofree char *text = so_verdict_words (trouble);
  SoAccountHold hold = { .reason = reason, .since = again ? run->hold->since : now, .text = text };
  hold.tries = again ? run->hold->tries + 1 : 1;
  guint initial
      = reason == SO_HOLD_LIMIT ? MAX (account->retry_initial, LIMIT_REST) : account->retry_initial;
  if (so_run_needs_person (trouble))
    run->summary->needs_password = TRUE;
  /* Tried by hand before its rest was over, it rests no longer for that. */
  if (again && so_account_hold_stops (run->hold, now, so_run_horizon (run->options->config)))
    return;
  /* It stands there.  Whoever watches the folder is woken by what is written, so other words wait. */
  if (again && is_our_own (trouble)
      && (g_str_equal (run->hold->text, text) || now < run->hold->until + OWN_WORDS))
    return;
  if (is_our_own (trouble))
    hold.until = now;
  else if (reason != SO_HOLD_PASSWORD)
    hold.until
        = now + so_backoff_delay (hold.tries, initial, account->retry_max, g_random_double ());
  run->summary->new_hold |= !again;
  tell_of_refusal (run, trouble);
  GError *error = NULL;
  if (!so_account_hold (run->options->outbox, run->account_name, &hold, &error))
    so_run_note_problem (run, error);
  so_account_hold_free (run->hold);
  run->hold = so_account_get_hold (run->options->outbox, run->account_name, NULL);
}

void
so_run_end_hold (SoRun *run)
{
  GError *error = NULL;
  if (run->hold != NULL && !so_account_end_hold (run->options->outbox, run->account_name, &error))
    so_run_note_problem (run, error);
}

#define LOGIN_WAIT 60 /* s: no sign-in takes longer; ours */

void
so_run_end_login (SoRun *run)
{
  if (run->login >= 0)
    close (run->login);
  run->login = -1;
}

gboolean
so_run_may_log_in (gpointer data, GError **error)
{
  SoRun *run = data;
  SoOutbox *outbox = run->options->outbox;
  so_run_end_login (run);
  so_account_claim_login (outbox, run->account_name, LOGIN_WAIT, &run->login);
  g_autoptr (SoAccountHold) hold = so_account_get_hold (outbox, run->account_name, NULL);
  if (hold == NULL || hold->reason != SO_HOLD_PASSWORD)
    return TRUE;
  so_error_set (error, SO_ERROR_CREDENTIALS, _ ("run “sendoff login”"), _ ("%s (tried by another run)"),
                hold->text);
  so_account_hold_free (run->hold);
  run->hold = g_steal_pointer (&hold);
  return FALSE;
}
