/*
 * check-keyring.c - is there a password, without fetching it.
 */
#include "config.h"

#include "sendoff/error.h"
#include "sendoff/i18n.h"

#include "checkup.h"

#define TIMEOUT 2 /* seconds */

static void
ask_keyring (SoCheckup *checkup, SoCheckResult *result)
{
  SoKeyringQuery query = so_credential_query (checkup->account, SO_SERVICE_SMTP, FALSE);
  query.timeout = TIMEOUT;
  guint entries = 0;
  g_autoptr (GError) problem = NULL;
  SoKeyringState state = so_keyring_state (&query, &entries, &problem);
  checkup->keyring_failed = state != SO_KEYRING_FOUND
                            && !(state == SO_KEYRING_LOCKED && checkup->may_prompt);
  so_check_add_fact (result, "source", "keyring");
  so_check_add_fact (result, "entries", "%u", entries);
  if (state == SO_KEYRING_FOUND)
    so_check_set (result, SO_CHECK_OK, "", "", "%s",
                  entries > 1 ? _ ("the keyring has several passwords for it; the newest is used")
                              : _ ("the keyring has a password"));
  else
    so_check_set (result, checkup->keyring_failed ? SO_CHECK_FAIL : SO_CHECK_WARN,
                  so_keyring_state_name (state), so_error_remedy (problem), "%s",
                  problem->message);
}

void
so_check_keyring (SoCheckup *checkup, SoCheckResult *result)
{
  const SoAccount *account = checkup->account;
  SoCredentialSource source = so_credential_source (account);
  if (checkup->is_guess)
    so_check_set (result, SO_CHECK_SKIPPED, "", "", _ ("no account, so no password either"));
  else if (account->auth == SO_AUTH_NONE)
    so_check_set (result, SO_CHECK_SKIPPED, "", "", _ ("the account needs no password"));
  else if (source == SO_SOURCE_KEYRING)
    ask_keyring (checkup, result);
  else
    {
      so_check_add_fact (result, "source", "%s", so_credential_source_name (source));
      so_check_set (result, SO_CHECK_OK, "", "", _ ("the password comes from elsewhere: %s"),
                    so_credential_source_title (source));
    }
}
