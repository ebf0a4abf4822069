/*
 * send-compose.c - words and files given on the command line become a message.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "send-private.h"
#include "sendoff/address.h"
#include "sendoff/charset.h"
#include "sendoff/clock.h"
#include "sendoff/editor.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"

#define TEXT_MAX (16 * 1024 * 1024) /* octets of text held in memory; more is a file */

void
so_send_options_clear (SoSendOptions *options)
{
  g_free (options->subject);
  g_free (options->text);
  g_free (options->text_file);
  g_free (options->html_file);
  g_free (options->charset);
  g_free (options->oversize);
  g_free (options->eml);
  g_free (options->dsn);
  g_free (options->notify);
  g_strfreev (options->to);
  g_strfreev (options->cc);
  g_strfreev (options->bcc);
  g_strfreev (options->reply_to);
  g_strfreev (options->headers);
  g_strfreev (options->files);
  g_strfreev (options->links);
}

/* --- text --- */

static const char *
charset_of (const SoSendOptions *options)
{
  return options->charset != NULL ? options->charset : "";
}

/* Everything from fd as UTF-8; where names it in errors. */
static char *
read_text (int fd, const char *where, const char *charset, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  char piece[65536];
  for (ssize_t n; (n = read (fd, piece, sizeof piece)) != 0;)
    {
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          so_error_set (error, SO_ERROR_NO_INPUT, _ ("check the name and the permissions"),
                        _ ("%s cannot be read: %s"), where, g_strerror (errno));
          return NULL;
        }
      g_byte_array_append (bytes, (guint8 *)piece, (guint)n);
      if (bytes->len > TEXT_MAX)
        {
          so_error_set (error, SO_ERROR_DATA, _ ("attach it as a file: -a FILE"),
                        _ ("%s is too long for the text of a message"), where);
          return NULL;
        }
    }
  const char *read_bytes = bytes->len > 0 ? (const char *)bytes->data : "";
  return so_charset_to_utf8 (read_bytes, bytes->len, charset, where, error);
}

/* The pipe of a shell's <(command), not one with a name: that waits for whoever may write to it. */
static gboolean
is_named_pipe (int fd, const struct stat *info)
{
  struct statfs system;
  return S_ISFIFO (info->st_mode)
         && (fstatfs (fd, &system) != 0 || system.f_type != PIPEFS_MAGIC);
}

int
so_send_open (const char *path, const char *shown, GError **error)
{
  struct stat info;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  int problem = fd < 0 || fstat (fd, &info) != 0 ? errno : S_ISDIR (info.st_mode) ? EISDIR : 0;
  if (problem != 0)
    so_error_set (error, SO_ERROR_NO_INPUT, _ ("check the name and the permissions"),
                  _ ("%s cannot be read: %s"), shown, g_strerror (problem));
  else if (is_named_pipe (fd, &info))
    so_error_set (error, SO_ERROR_NO_INPUT, _ ("write it to a file, or to standard input"),
                  _ ("%s is not a file"), shown);
  else
    {
      fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) & ~O_NONBLOCK);
      return fd;
    }
  if (fd >= 0)
    close (fd);
  return -1;
}

static char *
read_file (const char *path, const char *charset, GError **error)
{
  g_autofree char *name = g_filename_display_name (path);
  g_autofree char *shown = so_text_sanitise (name, -1, 200);
  int fd = so_send_open (path, shown, error);
  if (fd < 0)
    return NULL;
  char *text = read_text (fd, shown, charset, error);
  close (fd);
  return text;
}

/* -m, a file, standard input, or what is written in the editor. */
static char *
text_of (const SoApp *app, const SoSendOptions *options, GError **error)
{
  const char *charset = charset_of (options);
  if (options->text != NULL)
    return so_charset_argument (options->text, charset, _ ("the text"), error);
  if (options->text_file != NULL && strcmp (options->text_file, "-") != 0)
    return read_file (options->text_file, charset, error);
  if (app->can_prompt && options->text_file == NULL && options->html_file == NULL)
    return so_editor_compose (error);
  if (isatty (STDIN_FILENO) && options->text_file == NULL)
    return g_strdup ("");
  return read_text (STDIN_FILENO, _ ("standard input"), charset, error);
}

/* --- header --- */

static gboolean
add_lists (SoCompose *compose, SoComposeField field, char **lists, const char *charset,
           GError **error)
{
  for (; lists != NULL && *lists != NULL; lists++)
    {
      g_autofree char *list = so_charset_argument (*lists, charset, _ ("an address"), error);
      if (list == NULL || !so_compose_add_addresses (compose, field, list, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
add_header (SoCompose *compose, const SoSendOptions *options, GError **error)
{
  const char *charset = charset_of (options);
  const char *given = options->subject != NULL ? options->subject : "";
  g_autofree char *subject = so_charset_argument (given, charset, _ ("the subject"), error);
  if (subject == NULL || !so_compose_set_subject (compose, subject, error)
      || !add_lists (compose, SO_COMPOSE_TO, options->to, charset, error)
      || !add_lists (compose, SO_COMPOSE_CC, options->cc, charset, error)
      || !add_lists (compose, SO_COMPOSE_BCC, options->bcc, charset, error)
      || !add_lists (compose, SO_COMPOSE_REPLY_TO, options->reply_to, charset, error))
    return FALSE;
  for (char **line = options->headers; line != NULL && *line != NULL; line++)
    {
      g_autofree char *header = so_charset_argument (*line, charset, _ ("a header"), error);
      if (header == NULL || !so_compose_add_header (compose, header, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
add_body (const SoApp *app, SoCompose *compose, const SoSendOptions *options, GError **error)
{
  for (char **path = options->files; path != NULL && *path != NULL; path++)
    if (!so_compose_add_file (compose, *path, NULL, NULL, error))
      return FALSE;
  if (options->html_file != NULL)
    {
      g_autofree char *html = read_file (options->html_file, charset_of (options), error);
      if (html == NULL || !so_compose_set_html (compose, html, error))
        return FALSE;
    }
  g_autofree char *text = text_of (app, options, error);
  return text != NULL && so_compose_set_text (compose, text, error);
}

SoCompose *
so_send_compose (const SoApp *app, const SoAccount *account, const SoSendOptions *options,
                 GError **error)
{
  const char *from = *app->from != '\0' ? app->from : account->address;
  g_autoptr (SoCompose) compose
      = so_compose_new (from, account->from_name, so_clock_wall_us ());
  if (!so_charset_check (charset_of (options), error) || !add_header (compose, options, error))
    return NULL;
  if (so_compose_recipients (compose)->len == 0)
    {
      so_error_set (error, SO_ERROR_USAGE, _ ("name one: sendoff send name@domain"),
                    _ ("the message has no recipient"));
      return NULL;
    }
  return add_body (app, compose, options, error) ? g_steal_pointer (&compose) : NULL;
}

gboolean
so_send_check_typos (const SoApp *app, const GPtrArray *recipients, gboolean ask, GError **error)
{
  for (guint i = 0; i < recipients->len; i++)
    {
      const char *address = g_ptr_array_index (recipients, i);
      const char *likely = so_address_likely_domain (so_address_domain (address));
      if (*likely == '\0')
        continue;
      so_app_say (app, _ ("Is “%s” right? Did you mean …@%s?"), address, likely);
      if (!ask || so_app_confirm (app, _ ("Send it to this address?"), FALSE))
        continue;
      so_error_set (error, SO_ERROR_DATA, _ ("correct the address"), _ ("nothing was sent"));
      return FALSE;
    }
  return TRUE;
}
