/*
 * scan-fields.c - what the header block says, and what it lacks.
 */
#include "config.h"

#include <string.h>

#include "header-line.h"
#include "scan-private.h"
#include "sendoff/address.h"
#include "sendoff/clock.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/message-head.h"
#include "sendoff/random-word.h"
#include "sendoff/text.h"

/* The octets of the name; 0: this line begins no field. */
static gsize
name_length (const char *line, gsize length)
{
  gsize i = 0;
  while (i < length && line[i] > ' ' && line[i] < 127 && line[i] != ':')
    i++;
  gsize name = i;
  /* Obsolete, and seen: blanks before the colon (RFC 5322 4.5). */
  while (i < length && (line[i] == ' ' || line[i] == '\t'))
    i++;
  return i < length && line[i] == ':' ? name : 0;
}

static gsize
line_length (const char *p, gsize left)
{
  const char *end = memchr (p, '\n', left);
  return end != NULL ? (gsize)(end - p) + 1 : left;
}

GArray *
so_scan_fields (const char *block, gsize length, gsize *used)
{
  GArray *fields = g_array_new (FALSE, FALSE, sizeof (SoScanField));
  gsize at = 0;
  while (at < length)
    {
      gsize line = line_length (block + at, length - at);
      gsize name = name_length (block + at, line);
      gboolean goes_on = (block[at] == ' ' || block[at] == '\t') && fields->len > 0;
      if (goes_on)
        g_array_index (fields, SoScanField, fields->len - 1).length += line;
      else if (name > 0)
        {
          const SoScanField field = { block + at, line, name };
          g_array_append_val (fields, field);
        }
      else
        break;
      at += line;
    }
  *used = at;
  return fields;
}

gboolean
so_scan_field_is (const SoScanField *field, const char *name)
{
  return strlen (name) == field->name_length
         && g_ascii_strncasecmp (field->start, name, field->name_length) == 0;
}

char *
so_scan_field_value (const SoScanField *field)
{
  const char *colon = memchr (field->start, ':', field->length);
  const char *end = field->start + field->length;
  GString *value = g_string_new (NULL);
  for (const char *p = colon + 1; p < end; p++)
    if (*p != '\r' && *p != '\n')
      g_string_append_c (value, *p);
  g_strstrip (value->str);
  return g_string_free (value, FALSE);
}

const SoScanField *
so_scan_find (const GArray *fields, const char *name)
{
  for (guint i = 0; i < fields->len; i++)
    if (so_scan_field_is (&g_array_index (fields, SoScanField, i), name))
      return &g_array_index (fields, SoScanField, i);
  return NULL;
}

static guint
count (const GArray *fields, const char *name)
{
  guint n = 0;
  for (guint i = 0; i < fields->len; i++)
    n += so_scan_field_is (&g_array_index (fields, SoScanField, i), name) ? 1 : 0;
  return n;
}

/* --- recipients --- */

static gboolean
take_from_field (const SoScanSpec *spec, const SoScanField *field, SoScanHead *head,
                 GError **error)
{
  g_autofree char *value = so_scan_field_value (field);
  g_autoptr (GPtrArray) mailboxes = so_address_list_parse (value, -1);
  for (guint i = 0; i < mailboxes->len; i++)
    {
      const SoMailbox *mailbox = g_ptr_array_index (mailboxes, i);
      gboolean is_local = mailbox->verdict == SO_ADDRESS_NO_AT && spec->allow_local;
      if (!so_address_is_usable (mailbox->verdict) && !is_local)
        {
          g_autofree char *shown = so_text_sanitise (mailbox->address, -1, 100);
          so_error_set (error, SO_ERROR_DATA, _("correct the address in the message"),
                        _("%.*s: “%s” is not a mail address: %s"), (int)field->name_length,
                        field->start, shown, so_address_explain (mailbox->verdict));
          return FALSE;
        }
      if (!so_address_is_in (head->recipients, mailbox->address))
        g_ptr_array_add (head->recipients, g_strdup (mailbox->address));
    }
  return TRUE;
}

/* Resent-* speak for a message that was sent on (RFC 5322 3.6.6). */
static gboolean
take_recipients (const SoScanSpec *spec, const GArray *fields, SoScanHead *head, GError **error)
{
  static const char *const names[] = { "To", "Cc", "Bcc" };
  gboolean resent = so_scan_find (fields, "Resent-To") != NULL || so_scan_find (fields, "Resent-Cc") != NULL
                    || so_scan_find (fields, "Resent-Bcc") != NULL;
  for (guint i = 0; i < fields->len; i++)
    {
      const SoScanField *field = &g_array_index (fields, SoScanField, i);
      for (guint k = 0; k < G_N_ELEMENTS (names); k++)
        {
          g_autofree char *name = g_strconcat (resent ? "Resent-" : "", names[k], NULL);
          if (so_scan_field_is (field, name) && !take_from_field (spec, field, head, error))
            return FALSE;
        }
    }
  return TRUE;
}

/* --- what is there --- */

static gboolean
is_sealed (const GArray *fields)
{
  static const char *const types[] = { "multipart/signed", "multipart/encrypted",
                                       "application/pkcs7-mime", "application/x-pkcs7-mime",
                                       "application/pgp" };
  const SoScanField *field = so_scan_find (fields, "Content-Type");
  g_autofree char *value = field != NULL ? so_scan_field_value (field) : g_strdup ("");
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_ascii_strncasecmp (value, types[i], strlen (types[i])) == 0)
      return TRUE;
  return FALSE;
}

static char *
message_id_of (const SoScanSpec *spec, const GArray *fields)
{
  const SoScanField *field = so_scan_find (fields, "Message-ID");
  g_autofree char *value = field != NULL ? so_scan_field_value (field) : g_strdup ("");
  const char *end = value[0] == '<' ? strchr (value, '>') : NULL;
  if (end != NULL && so_text_is_clean (value, -1))
    return g_strndup (value, (gsize)(end - value) + 1);
  if (field != NULL)
    return g_strdup ("");
  g_autofree char *unique = so_random_word (20);
  g_autofree char *domain = g_hostname_to_ascii (so_address_domain (spec->address));
  return g_strdup_printf ("<%s@%s>", unique, domain != NULL ? domain : "localhost");
}

/* --- From --- */

static char *
first_address (const SoScanField *field)
{
  g_autofree char *value = so_scan_field_value (field);
  g_autoptr (GPtrArray) mailboxes = so_address_list_parse (value, -1);
  return g_strdup (mailboxes->len > 0
                       ? ((const SoMailbox *)g_ptr_array_index (mailboxes, 0))->address
                       : "");
}

static gboolean
is_to_be_rewritten (const SoScanSpec *spec, const char *from)
{
  if (spec->allow_local && strchr (from, '@') == NULL)
    return TRUE;
  if (spec->rewrite == SO_REWRITE_NEVER)
    return FALSE;
  return spec->rewrite == SO_REWRITE_ALWAYS
         || (spec->account != NULL && !so_account_owns (spec->account, from));
}

void
so_scan_append_from (GString *out, const char *name, const char *address, const char *line_end)
{
  g_autoptr (GString) field = g_string_new (NULL);
  SoHeaderLine line;
  so_header_begin (&line, field, "From");
  if (*name != '\0')
    {
      /* One that came encoded is encoded anew: in several words it would not fit a line as it is. */
      g_autofree char *clear = strstr (name, "=?") != NULL ? so_message_head_decode (name) : NULL;
      g_autofree char *bracketed = g_strdup_printf ("<%s>", address);
      so_header_phrase (&line, clear != NULL ? clear : name);
      so_header_token (&line, bracketed);
    }
  else
    so_header_token (&line, address);
  so_header_end (&line);
  if (strcmp (line_end, "\n") == 0)
    g_string_replace (field, "\r\n", "\n", 0);
  g_string_append (out, field->str);
}

/* The text in parentheses of "root (Cron Daemon)"; "" if there is none. */
static char *
comment_of (const char *value)
{
  const char *open = strchr (value, '(');
  const char *close = open != NULL ? strchr (open, ')') : NULL;
  g_autofree char *text = close != NULL ? g_strndup (open + 1, (gsize)(close - open) - 1) : NULL;
  return text != NULL ? so_text_sanitise (text, -1, 100) : g_strdup ("");
}

/* The account's address in its place; who it was stays in the name, and answers go there. */
static void
rewrite_from (const SoScanSpec *spec, const GArray *fields, const SoScanField *field, GString *out,
              const char *line_end)
{
  g_autofree char *value = so_scan_field_value (field);
  g_autoptr (GPtrArray) mailboxes = so_address_list_parse (value, -1);
  const SoMailbox *old = mailboxes->len > 0 ? g_ptr_array_index (mailboxes, 0) : NULL;
  g_autofree char *comment = comment_of (value);
  g_autofree char *shown = old == NULL            ? g_strdup ("")
                           : *old->name != '\0'   ? g_strdup (old->name)
                           : *comment != '\0'     ? g_steal_pointer (&comment)
                                                  : so_text_sanitise (old->address, -1, 100);
  so_scan_append_from (out, g_utf8_validate (shown, -1, NULL) ? shown : "", spec->address,
                       line_end);
  if (old != NULL && so_address_is_usable (old->verdict) && so_scan_find (fields, "Reply-To") == NULL)
    g_string_append_printf (out, "Reply-To: %s%s", old->address, line_end);
}

static gboolean
is_taken_out (const SoScanField *field)
{
  return so_scan_field_is (field, "Bcc") || so_scan_field_is (field, "Resent-Bcc")
         || so_scan_field_is (field, "Return-Path");
}

static void
append_missing (const SoScanSpec *spec, const GArray *fields, const SoScanHead *head, GString *out,
                const char *line_end)
{
  if (so_scan_find (fields, "Date") == NULL)
    {
      g_autofree char *date = so_clock_rfc5322 (spec->now_us);
      g_string_append_printf (out, "Date: %s%s", date, line_end);
    }
  if (so_scan_find (fields, "From") == NULL)
    so_scan_append_from (out, spec->name, spec->address, line_end);
  if (so_scan_find (fields, "Message-ID") == NULL)
    g_string_append_printf (out, "Message-ID: %s%s", head->message_id, line_end);
}

GString *
so_scan_complete (SoScanSpec *spec, const char *block, gsize length, const char *line_end,
                  SoScanHead *head, GError **error)
{
  gsize used;
  g_autoptr (GArray) fields = so_scan_fields (block, length, &used);
  const SoScanField *from = so_scan_find (fields, "From");
  g_autofree char *old = from != NULL ? first_address (from) : NULL;
  if (spec->choose != NULL)
    spec->choose (spec->data, old != NULL ? old : "", spec);
  gboolean rewrite = old != NULL && is_to_be_rewritten (spec, old);
  head->is_sealed = is_sealed (fields);
  head->n_from = count (fields, "From");
  head->message_id = message_id_of (spec, fields);
  head->sender = g_strdup (old == NULL || rewrite ? spec->address : old);
  if (spec->take_recipients && !take_recipients (spec, fields, head, error))
    return NULL;

  GString *out = g_string_sized_new (length + 256);
  for (guint i = 0; i < fields->len; i++)
    {
      const SoScanField *field = &g_array_index (fields, SoScanField, i);
      if (is_taken_out (field))
        continue;
      if (rewrite && field == so_scan_find (fields, "From"))
        rewrite_from (spec, fields, field, out, line_end);
      else
        g_string_append_len (out, field->start, (gssize)field->length);
    }
  append_missing (spec, fields, head, out, line_end);
  return out;
}
