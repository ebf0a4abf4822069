/*
 * message-text.c - a waiting message, edited.
 *
 * The header block is held in memory, the rest stays in its file until it is copied, so
 * correcting an address in a large message costs no memory.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "message-text.h"
#include "sendoff/durable.h"
#include "sendoff/editor.h"
#include "sendoff/error.h"
#include "sendoff/header-edit.h"
#include "sendoff/i18n.h"

#define HEADER_MAX (1024 * 1024)
#define PIECE (64 * 1024)

struct SoMessageText
{
  GString *head; /* up to and with the empty line */
  int fd;
  goffset rest; /* where what follows begins */
};

void
so_message_text_free (SoMessageText *text)
{
  if (text == NULL)
    return;
  g_string_free (text->head, TRUE);
  close (text->fd);
  g_free (text);
}

/* Octets up to and with the first empty line; all of them if there is none. */
static gsize
head_length (const char *bytes, gsize length)
{
  for (const char *p = bytes; p < bytes + length;)
    {
      const char *end = memchr (p, '\n', length - (gsize)(p - bytes));
      if (end == NULL)
        break;
      if (end == p || (end == p + 1 && *p == '\r'))
        return (gsize)(end + 1 - bytes);
      p = end + 1;
    }
  return length;
}

/* Takes the descriptor over. */
static SoMessageText *
text_new (int fd, goffset offset, GError **error)
{
  g_autofree char *bytes = g_malloc (HEADER_MAX);
  gssize n = so_durable_read_at (fd, bytes, HEADER_MAX, offset);
  if (n < 0)
    {
      so_durable_error (error, errno, _ ("cannot read the message"));
      close (fd);
      return NULL;
    }
  gsize length = head_length (bytes, (gsize)n);
  SoMessageText *text = g_new0 (SoMessageText, 1);
  text->head = g_string_new_len (bytes, (gssize)length);
  text->fd = fd;
  text->rest = offset + (goffset)length;
  return text;
}

SoMessageText *
so_message_text_open (SoEntry *entry, GError **error)
{
  g_autoptr (SoSubmission) submission = so_entry_submission (entry, error);
  if (submission == NULL)
    return NULL;
  int fd = submission->fd;
  submission->fd = -1;
  return text_new (fd, submission->offset, error);
}

static gboolean
copy_rest (const SoMessageText *text, gboolean (*put) (gpointer, const char *, gsize, GError **),
           gpointer data, GError **error)
{
  g_autofree char *piece = g_malloc (PIECE);
  goffset at = text->rest;
  gssize n;
  while ((n = so_durable_read_at (text->fd, piece, PIECE, at)) > 0)
    {
      if (!put (data, piece, (gsize)n, error))
        return FALSE;
      at += n;
    }
  if (n < 0)
    so_durable_error (error, errno, _ ("cannot read the message"));
  return n == 0;
}

static gboolean
put_to_enqueue (gpointer data, const char *bytes, gsize length, GError **error)
{
  return so_enqueue_write (data, bytes, length, error);
}

gboolean
so_message_text_write (const SoMessageText *text, SoEnqueue *enqueue, GError **error)
{
  return so_enqueue_write (enqueue, text->head->str, text->head->len, error)
         && copy_rest (text, put_to_enqueue, enqueue, error);
}

static gboolean
put_to_file (gpointer data, const char *bytes, gsize length, GError **error)
{
  if (so_durable_write (*(const int *)data, bytes, length))
    return TRUE;
  so_durable_error (error, errno, _ ("cannot write the message for the editor"));
  return FALSE;
}

/* The first line is a header field. */
static gboolean
begins_with_field (const GString *head)
{
  const char *colon = strchr (head->str, ':');
  if (colon == NULL || colon == head->str)
    return FALSE;
  for (const char *p = head->str; p < colon; p++)
    if (*p < 33 || *p > 126)
      return FALSE;
  return TRUE;
}

/* Editors write a new file or into the old one: it is opened again by its name. */
static gboolean
take_back (SoMessageText *text, const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    {
      so_durable_error (error, errno, "%s", path);
      return FALSE;
    }
  g_autoptr (SoMessageText) edited = text_new (fd, 0, error);
  if (edited == NULL)
    return FALSE;
  if (!begins_with_field (edited->head))
    {
      so_error_set (error, SO_ERROR_DATA, _ ("leave the header lines at the top as they are"),
                    _ ("what the editor left is no message; nothing is changed"));
      return FALSE;
    }
  SoMessageText before = *text;
  *text = *edited;
  *edited = before;
  return TRUE;
}

gboolean
so_message_text_edit (SoMessageText *text, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("sendoff-XXXXXX.eml", &path, &problem);
  if (fd < 0)
    {
      so_error_set (error, SO_ERROR_CANNOT_CREATE, "", "%s", problem->message);
      return FALSE;
    }
  gboolean done = put_to_file (&fd, text->head->str, text->head->len, error)
                  && copy_rest (text, put_to_file, &fd, error);
  close (fd);
  done = done && so_editor_run (path, error) && take_back (text, path, error);
  unlink (path);
  return done;
}

static gboolean
is_field (const char *line, const char *name)
{
  gsize n = strlen (name);
  return g_ascii_strncasecmp (line, name, n) == 0 && line[n] == ':';
}

/* OLD stands by itself, not within a longer address. */
static gboolean
stands_alone (const char *start, const char *at, gsize length)
{
  static const char within[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "!#$%&'*+-/=?^_`{|}~.@";
  return (at == start || strchr (within, at[-1]) == NULL)
         && (at[length] == '\0' || strchr (within, at[length]) == NULL);
}

static void
append_changed (GString *out, const char *line, const char *from, const char *to)
{
  const char *rest = line, *at;
  while ((at = strstr (rest, from)) != NULL)
    {
      g_string_append_len (out, rest, at - rest);
      g_string_append (out, stands_alone (line, at, strlen (from)) ? to : from);
      rest = at + strlen (from);
    }
  g_string_append (out, rest);
}

void
so_message_text_change_address (SoMessageText *text, const char *change)
{
  g_auto (GStrv) sides = g_strsplit (change, "=", 2);
  /* A NUL in the header would end it here: such a message is left as it is. */
  if (strlen (text->head->str) != text->head->len)
    return;
  g_auto (GStrv) lines = g_strsplit (text->head->str, "\n", 0);
  GString *changed = g_string_sized_new (text->head->len);
  gboolean in_field = FALSE;
  for (char **line = lines; *line != NULL; line++)
    {
      if (line != lines)
        g_string_append_c (changed, '\n');
      if (**line != ' ' && **line != '\t')
        in_field = is_field (*line, "To") || is_field (*line, "Cc");
      if (in_field)
        append_changed (changed, *line, sides[0], sides[1]);
      else
        g_string_append (changed, *line);
    }
  g_string_free (text->head, TRUE);
  text->head = changed;
}

char *
so_message_text_from (const SoMessageText *text)
{
  return so_header_from (text->head->str, text->head->len);
}

void
so_message_text_set_from (SoMessageText *text, const char *address)
{
  GString *changed = so_header_with_from (text->head->str, text->head->len, address);
  g_string_free (text->head, TRUE);
  text->head = changed;
}

gboolean
so_message_text_refit (SoMessageText *text, const SoRefitSpec *spec, GError **error)
{
  int whole = so_durable_unnamed_file (spec->folder);
  if (whole < 0)
    {
      so_durable_error (error, errno, "%s", spec->folder);
      return FALSE;
    }
  int changed = -1;
  if (put_to_file (&whole, text->head->str, text->head->len, error)
      && copy_rest (text, put_to_file, &whole, error))
    changed = so_refit (whole, 0, spec, error);
  close (whole);
  g_autoptr (SoMessageText) after = changed >= 0 ? text_new (changed, 0, error) : NULL;
  if (after == NULL)
    return FALSE;
  SoMessageText before = *text;
  *text = *after;
  *after = before;
  return TRUE;
}
