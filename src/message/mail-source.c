/*
 * mail-source.c - formats by name and by content; one item and its files.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail-source-private.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"

static const char *const names[SO_MAIL_FORMATS]
    = { "eml", "emlx", "mbox", "thunderbird", "maildir", "mh", "msmtpq", "nullmailer", "dma" };

const char *
so_mail_format_name (SoMailFormat format)
{
  return format < SO_MAIL_FORMATS ? names[format] : "";
}

SoMailFormat
so_mail_format_from_name (const char *name)
{
  for (int i = 0; i < SO_MAIL_FORMATS; i++)
    if (strcmp (names[i], name) == 0)
      return (SoMailFormat)i;
  return SO_FORMAT_UNKNOWN;
}

gboolean
so_mail_format_is_queue (SoMailFormat format)
{
  return format == SO_FORMAT_MSMTPQ || format == SO_FORMAT_NULLMAILER || format == SO_FORMAT_DMA;
}

/* --- items --- */

SoMailItem *
so_mail_item_new (SoMailFormat format, const char *path)
{
  SoMailItem *item = g_new0 (SoMailItem, 1);
  item->format = format;
  item->path = g_strdup (path);
  item->label = so_text_sanitise (path, -1, SO_TEXT_LINE_MAX);
  item->attachments = g_strdup ("");
  item->sender = g_strdup ("");
  item->account = g_strdup ("");
  item->doubt = g_strdup ("");
  item->fault = g_strdup ("");
  item->recipients = g_ptr_array_new_with_free_func (g_free);
  item->notes = g_ptr_array_new_with_free_func (g_free);
  item->files = g_ptr_array_new_with_free_func (g_free);
  item->lock_fd = -1;
  return item;
}

void
so_mail_item_free (SoMailItem *item)
{
  if (item == NULL)
    return;
  if (item->lock_fd >= 0)
    close (item->lock_fd);
  g_free (item->path);
  g_free (item->label);
  g_free (item->attachments);
  g_free (item->sender);
  g_free (item->account);
  g_free (item->doubt);
  g_free (item->fault);
  g_ptr_array_unref (item->recipients);
  g_ptr_array_unref (item->notes);
  g_ptr_array_unref (item->files);
  g_free (item);
}

void
so_mail_item_fail (SoMailItem *item, const char *format, ...)
{
  if (*item->fault != '\0')
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_free (item->fault);
  item->fault = so_text_sanitise (text, -1, SO_TEXT_LINE_MAX);
}

void
so_mail_item_measure (SoMailItem *item)
{
  struct stat st;
  if (stat (item->path, &st) != 0)
    so_mail_item_fail (item, "%s", g_strerror (errno));
  else if (!S_ISREG (st.st_mode))
    so_mail_item_fail (item, _ ("this is not a file"));
  else if (st.st_size <= item->start)
    so_mail_item_fail (item, _ ("there is no message in it"));
  else if ((guint64)(st.st_size - item->start) > SO_MAIL_ITEM_MAX)
    so_mail_item_fail (item, _ ("too large for a message"));
  else
    item->length = (guint64)(st.st_size - item->start);
}

gboolean
so_mail_item_take (const SoMailItem *item, GError **error)
{
  for (guint i = 0; i < item->files->len; i++)
    {
      const char *file = g_ptr_array_index (item->files, i);
      if (unlink (file) == 0 || errno == ENOENT)
        continue;
      so_error_set (error, SO_ERROR_CANNOT_CREATE,
                    _ ("it is in the outbox now: remove it there by hand"), "%s: %s", file,
                    g_strerror (errno));
      return FALSE;
    }
  return TRUE;
}

/* --- files --- */

int
so_mail_open (const char *path)
{
  /* O_NONBLOCK: a FIFO must not hold us up. */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat st;
  if (fd < 0 || (fstat (fd, &st) == 0 && S_ISREG (st.st_mode)))
    return fd;
  close (fd);
  errno = EINVAL;
  return -1;
}

char *
so_mail_peek (const char *path, gsize size, gsize *length)
{
  int fd = so_mail_open (path);
  if (fd < 0)
    return NULL;
  char *text = g_malloc0 (size);
  ssize_t n = pread (fd, text, size - 1, 0);
  int problem = errno;
  close (fd);
  errno = problem;
  if (n < 0)
    g_clear_pointer (&text, g_free);
  *length = n > 0 ? (gsize)n : 0;
  return text;
}

static gint
by_name (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
so_mail_list (const char *path, GError **error)
{
  g_autoptr (GError) problem = NULL;
  GDir *folder = g_dir_open (path, 0, &problem);
  if (folder == NULL)
    {
      so_error_set (error, SO_ERROR_NO_INPUT, "", "%s", problem->message);
      return NULL;
    }
  GPtrArray *found = g_ptr_array_new_with_free_func (g_free);
  for (const char *name; (name = g_dir_read_name (folder)) != NULL;)
    g_ptr_array_add (found, g_strdup (name));
  g_dir_close (folder);
  g_ptr_array_sort (found, by_name);
  return found;
}

/* --- what is it? --- */

static gboolean
has_folder (const char *path, const char *name)
{
  g_autofree char *below = g_build_filename (path, name, NULL);
  return g_file_test (below, G_FILE_TEST_IS_DIR);
}

static gboolean
is_number (const char *name)
{
  return *name != '\0' && strspn (name, "0123456789") == strlen (name);
}

/* "Subject: x": at least one header field at the very beginning. */
static gboolean
begins_with_field (const char *text, gsize length)
{
  const SoLine line = { .bytes = text, .length = length, .text = length, .starts = TRUE };
  return so_line_field_name (&line) > 0;
}

/* Sender, recipients, an empty line, then headers. */
static gboolean
looks_like_nullmailer (const char *text, gsize length)
{
  const char *end = g_strstr_len (text, (gssize)length, "\n\n");
  if (end == NULL || strchr (text, '\n') == end)
    return FALSE;
  for (const char *at = text; at < end; at = strchr (at, '\n') + 1)
    if (memchr (at, ':', (gsize)(strchr (at, '\n') - at)) != NULL
        || memchr (at, ' ', (gsize)(strchr (at, '\n') - at)) != NULL)
      return FALSE;
  return begins_with_field (end + 2, length - (gsize)(end + 2 - text));
}

static SoMailFormat
guess_mbox (const char *text)
{
  return strstr (text, "\nX-Mozilla-Status: ") != NULL ? SO_FORMAT_THUNDERBIRD : SO_FORMAT_MBOX;
}

static SoMailFormat
guess_file (const char *path, GError **error)
{
  gsize length;
  g_autofree char *text = so_mail_peek (path, 4096, &length);
  if (text == NULL)
    {
      so_error_set (error, SO_ERROR_NO_INPUT, "", "%s: %s", path,
                    errno == EINVAL ? _ ("this is not a file") : g_strerror (errno));
      return SO_FORMAT_UNKNOWN;
    }
  gsize digits = strspn (text, "0123456789");
  if (g_str_has_prefix (text, "From "))
    return guess_mbox (text);
  if (digits > 0 && text[digits + strspn (text + digits, " ")] == '\n')
    return SO_FORMAT_EMLX;
  if (g_str_has_prefix (text, "ID: ") && strstr (text, "\nSender: ") != NULL)
    return SO_FORMAT_DMA;
  if (g_str_has_suffix (path, ".msmtp") || g_str_has_suffix (path, ".mail"))
    return SO_FORMAT_MSMTPQ;
  if (begins_with_field (text, length))
    return SO_FORMAT_EML;
  return looks_like_nullmailer (text, length) ? SO_FORMAT_NULLMAILER : SO_FORMAT_UNKNOWN;
}

/* By one file in it. */
static SoMailFormat
guess_by_name (const char *path, const char *name)
{
  g_autofree char *file = g_build_filename (path, name, NULL);
  if (g_str_has_suffix (name, ".msmtp") || g_str_has_suffix (name, ".mail"))
    return SO_FORMAT_MSMTPQ;
  if (g_str_has_suffix (name, ".emlx") || strcmp (name, "Messages") == 0)
    return SO_FORMAT_EMLX;
  if (g_str_has_suffix (name, ".eml"))
    return SO_FORMAT_EML;
  if (strcmp (name, ".mh_sequences") == 0)
    return SO_FORMAT_MH;
  if (*name == '.' || !g_file_test (file, G_FILE_TEST_IS_REGULAR))
    return SO_FORMAT_UNKNOWN;
  SoMailFormat format = guess_file (file, NULL);
  if (format == SO_FORMAT_EML && is_number (name))
    return SO_FORMAT_MH;
  return format == SO_FORMAT_DMA || format == SO_FORMAT_NULLMAILER ? format : SO_FORMAT_UNKNOWN;
}

/* Its spool, with the folder "queue" in it. */
static gboolean
is_nullmailers (const char *path)
{
  g_autofree char *queue = g_build_filename (path, "queue", NULL);
  g_autoptr (GPtrArray) found = so_mail_list (queue, NULL);
  for (guint i = 0; found != NULL && i < found->len; i++)
    if (guess_by_name (queue, g_ptr_array_index (found, i)) == SO_FORMAT_NULLMAILER)
      return TRUE;
  return found != NULL && has_folder (path, "tmp");
}

static SoMailFormat
guess_folder (const char *path, GError **error)
{
  if (has_folder (path, "cur") && has_folder (path, "new"))
    return SO_FORMAT_MAILDIR;
  if (is_nullmailers (path))
    return SO_FORMAT_NULLMAILER;
  g_autoptr (GPtrArray) found = so_mail_list (path, error);
  if (found == NULL)
    return SO_FORMAT_UNKNOWN;
  for (guint i = 0; i < found->len; i++)
    {
      SoMailFormat format = guess_by_name (path, g_ptr_array_index (found, i));
      if (format != SO_FORMAT_UNKNOWN)
        return format;
    }
  /* The messages of either kind may stand deeper. */
  return g_str_has_suffix (path, ".mbox") ? SO_FORMAT_EMLX : SO_FORMAT_EML;
}

/* Apple Mail's older mailboxes are folders with a file "mbox" in them. */
static char *
inner_mbox (const char *path)
{
  g_autofree char *inner = g_build_filename (path, "mbox", NULL);
  return g_file_test (inner, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer (&inner) : NULL;
}

char *
so_mail_mbox_file (const char *path)
{
  char *inner = inner_mbox (path);
  return inner != NULL ? inner : g_strdup (path);
}

SoMailFormat
so_mail_format_guess (const char *path, GError **error)
{
  g_autofree char *inner = inner_mbox (path);
  if (inner != NULL)
    return SO_FORMAT_MBOX;
  return g_file_test (path, G_FILE_TEST_IS_DIR) ? guess_folder (path, error)
                                                : guess_file (path, error);
}

gboolean
so_mail_source_read (const char *path, SoMailFormat format, SoMailItemFunc func, gpointer data,
                     GError **error)
{
  const SoMailReader reader = { func, data, error };
  g_autofree char *inner = inner_mbox (path);
  switch (format)
    {
    case SO_FORMAT_MBOX:
    case SO_FORMAT_THUNDERBIRD:
      return so_mail_read_mbox (inner != NULL ? inner : path, format, &reader);
    case SO_FORMAT_MAILDIR:
      return so_mail_read_maildir (path, &reader);
    case SO_FORMAT_MH:
      return so_mail_read_mh (path, &reader);
    case SO_FORMAT_MSMTPQ:
      return so_mail_read_msmtpq (path, &reader);
    case SO_FORMAT_NULLMAILER:
      return so_mail_read_nullmailer (path, &reader);
    case SO_FORMAT_DMA:
      return so_mail_read_dma (path, &reader);
    default:
      return so_mail_read_files (path, format, &reader);
    }
}
