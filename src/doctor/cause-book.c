/*
 * cause-book.c - the cause table, parsed with care and matched in its order.
 */
#include "config.h"

#include <string.h>

#include "sendoff/i18n.h"
#include "sendoff/key-text.h"

#include "cause-book.h"

#define ANY "any"

typedef struct
{
  char *check;  /* an id, or ANY */
  char **words; /* codes or status names */
} Condition;

struct SoCauseBook
{
  GPtrArray *rules; /* of SoCauseRule */
};

static void
condition_free (gpointer data)
{
  Condition *condition = data;
  g_free (condition->check);
  g_strfreev (condition->words);
  g_free (condition);
}

static void
rule_free (gpointer data)
{
  SoCauseRule *rule = data;
  g_free (rule->cause);
  g_ptr_array_unref (rule->when);
  g_ptr_array_unref (rule->unless);
  g_free (rule->meaning);
  g_free (rule->first);
  g_free (rule->second);
  g_free (rule);
}

void
so_cause_book_free (SoCauseBook *book)
{
  if (book == NULL)
    return;
  g_ptr_array_unref (book->rules);
  g_free (book);
}

/* --- reading --- */

static gboolean
is_word (const char *text)
{
  return g_regex_match_simple ("^[a-z][a-z0-9-]*$", text, G_REGEX_DOLLAR_ENDONLY,
                               G_REGEX_MATCH_DEFAULT);
}

static gboolean
is_check (const char *id)
{
  for (const SoCheck *check = so_checks; check->id != NULL; check++)
    if (strcmp (check->id, id) == 0)
      return TRUE;
  return strcmp (id, ANY) == 0;
}

static gboolean
read_conditions (GPtrArray *conditions, const char *value)
{
  g_auto (GStrv) items = so_key_list (value);
  for (char **item = items; *item != NULL; item++)
    {
      g_auto (GStrv) sides = g_strsplit (*item, "=", 2);
      if (g_strv_length (sides) != 2 || !is_check (sides[0]))
        return FALSE;
      Condition *condition = g_new (Condition, 1);
      condition->check = g_strdup (sides[0]);
      condition->words = g_strsplit (sides[1], "|", -1);
      g_ptr_array_add (conditions, condition);
      for (char **word = condition->words; *word != NULL; word++)
        if (!is_word (*word))
          return FALSE;
    }
  return conditions->len > 0;
}

static int
index_of (const char *const *words, const char *word)
{
  for (int i = 0; words[i] != NULL; i++)
    if (strcmp (words[i], word) == 0)
      return i;
  return -1;
}

static gboolean
read_others (SoCauseRule *rule, const char *value)
{
  static const char *const ways[] = { "port", "network", "account", "wait", NULL };
  g_auto (GStrv) items = so_key_list (value);
  for (char **item = items; *item != NULL; item++)
    {
      int i = index_of (ways, *item);
      if (i < 0)
        return FALSE;
      rule->others |= 1u << i;
    }
  return TRUE;
}

static gboolean
read_exit (SoCauseRule *rule, const char *value)
{
  static const char *const allowed[] = { "0", "69", "75", "77", "78", NULL };
  rule->exit_status = (int)g_ascii_strtoll (value, NULL, 10);
  return index_of (allowed, value) >= 0;
}

static gboolean
read_text (char **field, const char *value)
{
  g_free (*field);
  *field = g_strdup (value);
  return *value != '\0';
}

static gboolean
read_key (SoCauseRule *rule, const SoKeyEntry *entry, gboolean *known)
{
  static const char *const confidences[] = { "possible", "likely", "certain", NULL };
  const char *key = entry->key, *value = entry->value;
  *known = TRUE;
  if (strcmp (key, "cause") == 0)
    return read_text (&rule->cause, value) && is_word (value);
  if (strcmp (key, "when") == 0)
    return read_conditions (rule->when, value);
  if (strcmp (key, "unless") == 0)
    return read_conditions (rule->unless, value);
  if (strcmp (key, "exit") == 0)
    return read_exit (rule, value);
  if (strcmp (key, "meaning") == 0)
    return read_text (&rule->meaning, value);
  if (strcmp (key, "first") == 0)
    return read_text (&rule->first, value);
  if (strcmp (key, "second") == 0)
    return read_text (&rule->second, value);
  if (strcmp (key, "others") == 0)
    return read_others (rule, value);
  if (strcmp (key, "confidence") == 0)
    {
      int i = index_of (confidences, value);
      rule->confidence = (SoConfidence)MAX (i, 0);
      return i >= 0;
    }
  *known = FALSE;
  return FALSE;
}

/* What a rule does not say, the first one of its cause does. */
static void
inherit (SoCauseBook *book, SoCauseRule *rule)
{
  for (guint i = 0; i < book->rules->len; i++)
    {
      const SoCauseRule *first = g_ptr_array_index (book->rules, i);
      if (first == rule || strcmp (first->cause, rule->cause) != 0)
        continue;
      if (*rule->meaning == '\0')
        read_text (&rule->meaning, first->meaning);
      if (*rule->first == '\0')
        read_text (&rule->first, first->first);
      if (*rule->second == '\0')
        read_text (&rule->second, first->second);
      if (rule->others == 0)
        rule->others = first->others;
      return;
    }
}

static gboolean
read_rule (SoCauseBook *book, const SoKeyText *text, const SoKeyGroup *group, GError **error)
{
  static const char *const needed[] = { "when", "confidence", "exit" };
  SoCauseRule *rule = g_new0 (SoCauseRule, 1);
  rule->cause = g_strdup (group->name);
  rule->when = g_ptr_array_new_with_free_func (condition_free);
  rule->unless = g_ptr_array_new_with_free_func (condition_free);
  rule->meaning = g_strdup ("");
  rule->first = g_strdup ("");
  rule->second = g_strdup ("");
  g_ptr_array_add (book->rules, rule);
  for (guint i = 0; i < group->entries->len; i++)
    {
      const SoKeyEntry *entry = g_ptr_array_index (group->entries, i);
      gboolean known;
      if (!read_key (rule, entry, &known))
        return so_key_text_fail (text, entry->line, entry->key, "", error,
                                 known ? _ ("this value is not one of those allowed")
                                       : _ ("unknown key"));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (needed); i++)
    if (so_key_group_entry (group, needed[i]) == NULL)
      return so_key_text_fail (text, group->line, group->name, "", error,
                               _ ("the entry has no “%s”"), needed[i]);
  inherit (book, rule);
  if (*rule->meaning == '\0' || !is_word (rule->cause))
    return so_key_text_fail (text, group->line, group->name, "", error,
                             _ ("the entry has no “%s”"), "meaning");
  return TRUE;
}

SoCauseBook *
so_cause_book_parse (const char *bytes, const char *origin, GError **error)
{
  g_autoptr (SoKeyText) text = so_key_text_parse (bytes, origin, error);
  if (text == NULL)
    return NULL;
  g_autoptr (SoCauseBook) book = g_new0 (SoCauseBook, 1);
  book->rules = g_ptr_array_new_with_free_func (rule_free);
  for (guint i = 0; i < text->groups->len; i++)
    if (!read_rule (book, text, g_ptr_array_index (text->groups, i), error))
      return NULL;
  return g_steal_pointer (&book);
}

/* --- matching --- */

static gboolean
speaks_of (const Condition *condition, const SoCheckResult *result)
{
  const char *const *words = (const char *const *)condition->words;
  if (strcmp (condition->check, ANY) != 0 && strcmp (condition->check, result->id) != 0)
    return FALSE;
  return g_strv_contains (words, so_check_status_name (result->status))
         || (*result->code != '\0' && g_strv_contains (words, result->code));
}

static const SoCheckResult *
find_evidence (const Condition *condition, const GPtrArray *results)
{
  for (guint i = 0; i < results->len; i++)
    if (speaks_of (condition, g_ptr_array_index (results, i)))
      return g_ptr_array_index (results, i);
  return NULL;
}

static gboolean
holds (const SoCauseRule *rule, const GPtrArray *results)
{
  for (guint i = 0; i < rule->when->len; i++)
    if (find_evidence (g_ptr_array_index (rule->when, i), results) == NULL)
      return FALSE;
  for (guint i = 0; i < rule->unless->len; i++)
    if (find_evidence (g_ptr_array_index (rule->unless, i), results) != NULL)
      return FALSE;
  return TRUE;
}

GPtrArray *
so_cause_book_match (const SoCauseBook *book, const GPtrArray *results)
{
  GPtrArray *matches = g_ptr_array_new ();
  for (guint i = 0; i < book->rules->len; i++)
    if (holds (g_ptr_array_index (book->rules, i), results))
      g_ptr_array_add (matches, g_ptr_array_index (book->rules, i));
  return matches;
}

GPtrArray *
so_cause_rule_evidence (const SoCauseRule *rule, const GPtrArray *results)
{
  GPtrArray *evidence = g_ptr_array_new ();
  for (guint i = 0; i < rule->when->len; i++)
    g_ptr_array_add (evidence,
                     (gpointer)find_evidence (g_ptr_array_index (rule->when, i), results));
  return evidence;
}
