/*
 * entry-log.c - the attempt log of an entry on disk: one file in attempts/, locked with the
 * entry, only ever appended to.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outbox-private.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

/* Five days of hourly refusals to 500 recipients are a tenth of it. */
#define LOG_MAX (128 * 1024 * 1024)

static gboolean
failed (const SoEntry *entry, GError **error)
{
  so_durable_error (error, errno, _ ("attempt log of outbox entry %s"), entry->name.id);
  return FALSE;
}

static gboolean
read_log (SoEntry *entry, GError **error)
{
  struct stat st;
  if (fstat (entry->log_fd, &st) != 0)
    return failed (entry, error);
  if (!S_ISREG (st.st_mode) || st.st_size > LOG_MAX)
    {
      so_error_set (error, SO_ERROR_DATA, _ ("look at it, and move it away if it is not needed"),
                    _ ("%s/attempts/%s is no attempt log"), entry->outbox->path, entry->name.id);
      return FALSE;
    }
  g_autofree char *bytes = g_malloc ((gsize)st.st_size + 1);
  gssize n = so_durable_read_at (entry->log_fd, bytes, (gsize)st.st_size, 0);
  if (n < 0)
    return failed (entry, error);
  so_attempt_log_free (entry->log);
  entry->log = so_attempt_log_parse (bytes, (gsize)n);
  if (entry->log->foreign)
    so_error_set (error, SO_ERROR_DATA,
                  _ ("without it nobody knows who has got the message: look at it, and move it "
                     "away if it is not needed"),
                  _ ("%s/attempts/%s is no attempt log, or of a later version"),
                  entry->outbox->path, entry->name.id);
  return !entry->log->foreign;
}

gboolean
so_entry_open_log (SoEntry *entry, GError **error)
{
  SoOutboxFile file = so_outbox_file ("attempts", entry->name.id);
  int mode = entry->locked ? O_RDWR : O_RDONLY;
  entry->log_fd
      = openat (entry->outbox->root, file.text, mode | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (entry->log_fd < 0 && errno == ENOENT)
    {
      entry->log = so_attempt_log_parse ("", 0);
      return TRUE;
    }
  /* Holding the entry's lock, the only other who may have the log's is a sweeper, for moments. */
  if (entry->log_fd < 0 || (entry->locked && !so_outbox_wait_for_lock (entry->log_fd)))
    return failed (entry, error);
  return read_log (entry, error);
}

static gboolean
create_log (SoEntry *entry, GError **error)
{
  entry->log_fd = so_outbox_open_for_writing (entry->outbox,
                                              so_outbox_file ("attempts", entry->name.id).text);
  return (entry->log_fd >= 0 && so_outbox_wait_for_lock (entry->log_fd)) || failed (entry, error);
}

static gboolean
sync_folder (SoEntry *entry, GError **error)
{
  SoOutboxFile file = so_outbox_file ("attempts", entry->name.id);
  return so_outbox_sync_folder_of (entry->outbox, file.text) || failed (entry, error);
}

/* What the records are to be preceded by: the head of a new log, the end of a torn line. */
static const char *
lead_in (SoEntry *entry, goffset size)
{
  char last = '\n';
  if (size == 0)
    return SO_ATTEMPT_LOG_HEAD;
  so_durable_read_at (entry->log_fd, &last, 1, size - 1);
  return last == '\n' ? "" : "\n";
}

/* A torn head is written anew: nothing has been recorded behind it. */
static gboolean
prepare (SoEntry *entry, goffset *size)
{
  struct stat st;
  if (fstat (entry->log_fd, &st) != 0)
    return FALSE;
  *size = st.st_size;
  if (st.st_size >= (goffset)strlen (SO_ATTEMPT_LOG_HEAD))
    return TRUE;
  *size = 0;
  return st.st_size == 0 || ftruncate (entry->log_fd, 0) == 0;
}

gboolean
so_entry_append (SoEntry *entry, const GString *records, GError **error)
{
  goffset size;
  if (entry->log_fd < 0 && !create_log (entry, error))
    return FALSE;
  if (!prepare (entry, &size))
    return failed (entry, error);
  g_autofree char *text = g_strconcat (lead_in (entry, size), records->str, NULL);
  if (!so_durable_write_at (entry->log_fd, text, strlen (text), size) || fsync (entry->log_fd) != 0)
    {
      failed (entry, error);
      /* Half a record would only be passed over; gone is tidier, and gives back its space. */
      if (ftruncate (entry->log_fd, size) == 0)
        fsync (entry->log_fd);
      return FALSE;
    }
  /* Each time: whoever made the file may have been stopped before this. */
  return sync_folder (entry, error) && read_log (entry, error);
}
