/*
 * outbox.c - the folder itself: found or made, checked, and the steps that all files of
 * the store share.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outbox-private.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"

#define CLOSING_MAX 32 /* descriptors */

static const char *const folders[] = { "entries", "attempts", "tmp", "aside", "accounts" };

SoOutboxFile
so_outbox_file (const char *folder, const char *name)
{
  SoOutboxFile file;
  g_snprintf (file.text, sizeof file.text, "%s/%s", folder, name);
  return file;
}

SoOutboxFile
so_outbox_entry_file (const SoEntryName *name)
{
  char text[SO_ENTRY_NAME_MAX];
  so_entry_name_format (name, text);
  return so_outbox_file ("entries", text);
}

void
so_outbox_set_warn (SoOutbox *outbox, SoOutboxWarnFunc warn, gpointer data)
{
  outbox->warn = warn;
  outbox->warn_data = data;
}

void
so_outbox_warning (SoOutbox *outbox, const char *format, ...)
{
  if (outbox->warn == NULL)
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *line = g_strdup_vprintf (format, args);
  va_end (args);
  outbox->warn (outbox->warn_data, line);
}

const char *
so_outbox_path (const SoOutbox *outbox)
{
  return outbox->path;
}

static gboolean
is_own_folder (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    if (g_str_equal (name, folders[i]))
      return TRUE;
  return FALSE;
}

/* A folder without our mark must hold nothing but what a start that was cut short leaves:
 * an outbox is not made in the middle of somebody's files. */
static gboolean
is_empty (const SoOutbox *outbox, GError **error)
{
  int fd = openat (outbox->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL)
    {
      so_durable_error (error, errno, "%s", outbox->path);
      return FALSE;
    }
  gboolean empty = TRUE;
  const struct dirent *found;
  while (empty && (found = readdir (dir)) != NULL)
    empty = found->d_name[0] == '.' || is_own_folder (found->d_name)
            || g_str_equal (found->d_name, "format") || g_str_equal (found->d_name, "last-pass")
            || g_str_equal (found->d_name, "background");
  closedir (dir);
  if (!empty)
    so_error_set (error, SO_ERROR_CANNOT_CREATE,
                  _ ("choose an empty folder, or one that is not there yet"),
                  _ ("%s is no outbox and has other files in it"), outbox->path);
  return empty;
}

static gboolean
make (SoOutbox *outbox, GError **error)
{
  if (!is_empty (outbox, error))
    return FALSE;
  gboolean made = TRUE;
  for (gsize i = 0; made && i < G_N_ELEMENTS (folders); i++)
    made = so_outbox_make_folder (outbox, folders[i]) || errno == EEXIST;
  if (made)
    return so_outbox_replace_file (outbox, "format", SO_OUTBOX_HEAD SO_OUTBOX_FORMAT "\n", TRUE,
                                   error);
  so_durable_error (error, errno, _ ("cannot make the outbox %s"), outbox->path);
  return FALSE;
}

/* 1: ours; 0: none there; -1 with error. */
static int
read_format (SoOutbox *outbox, GError **error)
{
  char text[64] = "";
  int fd = openat (outbox->root, "format", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 && errno == ENOENT)
    return 0;
  gssize n = fd >= 0 ? so_durable_read_at (fd, text, sizeof text - 1, 0) : -1;
  int saved = errno;
  if (fd >= 0)
    close (fd);
  if (n < 0)
    so_durable_error (error, saved, "%s/format", outbox->path);
  else if (!g_str_has_prefix (text, SO_OUTBOX_HEAD))
    so_error_set (error, SO_ERROR_CANNOT_CREATE, _ ("choose another folder"),
                  _ ("%s is no outbox of sendoff"), outbox->path);
  else if (!g_str_equal (text, SO_OUTBOX_HEAD SO_OUTBOX_FORMAT "\n"))
    so_error_set (error, SO_ERROR_CONFIG,
                  _ ("use the later version of sendoff, or another folder"),
                  _ ("the outbox %s was made by a later version of sendoff"), outbox->path);
  else
    return 1;
  return -1;
}

static gboolean
open_folders (SoOutbox *outbox, gboolean to_add, GError **error)
{
  outbox->root = open (outbox->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (outbox->root < 0 && errno == ENOENT && so_durable_make_folder (outbox->path))
    outbox->root = open (outbox->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (outbox->root < 0)
    {
      so_durable_error (error, errno, _ ("cannot open the outbox %s"), outbox->path);
      return FALSE;
    }
  if (!so_outbox_check_owner (outbox, to_add, error))
    return FALSE;
  int format = read_format (outbox, error);
  if (format < 0 || (format == 0 && !make (outbox, error)))
    return FALSE;
  outbox->entries = so_outbox_open_to_group (outbox)
                        ? openat (outbox->root, "entries", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                        : -1;
  if (outbox->entries < 0)
    so_durable_error (error, errno, "%s/entries", outbox->path);
  return outbox->entries >= 0;
}

static SoOutbox *
open_for (const char *path, gboolean to_add, GError **error)
{
  g_autoptr (SoOutbox) outbox = g_new0 (SoOutbox, 1);
  outbox->path = g_strdup (path);
  outbox->root = outbox->entries = outbox->n_foreign = -1;
  outbox->spent_logs = g_ptr_array_new_with_free_func (g_free);
  return open_folders (outbox, to_add, error) ? g_steal_pointer (&outbox) : NULL;
}

SoOutbox *
so_outbox_open (const char *path, GError **error)
{
  return open_for (path, FALSE, error);
}

SoOutbox *
so_outbox_open_to_add (const char *path, GError **error)
{
  return open_for (path, TRUE, error);
}

void
so_outbox_close (SoOutbox *outbox)
{
  if (outbox == NULL)
    return;
  if (outbox->unsynced)
    so_outbox_sync_entries (outbox);
  if (outbox->closer != NULL)
    g_thread_pool_free (outbox->closer, FALSE, TRUE);
  if (outbox->entries >= 0)
    close (outbox->entries);
  if (outbox->root >= 0)
    close (outbox->root);
  g_ptr_array_unref (outbox->spent_logs);
  g_free (outbox->path);
  g_free (outbox);
}

static void
close_file (gpointer file, gpointer data)
{
  (void)data;
  close (GPOINTER_TO_INT (file) - 1);
}

/* With a thread of its own from the start: one that cannot be had is not waited for. */
static void
start_closer (SoOutbox *outbox)
{
  g_autoptr (GError) error = NULL;
  outbox->closer = g_thread_pool_new (close_file, NULL, 1, TRUE, &error);
  if (error != NULL)
    g_thread_pool_free (g_steal_pointer (&outbox->closer), TRUE, FALSE);
}

/* The last close of a removed file gives its blocks back, which takes about as long as an fsync:
 * in a backlog, time in which the next message can be on its way. */
void
so_outbox_close_removed (SoOutbox *outbox, int fd)
{
  if (outbox->n_removed++ > 0 && outbox->closer == NULL)
    start_closer (outbox);
  if (outbox->closer != NULL && g_thread_pool_unprocessed (outbox->closer) < CLOSING_MAX)
    g_thread_pool_push (outbox->closer, GINT_TO_POINTER (fd + 1), NULL);
  else
    close (fd);
}

gboolean
so_outbox_sync_entries (SoOutbox *outbox)
{
  if (!so_durable_sync_folder (outbox->entries))
    return FALSE;
  outbox->unsynced = FALSE;
  for (guint i = 0; i < outbox->spent_logs->len; i++)
    unlinkat (outbox->root,
              so_outbox_file ("attempts", g_ptr_array_index (outbox->spent_logs, i)).text, 0);
  g_ptr_array_set_size (outbox->spent_logs, 0);
  return TRUE;
}

gboolean
so_outbox_sync (SoOutbox *outbox, GError **error)
{
  if (!outbox->unsynced || so_outbox_sync_entries (outbox))
    return TRUE;
  so_durable_error (error, errno, "%s/entries", outbox->path);
  return FALSE;
}

static SoOutboxFile
free_name_aside (SoOutbox *outbox, const char *name)
{
  struct stat st;
  SoOutboxFile file = so_outbox_file ("aside", name);
  for (guint n = 2; fstatat (outbox->root, file.text, &st, AT_SYMLINK_NOFOLLOW) == 0; n++)
    g_snprintf (file.text, sizeof file.text, "aside/%.70s.%u", name, n);
  return file;
}

gboolean
so_outbox_set_aside (SoOutbox *outbox, const char *name, const char *why, GError **error)
{
  g_autofree char *from = g_build_filename ("entries", name, NULL);
  SoOutboxFile to = free_name_aside (outbox, name);
  g_autofree char *shown = so_text_sanitise (name, -1, SO_TEXT_LINE_MAX);
  gboolean moved = renameat (outbox->root, from, outbox->root, to.text) == 0;
  if (!moved && errno == ENOENT && so_outbox_make_folder (outbox, "aside"))
    moved = renameat (outbox->root, from, outbox->root, to.text) == 0;
  if (!moved && errno == ENOENT)
    return TRUE; /* somebody else did, or it was removed */
  if (!moved)
    {
      so_durable_error (error, errno, _ ("cannot set aside %s in the outbox"), shown);
      return FALSE;
    }
  so_outbox_warning (outbox, _ ("%s in the outbox: %s; moved to %s/aside"), shown, why,
                     outbox->path);
  return TRUE;
}
