/*
 * reply-book.c - config/replies.conf: parsed with care, matched in the order of the file.
 *
 * Only refusals (4xx, 5xx) are looked up, and an entry can only call them temporary or
 * final: no file can turn a refusal into "sent".
 */
#include "config.h"

#include <string.h>

#include "sendoff/i18n.h"
#include "sendoff/key-text.h"
#include "sendoff/reply-book.h"

typedef struct
{
  char **presets;     /* empty: any, and so for the other lists */
  guint stages;       /* bit 1 << SoStage; 0: any */
  char **codes;       /* "550", "5xx" */
  char **enhanced;    /* "5.7.1", "5.7.x" */
  char *text;         /* case-folded; "" any */
  GPatternSpec *glob; /* of text, where it has * or ? */
  SoOutcome outcome;
  SoScope scope;
  char cause[sizeof ((SoVerdict *)NULL)->cause];
} Entry;

struct SoReplyBook
{
  GPtrArray *entries;
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;
  g_strfreev (entry->presets);
  g_strfreev (entry->codes);
  g_strfreev (entry->enhanced);
  g_free (entry->text);
  g_clear_pointer (&entry->glob, g_pattern_spec_free);
  g_free (entry);
}

void
so_reply_book_free (SoReplyBook *book)
{
  if (book == NULL)
    return;
  g_ptr_array_unref (book->entries);
  g_free (book);
}

/* On one line, valid and without case: both sides are compared so. */
static char *
fold (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_strdelimit (valid, "\r\n\t", ' ');
  return g_utf8_casefold (valid, -1);
}

/* Digits stand for themselves, x for one digit (code) or the rest (enhanced). */
static gboolean
pattern_matches (const char *pattern, const char *value)
{
  for (; *pattern != '\0'; pattern++, value++)
    {
      if (*pattern == 'x' && pattern[1] == '\0')
        return *value != '\0';
      if (*pattern == 'x' ? !g_ascii_isdigit (*value) : *pattern != *value)
        return FALSE;
    }
  return *value == '\0';
}

static gboolean
any_matches (char **patterns, const char *value)
{
  if (patterns[0] == NULL)
    return TRUE;
  for (; *patterns != NULL; patterns++)
    if (pattern_matches (*patterns, value))
      return TRUE;
  return FALSE;
}

static gboolean
entry_matches (const Entry *entry, const char *preset, SoStage stage, const SoReply *reply,
               const char *folded)
{
  char code[16];
  g_snprintf (code, sizeof code, "%d", reply->code);
  if (entry->presets[0] != NULL && !g_strv_contains ((const char *const *)entry->presets, preset))
    return FALSE;
  if (entry->stages != 0 && (entry->stages & (1u << stage)) == 0)
    return FALSE;
  if (!any_matches (entry->codes, code) || !any_matches (entry->enhanced, reply->enhanced))
    return FALSE;
  return entry->glob != NULL ? g_pattern_spec_match_string (entry->glob, folded)
                             : strstr (folded, entry->text) != NULL;
}

gboolean
so_reply_book_find (const SoReplyBook *book, const char *preset, SoStage stage,
                    const SoReply *reply, SoReplyMeaning *meaning)
{
  if (book == NULL || reply->code < 400)
    return FALSE;
  g_autofree char *folded = fold (reply->text);
  for (guint i = 0; i < book->entries->len; i++)
    {
      const Entry *entry = g_ptr_array_index (book->entries, i);
      if (!entry_matches (entry, preset, stage, reply, folded))
        continue;
      *meaning = (SoReplyMeaning){ entry->outcome, entry->scope, entry->cause };
      return TRUE;
    }
  return FALSE;
}

/* The number of a name that name_of() gives for low..high; -1 for none. */
static int
name_index (const char *name, const char *(*name_of) (int), int low, int high)
{
  for (int i = low; i <= high; i++)
    if (strcmp (name, name_of (i)) == 0)
      return i;
  return -1;
}

static const char *
stage_name (int i)
{
  return so_stage_name ((SoStage)i);
}

static const char *
scope_name (int i)
{
  return so_scope_name ((SoScope)i);
}

static const char *
outcome_name (int i)
{
  return so_outcome_name ((SoOutcome)i);
}

static gboolean
read_stages (Entry *entry, const char *value)
{
  g_auto (GStrv) names = so_key_list (value);
  for (char **name = names; *name != NULL; name++)
    {
      int stage = name_index (*name, stage_name, SO_STAGE_CONNECT, SO_STAGE_FINAL);
      if (stage < 0)
        return FALSE;
      entry->stages |= 1u << stage;
    }
  return entry->stages != 0;
}

/* Each item fits the pattern; there is at least one. */
static gboolean
read_list (char ***list, const char *value, const char *pattern)
{
  g_strfreev (*list);
  *list = so_key_list (value);
  for (char **item = *list; *item != NULL; item++)
    if (!g_regex_match_simple (pattern, *item, G_REGEX_DEFAULT, G_REGEX_MATCH_DEFAULT))
      return FALSE;
  return (*list)[0] != NULL;
}

static gboolean
read_text (Entry *entry, const char *value)
{
  g_free (entry->text);
  entry->text = fold (value);
  if (strpbrk (entry->text, "*?") != NULL)
    entry->glob = g_pattern_spec_new (entry->text);
  return entry->text[0] != '\0';
}

static gboolean
read_cause (Entry *entry, const char *value)
{
  return g_strlcpy (entry->cause, value, sizeof entry->cause) < sizeof entry->cause
         && g_regex_match_simple ("^[a-z][a-z0-9-]*$", value, G_REGEX_DEFAULT,
                                  G_REGEX_MATCH_DEFAULT);
}

/* FALSE for a bad value; *known FALSE for a key that is none. */
static gboolean
read_key (Entry *entry, const SoKeyEntry *line, gboolean *known)
{
  const char *value = line->value;
  int n;
  *known = TRUE;
  if (strcmp (line->key, "preset") == 0)
    return read_list (&entry->presets, value, "^[a-z0-9-]+$");
  if (strcmp (line->key, "stage") == 0)
    return read_stages (entry, value);
  if (strcmp (line->key, "code") == 0)
    return read_list (&entry->codes, value, "^[45]([0-9][0-9x]|xx)$");
  if (strcmp (line->key, "enhanced") == 0)
    return read_list (&entry->enhanced, value, "^[45]\\.([0-9]{1,3}\\.([0-9]{1,3}|x)|x)$");
  if (strcmp (line->key, "text") == 0)
    return read_text (entry, value);
  if (strcmp (line->key, "cause") == 0)
    return read_cause (entry, value);
  if (strcmp (line->key, "outcome") == 0)
    {
      n = name_index (value, outcome_name, SO_OUTCOME_DEFERRED, SO_OUTCOME_REJECTED);
      entry->outcome = (SoOutcome)MAX (n, 0);
      return n >= 0;
    }
  if (strcmp (line->key, "scope") == 0)
    {
      n = name_index (value, scope_name, SO_SCOPE_CONNECTION, SO_SCOPE_RECIPIENT);
      entry->scope = (SoScope)MAX (n, 0);
      return n >= 0;
    }
  *known = FALSE;
  return FALSE;
}

static gboolean
read_group (SoReplyBook *book, const SoKeyText *text, const SoKeyGroup *group, GError **error)
{
  Entry *entry = g_new0 (Entry, 1);
  entry->presets = g_new0 (char *, 1);
  entry->codes = g_new0 (char *, 1);
  entry->enhanced = g_new0 (char *, 1);
  entry->text = g_strdup ("");
  g_ptr_array_add (book->entries, entry);

  for (guint i = 0; i < group->entries->len; i++)
    {
      const SoKeyEntry *line = g_ptr_array_index (group->entries, i);
      gboolean known;
      if (!read_key (entry, line, &known))
        return so_key_text_fail (text, line->line, line->key, "", error,
                                 known ? _ ("this value is not one of those allowed")
                                       : _ ("unknown key"));
    }
  if (entry->codes[0] == NULL && entry->enhanced[0] == NULL && entry->text[0] == '\0')
    return so_key_text_fail (text, group->line, group->name, "", error,
                             _ ("the entry needs a code, an enhanced status or a text"));
  static const char *const needed[] = { "outcome", "scope", "cause" };
  for (gsize i = 0; i < G_N_ELEMENTS (needed); i++)
    if (so_key_group_entry (group, needed[i]) == NULL)
      return so_key_text_fail (text, group->line, group->name, "", error,
                               _ ("the entry has no “%s”"), needed[i]);
  return TRUE;
}

SoReplyBook *
so_reply_book_parse (const char *bytes, const char *origin, GError **error)
{
  g_autoptr (SoKeyText) text = so_key_text_parse (bytes, origin, error);
  if (text == NULL)
    return NULL;
  g_autoptr (SoReplyBook) book = g_new0 (SoReplyBook, 1);
  book->entries = g_ptr_array_new_with_free_func (entry_free);
  for (guint i = 0; i < text->groups->len; i++)
    if (!read_group (book, text, g_ptr_array_index (text->groups, i), error))
      return NULL;
  return g_steal_pointer (&book);
}
