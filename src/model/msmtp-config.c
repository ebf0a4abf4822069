/*
 * msmtp-config.c - reads an msmtprc: commands line by line, accounts that inherit.
 *
 * "defaults" goes on with what every later account starts from; "account a : b, c" takes the
 * settings of b and c on top of those.  "account default : a" only says which one is meant when
 * none is named.  What the settings mean to us is msmtp-map.c.
 */
#include "config.h"

#include <string.h>

#include "msmtp-private.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"

typedef struct
{
  char *name;
  char *alias_of; /* its only base; NULL if there are none or several */
  gboolean own;   /* it has settings of its own */
  GHashTable *settings;
} Section;

typedef struct
{
  const char *origin;
  guint line;
  GHashTable *defaults;
  GPtrArray *sections;
  GHashTable *current; /* of the section under way; NULL before the first */
  GError **error;
} Reader;

static void
setting_free (gpointer data)
{
  SoMsmtpSetting *setting = data;
  g_free (setting->value);
  so_secret_free (setting->secret);
  g_free (setting);
}

static GHashTable *
settings_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, setting_free);
}

static void
section_free (gpointer data)
{
  Section *section = data;
  g_free (section->name);
  g_free (section->alias_of);
  g_hash_table_unref (section->settings);
  g_free (section);
}

static void
copy_settings (GHashTable *to, GHashTable *from)
{
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init (&iter, from);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      const SoMsmtpSetting *setting = value;
      SoMsmtpSetting *copy = g_new0 (SoMsmtpSetting, 1);
      copy->line = setting->line;
      copy->value = g_strdup (setting->value);
      if (setting->secret != NULL)
        copy->secret = so_secret_new (so_secret_peek (setting->secret), -1);
      g_hash_table_insert (to, g_strdup (key), copy);
    }
}

static gboolean
fail (const Reader *reader, const char *words)
{
  so_error_set (reader->error, SO_ERROR_CONFIG,
                _ ("correct the file; msmtp does not read it either"), _ ("%s: line %u: %s"),
                reader->origin, reader->line, words);
  return FALSE;
}

static Section *
find_section (const Reader *reader, const char *name)
{
  for (guint i = 0; i < reader->sections->len; i++)
    {
      Section *section = g_ptr_array_index (reader->sections, i);
      if (strcmp (section->name, name) == 0)
        return section;
    }
  return NULL;
}

/* "a : b, c" */
static gboolean
begin_account (Reader *reader, const char *value)
{
  g_auto (GStrv) parts = g_strsplit (value, ":", 2);
  const char *name = parts[0] != NULL ? g_strstrip (parts[0]) : "";
  if (*name == '\0')
    return fail (reader, _ ("this account has no name"));
  if (find_section (reader, name) != NULL)
    return fail (reader, _ ("there is an account of this name already"));
  Section *section = g_new0 (Section, 1);
  section->name = g_strdup (name);
  section->settings = settings_new ();
  copy_settings (section->settings, reader->defaults);
  g_auto (GStrv) bases = g_strsplit (parts[0] != NULL && parts[1] != NULL ? parts[1] : "", ",", 0);
  for (char **base = bases; *base != NULL; base++)
    {
      const Section *from = find_section (reader, g_strstrip (*base));
      if (from == NULL)
        {
          section_free (section);
          return fail (reader, _ ("the account behind the colon does not stand above"));
        }
      copy_settings (section->settings, from->settings);
    }
  if (g_strv_length (bases) == 1)
    section->alias_of = g_strdup (bases[0]);
  g_ptr_array_add (reader->sections, section);
  reader->current = section->settings;
  return TRUE;
}

/* Without the quotes around it. */
static void
unquote (const char **value, gsize *length)
{
  if (*length >= 2 && (*value)[0] == '"' && (*value)[*length - 1] == '"')
    {
      (*value)++;
      *length -= 2;
    }
}

static gboolean
set (Reader *reader, const char *key, const char *value, gsize length)
{
  if (reader->current == NULL)
    {
      /* msmtp takes what stands first as one nameless account. */
      Section *section = g_new0 (Section, 1);
      section->name = g_strdup ("default");
      section->settings = settings_new ();
      g_ptr_array_add (reader->sections, section);
      reader->current = section->settings;
    }
  if (reader->sections->len > 0)
    {
      Section *last = g_ptr_array_index (reader->sections, reader->sections->len - 1);
      last->own = last->own || last->settings == reader->current;
    }
  SoMsmtpSetting *setting = g_new0 (SoMsmtpSetting, 1);
  gboolean secret = strcmp (key, "password") == 0;
  setting->line = reader->line;
  setting->value = secret ? g_strdup ("") : g_strndup (value, length);
  if (secret && length > 0)
    setting->secret = so_secret_new (value, (gssize)length);
  g_hash_table_insert (reader->current, g_strdup (key), setting);
  return TRUE;
}

static gboolean
take_line (Reader *reader, const char *text, gsize length)
{
  while (length > 0 && g_ascii_isspace (text[0]))
    text++, length--;
  while (length > 0 && g_ascii_isspace (text[length - 1]))
    length--;
  if (length == 0 || text[0] == '#')
    return TRUE;
  gsize word = 0;
  while (word < length && !g_ascii_isspace (text[word]))
    word++;
  g_autofree char *key = g_strndup (text, word);
  const char *value = text + word;
  gsize rest = length - word;
  while (rest > 0 && g_ascii_isspace (value[0]))
    value++, rest--;
  unquote (&value, &rest);
  if (strcmp (key, "defaults") == 0)
    {
      reader->current = reader->defaults;
      return TRUE;
    }
  if (strcmp (key, "account") != 0)
    return set (reader, key, value, rest);
  g_autofree char *names = g_strndup (value, rest);
  return begin_account (reader, names);
}

static gboolean
read_lines (Reader *reader, const char *text)
{
  while (*text != '\0')
    {
      gsize length = strcspn (text, "\n");
      reader->line++;
      if (!take_line (reader, text, length))
        return FALSE;
      text += length + (text[length] == '\n' ? 1 : 0);
    }
  return TRUE;
}

void
so_msmtp_account_free (gpointer data)
{
  SoMsmtpAccount *account = data;
  g_free (account->name);
  g_free (account->preset);
  g_free (account->address);
  g_free (account->fault);
  g_ptr_array_unref (account->settings);
  g_ptr_array_unref (account->notes);
  so_secret_free (account->password);
  g_free (account);
}

void
so_msmtp_config_free (SoMsmtpConfig *config)
{
  if (config == NULL)
    return;
  g_ptr_array_unref (config->accounts);
  g_free (config->default_name);
  g_free (config);
}

static SoMsmtpConfig *
map_sections (const Reader *reader, const SoConfig *presets)
{
  SoMsmtpConfig *config = g_new0 (SoMsmtpConfig, 1);
  config->accounts = g_ptr_array_new_with_free_func (so_msmtp_account_free);
  config->default_name = g_strdup ("");
  for (guint i = 0; i < reader->sections->len; i++)
    {
      const Section *section = g_ptr_array_index (reader->sections, i);
      gboolean is_default = strcmp (section->name, "default") == 0;
      gboolean is_alias = is_default && section->alias_of != NULL && !section->own;
      if (is_default)
        {
          g_free (config->default_name);
          config->default_name = g_strdup (is_alias ? section->alias_of : section->name);
        }
      if (!is_alias)
        g_ptr_array_add (config->accounts,
                         so_msmtp_map (section->name, section->settings, presets));
    }
  return config;
}

SoMsmtpConfig *
so_msmtp_config_parse (const char *text, const char *origin, const SoConfig *presets,
                       GError **error)
{
  Reader reader = { .origin = origin,
                    .defaults = settings_new (),
                    .sections = g_ptr_array_new_with_free_func (section_free),
                    .error = error };
  SoMsmtpConfig *config = read_lines (&reader, text) ? map_sections (&reader, presets) : NULL;
  g_hash_table_unref (reader.defaults);
  g_ptr_array_unref (reader.sections);
  return config;
}
