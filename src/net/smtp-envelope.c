/*
 * smtp-envelope.c - MAIL, RCPT and DATA of one message, in one flight or step by step.
 *
 * What the answers mean (M = MAIL, R = any RCPT, D = DATA; BDAT needs no D):
 *
 *   M      R            D      then
 *   2xx    some 2xx     354    READY
 *   2xx    some 2xx     else   those recipients get D's verdict; RSET before the next
 *   2xx    none         354    end the empty message with a dot (RFC 2920 3.1); each has its own verdict
 *   2xx    none         else   SETTLED; RSET before the next
 *   else   -            -      everybody gets M's verdict (R and D only echo it)
 *   421 anywhere               the connection is over: who has no verdict yet is deferred
 *
 * Before pipelining is proven on a connection, a syntax or sequence error (500–503) on
 * anything behind MAIL is not believed: UNSURE, and it is asked again in lock-step.
 */
#include "config.h"

#include <string.h>

#include "sendoff/address.h"
#include "sendoff/i18n.h"
#include "smtp-private.h"

#define COMMAND_MAX 510 /* octets without CRLF, RFC 5321 4.5.3.1.4 */
/* Extensions lengthen commands: RFC 1870 26, RFC 6152 17, RFC 6531 10, RFC 3461 100 + 500. */
#define COMMAND_MAX_EXTENDED (COMMAND_MAX + 653)

void
so_envelope_init (SoEnvelope *envelope, SoSubmission *submission)
{
  *envelope = (SoEnvelope){ .submission = submission };
  envelope->accepted = g_new0 (gboolean, submission->recipients->len);
  envelope->wire_addresses = g_new0 (char *, submission->recipients->len + 1);
}

void
so_envelope_clear (SoEnvelope *envelope)
{
  g_clear_pointer (&envelope->accepted, g_free);
  g_clear_pointer (&envelope->wire_addresses, g_strfreev);
  envelope->submission = NULL;
}

static SoRecipient *
recipient (const SoEnvelope *envelope, guint i)
{
  return g_ptr_array_index (envelope->submission->recipients, i);
}

static void
settle (SoEnvelope *envelope, SoVerdict *verdict)
{
  so_submission_settle (envelope->submission, verdict);
  so_verdict_free (verdict);
}

static void
settle_locally (SoEnvelope *envelope, const char *cause, const char *note)
{
  SoVerdict *verdict = so_verdict_new (SO_OUTCOME_REJECTED, SO_SCOPE_MESSAGE, SO_STAGE_MAIL, note);
  g_strlcpy (verdict->cause, cause, sizeof verdict->cause);
  settle (envelope, verdict);
}

static void
settle_by_reply (SoSmtp *smtp, SoEnvelope *envelope, SoStage stage, const SoReply *reply)
{
  settle (envelope, so_verdict_judge (smtp->options.book, smtp->account->preset, stage, reply));
}

/* --- what is checked before anything is sent --- */

/* The address for a server without SMTPUTF8: the domain in IDNA, or NULL if the local
 * part needs the extension. */
static char *
without_smtputf8 (const char *address)
{
  const char *domain = so_address_domain (address);
  gsize local = (gsize) (domain - address);
  for (gsize i = 0; i < local; i++)
    if ((guchar) address[i] >= 0x80)
      return NULL;
  g_autofree char *ascii = g_hostname_to_ascii (domain);
  return ascii != NULL ? g_strdup_printf ("%.*s%s", (int) local, address, ascii) : NULL;
}

static char *
wire_address (const SoSmtp *smtp, const char *address)
{
  return g_str_is_ascii (address) || smtp->ehlo.smtputf8 ? g_strdup (address) : without_smtputf8 (address);
}

static gboolean
check_recipient (SoSmtp *smtp, SoEnvelope *envelope, guint i)
{
  SoRecipient *to = recipient (envelope, i);
  const char *note = NULL;
  SoAddressVerdict judged = so_address_check (to->address, -1);
  if (!so_address_is_usable (judged))
    note = so_address_explain (judged);
  else if ((envelope->wire_addresses[i] = wire_address (smtp, to->address)) == NULL)
    note = _("the server does not take addresses that are not ASCII (SMTPUTF8)");
  if (note == NULL)
    return TRUE;
  if (to->verdict == NULL)
    to->verdict = so_verdict_new (SO_OUTCOME_REJECTED, SO_SCOPE_RECIPIENT, SO_STAGE_RCPT, note);
  envelope->wire_addresses[i] = g_strdup ("");
  return FALSE;
}

static gboolean
sender_is_usable (const SoSmtp *smtp, const char *sender)
{
  if (*sender == '\0')
    return TRUE;
  g_autofree char *wire = wire_address (smtp, sender);
  return wire != NULL && so_address_is_usable (so_address_check (sender, -1));
}

gboolean
so_envelope_check (SoSmtp *smtp, SoEnvelope *envelope)
{
  const SoSubmission *submission = envelope->submission;
  if (smtp->ehlo.size > 0 && submission->wire_size > smtp->ehlo.size)
    {
      g_autofree char *note = g_strdup_printf (
          _("%" G_GUINT64_FORMAT " bytes are more than the server takes (%" G_GUINT64_FORMAT ")"),
          submission->wire_size, smtp->ehlo.size);
      settle_locally (envelope, "size", note);
      return FALSE;
    }
  if (submission->eight_bit && !smtp->ehlo.eight_bit)
    {
      settle_locally (envelope, "8bit", _("the server takes only 7-bit messages (no 8BITMIME)"));
      return FALSE;
    }
  if (!sender_is_usable (smtp, submission->sender))
    {
      settle_locally (envelope, "sender", _("the server does not take this sender address"));
      return FALSE;
    }
  guint usable = 0;
  for (guint i = 0; i < submission->recipients->len; i++)
    usable += recipient (envelope, i)->verdict == NULL && check_recipient (smtp, envelope, i) ? 1 : 0;
  return usable > 0;
}

/* --- commands --- */

static gboolean
needs_smtputf8 (const SoSmtp *smtp, const SoEnvelope *envelope)
{
  if (!smtp->ehlo.smtputf8)
    return FALSE;
  if (!g_str_is_ascii (envelope->submission->sender))
    return TRUE;
  for (guint i = 0; i < envelope->submission->recipients->len; i++)
    if (envelope->wire_addresses[i] != NULL && !g_str_is_ascii (envelope->wire_addresses[i]))
      return TRUE;
  return FALSE;
}

static char *
mail_command (const SoSmtp *smtp, const SoEnvelope *envelope)
{
  const SoSubmission *submission = envelope->submission;
  g_autofree char *sender
      = *submission->sender != '\0' ? wire_address (smtp, submission->sender) : g_strdup ("");
  GString *command = g_string_new (NULL);
  g_string_printf (command, "MAIL FROM:<%s>", sender);
  if (smtp->ehlo.size_offered)
    g_string_append_printf (command, " SIZE=%" G_GUINT64_FORMAT, submission->wire_size);
  if (submission->eight_bit)
    g_string_append (command, " BODY=8BITMIME");
  if (needs_smtputf8 (smtp, envelope))
    g_string_append (command, " SMTPUTF8");
  if (smtp->ehlo.dsn && *submission->dsn_ret != '\0')
    g_string_append_printf (command, " RET=%s", submission->dsn_ret);
  if (smtp->ehlo.dsn && *submission->dsn_envid != '\0')
    g_string_append_printf (command, " ENVID=%s", submission->dsn_envid);
  return g_string_free (command, FALSE);
}

static char *
rcpt_command (const SoSmtp *smtp, const SoEnvelope *envelope, guint i)
{
  const SoRecipient *to = recipient (envelope, i);
  GString *command = g_string_new (NULL);
  g_string_printf (command, "RCPT TO:<%s>", envelope->wire_addresses[i]);
  if (smtp->ehlo.dsn && *to->dsn_notify != '\0')
    g_string_append_printf (command, " NOTIFY=%s", to->dsn_notify);
  if (smtp->ehlo.dsn && *to->dsn_orcpt != '\0')
    g_string_append_printf (command, " ORCPT=%s", to->dsn_orcpt);
  return g_string_free (command, FALSE);
}

/* The last gate: whatever the layers above did, no command can hold a second one. */
static gboolean
put_checked (SoSmtp *smtp, const char *command)
{
  if (strlen (command) > COMMAND_MAX_EXTENDED || strpbrk (command, "\r\n") != NULL)
    g_error ("SMTP command with a line end, or too long");
  return so_smtp_put (smtp, command, NULL);
}

static gboolean
put_mail (SoSmtp *smtp, const SoEnvelope *envelope)
{
  g_autofree char *mail = mail_command (smtp, envelope);
  return put_checked (smtp, mail);
}

static gboolean
put_rcpt (SoSmtp *smtp, const SoEnvelope *envelope, guint i)
{
  g_autofree char *rcpt = rcpt_command (smtp, envelope, i);
  return put_checked (smtp, rcpt);
}

gboolean
so_envelope_put (SoSmtp *smtp, SoEnvelope *envelope)
{
  envelope->sent = TRUE;
  envelope->reset_first = smtp->mail_open;
  gboolean well = !smtp->mail_open || so_smtp_put (smtp, "RSET", NULL);
  well = well && put_mail (smtp, envelope);
  for (guint i = 0; well && i < envelope->submission->recipients->len; i++)
    if (recipient (envelope, i)->verdict == NULL)
      well = put_rcpt (smtp, envelope, i);
  if (well && !smtp->ehlo.chunking)
    well = so_smtp_put (smtp, "DATA", NULL);
  return well;
}

/* --- answers --- */

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
take_rcpt_reply (SoSmtp *smtp, SoEnvelope *envelope, guint i, const SoReply *reply)
{
  if (is_well (reply))
    {
      envelope->accepted[i] = TRUE;
      envelope->n_accepted++;
    }
  else
    recipient (envelope, i)->verdict
        = so_verdict_judge (smtp->options.book, smtp->account->preset, SO_STAGE_RCPT, reply);
}

static SoEnvelopeResult
lost (SoSmtp *smtp, SoEnvelope *envelope, SoStage stage)
{
  g_autoptr (GError) why = NULL;
  so_smtp_lost (smtp, &why);
  settle (envelope, so_verdict_new (SO_OUTCOME_DEFERRED, SO_SCOPE_CONNECTION, stage, why->message));
  return SO_ENVELOPE_LOST;
}

/* A reply that closes the connection (421) or leaves it in an unknown state. */
static SoEnvelopeResult
closed_by (SoSmtp *smtp, SoEnvelope *envelope, SoStage stage, const SoReply *reply)
{
  settle_by_reply (smtp, envelope, stage, reply);
  smtp->usable = FALSE;
  return SO_ENVELOPE_LOST;
}

/* DATA was answered with 354 though nobody is to get the message: end it at once. */
static SoEnvelopeResult
end_empty_message (SoSmtp *smtp)
{
  g_autoptr (SoReply) reply = so_smtp_ask (smtp, ".", NULL);
  if (reply == NULL)
    return SO_ENVELOPE_LOST;
  smtp->mail_open = FALSE;
  return smtp->usable ? SO_ENVELOPE_SETTLED : SO_ENVELOPE_LOST;
}

static SoEnvelopeResult
take_data_reply (SoSmtp *smtp, SoEnvelope *envelope, const SoReply *reply)
{
  if (!smtp->usable)
    return closed_by (smtp, envelope, SO_STAGE_DATA, reply);
  if (reply->code == 354)
    return envelope->n_accepted > 0 ? SO_ENVELOPE_READY : end_empty_message (smtp);
  if (reply->code < 400) /* 2xx: it does not wait for a message; nobody knows what it waits for */
    return closed_by (smtp, envelope, SO_STAGE_DATA, reply);
  settle_by_reply (smtp, envelope, SO_STAGE_DATA, reply);
  return SO_ENVELOPE_SETTLED;
}

static SoEnvelopeResult
after_recipients (const SoEnvelope *envelope)
{
  return envelope->n_accepted > 0 ? SO_ENVELOPE_READY : SO_ENVELOPE_SETTLED;
}

/* --- lock-step --- */

static SoReply *
read_one (SoSmtp *smtp)
{
  if (!so_smtp_flush (smtp))
    smtp->usable = FALSE; /* what it said before it closed may still be there to read */
  return so_smtp_read_reply (smtp);
}

static SoEnvelopeResult
step_mail (SoSmtp *smtp, SoEnvelope *envelope)
{
  if (smtp->mail_open)
    {
      g_autoptr (SoReply) reset = so_smtp_ask (smtp, "RSET", NULL);
      if (reset == NULL || !smtp->usable)
        return lost (smtp, envelope, SO_STAGE_MAIL);
      smtp->mail_open = FALSE;
    }
  so_smtp_phase_begin (smtp, SO_PHASE_MAIL);
  if (!put_mail (smtp, envelope))
    return lost (smtp, envelope, SO_STAGE_MAIL);
  g_autoptr (SoReply) reply = read_one (smtp);
  if (reply == NULL)
    return lost (smtp, envelope, SO_STAGE_MAIL);
  if (!smtp->usable || reply->code < 200 || (reply->code >= 300 && reply->code < 400))
    return closed_by (smtp, envelope, SO_STAGE_MAIL, reply);
  if (!is_well (reply))
    {
      settle_by_reply (smtp, envelope, SO_STAGE_MAIL, reply);
      return SO_ENVELOPE_SETTLED;
    }
  smtp->mail_open = TRUE;
  so_smtp_phase_end (smtp, "");
  return SO_ENVELOPE_READY;
}

static SoEnvelopeResult
step_recipients (SoSmtp *smtp, SoEnvelope *envelope)
{
  so_smtp_phase_begin (smtp, SO_PHASE_RCPT);
  for (guint i = 0; i < envelope->submission->recipients->len; i++)
    {
      if (recipient (envelope, i)->verdict != NULL)
        continue;
      so_deadline_phase (&smtp->deadline);
      if (!put_rcpt (smtp, envelope, i))
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

SoEnvelopeResult
so_envelope_lock_step (SoSmtp *smtp, SoEnvelope *envelope)
{
  envelope->sent = TRUE;
  SoEnvelopeResult result = step_mail (smtp, envelope);
  if (result == SO_ENVELOPE_READY)
    result = step_recipients (smtp, envelope);
  if (result != SO_ENVELOPE_READY || smtp->ehlo.chunking)
    return result;
  so_smtp_phase_begin (smtp, SO_PHASE_DATA);
  g_autoptr (SoReply) reply = so_smtp_ask (smtp, "DATA", NULL);
  if (reply == NULL)
    return lost (smtp, envelope, SO_STAGE_DATA);
  result = take_data_reply (smtp, envelope, reply);
  if (result == SO_ENVELOPE_READY)
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
collect (SoSmtp *smtp, const SoEnvelope *envelope, Answers *answers)
{
  if (envelope->reset_first)
    {
      g_autoptr (SoReply) reset = so_smtp_read_reply (smtp);
      if (reset == NULL || !smtp->usable)
        return;
      smtp->mail_open = FALSE;
    }
  so_smtp_phase_begin (smtp, SO_PHASE_MAIL);
  if (!smtp->pipelining_proven) /* time must be left to ask again in lock-step */
    so_deadline_phase_within (&smtp->deadline, smtp->deadline.timeout_us / 2);
  answers->mail = so_smtp_read_reply (smtp);
  if (answers->mail == NULL || !smtp->usable)
    return;
  so_smtp_phase_end (smtp, "");
  smtp->phase = SO_PHASE_RCPT;
  for (guint i = 0; i < envelope->submission->recipients->len; i++)
    {
      if (recipient (envelope, i)->verdict != NULL)
        continue;
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

/* It stopped answering in the middle of a flight, or hung up on it.  Silence from the
 * first command on, or 421, has nothing to do with pipelining. */
static gboolean
broke_off (const SoSmtp *smtp, const Answers *answers)
{
  if (smtp->pipelining_proven || answers->complete)
    return FALSE;
  SoTransportState state = so_transport_state (smtp->transport);
  if (state == SO_TRANSPORT_INTERRUPTED || (answers->mail != NULL && !is_well (answers->mail)))
    return FALSE;
  if (answers->rcpt->len > 0 && ((SoReply *) g_ptr_array_index (answers->rcpt, answers->rcpt->len - 1))->code == 421)
    return FALSE;
  if (answers->data != NULL)
    return FALSE;
  return state != SO_TRANSPORT_TIMEOUT || answers->mail != NULL;
}

static void
take_recipient_answers (SoSmtp *smtp, SoEnvelope *envelope, const Answers *answers)
{
  guint next = 0;
  for (guint i = 0; i < envelope->submission->recipients->len && next < answers->rcpt->len; i++)
    if (recipient (envelope, i)->verdict == NULL)
      take_rcpt_reply (smtp, envelope, i, g_ptr_array_index (answers->rcpt, next++));
}

static SoEnvelopeResult
broken_off (SoSmtp *smtp, SoEnvelope *envelope, const Answers *answers)
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
  if (last != NULL && last->code == 421)
    return closed_by (smtp, envelope, stage, last);
  return lost (smtp, envelope, stage);
}

static SoEnvelopeResult
mail_refused (SoSmtp *smtp, SoEnvelope *envelope, const Answers *answers)
{
  settle_by_reply (smtp, envelope, SO_STAGE_MAIL, answers->mail);
  if (answers->mail->code < 400)
    smtp->usable = FALSE;
  if (answers->data != NULL && answers->data->code == 354)
    return end_empty_message (smtp);
  return smtp->usable ? SO_ENVELOPE_SETTLED : SO_ENVELOPE_LOST;
}

SoEnvelopeResult
so_envelope_read (SoSmtp *smtp, SoEnvelope *envelope)
{
  g_auto (Answers) answers = { .rcpt = g_ptr_array_new_with_free_func ((GDestroyNotify) so_reply_free) };
  collect (smtp, envelope, &answers);
  if (broke_off (smtp, &answers) || looks_confused (smtp, &answers))
    return SO_ENVELOPE_UNSURE;
  if (answers.mail != NULL && is_well (answers.mail))
    {
      smtp->mail_open = TRUE;
      take_recipient_answers (smtp, envelope, &answers);
    }
  if (!answers.complete)
    return broken_off (smtp, envelope, &answers);
  smtp->pipelining_proven = TRUE;
  if (!is_well (answers.mail))
    return mail_refused (smtp, envelope, &answers);
  return answers.data != NULL ? take_data_reply (smtp, envelope, answers.data)
                              : after_recipients (envelope);
}
