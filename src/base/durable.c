/*
 * durable.c - the steps of a durable write, and words for what can go wrong in them.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

gboolean
so_durable_write (int fd, const char *bytes, gsize length)
{
  while (length > 0)
    {
      ssize_t n = write (fd, bytes, length);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      bytes += n;
      length -= (gsize)n;
    }
  return TRUE;
}

gboolean
so_durable_write_at (int fd, const char *bytes, gsize length, goffset offset)
{
  while (length > 0)
    {
      ssize_t n = pwrite (fd, bytes, length, offset);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      bytes += n;
      offset += n;
      length -= (gsize)n;
    }
  return TRUE;
}

gssize
so_durable_read_at (int fd, char *bytes, gsize length, goffset offset)
{
  gsize done = 0;
  while (done < length)
    {
      ssize_t n = pread (fd, bytes + done, length - done, offset + (goffset)done);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return -1;
      if (n == 0)
        break;
      done += (gsize)n;
    }
  return (gssize)done;
}

int
so_durable_unnamed_file (const char *folder)
{
  int fd = open (folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0)
    return fd;
  g_autofree char *name = g_build_filename (folder, "unnamed-XXXXXX", NULL);
  fd = g_mkstemp_full (name, O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0)
    unlink (name);
  return fd;
}

gboolean
so_durable_sync_folder (int fd)
{
  return fsync (fd) == 0 || errno == EINVAL;
}

gboolean
so_durable_sync_folder_at (int folder, const char *path)
{
  int fd = openat (folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return FALSE;
  gboolean synced = so_durable_sync_folder (fd);
  int saved = errno;
  close (fd);
  errno = saved;
  return synced;
}

gboolean
so_durable_make_folder (const char *path)
{
  if (mkdir (path, 0700) == 0)
    {
      g_autofree char *above = g_path_get_dirname (path);
      return so_durable_sync_folder_at (AT_FDCWD, above);
    }
  if (errno == EEXIST)
    return g_file_test (path, G_FILE_TEST_IS_DIR) || (errno = ENOTDIR, FALSE);
  if (errno != ENOENT)
    return FALSE;
  g_autofree char *above = g_path_get_dirname (path);
  if (g_str_equal (above, path) || !so_durable_make_folder (above))
    return FALSE;
  return so_durable_make_folder (path);
}

static SoError
code_for (int errnum)
{
  switch (errnum)
    {
    case EROFS:
    case EACCES:
    case EPERM:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return SO_ERROR_CANNOT_CREATE;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
    case ENOLCK:
      return SO_ERROR_TEMPORARY;
    default:
      return SO_ERROR_IO;
    }
}

static const char *
remedy_for (int errnum)
{
  switch (errnum)
    {
    case ENOSPC:
      return _ ("free some space on that disk (see df and df -i), then try again");
    case EDQUOT:
      return _ ("your disk quota is used up: delete something or ask for more, then try again");
    case EROFS:
      return _ ("that disk is mounted read-only: make it writable or choose another folder");
    case EACCES:
    case EPERM:
      return _ ("check the folder's owner and mode (ls -ld)");
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return _ ("something else stands at that path: move it away or choose another folder");
    case EIO:
      return _ ("the disk reports an error: look into the system's log, and make a backup");
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return _ ("the system is short of memory or file descriptors: try again later");
    case ENOLCK:
    case EOPNOTSUPP:
      return _ ("that file system has no locks: put the folder on another one");
    default:
      return "";
    }
}

void
so_durable_error (GError **error, int errnum, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *what = g_strdup_vprintf (format, args);
  va_end (args);
  so_error_set (error, code_for (errnum), remedy_for (errnum), "%s: %s", what, g_strerror (errnum));
}

gboolean
so_durable_sink (gpointer fd, const char *bytes, gsize length, GError **error)
{
  if (so_durable_write (*(const int *)fd, bytes, length))
    return TRUE;
  so_durable_error (error, errno, _ ("cannot write the message"));
  return FALSE;
}
