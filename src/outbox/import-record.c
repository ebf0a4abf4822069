/*
 * import-record.c - lines "begun HASH ID" and "taken HASH ID", appended under a lock.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outbox-private.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/import-record.h"

#define FILE_NAME "imported"
#define RECORD_MAX (256 * 1024 * 1024) /* octets: some million messages */
#define HASH_LENGTH 64

struct SoImportRecord
{
  SoOutbox *outbox;
  int fd;
  goffset end;
  GHashTable *begun; /* hash → id of the last entry that was begun */
  GHashTable *taken; /* hash → id of the last entry that was taken */
};

static gboolean
failed (const SoImportRecord *record, GError **error)
{
  so_durable_error (error, errno, "%s/%s", record->outbox->path, FILE_NAME);
  return FALSE;
}

/* A torn or foreign line counts for nothing. */
static void
take_line (SoImportRecord *record, const char *line)
{
  g_auto (GStrv) fields = g_strsplit (line, " ", 0);
  if (g_strv_length (fields) != 3 || strlen (fields[1]) != HASH_LENGTH
      || !so_entry_id_is_valid (fields[2]))
    return;
  if (strcmp (fields[0], "begun") == 0)
    g_hash_table_insert (record->begun, g_strdup (fields[1]), g_strdup (fields[2]));
  else if (strcmp (fields[0], "taken") == 0)
    g_hash_table_insert (record->taken, g_strdup (fields[1]), g_strdup (fields[2]));
}

static gboolean
read_record (SoImportRecord *record)
{
  struct stat st;
  if (fstat (record->fd, &st) != 0)
    return FALSE;
  if (st.st_size > RECORD_MAX)
    {
      errno = EFBIG;
      return FALSE;
    }
  g_autofree char *text = g_malloc0 ((gsize)st.st_size + 1);
  if (so_durable_read_at (record->fd, text, (gsize)st.st_size, 0) < 0)
    return FALSE;
  record->end = st.st_size;
  g_auto (GStrv) lines = g_strsplit (text, "\n", 0);
  for (char **line = lines; *line != NULL; line++)
    take_line (record, *line);
  /* What stands behind a torn line must not become part of it. */
  return st.st_size == 0 || text[st.st_size - 1] == '\n'
         || so_durable_write_at (record->fd, "\n", 1, record->end++);
}

SoImportRecord *
so_import_record_open (SoOutbox *outbox, GError **error)
{
  g_autoptr (SoImportRecord) record = g_new0 (SoImportRecord, 1);
  record->outbox = outbox;
  record->begun = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  record->taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  record->fd = so_outbox_open_for_writing (outbox, FILE_NAME);
  if (record->fd >= 0 && so_outbox_wait_for_lock (record->fd) && read_record (record)
      && so_outbox_sync_folder_of (outbox, FILE_NAME))
    return g_steal_pointer (&record);
  failed (record, error);
  return NULL;
}

void
so_import_record_close (SoImportRecord *record)
{
  if (record == NULL)
    return;
  if (record->fd >= 0)
    {
      fsync (record->fd); /* the last "taken": without it the entry would be looked for */
      close (record->fd);
    }
  g_hash_table_unref (record->begun);
  g_hash_table_unref (record->taken);
  g_free (record);
}

static gboolean
is_there (const SoImportRecord *record, const char *id)
{
  SoEntryName name;
  return id != NULL && so_outbox_find (record->outbox, id, &name, NULL);
}

gboolean
so_import_record_waits (SoImportRecord *record, const char *hash)
{
  return is_there (record, g_hash_table_lookup (record->taken, hash))
         || is_there (record, g_hash_table_lookup (record->begun, hash));
}

SoImportState
so_import_record_look (SoImportRecord *record, const char *hash)
{
  if (g_hash_table_contains (record->taken, hash))
    return SO_IMPORT_TAKEN;
  const char *id = g_hash_table_lookup (record->begun, hash);
  if (id == NULL)
    return SO_IMPORT_UNKNOWN;
  return is_there (record, id) ? SO_IMPORT_TAKEN : SO_IMPORT_UNSURE;
}

static gboolean
append (SoImportRecord *record, const char *word, const char *hash, const char *id)
{
  g_autofree char *line = g_strdup_printf ("%s %s %s\n", word, hash, id);
  if (!so_durable_write_at (record->fd, line, strlen (line), record->end))
    return FALSE;
  record->end += (goffset)strlen (line);
  return TRUE;
}

gboolean
so_import_record_begin (SoImportRecord *record, const char *hash, const char *id, GError **error)
{
  if (!append (record, "begun", hash, id) || fsync (record->fd) != 0)
    return failed (record, error);
  g_hash_table_insert (record->begun, g_strdup (hash), g_strdup (id));
  return TRUE;
}

gboolean
so_import_record_taken (SoImportRecord *record, const char *hash, const char *id, GError **error)
{
  if (!append (record, "taken", hash, id))
    return failed (record, error);
  g_hash_table_insert (record->taken, g_strdup (hash), g_strdup (id));
  return TRUE;
}
