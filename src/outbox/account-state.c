/*
 * account-state.c - small files of the outbox beside its entries: accounts/NAME.hold,
 * accounts/NAME.sent, last-pass.
 *
 * A hold is replaced as a whole.  The record of sendings is appended to under its lock, and
 * rewritten under it when most of it is older than anybody asks for.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outbox-private.h"
#include "sendoff/account-state.h"
#include "sendoff/clock.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"

#define SMALL_FILE (16 * 1024)
#define CONNECTIONS_LAST (24 * 3600) /* s that a refused connection is remembered; ours */
#define USES_TIDY (64 * 1024) /* octets from which on old uses are dropped */
#define USES_MAX (16 * 1024 * 1024)

static const char *const reason_names[] = { "password", "connection", "limit", "missing", "local" };

const char *
so_hold_reason_name (SoHoldReason reason)
{
  return reason_names[reason];
}

gboolean
so_account_hold_is_own (const SoAccountHold *hold)
{
  return hold != NULL && (hold->reason == SO_HOLD_MISSING || hold->reason == SO_HOLD_LOCAL);
}

gboolean
so_account_hold_needs_person (const SoAccountHold *hold)
{
  return hold != NULL && (hold->reason == SO_HOLD_PASSWORD || hold->reason == SO_HOLD_MISSING);
}

void
so_account_hold_free (SoAccountHold *hold)
{
  if (hold == NULL)
    return;
  g_free (hold->text);
  g_free (hold);
}

gboolean
so_account_hold_stops (const SoAccountHold *hold, gint64 now, gint64 horizon)
{
  return hold != NULL && (hold->until == 0 || (hold->until > now && hold->until <= now + horizon));
}

/* "accounts/NAME.EXTENSION"; names are the user's, so what a file name cannot hold is escaped. */
static char *
file_of (const char *account, const char *extension)
{
  g_autofree char *name = g_uri_escape_string (account, " @+", TRUE);
  return g_strdup_printf ("accounts/%s%s.%s", name[0] == '.' ? "%2E" : "", name + (name[0] == '.'),
                          extension);
}

static gboolean
failed (const SoOutbox *outbox, const char *file, GError **error)
{
  so_durable_error (error, errno, "%s/%s", outbox->path, file);
  return FALSE;
}

/* Up to limit octets; NULL with errno, ENOENT for none. */
static char *
read_file (const SoOutbox *outbox, const char *file, gsize limit)
{
  int fd = openat (outbox->root, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return NULL;
  struct stat st;
  gsize size = fstat (fd, &st) == 0 ? MIN ((gsize)st.st_size, limit) : 0;
  g_autofree char *text = g_malloc0 (size + 1);
  gssize n = so_durable_read_at (fd, text, size, 0);
  int saved = errno;
  close (fd);
  errno = saved;
  return n >= 0 ? g_steal_pointer (&text) : NULL;
}

gboolean
so_account_hold (SoOutbox *outbox, const char *account, const SoAccountHold *hold, GError **error)
{
  char since[17], until[17];
  so_entry_stamp_format (hold->since, since);
  so_entry_stamp_format (hold->until, until);
  g_autofree char *clean = so_text_sanitise (hold->text, -1, SO_TEXT_LINE_MAX);
  g_autofree char *text
      = g_strdup_printf ("%s\t%s\t%s\t%u\t%s\n", reason_names[hold->reason], since,
                         hold->until != 0 ? until : "-", hold->tries, clean);
  g_autofree char *file = file_of (account, "hold");
  return so_outbox_replace_file (outbox, file, text, TRUE, error);
}

gboolean
so_account_end_hold (SoOutbox *outbox, const char *account, GError **error)
{
  g_autofree char *file = file_of (account, "hold");
  if (unlinkat (outbox->root, file, 0) == 0)
    return so_outbox_sync_folder_of (outbox, file) || failed (outbox, file, error);
  return errno == ENOENT || failed (outbox, file, error);
}

static gboolean
read_reason (const char *word, SoHoldReason *reason)
{
  for (guint i = 0; i < G_N_ELEMENTS (reason_names); i++)
    if (g_str_equal (word, reason_names[i]))
      {
        *reason = (SoHoldReason)i;
        return TRUE;
      }
  return FALSE;
}

static SoAccountHold *
hold_from (const char *text)
{
  g_autoptr (SoAccountHold) hold = g_new0 (SoAccountHold, 1);
  g_auto (GStrv) fields = g_strsplit (text, "\t", 5);
  guint64 tries;
  if (g_strv_length (fields) != 5 || !read_reason (fields[0], &hold->reason)
      || !so_entry_stamp_parse (fields[1], &hold->since)
      || (!g_str_equal (fields[2], "-") && !so_entry_stamp_parse (fields[2], &hold->until))
      || !g_ascii_string_to_unsigned (fields[3], 10, 0, G_MAXUINT, &tries, NULL))
    return NULL;
  hold->tries = (guint)tries;
  hold->text = so_text_sanitise (g_strchomp (fields[4]), -1, SO_TEXT_LINE_MAX);
  return g_steal_pointer (&hold);
}

SoAccountHold *
so_account_get_hold (SoOutbox *outbox, const char *account, GError **error)
{
  g_autofree char *file = file_of (account, "hold");
  g_autofree char *text = read_file (outbox, file, SMALL_FILE);
  if (text == NULL)
    {
      if (errno != ENOENT)
        failed (outbox, file, error);
      return NULL;
    }
  SoAccountHold *hold = hold_from (text);
  if (hold == NULL)
    so_error_set (error, SO_ERROR_DATA, _ ("look at it, and remove it to end the hold"),
                  _ ("%s/%s is not a hold of sendoff"), outbox->path, file);
  return hold;
}

static gboolean
use_from (const char *line, SoBudgetUse *use)
{
  g_auto (GStrv) fields = g_strsplit (line, "\t", 0);
  guint64 messages, recipients;
  if (g_strv_length (fields) != 3 || !so_entry_stamp_parse (fields[0], &use->when)
      || !g_ascii_string_to_unsigned (fields[1], 10, 0, G_MAXUINT, &messages, NULL)
      || !g_ascii_string_to_unsigned (fields[2], 10, 0, G_MAXUINT, &recipients, NULL))
    return FALSE;
  use->messages = (guint)messages;
  use->recipients = (guint)recipients;
  return TRUE;
}

static gint
by_when (gconstpointer a, gconstpointer b)
{
  const SoBudgetUse *x = a, *y = b;
  return x->when < y->when ? -1 : x->when > y->when;
}

/* A torn or foreign line counts for nothing: the server has the last word anyway. */
static GArray *
uses_from (const char *text, gint64 now)
{
  GArray *uses = g_array_new (FALSE, FALSE, sizeof (SoBudgetUse));
  g_auto (GStrv) lines = g_strsplit (text, "\n", 0);
  for (char **line = lines; *line != NULL; line++)
    {
      SoBudgetUse use;
      if (use_from (*line, &use) && use.when > now - SO_BUDGET_WINDOW)
        g_array_append_val (uses, use);
    }
  g_array_sort (uses, by_when);
  return uses;
}

GArray *
so_account_uses (SoOutbox *outbox, const char *account, gint64 now, GError **error)
{
  g_autofree char *file = file_of (account, "sent");
  g_autofree char *text = read_file (outbox, file, USES_MAX);
  if (text == NULL && errno != ENOENT)
    {
      failed (outbox, file, error);
      return NULL;
    }
  return uses_from (text != NULL ? text : "", now);
}

static void
put_use (GString *out, const SoBudgetUse *use)
{
  char when[17];
  so_entry_stamp_format (use->when, when);
  g_string_append_printf (out, "%s\t%u\t%u\n", when, use->messages, use->recipients);
}

/* Over itself, so that the lock stays that of the file: cut short by a crash, it counts too
 * much rather than too little. */
static gboolean
drop_old_uses (int fd, gsize size, gint64 now)
{
  g_autofree char *text = g_malloc0 (size + 1);
  if (so_durable_read_at (fd, text, size, 0) < 0)
    return FALSE;
  g_autoptr (GArray) uses = uses_from (text, now);
  g_autoptr (GString) kept = g_string_new ("");
  for (guint i = 0; i < uses->len; i++)
    put_use (kept, &g_array_index (uses, SoBudgetUse, i));
  return so_durable_write_at (fd, kept->str, kept->len, 0)
         && ftruncate (fd, (off_t)kept->len) == 0;
}

/* Uses stand in their order: one line of the middle tells, without a look at the others. */
static gboolean
half_is_old (int fd, goffset size, gint64 now)
{
  char text[160];
  SoBudgetUse use;
  gssize n = so_durable_read_at (fd, text, sizeof text - 1, size / 2);
  if (n <= 0)
    return FALSE;
  text[n] = '\0';
  g_auto (GStrv) lines = g_strsplit (text, "\n", 3);
  return g_strv_length (lines) < 2 || !use_from (lines[1], &use) || use.when <= now - SO_BUDGET_WINDOW;
}

static gboolean
append_use (int fd, const SoBudgetUse *use)
{
  struct stat st;
  char last = '\n';
  if (!so_outbox_wait_for_lock (fd) || fstat (fd, &st) != 0)
    return FALSE;
  if (st.st_size > USES_TIDY && st.st_size < USES_MAX && half_is_old (fd, st.st_size, use->when)
      && (!drop_old_uses (fd, (gsize)st.st_size, use->when) || fstat (fd, &st) != 0))
    return FALSE;
  if (st.st_size > 0 && so_durable_read_at (fd, &last, 1, st.st_size - 1) < 0)
    return FALSE;
  g_autoptr (GString) line = g_string_new (last == '\n' ? "" : "\n");
  put_use (line, use);
  return so_durable_write_at (fd, line->str, line->len, st.st_size);
}

gboolean
so_account_add_use (SoOutbox *outbox, const char *account, const SoBudgetUse *use, GError **error)
{
  g_autofree char *file = file_of (account, "sent");
  int fd = so_outbox_open_for_writing (outbox, file);
  gboolean done = fd >= 0 && append_use (fd, use);
  if (!done)
    failed (outbox, file, error);
  if (fd >= 0)
    close (fd);
  return done;
}

gboolean
so_account_limit_connections (SoOutbox *outbox, const char *account, guint connections, gint64 now,
                              GError **error)
{
  char when[17];
  so_entry_stamp_format (now, when);
  g_autofree char *text = g_strdup_printf ("%s\t%u\n", when, connections);
  g_autofree char *file = file_of (account, "connections");
  return so_outbox_replace_file (outbox, file, text, FALSE, error);
}

guint
so_account_connections (SoOutbox *outbox, const char *account, gint64 now)
{
  g_autofree char *file = file_of (account, "connections");
  g_autofree char *text = read_file (outbox, file, SMALL_FILE);
  g_auto (GStrv) fields = g_strsplit (text != NULL ? g_strchomp (text) : "", "\t", 0);
  gint64 when;
  guint64 connections;
  if (g_strv_length (fields) != 2 || !so_entry_stamp_parse (fields[0], &when)
      || when <= now - CONNECTIONS_LAST || when > now
      || !g_ascii_string_to_unsigned (fields[1], 10, 1, G_MAXUINT, &connections, NULL))
    return 0;
  return (guint)connections;
}

gboolean
so_outbox_note_pass (SoOutbox *outbox, const SoPassRecord *record, GError **error)
{
  char when[17];
  so_entry_stamp_format (record->when, when);
  g_autofree char *text
      = g_strdup_printf ("%s\t%u\t%u\t%d\n", when, record->sent, record->waiting, record->status);
  /* Not worth waking a disk for. */
  return so_outbox_replace_file (outbox, "last-pass", text, FALSE, error);
}

gboolean
so_outbox_last_pass (SoOutbox *outbox, SoPassRecord *record)
{
  g_autofree char *text = read_file (outbox, "last-pass", SMALL_FILE);
  g_auto (GStrv) fields = g_strsplit (text != NULL ? g_strchomp (text) : "", "\t", 0);
  guint64 sent, waiting;
  gint64 status;
  if (g_strv_length (fields) != 4 || !so_entry_stamp_parse (fields[0], &record->when)
      || !g_ascii_string_to_unsigned (fields[1], 10, 0, G_MAXUINT, &sent, NULL)
      || !g_ascii_string_to_unsigned (fields[2], 10, 0, G_MAXUINT, &waiting, NULL)
      || !g_ascii_string_to_signed (fields[3], 10, 0, 255, &status, NULL))
    return FALSE;
  record->sent = (guint)sent;
  record->waiting = (guint)waiting;
  record->status = (int)status;
  return TRUE;
}

gboolean
so_outbox_claim_background (SoOutbox *outbox, int *fd)
{
  *fd = so_outbox_open_for_writing (outbox, "background");
  if (*fd < 0 || so_outbox_lock_fd (*fd) != EAGAIN)
    return TRUE;
  close (*fd);
  *fd = -1;
  return FALSE;
}

#define CLAIM_STEP_US (50 * 1000)

gboolean
so_account_claim_login (SoOutbox *outbox, const char *account, guint timeout_s, int *fd)
{
  g_autofree char *name = file_of (account, "login");
  gint64 end = so_clock_monotonic_us () + (gint64)timeout_s * G_USEC_PER_SEC;
  *fd = so_outbox_open_for_writing (outbox, name);
  while (*fd >= 0)
    {
      int problem = so_outbox_lock_fd (*fd);
      if (problem == 0)
        return TRUE;
      if (problem != EAGAIN || so_clock_monotonic_us () >= end)
        break;
      g_usleep (CLAIM_STEP_US);
    }
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
  return FALSE;
}
