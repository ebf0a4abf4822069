/*
 * files.c - the steps that files of the store share: made in tmp/ under a lock, locked,
 * found again by their name, put in their place.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outbox-private.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

gboolean
so_outbox_new_id (char id[SO_ENTRY_ID_LENGTH + 1], GError **error)
{
  guint8 bits[10];
  if (getrandom (bits, sizeof bits, 0) != (ssize_t)sizeof bits)
    {
      so_durable_error (error, errno, "getrandom");
      return FALSE;
    }
  so_entry_id_format (bits, id);
  return TRUE;
}

int
so_outbox_lock_fd (int fd)
{
  struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  if (fcntl (fd, F_OFD_SETLK, &whole) == 0)
    return 0;
  return errno == EACCES ? EAGAIN : errno;
}

/* Whether the new file is this process's: a sweeper may have been quicker with the lock, and
 * then the file is as good as removed.  Without locks nobody sweeps. */
static gboolean
claim (int fd)
{
  struct stat st;
  return so_outbox_lock_fd (fd) != EAGAIN && fstat (fd, &st) == 0 && st.st_nlink > 0;
}

static int
create_in_tmp (SoOutbox *outbox, const char *name)
{
  SoOutboxFile file = so_outbox_file ("tmp", name);
  int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
  int fd = openat (outbox->root, file.text, flags, 0600);
  if (fd < 0 && errno == ENOENT && so_outbox_make_folder (outbox, "tmp")
      && so_outbox_open_to_group (outbox))
    fd = openat (outbox->root, file.text, flags, 0600);
  return fd;
}

int
so_outbox_new_file (SoOutbox *outbox, char name[SO_ENTRY_ID_LENGTH + 1], GError **error)
{
  while (so_outbox_new_id (name, error))
    {
      int fd = create_in_tmp (outbox, name);
      if (fd >= 0 && claim (fd))
        return fd;
      if (fd >= 0)
        close (fd);
      else if (errno != EEXIST)
        {
          so_durable_error (error, errno, _ ("cannot write to the outbox %s"), outbox->path);
          return -1;
        }
    }
  return -1;
}

gboolean
so_outbox_still_named (SoOutbox *outbox, const char *file, int fd)
{
  struct stat held, named;
  int again = openat (outbox->root, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (again < 0)
    return FALSE;
  gboolean same = fstat (fd, &held) == 0 && fstat (again, &named) == 0
                  && held.st_dev == named.st_dev && held.st_ino == named.st_ino;
  close (again);
  return same;
}

gboolean
so_outbox_wait_for_lock (int fd)
{
  struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  int result;
  do
    result = fcntl (fd, F_OFD_SETLKW, &whole);
  while (result != 0 && errno == EINTR);
  return result == 0;
}

/* "FOLDER" of "FOLDER/NAME", "." of "NAME". */
static char *
folder_of (const char *file)
{
  const char *slash = strchr (file, '/');
  return slash != NULL ? g_strndup (file, (gsize)(slash - file)) : g_strdup (".");
}

int
so_outbox_open_for_writing (SoOutbox *outbox, const char *file)
{
  int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  int fd = openat (outbox->root, file, flags, 0600);
  if (fd >= 0 || errno != ENOENT)
    return fd;
  g_autofree char *folder = folder_of (file);
  return so_outbox_make_folder (outbox, folder) ? openat (outbox->root, file, flags, 0600) : -1;
}

gboolean
so_outbox_sync_folder_of (SoOutbox *outbox, const char *file)
{
  g_autofree char *folder = folder_of (file);
  return so_durable_sync_folder_at (outbox->root, folder);
}

static gboolean
put_in_place (SoOutbox *outbox, const char *tmp, const char *file)
{
  if (renameat (outbox->root, tmp, outbox->root, file) == 0)
    return TRUE;
  if (errno != ENOENT)
    return FALSE;
  g_autofree char *folder = folder_of (file);
  return so_outbox_make_folder (outbox, folder)
         && renameat (outbox->root, tmp, outbox->root, file) == 0;
}

gboolean
so_outbox_replace_file (SoOutbox *outbox, const char *file, const char *text, gboolean durable,
                        GError **error)
{
  char name[SO_ENTRY_ID_LENGTH + 1];
  int fd = so_outbox_new_file (outbox, name, error);
  if (fd < 0)
    return FALSE;
  SoOutboxFile tmp = so_outbox_file ("tmp", name);
  gboolean done = so_durable_write (fd, text, strlen (text)) && (!durable || fsync (fd) == 0)
                  && put_in_place (outbox, tmp.text, file)
                  && (!durable || so_outbox_sync_folder_of (outbox, file));
  if (!done)
    {
      so_durable_error (error, errno, "%s/%s", outbox->path, file);
      unlinkat (outbox->root, tmp.text, 0);
    }
  close (fd);
  return done;
}
