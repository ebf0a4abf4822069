/*
 * smtp-probe.c - asks a server about sender and recipient without sending anything.
 *
 * MAIL, RCPT, RSET, one at a time: no DATA, so there is nothing that could be delivered.
 */
#include "config.h"

#include <string.h>

#include "sendoff/address.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

#include "smtp-private.h"

/* TRUE if it was accepted; *verdict is the server's word either way, NULL for none. */
static gboolean
ask (SoSmtp *smtp, SoStage stage, const char *command, SoVerdict **verdict, GError **error)
{
  g_autoptr (SoReply) reply = so_smtp_ask (smtp, command, NULL);
  g_clear_pointer (verdict, so_verdict_free);
  if (reply == NULL)
    {
      so_smtp_lost (smtp, error);
      return FALSE;
    }
  *verdict = so_verdict_judge (smtp->options.book, smtp->account->preset, stage, reply);
  return (*verdict)->outcome == SO_OUTCOME_ACCEPTED;
}

SoVerdict *
so_smtp_try (SoSmtp *smtp, const char *sender, const char *recipient, GError **error)
{
  SoVerdict *verdict = NULL;
  if (!so_address_is_usable (so_address_check (sender, -1)) || !so_address_is_usable (so_address_check (recipient, -1)))
    {
      so_error_set (error, SO_ERROR_DATA, "", _("that is not a mail address"));
      return NULL;
    }
  g_autofree char *mail = g_strdup_printf ("MAIL FROM:<%s>", sender);
  g_autofree char *rcpt = g_strdup_printf ("RCPT TO:<%s>", recipient);
  so_deadline_renew (&smtp->deadline);
  so_smtp_phase_begin (smtp, SO_PHASE_MAIL);
  gboolean well = ask (smtp, SO_STAGE_MAIL, mail, &verdict, error);
  if (well)
    {
      so_smtp_phase_end (smtp, "");
      so_smtp_phase_begin (smtp, SO_PHASE_RCPT);
      if (ask (smtp, SO_STAGE_RCPT, rcpt, &verdict, error))
        so_smtp_phase_end (smtp, "");
    }
  if (verdict != NULL && smtp->usable)
    {
      g_autoptr (SoReply) reset = so_smtp_ask (smtp, "RSET", NULL);
      smtp->mail_open = reset == NULL;
    }
  return verdict;
}
