/*
 * enqueue.c - a message on its way into the outbox, as a stream.
 *
 * The file begins with the envelope, whose facts about the message are known only at its
 * end: they have a fixed width and are written over themselves, in memory when the message
 * is small, so that a small message takes one write().  The file is locked from the
 * beginning to keep it from the sweeper, and the lock goes over to the entry it becomes, so that
 * nobody sends it before its writer has been told that it is durable.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <libdeflate.h>

#include "outbox-private.h"
#include "sendoff/clock.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

#define BUFFER_SIZE (64 * 1024)

struct SoEnqueue
{
  SoOutbox *outbox;
  SoEntry *replaces; /* NULL for a new message */
  SoEnvelope *envelope;
  char tmp[SO_ENTRY_ID_LENGTH + 1]; /* its name in tmp/, "" once it has another */
  int fd;
  GString *buffer;
  gsize head_length;
  gboolean head_flushed;
  guint32 sum;
  SoWireMeter *meter; /* NULL when finished */
  SoWireMeasure measure;
};

static gboolean
failed (SoEnqueue *enqueue, GError **error)
{
  so_durable_error (error, errno, _ ("cannot write to the outbox %s"), enqueue->outbox->path);
  return FALSE;
}

static gboolean
flush (SoEnqueue *enqueue, GError **error)
{
  if (!so_durable_write (enqueue->fd, enqueue->buffer->str, enqueue->buffer->len))
    return failed (enqueue, error);
  g_string_truncate (enqueue->buffer, 0);
  enqueue->head_flushed = TRUE;
  return TRUE;
}

static SoEnqueue *
begin (SoOutbox *outbox, SoEntry *replaces, SoEnvelope *envelope, GError **error)
{
  g_autoptr (SoEnqueue) enqueue = g_new0 (SoEnqueue, 1);
  enqueue->outbox = outbox;
  enqueue->replaces = replaces;
  enqueue->envelope = envelope;
  enqueue->fd = -1;
  const char *fault = so_envelope_fault (envelope);
  if (fault[0] != '\0')
    {
      so_error_set (error, SO_ERROR_DATA, _ ("check sender and recipients"), "%s", fault);
      return NULL;
    }
  enqueue->fd = so_outbox_new_file (outbox, enqueue->tmp, error);
  if (enqueue->fd < 0)
    return NULL;
  g_strlcpy (envelope->id, replaces != NULL ? replaces->name.id : enqueue->tmp,
             sizeof envelope->id);
  envelope->crc32[0] = '\0';
  enqueue->buffer = so_envelope_format (envelope);
  enqueue->head_length = enqueue->buffer->len;
  enqueue->meter = so_wire_meter_new ();
  return g_steal_pointer (&enqueue);
}

SoEnqueue *
so_outbox_begin (SoOutbox *outbox, SoEnvelope *envelope, GError **error)
{
  return begin (outbox, NULL, envelope, error);
}

SoEnqueue *
so_outbox_begin_edit (SoEntry *entry, SoEnvelope *envelope, GError **error)
{
  return begin (entry->outbox, entry, envelope, error);
}

gboolean
so_enqueue_write (SoEnqueue *enqueue, const char *bytes, gsize length, GError **error)
{
  enqueue->sum = libdeflate_crc32 (enqueue->sum, bytes, length);
  so_wire_meter_feed (enqueue->meter, bytes, length);
  enqueue->envelope->length += length;
  if (enqueue->buffer->len + length > BUFFER_SIZE && !flush (enqueue, error))
    return FALSE;
  if (length < BUFFER_SIZE)
    g_string_append_len (enqueue->buffer, bytes, (gssize)length);
  else if (!so_durable_write (enqueue->fd, bytes, length))
    return failed (enqueue, error);
  return TRUE;
}

static void
take_facts (SoEnqueue *enqueue)
{
  SoSubmission *submission = enqueue->envelope->submission;
  enqueue->measure = so_wire_meter_end (g_steal_pointer (&enqueue->meter));
  so_submission_take_measure (submission, &enqueue->measure);
  submission->offset = (goffset)enqueue->head_length;
  g_snprintf (enqueue->envelope->crc32, sizeof enqueue->envelope->crc32, "%08x", enqueue->sum);
}

const SoWireMeasure *
so_enqueue_finish (SoEnqueue *enqueue, GError **error)
{
  if (enqueue->meter == NULL)
    return &enqueue->measure;
  take_facts (enqueue);
  g_autoptr (GString) head = so_envelope_format (enqueue->envelope);
  gboolean flushed_before = enqueue->head_flushed;
  if (!flushed_before)
    memcpy (enqueue->buffer->str, head->str, head->len);
  if (!flush (enqueue, error))
    return NULL;
  if (flushed_before && !so_durable_write_at (enqueue->fd, head->str, head->len, 0))
    {
      failed (enqueue, error);
      return NULL;
    }
  return &enqueue->measure;
}

/* After the rename but not durable: nobody has sent it, for it is locked. */
static gboolean
take_back (SoEnqueue *enqueue, const char *file, GError **error)
{
  failed (enqueue, error);
  unlinkat (enqueue->outbox->root, file, 0);
  return FALSE;
}

static gboolean
commit_new (SoEnqueue *enqueue, const SoEntryName *as, SoEntry **entry, GError **error)
{
  SoOutbox *outbox = enqueue->outbox;
  SoEntryName name = *as;
  g_strlcpy (name.id, enqueue->envelope->id, sizeof name.id);
  SoOutboxFile to = so_outbox_entry_file (&name);
  if (renameat (outbox->root, so_outbox_file ("tmp", enqueue->tmp).text, outbox->root, to.text)
      != 0)
    return failed (enqueue, error);
  enqueue->tmp[0] = '\0';
  if (!so_outbox_sync_entries (outbox))
    return take_back (enqueue, to.text, error);

  *entry = g_new0 (SoEntry, 1);
  (*entry)->outbox = outbox;
  (*entry)->name = name;
  (*entry)->fd = enqueue->fd;
  (*entry)->locked = TRUE;
  (*entry)->envelope = g_steal_pointer (&enqueue->envelope);
  (*entry)->log = so_attempt_log_parse ("", 0);
  (*entry)->log_fd = -1;
  enqueue->fd = -1;
  return TRUE;
}

/* The new file takes the old one's name, then the entry goes to its new state. */
static gboolean
commit_edit (SoEnqueue *enqueue, const SoEntryName *as, GError **error)
{
  SoEntry *entry = enqueue->replaces;
  SoOutbox *outbox = enqueue->outbox;
  if (!so_entry_reopen_recipients (entry, so_clock_wall_us () / G_USEC_PER_SEC, error))
    return FALSE;
  if (renameat (outbox->root, so_outbox_file ("tmp", enqueue->tmp).text, outbox->root,
                so_outbox_entry_file (&entry->name).text)
      != 0)
    return failed (enqueue, error);
  enqueue->tmp[0] = '\0';
  close (entry->fd);
  entry->fd = enqueue->fd;
  enqueue->fd = -1;
  so_envelope_free (entry->envelope);
  entry->envelope = g_steal_pointer (&enqueue->envelope);
  return so_entry_rename (entry, as, error);
}

gboolean
so_enqueue_commit (SoEnqueue *enqueue, const SoEntryName *as, SoEntry **entry, GError **error)
{
  if (so_enqueue_finish (enqueue, error) == NULL)
    return FALSE;
  if (fsync (enqueue->fd) != 0)
    return failed (enqueue, error);
  return enqueue->replaces != NULL ? commit_edit (enqueue, as, error)
                                   : commit_new (enqueue, as, entry, error);
}

void
so_enqueue_free (SoEnqueue *enqueue)
{
  if (enqueue == NULL)
    return;
  if (enqueue->tmp[0] != '\0' && enqueue->fd >= 0)
    unlinkat (enqueue->outbox->root, so_outbox_file ("tmp", enqueue->tmp).text, 0);
  if (enqueue->fd >= 0)
    close (enqueue->fd);
  if (enqueue->meter != NULL)
    so_wire_meter_end (enqueue->meter);
  if (enqueue->buffer != NULL)
    g_string_free (enqueue->buffer, TRUE);
  so_envelope_free (enqueue->envelope);
  g_free (enqueue);
}
