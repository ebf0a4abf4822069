/*
 * key-text.c - a key file taken apart line by line; see key-text.h for why not GKeyFile.
 *
 * No error repeats a value or a line: a password may stand there by mistake.
 */
#include "config.h"

#include <string.h>

#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/key-text.h"
#include "sendoff/text.h"

#define NAME_MAX_SHOWN 80 /* bytes of a group's or key's name in an error */

static void
entry_free (gpointer data)
{
  SoKeyEntry *entry = data;
  g_free (entry->key);
  g_free (entry->value);
  g_free (entry);
}

static void
group_free (gpointer data)
{
  SoKeyGroup *group = data;
  g_free (group->name);
  g_ptr_array_unref (group->entries);
  g_free (group);
}

void
so_key_text_free (SoKeyText *text)
{
  if (text == NULL)
    return;
  g_free (text->origin);
  g_ptr_array_unref (text->groups);
  g_free (text);
}

const SoKeyGroup *
so_key_text_group (const SoKeyText *text, const char *name)
{
  for (guint i = 0; i < text->groups->len; i++)
    {
      const SoKeyGroup *group = g_ptr_array_index (text->groups, i);
      if (strcmp (group->name, name) == 0)
        return group;
    }
  return NULL;
}

const SoKeyEntry *
so_key_group_entry (const SoKeyGroup *group, const char *key)
{
  for (guint i = 0; i < group->entries->len; i++)
    {
      const SoKeyEntry *entry = g_ptr_array_index (group->entries, i);
      if (strcmp (entry->key, key) == 0)
        return entry;
    }
  return NULL;
}

gboolean
so_key_text_fail (const SoKeyText *text, guint line, const char *key, const char *remedy,
                  GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *what = g_strdup_vprintf (format, args);
  va_end (args);

  g_autofree char *name = so_text_sanitise (key, -1, NAME_MAX_SHOWN);
  if (*remedy == '\0')
    remedy = _ ("correct that line, or remove it");
  so_error_set (error, SO_ERROR_CONFIG, remedy, "%s:%u: %s%s%s", text->origin, line, name,
                name[0] != '\0' ? ": " : "", what);
  return FALSE;
}

char **
so_key_list (const char *value)
{
  GStrvBuilder *items = g_strv_builder_new ();
  g_auto (GStrv) parts = g_strsplit_set (value, ",;", -1);
  for (char **part = parts; *part != NULL; part++)
    if (g_strstrip (*part)[0] != '\0')
      g_strv_builder_add (items, *part);
  char **list = g_strv_builder_end (items);
  g_strv_builder_unref (items);
  return list;
}

static gboolean
has_control (const char *text)
{
  for (; *text != '\0'; text++)
    if (g_ascii_iscntrl (*text) && *text != '\t')
      return TRUE;
  return FALSE;
}

static gboolean
check_utf8 (const SoKeyText *text, const char *bytes, GError **error)
{
  const char *bad;
  if (g_utf8_validate (bytes, -1, &bad))
    return TRUE;
  guint line = 1;
  for (const char *p = bytes; p < bad; p++)
    line += *p == '\n' ? 1 : 0;
  return so_key_text_fail (text, line, "", _ ("save the file as UTF-8"), error,
                           _ ("this line is not valid UTF-8"));
}

/* line is "[name]" without blanks around it. */
static gboolean
take_group (SoKeyText *text, char *line, guint number, GError **error)
{
  gsize length = strlen (line);
  if (line[length - 1] != ']')
    return so_key_text_fail (text, number, "", "", error, _ ("“]” is missing"));
  line[length - 1] = '\0';
  char *name = g_strstrip (line + 1);
  if (name[0] == '\0')
    return so_key_text_fail (text, number, "", "", error, _ ("the group has no name"));

  const SoKeyGroup *before = so_key_text_group (text, name);
  if (before != NULL)
    return so_key_text_fail (text, number, name, _ ("put everything into one group"), error,
                             _ ("this group stands in line %u already"), before->line);
  SoKeyGroup *group = g_new0 (SoKeyGroup, 1);
  group->name = g_strdup (name);
  group->line = number;
  group->entries = g_ptr_array_new_with_free_func (entry_free);
  g_ptr_array_add (text->groups, group);
  return TRUE;
}

static gboolean
take_entry (SoKeyText *text, char *line, guint number, GError **error)
{
  char *equals = strchr (line, '=');
  if (equals == NULL || equals == line)
    return so_key_text_fail (text, number, "", "", error,
                             _ ("this is neither “key = value” nor “[group]” nor a comment"));
  *equals = '\0';
  const char *key = g_strchomp (line), *value = g_strchug (equals + 1);
  if (text->groups->len == 0)
    return so_key_text_fail (text, number, key, _ ("write [account NAME] or [defaults] above it"),
                             error, _ ("this key stands in no group"));

  SoKeyGroup *group = g_ptr_array_index (text->groups, text->groups->len - 1);
  const SoKeyEntry *before = so_key_group_entry (group, key);
  if (before != NULL)
    return so_key_text_fail (text, number, key, _ ("remove one of the two"), error,
                             _ ("this key stands in line %u already"), before->line);
  SoKeyEntry *entry = g_new0 (SoKeyEntry, 1);
  entry->key = g_strdup (key);
  entry->value = g_strdup (value);
  entry->line = number;
  g_ptr_array_add (group->entries, entry);
  return TRUE;
}

static gboolean
take_line (SoKeyText *text, char *line, guint number, GError **error)
{
  g_strstrip (line); /* with the CR of a CRLF */
  if (line[0] == '\0' || line[0] == '#')
    return TRUE;
  if (has_control (line))
    return so_key_text_fail (text, number, "", "", error,
                             _ ("there is a control character in this line"));
  return line[0] == '[' ? take_group (text, line, number, error)
                        : take_entry (text, line, number, error);
}

SoKeyText *
so_key_text_parse (const char *bytes, const char *origin, GError **error)
{
  g_autoptr (SoKeyText) text = g_new0 (SoKeyText, 1);
  text->origin = g_strdup (origin);
  text->groups = g_ptr_array_new_with_free_func (group_free);
  if (!check_utf8 (text, bytes, error))
    return NULL;

  g_auto (GStrv) lines = g_strsplit (bytes, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (!take_line (text, lines[i], i + 1, error))
      return NULL;
  return g_steal_pointer (&text);
}
