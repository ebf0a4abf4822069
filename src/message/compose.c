/*
 * compose.c - gathers what a message is made of, and refuses what cannot be in one.
 */
#include "config.h"

#include <string.h>

#include "compose-private.h"
#include "sendoff/clock.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/random-word.h"
#include "sendoff/text.h"

#define VALUE_SHOWN 60      /* octets of a bad value repeated in an error */
#define HEADER_NAME_MAX 70  /* leaves room for a value on the first line */

SoCompose *
so_compose_new (const char *from, const char *name, gint64 now_us)
{
  SoCompose *compose = g_new0 (SoCompose, 1);
  g_autofree char *unique = so_random_word (20);
  g_autofree char *domain = g_hostname_to_ascii (so_address_domain (from));
  compose->from = g_strdup (from);
  compose->from_name = g_strdup (name);
  compose->date = so_clock_rfc5322 (now_us);
  compose->message_id = g_strdup_printf ("<%s@%s>", unique, domain != NULL ? domain : "localhost");
  compose->boundary = so_random_word (24);
  for (guint i = 0; i < SO_COMPOSE_FIELDS; i++)
    compose->fields[i] = g_ptr_array_new_with_free_func (so_mailbox_free);
  compose->recipients = g_ptr_array_new_with_free_func (g_free);
  compose->headers = g_ptr_array_new_with_free_func (g_free);
  compose->parts = g_ptr_array_new_with_free_func (so_compose_part_free);
  compose->subject = g_strdup ("");
  compose->text = g_strdup ("");
  compose->html = g_strdup ("");
  return compose;
}

void
so_compose_free (SoCompose *compose)
{
  if (compose == NULL)
    return;
  for (guint i = 0; i < SO_COMPOSE_FIELDS; i++)
    g_ptr_array_unref (compose->fields[i]);
  g_ptr_array_unref (compose->recipients);
  g_ptr_array_unref (compose->headers);
  g_ptr_array_unref (compose->parts);
  g_free (compose->from);
  g_free (compose->from_name);
  g_free (compose->date);
  g_free (compose->message_id);
  g_free (compose->boundary);
  g_free (compose->subject);
  g_free (compose->text);
  g_free (compose->html);
  g_free (compose);
}

/* --- values --- */

/* A line of a header: UTF-8, no control characters.  what names it: "the subject". */
static gboolean
check_line (const char *value, const char *what, GError **error)
{
  g_autofree char *shown = so_text_sanitise (value, -1, VALUE_SHOWN);
  if (!g_utf8_validate (value, -1, NULL))
    {
      so_error_set (error, SO_ERROR_DATA, _("name its character set with --charset"),
                    _("%s is not valid UTF-8: “%s”"), what, shown);
      return FALSE;
    }
  for (const char *p = value; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_iscntrl (g_utf8_get_char (p)) && *p != '\t')
      {
        so_error_set (error, SO_ERROR_DATA, _("write it on one line"),
                      _("there is a line end or control character in %s: “%s”"), what, shown);
        return FALSE;
      }
  return TRUE;
}

gboolean
so_compose_set_subject (SoCompose *compose, const char *subject, GError **error)
{
  if (!check_line (subject, _("the subject"), error))
    return FALSE;
  g_free (compose->subject);
  compose->subject = g_strdup (subject);
  return TRUE;
}

/* --- addresses --- */

static gboolean
check_mailbox (const SoMailbox *mailbox, GError **error)
{
  if (!so_address_is_usable (mailbox->verdict))
    {
      g_autofree char *shown = so_text_sanitise (mailbox->address, -1, VALUE_SHOWN);
      so_error_set (error, SO_ERROR_DATA, _("write it as name@domain, with commas between several"),
                    _("“%s” is not a mail address: %s"), shown,
                    so_address_explain (mailbox->verdict));
      return FALSE;
    }
  return check_line (mailbox->name, _("a name"), error)
         && check_line (mailbox->group, _("the name of a group"), error);
}

gboolean
so_compose_add_addresses (SoCompose *compose, SoComposeField field, const char *list,
                          GError **error)
{
  g_autoptr (GPtrArray) mailboxes = so_address_list_parse (list, -1);
  for (guint i = 0; i < mailboxes->len; i++)
    if (!check_mailbox (g_ptr_array_index (mailboxes, i), error))
      return FALSE;
  for (guint i = 0; i < mailboxes->len; i++)
    {
      const SoMailbox *mailbox = g_ptr_array_index (mailboxes, i);
      if (field != SO_COMPOSE_REPLY_TO && !so_address_is_in (compose->recipients, mailbox->address))
        g_ptr_array_add (compose->recipients, g_strdup (mailbox->address));
    }
  g_ptr_array_extend_and_steal (compose->fields[field], g_steal_pointer (&mailboxes));
  return TRUE;
}

const GPtrArray *
so_compose_recipients (const SoCompose *compose)
{
  return compose->recipients;
}

const char *
so_compose_from (const SoCompose *compose)
{
  return compose->from;
}

const char *
so_compose_message_id (const SoCompose *compose)
{
  return compose->message_id;
}

/* --- further headers --- */

static gboolean
is_header_name (const char *name, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (name[i] <= ' ' || name[i] > '~')
      return FALSE;
  return length > 0 && length <= HEADER_NAME_MAX;
}

/* Written by sendoff, or by servers alone. */
static gboolean
is_ours (const char *name)
{
  static const char *const ours[]
      = { "Date", "From", "Sender", "To", "Cc", "Bcc", "Reply-To", "Subject", "Message-ID",
          "MIME-Version", "User-Agent", "Return-Path", "Received", NULL };
  for (guint i = 0; ours[i] != NULL; i++)
    if (g_ascii_strcasecmp (name, ours[i]) == 0)
      return TRUE;
  return g_ascii_strncasecmp (name, "Content-", 8) == 0
         || g_ascii_strncasecmp (name, "Resent-", 7) == 0;
}

/* RFC 5322 3.6: these stand once. */
static gboolean
is_repeated (const SoCompose *compose, const char *name)
{
  static const char *const once[] = { "In-Reply-To", "References", NULL };
  gboolean stands_once = FALSE;
  for (guint i = 0; once[i] != NULL; i++)
    stands_once |= g_ascii_strcasecmp (name, once[i]) == 0;
  for (guint i = 0; stands_once && i < compose->headers->len; i++)
    {
      const char *other = g_ptr_array_index (compose->headers, i);
      if (g_ascii_strncasecmp (other, name, strlen (name)) == 0 && other[strlen (name)] == ':')
        return TRUE;
    }
  return FALSE;
}

gboolean
so_compose_add_header (SoCompose *compose, const char *line, GError **error)
{
  const char *colon = strchr (line, ':');
  g_autofree char *shown = so_text_sanitise (line, -1, VALUE_SHOWN);
  if (!check_line (line, _("a header"), error))
    return FALSE;
  if (colon == NULL || !is_header_name (line, (gsize)(colon - line)))
    {
      so_error_set (error, SO_ERROR_DATA, _("write it as -H 'Name: value'"),
                    _("“%s” is not a header"), shown);
      return FALSE;
    }
  g_autofree char *name = g_strndup (line, (gsize)(colon - line));
  if (is_ours (name))
    {
      so_error_set (error, SO_ERROR_DATA,
                    _("see “sendoff send --help” for --to, --cc, --bcc, --reply-to, --subject"),
                    _("%s is not set with -H"), name);
      return FALSE;
    }
  if (is_repeated (compose, name))
    {
      so_error_set (error, SO_ERROR_DATA, _("give it once"), _("%s may stand only once"), name);
      return FALSE;
    }
  g_autofree char *value = g_strstrip (g_strdup (colon + 1));
  g_ptr_array_add (compose->headers, g_strdup_printf ("%s: %s", name, value));
  return TRUE;
}

/* --- bodies --- */

/* Every line end becomes LF, and there is one at the end. */
static char *
with_line_feeds (const char *text)
{
  GString *out = g_string_sized_new (strlen (text) + 1);
  for (const char *p = text; *p != '\0'; p++)
    if (*p != '\r')
      g_string_append_c (out, *p);
    else if (p[1] != '\n')
      g_string_append_c (out, '\n');
  if (out->len > 0 && out->str[out->len - 1] != '\n')
    g_string_append_c (out, '\n');
  return g_string_free (out, FALSE);
}

static gboolean
set_body (char **body, const char *text, const char *what, GError **error)
{
  const char *end;
  if (!g_utf8_validate (text, -1, &end))
    {
      so_error_set (error, SO_ERROR_DATA, _("name its character set with --charset"),
                    _("%s is not valid %s (octet %lu)"), what, "UTF-8", (gulong)(end - text) + 1);
      return FALSE;
    }
  g_free (*body);
  *body = with_line_feeds (text);
  return TRUE;
}

gboolean
so_compose_set_text (SoCompose *compose, const char *text, GError **error)
{
  return set_body (&compose->text, text, _("the text"), error);
}

gboolean
so_compose_set_html (SoCompose *compose, const char *html, GError **error)
{
  return set_body (&compose->html, html, _("the HTML text"), error);
}

/* --- attachments --- */

gboolean
so_compose_add_file (SoCompose *compose, const char *path, const char *name, const char *type,
                     GError **error)
{
  SoComposePart *part = so_compose_part_new (path, name, type, error);
  if (part != NULL)
    g_ptr_array_add (compose->parts, part);
  return part != NULL;
}

static SoComposePart *
note_new (const char *text, const char *html)
{
  SoComposePart *part = g_new0 (SoComposePart, 1);
  part->file.path = g_strdup ("");
  part->file.name = g_strdup ("");
  part->text = with_line_feeds (text);
  part->html = with_line_feeds (html);
  return part;
}

void
so_compose_add_note (SoCompose *compose, const char *text, const char *html)
{
  g_ptr_array_add (compose->parts, note_new (text, html));
}

/* The number of the i-th file among the parts; their number if there is none. */
static guint
part_of_file (const SoCompose *compose, guint i)
{
  guint at = 0;
  for (; at < compose->parts->len; at++)
    {
      const SoComposePart *part = g_ptr_array_index (compose->parts, at);
      if (part->text == NULL && i-- == 0)
        break;
    }
  return at;
}

guint
so_compose_n_files (const SoCompose *compose)
{
  guint n = 0;
  while (part_of_file (compose, n) < compose->parts->len)
    n++;
  return n;
}

const SoComposeFile *
so_compose_file (const SoCompose *compose, guint i)
{
  const SoComposePart *part = g_ptr_array_index (compose->parts, part_of_file (compose, i));
  return &part->file;
}

void
so_compose_replace_file (SoCompose *compose, guint i, const char *text, const char *html)
{
  guint at = part_of_file (compose, i);
  so_compose_part_free (compose->parts->pdata[at]);
  compose->parts->pdata[at] = note_new (text, html);
}

gboolean
so_compose_pack (SoCompose *compose, const char *path, const char *name, GError **error)
{
  SoComposePart *archive = so_compose_part_new (path, name, "application/zip", error);
  if (archive == NULL)
    return FALSE;
  for (guint at; (at = part_of_file (compose, 0)) < compose->parts->len;)
    g_ptr_array_remove_index (compose->parts, at);
  g_ptr_array_add (compose->parts, archive);
  return TRUE;
}
