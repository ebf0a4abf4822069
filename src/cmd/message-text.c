/*
 * message-text.c - a waiting message, edited.
 *
 * The header block is held in memory, the rest stays in its file until it is copied, so
 * correcting an address in a large message costs no memory.  The editor gets header and text
 * decoded (edit-view.h), or the octets where that cannot be.
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
#include "sendoff/mime-parts.h"

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

/* The file at path as the editor left it: it wrote a new one or into the old, so it is opened again by
 * its name. */
static gboolean
run_editor (const char *path, char **bytes, gsize *length, GError **error)
{
  g_autoptr (GError) problem = NULL;
  if (!so_editor_run (path, error))
    return FALSE;
  if (g_file_get_contents (path, bytes, length, &problem))
    return TRUE;
  so_error_set (error, SO_ERROR_IO, "", "%s", problem->message);
  return FALSE;
}

static int
editor_file (char **path, GError **error)
{
  g_autoptr (GError) problem = NULL;
  int fd = g_file_open_tmp ("sendoff-XXXXXX.eml", path, &problem);
  if (fd < 0)
    so_error_set (error, SO_ERROR_CANNOT_CREATE, "", "%s", problem->message);
  return fd;
}

static gboolean
is_field (const char *line, const char *name)
{
  gsize n = strlen (name);
  return g_ascii_strncasecmp (line, name, n) == 0 && line[n] == ':';
}

/* What the changes make of it takes its place. */
static void
take_over (SoMessageText *text, SoMessageText *after)
{
  SoMessageText before = *text;
  *text = *after;
  *after = before;
}

/* --- as it is --- */

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

static gboolean
is_same (const SoMessageText *a, const SoMessageText *b)
{
  char one[4096], other[4096];
  goffset at = 0;
  gssize n = 1;
  if (!g_string_equal (a->head, b->head))
    return FALSE;
  while (n > 0)
    {
      n = so_durable_read_at (a->fd, one, sizeof one, a->rest + at);
      if (n < 0 || so_durable_read_at (b->fd, other, sizeof other, b->rest + at) != n
          || memcmp (one, other, (gsize)n) != 0)
        return FALSE;
      at += n;
    }
  return TRUE;
}

/* The lines of the fields that the envelope follows. */
static GString *
envelope_fields (const GString *head)
{
  static const char *const names[] = { "From", "To", "Cc", "Bcc" };
  GString *found = g_string_new (NULL);
  g_auto (GStrv) lines = g_strsplit (head->str, "\n", -1);
  gboolean within = FALSE;
  for (char **line = lines; *line != NULL; line++)
    {
      within = within && (**line == ' ' || **line == '\t');
      for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
        within |= is_field (*line, names[i]);
      if (within)
        g_string_append_printf (found, "%s\n", g_strchomp (*line));
    }
  return found;
}

/* In what cannot be decoded nobody knows which address was meant. */
static gboolean
leaves_envelope (const SoMessageText *text, const SoMessageText *edited, GError **error)
{
  g_autoptr (GString) before = envelope_fields (text->head);
  g_autoptr (GString) after = envelope_fields (edited->head);
  if (g_string_equal (before, after))
    return TRUE;
  so_error_set (error, SO_ERROR_DATA,
                _ ("leave From, To and Cc in the editor as they are; --to, --change and --from change them"),
                _ ("the message cannot be decoded, so its addresses cannot be followed; nothing is changed"));
  return FALSE;
}

static gboolean
take_back_raw (SoMessageText *text, const char *path, gboolean *changed, GError **error)
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
  *changed |= !is_same (text, edited);
  if (!leaves_envelope (text, edited, error))
    return FALSE;
  take_over (text, edited);
  return TRUE;
}

static gboolean
edit_raw (SoMessageText *text, gboolean *changed, GError **error)
{
  g_autofree char *path = NULL;
  int fd = editor_file (&path, error);
  if (fd < 0)
    return FALSE;
  gboolean done = put_to_file (&fd, text->head->str, text->head->len, error)
                  && copy_rest (text, put_to_file, &fd, error);
  close (fd);
  done = done && so_editor_run (path, error) && take_back_raw (text, path, changed, error);
  unlink (path);
  return done;
}

/* --- decoded --- */

/* The message as it is now, in a file without a name; -1 with error. */
static int
write_whole (const SoMessageText *text, const char *folder, GError **error)
{
  int fd = so_durable_unnamed_file (folder);
  if (fd < 0)
    {
      so_durable_error (error, errno, "%s", folder);
      return -1;
    }
  if (put_to_file (&fd, text->head->str, text->head->len, error)
      && copy_rest (text, put_to_file, &fd, error))
    return fd;
  close (fd);
  return -1;
}

static gboolean
put_words (SoMessageText *text, guint leaf, const char *words, const char *folder, GError **error)
{
  g_autoptr (GPtrArray) changes = g_ptr_array_new_with_free_func (so_mime_change_free);
  SoMimeChange *change = so_mime_change_new (leaf);
  change->words = g_strdup (words);
  g_ptr_array_add (changes, change);
  int before = write_whole (text, folder, error);
  int after = before >= 0 ? so_durable_unnamed_file (folder) : -1;
  if (before >= 0 && after < 0)
    so_durable_error (error, errno, "%s", folder);
  gboolean well = after >= 0 && so_mime_edit (before, 0, changes, so_durable_sink, &after, error);
  if (before >= 0)
    close (before);
  if (!well && after >= 0)
    close (after);
  g_autoptr (SoMessageText) changed = well ? text_new (after, 0, error) : NULL;
  if (changed == NULL)
    return FALSE;
  take_over (text, changed);
  return TRUE;
}

static gboolean
edit_view (SoMessageText *text, const SoEditView *view, const char *folder, SoEdited *edited,
           gboolean *changed, GError **error)
{
  g_autofree char *path = NULL;
  g_autofree char *bytes = NULL;
  gsize length = 0;
  const char *shown = so_edit_view_shown (view);
  int fd = editor_file (&path, error);
  if (fd < 0)
    return FALSE;
  gboolean done = put_to_file (&fd, shown, strlen (shown), error);
  close (fd);
  done = done && run_editor (path, &bytes, &length, error);
  unlink (path);
  if (!done || !so_edit_view_take (view, bytes, length, edited, error))
    return FALSE;
  *changed |= edited->text != NULL || !g_string_equal (text->head, edited->head)
             || edited->added->len > 0;
  g_string_assign (text->head, edited->head->str);
  return edited->text == NULL
         || put_words (text, so_edit_view_leaf (view), edited->text, folder, error);
}

gboolean
so_message_text_edit (SoMessageText *text, const char *folder, SoEdited *edited,
                      gboolean *changed, GError **error)
{
  /* Nothing of the header has been changed yet: it stands before the rest in the file. */
  goffset start = text->rest - (goffset)text->head->len;
  g_autoptr (SoEditView) view = so_edit_view_new (text->fd, start, text->head->len, error);
  if (view == NULL)
    return FALSE;
  if (so_edit_view_kind (view) == SO_EDIT_RAW)
    return edit_raw (text, changed, error);
  return edit_view (text, view, folder, edited, changed, error);
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
  int whole = write_whole (text, spec->folder, error);
  if (whole < 0)
    return FALSE;
  int changed = so_refit (whole, 0, spec, error);
  close (whole);
  g_autoptr (SoMessageText) after = changed >= 0 ? text_new (changed, 0, error) : NULL;
  if (after == NULL)
    return FALSE;
  take_over (text, after);
  return TRUE;
}
