/*
 * smtp-transaction.c - the commands MAIL, RCPT and DATA of one message.
 *
 * Checked before anything leaves: the size against SIZE (RFC 1870), the octets against
 * 8BITMIME (RFC 6152), each address against the grammar and against SMTPUTF8 (RFC 6531;
 * a domain alone goes as IDNA where the server lacks it).
 */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "sendoff/address.h"
#include "sendoff/downgrade.h"
#include "sendoff/i18n.h"
#include "sendoff/measure.h"
#include "smtp-private.h"

#define COMMAND_MAX 510 /* octets without CRLF, RFC 5321 4.5.3.1.4 */
/* Extensions lengthen commands: RFC 1870 26, RFC 6152 17, RFC 6531 10, RFC 3461 100 + 500. */
#define COMMAND_MAX_EXTENDED (COMMAND_MAX + 653)

void
so_transaction_init (SoTransaction *envelope, SoSubmission *submission)
{
  *envelope = (SoTransaction){ .submission = submission };
  envelope->wire_addresses = g_new0 (char *, submission->recipients->len + 1);
}

void
so_transaction_clear (SoTransaction *envelope)
{
  g_clear_pointer (&envelope->wire_addresses, g_strfreev);
  envelope->submission = NULL;
}

SoRecipient *
so_transaction_recipient (const SoTransaction *envelope, guint i)
{
  return g_ptr_array_index (envelope->submission->recipients, i);
}

void
so_transaction_settle (SoTransaction *envelope, SoVerdict *verdict)
{
  so_submission_settle (envelope->submission, verdict);
  so_verdict_free (verdict);
}

void
so_transaction_settle_by_reply (SoSmtp *smtp, SoTransaction *envelope, SoStage stage, const SoReply *reply)
{
  so_transaction_settle (envelope, so_verdict_judge (smtp->options.book, smtp->account->preset, stage, reply));
}

void
so_transaction_settle_lost (SoSmtp *smtp, SoTransaction *envelope, SoStage stage)
{
  g_autoptr (GError) why = NULL;
  so_smtp_lost (smtp, &why);
  so_transaction_settle (envelope,
                      so_verdict_new (SO_OUTCOME_DEFERRED, SO_SCOPE_CONNECTION, stage, why->message));
}

static void
settle_locally (SoTransaction *envelope, const char *cause, const char *note)
{
  SoVerdict *verdict = so_verdict_new (SO_OUTCOME_REJECTED, SO_SCOPE_MESSAGE, SO_STAGE_MAIL, note);
  g_strlcpy (verdict->cause, cause, sizeof verdict->cause);
  so_transaction_settle (envelope, verdict);
}

/* --- what is checked before anything is sent --- */

/* Without SMTPUTF8 where that can be: the next server on the way may know nothing of it.  NULL if the
 * address needs it and the server lacks it. */
static char *
wire_address (const SoSmtp *smtp, const char *address)
{
  if (g_str_is_ascii (address))
    return g_strdup (address);
  char *plain = so_address_in_ascii (address);
  return plain != NULL || !smtp->ehlo.smtputf8 ? plain : g_strdup (address);
}

static gboolean
check_recipient (SoSmtp *smtp, SoTransaction *envelope, guint i)
{
  SoRecipient *to = so_transaction_recipient (envelope, i);
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

/* To what the server takes; what is on disk stays as it is. */
static gboolean
convert (SoTransaction *envelope, gboolean to_seven_bit)
{
  SoSubmission *submission = envelope->submission;
  g_autoptr (GError) error = NULL;
  const char *why;
  SoWireMeasure measure;
  int fd = so_downgrade (submission->fd, submission->offset, to_seven_bit, &why, &error);
  if (fd < 0 || !so_measure_fd (fd, 0, &measure, &error))
    {
      if (fd >= 0)
        close (fd);
      if (error == NULL)
        settle_locally (envelope, "8bit", why);
      else /* no room, say: not the message's fault */
        so_transaction_settle (envelope, so_verdict_new (SO_OUTCOME_DEFERRED, SO_SCOPE_MESSAGE,
                                                      SO_STAGE_MAIL, error->message));
      return FALSE;
    }
  close (submission->fd);
  submission->fd = fd;
  submission->offset = 0;
  so_submission_take_measure (submission, &measure);
  return TRUE;
}

/* The wish is not worth more than the message. */
static void
warn_without_dsn (const SoSmtp *smtp, const SoTransaction *envelope)
{
  for (guint i = 0; i < envelope->submission->recipients->len; i++)
    if (*so_transaction_recipient (envelope, i)->dsn_notify != '\0' && !smtp->ehlo.dsn)
      {
        so_observer_warn (smtp->options.observer,
                          _("the server takes no wishes for delivery reports (no DSN)"));
        return;
      }
}

gboolean
so_transaction_check (SoSmtp *smtp, SoTransaction *envelope)
{
  SoSubmission *submission = envelope->submission;
  gboolean to_seven_bit = submission->eight_bit && !smtp->ehlo.eight_bit;
  if ((to_seven_bit || submission->long_lines) && !convert (envelope, to_seven_bit))
    return FALSE;
  if (smtp->ehlo.size > 0 && submission->wire_size > smtp->ehlo.size)
    {
      /* Octets, and as text: translators get no PRIu64. */
      g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, submission->wire_size);
      g_autofree char *limit = g_strdup_printf ("%" G_GUINT64_FORMAT, smtp->ehlo.size);
      g_autofree char *note
          = g_strdup_printf (_("%s bytes are more than the server takes (%s)"), size, limit);
      settle_locally (envelope, "size", note);
      return FALSE;
    }
  /* In no part of it, so nothing says how it could be encoded: a preamble, say. */
  gboolean is_eight_bit = submission->eight_bit || submission->utf8_headers;
  if (is_eight_bit && !smtp->ehlo.eight_bit)
    {
      settle_locally (envelope, "8bit", _("the server takes only 7-bit messages (no 8BITMIME)"));
      return FALSE;
    }
  if (!sender_is_usable (smtp, submission->sender))
    {
      settle_locally (envelope, "sender", _("the server does not take this sender address"));
      return FALSE;
    }
  warn_without_dsn (smtp, envelope);
  guint usable = 0;
  for (guint i = 0; i < submission->recipients->len; i++)
    usable += so_transaction_recipient (envelope, i)->verdict == NULL && check_recipient (smtp, envelope, i) ? 1 : 0;
  return usable > 0;
}

/* --- commands --- */

static gboolean
needs_smtputf8 (const SoSmtp *smtp, const SoTransaction *envelope)
{
  if (!smtp->ehlo.smtputf8)
    return FALSE;
  g_autofree char *sender = wire_address (smtp, envelope->submission->sender);
  if (sender != NULL && !g_str_is_ascii (sender))
    return TRUE;
  for (guint i = 0; i < envelope->submission->recipients->len; i++)
    if (envelope->wire_addresses[i] != NULL && !g_str_is_ascii (envelope->wire_addresses[i]))
      return TRUE;
  return FALSE;
}

/* A DSN value that cannot stand in a command (RFC 3461 4: xtext, with a length) is left
 * out: the message matters more than the wish for a report. */
static gboolean
is_dsn_value (const char *value, gsize max)
{
  gsize length = strlen (value);
  if (length == 0 || length > max)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (value[i] <= ' ' || (guchar) value[i] >= 0x7f)
      return FALSE;
  return TRUE;
}

static char *
mail_command (const SoSmtp *smtp, const SoTransaction *envelope)
{
  const SoSubmission *submission = envelope->submission;
  g_autofree char *sender
      = *submission->sender != '\0' ? wire_address (smtp, submission->sender) : g_strdup ("");
  GString *command = g_string_new (NULL);
  g_string_printf (command, "MAIL FROM:<%s>", sender);
  if (smtp->ehlo.size_offered)
    g_string_append_printf (command, " SIZE=%" G_GUINT64_FORMAT, submission->wire_size);
  if ((submission->eight_bit || submission->utf8_headers) && smtp->ehlo.eight_bit)
    g_string_append (command, " BODY=8BITMIME");
  if (needs_smtputf8 (smtp, envelope))
    g_string_append (command, " SMTPUTF8");
  if (smtp->ehlo.dsn && is_dsn_value (submission->dsn_ret, 4))
    g_string_append_printf (command, " RET=%s", submission->dsn_ret);
  if (smtp->ehlo.dsn && is_dsn_value (submission->dsn_envid, 100))
    g_string_append_printf (command, " ENVID=%s", submission->dsn_envid);
  return g_string_free (command, FALSE);
}

static char *
rcpt_command (const SoSmtp *smtp, const SoTransaction *envelope, guint i)
{
  const SoRecipient *to = so_transaction_recipient (envelope, i);
  GString *command = g_string_new (NULL);
  g_string_printf (command, "RCPT TO:<%s>", envelope->wire_addresses[i]);
  if (smtp->ehlo.dsn && is_dsn_value (to->dsn_notify, 28))
    g_string_append_printf (command, " NOTIFY=%s", to->dsn_notify);
  if (smtp->ehlo.dsn && is_dsn_value (to->dsn_orcpt, 500))
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

gboolean
so_transaction_put_mail (SoSmtp *smtp, const SoTransaction *envelope)
{
  g_autofree char *mail = mail_command (smtp, envelope);
  return put_checked (smtp, mail);
}

gboolean
so_transaction_put_rcpt (SoSmtp *smtp, const SoTransaction *envelope, guint i)
{
  g_autofree char *rcpt = rcpt_command (smtp, envelope, i);
  return put_checked (smtp, rcpt);
}

gboolean
so_transaction_put (SoSmtp *smtp, SoTransaction *envelope)
{
  envelope->sent = TRUE;
  envelope->reset_first = smtp->mail_open;
  gboolean well = !smtp->mail_open || so_smtp_put (smtp, "RSET", NULL);
  well = well && so_transaction_put_mail (smtp, envelope);
  for (guint i = 0; well && i < envelope->submission->recipients->len; i++)
    if (so_transaction_recipient (envelope, i)->verdict == NULL)
      well = so_transaction_put_rcpt (smtp, envelope, i);
  if (well && !smtp->ehlo.chunking)
    well = so_smtp_put (smtp, "DATA", NULL);
  return well;
}
