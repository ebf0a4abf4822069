/*
 * outbox-driver.c - the store without the rest of the program, to be stopped, starved and
 * raced by the tests in this folder.
 *
 *   outbox-driver OUTBOX enqueue [COUNT [DUE]]   message on stdin; an id a line
 *   outbox-driver OUTBOX run MODE SERVER [WAIT]  one pass; SERVER is a file that plays the server
 *   outbox-driver OUTBOX list                    NAME, then per recipient ADDRESS=OUTCOME
 *   outbox-driver OUTBOX hold|release|edit|remove|export ID
 *   outbox-driver OUTBOX count                   a pass that sends nothing
 *   outbox-driver OUTBOX sweep
 *
 * The account is DRIVER_ACCOUNT, by default icloud.
 * MODE: accept, partial (the first recipient accepted, the others deferred), defer, reject.
 * What the server accepts is a line "ID ADDRESS" in SERVER; an entry found uncertain is told
 * as "uncertain ID" and held.  WAIT: microseconds the server takes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sendoff/clock.h"
#include "sendoff/entry.h"
#include "sendoff/error.h"
#include "sendoff/outbox.h"

#define SENDER "me@icloud.com"

typedef struct
{
  SoOutbox *outbox;
  const char *mode;
  int server;
  gulong wait_us;
  gint64 now;
} Driver;

static SoEnvelope *
new_envelope (const char *first, const char *second)
{
  SoSubmission *submission = so_submission_new (SENDER, -1);
  so_submission_add (submission, first);
  so_submission_add (submission, second);
  const char *account = g_getenv ("DRIVER_ACCOUNT");
  return so_envelope_new (account != NULL ? account : "icloud", "send", so_clock_wall_us () / G_USEC_PER_SEC, submission);
}

static GString *
read_stdin (void)
{
  GString *text = g_string_new ("");
  char buffer[4096];
  ssize_t n;
  while ((n = read (0, buffer, sizeof buffer)) > 0)
    g_string_append_len (text, buffer, n);
  return text;
}

static gboolean
enqueue_one (Driver *driver, const GString *text, gint64 due, GError **error)
{
  g_autoptr (SoEnqueue) enqueue
      = so_outbox_begin (driver->outbox, new_envelope ("a@example.org", "b@example.org"), error);
  g_autoptr (SoEntry) entry = NULL;
  SoEntryName as = { .state = SO_ENTRY_QUEUED, .stamp = due };
  if (enqueue == NULL || !so_enqueue_write (enqueue, text->str, text->len, error)
      || !so_enqueue_commit (enqueue, &as, &entry, error))
    return FALSE;
  printf ("%s\n", so_entry_name (entry)->id);
  fflush (stdout);
  return TRUE;
}

static gboolean
enqueue (Driver *driver, int argc, char **argv, GError **error)
{
  int count = argc > 0 ? atoi (argv[0]) : 1;
  gint64 due = argc > 1 ? atoll (argv[1]) : driver->now;
  g_autoptr (GString) text = read_stdin ();
  gboolean done = TRUE;
  for (int i = 0; done && i < count; i++)
    done = enqueue_one (driver, text, due, error);
  return done;
}

static SoOutcome
outcome_for (const Driver *driver, guint i)
{
  if (g_str_equal (driver->mode, "reject"))
    return SO_OUTCOME_REJECTED;
  if (g_str_equal (driver->mode, "defer") || (g_str_equal (driver->mode, "partial") && i > 0))
    return SO_OUTCOME_DEFERRED;
  return SO_OUTCOME_ACCEPTED;
}

/* The server takes the message for those it accepts, in one write. */
static void
serve (Driver *driver, const char *id, SoSubmission *submission)
{
  g_autoptr (GString) taken = g_string_new ("");
  for (guint i = 0; i < submission->recipients->len; i++)
    {
      SoRecipient *recipient = g_ptr_array_index (submission->recipients, i);
      SoOutcome outcome = outcome_for (driver, i);
      recipient->verdict = so_verdict_new (outcome, SO_SCOPE_RECIPIENT, SO_STAGE_RCPT, "");
      if (outcome == SO_OUTCOME_ACCEPTED)
        g_string_append_printf (taken, "%s %s\n", id, recipient->address);
    }
  if (driver->wait_us > 0)
    g_usleep (driver->wait_us);
  if (taken->len > 0 && write (driver->server, taken->str, taken->len) != (ssize_t)taken->len)
    exit (70);
}

static gboolean
conclude (Driver *driver, SoEntry *entry, SoSubmission *submission, GError **error)
{
  SoEntryName next = { .state = SO_ENTRY_QUEUED, .stamp = driver->now };
  switch (so_submission_outcome (submission))
    {
    case SO_OUTCOME_ACCEPTED:
      return so_entry_remove (entry, error);
    case SO_OUTCOME_REJECTED:
      next.state = SO_ENTRY_FAILED;
      strcpy (next.reason, SO_REASON_REFUSED);
      break;
    default:
      break;
    }
  return so_entry_conclude (entry, driver->now, "server:25", submission, &next, error);
}

static gboolean
send_entry (Driver *driver, SoEntry *entry, GError **error)
{
  if (so_entry_name (entry)->state == SO_ENTRY_UNCERTAIN)
    {
      SoEntryName held
          = { .state = SO_ENTRY_HELD, .reason = SO_REASON_UNCERTAIN, .stamp = driver->now };
      printf ("uncertain %s\n", so_entry_name (entry)->id);
      fflush (stdout);
      return so_entry_move (entry, driver->now, &held, "", error);
    }
  if (so_entry_name (entry)->state != SO_ENTRY_QUEUED)
    return TRUE; /* what its dead runner had decided has been carried out */
  g_autoptr (SoSubmission) submission = so_entry_submission (entry, error);
  if (submission == NULL || !so_entry_mark_sending (entry, driver->now, "server:25", submission, error))
    return FALSE;
  serve (driver, so_entry_name (entry)->id, submission);
  return conclude (driver, entry, submission, error);
}

static gboolean
run (Driver *driver, int argc, char **argv, GError **error)
{
  if (argc < 2)
    return FALSE;
  driver->mode = argv[0];
  driver->server = open (argv[1], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  driver->wait_us = argc > 2 ? strtoul (argv[2], NULL, 10) : 0;
  g_autoptr (SoOutboxPass) pass = so_outbox_pass (driver->outbox, driver->now, 3600, error);
  for (guint i = 0; pass != NULL && i < pass->due->len; i++)
    {
      g_autoptr (SoEntry) entry = NULL;
      SoLock lock = so_outbox_lock (driver->outbox, &g_array_index (pass->due, SoEntryName, i),
                                    &entry, error);
      if (lock == SO_LOCK_FAILED || (lock == SO_LOCK_DONE && !send_entry (driver, entry, error)))
        return FALSE;
    }
  return pass != NULL && so_outbox_sync (driver->outbox, error);
}

static gboolean
list (Driver *driver, int argc, char **argv, GError **error)
{
  (void)argc;
  (void)argv;
  g_autoptr (SoOutboxScan) scan = so_outbox_scan (driver->outbox, error);
  SoEntryName name;
  while (scan != NULL && so_outbox_scan_next (scan, &name, error))
    {
      g_autoptr (SoEntry) entry = NULL;
      char text[SO_ENTRY_NAME_MAX];
      so_entry_name_format (&name, text);
      if (so_outbox_peek (driver->outbox, &name, &entry, error) != SO_LOCK_DONE)
        return FALSE;
      printf ("%s", text);
      const GPtrArray *recipients = so_entry_envelope (entry)->submission->recipients;
      for (guint i = 0; i < recipients->len; i++)
        {
          const char *address = ((SoRecipient *)g_ptr_array_index (recipients, i))->address;
          const SoVerdict *verdict = so_attempt_log_verdict (so_entry_log (entry), address);
          printf (" %s=%s", address,
                  so_outcome_name (verdict != NULL ? verdict->outcome : SO_OUTCOME_NONE));
        }
      printf ("\n");
    }
  return scan != NULL;
}

static SoEntry *
get_named (Driver *driver, const char *id, gboolean to_read, GError **error)
{
  SoEntryName name;
  SoEntry *entry = NULL;
  if (!so_outbox_find (driver->outbox, id, &name, error))
    return NULL;
  SoLock lock = to_read ? so_outbox_peek (driver->outbox, &name, &entry, error)
                        : so_outbox_lock (driver->outbox, &name, &entry, error);
  if (lock != SO_LOCK_DONE && lock != SO_LOCK_FAILED)
    so_error_set (error, SO_ERROR_TEMPORARY, "", "not to be had");
  return entry;
}

static gboolean
edit (Driver *driver, SoEntry *entry, GError **error)
{
  g_autoptr (SoEnqueue) enqueue
      = so_outbox_begin_edit (entry, new_envelope ("a@example.org", "c@example.org"), error);
  SoEntryName as = { .state = SO_ENTRY_QUEUED, .stamp = driver->now };
  return enqueue != NULL && so_enqueue_write (enqueue, "edited\n", 7, error)
         && so_enqueue_commit (enqueue, &as, NULL, error);
}

static gboolean
change (Driver *driver, const char *verb, const char *id, GError **error)
{
  gboolean to_read = g_str_equal (verb, "export");
  g_autoptr (SoEntry) entry = get_named (driver, id, to_read, error);
  SoEntryName held = { .state = SO_ENTRY_HELD, .reason = SO_REASON_USER, .stamp = driver->now };
  if (entry == NULL)
    return FALSE;
  if (g_str_equal (verb, "hold"))
    return so_entry_move (entry, driver->now, &held, "held by the test", error);
  if (g_str_equal (verb, "release"))
    return so_entry_release (entry, driver->now, driver->now, "", error);
  if (g_str_equal (verb, "edit"))
    return edit (driver, entry, error);
  if (to_read)
    return so_entry_export (entry, 1, error);
  return g_str_equal (verb, "remove") && so_entry_remove (entry, error)
         && so_outbox_sync (driver->outbox, error);
}

static gboolean
count (Driver *driver, GError **error)
{
  g_autoptr (SoOutboxPass) pass = so_outbox_pass (driver->outbox, driver->now, 3600, error);
  if (pass != NULL)
    printf ("%u due, %u queued\n", pass->due->len, pass->n[SO_ENTRY_QUEUED]);
  return pass != NULL;
}

static gboolean
act (Driver *driver, int argc, char **argv, GError **error)
{
  const char *verb = argv[0];
  if (g_str_equal (verb, "enqueue"))
    return enqueue (driver, argc - 1, argv + 1, error);
  if (g_str_equal (verb, "run"))
    return run (driver, argc - 1, argv + 1, error);
  if (g_str_equal (verb, "list"))
    return list (driver, argc - 1, argv + 1, error);
  if (g_str_equal (verb, "count"))
    return count (driver, error);
  if (g_str_equal (verb, "sweep"))
    return so_outbox_sweep (driver->outbox, G_USEC_PER_SEC, error);
  return argc > 1 && change (driver, verb, argv[1], error);
}

static void
warn (gpointer data, const char *line)
{
  (void)data;
  fprintf (stderr, "warning: %s\n", line);
}

int
main (int argc, char **argv)
{
  if (argc < 3)
    return 64;
  g_autoptr (GError) error = NULL;
  Driver driver = { .now = so_clock_wall_us () / G_USEC_PER_SEC, .mode = "", .server = -1 };
  driver.outbox = so_outbox_open (argv[1], &error);
  gboolean done = driver.outbox != NULL;
  if (done)
    {
      so_outbox_set_warn (driver.outbox, warn, NULL);
      done = act (&driver, argc - 2, argv + 2, &error) && error == NULL;
      so_outbox_close (driver.outbox);
    }
  if (done)
    return 0;
  if (error != NULL)
    fprintf (stderr, "%s\n%s\n", error->message, so_error_remedy (error));
  return error != NULL ? so_error_exit_status (error) : 64;
}
