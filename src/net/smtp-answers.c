/*
 * smtp-answers.c - the answers to MAIL, RCPT and DATA, to one flight or step by step.
 *
 * What the answers mean (M = MAIL, R = any RCPT, D = DATA; BDAT needs no D):
 *
 *   M      R            D      then
 *   2xx    some 2xx     354    READY
 *   2xx    some 2xx     else   those recipients get D's verdict; RSET before the next
 *   2xx    none         354    end the empty message with a dot (RFC 2920 3.1); each has its own verdict
 *   2xx    none         else   SETTLED; RSET before the next
 *   else   no 2xx       no 2xx  everybody gets M's verdict (R and D only echo it)
 *   else   2xx, or D's          answers to something else: the connection is over
 *   421 anywhere               the connection is over: who has no verdict yet is deferred
 *
 * Before pipelining is proven on a connection, a syntax or sequence error (500–503) on
 * anything behind MAIL is not believed: UNSURE, and it is asked again in lock-step.
 */
#include "config.h"

#include <string.h>

#include "smtp-private.h"

static gboolean
is_well (const SoReply *reply)
{
  return reply->code >= 200 && reply->code < 300;
}

/* 500–503: what a server says to a command it did not get whole, or did not expect. */
static gboolean
is_confusion (const SoReply *reply)
{
  return reply->code >= 500 && reply->code <= 503 && reply->enhanced[0] == '\0';
}

static void
take_rcpt_reply (SoSmtp *smtp, SoTransaction *envelope, guint i, const SoReply *reply)
{
  if (is_well (reply))
    envelope->n_accepted++;
  else
    so_transaction_recipient (envelope, i)->verdict
        = so_verdict_judge (smtp->options.book, smtp->account->preset, SO_STAGE_RCPT, reply);
}

static SoTransactionResult
lost (SoSmtp *smtp, SoTransaction *envelope, SoStage stage)
{
  so_transaction_settle_lost (smtp, envelope, stage);
  return SO_TRANSACTION_LOST;
}

/* A reply that closes the connection (421) or leaves it in an unknown state. */
static SoTransactionResult
closed_by (SoSmtp *smtp, SoTransaction *envelope, SoStage stage, const SoReply *reply)
{
  so_transaction_settle_by_reply (smtp, envelope, stage, reply);
  smtp->usable = FALSE;
  return SO_TRANSACTION_LOST;
}

/* DATA was answered with 354 though nobody is to get the message: end it at once. */
static SoTransactionResult
end_empty_message (SoSmtp *smtp)
{
  g_autoptr (SoReply) reply = so_smtp_ask (smtp, ".", NULL);
  if (reply == NULL)
    return SO_TRANSACTION_LOST;
  smtp->mail_open = FALSE;
  return smtp->usable ? SO_TRANSACTION_SETTLED : SO_TRANSACTION_LOST;
}

static SoTransactionResult
take_data_reply (SoSmtp *smtp, SoTransaction *envelope, const SoReply *reply)
{
  if (!smtp->usable)
    return closed_by (smtp, envelope, SO_STAGE_DATA, reply);
  if (reply->code == 354)
    return envelope->n_accepted > 0 ? SO_TRANSACTION_READY : end_empty_message (smtp);
  if (reply->code < 400) /* 2xx: it does not wait for a message; nobody knows what it waits for */
    return closed_by (smtp, envelope, SO_STAGE_DATA, reply);
  so_transaction_settle_by_reply (smtp, envelope, SO_STAGE_DATA, reply);
  return SO_TRANSACTION_SETTLED;
}

static SoTransactionResult
after_recipients (const SoTransaction *envelope)
{
  return envelope->n_accepted > 0 ? SO_TRANSACTION_READY : SO_TRANSACTION_SETTLED;
}

/* --- lock-step --- */

static SoReply *
read_one (SoSmtp *smtp)
{
  if (!so_smtp_flush (smtp))
    smtp->usable = FALSE; /* what it said before it closed may still be there to read */
  return so_smtp_read_reply (smtp);
}

static SoTransactionResult
step_mail (SoSmtp *smtp, SoTransaction *envelope)
{
  if (smtp->mail_open)
    {
      g_autoptr (SoReply) reset = so_smtp_ask (smtp, "RSET", NULL);
      if (reset == NULL || !smtp->usable)
        return lost (smtp, envelope, SO_STAGE_MAIL);
      smtp->mail_open = FALSE;
    }
  so_smtp_phase_begin (smtp, SO_PHASE_MAIL);
  if (!so_transaction_put_mail (smtp, envelope))
    return lost (smtp, envelope, SO_STAGE_MAIL);
  g_autoptr (SoReply) reply = read_one (smtp);
  if (reply == NULL)
    return lost (smtp, envelope, SO_STAGE_MAIL);
  if (!smtp->usable || reply->code < 200 || (reply->code >= 300 && reply->code < 400))
    return closed_by (smtp, envelope, SO_STAGE_MAIL, reply);
  if (!is_well (reply))
    {
      so_transaction_settle_by_reply (smtp, envelope, SO_STAGE_MAIL, reply);
      return SO_TRANSACTION_SETTLED;
    }
  smtp->mail_open = TRUE;
  so_smtp_phase_end (smtp, "");
  return SO_TRANSACTION_READY;
}

static SoTransactionResult
step_recipients (SoSmtp *smtp, SoTransaction *envelope)
{
  so_smtp_phase_begin (smtp, SO_PHASE_RCPT);
  for (guint i = 0; i < envelope->submission->recipients->len; i++)
    {
      if (so_transaction_recipient (envelope, i)->verdict != NULL)
        continue;
      so_deadline_phase (&smtp->deadline);
      if (!so_transaction_put_rcpt (smtp, envelope, i))
        return lost (smtp, envelope, SO_STAGE_RCPT);
      g_autoptr (SoReply) reply = read_one (smtp);
      if (reply == NULL)
        return lost (smtp, envelope, SO_STAGE_RCPT);
      take_rcpt_reply (smtp, envelope, i, reply);
      if (!smtp->usable)
        return closed_by (smtp, envelope, SO_STAGE_RCPT, reply);
    }
  so_smtp_phase_end (smtp, "");
  return after_recipients (envelope);
}

SoTransactionResult
so_transaction_lock_step (SoSmtp *smtp, SoTransaction *envelope)
{
  envelope->sent = TRUE;
  SoTransactionResult result = step_mail (smtp, envelope);
  if (result == SO_TRANSACTION_READY)
    result = step_recipients (smtp, envelope);
  if (result != SO_TRANSACTION_READY || smtp->ehlo.chunking)
    return result;
  so_smtp_phase_begin (smtp, SO_PHASE_DATA);
  g_autoptr (SoReply) reply = so_smtp_ask (smtp, "DATA", NULL);
  if (reply == NULL)
    return lost (smtp, envelope, SO_STAGE_DATA);
  result = take_data_reply (smtp, envelope, reply);
  if (result == SO_TRANSACTION_READY)
    so_smtp_phase_end (smtp, "");
  return result;
}

/* --- pipelined --- */

/* The answers of one flight, collected before any is believed. */
typedef struct
{
  SoReply *mail;
  GPtrArray *rcpt; /* SoReply, one for each RCPT sent */
  SoReply *data;   /* NULL with CHUNKING */
  gboolean complete;
} Answers;

static void
answers_clear (Answers *answers)
{
  so_reply_free (answers->mail);
  so_reply_free (answers->data);
  g_ptr_array_unref (answers->rcpt);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answers, answers_clear)

static void
collect (SoSmtp *smtp, const SoTransaction *envelope, Answers *answers)
{
  if (envelope->reset_first)
    {
      g_autoptr (SoReply) reset = so_smtp_read_reply (smtp);
      if (reset == NULL || !smtp->usable)
        return;
      smtp->mail_open = FALSE;
    }
  so_smtp_phase_begin (smtp, SO_PHASE_MAIL);
  answers->mail = so_smtp_read_reply (smtp);
  if (answers->mail == NULL || !smtp->usable)
    return;
  so_smtp_phase_end (smtp, "");
  smtp->phase = SO_PHASE_RCPT;
  for (guint i = 0; i < envelope->submission->recipients->len; i++)
    {
      if (so_transaction_recipient (envelope, i)->verdict != NULL)
        continue;
      so_deadline_phase (&smtp->deadline);
      SoReply *reply = so_smtp_read_reply (smtp);
      if (reply == NULL)
        return;
      g_ptr_array_add (answers->rcpt, reply);
      if (!smtp->usable)
        return;
    }
  so_smtp_phase_end (smtp, "");
  smtp->phase = SO_PHASE_DATA;
  if (!smtp->ehlo.chunking)
    {
      so_deadline_phase (&smtp->deadline);
      answers->data = so_smtp_read_reply (smtp);
      if (answers->data == NULL || !smtp->usable)
        return;
      so_smtp_phase_end (smtp, "");
    }
  answers->complete = TRUE;
}

/* Pipelining is new on this connection and the answers do not look like one each. */
static gboolean
looks_confused (const SoSmtp *smtp, const Answers *answers)
{
  if (smtp->pipelining_proven || answers->mail == NULL || !is_well (answers->mail))
    return FALSE;
  gboolean refused = FALSE;
  for (guint i = 0; i < answers->rcpt->len; i++)
    {
      const SoReply *reply = g_ptr_array_index (answers->rcpt, i);
      if (is_confusion (reply) || (reply->code >= 300 && reply->code < 400))
        return TRUE;
      refused = refused || !is_well (reply);
    }
  /* 503 to DATA is right after refused recipients, and only then. */
  return answers->data != NULL && is_confusion (answers->data) && !refused;
}

/* It stopped answering in the middle of a flight, or hung up on it, perhaps with a word of
 * protest in the answer to MAIL: in lock-step it will say what it means.  Silence from
 * the first command on, or 421, has nothing to do with pipelining. */
static gboolean
broke_off (const SoSmtp *smtp, const Answers *answers)
{
  if (smtp->pipelining_proven || answers->complete)
    return FALSE;
  SoTransportState state = so_transport_state (smtp->transport);
  if (state == SO_TRANSPORT_INTERRUPTED || (answers->mail != NULL && answers->mail->code == 421))
    return FALSE;
  if (answers->rcpt->len > 0 && ((SoReply *) g_ptr_array_index (answers->rcpt, answers->rcpt->len - 1))->code == 421)
    return FALSE;
  if (answers->data != NULL)
    return FALSE;
  return state != SO_TRANSPORT_TIMEOUT || answers->mail != NULL;
}

static void
take_recipient_answers (SoSmtp *smtp, SoTransaction *envelope, const Answers *answers)
{
  guint next = 0;
  for (guint i = 0; i < envelope->submission->recipients->len && next < answers->rcpt->len; i++)
    if (so_transaction_recipient (envelope, i)->verdict == NULL)
      take_rcpt_reply (smtp, envelope, i, g_ptr_array_index (answers->rcpt, next++));
}

static SoTransactionResult
broken_off (SoSmtp *smtp, SoTransaction *envelope, const Answers *answers)
{
  const SoReply *last = answers->data;
  SoStage stage = SO_STAGE_DATA;
  if (last == NULL && answers->rcpt->len > 0)
    {
      last = g_ptr_array_index (answers->rcpt, answers->rcpt->len - 1);
      stage = SO_STAGE_RCPT;
    }
  if (last == NULL)
    {
      last = answers->mail;
      stage = SO_STAGE_MAIL;
    }
  if (answers->mail != NULL && answers->mail->code >= 400)
    return closed_by (smtp, envelope, SO_STAGE_MAIL, answers->mail);
  if (last != NULL && last->code == 421)
    return closed_by (smtp, envelope, stage, last);
  return lost (smtp, envelope, stage);
}

/* MAIL was refused, and what stands on it was taken: these are answers to something else. */
static gboolean
is_out_of_step (const Answers *answers)
{
  for (guint i = 0; i < answers->rcpt->len; i++)
    if (is_well (g_ptr_array_index (answers->rcpt, i)))
      return TRUE;
  return answers->data != NULL && is_well (answers->data);
}

static SoTransactionResult
mail_refused (SoSmtp *smtp, SoTransaction *envelope, const Answers *answers)
{
  so_transaction_settle_by_reply (smtp, envelope, SO_STAGE_MAIL, answers->mail);
  if (answers->mail->code < 400)
    smtp->usable = FALSE;
  if (answers->data != NULL && answers->data->code == 354)
    return end_empty_message (smtp);
  return smtp->usable ? SO_TRANSACTION_SETTLED : SO_TRANSACTION_LOST;
}

SoTransactionResult
so_transaction_read (SoSmtp *smtp, SoTransaction *envelope)
{
  g_auto (Answers) answers = { .rcpt = g_ptr_array_new_with_free_func ((GDestroyNotify) so_reply_free) };
  collect (smtp, envelope, &answers);
  if (broke_off (smtp, &answers) || looks_confused (smtp, &answers))
    return SO_TRANSACTION_UNSURE;
  if (answers.mail != NULL && is_well (answers.mail))
    {
      smtp->mail_open = TRUE;
      take_recipient_answers (smtp, envelope, &answers);
    }
  if (!answers.complete)
    return broken_off (smtp, envelope, &answers);
  if (!is_well (answers.mail) && is_out_of_step (&answers))
    {
      smtp->usable = FALSE;
      return lost (smtp, envelope, SO_STAGE_MAIL);
    }
  smtp->pipelining_proven = TRUE;
  if (!is_well (answers.mail))
    return mail_refused (smtp, envelope, &answers);
  return answers.data != NULL ? take_data_reply (smtp, envelope, answers.data)
                              : after_recipients (envelope);
}
