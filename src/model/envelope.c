/*
 * envelope.c - the envelope of a waiting message as text: one "key: value" a line, in a
 * fixed order, read by a cursor that knows which key must come next.
 */
#include "config.h"

#include <string.h>

#include "sendoff/envelope.h"
#include "sendoff/i18n.h"

#define HEAD "sendoff entry "
#define FORMAT "1"
#define LENGTH_DIGITS 16

SoEnvelope *
so_envelope_new (const char *account, const char *origin, gint64 created, SoSubmission *submission)
{
  SoEnvelope *envelope = g_new0 (SoEnvelope, 1);
  envelope->account = g_strdup (account);
  envelope->origin = g_strdup (origin);
  envelope->created = created;
  envelope->submission = submission;
  return envelope;
}

void
so_envelope_free (SoEnvelope *envelope)
{
  if (envelope == NULL)
    return;
  g_free (envelope->account);
  g_free (envelope->origin);
  so_submission_free (envelope->submission);
  g_free (envelope);
}

/* One line of UTF-8 without control characters. */
static gboolean
is_plain (const char *value, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if ((guchar)value[i] < 0x20 || value[i] == 0x7f)
      return FALSE;
  return g_utf8_validate_len (value, length, NULL);
}

static gboolean
recipient_is_plain (const SoRecipient *recipient)
{
  return recipient->address[0] != '\0' && is_plain (recipient->address, strlen (recipient->address))
         && is_plain (recipient->dsn_notify, strlen (recipient->dsn_notify))
         && is_plain (recipient->dsn_orcpt, strlen (recipient->dsn_orcpt));
}

const char *
so_envelope_fault (const SoEnvelope *envelope)
{
  const SoSubmission *submission = envelope->submission;
  const char *const values[] = { envelope->account,   envelope->origin,      submission->message_id,
                                 submission->dsn_ret, submission->dsn_envid, submission->sender };
  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    if (!is_plain (values[i], strlen (values[i])))
      return _ ("the envelope has a control character or is not UTF-8");
  if (envelope->account[0] == '\0')
    return _ ("the envelope names no account");
  if (submission->recipients->len == 0)
    return _ ("the envelope names no recipient");
  for (guint i = 0; i < submission->recipients->len; i++)
    if (!recipient_is_plain (g_ptr_array_index (submission->recipients, i)))
      return _ ("a recipient is empty, has a control character or is not UTF-8");
  return "";
}

static void
put (GString *out, const char *key, const char *value)
{
  g_string_append_printf (out, "%s: %s\n", key, value);
}

static void
put_unless_empty (GString *out, const char *key, const char *value)
{
  if (value[0] != '\0')
    put (out, key, value);
}

static void
put_number (GString *out, const char *key, guint64 value)
{
  g_string_append_printf (out, "%s: %0*" G_GUINT64_FORMAT "\n", key, LENGTH_DIGITS, value);
}

/* As wide as "no ", so that the length stays the same. */
static void
put_flag (GString *out, const char *key, gboolean value)
{
  put (out, key, value ? "yes" : "no ");
}

GString *
so_envelope_format (const SoEnvelope *envelope)
{
  const SoSubmission *submission = envelope->submission;
  GString *out = g_string_new (HEAD FORMAT "\n");
  char created[17];
  so_entry_stamp_format (envelope->created, created);
  put (out, "id", envelope->id);
  put (out, "account", envelope->account);
  put (out, "origin", envelope->origin);
  put (out, "created", created);
  put (out, "message-id", submission->message_id);
  put_unless_empty (out, "ret", submission->dsn_ret);
  put_unless_empty (out, "envid", submission->dsn_envid);
  put (out, "from", submission->sender);
  for (guint i = 0; i < submission->recipients->len; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (submission->recipients, i);
      put (out, "to", recipient->address);
      put_unless_empty (out, "notify", recipient->dsn_notify);
      put_unless_empty (out, "orcpt", recipient->dsn_orcpt);
    }
  put_number (out, "length", envelope->length);
  put_number (out, "wire-size", submission->wire_size);
  put_flag (out, "eight-bit", submission->eight_bit);
  put_flag (out, "utf8-headers", submission->utf8_headers);
  put_flag (out, "long-lines", submission->long_lines);
  g_string_append_printf (out, "crc32: %-8s\n\n", envelope->crc32);
  return out;
}

typedef struct
{
  const char *at, *end;
  guint line;
  gboolean cut; /* the input ended within a line that was right so far */
} Cursor;

/* The line under the cursor without its end; NULL if it is not all there. */
static const char *
line_end (Cursor *cursor)
{
  const char *end = memchr (cursor->at, '\n', (gsize)(cursor->end - cursor->at));
  cursor->cut = end == NULL;
  return end;
}

/* The value if the line under the cursor is "key: value"; NULL if not, and then the cursor
 * stays. */
static char *
take (Cursor *cursor, const char *key)
{
  const char *end = line_end (cursor);
  if (end == NULL)
    return NULL;
  gsize n = strlen (key);
  gsize length = (gsize)(end - cursor->at);
  if (length < n + 2 || memcmp (cursor->at, key, n) != 0 || memcmp (cursor->at + n, ": ", 2) != 0
      || !is_plain (cursor->at + n + 2, length - n - 2))
    return NULL;
  char *value = g_strndup (cursor->at + n + 2, length - n - 2);
  cursor->at = end + 1;
  cursor->line++;
  return value;
}

static gboolean
take_into (Cursor *cursor, const char *key, char **field)
{
  char *value = take (cursor, key);
  if (value == NULL)
    return FALSE;
  g_free (*field);
  *field = value;
  return TRUE;
}

static gboolean
take_optional (Cursor *cursor, const char *key, char **field)
{
  return take_into (cursor, key, field) ? (*field)[0] != '\0' : !cursor->cut;
}

static gboolean
take_stamp (Cursor *cursor, const char *key, gint64 *seconds)
{
  g_autofree char *value = take (cursor, key);
  return value != NULL && so_entry_stamp_parse (value, seconds);
}

static gboolean
take_number (Cursor *cursor, const char *key, guint64 *number)
{
  g_autofree char *value = take (cursor, key);
  return value != NULL && strlen (value) == LENGTH_DIGITS
         && g_ascii_string_to_unsigned (value, 10, 0, G_MAXINT64, number, NULL);
}

static gboolean
take_flag (Cursor *cursor, const char *key, gboolean *flag)
{
  g_autofree char *value = take (cursor, key);
  if (value == NULL || (!g_str_equal (value, "yes") && !g_str_equal (value, "no ")))
    return FALSE;
  *flag = value[0] == 'y';
  return TRUE;
}

static gboolean
take_fixed (Cursor *cursor, const char *key, const char *octets, gsize length, char *out)
{
  g_autofree char *value = take (cursor, key);
  if (value == NULL || strlen (value) != length || strspn (value, octets) != length)
    return FALSE;
  memcpy (out, value, length + 1);
  return TRUE;
}

static gboolean
take_recipients (Cursor *cursor, SoSubmission *submission)
{
  char *address;
  while ((address = take (cursor, "to")) != NULL)
    {
      SoRecipient *recipient = so_submission_add (submission, address);
      g_free (address);
      if (recipient->address[0] == '\0' || !take_optional (cursor, "notify", &recipient->dsn_notify)
          || !take_optional (cursor, "orcpt", &recipient->dsn_orcpt))
        return FALSE;
    }
  return !cursor->cut && submission->recipients->len > 0;
}

static gboolean
take_empty_line (Cursor *cursor)
{
  cursor->cut = cursor->at == cursor->end;
  if (cursor->cut || *cursor->at != '\n')
    return FALSE;
  cursor->at++;
  return TRUE;
}

static gboolean
take_all (Cursor *cursor, SoEnvelope *envelope)
{
  SoSubmission *submission = envelope->submission;
  return take_fixed (cursor, "id", "0123456789abcdefghjkmnpqrstvwxyz", SO_ENTRY_ID_LENGTH,
                     envelope->id)
         && take_into (cursor, "account", &envelope->account) && envelope->account[0] != '\0'
         && take_into (cursor, "origin", &envelope->origin)
         && take_stamp (cursor, "created", &envelope->created)
         && take_into (cursor, "message-id", &submission->message_id)
         && take_optional (cursor, "ret", &submission->dsn_ret)
         && take_optional (cursor, "envid", &submission->dsn_envid)
         && take_into (cursor, "from", &submission->sender) && take_recipients (cursor, submission)
         && take_number (cursor, "length", &envelope->length)
         && take_number (cursor, "wire-size", &submission->wire_size)
         && take_flag (cursor, "eight-bit", &submission->eight_bit)
         && take_flag (cursor, "utf8-headers", &submission->utf8_headers)
         && take_flag (cursor, "long-lines", &submission->long_lines)
         && take_fixed (cursor, "crc32", "0123456789abcdef", 8, envelope->crc32)
         && take_empty_line (cursor);
}

static SoEnvelopeVerdict
judge_head (Cursor *cursor)
{
  const char *end = line_end (cursor);
  gsize have = (gsize)(cursor->end - cursor->at);
  if (memcmp (cursor->at, HEAD, MIN (have, strlen (HEAD))) != 0)
    return SO_ENVELOPE_BAD;
  if (end == NULL)
    return have < 64 ? SO_ENVELOPE_SHORT : SO_ENVELOPE_BAD;
  gsize length = (gsize)(end - cursor->at);
  if (length != strlen (HEAD FORMAT) || memcmp (cursor->at, HEAD FORMAT, length) != 0)
    return SO_ENVELOPE_LATER;
  cursor->at = end + 1;
  cursor->line++;
  return SO_ENVELOPE_OK;
}

SoEnvelopeVerdict
so_envelope_parse (const char *bytes, gsize length, SoEnvelope **envelope, guint *line)
{
  Cursor cursor = { .at = bytes, .end = bytes + length, .line = 1 };
  SoEnvelopeVerdict verdict = judge_head (&cursor);
  if (verdict == SO_ENVELOPE_OK)
    {
      g_autoptr (SoEnvelope) read = so_envelope_new ("", "", 0, so_submission_new ("", -1));
      if (take_all (&cursor, read))
        {
          read->submission->offset = cursor.at - bytes;
          *envelope = g_steal_pointer (&read);
          return SO_ENVELOPE_OK;
        }
      verdict = cursor.cut ? SO_ENVELOPE_SHORT : SO_ENVELOPE_BAD;
    }
  *line = cursor.line;
  return verdict;
}
