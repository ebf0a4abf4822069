/*
 * alias-file.c - reads /etc/aliases and follows a name through it.
 */
#include "config.h"

#include <string.h>

#include "sendoff/address.h"
#include "sendoff/alias-file.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"

#define TEXT_SHOWN 60
#define FOUND_MAX 1000 /* addresses one name may come to; ours */

typedef struct
{
  guint line;
  char *targets; /* what stands behind the colon, unfolded */
} Alias;

struct SoAliases
{
  char *origin;
  GHashTable *names; /* lower case → Alias */
};

static void
alias_free (gpointer data)
{
  Alias *alias = data;
  g_free (alias->targets);
  g_free (alias);
}

void
so_aliases_free (SoAliases *aliases)
{
  if (aliases == NULL)
    return;
  g_free (aliases->origin);
  g_hash_table_unref (aliases->names);
  g_free (aliases);
}

/* --- reading --- */

/* Without a comment, which begins at the line's start or behind a blank, outside of quotes. */
static char *
without_comment (const char *line)
{
  gboolean quoted = FALSE;
  const char *p = line;
  for (; *p != '\0'; p++)
    {
      if (*p == '"')
        quoted = !quoted;
      if (*p == '#' && !quoted && (p == line || p[-1] == ' ' || p[-1] == '\t'))
        break;
    }
  return g_strchomp (g_strndup (line, (gsize)(p - line)));
}

static gboolean
fail_line (const SoAliases *aliases, guint line, GError **error)
{
  so_error_set (error, SO_ERROR_CONFIG, _ ("write it as “name: address, address”"),
                _ ("%s:%u: this is no alias"), aliases->origin, line);
  return FALSE;
}

/* "name" or "\"name\"" in lower case. */
static char *
name_key (const char *text, gsize length)
{
  g_autofree char *name = g_strstrip (g_strndup (text, length));
  gsize n = strlen (name);
  if (n >= 2 && name[0] == '"' && name[n - 1] == '"')
    {
      g_autofree char *bare = g_strndup (name + 1, n - 2);
      return g_ascii_strdown (bare, -1);
    }
  return g_ascii_strdown (name, -1);
}

static gboolean
take_line (SoAliases *aliases, const char *text, guint number, Alias **last, GError **error)
{
  g_autofree char *line = without_comment (text);
  if (line[0] == '\0')
    return TRUE;
  if (line[0] == ' ' || line[0] == '\t')
    {
      if (*last == NULL)
        return fail_line (aliases, number, error);
      char *longer = g_strconcat ((*last)->targets, line, NULL);
      g_free ((*last)->targets);
      (*last)->targets = longer;
      return TRUE;
    }
  const char *end = line[0] == '"' ? strchr (line + 1, '"') : line;
  const char *colon = end != NULL ? strchr (end, ':') : NULL;
  if (colon == NULL || colon == line)
    return fail_line (aliases, number, error);
  Alias *alias = g_new0 (Alias, 1);
  alias->line = number;
  alias->targets = g_strdup (colon + 1);
  g_hash_table_replace (aliases->names, name_key (line, (gsize)(colon - line)), alias);
  *last = alias;
  return TRUE;
}

SoAliases *
so_aliases_parse (const char *text, const char *origin, GError **error)
{
  g_autoptr (SoAliases) aliases = g_new0 (SoAliases, 1);
  aliases->origin = g_strdup (origin);
  aliases->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, alias_free);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  Alias *last = NULL;
  for (guint i = 0; lines[i] != NULL; i++)
    if (!take_line (aliases, lines[i], i + 1, &last, error))
      return NULL;
  return g_steal_pointer (&aliases);
}

/* --- following --- */

typedef struct
{
  const SoAliases *aliases;
  GHashTable *seen; /* names followed already, so a loop ends where it began */
  GPtrArray *found;
} Walk;

static void
add_found (const Walk *walk, const char *address)
{
  for (guint i = 0; i < walk->found->len; i++)
    if (g_ascii_strcasecmp (g_ptr_array_index (walk->found, i), address) == 0)
      return;
  g_ptr_array_add (walk->found, g_strdup (address));
}

static gboolean
fail_target (const Walk *walk, const Alias *alias, const char *target, GError **error)
{
  g_autofree char *shown = so_text_sanitise (target, -1, TEXT_SHOWN);
  so_error_set (error, SO_ERROR_CONFIG, _ ("write mail addresses or other names there"),
                _ ("%s:%u: mail cannot be passed on to “%s”"), walk->aliases->origin, alias->line,
                shown);
  return FALSE;
}

static gboolean follow (const Walk *walk, const char *name, GError **error);

static gboolean
take_target (const Walk *walk, const Alias *alias, const SoMailbox *mailbox, GError **error)
{
  const char *target = mailbox->address;
  if (so_address_is_usable (mailbox->verdict))
    {
      add_found (walk, target);
      return TRUE;
    }
  /* "\root": this name, not what it is an alias of. */
  if (target[0] == '\\' && strpbrk (target + 1, "@ \"|/") == NULL)
    {
      add_found (walk, target + 1);
      return TRUE;
    }
  if (mailbox->verdict != SO_ADDRESS_NO_AT || strpbrk (target, "|/ \"") != NULL)
    return fail_target (walk, alias, target, error);
  return follow (walk, target, error);
}

static gboolean
follow (const Walk *walk, const char *name, GError **error)
{
  g_autofree char *key = g_ascii_strdown (name, -1);
  const Alias *alias
      = walk->aliases != NULL ? g_hash_table_lookup (walk->aliases->names, key) : NULL;
  if (alias == NULL)
    {
      add_found (walk, name);
      return TRUE;
    }
  if (!g_hash_table_add (walk->seen, g_strdup (key)))
    return TRUE;
  if (strstr (alias->targets, ":include:") != NULL)
    return fail_target (walk, alias, alias->targets, error);
  g_autoptr (GPtrArray) targets = so_address_list_parse (alias->targets, -1);
  for (guint i = 0; i < targets->len; i++)
    if (!take_target (walk, alias, g_ptr_array_index (targets, i), error))
      return FALSE;
  if (walk->found->len <= FOUND_MAX)
    return TRUE;
  so_error_set (error, SO_ERROR_CONFIG, "", _ ("%s: “%s” comes to more than %d addresses"),
                walk->aliases->origin, key, FOUND_MAX);
  return FALSE;
}

gboolean
so_aliases_expand (const SoAliases *aliases, const char *name, GPtrArray *found, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint before = found->len;
  const Walk walk = { aliases, seen, found };
  if (!follow (&walk, name, error))
    return FALSE;
  /* Names that lead only to one another are local after all. */
  if (found->len == before)
    add_found (&walk, name);
  return TRUE;
}
