/*
 * config-account.c - one group of a key file becomes one account.
 *
 * A preset is read as an account without address; an account starts as a copy of its
 * preset, takes the keys of its group, and is then looked at as a whole.
 */
#include "config.h"

#include <string.h>

#include "sendoff/config-account.h"
#include "sendoff/config-key.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"

#define VALUE_SHOWN 60 /* bytes of a bad value repeated in an error */

/* DESIGN section 7. */
#define RETRY_INITIAL 60
#define RETRY_MAX 3600
#define RETRY_EXPIRE (5 * 86400)

/* What no provider takes and no disk minds: a caller that never ends is stopped here. */
#define SENDMAIL_LIMIT G_GUINT64_CONSTANT (1000000000)

static void
set_text (char **field, const char *value)
{
  g_free (*field);
  *field = g_strdup (value);
}

SoAccount *
so_config_account_new (const char *name)
{
  static const SoOversize steps[] = { SO_OVERSIZE_ZIP, SO_OVERSIZE_LINK, SO_OVERSIZE_HOLD };
  SoAccount *account = so_account_new (name);
  account->imap.security = SO_SECURITY_TLS;
  memcpy (account->oversize, steps, sizeof steps);
  account->n_oversize = G_N_ELEMENTS (steps);
  account->retry_initial = RETRY_INITIAL;
  account->retry_max = RETRY_MAX;
  account->retry_expire = RETRY_EXPIRE;
  account->connections = 1;
  account->sendmail_limit = SENDMAIL_LIMIT;
  set_text (&account->save_sent, "no");
  return account;
}

gboolean
so_config_fail_key (const SoKeyText *text, const SoKeyEntry *entry, GError **error)
{
  if (g_str_has_prefix (entry->key, "pass"))
    return so_key_text_fail (text, entry->line, entry->key,
                             _ ("remove the line and run “sendoff login”, which stores it in the "
                                "keyring; or use password-command"),
                             error, _ ("a password does not belong into this file"));
  const char *like = so_config_key_like (entry->key);
  g_autofree char *remedy
      = like[0] != '\0' ? g_strdup_printf (_ ("Did you mean “%s”?"), like)
                         : g_strdup (_ ("the keys are described in sendoff-config(5)"));
  return so_key_text_fail (text, entry->line, entry->key, remedy, error, _ ("unknown key"));
}

gboolean
so_config_fail_value (const SoKeyText *text, const SoKeyEntry *entry, const char *remedy,
                      GError **error)
{
  g_autofree char *shown = so_text_sanitise (entry->value, -1, VALUE_SHOWN);
  return so_key_text_fail (text, entry->line, entry->key, remedy, error,
                           _ ("“%s” is not a value for this key"), shown);
}

static gboolean
apply_entry (SoAccount *account, const SoKeyText *text, const SoKeyEntry *entry, gboolean is_preset,
             GError **error)
{
  const SoConfigKey *key = so_config_key_find (entry->key);
  if (key == NULL || (is_preset && !key->in_preset))
    return so_config_fail_key (text, entry, error);
  if (key->read (key, entry->value, G_STRUCT_MEMBER_P (account, key->offset)))
    return TRUE;
  if (key->private)
    return so_key_text_fail (text, entry->line, entry->key, _ (key->remedy), error,
                             _ ("this is not a value for this key"));
  return so_config_fail_value (text, entry, _ (key->remedy), error);
}

gboolean
so_config_account_apply (SoAccount *account, const SoKeyText *text, const SoKeyGroup *group,
                         gboolean is_preset, GError **error)
{
  for (guint i = 0; i < group->entries->len; i++)
    {
      const SoKeyEntry *entry = g_ptr_array_index (group->entries, i);
      if (!is_preset && strcmp (entry->key, "preset") == 0)
        continue;
      if (!apply_entry (account, text, entry, is_preset, error))
        return FALSE;
    }
  return TRUE;
}

/* An error about a key that may be missing: then the line of its group. */
static gboolean
fail_at_key (const SoKeyText *text, const SoKeyGroup *group, const char *key, const char *remedy,
             GError **error, const char *what)
{
  const SoKeyEntry *entry = so_key_group_entry (group, key);
  return so_key_text_fail (text, entry != NULL ? entry->line : group->line, key, remedy, error,
                           "%s", what);
}

static guint16
default_port (const SoEndpoint *endpoint, guint16 starttls, guint16 tls, guint16 plain)
{
  if (endpoint->port != 0)
    return endpoint->port;
  return endpoint->security == SO_SECURITY_STARTTLS ? starttls
         : endpoint->security == SO_SECURITY_TLS    ? tls
                                                    : plain;
}

static void
fill_defaults (SoAccount *account, gboolean auth_is_set)
{
  account->smtp.port = default_port (&account->smtp, 587, 465, 25);
  if (account->imap.host[0] != '\0')
    account->imap.port = default_port (&account->imap, 143, 993, 143);
  if (account->smtp.user[0] == '\0')
    set_text (&account->smtp.user, account->address);
  if (account->imap.user[0] == '\0')
    set_text (&account->imap.user, account->smtp.user);
  /* Without TLS no password leaves, so there is nothing else that "auto" can be. */
  if (account->smtp.security == SO_SECURITY_NONE && !auth_is_set)
    account->auth = SO_AUTH_NONE;
}

static gboolean
check_security (const SoAccount *account, const SoKeyText *text, const SoKeyGroup *group,
                GError **error)
{
  if (account->imap.host[0] != '\0' && account->imap.security == SO_SECURITY_NONE)
    return fail_at_key (text, group, "imap-security", _ ("write tls or starttls"), error,
                        _ ("the password would travel in clear"));
  if (account->smtp.security != SO_SECURITY_NONE)
    return TRUE;
  if (!so_account_is_loopback (account->smtp.host))
    return fail_at_key (text, group, "smtp-security", _ ("write starttls or tls"), error,
                        _ ("“none” is only for a server on this machine"));
  if (account->auth != SO_AUTH_NONE)
    return fail_at_key (text, group, "auth", _ ("write none, or set smtp-security to starttls"),
                        error, _ ("without TLS no password is sent"));
  return TRUE;
}

/* The account as a whole; group is where its keys stand. */
gboolean
so_config_account_finish (SoAccount *account, const SoKeyText *text, const SoKeyGroup *group,
                          GError **error)
{
  if (account->address[0] == '\0')
    return fail_at_key (text, group, "address", _ ("add a line such as address = me@icloud.com"),
                        error, _ ("the account has no address"));
  if (account->smtp.host[0] == '\0')
    return fail_at_key (
        text, group, "smtp-host",
        _ ("add a preset such as preset = icloud, or smtp-host = the server's name"), error,
        _ ("the account has no outgoing mail server"));
  fill_defaults (account, so_key_group_entry (group, "auth") != NULL);
  if (!check_security (account, text, group, error))
    return FALSE;
  if (account->retry_max < account->retry_initial)
    return fail_at_key (text, group, "retry-max", _ ("make it at least as long as retry-initial"),
                        error, _ ("this is shorter than the first wait"));
  if (account->retry_expire < account->retry_max)
    return fail_at_key (text, group, "retry-expire", _ ("make it at least as long as retry-max"),
                        error, _ ("this is shorter than the longest wait"));
  if (account->max_connections != 0 && account->connections > account->max_connections)
    {
      g_autofree char *remedy = g_strdup_printf (_ ("write at most %u"), account->max_connections);
      return fail_at_key (text, group, "connections", remedy, error,
                          _ ("the provider does not allow so many"));
    }
  return TRUE;
}
