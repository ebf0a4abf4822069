/*
 * check-recipient.c - can mail get to that address, as far as anybody but its server knows?
 *
 * Spelling, the domain's mail servers, and what servers have said of it before.  Whether the
 * mailbox exists only its own server can say, and that one is not asked: it would take it for
 * a spammer's question.
 */
#include "config.h"

#include <string.h>

#include "sendoff/address.h"
#include "sendoff/delivery-log.h"
#include "sendoff/i18n.h"
#include "sendoff/mail-exchanger.h"

#include "checkup.h"

#define TIMEOUT 4 /* seconds */

static void
say_mx (SoMxState state, const char *domain, const char *host, SoCheckResult *result)
{
  switch (state)
    {
    case SO_MX_FOUND:
      so_check_set (result, SO_CHECK_OK, "", "",
                    _ ("well spelt, and %s takes mail for %s; whether the mailbox exists only its "
                       "server knows"),
                    host, domain);
      break;
    case SO_MX_NULL:
      so_check_set (result, SO_CHECK_FAIL, "null-mx", _ ("ask for another address"),
                    _ ("%s says that it takes no mail at all"), domain);
      break;
    case SO_MX_IMPLICIT:
      so_check_set (result, SO_CHECK_WARN, "implicit-mx",
                    _ ("check the part behind the @: mail domains usually name a mail server"),
                    _ ("%s names no mail server; mail goes to the host itself, if it takes any"),
                    domain);
      break;
    case SO_MX_NONE:
      so_check_set (result, SO_CHECK_FAIL, "no-domain", _ ("check the part behind the @"),
                    _ ("there is no %s that mail could go to"), domain);
      break;
    default:
      so_check_set (result, SO_CHECK_SKIPPED, "unknown", "",
                    _ ("well spelt; the mail servers of %s could not be asked for"), domain);
    }
}

/* A slip is more than a likeness: the domain that is meant exists, the one written takes no mail
 * or belongs to somebody who collects it. */
static void
say_typo (const char *domain, const char *likely, SoCheckResult *result)
{
  g_autofree char *remedy = g_strdup_printf (
      _ ("did you mean %s? “sendoff outbox edit” corrects a waiting message"), likely);
  so_check_add_fact (result, "likely", "%s", likely);
  so_check_set (result, SO_CHECK_FAIL, "typo", remedy, _ ("%s looks like a slip of %s"), domain,
                likely);
}

static gboolean
is_to (const SoDelivery *delivery, const char *address)
{
  for (char **recipient = delivery->recipients; *recipient != NULL; recipient++)
    if (g_ascii_strcasecmp (*recipient, address) == 0)
      return TRUE;
  return FALSE;
}

/* What the log says came of the last message to it, if that was refused; NULL otherwise. */
static char *
last_refusal (const char *address)
{
  g_autofree char *path = so_delivery_log_path ();
  g_autoptr (GPtrArray) deliveries = so_delivery_log_read (path);
  for (guint i = deliveries->len; i > 0; i--)
    {
      const SoDelivery *delivery = g_ptr_array_index (deliveries, i - 1);
      if (is_to (delivery, address))
        return strcmp (delivery->outcome, "rejected") == 0 ? g_strdup (delivery->message) : NULL;
    }
  return NULL;
}

static void
say_refusal (const char *words, SoCheckResult *result)
{
  so_check_add_fact (result, "words", "%s", words);
  so_check_set (result, SO_CHECK_FAIL, "refused-before",
                _ ("check the part before the @; ask the recipient in another way"),
                _ ("this address has been refused before: %s"), words);
}

void
so_check_recipient (SoCheckup *checkup, SoCheckResult *result)
{
  const char *address = checkup->recipient;
  if (*address == '\0')
    {
      so_check_set (result, SO_CHECK_SKIPPED, "", "", _ ("no recipient was named (--recipient)"));
      return;
    }
  SoAddressVerdict verdict = so_address_check (address, -1);
  const char *domain = so_address_domain (address);
  const char *likely = so_address_likely_domain (domain);
  g_autofree char *refusal = last_refusal (address);
  so_check_add_fact (result, "domain", "%s", domain);
  if (!so_address_is_usable (verdict))
    so_check_set (result, SO_CHECK_FAIL, "bad-address", _ ("check the spelling"), "%s",
                  so_address_explain (verdict));
  else if (*likely != '\0')
    say_typo (domain, likely, result);
  else if (checkup->refusals->len > 0)
    say_refusal (g_ptr_array_index (checkup->refusals, checkup->refusals->len - 1), result);
  else if (refusal != NULL)
    say_refusal (refusal, result);
  else if (*domain == '[')
    so_check_set (result, SO_CHECK_OK, "", "", _ ("well spelt; %s is a host's own address"), domain);
  else
    {
      SoDeadline deadline;
      g_autofree char *host = NULL;
      so_checkup_deadline (checkup, TIMEOUT, &deadline);
      SoMxState state = so_mail_exchanger (domain, &deadline, &host);
      so_check_add_fact (result, "mail-server", "%s", host);
      say_mx (state, domain, host, result);
    }
}
