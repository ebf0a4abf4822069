/*
 * attempt.c - the text of an attempt log: tab-separated fields, one record a line.
 *
 *   TIME verdict KEY OUTCOME SCOPE STAGE CAUSE SERVER ADDRESS CODE ENHANCED TEXT NOTE
 *   TIME then KEY STATE REASON STAMP
 *   TIME note TEXT
 *   TIME again
 *
 * TIME, KEY and STAMP are written like the stamps of entry names.
 */
#include "config.h"

#include <string.h>

#include "sendoff/attempt.h"
#include "sendoff/text.h"

static void
attempt_free (gpointer data)
{
  SoAttempt *attempt = data;
  g_free (attempt->server);
  g_free (attempt->address);
  so_verdict_free (attempt->verdict);
  g_free (attempt->text);
  g_free (attempt);
}

void
so_attempt_log_free (SoAttemptLog *log)
{
  if (log == NULL)
    return;
  g_hash_table_unref (log->standing);
  g_hash_table_unref (log->doubts);
  g_ptr_array_unref (log->records);
  g_free (log);
}

/* The value whose name is word, or -1. */
static int
value_of (const char *word, const char *(*name_of) (int), int last)
{
  for (int i = 0; i <= last; i++)
    if (g_str_equal (name_of (i), word))
      return i;
  return -1;
}

static const char *
outcome_name (int i)
{
  return so_outcome_name ((SoOutcome)i);
}

static const char *
scope_name (int i)
{
  return so_scope_name ((SoScope)i);
}

static const char *
stage_name (int i)
{
  return so_stage_name ((SoStage)i);
}

static gboolean
read_reply (char **fields, SoReply **reply)
{
  guint64 code;
  if (!g_ascii_string_to_unsigned (fields[0], 10, 0, 999, &code, NULL))
    return FALSE;
  *reply = code != 0 ? so_reply_new ((int)code, fields[1], fields[2]) : NULL;
  return TRUE;
}

static gboolean
read_verdict (char **fields, SoAttempt *attempt)
{
  int outcome = value_of (fields[1], outcome_name, SO_OUTCOME_UNCERTAIN);
  int scope = value_of (fields[2], scope_name, SO_SCOPE_RECIPIENT);
  int stage = value_of (fields[3], stage_name, SO_STAGE_FINAL);
  if (!so_entry_stamp_parse (fields[0], &attempt->key) || outcome < 0 || scope < 0 || stage < 0
      || fields[6][0] == '\0' || strlen (fields[4]) >= sizeof attempt->verdict->cause)
    return FALSE;
  attempt->verdict
      = so_verdict_new ((SoOutcome)outcome, (SoScope)scope, (SoStage)stage, fields[10]);
  g_strlcpy (attempt->verdict->cause, fields[4], sizeof attempt->verdict->cause);
  attempt->server = g_strdup (fields[5]);
  attempt->address = g_strdup (fields[6]);
  return read_reply (fields + 7, &attempt->verdict->reply);
}

static gboolean
read_then (char **fields, SoAttempt *attempt)
{
  if (!so_entry_stamp_parse (fields[0], &attempt->key)
      || !so_entry_state_parse (fields[1], &attempt->then.state)
      || attempt->then.state == SO_ENTRY_SENDING || !so_entry_reason_is_valid (fields[2])
      || !so_entry_stamp_parse (fields[3], &attempt->then.stamp))
    return FALSE;
  g_strlcpy (attempt->then.reason, fields[2], sizeof attempt->then.reason);
  return TRUE;
}

static gboolean
read_note (char **fields, SoAttempt *attempt)
{
  attempt->text = g_strdup (fields[0]);
  return TRUE;
}

static gboolean
read_again (char **fields, SoAttempt *attempt)
{
  (void)fields;
  (void)attempt;
  return TRUE;
}

static const struct
{
  const char *word;
  guint n_fields; /* all of them */
  gboolean (*read) (char **fields, SoAttempt *attempt);
} kinds[] = {
  [SO_ATTEMPT_VERDICT] = { "verdict", 13, read_verdict },
  [SO_ATTEMPT_THEN] = { "then", 6, read_then },
  [SO_ATTEMPT_NOTE] = { "note", 3, read_note },
  [SO_ATTEMPT_AGAIN] = { "again", 2, read_again },
};

static SoAttempt *
read_record (const char *line)
{
  g_auto (GStrv) fields = g_strsplit (line, "\t", 0);
  guint n = g_strv_length (fields);
  for (gsize i = 0; n >= 2 && i < G_N_ELEMENTS (kinds); i++)
    {
      if (!g_str_equal (fields[1], kinds[i].word) || n != kinds[i].n_fields)
        continue;
      SoAttempt *attempt = g_new0 (SoAttempt, 1);
      attempt->kind = (SoAttemptKind)i;
      if (so_entry_stamp_parse (fields[0], &attempt->time) && kinds[i].read (fields + 2, attempt))
        return attempt;
      attempt_free (attempt);
      return NULL;
    }
  return NULL;
}

static gboolean
settles (const SoVerdict *verdict)
{
  return verdict->outcome == SO_OUTCOME_ACCEPTED || verdict->outcome == SO_OUTCOME_REJECTED;
}

static gboolean
is_not_accepted (gpointer key, gpointer value, gpointer data)
{
  (void)key;
  (void)data;
  return ((const SoAttempt *)value)->verdict->outcome != SO_OUTCOME_ACCEPTED;
}

static void
count_one (GHashTable *counts, char *address)
{
  guint before = GPOINTER_TO_UINT (g_hash_table_lookup (counts, address));
  g_hash_table_replace (counts, address, GUINT_TO_POINTER (before + 1));
}

static void
add_doubt (SoAttemptLog *log, const SoAttempt *attempt)
{
  if (log->n_doubts == 0 || attempt->key != log->last_doubt)
    log->n_doubts++;
  log->last_doubt = attempt->key;
  count_one (log->doubts, attempt->address);
}

/* What stands after this record too. */
static void
weigh (SoAttemptLog *log, SoAttempt *attempt)
{
  if (attempt->kind == SO_ATTEMPT_AGAIN)
    {
      g_hash_table_foreach_remove (log->standing, is_not_accepted, NULL);
      log->standing_all = NULL;
      g_hash_table_remove_all (log->doubts);
      log->n_doubts = 0;
    }
  if (attempt->kind != SO_ATTEMPT_VERDICT)
    return;
  if (attempt->key != log->last_key)
    log->n_attempts++;
  log->last_key = attempt->key;
  if (attempt->verdict->outcome == SO_OUTCOME_UNCERTAIN)
    add_doubt (log, attempt);
  const SoAttempt *before = g_hash_table_lookup (log->standing, attempt->address);
  if (g_str_equal (attempt->address, SO_ATTEMPT_ALL))
    log->standing_all = attempt;
  else if (attempt->verdict->outcome != SO_OUTCOME_NONE
           && (before == NULL || before->verdict->outcome != SO_OUTCOME_ACCEPTED))
    g_hash_table_replace (log->standing, attempt->address, attempt);
}

static void
read_line (SoAttemptLog *log, const char *line, gsize length)
{
  if (length == 0)
    return;
  g_autofree char *text = g_strndup (line, length);
  SoAttempt *attempt = strlen (text) == length ? read_record (text) : NULL;
  if (attempt == NULL)
    {
      log->n_bad++;
      return;
    }
  g_ptr_array_add (log->records, attempt);
  weigh (log, attempt);
}

SoAttemptLog *
so_attempt_log_parse (const char *bytes, gsize length)
{
  SoAttemptLog *log = g_new0 (SoAttemptLog, 1);
  log->records = g_ptr_array_new_with_free_func (attempt_free);
  log->standing = g_hash_table_new (g_str_hash, g_str_equal);
  log->doubts = g_hash_table_new (g_str_hash, g_str_equal);
  const char *end = bytes + length;
  gsize head = strlen (SO_ATTEMPT_LOG_HEAD);
  /* A torn head means that nothing has been recorded yet. */
  log->foreign = length > 0 && memcmp (bytes, SO_ATTEMPT_LOG_HEAD, MIN (length, head)) != 0;
  if (log->foreign || length < head)
    return log;
  const char *stop;
  for (const char *p = bytes + head; p < end && (stop = memchr (p, '\n', (gsize)(end - p))) != NULL;
       p = stop + 1)
    read_line (log, p, (gsize)(stop - p));
  return log;
}

static const SoAttempt *
standing_for (const SoAttemptLog *log, const char *address)
{
  const SoAttempt *own = g_hash_table_lookup (log->standing, address);
  if (own == NULL || log->standing_all == NULL || settles (own->verdict))
    return own != NULL ? own : log->standing_all;
  return own->key > log->standing_all->key ? own : log->standing_all;
}

const SoVerdict *
so_attempt_log_verdict (const SoAttemptLog *log, const char *address)
{
  const SoAttempt *attempt = standing_for (log, address);
  return attempt != NULL ? attempt->verdict : NULL;
}

gboolean
so_attempt_log_settled (const SoAttemptLog *log, const char *address)
{
  const SoVerdict *verdict = so_attempt_log_verdict (log, address);
  return verdict != NULL && settles (verdict);
}

SoDoubt
so_attempt_log_doubt (const SoAttemptLog *log, const char *address)
{
  if (log->n_doubts == 0 || so_attempt_log_settled (log, address))
    return SO_DOUBT_NONE;
  guint n = so_attempt_tries_of (log->doubts, address);
  return n == 0 ? SO_DOUBT_NONE : n < log->n_doubts ? SO_DOUBT_SOME : SO_DOUBT_EVERY;
}

gboolean
so_attempt_log_covers (const SoAttemptLog *log, gint64 key, const char *address)
{
  for (guint i = log->records->len; i > 0; i--)
    {
      const SoAttempt *attempt = g_ptr_array_index (log->records, i - 1);
      if (attempt->kind != SO_ATTEMPT_VERDICT || attempt->key > key)
        continue;
      if (attempt->key < key)
        return FALSE;
      if (g_str_equal (attempt->address, address)
          || (g_str_equal (attempt->address, SO_ATTEMPT_ALL) && !so_attempt_log_settled (log, address)))
        return TRUE;
    }
  return FALSE;
}

GHashTable *
so_attempt_log_tries (const SoAttemptLog *log, gint64 last)
{
  GHashTable *tries = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < log->records->len; i++)
    {
      const SoAttempt *attempt = g_ptr_array_index (log->records, i);
      if (attempt->kind == SO_ATTEMPT_VERDICT && attempt->verdict->outcome != SO_OUTCOME_NONE
          && attempt->key <= last)
        count_one (tries, attempt->address);
    }
  return tries;
}

guint
so_attempt_tries_of (GHashTable *tries, const char *address)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (tries, address))
         + GPOINTER_TO_UINT (g_hash_table_lookup (tries, SO_ATTEMPT_ALL));
}

gint64
so_attempt_log_asked (const SoAttemptLog *log, const char *address)
{
  const SoAttempt *attempt = standing_for (log, address);
  return attempt != NULL ? attempt->key : 0;
}

const SoEntryName *
so_attempt_log_then (const SoAttemptLog *log, gint64 key)
{
  for (guint i = log->records->len; i > 0; i--)
    {
      const SoAttempt *attempt = g_ptr_array_index (log->records, i - 1);
      if (attempt->kind == SO_ATTEMPT_THEN && attempt->key == key)
        return &attempt->then;
    }
  return NULL;
}

const SoAttempt *
so_attempt_log_last (const SoAttemptLog *log)
{
  const SoAttempt *last = NULL;
  for (guint i = log->records->len; i > 0; i--)
    {
      const SoAttempt *attempt = g_ptr_array_index (log->records, i - 1);
      if (attempt->kind == SO_ATTEMPT_NOTE)
        return last != NULL ? last : attempt;
      if (attempt->kind != SO_ATTEMPT_VERDICT || (last != NULL && attempt->key != last->key)
          || attempt->verdict->outcome == SO_OUTCOME_NONE)
        continue;
      /* Of one attempt, the verdict that is not an acceptance is the one to be told. */
      if (last == NULL || last->verdict->outcome == SO_OUTCOME_ACCEPTED)
        last = attempt;
    }
  return last;
}

static void
put_head (GString *out, gint64 time, const char *kind)
{
  char stamp[17];
  so_entry_stamp_format (time, stamp);
  g_string_append_printf (out, "%s\t%s", stamp, kind);
}

static void
put_field (GString *out, const char *text)
{
  /* The lines of a reply become one. */
  g_autofree char *line = g_strdup (text);
  g_strdelimit (line, "\n", ' ');
  g_autofree char *clean = so_text_sanitise (line, -1, SO_TEXT_LINE_MAX);
  g_string_append_printf (out, "\t%s", clean);
}

static void
put_stamp (GString *out, gint64 seconds)
{
  char stamp[17];
  so_entry_stamp_format (seconds, stamp);
  put_field (out, stamp);
}

void
so_attempt_put_verdict (GString *out, gint64 time, gint64 key, const char *server,
                        const char *address, const SoVerdict *verdict)
{
  const SoReply *reply = verdict->reply;
  put_head (out, time, "verdict");
  put_stamp (out, key);
  put_field (out, so_outcome_name (verdict->outcome));
  put_field (out, so_scope_name (verdict->scope));
  put_field (out, so_stage_name (verdict->stage));
  put_field (out, verdict->cause);
  put_field (out, server);
  g_string_append_printf (out, "\t%s", address);
  g_string_append_printf (out, "\t%d", reply != NULL ? reply->code : 0);
  put_field (out, reply != NULL ? reply->enhanced : "");
  put_field (out, reply != NULL ? reply->text : "");
  put_field (out, verdict->note);
  g_string_append_c (out, '\n');
}

void
so_attempt_put_then (GString *out, gint64 time, gint64 key, const SoEntryName *then)
{
  put_head (out, time, "then");
  put_stamp (out, key);
  put_field (out, so_entry_state_name (then->state));
  put_field (out, then->reason);
  put_stamp (out, then->stamp);
  g_string_append_c (out, '\n');
}

void
so_attempt_put_note (GString *out, gint64 time, const char *text)
{
  put_head (out, time, "note");
  put_field (out, text);
  g_string_append_c (out, '\n');
}

void
so_attempt_put_again (GString *out, gint64 time)
{
  put_head (out, time, "again");
  g_string_append_c (out, '\n');
}
