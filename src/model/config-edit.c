/*
 * config-edit.c - replace or insert one line.
 */
#include "config.h"

#include <string.h>

#include "sendoff/config-edit.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/key-text.h"
#include "sendoff/text.h"

/* Where line number (from 1) begins; the end of text if it has fewer. */
static const char *
start_of_line (const char *text, guint number)
{
  for (guint line = 1; line < number && *text != '\0'; line++)
    {
      const char *end = strchr (text, '\n');
      text = end != NULL ? end + 1 : text + strlen (text);
    }
  return text;
}

/* text with the lines from first up to but without behind replaced by line. */
static char *
replace_lines (const char *text, guint first, guint behind, const char *line)
{
  const char *from = start_of_line (text, first);
  const char *to = start_of_line (text, behind);
  GString *out = g_string_new_len (text, from - text);
  if (out->len > 0 && out->str[out->len - 1] != '\n')
    g_string_append_c (out, '\n');
  g_string_append_printf (out, "%s\n%s", line, to);
  return g_string_free (out, FALSE);
}

static char *
append_group (const char *text, const char *group, const char *line)
{
  const char *gap = *text == '\0' ? "" : g_str_has_suffix (text, "\n") ? "\n" : "\n\n";
  return g_strdup_printf ("%s%s[%s]\n%s\n", text, gap, group, line);
}

static guint
last_line_of (const SoKeyGroup *group)
{
  if (group->entries->len == 0)
    return group->line;
  const SoKeyEntry *last = g_ptr_array_index (group->entries, group->entries->len - 1);
  return last->line;
}

char *
so_config_edit_set (const char *text, const char *origin, const char *group, const char *key,
                    const char *value, GError **error)
{
  if (!so_text_is_clean (group, -1) || !so_text_is_clean (key, -1) || !so_text_is_clean (value, -1))
    {
      so_error_set (error, SO_ERROR_CONFIG, NULL,
                    _("a value of the configuration must be text on one line"));
      return NULL;
    }
  g_autoptr (SoKeyText) parsed = so_key_text_parse (text, origin, error);
  if (parsed == NULL)
    return NULL;
  g_autofree char *line = g_strdup_printf ("%s = %s", key, value);
  const SoKeyGroup *there = so_key_text_group (parsed, group);
  if (there == NULL)
    return append_group (text, group, line);
  const SoKeyEntry *entry = so_key_group_entry (there, key);
  if (entry != NULL)
    return replace_lines (text, entry->line, entry->line + 1, line);
  guint behind = last_line_of (there) + 1;
  return replace_lines (text, behind, behind, line);
}

char *
so_config_edit_default (const char *text, const char *origin, const char *name, GError **error)
{
  g_autoptr (SoKeyText) parsed = so_key_text_parse (text, origin, error);
  if (parsed == NULL)
    return NULL;
  const SoKeyGroup *there = so_key_text_group (parsed, "defaults");
  if (there != NULL && so_key_group_entry (there, "account") != NULL)
    return g_strdup (text);
  return so_config_edit_set (text, origin, "defaults", "account", name, error);
}
