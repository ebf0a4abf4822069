/*
 * test-message.c - builds the test message with libetpan's MIME.
 *
 * Its size is brought up exactly: the message is written once to be measured, then once
 * more with a text attachment of as many octets as are missing.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <libetpan/libetpan.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sendoff/address.h"
#include "sendoff/clock.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/program.h"
#include "sendoff/size-text.h"
#include "sendoff/test-message.h"
#include "sendoff/text.h"

#define PAD_LINE 76       /* characters of a line of padding (RFC 5322 2.1.1 advises 78 at most) */
#define ENCODED_PIECE 42  /* octets in an encoded word: 56 characters and its frame of 12 (RFC 2047: 75) */

/* --- small parts --- */

static int
unnamed_file (GError **error)
{
  int fd = open (g_get_tmp_dir (), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0)
    return fd;
  g_autofree char *name = g_build_filename (g_get_tmp_dir (), "sendoff-XXXXXX", NULL);
  fd = g_mkstemp_full (name, O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0)
    unlink (name);
  else
    so_error_set (error, SO_ERROR_CANNOT_CREATE, _("set TMPDIR to a folder that can be written to"),
                  _("no temporary file can be made in %s: %s"), g_get_tmp_dir (), g_strerror (errno));
  return fd;
}

/* Letters and digits that cannot be taken for one another. */
static char *
random_word (gsize length)
{
  static const char alphabet[] = "23456789abcdefghjkmnpqrstvwxyzAB";
  guint8 octets[32];
  if (getrandom (octets, sizeof octets, 0) != (ssize_t) sizeof octets)
    for (gsize i = 0; i < sizeof octets; i++)
      octets[i] = (guint8) g_random_int_range (0, 256);
  char *word = g_malloc (length + 1);
  for (gsize i = 0; i < length; i++)
    word[i] = alphabet[octets[i] & 31];
  word[length] = '\0';
  return word;
}

/* A display name as encoded words (RFC 2047) where it is not ASCII; libetpan quotes the rest. */
static char *
display_name (const char *name)
{
  if (g_str_is_ascii (name))
    return strdup (name);
  g_autoptr (GString) words = g_string_new (NULL);
  for (const char *start = name; *start != '\0';)
    {
      const char *end = start;
      while (*end != '\0' && g_utf8_next_char (end) - start <= ENCODED_PIECE)
        end = g_utf8_next_char (end);
      g_autofree char *text = g_base64_encode ((const guchar *) start, (gsize) (end - start));
      g_string_append_printf (words, "%s=?UTF-8?B?%s?=", words->len > 0 ? " " : "", text);
      start = end;
    }
  return strdup (words->str);
}

static char *
body_text (const SoTestMessageSpec *spec, const char *token)
{
  const SoAccount *account = spec->account;
  g_autofree char *date = so_clock_rfc5322 (spec->now_us);
  g_autofree char *host = so_text_sanitise (g_get_host_name (), -1, 200);
  g_autofree char *text = g_strdup_printf (
      _("This is a test message. It shows that mail can leave this machine\n"
        "through this account.\n"
        "\n"
        "Account:  %s (%s)\n"
        "Server:   %s port %u\n"
        "Machine:  %s\n"
        "Time:     %s\n"
        "Program:  sendoff %s\n"
        "Token:    %s\n"
        "\n"
        "Nobody needs to answer it, and it may be deleted.\n"),
      spec->from, *account->title != '\0' ? account->title : account->name, account->smtp.host, account->smtp.port, host,
      date, SO_PROGRAM_VERSION, token);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  return g_strjoinv ("\r\n", lines);
}

/* --- MIME parts --- */

static struct mailmime *
text_part (const char *text)
{
  gboolean ascii = g_str_is_ascii (text);
  struct mailmime_content *content = mailmime_content_new_with_str ("text/plain");
  clist_append (content->ct_parameters,
                mailmime_param_new_with_data ((char *) "charset", (char *) (ascii ? "us-ascii" : "utf-8")));
  struct mailmime *part = mailmime_new_empty (
      content, mailmime_fields_new_encoding (ascii ? MAILMIME_MECHANISM_7BIT : MAILMIME_MECHANISM_BASE64));
  mailmime_set_body_text (part, (char *) text, strlen (text));
  return part;
}

static struct mailmime *
file_part (const char *type, const char *name, const char *path, int mechanism)
{
  g_autofree char *shown = display_name (name);
  struct mailmime_fields *fields
      = mailmime_fields_new_filename (MAILMIME_DISPOSITION_TYPE_ATTACHMENT, strdup (shown), mechanism);
  struct mailmime *part = mailmime_new_empty (mailmime_content_new_with_str (type), fields);
  mailmime_set_body_file (part, strdup (path));
  return part;
}

/* The type by name and first octets; a type that is not leaf data would need an encoding of its own. */
static char *
type_of (const char *path)
{
  g_autofree char *guess = g_content_type_guess (path, NULL, 0, NULL);
  g_autofree char *type = g_content_type_get_mime_type (guess);
  gboolean plain = type != NULL && strchr (type, '/') != NULL && !g_str_has_prefix (type, "message/")
                   && !g_str_has_prefix (type, "multipart/") && !g_str_has_prefix (type, "inode/");
  return g_strdup (plain ? type : "application/octet-stream");
}

static gboolean
check_file (const char *path, GError **error)
{
  struct stat info;
  g_autofree char *shown = g_filename_display_name (path);
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  gboolean readable = fd >= 0 && fstat (fd, &info) == 0;
  int problem = errno;
  if (fd >= 0)
    close (fd);
  if (!readable)
    so_error_set (error, SO_ERROR_NO_INPUT, _("check the name and the permissions"), _("%s cannot be read: %s"), shown,
                  g_strerror (problem));
  else if (!S_ISREG (info.st_mode))
    so_error_set (error, SO_ERROR_NO_INPUT, _("attach a file"), _("%s is not a file"), shown);
  return readable && S_ISREG (info.st_mode);
}

static gboolean
add_files (struct mailmime *multipart, const char *const *files, GError **error)
{
  for (; files != NULL && *files != NULL; files++)
    {
      if (!check_file (*files, error))
        return FALSE;
      g_autofree char *base = g_path_get_basename (*files);
      g_autofree char *name = g_utf8_make_valid (base, -1);
      g_autofree char *clean = so_text_sanitise (name, -1, 200);
      g_autofree char *type = type_of (*files);
      mailmime_smart_add_part (multipart, file_part (type, clean, *files, MAILMIME_MECHANISM_BASE64));
    }
  return TRUE;
}

/* --- headers --- */

static struct mailimf_date_time *
date_now (gint64 wall_us)
{
  time_t seconds = (time_t) (wall_us / G_USEC_PER_SEC);
  struct tm local;
  localtime_r (&seconds, &local);
  long minutes = local.tm_gmtoff / 60;
  return mailimf_date_time_new (local.tm_mday, local.tm_mon + 1, local.tm_year + 1900, local.tm_hour, local.tm_min,
                                local.tm_sec, (int) (minutes / 60 * 100 + minutes % 60));
}

static struct mailimf_fields *
headers (const SoTestMessageSpec *spec, const SoTestMessage *message)
{
  const char *name = spec->account->from_name;
  struct mailimf_mailbox_list *from = mailimf_mailbox_list_new_empty ();
  struct mailimf_address_list *to = mailimf_address_list_new_empty ();
  mailimf_mailbox_list_add (from, mailimf_mailbox_new (*name != '\0' ? display_name (name) : NULL, strdup (spec->from)));
  mailimf_address_list_add (
      to, mailimf_address_new (MAILIMF_ADDRESS_MAILBOX, mailimf_mailbox_new (NULL, strdup (spec->to)), NULL));
  g_autofree char *bare_id = g_strndup (message->message_id + 1, strlen (message->message_id) - 2);
  struct mailimf_fields *fields
      = mailimf_fields_new_with_data_all (date_now (spec->now_us), from, NULL, NULL, to, NULL, NULL, strdup (bare_id),
                                          NULL, NULL, strdup (message->subject));
  clist_append (fields->fld_list,
                mailimf_field_new_custom (strdup ("X-Mailer"), strdup ("sendoff " SO_PROGRAM_VERSION)));
  /* RFC 3834 5: no vacation notice needs to answer it. */
  clist_append (fields->fld_list, mailimf_field_new_custom (strdup ("Auto-Submitted"), strdup ("auto-generated")));
  return fields;
}

/* --- the whole --- */

typedef struct
{
  const SoTestMessageSpec *spec;
  const SoTestMessage *message;
  const char *text; /* libetpan keeps no copy */
  int padding;      /* fd of the padding, -1 for none */
} Plan;

static struct mailmime *
build (const Plan *plan, GError **error)
{
  const SoTestMessageSpec *spec = plan->spec;
  struct mailmime *whole = mailmime_new_message_data (NULL);
  mailmime_set_imf_fields (whole, headers (spec, plan->message));
  struct mailmime *body = text_part (plan->text);
  if (plan->padding >= 0 || (spec->files != NULL && *spec->files != NULL))
    {
      struct mailmime *multipart = mailmime_multiple_new ("multipart/mixed");
      mailmime_smart_add_part (multipart, body);
      mailmime_smart_add_part (whole, multipart);
      if (!add_files (multipart, spec->files, error))
        {
          mailmime_free (whole);
          return NULL;
        }
      g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", plan->padding);
      if (plan->padding >= 0)
        mailmime_smart_add_part (multipart, file_part ("text/plain", "padding.txt", path, MAILMIME_MECHANISM_7BIT));
    }
  else
    mailmime_smart_add_part (whole, body);
  return whole;
}

static gboolean
write_message (const Plan *plan, int fd, GError **error)
{
  struct mailmime *whole = build (plan, error);
  if (whole == NULL)
    return FALSE;
  FILE *out = fdopen (dup (fd), "w");
  int column = 0;
  gboolean well = out != NULL && mailmime_write_file (out, &column, whole) == MAILIMF_NO_ERROR;
  well = out != NULL && fclose (out) == 0 && well;
  int problem = errno;
  mailmime_free (whole);
  if (!well)
    so_error_set (error, SO_ERROR_IO, _("free some space, or set TMPDIR to another folder"),
                  _("the test message cannot be written: %s"), g_strerror (problem));
  return well;
}

static gboolean
fill_with_lines (int fd, guint64 octets, GError **error)
{
  FILE *out = fdopen (dup (fd), "w");
  gboolean well = out != NULL;
  while (well && octets > 0)
    {
      /* Never leave one octet over: it could not be a line. */
      guint64 piece = octets > PAD_LINE + 3 ? PAD_LINE + 2 : octets;
      well = fprintf (out, "%.*s\r\n", (int) piece - 2,
                      "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789") > 0;
      octets -= piece;
    }
  well = out != NULL && fclose (out) == 0 && well;
  if (!well)
    so_error_set (error, SO_ERROR_IO, _("free some space, or set TMPDIR to another folder"),
                  _("the test message cannot be written: %s"), g_strerror (errno));
  return well;
}

static guint64
size_of (int fd)
{
  struct stat info;
  return fstat (fd, &info) == 0 ? (guint64) info.st_size : 0;
}

/* Writes it with an empty padding, then with what is missing to spec->size. */
static gboolean
write_padded (Plan *plan, int fd, GError **error)
{
  plan->padding = unnamed_file (error);
  if (plan->padding < 0 || !fill_with_lines (plan->padding, 2, error) || !write_message (plan, fd, error))
    return FALSE;
  guint64 least = size_of (fd) - 2, wanted = plan->spec->size;
  if (wanted < least + 2)
    {
      g_autofree char *shown = so_size_format (least + 2);
      so_error_set (error, SO_ERROR_USAGE, _("ask for more, or leave --size out"),
                    _("a test message of this kind has at least %s"), shown);
      return FALSE;
    }
  return ftruncate (fd, 0) == 0 && lseek (fd, 0, SEEK_SET) == 0 && ftruncate (plan->padding, 0) == 0
         && lseek (plan->padding, 0, SEEK_SET) == 0 && fill_with_lines (plan->padding, wanted - least, error)
         && write_message (plan, fd, error);
}

int
so_test_message_write (const SoTestMessageSpec *spec, SoTestMessage *message, GError **error)
{
  g_autofree char *unique = random_word (20);
  message->token = random_word (8);
  message->message_id = g_strdup_printf ("<%s@%s>", unique, so_address_domain (spec->from));
  message->subject = g_strdup_printf ("sendoff test %s", message->token);
  int fd = unnamed_file (error);
  if (fd < 0)
    return -1;
  g_autofree char *text = body_text (spec, message->token);
  Plan plan = { spec, message, text, -1 };
  gboolean well = spec->size > 0 ? write_padded (&plan, fd, error) : write_message (&plan, fd, error);
  if (plan.padding >= 0)
    close (plan.padding);
  if (well)
    return fd;
  close (fd);
  return -1;
}

void
so_test_message_clear (SoTestMessage *message)
{
  g_clear_pointer (&message->message_id, g_free);
  g_clear_pointer (&message->token, g_free);
  g_clear_pointer (&message->subject, g_free);
}
