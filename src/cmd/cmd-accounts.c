/*
 * cmd-accounts.c - `sendoff accounts`: who may send, and is there a password.
 *
 * The password itself is not fetched and nobody is asked.  A keyring in trouble is asked
 * once, not once an account.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "sendoff/commands.h"
#include "sendoff/credential.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/json.h"
#include "sendoff/keyring.h"
#include "sendoff/table.h"
#include "sendoff/text.h"

#define KEYRING_TIMEOUT 3 /* seconds: a list must not make anybody wait */

typedef struct
{
  const SoApp *app;
  const char *default_name;
  SoTable *table;
  GError *trouble;  /* of the keyring as a whole */
  gboolean several; /* some account has more than one entry */
  guint count;
} Listing;

typedef struct
{
  const char *password; /* "yes", "no", "locked", "unknown", "unneeded" */
  SoCredentialSource source;
  guint entries;
} Presence;

static gboolean
is_trouble (SoKeyringState state)
{
  return state != SO_KEYRING_FOUND && state != SO_KEYRING_NO_ENTRY && state != SO_KEYRING_LOCKED;
}

static const char *
ask_keyring (Listing *listing, const SoAccount *account, guint *entries)
{
  if (listing->trouble != NULL)
    return "unknown";
  SoKeyringQuery query = so_credential_query (account, SO_SERVICE_SMTP, FALSE);
  query.timeout = KEYRING_TIMEOUT;
  g_autoptr (GError) problem = NULL;
  SoKeyringState state = so_keyring_state (&query, entries, &problem);
  if (is_trouble (state))
    {
      listing->trouble = g_steal_pointer (&problem);
      return "unknown";
    }
  return state == SO_KEYRING_FOUND ? "yes" : state == SO_KEYRING_LOCKED ? "locked" : "no";
}

static Presence
presence_of (Listing *listing, const SoAccount *account)
{
  Presence presence = { .source = so_credential_source (account) };
  if (account->auth == SO_AUTH_NONE)
    presence.password = "unneeded";
  else if (presence.source == SO_SOURCE_KEYRING)
    presence.password = ask_keyring (listing, account, &presence.entries);
  else
    presence.password = presence.source == SO_SOURCE_SYSTEMD ? "yes" : "unknown";
  return presence;
}

static void
print_json (const Listing *listing, const SoAccount *account, const Presence *presence)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "account");
  so_json_string (builder, "name", account->name);
  so_json_string (builder, "preset", account->preset);
  so_json_string (builder, "address", account->address);
  json_builder_set_member_name (builder, "default");
  json_builder_add_boolean_value (builder, strcmp (account->name, listing->default_name) == 0);
  so_json_string (builder, "password", presence->password);
  so_json_string (builder, "source", so_credential_source_name (presence->source));
  json_builder_end_object (builder);
  so_app_json (builder);
}

static void
print_json_result (const Listing *listing)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "result");
  so_json_string (builder, "status", "listed");
  so_json_number (builder, "accounts", listing->count);
  json_builder_end_object (builder);
  so_app_json (builder);
}

static const char *
password_word (const char *password)
{
  static const char *const words[] = { N_("yes"), N_("no"), N_("locked"), N_("unknown"),
                                       N_("unneeded") };
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (words[i], password) == 0)
      return _(words[i]);
  return password;
}

static void
add_header (SoTable *table)
{
  const char *const titles[] = { "", _("ACCOUNT"), _("ADDRESS"), _("PRESET"), _("PASSWORD"),
                                 _("SOURCE") };
  for (gsize i = 0; i < G_N_ELEMENTS (titles); i++)
    so_table_add (table, titles[i]);
}

static void
add_row (const Listing *listing, const SoAccount *account, const Presence *presence)
{
  gboolean is_default = strcmp (account->name, listing->default_name) == 0;
  const char *const cells[] = { is_default ? "*" : "",
                                account->name,
                                account->address,
                                account->preset,
                                password_word (presence->password),
                                so_credential_source_title (presence->source) };
  for (gsize i = 0; i < G_N_ELEMENTS (cells); i++)
    {
      g_autofree char *clean = so_text_sanitise (cells[i], -1, 200);
      so_table_add (listing->table, clean);
    }
}

static gboolean
list (Listing *listing, const SoConfig *config, GError **error)
{
  for (const char *const *name = so_config_names (config); *name != NULL; name++)
    {
      g_autoptr (SoAccount) account = so_config_account (config, *name, "", error);
      if (account == NULL)
        return FALSE;
      Presence presence = presence_of (listing, account);
      listing->count++;
      listing->several |= presence.entries > 1;
      if (listing->app->json)
        print_json (listing, account, &presence);
      else
        add_row (listing, account, &presence);
    }
  return TRUE;
}

static void
finish (const Listing *listing)
{
  const SoApp *app = listing->app;
  if (app->json)
    print_json_result (listing);
  else if (listing->count > 0)
    so_table_print (listing->table, stdout);
  if (listing->count == 0)
    so_app_say (app, _("No account is configured yet. Run “sendoff setup”."));
  if (listing->several)
    so_app_say (app, _("The keyring has several passwords for an account; the newest is used."));
  if (listing->trouble != NULL)
    so_app_print_error (app, listing->trouble);
}

int
so_cmd_accounts (SoApp *app, int argc, char **argv, GError **error)
{
  if (!so_app_parse (app, &argc, &argv, NULL, "",
                     _("Lists the configured accounts; * is the default.  Whether the keyring has a password is\n"
                       "looked up without fetching it or asking anybody."),
                     error))
    return 0;
  if (argc > 1)
    {
      so_error_set (error, SO_ERROR_USAGE, _("see “sendoff accounts --help”"),
                    _("accounts takes no argument"));
      return 0;
    }
  const SoConfig *config = so_app_config (app, error);
  if (config == NULL)
    return 0;
  g_autoptr (SoTable) table = so_table_new (6);
  add_header (table);
  Listing listing = { .app = app, .default_name = so_config_default_name (config), .table = table };
  if (list (&listing, config, error))
    finish (&listing);
  g_clear_error (&listing.trouble);
  return 0;
}
