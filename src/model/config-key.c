/*
 * config-key.c - reads the values of a key file; none of them is mended.
 */
#include "config.h"

#include <arpa/inet.h>
#include <string.h>

#include "sendoff/address.h"
#include "sendoff/config-key.h"
#include "sendoff/edit-distance.h"
#include "sendoff/i18n.h"
#include "sendoff/key-text.h"
#include "sendoff/size-text.h"

#define HOST_MAX 253 /* octets of a domain name in text (RFC 1035 2.3.4) */

static void
set_text (gpointer field, const char *value)
{
  char **text = field;
  g_free (*text);
  *text = g_strdup (value);
}

static gboolean
read_text (const SoConfigKey *key, const char *value, gpointer field)
{
  (void)key;
  set_text (field, value);
  return TRUE;
}

gboolean
so_config_is_host (const char *value)
{
  struct in6_addr v6;
  if (inet_pton (AF_INET6, value, &v6) == 1)
    return TRUE;
  g_autofree char *ascii = g_hostname_to_ascii (value);
  return ascii != NULL && strlen (ascii) <= HOST_MAX
         && g_regex_match_simple ("^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
                                  "(\\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$",
                                  ascii, G_REGEX_CASELESS | G_REGEX_DOLLAR_ENDONLY,
                                  G_REGEX_MATCH_DEFAULT);
}

gboolean
so_config_is_url (const char *value)
{
  return g_uri_is_valid (value, G_URI_FLAGS_NONE, NULL)
         && (g_str_has_prefix (value, "https://") || g_str_has_prefix (value, "http://"));
}

static gboolean
read_host (const SoConfigKey *key, const char *value, gpointer field)
{
  return so_config_is_host (value) && read_text (key, value, field);
}

static gboolean
read_url (const SoConfigKey *key, const char *value, gpointer field)
{
  return so_config_is_url (value) && read_text (key, value, field);
}

/* A name for EHLO: a host name with a dot or an address literal (RFC 5321 4.1.1.1). */
static gboolean
read_ehlo_name (const SoConfigKey *key, const char *value, gpointer field)
{
  g_autofree char *mailbox = g_strconcat ("x@", value, NULL);
  gboolean is_literal = value[0] == '[' && so_address_check (mailbox, -1) == SO_ADDRESS_OK;
  return (is_literal || (strchr (value, '.') != NULL && so_config_is_host (value)))
         && read_text (key, value, field);
}

static gboolean
read_not_empty (const SoConfigKey *key, const char *value, gpointer field)
{
  return value[0] != '\0' && read_text (key, value, field);
}

static gboolean
read_path (const SoConfigKey *key, const char *value, gpointer field)
{
  return g_path_is_absolute (value) && read_text (key, value, field);
}

static gboolean
read_command (const SoConfigKey *key, const char *value, gpointer field)
{
  return g_shell_parse_argv (value, NULL, NULL, NULL) && read_text (key, value, field);
}

static gboolean
read_address (const SoConfigKey *key, const char *value, gpointer field)
{
  return so_address_is_usable (so_address_check (value, -1)) && read_text (key, value, field);
}

static gboolean
read_addresses (const SoConfigKey *key, const char *value, gpointer field)
{
  (void)key;
  g_auto (GStrv) list = so_key_list (value);
  for (char **address = list; *address != NULL; address++)
    if (!so_address_is_usable (so_address_check (*address, -1)))
      return FALSE;
  char ***aliases = field;
  g_strfreev (*aliases);
  *aliases = g_steal_pointer (&list);
  return TRUE;
}

static gboolean
read_fingerprint (const SoConfigKey *key, const char *value, gpointer field)
{
  g_auto (GStrv) octets = g_strsplit (value, ":", -1);
  g_autofree char *digits = g_strjoinv ("", octets);
  g_autofree char *lower = g_ascii_strdown (digits, -1);
  return g_regex_match_simple ("^[0-9a-f]{64}$", lower, G_REGEX_DOLLAR_ENDONLY,
                               G_REGEX_MATCH_DEFAULT)
         && read_text (key, lower, field);
}

static gboolean
read_number (const SoConfigKey *key, const char *value, gpointer field)
{
  guint64 number;
  if (!g_ascii_string_to_unsigned (value, 10, (guint64)key->min, (guint64)key->max, &number, NULL))
    return FALSE;
  *(guint *)field = (guint)number;
  return TRUE;
}

static gboolean
read_port (const SoConfigKey *key, const char *value, gpointer field)
{
  guint number;
  if (!read_number (key, value, &number))
    return FALSE;
  *(guint16 *)field = (guint16)number;
  return TRUE;
}

/* Seconds, or with one unit: "90", "90s", "5m", "1h", "5d". */
static gboolean
read_duration (const SoConfigKey *key, const char *value, gpointer field)
{
  static const char units[] = "smhd";
  static const gint64 seconds[] = { 1, 60, 3600, 86400 };
  g_autofree char *digits = g_strdup (value);
  gsize length = strlen (digits);
  const char *unit = length > 1 ? strchr (units, digits[length - 1]) : NULL;
  if (unit != NULL)
    digits[length - 1] = '\0';

  guint64 number;
  if (!g_ascii_string_to_unsigned (digits, 10, 0, G_MAXINT32, &number, NULL))
    return FALSE;
  gint64 total = (gint64)number * (unit != NULL ? seconds[unit - units] : 1);
  if (total < key->min || total > key->max)
    return FALSE;
  *(guint *)field = (guint)total;
  return TRUE;
}

/* 0: no limit known. */
static gboolean
read_size (const SoConfigKey *key, const char *value, gpointer field)
{
  (void)key;
  guint64 octets = 0;
  if (strcmp (value, "0") != 0 && !so_size_parse (value, &octets, NULL))
    return FALSE;
  *(guint64 *)field = octets;
  return TRUE;
}

/* The number of a word in words (NULL-terminated); -1 if it is none of them. */
static int
word_index (const char *const *words, const char *word)
{
  for (int i = 0; words[i] != NULL; i++)
    if (strcmp (words[i], word) == 0)
      return i;
  return -1;
}

static gboolean
read_security (const SoConfigKey *key, const char *value, gpointer field)
{
  static const char *const words[] = { "starttls", "tls", "none", NULL };
  (void)key;
  int i = word_index (words, value);
  if (i >= 0)
    *(SoSecurity *)field = (SoSecurity)i;
  return i >= 0;
}

static gboolean
read_auth (const SoConfigKey *key, const char *value, gpointer field)
{
  static const char *const words[]
      = { "auto", "plain", "login", "xoauth2", "oauthbearer", "none", NULL };
  (void)key;
  int i = word_index (words, value);
  if (i >= 0)
    *(SoAuth *)field = (SoAuth)i;
  return i >= 0;
}

static gboolean
read_rewrite_from (const SoConfigKey *key, const char *value, gpointer field)
{
  static const char *const words[] = { "never", "when-foreign", "always", NULL };
  (void)key;
  int i = word_index (words, value);
  if (i >= 0)
    *(SoRewriteFrom *)field = (SoRewriteFrom)i;
  return i >= 0;
}

static gboolean
read_uncertain (const SoConfigKey *key, const char *value, gpointer field)
{
  static const char *const words[] = { "retry", "hold", NULL };
  (void)key;
  int i = word_index (words, value);
  if (i >= 0)
    *(gboolean *)field = i == 1;
  return i >= 0;
}

static gboolean
read_notify (const SoConfigKey *key, const char *value, gpointer field)
{
  static const char *const words[] = { "auto", "never", NULL };
  (void)key;
  int i = word_index (words, value);
  if (i >= 0)
    *(gboolean *)field = i == 1;
  return i >= 0;
}

/* field is the whole account: the steps and how many there are. */
static gboolean
read_oversize (const SoConfigKey *key, const char *value, gpointer field)
{
  static const char *const words[] = { "zip", "link", "hold", "refuse", NULL };
  (void)key;
  SoOversize steps[SO_OVERSIZE_STEPS];
  guint n = 0;
  g_auto (GStrv) list = so_key_list (value);
  for (char **word = list; *word != NULL; word++)
    {
      int step = word_index (words, *word);
      gboolean is_over = n > 0 && steps[n - 1] >= SO_OVERSIZE_HOLD;
      if (step < 0 || n == SO_OVERSIZE_STEPS || is_over)
        return FALSE;
      for (guint i = 0; i < n; i++)
        if (steps[i] == (SoOversize)step)
          return FALSE;
      steps[n++] = (SoOversize)step;
    }
  if (n == 0)
    return FALSE;
  SoAccount *account = field;
  memcpy (account->oversize, steps, n * sizeof *steps);
  account->n_oversize = n;
  return TRUE;
}

static gboolean
read_save_sent (const SoConfigKey *key, const char *value, gpointer field)
{
  gboolean is_maildir
      = g_str_has_prefix (value, "maildir:") && g_path_is_absolute (value + strlen ("maildir:"));
  return (is_maildir || strcmp (value, "no") == 0 || strcmp (value, "imap") == 0)
         && read_text (key, value, field);
}

#define FIELD(member) G_STRUCT_OFFSET (SoAccount, member)
#define DAY 86400

#define PORT N_ ("write a number from 1 to 65535")
#define SECURITY N_ ("write starttls, tls or none")
#define HOST N_ ("write a host name or an address; the port has a key of its own")
#define SIZE N_ ("write octets, or a size such as 20 MB (10⁶) or 27 MiB (2²⁰); 0 for no limit")
#define DURATION N_ ("write a time such as 90s, 5m, 1h or 5d")
#define NUMBER N_ ("write a whole number; 0 for no limit")
#define COMMAND N_ ("write a program and its arguments, quoted as for a shell")
#define ADDRESS N_ ("write an address such as me@icloud.com")
#define ADDRESSES N_ ("write addresses with commas between them")
#define URL N_ ("write an address that starts with https:// or http://")
#define PATH N_ ("write the whole path, from /")
#define SOME_TEXT N_ ("write something or remove the line")

const SoConfigKey so_config_keys[] = {
  { "title", FIELD (title), read_not_empty, 0, 0, SOME_TEXT, TRUE, FALSE },
  { "address", FIELD (address), read_address, 0, 0, ADDRESS, FALSE, FALSE },
  { "aliases", FIELD (aliases), read_addresses, 0, 0, ADDRESSES, FALSE, FALSE },
  { "from-name", FIELD (from_name), read_text, 0, 0, SOME_TEXT, FALSE, FALSE },
  { "smtp-host", FIELD (smtp.host), read_host, 0, 0, HOST, TRUE, FALSE },
  { "smtp-port", FIELD (smtp.port), read_port, 1, 65535, PORT, TRUE, FALSE },
  { "smtp-security", FIELD (smtp.security), read_security, 0, 0, SECURITY, TRUE, FALSE },
  { "smtp-user", FIELD (smtp.user), read_not_empty, 0, 0, SOME_TEXT, FALSE, FALSE },
  { "imap-host", FIELD (imap.host), read_host, 0, 0, HOST, TRUE, FALSE },
  { "imap-port", FIELD (imap.port), read_port, 1, 65535, PORT, TRUE, FALSE },
  { "imap-security", FIELD (imap.security), read_security, 0, 0, SECURITY, TRUE, FALSE },
  { "imap-user", FIELD (imap.user), read_not_empty, 0, 0, SOME_TEXT, FALSE, FALSE },
  { "auth", FIELD (auth), read_auth, 0, 0,
    N_ ("write auto, plain, login, xoauth2, oauthbearer or none"), TRUE, FALSE },
  { "password-command", FIELD (password_command), read_command, 0, 0, COMMAND, FALSE, TRUE },
  { "tls-ca-file", FIELD (tls_ca_file), read_path, 0, 0, PATH, FALSE, FALSE },
  { "tls-fingerprint", FIELD (tls_fingerprint), read_fingerprint, 0, 0,
    N_ ("write the SHA-256 of the server's certificate: 64 hexadecimal digits"), FALSE, FALSE },
  { "ehlo-name", FIELD (ehlo_name), read_ehlo_name, 0, 0,
    N_ ("write a full host name or an address literal such as [192.0.2.1]"), FALSE, FALSE },
  { "timeout", FIELD (timeout), read_duration, 1, 3600,
    N_ ("write a time from 1s to 1h for one step of the conversation"), FALSE, FALSE },
  { "message-limit", FIELD (message_limit), read_size, 0, 0, SIZE, TRUE, FALSE },
  { "wire-limit", FIELD (wire_limit), read_size, 0, 0, SIZE, TRUE, FALSE },
  { "oversize", 0, read_oversize, 0, 0,
    N_ ("write zip, link, hold and refuse in the order of trial; nothing can follow hold or "
        "refuse"),
    FALSE, FALSE },
  { "link-command", FIELD (link_command), read_command, 0, 0, COMMAND, FALSE, TRUE },
  { "retry-initial", FIELD (retry_initial), read_duration, 1, DAY, DURATION, FALSE, FALSE },
  { "retry-max", FIELD (retry_max), read_duration, 1, 7 * DAY, DURATION, FALSE, FALSE },
  { "retry-expire", FIELD (retry_expire), read_duration, 60, 365 * DAY,
    N_ ("write a time of at least 1m, with one unit: 90s, 5m, 1h, 5d"), FALSE, FALSE },
  { "uncertain", FIELD (hold_uncertain), read_uncertain, 0, 0, N_ ("write retry or hold"), FALSE,
    FALSE },
  { "save-sent", FIELD (save_sent), read_save_sent, 0, 0, N_ ("write no, imap or maildir:/PATH"),
    FALSE, FALSE },
  { "daily-messages", FIELD (daily_messages), read_number, 0, 1000000, NUMBER, TRUE, FALSE },
  { "daily-recipients", FIELD (daily_recipients), read_number, 0, 1000000, NUMBER, TRUE, FALSE },
  { "max-recipients", FIELD (max_recipients), read_number, 0, 1000000, NUMBER, TRUE, FALSE },
  { "connections", FIELD (connections), read_number, 1, 20, N_ ("write a number from 1 to 20"),
    FALSE, FALSE },
  { "max-connections", FIELD (max_connections), read_number, 0, 20,
    N_ ("write a number from 1 to 20; 0 for no limit"), TRUE, FALSE },
  { "on-failure", FIELD (on_failure), read_command, 0, 0, COMMAND, FALSE, TRUE },
  { "notify", FIELD (notify_never), read_notify, 0, 0, N_ ("write auto or never"), FALSE, FALSE },
  { "rewrite-from", FIELD (rewrite_from), read_rewrite_from, 0, 0,
    N_ ("write never, when-foreign or always"), FALSE, FALSE },
  { "aliases-file", FIELD (aliases_file), read_path, 0, 0, PATH, FALSE, FALSE },
  { "sendmail-limit", FIELD (sendmail_limit), read_size, 0, 0, SIZE, FALSE, FALSE },
  { "password-page", FIELD (password_page), read_url, 0, 0, URL, TRUE, FALSE },
  { "support-page", FIELD (support_page), read_url, 0, 0, URL, TRUE, FALSE },
  { "storage-page", FIELD (storage_page), read_url, 0, 0, URL, TRUE, FALSE },
  { "status-feed", FIELD (status_feed), read_url, 0, 0, URL, TRUE, FALSE },
  { "authserv-id", FIELD (authserv_id), read_host, 0, 0, N_ ("write a domain such as icloud.com"),
    TRUE, FALSE },
  { NULL, 0, NULL, 0, 0, NULL, FALSE, FALSE },
};

const SoConfigKey *
so_config_key_find (const char *name)
{
  for (const SoConfigKey *key = so_config_keys; key->name != NULL; key++)
    if (strcmp (key->name, name) == 0)
      return key;
  return NULL;
}

const char *
so_config_key_like (const char *name)
{
  const char *like = "";
  guint best = 3; /* two slips are a typo, more is another word */
  for (const SoConfigKey *key = so_config_keys; key->name != NULL; key++)
    {
      guint distance = so_edit_distance (name, key->name);
      if (distance < best)
        {
          best = distance;
          like = key->name;
        }
    }
  return like;
}
