/*
 * notice.c - a message on what was not sent, for a command of the user's.
 */
#include "config.h"

#include <string.h>

#include "sendoff/child.h"
#include "sendoff/clock.h"
#include "sendoff/entry-view.h"
#include "sendoff/i18n.h"
#include "sendoff/message-head.h"
#include "sendoff/notice.h"
#include "sendoff/notify.h"
#include "sendoff/text.h"

typedef struct
{
  char *command; /* "" for none */
  char *message;
  char *subject; /* for the desktop; NULL: it is not to be told */
  char *reason;
} Notice;

static void
notice_free (gpointer data)
{
  Notice *notice = data;
  g_free (notice->command);
  g_free (notice->message);
  g_free (notice->subject);
  g_free (notice->reason);
  g_free (notice);
}

GPtrArray *
so_notice_list (void)
{
  return g_ptr_array_new_with_free_func (notice_free);
}

static char *
subject_of (const SoEntry *entry)
{
  g_autoptr (SoSubmission) submission = so_entry_submission ((SoEntry *)entry, NULL);
  g_auto (GStrv) lines = submission != NULL
                             ? so_message_head_read (submission->fd, submission->offset)
                             : NULL;
  return lines != NULL ? so_message_head_field (lines, "Subject") : g_strdup ("");
}

/* All who have not got it. */
static void
add_recipients (GString *out, const SoEntry *entry, const char *text)
{
  const GPtrArray *recipients = so_entry_envelope (entry)->submission->recipients;
  for (guint i = 0; i < recipients->len; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (recipients, i);
      const SoVerdict *verdict = so_attempt_log_verdict (so_entry_log (entry), recipient->address);
      if (verdict != NULL && verdict->outcome == SO_OUTCOME_ACCEPTED)
        continue;
      g_autofree char *address = so_text_sanitise (recipient->address, -1, 300);
      g_autofree char *words = verdict != NULL && verdict->outcome != SO_OUTCOME_NONE
                                   ? so_verdict_words (verdict)
                                   : g_strdup (text);
      g_string_append_printf (out, "  %s: %s\n", address, words);
    }
}

static char *
message_for (const SoAccount *account, const SoEntry *entry, const char *failure)
{
  const char *id = so_entry_name (entry)->id;
  g_autofree char *date = so_clock_rfc5322 (so_clock_wall_us ());
  g_autofree char *subject = subject_of (entry);
  g_autofree char *encoded = g_base64_encode ((const guchar *)subject, strlen (subject));
  GString *out = g_string_new (NULL);
  g_string_append_printf (out,
                          "From: sendoff <%s>\nTo: %s\nDate: %s\n"
                          "Subject: sendoff: =?UTF-8?B?%s?=\nAuto-Submitted: auto-generated\n"
                          "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
                          "Content-Transfer-Encoding: 8bit\n\n",
                          account->address, account->address, date, encoded);
  g_string_append_printf (out, _("This message was not sent: %s\n\n"), subject);
  if (g_str_equal (so_entry_name (entry)->reason, SO_REASON_EXPIRED))
    g_string_append_printf (out, "%s\n\n", _("It could not be sent in time. The last answers:"));
  add_recipients (out, entry, failure);
  g_string_append_printf (out,
                          _("\nIt is kept in the outbox:\n"
                            "  sendoff outbox show %s      what was tried\n"
                            "  sendoff outbox edit %s      correct it\n"
                            "  sendoff outbox release %s   try again\n"
                            "  sendoff outbox remove %s    throw it away\n"),
                          id, id, id, id);
  return g_string_free (out, FALSE);
}

void
so_notice_add (GPtrArray *notices, const SoAccount *account, const SoEntry *entry)
{
  if (account == NULL || (*account->on_failure == '\0' && account->notify_never))
    return;
  Notice *notice = g_new0 (Notice, 1);
  notice->command = g_strdup (account->on_failure);
  g_autofree char *words = NULL;
  g_autofree char *address = so_text_sanitise (so_entry_failure (entry, &words), -1, 300);
  notice->message = message_for (account, entry, words);
  notice->subject = account->notify_never ? NULL : subject_of (entry);
  notice->reason = g_strdup_printf ("%s: %s", address, words);
  g_ptr_array_add (notices, notice);
}

static void
run_command (const Notice *notice, const SoObserver *observer)
{
  g_auto (GStrv) argv = NULL;
  g_auto (SoChildResult) result = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *problem = NULL;
  if (*notice->command == '\0')
    return;
  if (!g_shell_parse_argv (notice->command, NULL, &argv, NULL))
    problem = g_strdup (_("its quotes do not match"));
  else if (!so_child_run ((const char *const *)argv, notice->message, SO_NOTICE_TIMEOUT, &result,
                          &error))
    problem = g_strdup (error->message);
  else if (result.status != 0)
    {
      g_autofree char *said = so_child_last_words (&result);
      problem = g_strdup_printf (_("it failed with status %d%s%s"), result.status,
                                 *said != '\0' ? ": " : "", said);
    }
  if (problem == NULL)
    return;
  g_autofree char *line = g_strdup_printf ("on-failure: %s", problem);
  so_observer_warn (observer, line);
}

/* One word for all of a pass: a hundred would be none. */
static void
tell_desktop (const GPtrArray *notices)
{
  const Notice *first = NULL;
  guint n = 0;
  for (guint i = 0; i < notices->len; i++)
    {
      const Notice *notice = g_ptr_array_index (notices, i);
      if (notice->subject == NULL)
        continue;
      first = first != NULL ? first : notice;
      n++;
    }
  if (n == 0)
    return;
  g_autofree char *summary
      = n == 1 ? g_strdup_printf (_ ("Not sent: %s"), first->subject)
               : g_strdup_printf (P_ ("%u message was not sent", "%u messages were not sent", n), n);
  so_notify (summary, first->reason);
}

void
so_notice_send (GPtrArray *notices, const SoObserver *observer, gboolean attended)
{
  for (guint i = 0; i < notices->len; i++)
    run_command (g_ptr_array_index (notices, i), observer);
  if (!attended)
    tell_desktop (notices);
  g_ptr_array_set_size (notices, 0);
}
