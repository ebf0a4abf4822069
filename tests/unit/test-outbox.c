/*
 * test-outbox.c - the store: put in, found, locked, moved on, removed; and what hands and
 * crashes leave.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sendoff/entry.h"
#include "sendoff/error.h"
#include "sendoff/outbox.h"

#define NOW G_GINT64_CONSTANT (1795580164)

typedef struct
{
  char *folder;
  char *path;
  SoOutbox *outbox;
  GString *warnings;
} Fixture;

static void
take_warning (gpointer data, const char *line)
{
  g_string_append_printf (data, "%s\n", line);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  f->folder = g_dir_make_tmp ("sendoff-outbox-XXXXXX", NULL);
  f->path = g_build_filename (f->folder, "a", "b", "outbox", NULL);
  f->warnings = g_string_new ("");
  f->outbox = so_outbox_open (f->path, &error);
  g_assert_no_error (error);
  so_outbox_set_warn (f->outbox, take_warning, f->warnings);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  (void)data;
  so_outbox_close (f->outbox);
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", f->folder);
  g_assert_cmpint (system (command), ==, 0);
  g_string_free (f->warnings, TRUE);
  g_free (f->folder);
  g_free (f->path);
}

static SoEnvelope *
envelope_for (const char *first, const char *second)
{
  SoSubmission *submission = so_submission_new ("me@icloud.com", -1);
  so_submission_add (submission, first);
  if (second != NULL)
    so_submission_add (submission, second);
  return so_envelope_new ("icloud", "send", NOW, submission);
}

static SoEntry *
put (Fixture *f, const char *text, SoEntryState state, gint64 stamp)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SoEnqueue) enqueue = so_outbox_begin (f->outbox, envelope_for ("a@x", "b@x"), &error);
  g_assert_no_error (error);
  SoEntryName as = { .state = state, .stamp = stamp };
  SoEntry *entry = NULL;
  g_assert_true (so_enqueue_write (enqueue, text, strlen (text), &error));
  so_enqueue_commit (enqueue, &as, &entry, &error);
  g_assert_no_error (error);
  return entry;
}

/* The name it has now; the lock is given back. */
static SoEntryName
put_and_leave (Fixture *f, gint64 stamp)
{
  g_autoptr (SoEntry) entry = put (f, "Subject: x\n\nbody\n", SO_ENTRY_QUEUED, stamp);
  return *so_entry_name (entry);
}

static SoEntry *
lock (Fixture *f, const SoEntryName *name)
{
  g_autoptr (GError) error = NULL;
  SoEntry *entry = NULL;
  g_assert_cmpint (so_outbox_lock (f->outbox, name, &entry, &error), ==, SO_LOCK_DONE);
  g_assert_no_error (error);
  return entry;
}

static guint
count (Fixture *f, const char *folder)
{
  g_autofree char *path = g_build_filename (f->path, folder, NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static char *
file_of (Fixture *f, const SoEntryName *name)
{
  char text[SO_ENTRY_NAME_MAX];
  so_entry_name_format (name, text);
  return g_build_filename (f->path, "entries", text, NULL);
}

static void
settle (SoSubmission *submission, guint i, SoOutcome outcome)
{
  SoRecipient *recipient = g_ptr_array_index (submission->recipients, i);
  recipient->verdict = so_verdict_new (outcome, SO_SCOPE_RECIPIENT, SO_STAGE_RCPT, "");
}

static void
test_enqueue (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (SoEntry) entry = put (f, "Subject: \xc3\xa9\n\nbody", SO_ENTRY_QUEUED, NOW);
  g_autofree char *file = file_of (f, so_entry_name (entry));
  g_autofree char *text = NULL;
  struct stat st;
  g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  g_assert_true (g_str_has_prefix (text, "sendoff entry 1\nid: "));
  g_assert_true (g_str_has_suffix (text, "\n\nSubject: \xc3\xa9\n\nbody"));
  g_assert_cmpint (stat (file, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0600);
  const SoEnvelope *envelope = so_entry_envelope (entry);
  g_assert_cmpuint (envelope->length, ==, 17);
  g_assert_cmpuint (envelope->submission->wire_size, ==, 21);
  g_assert_true (envelope->submission->utf8_headers);
  g_assert_cmpuint (count (f, "tmp"), ==, 0);
  g_assert_cmpuint (count (f, "entries"), ==, 1);
}

/* A message of several megabytes in odd pieces comes out as it went in. */
/* ISO 3309, bit by bit. */
static guint32
plain_crc32 (const char *bytes, gsize length)
{
  guint32 sum = ~0U;
  for (gsize i = 0; i < length; i++)
    {
      sum ^= (guchar)bytes[i];
      for (guint bit = 0; bit < 8; bit++)
        sum = sum >> 1 ^ ((sum & 1) != 0 ? 0xedb88320U : 0);
    }
  return ~sum;
}

static void
test_stream (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) message = g_string_new ("Subject: long\n\n");
  while (message->len < 3 * 1000 * 1000)
    g_string_append_printf (message, "line %u\n", (guint)message->len);
  SoEntryName name;
  {
    g_autoptr (SoEnqueue) enqueue = so_outbox_begin (f->outbox, envelope_for ("a@x", NULL), &error);
    for (gsize at = 0, n = 1; at < message->len; at += n, n = n * 7 % 150001)
      {
        n = MIN (n, message->len - at);
        g_assert_true (so_enqueue_write (enqueue, message->str + at, n, &error));
      }
    g_autoptr (SoEntry) entry = NULL;
    SoEntryName as = { .state = SO_ENTRY_QUEUED, .stamp = NOW };
    g_assert_true (so_enqueue_commit (enqueue, &as, &entry, &error));
    name = *so_entry_name (entry);
  }
  g_autoptr (SoEntry) entry = lock (f, &name);
  g_autofree char *sum = g_strdup_printf ("%08x", plain_crc32 (message->str, message->len));
  g_assert_cmpstr (so_entry_envelope (entry)->crc32, ==, sum);
  g_autofree char *out = g_build_filename (f->folder, "out.eml", NULL);
  int fd = open (out, O_RDWR | O_CREAT, 0600);
  g_assert_true (so_entry_export (entry, fd, &error));
  close (fd);
  g_autofree char *back = NULL;
  gsize length;
  g_assert_true (g_file_get_contents (out, &back, &length, NULL));
  g_assert_cmpuint (length, ==, message->len);
  g_assert_cmpstr (back, ==, message->str);
}

static void
test_abort (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  SoEnqueue *enqueue = so_outbox_begin (f->outbox, envelope_for ("a@x", NULL), &error);
  g_assert_true (so_enqueue_write (enqueue, "x", 1, &error));
  g_assert_cmpuint (count (f, "tmp"), ==, 1);
  so_enqueue_free (enqueue);
  g_assert_cmpuint (count (f, "tmp"), ==, 0);
  g_assert_cmpuint (count (f, "entries"), ==, 0);
  g_assert_null (so_outbox_begin (f->outbox, envelope_for ("a\r\n@x", NULL), &error));
  g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_DATA);
}

/* Locked from the moment it is there; by other descriptors of the same process too. */
static void
test_lock (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  SoEntry *entry = put (f, "x", SO_ENTRY_QUEUED, NOW), *second = NULL;
  SoEntryName name = *so_entry_name (entry);
  g_assert_cmpint (so_outbox_lock (f->outbox, &name, &second, &error), ==, SO_LOCK_BUSY);
  so_entry_free (entry);
  entry = lock (f, &name);
  SoEntryName held = { .state = SO_ENTRY_HELD, .reason = "user", .stamp = NOW };
  g_assert_true (so_entry_move (entry, NOW, &held, "", &error));
  g_assert_cmpint (so_outbox_lock (f->outbox, &name, &second, &error), ==, SO_LOCK_GONE);
  name = *so_entry_name (entry);
  g_assert_cmpint (so_outbox_lock (f->outbox, &name, &second, &error), ==, SO_LOCK_BUSY);
  so_entry_free (entry);
  g_assert_no_error (error);
}

/* The lock dies with its holder. */
static void
test_lock_dies (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  SoEntryName name = put_and_leave (f, NOW);
  int ready[2];
  g_assert_cmpint (pipe (ready), ==, 0);
  pid_t child = fork ();
  if (child == 0)
    {
      SoEntry *entry = lock (f, &name);
      (void)entry;
      g_assert_cmpint (write (ready[1], "x", 1), ==, 1);
      pause ();
      _exit (1);
    }
  char octet;
  SoEntry *entry = NULL;
  g_assert_cmpint (read (ready[0], &octet, 1), ==, 1);
  g_assert_cmpint (so_outbox_lock (f->outbox, &name, &entry, &error), ==, SO_LOCK_BUSY);
  kill (child, SIGKILL);
  waitpid (child, NULL, 0);
  entry = lock (f, &name);
  so_entry_free (entry);
  close (ready[0]);
  close (ready[1]);
}

static void
mark (SoEntry *entry, const SoSubmission *asked)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (so_entry_mark_sending (entry, NOW, "h:587", asked, &error));
  g_assert_no_error (error);
}

static void
test_partial (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  SoEntryName name = put_and_leave (f, NOW);
  {
    g_autoptr (SoEntry) entry = lock (f, &name);
    g_autoptr (SoSubmission) submission = so_entry_submission (entry, &error);
    g_assert_cmpuint (submission->recipients->len, ==, 2);
    mark (entry, submission);
    settle (submission, 0, SO_OUTCOME_ACCEPTED);
    settle (submission, 1, SO_OUTCOME_DEFERRED);
    SoEntryName next = { .state = SO_ENTRY_QUEUED, .stamp = NOW + 60 };
    g_assert_true (so_entry_conclude (entry, NOW, "h:587", submission, &next, &error));
    name = *so_entry_name (entry);
  }
  g_autoptr (SoEntry) entry = lock (f, &name);
  g_autoptr (SoSubmission) rest = so_entry_submission (entry, &error);
  g_assert_cmpuint (rest->recipients->len, ==, 1);
  g_assert_cmpstr (((SoRecipient *)g_ptr_array_index (rest->recipients, 0))->address, ==, "b@x");
  g_assert_cmpuint (count (f, "attempts"), ==, 1);
  g_assert_true (so_entry_remove (entry, &error));
  g_assert_cmpuint (count (f, "entries"), ==, 0);
  g_assert_cmpuint (count (f, "attempts"), ==, 1); /* until the removal is durable */
  g_assert_true (so_outbox_sync (f->outbox, &error));
  g_assert_cmpuint (count (f, "attempts"), ==, 0);
}

/* A runner that died after its mark leaves an uncertain entry, once. */
static void
test_recover_uncertain (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  SoEntryName name = put_and_leave (f, NOW);
  {
    g_autoptr (SoEntry) entry = lock (f, &name);
    g_autoptr (SoSubmission) submission = so_entry_submission (entry, &error);
    mark (entry, submission);
    name = *so_entry_name (entry);
  }
  g_autoptr (SoEntry) entry = lock (f, &name);
  g_assert_cmpint (so_entry_name (entry)->state, ==, SO_ENTRY_UNCERTAIN);
  const SoVerdict *verdict = so_attempt_log_verdict (so_entry_log (entry), "b@x");
  g_assert_cmpint (verdict->outcome, ==, SO_OUTCOME_UNCERTAIN);
  g_autoptr (SoSubmission) submission = so_entry_submission (entry, &error);
  g_assert_cmpuint (submission->recipients->len, ==, 2);
}

/* Of two recipients one was refused, or left for another message: only the other is uncertain. */
static void
test_recover_asked (Fixture *f, gconstpointer data)
{
  gboolean refused = GPOINTER_TO_INT (data);
  g_autoptr (GError) error = NULL;
  SoEntryName name = put_and_leave (f, NOW);
  {
    g_autoptr (SoEntry) entry = lock (f, &name);
    g_autoptr (SoSubmission) submission = so_entry_submission (entry, &error);
    if (refused)
      settle (submission, 1, SO_OUTCOME_REJECTED);
    else
      g_ptr_array_set_size (submission->recipients, 1);
    mark (entry, submission);
    name = *so_entry_name (entry);
  }
  g_autoptr (SoEntry) entry = lock (f, &name);
  g_assert_cmpint (so_entry_name (entry)->state, ==, SO_ENTRY_UNCERTAIN);
  g_assert_true (so_entry_in_doubt (entry));
  g_assert_cmpint (so_attempt_log_doubt (so_entry_log (entry), "a@x"), ==, SO_DOUBT_EVERY);
  g_assert_cmpint (so_attempt_log_doubt (so_entry_log (entry), "b@x"), ==, SO_DOUBT_NONE);
  g_assert_cmpint (so_attempt_log_settled (so_entry_log (entry), "b@x"), ==, refused);
}

/* One that died between the record and the rename has its decision carried out. */
static void
test_recover_decided (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  SoEntryName name = put_and_leave (f, NOW), marked;
  {
    g_autoptr (SoEntry) entry = lock (f, &name);
    g_autoptr (SoSubmission) submission = so_entry_submission (entry, &error);
    mark (entry, submission);
    marked = *so_entry_name (entry);
    settle (submission, 0, SO_OUTCOME_ACCEPTED);
    settle (submission, 1, SO_OUTCOME_REJECTED);
    SoEntryName next = { .state = SO_ENTRY_FAILED, .reason = "refused", .stamp = NOW };
    g_assert_true (so_entry_conclude (entry, NOW, "h:587", submission, &next, &error));
    name = *so_entry_name (entry);
  }
  g_autofree char *now_at = file_of (f, &name);
  g_autofree char *was_at = file_of (f, &marked);
  g_assert_cmpint (g_rename (now_at, was_at), ==, 0);
  g_autoptr (SoEntry) entry = lock (f, &marked);
  g_assert_cmpint (so_entry_name (entry)->state, ==, SO_ENTRY_FAILED);
  g_assert_cmpstr (so_entry_name (entry)->reason, ==, "refused");
  g_assert_cmpuint (so_entry_log (entry)->n_attempts, ==, 1);
}

/* Two attempts within one second have different keys. */
static void
test_keys (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  SoEntryName name = put_and_leave (f, NOW);
  g_autoptr (SoEntry) entry = lock (f, &name);
  SoEntryName next = { .state = SO_ENTRY_QUEUED, .stamp = NOW };
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (SoSubmission) submission = so_entry_submission (entry, &error);
      mark (entry, submission);
      settle (submission, 0, SO_OUTCOME_DEFERRED);
      settle (submission, 1, SO_OUTCOME_DEFERRED);
      g_assert_true (so_entry_conclude (entry, NOW, "", submission, &next, &error));
    }
  g_assert_cmpuint (so_entry_log (entry)->n_attempts, ==, 3);
  g_assert_cmpuint (so_entry_log (entry)->records->len, ==,
                    6); /* one verdict for all, one `then` */
}

static void
test_release_and_edit (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  SoEntryName name = put_and_leave (f, NOW);
  g_autoptr (SoEntry) entry = lock (f, &name);
  g_autoptr (SoSubmission) first = so_entry_submission (entry, &error);
  settle (first, 0, SO_OUTCOME_ACCEPTED);
  settle (first, 1, SO_OUTCOME_REJECTED);
  SoEntryName refused = { .state = SO_ENTRY_FAILED, .reason = "refused", .stamp = NOW };
  g_assert_true (so_entry_conclude (entry, NOW, "", first, &refused, &error));

  g_assert_true (so_entry_release (entry, NOW, NOW + 5, "released", &error));
  g_assert_cmpint (so_entry_name (entry)->state, ==, SO_ENTRY_QUEUED);
  g_autoptr (SoSubmission) again = so_entry_submission (entry, &error);
  g_assert_cmpuint (again->recipients->len, ==, 1);

  g_autoptr (SoEnqueue) edit = so_outbox_begin_edit (entry, envelope_for ("a@x", "c@x"), &error);
  g_assert_true (so_enqueue_write (edit, "new", 3, &error));
  SoEntryName as = { .state = SO_ENTRY_QUEUED, .stamp = NOW + 9 };
  g_assert_true (so_enqueue_commit (edit, &as, NULL, &error));
  g_assert_cmpstr (so_entry_name (entry)->id, ==, name.id);
  g_assert_cmpuint (count (f, "entries"), ==, 1);
  SoEntry *other = NULL;
  name = *so_entry_name (entry);
  g_assert_cmpint (so_outbox_lock (f->outbox, &name, &other, &error), ==, SO_LOCK_BUSY);
  g_autoptr (SoSubmission) edited = so_entry_submission (entry, &error);
  g_assert_cmpuint (edited->recipients->len, ==, 1); /* a@x has it already */
  g_assert_cmpstr (((SoRecipient *)g_ptr_array_index (edited->recipients, 0))->address, ==, "c@x");
}

static void
test_pass (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  SoEntryName late = put_and_leave (f, NOW - 10), early = put_and_leave (f, NOW - 20);
  put_and_leave (f, NOW + 30);
  put_and_leave (f, NOW + 20);
  SoEntryName lost = put_and_leave (f, NOW + 100000); /* the clock was set back */
  so_entry_free (put (f, "x", SO_ENTRY_HELD, NOW - 50));
  g_autoptr (SoOutboxPass) pass = so_outbox_pass (f->outbox, NOW, 3600, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (pass->due->len, ==, 3);
  g_assert_cmpstr (g_array_index (pass->due, SoEntryName, 0).id, ==, early.id);
  g_assert_cmpstr (g_array_index (pass->due, SoEntryName, 1).id, ==, late.id);
  g_assert_cmpstr (g_array_index (pass->due, SoEntryName, 2).id, ==, lost.id);
  g_assert_cmpint (pass->next, ==, NOW + 20);
  g_assert_cmpuint (pass->n[SO_ENTRY_QUEUED], ==, 5);
  g_assert_cmpuint (pass->n[SO_ENTRY_HELD], ==, 1);
}

static void
test_find (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  SoEntryName wanted = put_and_leave (f, NOW), found;
  char prefix[SO_ENTRY_ID_LENGTH + 1] = "";
  g_strlcpy (prefix, wanted.id, 8);
  g_assert_true (so_outbox_find (f->outbox, prefix, &found, &error));
  g_assert_cmpstr (found.id, ==, wanted.id);
  g_assert_false (so_outbox_find (f->outbox, "", &found, &error));
  g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_NO_INPUT);
  g_clear_error (&error);
  for (guint i = 0; i < 40; i++)
    put_and_leave (f, NOW);
  prefix[1] = '\0';
  gboolean ambiguous = FALSE; /* of 33 first letters, 40 entries share one */
  for (const char *p = "0123456789abcdefghjkmnpqrstvwxyz"; *p != '\0' && !ambiguous; p++)
    {
      prefix[0] = *p;
      g_clear_error (&error);
      so_outbox_find (f->outbox, prefix, &found, &error);
      ambiguous = g_error_matches (error, SO_ERROR_DOMAIN, SO_ERROR_USAGE);
    }
  g_assert_true (ambiguous);
}

static void
spoil (Fixture *f, const SoEntryName *name, const char *how)
{
  g_autofree char *file = file_of (f, name);
  g_autofree char *command = g_strdup_printf ("F='%s'; %s", file, how);
  g_assert_cmpint (system (command), ==, 0);
}

/* Each is set aside with a warning, and the one beside them is not harmed. */
static void
test_spoiled (Fixture *f, gconstpointer data)
{
  (void)data;
  static const char *const ways[] = {
    "truncate -s -1 \"$F\"",
    "truncate -s 20 \"$F\"",
    "truncate -s 0 \"$F\"",
    "printf more >> \"$F\"",
    "sed -i 's/^length:/size:/' \"$F\"",
    "sed -i 's/^id: ..../id: 0000/' \"$F\"",
    "rm \"$F\" && mkdir \"$F\"",
    "rm \"$F\" && ln -s /etc/passwd \"$F\"",
    "rm \"$F\" && mkfifo \"$F\"",
  };
  SoEntryName good = put_and_leave (f, NOW);
  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      g_autoptr (GError) error = NULL;
      SoEntryName name = put_and_leave (f, NOW);
      spoil (f, &name, ways[i]);
      SoEntry *entry = NULL;
      g_string_truncate (f->warnings, 0);
      g_assert_cmpint (so_outbox_lock (f->outbox, &name, &entry, &error), ==, SO_LOCK_ASIDE);
      g_assert_no_error (error);
      g_assert_nonnull (strstr (f->warnings->str, name.id));
      g_assert_cmpuint (count (f, "aside"), ==, i + 1);
    }
  so_entry_free (lock (f, &good));
}

static void
test_later_format (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  SoEntryName name = put_and_leave (f, NOW);
  spoil (f, &name, "sed -i '1s/1/2/' \"$F\"");
  SoEntry *entry = NULL;
  g_assert_cmpint (so_outbox_lock (f->outbox, &name, &entry, &error), ==, SO_LOCK_FAILED);
  g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_CONFIG);
  g_assert_cmpuint (count (f, "entries"), ==, 1);
}

static void
test_twins (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  SoEntryName name = put_and_leave (f, NOW), linked = put_and_leave (f, NOW);
  SoEntryName copy = name, other = linked;
  copy.state = SO_ENTRY_HELD;
  other.stamp = NOW + 99;
  g_autofree char *a = file_of (f, &name), *b = file_of (f, &copy), *c = file_of (f, &linked),
                  *d = file_of (f, &other);
  g_autofree char *command = g_strdup_printf ("cp '%s' '%s' && ln '%s' '%s'", a, b, c, d);
  g_assert_cmpint (system (command), ==, 0);
  g_autoptr (SoOutboxPass) pass = so_outbox_pass (f->outbox, NOW, 3600, &error);
  g_assert_cmpuint (pass->due->len, ==, 0); /* the held copy and the later name stay */
  g_assert_cmpuint (count (f, "entries"), ==, 2);
  g_assert_cmpuint (count (f, "aside"), ==, 1);
}

static void
test_sweep (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  g_autoptr (SoEnqueue) live = so_outbox_begin (f->outbox, envelope_for ("a@x", NULL), &error);
  SoEntryName kept = put_and_leave (f, NOW);
  {
    g_autoptr (SoEntry) entry = lock (f, &kept);
    g_assert_true (so_entry_move (entry, NOW, &kept, "noted", &error));
  }
  g_autofree char *litter = g_strdup_printf (
      "cd '%s' && echo x > tmp/0000000000000000 && echo x > attempts/0000000000000000 && "
      "echo x > entries/notes.txt && echo x > entries/.swp && echo x > tmp/README",
      f->path);
  g_assert_cmpint (system (litter), ==, 0);
  g_assert_true (so_outbox_sweep (f->outbox, G_USEC_PER_SEC, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (count (f, "tmp"), ==, 2); /* the live one, and what is none of ours */
  g_assert_cmpuint (count (f, "attempts"), ==, 1);
  g_assert_cmpuint (count (f, "entries"), ==, 2); /* and .swp */
  g_assert_cmpuint (count (f, "aside"), ==, 1);
  g_assert_true (so_enqueue_write (live, "x", 1, &error));
  g_autoptr (SoEntry) entry = NULL;
  g_assert_true (so_enqueue_commit (live, &kept, &entry, &error));
}

static void
expect_refusal (Fixture *f, int code)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (so_outbox_open (f->path, &error));
  g_assert_error (error, SO_ERROR_DOMAIN, code);
  g_assert_cmpstr (so_error_remedy (error), !=, "");
}

static void
test_folder (Fixture *f, gconstpointer data)
{
  (void)data;
  g_assert_cmpint (chmod (f->path, 0755), ==, 0);
  expect_refusal (f, SO_ERROR_CANNOT_CREATE);
  g_assert_cmpint (chmod (f->path, 0700), ==, 0);
  g_autofree char *format = g_build_filename (f->path, "format", NULL);
  g_assert_true (g_file_set_contents (format, "sendoff outbox 2\n", -1, NULL));
  expect_refusal (f, SO_ERROR_CONFIG);
  g_assert_true (g_file_set_contents (format, "something\n", -1, NULL));
  expect_refusal (f, SO_ERROR_CANNOT_CREATE);
  g_assert_cmpint (g_remove (format), ==, 0);
  g_autoptr (GError) error = NULL;
  so_outbox_close (so_outbox_open (f->path, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_remove (format), ==, 0);
  g_autofree char *foreign = g_build_filename (f->path, "thesis.txt", NULL);
  g_assert_true (g_file_set_contents (foreign, "x", -1, NULL));
  expect_refusal (f, SO_ERROR_CANNOT_CREATE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/outbox/enqueue", test_enqueue);
  ADD ("/outbox/stream", test_stream);
  ADD ("/outbox/abort", test_abort);
  ADD ("/outbox/lock", test_lock);
  ADD ("/outbox/lock-dies", test_lock_dies);
  ADD ("/outbox/partial", test_partial);
  ADD ("/outbox/recover-uncertain", test_recover_uncertain);
  g_test_add ("/outbox/recover-asked/refused", Fixture, GINT_TO_POINTER (1), set_up, test_recover_asked,
              tear_down);
  g_test_add ("/outbox/recover-asked/left", Fixture, GINT_TO_POINTER (0), set_up, test_recover_asked,
              tear_down);
  ADD ("/outbox/recover-decided", test_recover_decided);
  ADD ("/outbox/keys", test_keys);
  ADD ("/outbox/release-and-edit", test_release_and_edit);
  ADD ("/outbox/pass", test_pass);
  ADD ("/outbox/find", test_find);
  ADD ("/outbox/spoiled", test_spoiled);
  ADD ("/outbox/later-format", test_later_format);
  ADD ("/outbox/twins", test_twins);
  ADD ("/outbox/sweep", test_sweep);
  ADD ("/outbox/folder", test_folder);
  return g_test_run ();
}
