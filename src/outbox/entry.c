/*
 * entry.c - an entry opened: locked by its own file, or only looked at; and its message.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outbox-private.h"
#include "sendoff/clock.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

#define FIRST_READ 4096

static void
read_failed (const SoEntryName *name, GError **error)
{
  so_durable_error (error, errno, _ ("cannot read outbox entry %s"), name->id);
}

/* Reads on until the envelope is whole. */
static SoEnvelopeVerdict
read_head (int fd, SoEnvelope **envelope, gboolean *failed)
{
  g_autofree char *bytes = NULL;
  for (gsize want = FIRST_READ; want <= SO_ENVELOPE_MAX; want *= 4)
    {
      bytes = g_realloc (bytes, want);
      gssize n = so_durable_read_at (fd, bytes, want, 0);
      *failed = n < 0;
      guint line;
      SoEnvelopeVerdict verdict
          = n < 0 ? SO_ENVELOPE_BAD : so_envelope_parse (bytes, (gsize)n, envelope, &line);
      if (verdict != SO_ENVELOPE_SHORT || (gsize)n < want)
        return verdict == SO_ENVELOPE_SHORT ? SO_ENVELOPE_BAD : verdict;
    }
  return SO_ENVELOPE_BAD;
}

/* What is wrong with a file whose envelope has been read; "" for nothing. */
static const char *
fault_of (const SoEnvelope *envelope, const SoEntryName *name, goffset size)
{
  guint64 expected = (guint64)envelope->submission->offset + envelope->length;
  if (!g_str_equal (envelope->id, name->id))
    return _ ("its id is not the one in its name");
  if ((guint64)size < expected)
    return _ ("it has been cut short");
  if ((guint64)size > expected)
    return _ ("something has been added to it");
  return "";
}

SoEnvelope *
so_entry_read_envelope (int fd, const SoEntryName *name, const char **fault, GError **error)
{
  struct stat st;
  g_autoptr (SoEnvelope) envelope = NULL;
  gboolean failed = FALSE;
  *fault = "";
  if (fstat (fd, &st) != 0)
    {
      read_failed (name, error);
      return NULL;
    }
  SoEnvelopeVerdict verdict
      = S_ISREG (st.st_mode) ? read_head (fd, &envelope, &failed) : SO_ENVELOPE_BAD;
  if (failed)
    read_failed (name, error);
  else if (verdict == SO_ENVELOPE_LATER)
    so_error_set (error, SO_ERROR_CONFIG, _ ("use the later version of sendoff"),
                  _ ("outbox entry %s was written by a later version of sendoff"), name->id);
  else
    *fault = verdict == SO_ENVELOPE_OK ? fault_of (envelope, name, st.st_size)
                                       : _ ("not an entry of the outbox");
  return verdict == SO_ENVELOPE_OK && (*fault)[0] == '\0' ? g_steal_pointer (&envelope) : NULL;
}

static SoEntry *
entry_new (SoOutbox *outbox, const SoEntryName *name, int fd, gboolean locked)
{
  SoEntry *entry = g_new0 (SoEntry, 1);
  entry->outbox = outbox;
  entry->name = *name;
  entry->fd = fd;
  entry->locked = locked;
  entry->log_fd = -1;
  return entry;
}

void
so_entry_free (SoEntry *entry)
{
  if (entry == NULL)
    return;
  if (entry->log_fd >= 0)
    close (entry->log_fd);
  if (entry->fd >= 0 && entry->removed)
    so_outbox_close_removed (entry->outbox, entry->fd);
  else if (entry->fd >= 0)
    close (entry->fd);
  so_envelope_free (entry->envelope);
  so_attempt_log_free (entry->log);
  g_free (entry);
}

static SoLock
set_aside (SoOutbox *outbox, const SoEntryName *name, const char *why, GError **error)
{
  char text[SO_ENTRY_NAME_MAX];
  so_entry_name_format (name, text);
  return so_outbox_set_aside (outbox, text, why, error) ? SO_LOCK_ASIDE : SO_LOCK_FAILED;
}

static SoLock
judge_open_error (SoOutbox *outbox, const SoEntryName *name, GError **error)
{
  switch (errno)
    {
    case ENOENT:
      return SO_LOCK_GONE;
    case EISDIR:
    case ELOOP:
    case ENXIO:
    case ENODEV:
      return set_aside (outbox, name, _ ("not an entry of the outbox"), error);
    case EACCES:
    case EPERM:
      return set_aside (outbox, name, _ ("it may not be read"), error);
    default:
      read_failed (name, error);
      return SO_LOCK_FAILED;
    }
}

static SoLock
take_lock (SoOutbox *outbox, const SoEntryName *name, int fd, GError **error)
{
  int problem = so_outbox_lock_fd (fd);
  if (problem == EAGAIN)
    return SO_LOCK_BUSY;
  if (problem != 0)
    {
      so_durable_error (error, problem, _ ("cannot lock outbox entry %s"), name->id);
      return SO_LOCK_FAILED;
    }
  return so_outbox_still_named (outbox, so_outbox_entry_file (name).text, fd) ? SO_LOCK_DONE
                                                                              : SO_LOCK_GONE;
}

/* Everything in the file and its log; a file that is no entry is set aside. */
static SoLock
read_locked (SoEntry *entry, GError **error)
{
  const char *fault;
  g_autoptr (GError) problem = NULL;
  entry->envelope = so_entry_read_envelope (entry->fd, &entry->name, &fault, &problem);
  if (problem != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return SO_LOCK_FAILED;
    }
  if (entry->envelope == NULL)
    return set_aside (entry->outbox, &entry->name, fault, error);
  if (!so_entry_open_log (entry, error))
    return SO_LOCK_FAILED;
  if (entry->name.state == SO_ENTRY_SENDING
      && !so_entry_recover (entry, so_clock_wall_us () / G_USEC_PER_SEC, error))
    return SO_LOCK_FAILED;
  return SO_LOCK_DONE;
}

SoLock
so_outbox_lock (SoOutbox *outbox, const SoEntryName *name, SoEntry **entry, GError **error)
{
  SoOutboxFile file = so_outbox_entry_file (name);
  int fd = openat (outbox->root, file.text, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return judge_open_error (outbox, name, error);
  g_autoptr (SoEntry) locked = entry_new (outbox, name, fd, TRUE);
  SoLock result = take_lock (outbox, name, fd, error);
  if (result == SO_LOCK_DONE)
    result = read_locked (locked, error);
  if (result == SO_LOCK_DONE)
    *entry = g_steal_pointer (&locked);
  return result;
}

SoLock
so_outbox_peek (SoOutbox *outbox, const SoEntryName *name, SoEntry **entry, GError **error)
{
  SoOutboxFile file = so_outbox_entry_file (name);
  int fd = openat (outbox->root, file.text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 && errno == ENOENT)
    return SO_LOCK_GONE;
  if (fd < 0)
    {
      read_failed (name, error);
      return SO_LOCK_FAILED;
    }
  g_autoptr (SoEntry) seen = entry_new (outbox, name, fd, FALSE);
  const char *fault;
  g_autoptr (GError) problem = NULL;
  seen->envelope = so_entry_read_envelope (fd, name, &fault, &problem);
  if (problem != NULL)
    g_propagate_error (error, g_steal_pointer (&problem));
  else if (seen->envelope == NULL)
    so_error_set (error, SO_ERROR_DATA,
                  _ ("the next “sendoff retry” moves it to the folder “aside”"),
                  _ ("outbox entry %s: %s"), name->id, fault);
  else if (so_entry_open_log (seen, error))
    {
      *entry = g_steal_pointer (&seen);
      return SO_LOCK_DONE;
    }
  return SO_LOCK_FAILED;
}

const SoEntryName *
so_entry_name (const SoEntry *entry)
{
  return &entry->name;
}

const SoEnvelope *
so_entry_envelope (const SoEntry *entry)
{
  return entry->envelope;
}

const SoAttemptLog *
so_entry_log (const SoEntry *entry)
{
  return entry->log;
}

static void
replace (char **field, const char *text)
{
  g_free (*field);
  *field = g_strdup (text);
}

static void
add_open_recipients (const SoEntry *entry, SoSubmission *submission)
{
  const GPtrArray *all = entry->envelope->submission->recipients;
  for (guint i = 0; i < all->len; i++)
    {
      const SoRecipient *from = g_ptr_array_index (all, i);
      if (so_attempt_log_settled (entry->log, from->address))
        continue;
      SoRecipient *to = so_submission_add (submission, from->address);
      replace (&to->dsn_notify, from->dsn_notify);
      replace (&to->dsn_orcpt, from->dsn_orcpt);
    }
}

SoSubmission *
so_entry_submission (SoEntry *entry, GError **error)
{
  const SoSubmission *from = entry->envelope->submission;
  int fd = fcntl (entry->fd, F_DUPFD_CLOEXEC, 0);
  if (fd < 0)
    {
      read_failed (&entry->name, error);
      return NULL;
    }
  SoSubmission *submission = so_submission_new (from->sender, fd);
  replace (&submission->message_id, from->message_id);
  replace (&submission->dsn_ret, from->dsn_ret);
  replace (&submission->dsn_envid, from->dsn_envid);
  submission->offset = from->offset;
  submission->wire_size = from->wire_size;
  submission->eight_bit = from->eight_bit;
  submission->utf8_headers = from->utf8_headers;
  submission->long_lines = from->long_lines;
  submission->owner = entry;
  add_open_recipients (entry, submission);
  return submission;
}

gboolean
so_entry_export (SoEntry *entry, int fd, GError **error)
{
  g_autofree char *buffer = g_malloc (64 * 1024);
  goffset at = entry->envelope->submission->offset;
  gssize n;
  while ((n = so_durable_read_at (entry->fd, buffer, 64 * 1024, at)) > 0)
    {
      if (!so_durable_write (fd, buffer, (gsize)n))
        {
          so_durable_error (error, errno, _ ("cannot write the message"));
          return FALSE;
        }
      at += n;
    }
  if (n < 0)
    read_failed (&entry->name, error);
  return n == 0;
}
