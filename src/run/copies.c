/*
 * copies.c - a copy of what was sent: in the mailbox's folder for it, or in a Maildir.
 *
 * An entry that is sent for good stays in state `sent` until its copy is safe.  Sending never
 * fails for it: what goes wrong is tried again when as much time has passed as since the
 * message was made (a minute at least, six hours at most), and given up, aloud, with retry-expire.
 * Nothing is copied twice: in the mailbox its Message-ID is looked for first (the provider may have
 * kept one itself), in a Maildir its name, which is made of the id.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner-private.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/line-reader.h"
#include "sendoff/mailbox.h"

#define AGAIN_FIRST 60          /* s; ours */
#define AGAIN_MOST (6 * 3600)   /* s; ours */
#define COPY_MAX (64 * 1048576) /* octets; an APPEND is held in memory */
#define MAILDIR "maildir:"

gboolean
so_run_keeps_copies (const SoRun *run)
{
  return run->account != NULL && strcmp (run->account->save_sent, "no") != 0;
}

/* --- the octets --- */

static void
append_text (GString *out, const char *bytes, gsize length)
{
  for (gsize i = 0; i < length; i++)
    {
      g_string_append_c (out, bytes[i]);
      if (bytes[i] == '\r') /* a bare one, which IMAP does not take */
        g_string_append_c (out, '\n');
    }
}

/* With CRLF; NULL with error. */
static GString *
read_message (SoEntry *entry, GError **error)
{
  g_autoptr (SoSubmission) submission = so_entry_submission (entry, error);
  g_autoptr (GString) out = g_string_new (NULL);
  g_auto (SoLineReader) reader = { 0 };
  SoLine line;
  if (submission == NULL)
    return NULL;
  if (so_entry_envelope (entry)->length > COPY_MAX)
    {
      so_error_set (error, SO_ERROR_DATA, "", _ ("the message is too large for a copy"));
      return NULL;
    }
  so_line_reader_init (&reader, submission->fd, submission->offset, -1);
  while (so_line_next (&reader, &line))
    {
      append_text (out, line.bytes, line.text);
      if (line.ends)
        g_string_append (out, "\r\n");
    }
  if (reader.problem == 0)
    return g_steal_pointer (&out);
  so_durable_error (error, reader.problem, _ ("the message cannot be read"));
  return NULL;
}

/* --- in the mailbox --- */

static gboolean
append_once (SoImap *imap, const SoImapFolder *sent, SoEntry *entry, GError **error)
{
  const SoEnvelope *envelope = so_entry_envelope (entry);
  const SoImapRange range = { .since = envelope->created };
  SoMailboxPlace place;
  if (!so_mailbox_find_in (imap, sent, &range, envelope->submission->message_id, "", &place, error))
    return FALSE;
  if (place.folder != NULL)
    return TRUE;
  GString *octets = read_message (entry, error);
  if (octets == NULL)
    return FALSE;
  gboolean done = so_imap_append (imap, sent->name, octets->str, octets->len, error);
  g_string_free (octets, TRUE);
  return done;
}

static gboolean
copy_to_mailbox (SoRun *run, SoEntry *entry, GError **error)
{
  const GPtrArray *folders;
  GError *problem = NULL;
  SoImap *imap = so_run_mailbox (run, &folders, error);
  if (imap == NULL)
    return FALSE;
  const SoImapFolder *sent = so_imap_folder_of (folders, SO_FOLDER_SENT);
  if (sent == NULL)
    so_error_set (&problem, SO_ERROR_CONFIG, "",
                  _ ("the mailbox has no folder for what was sent"));
  else if (append_once (imap, sent, entry, &problem))
    return TRUE;
  so_run_lose_mailbox (run, problem);
  g_propagate_error (error, problem);
  return FALSE;
}

/* --- in a Maildir --- */

static gboolean
fail_maildir (const char *path, GError **error)
{
  g_autofree char *shown = g_filename_display_name (path);
  so_durable_error (error, errno, "%s", shown);
  return FALSE;
}

/* Readers change what is behind the name's colon. */
static gboolean
has_file (const char *folder, const char *name)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *found;
  while (dir != NULL && (found = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (found, name))
      return TRUE;
  return FALSE;
}

static gboolean
write_durably (const char *path, const GString *octets)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  gboolean done = fd >= 0 && so_durable_write (fd, octets->str, octets->len) && fsync (fd) == 0;
  int problem = errno;
  if (fd >= 0)
    close (fd);
  if (!done)
    unlink (path);
  errno = problem;
  return done;
}

static gboolean
copy_to_maildir (const char *path, SoEntry *entry, GError **error)
{
  static const char *const folders[] = { "tmp", "new", "cur" };
  const SoEnvelope *envelope = so_entry_envelope (entry);
  g_autofree char *name
      = g_strdup_printf ("%" G_GINT64_FORMAT ".%s.sendoff", envelope->created, envelope->id);
  g_autofree char *cur = g_build_filename (path, "cur", NULL);
  g_autofree char *seen = g_strconcat (cur, "/", name, ":2,S", NULL);
  g_autofree char *tmp = g_build_filename (path, "tmp", name, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *folder = g_build_filename (path, folders[i], NULL);
      if (!so_durable_make_folder (folder))
        return fail_maildir (folder, error);
    }
  if (has_file (cur, name))
    return TRUE;
  GString *octets = read_message (entry, error);
  if (octets == NULL)
    return FALSE;
  g_string_replace (octets, "\r\n", "\n", 0);
  gboolean done = write_durably (tmp, octets) && rename (tmp, seen) == 0
                  && so_durable_sync_folder_at (AT_FDCWD, cur);
  g_string_free (octets, TRUE);
  return done || fail_maildir (path, error);
}

/* --- one entry --- */

static gboolean
copy (SoRun *run, SoEntry *entry, GError **error)
{
  const char *where = run->account->save_sent;
  if (g_str_has_prefix (where, MAILDIR))
    return copy_to_maildir (where + strlen (MAILDIR), entry, error);
  return strcmp (where, "imap") != 0 || copy_to_mailbox (run, entry, error);
}

/* FALSE: it stays, for another time. */
static gboolean
give_up_or_wait (SoRun *run, SoEntry *entry, const GError *problem)
{
  gint64 now = so_run_now (), age = now - so_entry_envelope (entry)->created;
  const char *id = so_entry_name (entry)->id;
  g_autofree char *line = NULL;
  if (age > run->account->retry_expire)
    {
      line = g_strdup_printf (_ ("%s is sent; its copy is given up: %s"), id, problem->message);
      so_observer_warn (run->options->deliver.observer, line);
      return TRUE;
    }
  if (age < AGAIN_FIRST)
    {
      line = g_strdup_printf (_ ("%s is sent; its copy has to wait: %s"), id, problem->message);
      so_observer_warn (run->options->deliver.observer, line);
    }
  SoEntryName next = so_run_state (SO_ENTRY_SENT, "", now + CLAMP (age, AGAIN_FIRST, AGAIN_MOST));
  GError *error = NULL;
  if (!so_entry_move (entry, now, &next, problem->message, &error))
    so_run_note_problem (run, error);
  return FALSE;
}

static void
save_one (SoRun *run, SoEntry *entry)
{
  GError *error = NULL;
  g_autoptr (GError) problem = NULL;
  gboolean finished
      = run->account == NULL || copy (run, entry, &problem) || give_up_or_wait (run, entry, problem);
  if (finished && !so_entry_remove (entry, &error))
    so_run_note_problem (run, error);
}

void
so_run_save_copies (SoRun *run)
{
  g_autofree char *account = NULL;
  for (guint i = 0; run->options->only_account == NULL && i < run->copies->len; i++)
    {
      const SoEntryName *name = &g_array_index (run->copies, SoEntryName, i);
      g_autoptr (SoEntry) entry = NULL;
      if (so_outbox_lock (run->options->outbox, name, &entry, NULL) != SO_LOCK_DONE
          || so_entry_name (entry)->state != SO_ENTRY_SENT)
        continue;
      if (g_strcmp0 (account, so_entry_envelope (entry)->account) != 0)
        {
          so_run_close_mailbox (run);
          g_clear_pointer (&run->account, so_account_free);
          g_free (account);
          account = g_strdup (so_entry_envelope (entry)->account);
          run->account = so_run_find_account (run, entry);
        }
      save_one (run, entry);
    }
  so_run_close_mailbox (run);
  g_clear_pointer (&run->account, so_account_free);
}
