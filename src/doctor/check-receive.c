/*
 * check-receive.c - does the other direction work: "I receive, but cannot send"?
 *
 * A login by IMAP, and the quota while there.  A password that the server of mail has just refused
 * is not tried here again.
 */
#include "config.h"

#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/imap.h"

#include "checkup.h"

#define TIMEOUT 2 /* seconds a command */

typedef struct
{
  SoCheckup *checkup;
} Reader;

static SoSecret *
fetch_secret (gpointer data, GError **error)
{
  const SoCheckup *checkup = ((Reader *)data)->checkup;
  return so_credential_get (checkup->account, SO_SERVICE_IMAP, checkup->may_prompt, error);
}

static void
judge_trouble (SoImapTrouble trouble, const GError *problem, SoCheckResult *result)
{
  static const char *const codes[] = {
    [SO_IMAP_WELL] = "",           [SO_IMAP_UNREACHABLE] = "unreachable",
    [SO_IMAP_TLS] = "tls",         [SO_IMAP_STRANGE] = "strange",
    [SO_IMAP_NO_SECRET] = "no-secret", [SO_IMAP_REFUSED] = "refused",
    [SO_IMAP_DISABLED] = "disabled",   [SO_IMAP_TEMPORARY] = "temporary",
  };
  if (problem->code == SO_ERROR_INTERRUPTED)
    so_check_set (result, SO_CHECK_SKIPPED, "timeout", "", _ ("no answer in time"));
  else
    so_check_set (result, trouble == SO_IMAP_NO_SECRET ? SO_CHECK_SKIPPED : SO_CHECK_FAIL,
                  codes[trouble], so_error_remedy (problem), "%s", problem->message);
}

static void
log_in (SoCheckup *checkup, SoCheckResult *result)
{
  Reader reader = { checkup };
  const SoImapOptions options = { .timeout = TIMEOUT, .interrupt_fd = checkup->stop_fd };
  g_autoptr (SoAccount) account = so_account_copy (checkup->account);
  g_autoptr (GError) problem = NULL;
  SoImapTrouble trouble = SO_IMAP_WELL;
  account->timeout = TIMEOUT;
  g_autoptr (SoImap) imap
      = so_imap_open (account, fetch_secret, &reader, &options, &trouble, &problem);
  if (imap == NULL)
    {
      judge_trouble (trouble, problem, result);
      return;
    }
  checkup->has_quota
      = so_imap_quota (imap, &checkup->quota_used, &checkup->quota_limit, NULL);
  so_check_set (result, SO_CHECK_OK, "", "", _ ("receiving works: %s lets the account in"),
                account->imap.host);
}

/* AUTH has been refused, so LOGIN with the same password would be too, and counted. */
static gboolean
is_refused (const SoCheckup *checkup)
{
  const SoTalk *talk = &checkup->talk;
  gboolean held = checkup->hold != NULL && checkup->hold->reason == SO_HOLD_PASSWORD
                  && !checkup->try_password;
  return held
         || (talk->trouble != NULL && talk->trouble->stage == SO_STAGE_AUTH
             && talk->trouble->reply != NULL && talk->trouble->reply->code >= 500);
}

void
so_check_receive (SoCheckup *checkup, SoCheckResult *result)
{
  const SoAccount *account = checkup->account;
  so_check_add_fact (result, "host", "%s", account->imap.host);
  if (checkup->is_guess || account->auth == SO_AUTH_NONE)
    so_check_set (result, SO_CHECK_SKIPPED, "", "", _ ("no account, so no mailbox either"));
  else if (*account->imap.host == '\0')
    so_check_set (result, SO_CHECK_SKIPPED, "", "", _ ("the account names no imap-host"));
  else if (checkup->keyring_failed)
    so_check_set (result, SO_CHECK_SKIPPED, "no-secret", "",
                  _ ("not tried: there is no password at hand"));
  else if (is_refused (checkup))
    so_check_set (result, SO_CHECK_SKIPPED, "not-tried", "",
                  _ ("not tried: the password has just been refused"));
  else
    log_in (checkup, result);
}
