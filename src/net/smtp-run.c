/*
 * smtp-run.c - any number of messages through one session.
 *
 * With PIPELINING proven, the loop keeps two messages in hand: one whose last octet has
 * been put (`pending`, its final reply is awaited) and the next, whose commands travel
 * in the same flight:
 *
 *   flight:   [rest of body n, dot] [MAIL RCPT… DATA of n+1]
 *   replies:  [final of n]          [250 250… 354]
 *
 * When the connection is lost, the pending message is UNCERTAIN if its last octet has
 * left (so_transport_written), and deferred if it has not; the next one is deferred.
 */
#include "config.h"

#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "smtp-private.h"

/* Stopped by a signal while the last answer is on its way: it is worth this wait, for without it
 * nobody knows whether the message was taken.  Ours. */
#define FINAL_GRACE_US G_USEC_PER_SEC

typedef struct
{
  SoSmtp *smtp;
  const SoFeed *feed;
  SoTransaction pending; /* submission NULL: none */
  SoTransaction current;
  GError *problem; /* why there is no connection any more, if it could not be made again */
} Run;

static void
give_back (Run *run, SoTransaction *envelope)
{
  SoSubmission *submission = envelope->submission;
  so_transaction_clear (envelope);
  run->feed->done (run->feed->data, submission);
}

/* Fetches messages until one passes the checks; FALSE: the feed is empty. */
static gboolean
fetch_next (Run *run)
{
  SoSubmission *submission;
  while ((submission = run->feed->next (run->feed->data)) != NULL)
    {
      so_transaction_init (&run->current, submission);
      if (so_transaction_check (run->smtp, &run->current))
        return TRUE;
      give_back (run, &run->current);
    }
  return FALSE;
}

/* The last octet of the pending message has been handed to the network. */
static gboolean
dot_has_left (const Run *run)
{
  return run->pending.dot_at > 0 && so_transport_written (run->smtp->transport) >= run->pending.dot_at;
}

/* The connection ended while the verdict on a sent message was awaited. */
static void
settle_without_reply (Run *run)
{
  SoSmtp *smtp = run->smtp;
  if (!dot_has_left (run))
    {
      so_transaction_settle_lost (smtp, &run->pending, SO_STAGE_FINAL);
      return;
    }
  g_autoptr (GError) why = NULL;
  so_smtp_lost (smtp, &why);
  so_transaction_settle (&run->pending, so_verdict_new (SO_OUTCOME_UNCERTAIN, SO_SCOPE_MESSAGE,
                                                     SO_STAGE_FINAL, why->message));
}

static void
settle_by_final_reply (Run *run, const SoReply *reply)
{
  SoSmtp *smtp = run->smtp;
  if (reply->code < 400 && !dot_has_left (run))
    {
      smtp->usable = FALSE;
      so_transaction_settle (&run->pending,
                          so_verdict_new (SO_OUTCOME_DEFERRED, SO_SCOPE_CONNECTION, SO_STAGE_FINAL,
                                          _("the server answered before the message was complete")));
      return;
    }
  if (reply->code >= 300 && reply->code < 400)
    {
      smtp->usable = FALSE;
      so_transaction_settle (&run->pending,
                          so_verdict_new (SO_OUTCOME_UNCERTAIN, SO_SCOPE_MESSAGE, SO_STAGE_FINAL,
                                          _("the server's last answer makes no sense")));
      return;
    }
  so_transaction_settle_by_reply (smtp, &run->pending, SO_STAGE_FINAL, reply);
}

/* Reads the final reply of the pending message and gives it back. */
static void
finish_pending (Run *run)
{
  SoSmtp *smtp = run->smtp;
  smtp->phase = SO_PHASE_FINAL;
  /* The last answer is worth waiting for as long as the whole session may take: giving
   * up early makes an uncertain message out of a slow one. */
  so_deadline_phase_within (&smtp->deadline, 2 * smtp->deadline.timeout_us);
  smtp->deadline.grace_us = dot_has_left (run) ? FINAL_GRACE_US : 0;
  g_autoptr (SoReply) reply = so_smtp_read_reply (smtp);
  smtp->deadline.grace_us = 0;
  so_transport_set_body (smtp->transport, FALSE);
  if (reply != NULL)
    {
      g_autofree char *line = so_reply_line (reply);
      so_smtp_phase_end (smtp, line);
      settle_by_final_reply (run, reply);
    }
  else
    settle_without_reply (run);
  give_back (run, &run->pending);
  so_deadline_renew (&smtp->deadline);
}

/* The server spoke before the message was complete: its words count if they refuse, and
 * the connection is of no use after them. */
static void
settle_objection (Run *run)
{
  SoSmtp *smtp = run->smtp;
  so_transport_set_body (smtp->transport, FALSE);
  g_autoptr (SoReply) reply = so_smtp_read_reply (smtp);
  smtp->usable = FALSE;
  if (reply != NULL && reply->code >= 400)
    so_transaction_settle_by_reply (smtp, &run->current, SO_STAGE_FINAL, reply);
  else
    so_transaction_settle (&run->current,
                        so_verdict_new (SO_OUTCOME_DEFERRED, SO_SCOPE_CONNECTION, SO_STAGE_FINAL,
                                        _("the server answered before the message was complete")));
  give_back (run, &run->current);
}

static void
stop_halfway (Run *run, const char *note)
{
  run->smtp->usable = FALSE; /* half a message is on the way: only closing ends it */
  so_transaction_settle (&run->current,
                      so_verdict_new (SO_OUTCOME_DEFERRED, SO_SCOPE_MESSAGE, SO_STAGE_DATA, note));
  give_back (run, &run->current);
}

static void
settle_broken_write (Run *run)
{
  SoSmtp *smtp = run->smtp;
  so_transport_set_body (smtp->transport, FALSE);
  /* The reason for closing may stand in what was not read yet. */
  g_autoptr (SoReply) reply = so_transport_state (smtp->transport) == SO_TRANSPORT_RESET && so_smtp_has_input (smtp)
                                  ? so_smtp_read_reply (smtp)
                                  : NULL;
  smtp->usable = FALSE;
  if (reply != NULL && reply->code >= 400)
    so_transaction_settle_by_reply (smtp, &run->current, SO_STAGE_FINAL, reply);
  else
    so_transaction_settle_lost (smtp, &run->current, SO_STAGE_DATA);
  give_back (run, &run->current);
}

/* Puts the body of the current message, which becomes the pending one. */
static void
send_body (Run *run)
{
  SoSmtp *smtp = run->smtp;
  so_smtp_phase_begin (smtp, SO_PHASE_FINAL);
  so_transport_set_body (smtp->transport, TRUE);
  switch (so_body_put (smtp, &run->current, run->feed))
    {
    case SO_BODY_SENT:
      smtp->mail_open = FALSE; /* its end, well or not, ends the transaction (RFC 5321 4.1.1.4) */
      run->pending = run->current;
      run->current = (SoTransaction){ 0 };
      break;
    case SO_BODY_OBJECTION:
      settle_objection (run);
      break;
    case SO_BODY_UNREADABLE:
      stop_halfway (run, _("the message file could not be read to its end, or changed meanwhile"));
      break;
    case SO_BODY_STOPPED:
      stop_halfway (run, _("stopped before the last octet"));
      break;
    case SO_BODY_LOST:
      settle_broken_write (run);
      break;
    }
}

/* Nothing of the current message has been sent but commands: call again, in lock-step. */
static SoTransactionResult
again_in_lock_step (Run *run)
{
  SoSmtp *smtp = run->smtp;
  so_observer_trace (smtp->options.observer, '*', "%s",
                     _("the server breaks pipelining: trying again one command at a time"));
  smtp->broken_pipelining = TRUE;
  smtp->ehlo.chunking = FALSE;
  g_autoptr (SoVerdict) trouble = NULL;
  if (!so_smtp_connect (smtp, &trouble, &run->problem))
    {
      so_submission_settle (run->current.submission, trouble);
      return SO_TRANSACTION_LOST;
    }
  SoSubmission *submission = run->current.submission;
  so_transaction_clear (&run->current);
  so_transaction_init (&run->current, submission);
  if (!so_transaction_check (smtp, &run->current))
    return SO_TRANSACTION_SETTLED;
  return so_transaction_lock_step (smtp, &run->current);
}

/* The connection is over, and of the current message no more has left than commands. */
static SoTransactionResult
defer_current (Run *run)
{
  so_transaction_settle_lost (run->smtp, &run->current, SO_STAGE_MAIL);
  return SO_TRANSACTION_LOST;
}

/* A signal came while the answer to the one before was waited for: this one does not leave any more. */
static SoTransactionResult
stop_current (Run *run)
{
  run->smtp->usable = FALSE;
  so_error_set (&run->problem, SO_ERROR_INTERRUPTED, "", _("interrupted"));
  so_transaction_settle (&run->current, so_verdict_new (SO_OUTCOME_DEFERRED, SO_SCOPE_CONNECTION,
                                                        SO_STAGE_MAIL, run->problem->message));
  return SO_TRANSACTION_LOST;
}

/* Nothing was asked, and here is an answer: which of the next would it be taken for? */
static gboolean
speaks_unasked (const Run *run)
{
  return run->pending.submission == NULL && !run->current.sent && so_smtp_has_input (run->smtp);
}

static SoTransactionResult
exchange_envelope (Run *run)
{
  SoSmtp *smtp = run->smtp;
  if (speaks_unasked (run))
    {
      so_reply_free (so_smtp_read_reply (smtp)); /* for the trace; 421 says what it is */
      smtp->usable = FALSE;
      return defer_current (run);
    }
  if (smtp->lock_step)
    return so_transaction_lock_step (smtp, &run->current);
  if (!run->current.sent && !so_transaction_put (smtp, &run->current))
    smtp->usable = FALSE;
  if (!so_smtp_flush (smtp))
    smtp->usable = FALSE;
  if (run->pending.submission != NULL)
    {
      finish_pending (run);
      if (!smtp->usable) /* no answer is to be waited for, or trusted, after that one */
        return defer_current (run);
      if (smtp->deadline.stopped_us > 0)
        return stop_current (run);
    }
  SoTransactionResult result = so_transaction_read (smtp, &run->current);
  return result == SO_TRANSACTION_UNSURE ? again_in_lock_step (run) : result;
}

/* Everything is put; in lock-step, or with no next message, the verdict comes now. */
static gboolean
advance (Run *run)
{
  SoSmtp *smtp = run->smtp;
  gboolean pipeline = !smtp->lock_step && smtp->pipelining_proven;
  if (run->pending.submission != NULL && !(pipeline && fetch_next (run)))
    {
      if (!so_smtp_flush (smtp))
        smtp->usable = FALSE;
      finish_pending (run);
    }
  if (run->pending.submission != NULL)
    {
      if (!so_transaction_put (smtp, &run->current))
        smtp->usable = FALSE;
      return TRUE;
    }
  return smtp->usable && run->current.submission == NULL && fetch_next (run);
}

static void
give_back_untried (Run *run)
{
  if (run->current.submission == NULL)
    return;
  defer_current (run);
  give_back (run, &run->current);
}

gboolean
so_smtp_run (SoSmtp *smtp, const SoFeed *feed, GError **error)
{
  Run run = { .smtp = smtp, .feed = feed };
  gboolean more = fetch_next (&run);
  while (more)
    {
      SoTransactionResult result = exchange_envelope (&run);
      if (result == SO_TRANSACTION_READY)
        send_body (&run);
      else
        give_back (&run, &run.current);
      more = advance (&run);
    }
  give_back_untried (&run);
  if (smtp->usable)
    return TRUE;
  if (run.problem != NULL)
    g_propagate_error (error, run.problem);
  else
    so_smtp_lost (smtp, error);
  return FALSE;
}
