/*
 * sweep.c - what crashes and hands have left: files in tmp/, logs without an entry, foreign
 * files among the entries.
 *
 * Nothing live is touched, whatever its age, for a live file is locked (doc/INTERNALS.md,
 * "Locks").  Comes after a pass and gives up when its time is over.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outbox-private.h"
#include "sendoff/clock.h"
#include "sendoff/durable.h"
#include "sendoff/i18n.h"

/* Logs whose entries are looked for in one go; each holds a descriptor. */
#define LOGS_AT_ONCE 100

typedef void (*FileFunc) (SoOutbox *outbox, const char *name, gpointer data);

/* Calls func for every file of a folder; FALSE when the time is over. */
static gboolean
for_each (SoOutbox *outbox, const char *folder, gint64 until_us, FileFunc func, gpointer data)
{
  int fd = openat (outbox->root, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL)
    return TRUE; /* no folder, no litter */
  const struct dirent *found;
  gboolean in_time = TRUE;
  while (in_time && (found = readdir (dir)) != NULL)
    {
      if (found->d_name[0] != '.')
        func (outbox, found->d_name, data);
      in_time = so_clock_monotonic_us () < until_us;
    }
  closedir (dir);
  return in_time;
}

/* An open, locked descriptor of a file nobody uses; -1 otherwise. */
static int
seize (SoOutbox *outbox, const char *file)
{
  int fd = openat (outbox->root, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return -1;
  if (so_outbox_lock_fd (fd) == 0 && so_outbox_still_named (outbox, file, fd))
    return fd;
  close (fd);
  return -1;
}

static void
sweep_tmp_file (SoOutbox *outbox, const char *name, gpointer data)
{
  (void)data;
  if (!so_entry_id_is_valid (name))
    return; /* none of ours */
  SoOutboxFile file = so_outbox_file ("tmp", name);
  int fd = seize (outbox, file.text);
  if (fd < 0)
    return;
  unlinkat (outbox->root, file.text, 0);
  close (fd);
}

static void
set_foreign_aside (SoOutbox *outbox, const char *name, gpointer data)
{
  (void)data;
  SoEntryName ours;
  if (!so_entry_name_parse (name, &ours))
    so_outbox_set_aside (outbox, name, _ ("not an entry of the outbox"), NULL);
}

static void
collect_id (SoOutbox *outbox, const char *name, gpointer data)
{
  (void)outbox;
  if (so_entry_id_is_valid (name))
    g_hash_table_add (data, g_strdup (name));
}

/* Ids of logs that seem to have no entry. */
static GHashTable *
find_orphans (SoOutbox *outbox, gint64 until_us)
{
  g_autoptr (GHashTable) orphans = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for_each (outbox, "attempts", until_us, collect_id, orphans);
  if (g_hash_table_size (orphans) == 0)
    return g_steal_pointer (&orphans);
  g_autoptr (SoOutboxScan) scan = so_outbox_scan (outbox, NULL);
  g_autoptr (GError) error = NULL;
  SoEntryName name;
  while (scan != NULL && so_outbox_scan_next (scan, &name, &error))
    g_hash_table_remove (orphans, name.id);
  if (scan == NULL || error != NULL)
    g_hash_table_remove_all (orphans);
  return g_steal_pointer (&orphans);
}

typedef struct
{
  char id[SO_ENTRY_ID_LENGTH + 1];
  int fd;
} HeldLog;

static GArray *
hold_logs (SoOutbox *outbox, GHashTable *ids)
{
  GArray *held = g_array_new (FALSE, FALSE, sizeof (HeldLog));
  GHashTableIter iter;
  gpointer id;
  g_hash_table_iter_init (&iter, ids);
  while (held->len < LOGS_AT_ONCE && g_hash_table_iter_next (&iter, &id, NULL))
    {
      HeldLog log = { .fd = seize (outbox, so_outbox_file ("attempts", id).text) };
      g_strlcpy (log.id, id, sizeof log.id);
      if (log.fd >= 0)
        g_array_append_val (held, log);
    }
  return held;
}

/* While a log is held its entry cannot be renamed, so now the names are to be trusted. */
static void
sweep_logs (SoOutbox *outbox, gint64 until_us)
{
  g_autoptr (GHashTable) orphans = find_orphans (outbox, until_us);
  if (g_hash_table_size (orphans) == 0)
    return;
  g_autoptr (GArray) held = hold_logs (outbox, orphans);
  g_autoptr (GHashTable) still = find_orphans (outbox, G_MAXINT64);
  /* Another process may have removed the entry a moment ago: not durably, perhaps. */
  gboolean gone_for_good = so_outbox_sync_entries (outbox);
  for (guint i = 0; i < held->len; i++)
    {
      const HeldLog *log = &g_array_index (held, HeldLog, i);
      if (gone_for_good && g_hash_table_contains (still, log->id))
        unlinkat (outbox->root, so_outbox_file ("attempts", log->id).text, 0);
      close (log->fd);
    }
}

gboolean
so_outbox_sweep (SoOutbox *outbox, gint64 limit_us, GError **error)
{
  gint64 until_us = so_clock_monotonic_us () + limit_us;
  /* Logs that wait for an fsync of the folder are not orphans yet. */
  if (!so_outbox_sync (outbox, error))
    return FALSE;
  /* A pass has just read the names: only where it came upon foreign ones are they read again. */
  if (for_each (outbox, "tmp", until_us, sweep_tmp_file, NULL)
      && (outbox->n_foreign == 0
          || for_each (outbox, "entries", until_us, set_foreign_aside, NULL)))
    sweep_logs (outbox, until_us);
  return TRUE;
}
