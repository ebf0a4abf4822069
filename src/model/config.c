/*
 * config.c - presets and key file put together to accounts.
 *
 * Every account is checked when the file is read, also those not asked for; what is asked
 * for is then only looked up and copied.
 */
#include "config.h"

#include <string.h>

#include "sendoff/address.h"
#include "sendoff/config-account.h"
#include "sendoff/config-key.h"
#include "sendoff/config.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/key-text.h"
#include "sendoff/text.h"

#define VALUE_SHOWN 60 /* bytes of a name or address repeated in an error */

struct SoConfig
{
  SoKeyText *text;
  SoKeyText *providers;
  GPtrArray *presets;  /* of SoAccount, without address */
  GPtrArray *accounts; /* of SoAccount, in the order of the file */
  char **preset_names;
  char **names;
  char *default_name;
  char *outbox;
  char **control_hosts;
  char **control_mail_hosts;
  char *captive_portal;
};

void
so_config_free (SoConfig *config)
{
  if (config == NULL)
    return;
  so_key_text_free (config->text);
  so_key_text_free (config->providers);
  g_ptr_array_unref (config->presets);
  g_ptr_array_unref (config->accounts);
  g_strfreev (config->preset_names);
  g_strfreev (config->names);
  g_free (config->default_name);
  g_free (config->outbox);
  g_strfreev (config->control_hosts);
  g_strfreev (config->control_mail_hosts);
  g_free (config->captive_portal);
  g_free (config);
}

static void
account_free (gpointer data)
{
  so_account_free (data);
}

static void
set_text (char **field, const char *value)
{
  g_free (*field);
  *field = g_strdup (value);
}

static SoAccount *
find_account (const GPtrArray *accounts, const char *name)
{
  for (guint i = 0; i < accounts->len; i++)
    {
      SoAccount *account = g_ptr_array_index (accounts, i);
      if (strcmp (account->name, name) == 0)
        return account;
    }
  return NULL;
}

static char **
account_names (const GPtrArray *accounts)
{
  char **names = g_new0 (char *, accounts->len + 1);
  for (guint i = 0; i < accounts->len; i++)
    names[i] = g_strdup (((const SoAccount *)g_ptr_array_index (accounts, i))->name);
  return names;
}

static gboolean
is_account_name (const char *name)
{
  return g_regex_match_simple ("^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$", name, G_REGEX_DOLLAR_ENDONLY,
                               G_REGEX_MATCH_DEFAULT);
}

/* A copy of the preset the group names, or an account of its own. */
static SoAccount *
start_account (const SoConfig *config, const SoKeyGroup *group, const char *name, GError **error)
{
  const SoKeyEntry *entry = so_key_group_entry (group, "preset");
  if (entry == NULL)
    return so_config_account_new (name);
  const SoAccount *preset = find_account (config->presets, entry->value);
  if (preset == NULL)
    {
      g_autofree char *names = g_strjoinv (", ", config->preset_names);
      g_autofree char *remedy = g_strdup_printf (_ ("there are: %s"), names);
      so_config_fail_value (config->text, entry, remedy, error);
      return NULL;
    }
  SoAccount *account = so_account_copy (preset);
  set_text (&account->name, name);
  set_text (&account->preset, preset->name);
  return account;
}

static gboolean
read_account (SoConfig *config, const SoKeyGroup *group, GError **error)
{
  g_autofree char *name = g_strstrip (g_strdup (group->name + strlen ("account ")));
  if (!is_account_name (name))
    return so_key_text_fail (config->text, group->line, group->name,
                             _ ("use up to 64 letters, digits, dots, hyphens and underscores"),
                             error, _ ("this is not a name for an account"));
  if (find_account (config->accounts, name) != NULL)
    return so_key_text_fail (config->text, group->line, group->name,
                             _ ("put everything into one group"), error,
                             _ ("this account stands further up already"));

  g_autoptr (SoAccount) account = start_account (config, group, name, error);
  if (account == NULL || !so_config_account_apply (account, config->text, group, FALSE, error)
      || !so_config_account_finish (account, config->text, group, error))
    return FALSE;
  g_ptr_array_add (config->accounts, g_steal_pointer (&account));
  return TRUE;
}

static gboolean
read_hosts (char ***hosts, const SoKeyText *text, const SoKeyEntry *entry, GError **error)
{
  g_strfreev (*hosts);
  *hosts = so_key_list (entry->value);
  for (char **host = *hosts; *host != NULL; host++)
    if (!so_config_is_host (*host))
      return so_config_fail_value (text, entry, _ ("write host names with commas between them"),
                                   error);
  return TRUE;
}

static gboolean
read_default (SoConfig *config, const SoKeyText *text, const SoKeyEntry *entry, GError **error)
{
  if (strcmp (entry->key, "account") == 0)
    set_text (&config->default_name, entry->value);
  else if (strcmp (entry->key, "outbox") == 0)
    {
      if (!g_path_is_absolute (entry->value))
        return so_config_fail_value (text, entry, _ ("write the whole path, from /"), error);
      set_text (&config->outbox, entry->value);
    }
  else if (strcmp (entry->key, "control-hosts") == 0)
    return read_hosts (&config->control_hosts, text, entry, error);
  else if (strcmp (entry->key, "control-mail-hosts") == 0)
    return read_hosts (&config->control_mail_hosts, text, entry, error);
  else if (strcmp (entry->key, "captive-portal-url") == 0)
    {
      if (!so_config_is_url (entry->value) || !g_str_has_prefix (entry->value, "http:"))
        return so_config_fail_value (text, entry, _ ("write an address that starts with http://"),
                                     error);
      set_text (&config->captive_portal, entry->value);
    }
  else
    return so_config_fail_key (text, entry, error);
  return TRUE;
}

static gboolean
read_defaults (SoConfig *config, const SoKeyText *text, GError **error)
{
  const SoKeyGroup *group = so_key_text_group (text, "defaults");
  for (guint i = 0; group != NULL && i < group->entries->len; i++)
    if (!read_default (config, text, g_ptr_array_index (group->entries, i), error))
      return FALSE;
  return TRUE;
}

static gboolean
read_presets (SoConfig *config, GError **error)
{
  for (guint i = 0; i < config->providers->groups->len; i++)
    {
      const SoKeyGroup *group = g_ptr_array_index (config->providers->groups, i);
      if (strcmp (group->name, "defaults") == 0)
        continue;
      SoAccount *preset = so_config_account_new (group->name);
      g_ptr_array_add (config->presets, preset);
      if (!so_config_account_apply (preset, config->providers, group, TRUE, error))
        return FALSE;
    }
  config->preset_names = account_names (config->presets);
  return TRUE;
}

static gboolean
read_accounts (SoConfig *config, GError **error)
{
  for (guint i = 0; i < config->text->groups->len; i++)
    {
      const SoKeyGroup *group = g_ptr_array_index (config->text->groups, i);
      if (strcmp (group->name, "defaults") == 0)
        continue;
      if (!g_str_has_prefix (group->name, "account "))
        return so_key_text_fail (config->text, group->line, group->name,
                                 _ ("the groups are [defaults] and [account NAME]"), error,
                                 _ ("unknown group"));
      if (!read_account (config, group, error))
        return FALSE;
    }
  config->names = account_names (config->accounts);
  return TRUE;
}

/* The account named in [defaults] must be there; with one account it need not be named. */
static gboolean
settle_default (SoConfig *config, GError **error)
{
  if (config->default_name[0] == '\0')
    {
      if (config->accounts->len == 1)
        set_text (&config->default_name, config->names[0]);
      return TRUE;
    }
  if (find_account (config->accounts, config->default_name) != NULL)
    return TRUE;
  const SoKeyGroup *group = so_key_text_group (config->text, "defaults");
  return so_config_fail_value (config->text, so_key_group_entry (group, "account"),
                               _ ("write the NAME of one of the groups [account NAME]"), error);
}

SoConfig *
so_config_parse (const char *text, const char *origin, const char *providers, GError **error)
{
  g_autoptr (SoConfig) config = g_new0 (SoConfig, 1);
  config->presets = g_ptr_array_new_with_free_func (account_free);
  config->accounts = g_ptr_array_new_with_free_func (account_free);
  config->default_name = g_strdup ("");
  config->outbox = g_strdup ("");
  config->control_hosts = g_new0 (char *, 1);
  config->control_mail_hosts = g_new0 (char *, 1);
  config->captive_portal = g_strdup ("");

  config->providers = so_key_text_parse (providers, "providers.conf", error);
  if (config->providers == NULL || !read_presets (config, error)
      || !read_defaults (config, config->providers, error))
    return NULL;
  config->text = so_key_text_parse (text, origin, error);
  if (config->text == NULL || !read_accounts (config, error)
      || !read_defaults (config, config->text, error) || !settle_default (config, error))
    return NULL;
  return g_steal_pointer (&config);
}

/* The preset as an account of the same name, for someone without a configuration file. */
static SoAccount *
account_from_preset (const SoConfig *config, const SoAccount *preset, const char *address,
                     GError **error)
{
  if (address[0] == '\0')
    {
      so_error_set (error, SO_ERROR_USAGE, _ ("add --from ADDRESS, or run “sendoff setup”"),
                    _ ("no account “%s” is configured, and the preset of that name needs an "
                       "address"),
                    preset->name);
      return NULL;
    }
  SoAddressVerdict verdict = so_address_check (address, -1);
  if (!so_address_is_usable (verdict))
    {
      g_autofree char *shown = so_text_sanitise (address, -1, VALUE_SHOWN);
      so_error_set (error, SO_ERROR_USAGE, _ ("write it as name@domain"), "%s: %s",
                    shown, so_address_explain (verdict));
      return NULL;
    }
  g_autoptr (SoAccount) account = so_account_copy (preset);
  set_text (&account->preset, preset->name);
  set_text (&account->address, address);
  const SoKeyGroup *group = so_key_text_group (config->providers, preset->name);
  return so_config_account_finish (account, config->providers, group, error)
             ? g_steal_pointer (&account)
             : NULL;
}

static SoAccount *
fail_unknown_account (const SoConfig *config, const char *name, GError **error)
{
  g_autofree char *names = g_strjoinv (", ", config->names);
  g_autofree char *presets = g_strjoinv (", ", config->preset_names);
  g_autofree char *shown = so_text_sanitise (name, -1, VALUE_SHOWN);
  g_autofree char *remedy
      = config->accounts->len > 0 && name[0] == '\0'
            ? g_strdup_printf (_ ("use --account, or write the line “account = %s” under "
                                  "[defaults] in the configuration; the accounts are: %s"),
                               config->names[0], names)
        : config->accounts->len > 0
            ? g_strdup_printf (_ ("the accounts are: %s"), names)
            : g_strdup_printf (_ ("run “sendoff setup”, or name a preset (%s) and --from ADDRESS"),
                               presets);
  if (name[0] == '\0' && config->accounts->len > 0)
    so_error_set (error, SO_ERROR_CONFIG, remedy,
                  _ ("nothing says which account to use"));
  else if (name[0] == '\0')
    so_error_set (error, SO_ERROR_CONFIG, remedy, _ ("no account is configured"));
  else
    so_error_set (error, SO_ERROR_CONFIG, remedy, _ ("there is no account “%s”"), shown);
  return NULL;
}

SoAccount *
so_config_account (const SoConfig *config, const char *name, const char *address, GError **error)
{
  const char *wanted = name[0] != '\0' ? name : config->default_name;
  const SoAccount *account = find_account (config->accounts, wanted);
  const SoAccount *preset = find_account (config->presets, wanted);
  if (account == NULL && preset != NULL)
    return account_from_preset (config, preset, address, error);
  if (account == NULL)
    return fail_unknown_account (config, wanted, error);
  if (address[0] != '\0' && !so_account_owns (account, address))
    {
      g_autofree char *shown = so_text_sanitise (address, -1, VALUE_SHOWN);
      so_error_set (error, SO_ERROR_USAGE,
                    _ ("use the account's own address, or add this one to its aliases if the "
                       "provider lets you send from it"),
                    _ ("%s is not an address of the account “%s”"), shown, account->name);
      return NULL;
    }
  return so_account_copy (account);
}

SoAccount *
so_config_preset (const SoConfig *config, const char *name)
{
  const SoAccount *preset = find_account (config->presets, name);
  return preset != NULL ? so_account_copy (preset) : NULL;
}

const char *const *
so_config_names (const SoConfig *config)
{
  return (const char *const *)config->names;
}

const char *const *
so_config_presets (const SoConfig *config)
{
  return (const char *const *)config->preset_names;
}

const char *
so_config_default_name (const SoConfig *config)
{
  return config->default_name;
}

const char *
so_config_outbox (const SoConfig *config)
{
  return config->outbox;
}

const char *const *
so_config_control_hosts (const SoConfig *config)
{
  return (const char *const *)config->control_hosts;
}

const char *const *
so_config_control_mail_hosts (const SoConfig *config)
{
  return (const char *const *)config->control_mail_hosts;
}

const char *
so_config_captive_portal (const SoConfig *config)
{
  return config->captive_portal;
}
