/*
 * msmtp-map.c - one account of an msmtprc as keys of our configuration.
 *
 * What a preset says already is left out.  msmtp's own defaults differ from ours in two things
 * that matter: there TLS and AUTH are off unless asked for.
 */
#include "config.h"

#include <string.h>

#include "msmtp-private.h"
#include "sendoff/address.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"

typedef struct
{
  GHashTable *settings;
  SoMsmtpAccount *account;
  SoAccount *preset; /* NULL: of a server we do not know */
} Map;

/* "" for one that is not set. */
static const char *
value_of (const Map *map, const char *key)
{
  const SoMsmtpSetting *setting = g_hash_table_lookup (map->settings, key);
  return setting != NULL ? setting->value : "";
}

/* An empty argument means on. */
static gboolean
is_on (const Map *map, const char *key, gboolean preset)
{
  const SoMsmtpSetting *setting = g_hash_table_lookup (map->settings, key);
  return setting != NULL ? strcmp (setting->value, "off") != 0 : preset;
}

static void
add (const Map *map, const char *key, const char *value)
{
  g_ptr_array_add (map->account->settings, g_strdup_printf ("%s=%s", key, value));
}

static void
note (const Map *map, const char *key, const char *words)
{
  const SoMsmtpSetting *setting = g_hash_table_lookup (map->settings, key);
  g_autofree char *text = setting != NULL
                              ? g_strdup_printf (_ ("line %u, %s: %s"), setting->line, key, words)
                              : g_strdup_printf ("%s: %s", key, words);
  g_ptr_array_add (map->account->notes, so_text_sanitise (text, -1, 300));
}

static void
fault (const Map *map, const char *words)
{
  if (*map->account->fault != '\0')
    return;
  g_free (map->account->fault);
  map->account->fault = g_strdup (words);
}

/* --- the server --- */

static void
find_preset (Map *map, const SoConfig *presets)
{
  const char *host = value_of (map, "host");
  for (const char *const *name = so_config_presets (presets); *name != NULL; name++)
    {
      SoAccount *preset = so_config_account (presets, *name, "x@example.org", NULL);
      if (preset != NULL && *host != '\0' && g_ascii_strcasecmp (preset->smtp.host, host) == 0)
        {
          map->preset = preset;
          g_free (map->account->preset);
          map->account->preset = g_strdup (*name);
          return;
        }
      so_account_free (preset);
    }
}

static SoSecurity
security_of (const Map *map)
{
  if (!is_on (map, "tls", FALSE))
    return SO_SECURITY_NONE;
  return is_on (map, "tls_starttls", TRUE) ? SO_SECURITY_STARTTLS : SO_SECURITY_TLS;
}

static void
map_security (const Map *map)
{
  static const char *const words[] = { "starttls", "tls", "none" };
  SoSecurity security = security_of (map);
  if (security == SO_SECURITY_NONE && !so_account_is_loopback (value_of (map, "host")))
    {
      note (map, "tls", _ ("it is off; sendoff uses STARTTLS with every server but this machine"));
      security = SO_SECURITY_STARTTLS;
    }
  if (map->preset == NULL || map->preset->smtp.security != security)
    add (map, "smtp-security", words[security]);
}

/* msmtp's own default is 25, and 465 for TLS from the start. */
static void
map_port (const Map *map)
{
  const char *port = value_of (map, "port");
  if (*port == '\0' && map->preset != NULL)
    return;
  if (*port == '\0')
    port = security_of (map) == SO_SECURITY_TLS ? "465" : "25";
  if (map->preset == NULL || g_ascii_strtoull (port, NULL, 10) != map->preset->smtp.port)
    add (map, "smtp-port", port);
}

static void
map_server (const Map *map)
{
  const char *host = value_of (map, "host");
  if (*host == '\0')
    fault (map, _ ("it has no host"));
  if (strcmp (value_of (map, "protocol"), "lmtp") == 0)
    fault (map, _ ("it speaks LMTP, which is for delivering to mailboxes"));
  if (map->preset == NULL)
    add (map, "smtp-host", host);
  map_port (map);
  map_security (map);
}

/* --- who --- */

static gboolean
is_address (const char *text)
{
  return so_address_is_usable (so_address_check (text, -1)) && strpbrk (text, "*%") == NULL;
}

static void
map_address (const Map *map)
{
  const char *from = value_of (map, "from"), *user = value_of (map, "user");
  const char *address = is_address (from) ? from : is_address (user) ? user : "";
  g_free (map->account->address);
  map->account->address = g_strdup (address);
  if (*address == '\0')
    fault (map, _ ("it has no “from” with a mail address"));
  else if (*from != '\0' && address != from)
    note (map, "from", _ ("it is no single address; the user's is taken"));
  if (*user != '\0' && strcmp (user, address) != 0)
    add (map, "smtp-user", user);
  if (*value_of (map, "from_full_name") != '\0')
    add (map, "from-name", value_of (map, "from_full_name"));
}

static gboolean
is_word_of_ours (const char *method)
{
  static const char *const ours[] = { "plain", "login", "xoauth2", "oauthbearer" };
  for (gsize i = 0; i < G_N_ELEMENTS (ours); i++)
    if (strcmp (ours[i], method) == 0)
      return TRUE;
  return FALSE;
}

static void
map_auth (const Map *map)
{
  const char *method = value_of (map, "auth");
  if (!is_on (map, "auth", FALSE))
    add (map, "auth", "none");
  else if (is_word_of_ours (method))
    add (map, "auth", method);
  else if (*method != '\0' && strcmp (method, "on") != 0)
    note (map, "auth", _ ("this method is not known here; PLAIN or LOGIN is used"));
}

/* msmtp runs it in a shell, we do not. */
static void
map_password (const Map *map)
{
  const char *command = value_of (map, "passwordeval");
  const SoMsmtpSetting *plain = g_hash_table_lookup (map->settings, "password");
  g_autofree char *quoted = g_shell_quote (command);
  g_autofree char *in_shell = g_strconcat ("sh -c ", quoted, NULL);
  if (!is_on (map, "auth", FALSE))
    return;
  if (*command != '\0')
    add (map, "password-command",
         strpbrk (command, "|&;<>()$`*?[#~=%\\") != NULL ? in_shell : command);
  else if (plain != NULL && plain->secret != NULL)
    map->account->password = so_secret_new (so_secret_peek (plain->secret), -1);
}

/* --- the rest --- */

static char *
whole_path (const char *path)
{
  if (path[0] == '~' && path[1] == '/')
    return g_build_filename (g_get_home_dir (), path + 2, NULL);
  return g_strdup (path);
}

static void
map_path (const Map *map, const char *from, const char *to)
{
  const char *value = value_of (map, from);
  g_autofree char *path = whole_path (value);
  if (*value == '\0' || strcmp (value, "system") == 0
      || strcmp (value, "/etc/ssl/certs/ca-certificates.crt") == 0)
    return;
  if (g_path_is_absolute (path))
    add (map, to, path);
  else
    note (map, from, _ ("not a whole path, not taken over"));
}

/* SHA-256 has 32 octets. */
static void
map_fingerprint (const Map *map)
{
  const char *value = value_of (map, "tls_fingerprint");
  g_auto (GStrv) octets = g_strsplit (value, ":", 0);
  if (g_strv_length (octets) == 32)
    add (map, "tls-fingerprint", value);
  else if (*value != '\0')
    note (map, "tls_fingerprint",
          _ ("only SHA-256 is taken; the certificate is checked by its CA"));
}

static void
map_numbers (const Map *map)
{
  const char *timeout = value_of (map, "timeout"), *domain = value_of (map, "domain");
  if (*timeout != '\0' && strcmp (timeout, "off") != 0)
    add (map, "timeout", timeout);
  if (strchr (domain, '.') != NULL)
    add (map, "ehlo-name", domain);
  else if (*domain != '\0' && strcmp (domain, "localhost") != 0)
    note (map, "domain", _ ("only a full host name is taken over"));
  if (is_on (map, "set_from_header", FALSE)
      && strcmp (value_of (map, "set_from_header"), "auto") != 0)
    add (map, "rewrite-from", "always");
}

/* Keys read above, and those that say what we do anyway. */
static const char handled[]
    = " host port tls tls_starttls protocol from user auth passwordeval password timeout"
      " connect_timeout domain tls_trust_file tls_fingerprint aliases from_full_name"
      " set_from_header remove_bcc_headers set_date_header set_msgid_header"
      " add_missing_from_header add_missing_date_header undisclosed_recipients syslog ";

static gint
by_line (gconstpointer a, gconstpointer b, gpointer settings)
{
  const SoMsmtpSetting *x = g_hash_table_lookup (settings, *(const char *const *)a);
  const SoMsmtpSetting *y = g_hash_table_lookup (settings, *(const char *const *)b);
  return x->line < y->line ? -1 : x->line > y->line;
}

static gboolean
is_handled (const char *key)
{
  g_autofree char *word = g_strdup_printf (" %s ", key);
  return strstr (handled, word) != NULL;
}

static void
note_the_rest (const Map *map)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name;
  g_hash_table_iter_init (&iter, map->settings);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (keys, name);
  g_ptr_array_sort_with_data (keys, by_line, map->settings);
  for (guint i = 0; i < keys->len; i++)
    {
      const char *key = g_ptr_array_index (keys, i);
      if (strcmp (key, "tls_certcheck") == 0)
        {
          if (!is_on (map, key, TRUE))
            note (map, key, _ ("certificates are always checked here; see tls-fingerprint"));
        }
      else if (strcmp (key, "eval") == 0)
        note (map, key, _ ("not run"));
      else if (!is_handled (key))
        note (map, key, _ ("no counterpart here"));
    }
}

SoMsmtpAccount *
so_msmtp_map (const char *name, GHashTable *settings, const SoConfig *presets)
{
  SoMsmtpAccount *account = g_new0 (SoMsmtpAccount, 1);
  account->name = g_strdup (name);
  account->preset = g_strdup ("smtp");
  account->address = g_strdup ("");
  account->fault = g_strdup ("");
  account->settings = g_ptr_array_new_with_free_func (g_free);
  account->notes = g_ptr_array_new_with_free_func (g_free);
  Map map = { .settings = settings, .account = account };
  find_preset (&map, presets);
  map_server (&map);
  map_address (&map);
  map_auth (&map);
  map_password (&map);
  map_path (&map, "tls_trust_file", "tls-ca-file");
  map_path (&map, "aliases", "aliases-file");
  map_fingerprint (&map);
  map_numbers (&map);
  note_the_rest (&map);
  so_account_free (map.preset);
  return account;
}
