/*
 * account.c - an account's memory, and two questions about it.
 *
 * Every text field stands in one table, so that new, copy and free cannot forget one.
 */
#include "config.h"

#include <arpa/inet.h>
#include <string.h>

#include "sendoff/account.h"
#include "sendoff/address.h"

static const gsize text_fields[] = {
  G_STRUCT_OFFSET (SoAccount, name),
  G_STRUCT_OFFSET (SoAccount, preset),
  G_STRUCT_OFFSET (SoAccount, title),
  G_STRUCT_OFFSET (SoAccount, address),
  G_STRUCT_OFFSET (SoAccount, from_name),
  G_STRUCT_OFFSET (SoAccount, smtp.host),
  G_STRUCT_OFFSET (SoAccount, smtp.user),
  G_STRUCT_OFFSET (SoAccount, imap.host),
  G_STRUCT_OFFSET (SoAccount, imap.user),
  G_STRUCT_OFFSET (SoAccount, tls_ca_file),
  G_STRUCT_OFFSET (SoAccount, tls_fingerprint),
  G_STRUCT_OFFSET (SoAccount, password_command),
  G_STRUCT_OFFSET (SoAccount, ehlo_name),
  G_STRUCT_OFFSET (SoAccount, link_command),
  G_STRUCT_OFFSET (SoAccount, save_sent),
  G_STRUCT_OFFSET (SoAccount, on_failure),
  G_STRUCT_OFFSET (SoAccount, password_page),
  G_STRUCT_OFFSET (SoAccount, support_page),
  G_STRUCT_OFFSET (SoAccount, storage_page),
  G_STRUCT_OFFSET (SoAccount, status_feed),
  G_STRUCT_OFFSET (SoAccount, authserv_id),
  G_STRUCT_OFFSET (SoAccount, aliases_file),
};

static char **
text_field (SoAccount *account, gsize i)
{
  return &G_STRUCT_MEMBER (char *, account, text_fields[i]);
}

SoAccount *
so_account_new (const char *name)
{
  SoAccount *account = g_new0 (SoAccount, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (text_fields); i++)
    *text_field (account, i) = g_strdup ("");
  g_free (account->name);
  account->name = g_strdup (name);
  account->aliases = g_new0 (char *, 1);
  return account;
}

SoAccount *
so_account_copy (const SoAccount *account)
{
  SoAccount *copy = g_new (SoAccount, 1);
  *copy = *account;
  for (gsize i = 0; i < G_N_ELEMENTS (text_fields); i++)
    *text_field (copy, i) = g_strdup (*text_field (copy, i));
  copy->aliases = g_strdupv (account->aliases);
  return copy;
}

void
so_account_free (SoAccount *account)
{
  if (account == NULL)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (text_fields); i++)
    g_free (*text_field (account, i));
  g_strfreev (account->aliases);
  g_free (account);
}

const char *
so_account_title (const SoAccount *account)
{
  return *account->title != '\0' ? account->title : account->name;
}

gboolean
so_account_owns (const SoAccount *account, const char *address)
{
  if (address[0] == '\0')
    return FALSE;
  if (g_ascii_strcasecmp (account->address, address) == 0)
    return TRUE;
  for (char **alias = account->aliases; *alias != NULL; alias++)
    if (g_ascii_strcasecmp (*alias, address) == 0)
      return TRUE;
  return FALSE;
}

gboolean
so_account_is_loopback (const char *host)
{
  struct in_addr v4;
  struct in6_addr v6;
  if (g_ascii_strcasecmp (host, "localhost") == 0 || g_ascii_strcasecmp (host, "localhost.") == 0)
    return TRUE;
  if (inet_pton (AF_INET, host, &v4) == 1)
    return (ntohl (v4.s_addr) >> 24) == 127;
  return inet_pton (AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK (&v6);
}

const char *
so_account_preset_of (const char *address)
{
  static const struct
  {
    const char *domain, *preset;
  } known[] = {
    { "icloud.com", "icloud" },   { "me.com", "icloud" },       { "mac.com", "icloud" },
    { "gmail.com", "gmail" },     { "googlemail.com", "gmail" }, { "outlook.com", "outlook" },
    { "hotmail.com", "outlook" }, { "live.com", "outlook" },    { "msn.com", "outlook" },
    { "fastmail.com", "fastmail" }, { "fastmail.fm", "fastmail" },
  };
  const char *domain = so_address_domain (address);
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_ascii_strcasecmp (known[i].domain, domain) == 0)
      return known[i].preset;
  return "";
}
