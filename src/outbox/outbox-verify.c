/*
 * outbox-verify.c - reads every file to its end and tells what is not as it was written.
 *
 * Changes nothing unless told to; what is being written or sent meanwhile is no fault.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <libdeflate.h>

#include "outbox-private.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/outbox-verify.h"
#include "sendoff/text.h"

#define PIECE (64 * 1024)
#define ALL_THE_TIME (G_MAXINT64 / 2)

typedef struct
{
  SoOutbox *outbox;
  gboolean repair;
  SoVerifyFunc func;
  gpointer data;
  SoVerifySummary *summary;
  GHashTable *ids; /* of entries */
} Verify;

static void
complain (Verify *verify, const char *file, const char *problem)
{
  g_autofree char *shown = so_text_sanitise (file, -1, SO_TEXT_LINE_MAX);
  verify->summary->problems++;
  verify->func (verify->data, shown, problem);
}

/* "" if the message is what the envelope says. */
static const char *
check_message (const SoEntry *entry)
{
  const SoEnvelope *envelope = entry->envelope;
  guint32 sum = 0;
  SoWireMeter *meter = so_wire_meter_new ();
  g_autofree char *piece = g_malloc (PIECE);
  goffset at = envelope->submission->offset;
  gssize n;
  while ((n = so_durable_read_at (entry->fd, piece, PIECE, at)) > 0)
    {
      sum = libdeflate_crc32 (sum, piece, (gsize)n);
      so_wire_meter_feed (meter, piece, (gsize)n);
      at += n;
    }
  SoWireMeasure measure = so_wire_meter_end (meter);
  if (n < 0)
    return g_strerror (errno);
  char text[sizeof envelope->crc32];
  g_snprintf (text, sizeof text, "%08x", sum);
  if (!g_str_equal (text, envelope->crc32))
    return _ ("the message has changed: its checksum is not the one in the envelope");
  if (measure.size != envelope->submission->wire_size
      || measure.eight_bit != envelope->submission->eight_bit
      || measure.utf8_headers != envelope->submission->utf8_headers
      || measure.long_lines != envelope->submission->long_lines)
    return _ ("the envelope does not fit the message");
  return "";
}

static void
check_log (Verify *verify, const SoEntry *entry)
{
  SoOutboxFile file = so_outbox_file ("attempts", entry->name.id);
  if (entry->log->n_bad > 0)
    complain (verify, file.text, _ ("it has lines that are no records (a crash leaves such)"));
}

static void
set_aside (Verify *verify, const SoEntryName *name, const char *problem)
{
  if (!verify->repair)
    return;
  char text[SO_ENTRY_NAME_MAX];
  so_entry_name_format (name, text);
  so_outbox_set_aside (verify->outbox, text, problem, NULL);
}

static void
check_entry (Verify *verify, const SoEntryName *name)
{
  SoOutboxFile file = so_outbox_entry_file (name);
  g_autoptr (SoEntry) entry = NULL;
  g_autoptr (GError) error = NULL;
  SoLock found = so_outbox_peek (verify->outbox, name, &entry, &error);
  if (found == SO_LOCK_GONE)
    return;
  verify->summary->entries++;
  if (!g_hash_table_add (verify->ids, g_strdup (name->id)))
    complain (verify, file.text, _ ("there is another file with its id"));
  if (found != SO_LOCK_DONE)
    {
      complain (verify, file.text, error->message);
      if (g_error_matches (error, SO_ERROR_DOMAIN, SO_ERROR_DATA))
        set_aside (verify, name, error->message);
      return;
    }
  const char *problem = check_message (entry);
  if (*problem != '\0')
    {
      complain (verify, file.text, problem);
      set_aside (verify, name, problem);
    }
  check_log (verify, entry);
}

static gboolean
check_entries (Verify *verify, GError **error)
{
  g_autoptr (SoOutboxScan) scan = so_outbox_scan (verify->outbox, error);
  if (scan == NULL)
    return FALSE;
  g_autoptr (GError) problem = NULL;
  SoEntryName name;
  while (so_outbox_scan_next (scan, &name, &problem))
    check_entry (verify, &name);
  if (problem == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

typedef const char *(*JudgeFunc) (Verify *verify, const char *file, const char *name);

static const char *
judge_entry_name (Verify *verify, const char *file, const char *name)
{
  (void)verify;
  (void)file;
  SoEntryName parsed;
  return so_entry_name_parse (name, &parsed) ? "" : _ ("not an entry of the outbox");
}

static const char *
judge_log_name (Verify *verify, const char *file, const char *name)
{
  (void)file;
  if (!so_entry_id_is_valid (name))
    return _ ("not an attempt log");
  return g_hash_table_contains (verify->ids, name) ? "" : _ ("its entry is gone");
}

/* Nobody has it locked: nobody is writing it. */
static const char *
judge_tmp (Verify *verify, const char *file, const char *name)
{
  (void)name;
  int fd = openat (verify->outbox->root, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  gboolean litter = fd < 0 ? errno != ENOENT : so_outbox_lock_fd (fd) == 0;
  if (fd >= 0)
    close (fd);
  return litter ? _ ("left behind by a crash") : "";
}

static void
check_folder (Verify *verify, const char *folder, JudgeFunc judge)
{
  int fd = openat (verify->outbox->root, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  const struct dirent *found;
  while (dir != NULL && (found = readdir (dir)) != NULL)
    {
      if (found->d_name[0] == '.')
        continue;
      g_autofree char *file = g_build_filename (folder, found->d_name, NULL);
      const char *problem = judge (verify, file, found->d_name);
      if (*problem != '\0')
        complain (verify, file, problem);
    }
  if (dir != NULL)
    closedir (dir);
}

gboolean
so_outbox_verify (SoOutbox *outbox, gboolean repair, SoVerifyFunc func, gpointer data,
                  SoVerifySummary *summary, GError **error)
{
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Verify verify = { outbox, repair, func, data, summary, ids };
  *summary = (SoVerifySummary){ 0 };
  if (!check_entries (&verify, error))
    return FALSE;
  check_folder (&verify, "entries", judge_entry_name);
  check_folder (&verify, "attempts", judge_log_name);
  check_folder (&verify, "tmp", judge_tmp);
  if (!repair)
    return TRUE;
  so_outbox_part_twins (outbox);
  return so_outbox_sweep (outbox, ALL_THE_TIME, error);
}
