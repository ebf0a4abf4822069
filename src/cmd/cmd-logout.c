/*
 * cmd-logout.c - `sendoff logout`: take the account's password out of the keyring.
 */
#include "config.h"

#include <stdio.h>

#include "sendoff/commands.h"
#include "sendoff/credential.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/keyring.h"

static void
print_json (const SoAccount *account, guint removed)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "event");
  json_builder_add_string_value (builder, "result");
  json_builder_set_member_name (builder, "status");
  json_builder_add_string_value (builder, removed > 0 ? "removed" : "absent");
  json_builder_set_member_name (builder, "account");
  json_builder_add_string_value (builder, account->name);
  json_builder_set_member_name (builder, "removed");
  json_builder_add_int_value (builder, removed);
  json_builder_end_object (builder);
  so_app_json (builder);
}

static void
print_words (const SoAccount *account, guint removed)
{
  if (removed == 0)
    printf (_("There was no password of %s for %s in the keyring.\n"), account->smtp.user,
            account->smtp.host);
  else if (removed == 1)
    printf (_("The password of %s for %s is removed from the keyring.\n"), account->smtp.user,
            account->smtp.host);
  else
    printf (P_("%u password of %s for %s is removed from the keyring.\n",
               "%u passwords of %s for %s are removed from the keyring.\n", removed),
            removed, account->smtp.user, account->smtp.host);
}

int
so_cmd_logout (SoApp *app, int argc, char **argv, GError **error)
{
  if (!so_app_parse (app, &argc, &argv, NULL, "",
                     _("Removes the account's password from the system keyring, and every other entry for the\n"
                       "same user and server."),
                     error))
    return 0;
  if (argc > 1)
    {
      so_error_set (error, SO_ERROR_USAGE, _("choose the account with --account NAME"),
                    _("logout takes no argument"));
      return 0;
    }
  g_autoptr (SoAccount) account = so_app_account (app, error);
  if (account == NULL)
    return 0;
  SoKeyringQuery query = so_credential_query (account, SO_SERVICE_SMTP, app->can_prompt);
  guint removed;
  if (!so_keyring_remove (&query, &removed, error))
    return 0;
  if (app->json)
    print_json (account, removed);
  else if (!app->quiet)
    print_words (account, removed);
  return 0;
}
