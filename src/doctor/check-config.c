/*
 * check-config.c - is there a configuration, and does it say what the provider does?
 *
 * What differs from the preset is told, not condemned: it may be on purpose, and only if something
 * fails as well it is the cause.
 */
#include "config.h"

#include <string.h>

#include "sendoff/address.h"
#include "sendoff/edit-distance.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

#include "checkup.h"

#define TYPO_SLIPS 3

static const char *
security_word (SoSecurity security)
{
  static const char *const words[] = { "starttls", "tls", "none" };
  return words[security];
}

/* The port says how encryption starts (RFC 8314 3.3, 7.3). */
static gboolean
is_bad_pair (const SoEndpoint *smtp)
{
  return (smtp->port == 465 && smtp->security == SO_SECURITY_STARTTLS)
         || (smtp->port == 587 && smtp->security == SO_SECURITY_TLS);
}

static void
check_pair (const SoAccount *account, SoCheckResult *result)
{
  gboolean implicit = account->smtp.port == 465;
  so_check_set (result, SO_CHECK_WARN, "pair",
                implicit ? _ ("set smtp-security = tls, or smtp-port = 587")
                         : _ ("set smtp-security = starttls, or smtp-port = 465"),
                _ ("port %u does not go with smtp-security = %s"), account->smtp.port,
                security_word (account->smtp.security));
}

static void
check_host (const SoAccount *account, const SoAccount *preset, SoCheckResult *result)
{
  gboolean slip = so_edit_distance (account->smtp.host, preset->smtp.host) <= TYPO_SLIPS;
  g_autofree char *remedy
      = g_strdup_printf (_ ("the server of %s is %s: set smtp-host, or remove the line"),
                         preset->title, preset->smtp.host);
  so_check_set (result, SO_CHECK_WARN, slip ? "host-typo" : "host-differs", remedy,
                _ ("the outgoing server is %s, not that of %s"), account->smtp.host,
                preset->title);
}

static void
check_port (const SoAccount *account, const SoAccount *preset, SoCheckResult *result)
{
  g_autofree char *remedy
      = g_strdup_printf (_ ("%s uses smtp-port = %u with smtp-security = %s"), preset->title,
                         preset->smtp.port, security_word (preset->smtp.security));
  so_check_set (result, SO_CHECK_WARN, "port-differs", remedy,
                _ ("port %u with %s is not what %s publishes"), account->smtp.port,
                security_word (account->smtp.security), preset->title);
}

/* Another provider's address: its mail is refused here, or taken for forged. */
static gboolean
has_foreign_address (const SoAccount *account)
{
  const char *home = so_account_preset_of (account->address);
  return *home != '\0' && strcmp (account->preset, "smtp") != 0 && *account->preset != '\0'
         && strcmp (home, account->preset) != 0;
}

static void
compare (const SoAccount *account, const SoAccount *preset, SoCheckResult *result)
{
  gboolean local = so_account_is_loopback (account->smtp.host);
  gboolean known = preset != NULL && *preset->smtp.host != '\0' && !local;
  if (known && strcmp (account->smtp.host, preset->smtp.host) != 0)
    check_host (account, preset, result);
  else if (is_bad_pair (&account->smtp))
    check_pair (account, result);
  else if (known && account->smtp.port != preset->smtp.port && account->smtp.port != 465)
    check_port (account, preset, result);
  else if (has_foreign_address (account))
    so_check_set (result, SO_CHECK_WARN, "address-domain",
                  _ ("send from each address through the account of its own provider"),
                  _ ("the address belongs to another provider (%s) than the server"),
                  so_address_domain (account->address));
  else
    so_check_set (result, SO_CHECK_OK, "", "", _ ("account “%s” with %s port %u"), account->name,
                  account->smtp.host, account->smtp.port);
}

void
so_check_config (SoCheckup *checkup, SoCheckResult *result)
{
  const SoAccount *account = checkup->account;
  if (checkup->config_problem != NULL)
    {
      const char *remedy = so_error_remedy (checkup->config_problem);
      so_check_set (result, SO_CHECK_FAIL, "unreadable",
                    *remedy != '\0' ? remedy : _ ("correct that line, or run “sendoff setup”"), "%s",
                    checkup->config_problem->message);
    }
  else if (checkup->is_guess)
    so_check_set (result, SO_CHECK_FAIL, "no-account", _ ("run “sendoff setup”"),
                  _ ("no account is configured; the network is tried with %s"), account->title);
  else
    {
      so_check_add_fact (result, "account", "%s", account->name);
      so_check_add_fact (result, "host", "%s", account->smtp.host);
      so_check_add_fact (result, "port", "%u", account->smtp.port);
      compare (account, checkup->preset, result);
    }
}
