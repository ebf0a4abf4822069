/*
 * check-sender.c - would the server take a message from the account's address?
 *
 * MAIL and RCPT to the account itself, then RSET: nothing is sent.
 */
#include "config.h"

#include <string.h>

#include "sendoff/cause.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

#include "checkup.h"

/* A 5xx to MAIL is about the sender by default.  Where the sender is who logged in and the words
 * do not speak of an address, it is about the account. */
static gboolean
is_about_account (const SoAccount *account, const SoVerdict *verdict)
{
  static const char *const words[] = { "address", "sender", "from", "owned", "send as" };
  if (g_ascii_strcasecmp (account->address, account->smtp.user) != 0)
    return FALSE;
  g_autofree char *folded = g_utf8_casefold (verdict->reply->text, -1);
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (strstr (folded, words[i]) != NULL)
      return FALSE;
  return TRUE;
}

static const char *
code_of (const SoAccount *account, const SoVerdict *verdict)
{
  static const char *const known[] = { "daily-limit", "quota", "blocked" };
  if (strcmp (verdict->cause, "sender") == 0)
    return verdict->reply != NULL && is_about_account (account, verdict) ? "refused" : "not-owned";
  if (strcmp (verdict->cause, "mailbox-full") == 0)
    return "quota"; /* of the account itself, which was asked about */
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (strcmp (verdict->cause, known[i]) == 0)
      return known[i];
  return verdict->outcome == SO_OUTCOME_DEFERRED ? "temporary" : "refused";
}

static void
judge (const SoAccount *account, const SoVerdict *verdict, SoCheckResult *result)
{
  g_autofree char *words = so_verdict_words (verdict);
  const char *code = code_of (account, verdict);
  gboolean switched_off = strcmp (code, "refused") == 0;
  const char *meaning = switched_off ? "" : so_cause_explain (verdict->cause);
  so_check_add_fact (result, "words", "%s", words);
  so_check_add_fact (result, "stage", "%s", so_stage_name (verdict->stage));
  so_check_set (result, SO_CHECK_FAIL, code,
                switched_off ? _ ("see whether mail is switched on for the account")
                             : so_cause_remedy (verdict->cause),
                "%s: %s", *meaning != '\0' ? meaning : _ ("the server does not take mail"), words);
}

void
so_check_sender (SoCheckup *checkup, SoCheckResult *result)
{
  const SoTalk *talk = &checkup->talk;
  if (talk->sender != NULL && talk->sender->outcome != SO_OUTCOME_ACCEPTED)
    judge (checkup->account, talk->sender, result);
  else if (talk->sender != NULL)
    so_check_set (result, SO_CHECK_OK, "", "", _ ("the server takes mail from %s"),
                  checkup->account->address);
  else if (talk->logged_in && talk->problem != NULL
           && talk->problem->code != SO_ERROR_INTERRUPTED)
    so_check_set (result, SO_CHECK_FAIL, "lost", so_error_remedy (talk->problem), "%s",
                  talk->problem->message);
  else
    so_check_set (result, SO_CHECK_SKIPPED, "", "", _ ("not asked: nobody was logged in"));
}
