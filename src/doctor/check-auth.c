/*
 * check-auth.c - does the server take the password, and if not, which kind of no was it?
 *
 * 535 is a wrong one, 534 one of the wrong kind, 454 and other 4xx the server's own trouble
 * (RFC 4954 6); replies.conf knows what providers mean beyond that.
 */
#include "config.h"

#include <string.h>

#include "sendoff/error.h"
#include "sendoff/i18n.h"

#include "checkup.h"

/* "Make an app-specific password at PAGE, then run “sendoff login”". */
static char *
login_remedy (const SoAccount *account)
{
  if (*account->password_page == '\0')
    return g_strdup (_ ("check user name and password, then run “sendoff login”"));
  return g_strdup_printf (_ ("make an app-specific password at %s, then run “sendoff login”"),
                          account->password_page);
}

static gboolean
mentions (const char *text, const char *const words[], gsize n)
{
  g_autofree char *folded = g_utf8_casefold (text, -1);
  for (gsize i = 0; i < n; i++)
    if (strstr (folded, words[i]) != NULL)
      return TRUE;
  return FALSE;
}

/* The provider says that the account has no second factor, or wants one switched on. */
static gboolean
is_about_two_factor (const SoReply *reply)
{
  static const char *const words[]
      = { "two-factor", "two factor", "2-step", "two-step", "second factor", "2fa" };
  return mentions (reply->text, words, G_N_ELEMENTS (words));
}

static const char *
code_of_refusal (const SoTalk *talk)
{
  const SoVerdict *verdict = talk->trouble;
  const SoReply *reply = verdict->reply;
  static const char *const known[] = { "oauth-only", "web-login", "blocked", "auth-mechanism" };
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (strcmp (verdict->cause, known[i]) == 0)
      return known[i];
  if (is_about_two_factor (reply))
    return "two-factor";
  if (strcmp (verdict->cause, "app-password") == 0 || reply->code == 534)
    return "app-password";
  return talk->shape == SO_PASSWORD_LIKELY_ACCOUNT ? "account-password" : "password";
}

static void
judge_refusal (const SoCheckup *checkup, SoCheckResult *result)
{
  const SoTalk *talk = &checkup->talk;
  const SoAccount *account = checkup->account;
  const char *code = code_of_refusal (talk);
  g_autofree char *words = so_reply_line (talk->trouble->reply);
  g_autofree char *remedy = login_remedy (account);
  so_check_add_fact (result, "words", "%s", words);
  if (strcmp (code, "password") == 0 && *account->password_page != '\0'
      && talk->shape == SO_PASSWORD_PLAUSIBLE)
    so_check_set (result, SO_CHECK_FAIL, code, remedy,
                  _ ("the server refuses the password (%s); a change of the account's password "
                     "revokes all app-specific ones"),
                  words);
  else if (strcmp (code, "account-password") == 0)
    so_check_set (result, SO_CHECK_FAIL, code, remedy,
                  _ ("the server refuses the password (%s), which is not an app-specific one"),
                  words);
  else
    so_check_set (result, SO_CHECK_FAIL, code, remedy, _ ("the server refuses to log in: %s"),
                  words);
}

static void
judge_secret (const SoCheckup *checkup, SoCheckResult *result)
{
  const SoTalk *talk = &checkup->talk;
  const SoAccountHold *hold = checkup->hold;
  if (checkup->keyring_failed)
    so_check_set (result, SO_CHECK_SKIPPED, "no-secret", "",
                  _ ("not tried: there is no password at hand"));
  else if (hold != NULL && hold->reason == SO_HOLD_PASSWORD && !checkup->try_password)
    {
      g_autofree char *remedy = login_remedy (checkup->account);
      so_check_add_fact (result, "words", "%s", hold->text);
      so_check_set (result, SO_CHECK_FAIL, "held", remedy,
                    _ ("not tried: the server has refused this password before (%s)"), hold->text);
    }
  else
    so_check_set (result, SO_CHECK_FAIL, "no-secret", so_error_remedy (talk->secret_problem), "%s",
                  talk->secret_problem->message);
}

static void
judge_problem (const SoCheckup *checkup, SoCheckResult *result)
{
  const SoTalk *talk = &checkup->talk;
  const SoReply *reply = talk->trouble != NULL ? talk->trouble->reply : NULL;
  gboolean for_good = reply != NULL && reply->code >= 500;
  if (talk->problem->code == SO_ERROR_INTERRUPTED)
    so_check_set (result, SO_CHECK_SKIPPED, "timeout", "", _ ("no answer in time"));
  else if (talk->secret_problem != NULL)
    judge_secret (checkup, result);
  else if (for_good && talk->trouble->stage == SO_STAGE_AUTH)
    judge_refusal (checkup, result);
  else if (reply != NULL)
    {
      g_autofree char *words = so_reply_line (reply);
      so_check_add_fact (result, "words", "%s", words);
      so_check_set (result, SO_CHECK_FAIL, "temporary",
                    _ ("try again later; the password need not be wrong"),
                    _ ("the server cannot log anybody in now: %s"), words);
    }
  else if (!talk->asked_secret && talk->phase >= SO_PHASE_EHLO
           && talk->problem->code == SO_ERROR_PROTOCOL)
    so_check_set (result, SO_CHECK_FAIL, "no-mechanism", so_error_remedy (talk->problem), "%s",
                  talk->problem->message);
  else
    so_check_set (result, SO_CHECK_FAIL, "lost", so_error_remedy (talk->problem), "%s",
                  talk->problem->message);
}

static void
judge_well (const SoCheckup *checkup, SoCheckResult *result)
{
  const SoTalk *talk = &checkup->talk;
  g_autofree char *odd = so_credential_shape_warning (checkup->account, talk->shape);
  if (*odd != '\0')
    so_check_set (result, SO_CHECK_OK, "", "", _ ("the server takes the password (%s)"), odd);
  else
    so_check_set (result, SO_CHECK_OK, "", "", _ ("the server takes the password"));
}

void
so_check_auth (SoCheckup *checkup, SoCheckResult *result)
{
  const SoTalk *talk = &checkup->talk;
  gboolean before_auth = talk->problem != NULL && !talk->logged_in;
  if (checkup->is_guess)
    so_check_set (result, SO_CHECK_SKIPPED, "", "", _ ("no account, so no password either"));
  else if (checkup->account->auth == SO_AUTH_NONE)
    so_check_set (result, SO_CHECK_SKIPPED, "", "", _ ("the account needs no password"));
  else if (before_auth)
    judge_problem (checkup, result);
  else
    judge_well (checkup, result);
}
