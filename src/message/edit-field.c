/*
 * edit-field.c - a header field decoded for the editor, and encoded when it was changed.
 *
 * A list of addresses is taken apart and put together, so that a comma in an encoded name does
 * not end an address.
 */
#include "config.h"

#include <string.h>

#include "compose-private.h"
#include "edit-view-private.h"
#include "header-line.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/message-head.h"
#include "sendoff/text.h"

static const char *const address_fields[]
    = { "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Resent-From", "Resent-Sender",
        "Resent-To", "Resent-Cc", "Resent-Bcc", NULL };

gboolean
so_edit_line_is (const char *line, const char *name)
{
  gsize n = strlen (name);
  return g_ascii_strncasecmp (line, name, n) == 0 && line[n] == ':';
}

const char *
so_edit_line_value (const char *line)
{
  const char *value = line + strcspn (line, ":");
  value += *value == ':' ? 1 : 0;
  return value + strspn (value, " \t");
}

static gboolean
is_one_of (const char *line, const char *const *names)
{
  for (; *names != NULL; names++)
    if (so_edit_line_is (line, *names))
      return TRUE;
  return FALSE;
}

/* --- to be read --- */

/* A name that is more than words and could be taken for something else. */
static gboolean
needs_quotes (const char *name)
{
  return strpbrk (name, "()<>[]:;@\\,.\"") != NULL;
}

static void
append_name (GString *out, const char *given)
{
  g_autofree char *decoded = so_message_head_decode (given);
  const char *name = decoded != NULL ? decoded : given;
  g_autofree char *quoted = needs_quotes (name) ? so_header_quoted (name) : NULL;
  g_string_append (out, quoted != NULL ? quoted : name);
}

static void
append_mailbox (GString *out, const SoMailbox *mailbox)
{
  if (*mailbox->name == '\0')
    {
      g_string_append (out, mailbox->address);
      return;
    }
  append_name (out, mailbox->name);
  g_string_append_printf (out, " <%s>", mailbox->address);
}

/* NULL where it cannot be read without doubt: then it is shown as it is. */
static char *
shown_addresses (const char *value)
{
  g_autoptr (GPtrArray) mailboxes = so_address_list_parse (value, -1);
  g_autoptr (GString) out = g_string_new (NULL);
  const char *group = "";
  for (guint i = 0; i < mailboxes->len; i++)
    {
      const SoMailbox *mailbox = g_ptr_array_index (mailboxes, i);
      if (!so_address_is_usable (mailbox->verdict))
        return NULL;
      gboolean same_group = strcmp (mailbox->group, group) == 0;
      if (!same_group && *group != '\0')
        g_string_append_c (out, ';');
      g_string_append (out, i > 0 ? ", " : "");
      if (!same_group && *mailbox->group != '\0')
        {
          append_name (out, mailbox->group);
          g_string_append (out, ": ");
        }
      append_mailbox (out, mailbox);
      group = mailbox->group;
    }
  g_string_append (out, *group != '\0' ? ";" : "");
  return mailboxes->len > 0 ? g_string_free (g_steal_pointer (&out), FALSE) : NULL;
}

/* Only what can stand on one line of text. */
static gboolean
is_line (const char *text)
{
  return g_utf8_validate (text, -1, NULL) && strpbrk (text, "\r\n") == NULL;
}

char *
so_edit_field_show (const SoScanField *field)
{
  g_autofree char *name = g_strndup (field->start, field->name_length);
  g_autofree char *label = g_strconcat (name, ":", NULL);
  g_autofree char *value = so_scan_field_value (field);
  g_autofree char *decoded = NULL;
  if (strstr (value, "=?") != NULL)
    decoded = is_one_of (label, address_fields) ? shown_addresses (value)
                                                : so_message_head_decode (value);
  const char *shown = decoded != NULL && is_line (decoded) ? decoded : value;
  g_autofree char *valid = g_utf8_make_valid (shown, -1);
  g_autofree char *line = g_strconcat (label, " ", valid, NULL);
  return g_strdup (g_strchomp (line));
}

/* --- to be written --- */

static gboolean
write_addresses (GString *out, const char *name, const char *value, GError **error)
{
  g_autoptr (GPtrArray) mailboxes = so_address_list_parse (value, -1);
  for (guint i = 0; i < mailboxes->len; i++)
    {
      const SoMailbox *mailbox = g_ptr_array_index (mailboxes, i);
      if (so_address_is_usable (mailbox->verdict))
        continue;
      g_autofree char *shown = so_text_sanitise (mailbox->address, -1, 100);
      so_error_set (error, SO_ERROR_DATA, _ ("correct the address in the message"),
                    _ ("%s: “%s” is not a mail address: %s"), name, shown,
                    so_address_explain (mailbox->verdict));
      return FALSE;
    }
  so_compose_write_addresses (out, name, mailboxes);
  return TRUE;
}

gboolean
so_edit_field_write (GString *out, const char *line, GError **error)
{
  static const char *const free_text[] = { "Subject", "Comments", NULL };
  g_autofree char *name = g_strndup (line, strcspn (line, ":"));
  const char *value = so_edit_line_value (line);
  if (is_one_of (line, address_fields))
    return write_addresses (out, name, value, error);
  /* What a program reads is not to be encoded: identifiers, dates, parameters. */
  if (g_str_is_ascii (value) && !is_one_of (line, free_text))
    so_header_tokens (out, name, value);
  else
    so_header_unstructured (out, name, value);
  return TRUE;
}
