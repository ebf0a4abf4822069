/*
 * login.c - ask, judge the shape, store.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "sendoff/credential.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/keyring.h"
#include "sendoff/login.h"
#include "sendoff/password-prompt.h"

static void
explain_app_password (const SoApp *app, const SoAccount *account)
{
  so_app_say (app,
              _("%s takes an app-specific password, not the one you sign in with.\n"
                "Make one at %s (two-factor authentication has to be on) and paste it here."),
              so_account_title (account), account->password_page);
}

/* A password typed blind is typed twice; one that is pasted need not be. */
static SoSecret *
ask_on_terminal (const SoApp *app, const SoAccount *account, GError **error)
{
  gboolean pasted = *account->password_page != '\0';
  if (pasted)
    explain_app_password (app, account);
  g_autofree char *question
      = g_strdup_printf (_("Password of %s for %s: "), account->smtp.user, account->smtp.host);
  g_autoptr (SoSecret) secret = so_password_prompt (question, error);
  if (secret == NULL || pasted)
    return g_steal_pointer (&secret);

  g_autoptr (SoSecret) again = so_password_prompt (_("Once more: "), error);
  if (again == NULL)
    return NULL;
  if (strcmp (so_secret_peek (secret), so_secret_peek (again)) != 0)
    {
      so_error_set (error, SO_ERROR_DATA, _("try again"),
                    _("the two passwords differ; nothing was stored"));
      return NULL;
    }
  return g_steal_pointer (&secret);
}

static gboolean
accept_shape (const SoApp *app, const SoAccount *account, const SoSecret *secret,
              gboolean from_stdin, GError **error)
{
  g_autofree char *warning
      = so_credential_shape_warning (account, so_credential_shape (account, secret));
  if (*warning == '\0')
    return TRUE;
  so_app_say (app, _("Warning: %s."), warning);
  if (from_stdin || so_app_confirm (app, _("Store it all the same?"), FALSE))
    return TRUE;
  so_error_set (error, SO_ERROR_DATA, _("try again"), _("nothing was stored"));
  return FALSE;
}

SoSecret *
so_login_ask (const SoApp *app, const SoAccount *account, gboolean from_stdin, GError **error)
{
  g_autoptr (SoSecret) secret = NULL;
  if (from_stdin)
    secret = so_credential_read (STDIN_FILENO, _("standard input"), SO_ERROR_DATA, error);
  else if (app->can_prompt)
    secret = ask_on_terminal (app, account, error);
  else
    so_error_set (error, SO_ERROR_USAGE, _("give it as the first line of input: --password-stdin"),
                  _("there is no terminal to ask for the password on"));
  if (secret == NULL || !accept_shape (app, account, secret, from_stdin, error))
    return NULL;
  return g_steal_pointer (&secret);
}

/* A token is good for an hour: only a program can keep it fresh. */
static gboolean
takes_password (const SoAccount *account, GError **error)
{
  if (account->auth != SO_AUTH_XOAUTH2 && account->auth != SO_AUTH_OAUTHBEARER)
    return TRUE;
  so_error_set (error, SO_ERROR_USAGE,
                _("set password-command to a program that prints an access token"),
                _("%s takes no password but an access token"), so_account_title (account));
  return FALSE;
}

gboolean
so_login_prepare (const SoApp *app, const SoAccount *account, GError **error)
{
  if (!takes_password (account, error))
    return FALSE;
  SoKeyringQuery query = so_credential_query (account, SO_SERVICE_SMTP, app->can_prompt);
  g_autoptr (GError) problem = NULL;
  guint entries = 0;
  switch (so_keyring_state (&query, &entries, &problem))
    {
    case SO_KEYRING_FOUND:
    case SO_KEYRING_NO_ENTRY:
      break;
    case SO_KEYRING_LOCKED:
      if (app->can_prompt)
        so_app_say (app, _("The keyring is locked; it asks to be unlocked in a window of its own."));
      return so_keyring_unlock (&query, error);
    default:
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  if (entries > 1)
    so_app_say (app, _("The keyring has %u passwords for this account; the newest is used."),
                entries);
  return TRUE;
}

gboolean
so_login_store (const SoApp *app, const SoAccount *account, const SoSecret *secret, GError **error)
{
  SoKeyringQuery query = so_credential_query (account, SO_SERVICE_SMTP, app->can_prompt);
  g_autofree char *label
      = g_strdup_printf (_("Mail password of %s for %s"), account->smtp.user, account->smtp.host);
  return so_keyring_store (&query, label, secret, error);
}
