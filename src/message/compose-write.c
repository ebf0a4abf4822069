/*
 * compose-write.c - a composed message as octets, or their number.
 *
 *   text                              text/plain
 *   text, HTML                        multipart/alternative
 *   either, and files or notes        multipart/mixed: the above, then each in its order
 *   a note                            multipart/alternative, shown in the text
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base64.h"
#include "compose-private.h"
#include "header-line.h"
#include "out.h"
#include "quoted-printable.h"
#include "sendoff/program.h"
#include "sendoff/random-word.h"
#include "sendoff/wire.h"

/* Octets read at a time: whole base64 lines, and their text fits so_out_reserve(). */
#define BLOCK (SO_BASE64_LINE_IN * 1536)
G_STATIC_ASSERT (BLOCK / SO_BASE64_LINE_IN * SO_BASE64_LINE_OUT <= SO_OUT_BUFFER);

/* --- headers --- */

static char *
written_address (const char *address)
{
  char *ascii = g_str_is_ascii (address) ? NULL : so_address_in_ascii (address);
  return ascii != NULL ? ascii : g_strdup (address);
}

static void
write_mailbox (SoHeaderLine *line, const char *name, const char *address)
{
  g_autofree char *written = written_address (address);
  if (*name == '\0')
    {
      so_header_token (line, written);
      return;
    }
  g_autofree char *clear = g_utf8_normalize (name, -1, G_NORMALIZE_NFC);
  g_autofree char *bracketed = g_strdup_printf ("<%s>", written);
  so_header_phrase (line, clear);
  so_header_token (line, bracketed);
}

void
so_compose_write_addresses (GString *head, const char *name, const GPtrArray *mailboxes)
{
  if (mailboxes->len == 0)
    return;
  SoHeaderLine line;
  const char *group = "";
  so_header_begin (&line, head, name);
  for (guint i = 0; i < mailboxes->len; i++)
    {
      const SoMailbox *mailbox = g_ptr_array_index (mailboxes, i);
      gboolean same_group = strcmp (mailbox->group, group) == 0;
      if (!same_group && *group != '\0')
        so_header_glue (&line, ";");
      if (i > 0)
        so_header_glue (&line, ",");
      if (!same_group && *mailbox->group != '\0')
        {
          so_header_phrase (&line, mailbox->group);
          so_header_glue (&line, ":");
        }
      write_mailbox (&line, mailbox->name, mailbox->address);
      group = mailbox->group;
    }
  if (*group != '\0')
    so_header_glue (&line, ";");
  so_header_end (&line);
}

static void
write_from (GString *head, const SoCompose *compose)
{
  SoHeaderLine line;
  so_header_begin (&line, head, "From");
  write_mailbox (&line, compose->from_name, compose->from);
  so_header_end (&line);
}

static gboolean
has_receiver (const SoCompose *compose)
{
  return compose->fields[SO_COMPOSE_TO]->len + compose->fields[SO_COMPOSE_CC]->len > 0;
}

static void
write_head (SoOut *out, const SoCompose *compose)
{
  g_autoptr (GString) head = g_string_new (NULL);
  g_string_append_printf (head, "Date: %s\r\n", compose->date);
  write_from (head, compose);
  so_compose_write_addresses (head, "To", compose->fields[SO_COMPOSE_TO]);
  so_compose_write_addresses (head, "Cc", compose->fields[SO_COMPOSE_CC]);
  if (!has_receiver (compose))
    g_string_append (head, "To: undisclosed-recipients:;\r\n");
  so_compose_write_addresses (head, "Reply-To", compose->fields[SO_COMPOSE_REPLY_TO]);
  so_header_unstructured (head, "Subject", compose->subject);
  g_string_append_printf (head, "Message-ID: %s\r\n", compose->message_id);
  for (guint i = 0; i < compose->headers->len; i++)
    {
      const char *header = g_ptr_array_index (compose->headers, i);
      g_autofree char *name = g_strndup (header, strcspn (header, ":"));
      so_header_unstructured (head, name, header + strlen (name) + 2);
    }
  g_string_append (head, "User-Agent: sendoff/" SO_PROGRAM_VERSION "\r\nMIME-Version: 1.0\r\n");
  so_out_write (out, head->str, head->len);
}

/* --- text --- */

typedef enum { TEXT_7BIT, TEXT_QUOTED_PRINTABLE, TEXT_BASE64 } TextForm;

gsize
so_compose_longest_line (const char *text)
{
  gsize longest = 0;
  for (const char *p = text; *p != '\0';)
    {
      gsize length = strcspn (p, "\n");
      longest = MAX (longest, length);
      p += length + (p[length] == '\n' ? 1 : 0);
    }
  return longest;
}

static char *
with_crlf (const char *text)
{
  GString *out = g_string_new (NULL);
  for (const char *p = text; *p != '\0'; p++)
    g_string_append_printf (out, *p == '\n' ? "\r\n" : "%c", *p);
  return g_string_free (out, FALSE);
}

static guint
n_lines (const char *text)
{
  guint n = 0;
  for (const char *p = strchr (text, '\n'); p != NULL; p = strchr (p + 1, '\n'))
    n++;
  return n;
}

/* The shortest that is legal. */
static TextForm
form_of (const char *text)
{
  gsize length = strlen (text);
  if (g_str_is_ascii (text) && so_compose_longest_line (text) <= SO_WIRE_LINE_MAX)
    return TEXT_7BIT;
  g_autoptr (SoOut) counter = so_out_new (NULL, NULL);
  so_quoted_printable_write (counter, text, length);
  return so_out_total (counter) <= so_base64_size (length + n_lines (text)) ? TEXT_QUOTED_PRINTABLE
                                                                            : TEXT_BASE64;
}

static void
write_base64 (SoOut *out, const char *bytes, gsize length)
{
  for (gsize done = 0; done < length;)
    {
      gsize piece = MIN (length - done, BLOCK);
      char *room = so_out_reserve (out, piece / SO_BASE64_LINE_IN * SO_BASE64_LINE_OUT
                                            + SO_BASE64_LINE_OUT);
      so_out_commit (out, so_base64_lines ((const guchar *)bytes + done, piece, room));
      done += piece;
    }
}

static void
write_text_as (SoOut *out, const char *type, const char *parameters, TextForm form,
               const char *text, const char *disposition)
{
  static const char *const names[] = { "7bit", "quoted-printable", "base64" };
  g_autofree char *head = g_strdup_printf (
      "Content-Type: %s; charset=%s%s\r\nContent-Transfer-Encoding: %s\r\n%s\r\n", type,
      g_str_is_ascii (text) ? "us-ascii" : "utf-8", parameters, names[form], disposition);
  so_out_text (out, head);
  if (form == TEXT_QUOTED_PRINTABLE)
    {
      so_quoted_printable_write (out, text, strlen (text));
      return;
    }
  g_autofree char *crlf = with_crlf (text);
  if (form == TEXT_7BIT)
    so_out_text (out, crlf);
  else
    write_base64 (out, crlf, strlen (crlf));
}

static void
write_text (SoOut *out, const char *subtype, const char *text, const char *disposition)
{
  g_autofree char *type = g_strconcat ("text/", subtype, NULL);
  write_text_as (out, type, "", form_of (text), text, disposition);
}

/* "=_" stands in no quoted-printable and no base64 text; which tells the parts of one message
 * apart, in front, so that no boundary is the beginning of another. */
static void
write_boundary (SoOut *out, const char *boundary, const char *which, gboolean is_last)
{
  g_autofree char *line
      = g_strdup_printf ("--=_%s.%s%s\r\n", which, boundary, is_last ? "--" : "");
  so_out_text (out, line);
}

static void
write_multipart (SoOut *out, const char *boundary, const char *subtype, const char *which,
                 const char *disposition)
{
  g_autofree char *head
      = g_strdup_printf ("Content-Type: multipart/%s;\r\n boundary=\"=_%s.%s\"\r\n%s\r\n",
                         subtype, which, boundary, disposition);
  so_out_text (out, head);
}

static void
write_alternative (SoOut *out, const char *boundary, const char *text, const char *html,
                   const char *which, const char *disposition)
{
  write_multipart (out, boundary, "alternative", which, disposition);
  write_boundary (out, boundary, which, FALSE);
  write_text (out, "plain", text, "");
  so_out_text (out, "\r\n");
  write_boundary (out, boundary, which, FALSE);
  write_text (out, "html", html, "");
  so_out_text (out, "\r\n");
  write_boundary (out, boundary, which, TRUE);
}

/* --- files --- */

static void
fail_part (SoOut *out, const SoComposePart *part)
{
  GError *error = NULL;
  so_compose_part_changed (part, &error);
  so_out_fail (out, error);
}

/* Reads exactly length octets; FALSE where the file ends before. */
static gboolean
read_whole (int fd, char *buffer, gsize length)
{
  for (gsize done = 0; done < length;)
    {
      ssize_t n = read (fd, buffer + done, length - done);
      if (n == 0 || (n < 0 && errno != EINTR))
        return FALSE;
      done += n > 0 ? (gsize)n : 0;
    }
  return TRUE;
}

static void
copy_file (SoOut *out, const SoComposePart *part, int fd)
{
  g_autofree char *block = g_malloc (BLOCK);
  guint64 left = part->file.size;
  while (left > 0 && so_out_is_well (out))
    {
      gsize piece = (gsize)MIN (left, BLOCK);
      if (!read_whole (fd, block, piece))
        {
          fail_part (out, part);
          return;
        }
      if (part->as_it_is)
        so_out_write (out, block, piece);
      else
        write_base64 (out, block, piece);
      left -= piece;
    }
  char more;
  if (read (fd, &more, 1) != 0)
    fail_part (out, part);
}

static void
write_file_body (SoOut *out, const SoComposePart *part)
{
  if (so_out_counts_only (out))
    {
      so_out_skip (out, part->as_it_is ? part->file.size : so_base64_size (part->file.size));
      return;
    }
  GError *error = NULL;
  int fd = so_compose_part_open (part, &error);
  if (fd < 0)
    {
      so_out_fail (out, error);
      return;
    }
  posix_fadvise (fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  copy_file (out, part, fd);
  close (fd);
}

static void
write_file (SoOut *out, const SoComposePart *part)
{
  g_autoptr (GString) head = g_string_new (NULL);
  g_string_append_printf (head, "Content-Type: %s", part->type);
  so_file_name_type (head, part->file.name);
  g_string_append_printf (head, "\r\nContent-Transfer-Encoding: %s\r\n",
                          part->as_it_is ? "7bit" : "base64");
  g_string_append (head, "Content-Disposition: attachment");
  so_file_name_disposition (head, part->file.name);
  g_string_append (head, "\r\n\r\n");
  so_out_write (out, head->str, head->len);
  write_file_body (out, part);
}

/* --- the whole --- */

static void
write_body (SoOut *out, const SoCompose *compose)
{
  if (*compose->html != '\0')
    write_alternative (out, compose->boundary, compose->text, compose->html, "a", "");
  else
    write_text (out, "plain", compose->text, "");
}

static void
write_message (SoOut *out, const SoCompose *compose)
{
  write_head (out, compose);
  if (compose->parts->len == 0)
    {
      write_body (out, compose);
      return;
    }
  write_multipart (out, compose->boundary, "mixed", "m", "");
  write_boundary (out, compose->boundary, "m", FALSE);
  write_body (out, compose);
  for (guint i = 0; i < compose->parts->len && so_out_is_well (out); i++)
    {
      const SoComposePart *part = g_ptr_array_index (compose->parts, i);
      g_autofree char *which = g_strdup_printf ("n%u", i);
      so_out_text (out, "\r\n");
      write_boundary (out, compose->boundary, "m", FALSE);
      if (part->text != NULL)
        write_alternative (out, compose->boundary, part->text, part->html, which,
                           "Content-Disposition: inline\r\n");
      else
        write_file (out, part);
    }
  so_out_text (out, "\r\n");
  write_boundary (out, compose->boundary, "m", TRUE);
}

void
so_compose_measure (const SoCompose *compose, guint64 *content, guint64 *wire)
{
  g_autoptr (SoOut) counter = so_out_new (NULL, NULL);
  write_message (counter, compose);
  *wire = so_out_total (counter);
  *content = strlen (compose->text) + strlen (compose->html);
  for (guint i = 0; i < compose->parts->len; i++)
    {
      const SoComposePart *part = g_ptr_array_index (compose->parts, i);
      *content += part->text != NULL ? strlen (part->text) + strlen (part->html) : part->file.size;
    }
}

void
so_compose_measure_packed (const SoCompose *compose, const char *name, guint64 size,
                           guint64 *content, guint64 *wire)
{
  SoCompose packed = *compose;
  g_autofree char *clean = so_file_name_clean (name);
  SoComposePart archive = { .file = { (char *)"", clean, size }, .type = (char *)"application/zip" };
  packed.parts = g_ptr_array_new ();
  for (guint i = 0; i < compose->parts->len; i++)
    {
      SoComposePart *part = g_ptr_array_index (compose->parts, i);
      if (part->text != NULL)
        g_ptr_array_add (packed.parts, part);
    }
  g_ptr_array_add (packed.parts, &archive);
  so_compose_measure (&packed, content, wire);
  g_ptr_array_unref (packed.parts);
}

gboolean
so_compose_write_note (const char *text, const char *html, SoByteSink sink, gpointer data,
                       GError **error)
{
  g_autoptr (SoOut) out = so_out_new (sink, data);
  g_autofree char *boundary = so_random_word (24);
  write_alternative (out, boundary, text, html, "n", "Content-Disposition: inline\r\n");
  return so_out_flush (out, error);
}

gboolean
so_compose_write_words (const char *type, const char *parameters, const char *text,
                        gboolean base64, SoByteSink sink, gpointer data, GError **error)
{
  g_autoptr (SoOut) out = so_out_new (sink, data);
  write_text_as (out, type, parameters, base64 ? TEXT_BASE64 : form_of (text), text, "");
  return so_out_flush (out, error);
}

gboolean
so_compose_write_file (const char *path, const char *name, SoByteSink sink, gpointer data,
                       GError **error)
{
  SoComposePart *part = so_compose_part_new (path, name, "application/zip", error);
  if (part == NULL)
    return FALSE;
  g_autoptr (SoOut) out = so_out_new (sink, data);
  write_file (out, part);
  so_compose_part_free (part);
  return so_out_flush (out, error);
}

gboolean
so_compose_write (const SoCompose *compose, SoByteSink sink, gpointer data, GError **error)
{
  g_autoptr (SoOut) out = so_out_new (sink, data);
  write_message (out, compose);
  return so_out_flush (out, error);
}
