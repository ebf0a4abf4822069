/*
 * cmd-login.c - `sendoff login`: put the account's password into the keyring.
 *
 * Where the password comes from a command or from systemd there is nothing to store;
 * login then makes sure that one comes.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "sendoff/app-outbox.h"
#include "sendoff/commands.h"
#include "sendoff/credential.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/login.h"

static void
print_json (const SoAccount *account, const char *status, SoCredentialSource source)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "event");
  json_builder_add_string_value (builder, "result");
  json_builder_set_member_name (builder, "status");
  json_builder_add_string_value (builder, status);
  json_builder_set_member_name (builder, "account");
  json_builder_add_string_value (builder, account->name);
  json_builder_set_member_name (builder, "source");
  json_builder_add_string_value (builder, so_credential_source_name (source));
  json_builder_end_object (builder);
  so_app_json (builder);
}

/* "--name value ", quoted for a shell where that is needed; "" without a value. */
static char *
option (const char *name, const char *value)
{
  static const char plain[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "@._+-/";
  if (value == NULL || *value == '\0')
    return g_strdup ("");
  g_autofree char *word = value[strspn (value, plain)] == '\0' ? g_strdup (value)
                                                                : g_shell_quote (value);
  return g_strdup_printf ("--%s %s ", name, word);
}

/* The next command for this account, as it has to be typed. */
static void
say_next (const SoApp *app)
{
  g_autofree char *config = option ("config", app->config_path);
  g_autofree char *account = option ("account", app->account_name);
  g_autofree char *from = option ("from", app->from);
  g_autofree char *all = g_strconcat (config, account, from, NULL);
  so_app_say (app, _("Now run: sendoff %stest"), all);
}

/* Nothing to store: is there a password where the configuration says? */
static gboolean
check_source (SoApp *app, const SoAccount *account, SoCredentialSource source,
              GError **error)
{
  g_autoptr (SoSecret) secret
      = so_credential_get (account, SO_SERVICE_SMTP, app->can_prompt, error);
  if (secret == NULL || !so_app_end_password_hold (app, account->name, error))
    return FALSE;
  if (app->json)
    print_json (account, "checked", source);
  else
    printf (_("The password of %s comes from its %s, which gives one; nothing to be stored.\n"),
            account->name, so_credential_source_title (source));
  return TRUE;
}

static gboolean
store_password (SoApp *app, const SoAccount *account, gboolean from_stdin, GError **error)
{
  if (!so_login_prepare (app, account, error))
    return FALSE;
  g_autoptr (SoSecret) secret = so_login_ask (app, account, from_stdin, error);
  if (secret == NULL || !so_login_store (app, account, secret, error)
      || !so_app_end_password_hold (app, account->name, error))
    return FALSE;
  if (app->json)
    print_json (account, "stored", SO_SOURCE_KEYRING);
  else
    printf (_("The password of %s for %s is in the keyring.\n"), account->smtp.user,
            account->smtp.host);
  return TRUE;
}

static gboolean
login (SoApp *app, const SoAccount *account, gboolean from_stdin, GError **error)
{
  if (account->auth == SO_AUTH_NONE)
    {
      so_error_set (error, SO_ERROR_USAGE, NULL, _("account %s needs no password (auth = none)"),
                    account->name);
      return FALSE;
    }
  SoCredentialSource source = so_credential_source (account);
  return source == SO_SOURCE_KEYRING ? store_password (app, account, from_stdin, error)
                                     : check_source (app, account, source, error);
}

int
so_cmd_login (SoApp *app, int argc, char **argv, GError **error)
{
  gboolean from_stdin = FALSE;
  const GOptionEntry entries[] = {
    { "password-stdin", 0, 0, G_OPTION_ARG_NONE, &from_stdin,
      N_("take the password from the first line of standard input"), NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  if (!so_app_parse (app, &argc, &argv, entries, "",
                     _("Stores the account's password in the system keyring; it is asked for without being\n"
                       "shown.  An account with a password-command stores nothing: it is checked."),
                     error))
    return 0;
  if (argc > 1)
    {
      so_error_set (error, SO_ERROR_USAGE, _("choose the account with --account NAME"),
                    _("login takes no argument, and never a password"));
      return 0;
    }
  g_autoptr (SoAccount) account = so_app_account (app, error);
  if (account != NULL && login (app, account, from_stdin, error))
    say_next (app);
  return 0;
}
