/*
 * test-verify.c - finds the mailbox, waits, and reads what the message's headers tell.
 */
#include "config.h"

#include <string.h>

#include "sendoff/address.h"
#include "sendoff/clock.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

#include "test-verify.h"

/* "me+tag@icloud.com" is delivered to me@icloud.com; NULL if there is no tag. */
static char *
without_tag (const char *address)
{
  const char *at = strrchr (address, '@');
  const char *plus = strchr (address, '+');
  if (at == NULL || plus == NULL || plus > at || plus == address)
    return NULL;
  return g_strdup_printf ("%.*s%s", (int)(plus - address), address, at);
}

static gboolean
is_mailbox_of (const SoAccount *account, const char *to)
{
  g_autofree char *plain = without_tag (to);
  return *account->imap.host != '\0'
         && (so_account_owns (account, to) || (plain != NULL && so_account_owns (account, plain)));
}

/* The account the message leaves by, or another one of this configuration. */
static SoAccount *
find_owner (SoApp *app, const SoAccount *account, const char *to)
{
  if (is_mailbox_of (account, to))
    return so_account_copy (account);
  const SoConfig *config = so_app_config (app, NULL);
  const char *const none[] = { NULL };
  for (const char *const *name = config != NULL ? so_config_names (config) : none; *name != NULL;
       name++)
    {
      g_autoptr (SoAccount) other = so_config_account (config, *name, "", NULL);
      if (other != NULL && is_mailbox_of (other, to))
        return g_steal_pointer (&other);
    }
  return NULL;
}

gboolean
so_verify_begin (SoVerify *verify, SoApp *app, const SoAccount *account, const SoVerifySpec *spec,
                 const SoMailboxOptions *options, GError **error)
{
  memset (verify, 0, sizeof *verify);
  verify->spec = *spec;
  verify->status = SO_VERIFY_UNPROVEN;
  verify->hops = g_ptr_array_new ();
  verify->problem = g_strdup ("");
  verify->owner = find_owner (app, account, spec->to);
  if (verify->owner == NULL)
    return TRUE;
  verify->watch = so_arrival_begin (verify->owner, options, error);
  return verify->watch != NULL;
}

/* Under these names the receiver writes what it found. */
static void
read_headers (SoVerify *verify)
{
  const char *headers = verify->arrival.headers;
  g_ptr_array_unref (verify->hops);
  verify->hops = so_received_hops (headers);
  const SoHop *last
      = verify->hops->len > 0 ? g_ptr_array_index (verify->hops, verify->hops->len - 1) : NULL;
  g_autofree char *imap = so_received_owner (verify->owner->imap.host);
  g_autofree char *by
      = last != NULL && strchr (last->by, '.') != NULL ? so_received_owner (last->by) : g_strdup ("");
  const char *const domains[] = { imap, so_address_domain (verify->spec.to),
                                  verify->owner->authserv_id, by, NULL };
  verify->findings = so_received_findings (headers, domains);
}

gboolean
so_verify_wait (SoVerify *verify, const SoApp *app, const SoSubmission *submission,
                const char *token, GError **error)
{
  if (verify->watch == NULL)
    return TRUE;
  const SoArrivalQuery query = {
    .message_id = submission->message_id,
    .token = token,
    .accepted_us = verify->accepted_us,
    .timeout = verify->spec.timeout,
    .keep = verify->spec.keep,
  };
  g_autoptr (GError) problem = NULL;
  if (!app->json)
    so_app_say (app, _ ("Looking for it in the mailbox of %s, for at most %u s"),
                verify->owner->address, verify->spec.timeout);
  if (so_arrival_wait (verify->watch, &query, &verify->arrival, &problem))
    {
      verify->status = verify->arrival.found ? SO_VERIFY_ARRIVED : SO_VERIFY_MISSING;
      if (verify->arrival.found)
        read_headers (verify);
      return TRUE;
    }
  verify->status = SO_VERIFY_FAILED;
  g_free (verify->problem);
  verify->problem = g_strdup (problem->message);
  if (!g_error_matches (problem, SO_ERROR_DOMAIN, SO_ERROR_INTERRUPTED))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

double
so_verify_seconds (const SoVerify *verify)
{
  return (double)MAX (verify->arrival.seen_us - verify->accepted_us, 0) / G_USEC_PER_SEC;
}

void
so_verify_explain (const SoVerify *verify, GError **error)
{
  if (verify->status == SO_VERIFY_MISSING)
    so_error_set (error, SO_ERROR_TEMPORARY,
                  _ ("wait longer with --timeout, look at the provider's web page, run “sendoff doctor”"),
                  _ ("the message was accepted, but is not in the mailbox of %s after %u s"),
                  verify->owner->address, verify->spec.timeout);
  else if (verify->status == SO_VERIFY_FAILED)
    so_error_set (error, SO_ERROR_TEMPORARY, _ ("look into the mailbox yourself"),
                  _ ("the message was accepted, but could not be looked for: %s"), verify->problem);
}

void
so_verify_clear (SoVerify *verify)
{
  so_arrival_free (verify->watch);
  so_account_free (verify->owner);
  so_arrival_clear (&verify->arrival);
  so_auth_findings_clear (&verify->findings);
  g_ptr_array_unref (verify->hops);
  g_free (verify->problem);
  memset (verify, 0, sizeof *verify);
}
