/*
 * cmd-outbox-show.c - `sendoff outbox show`: one entry, what was tried, what comes next and
 * what a person can do.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>

#include "outbox-verbs.h"
#include "send-private.h"
#include "sendoff/app-outbox.h"
#include "sendoff/clock.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/message-head.h"
#include "sendoff/size-text.h"
#include "sendoff/table.h"
#include "sendoff/text.h"

static const char *const shown_headers[] = { "From", "To", "Cc", "Subject", "Date" };

static char **
header_lines (SoEntry *entry, GError **error)
{
  g_autoptr (SoSubmission) submission = so_entry_submission (entry, error);
  if (submission == NULL)
    return NULL;
  char **lines = so_message_head_read (submission->fd, submission->offset);
  if (lines == NULL)
    so_durable_error (error, errno, _ ("cannot read the message"));
  return lines;
}

static char *
verdict_words (const SoAttempt *attempt)
{
  return attempt->kind == SO_ATTEMPT_NOTE ? g_strdup (attempt->text)
                                          : so_verdict_words (attempt->verdict);
}

static gboolean
is_told (const SoAttempt *attempt)
{
  return attempt->kind == SO_ATTEMPT_NOTE
         || (attempt->kind == SO_ATTEMPT_VERDICT && attempt->verdict->outcome != SO_OUTCOME_NONE);
}

static void
print_json_attempts (const SoAttemptLog *log)
{
  for (guint i = 0; i < log->records->len; i++)
    {
      const SoAttempt *attempt = g_ptr_array_index (log->records, i);
      if (!is_told (attempt))
        continue;
      g_autofree char *words = verdict_words (attempt);
      gboolean verdict = attempt->kind == SO_ATTEMPT_VERDICT;
      g_autoptr (JsonBuilder) builder = json_builder_new ();
      json_builder_begin_object (builder);
      so_json_string (builder, "event", verdict ? "attempt" : "note");
      so_json_time (builder, "time", attempt->time);
      if (verdict)
        {
          so_json_string (builder, "server", attempt->server);
          so_json_string (builder, "address", attempt->address);
          so_json_string (builder, "outcome", so_outcome_name (attempt->verdict->outcome));
        }
      so_json_string (builder, "text", words);
      json_builder_end_object (builder);
      so_app_json (builder);
    }
}

static void
print_json (SoEntry *entry, const SoEntryView *view, char **lines)
{
  g_autofree char *subject = so_message_head_field (lines, "Subject");
  print_json_attempts (so_entry_log (entry));
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "result");
  so_json_string (builder, "status", so_entry_state_name (view->state));
  so_view_add_json (view, builder);
  so_json_string (builder, "message_id", so_entry_envelope (entry)->submission->message_id);
  so_json_string (builder, "subject", subject);
  so_json_string (builder, "remedy", view->remedy);
  json_builder_end_object (builder);
  so_app_json (builder);
}

static void
print_field (const char *name, const char *value)
{
  g_autofree char *clean = so_text_sanitise (value, -1, SO_TEXT_LINE_MAX);
  if (*clean != '\0')
    printf ("%s: %s\n", name, clean);
}

static void
print_recipients (const SoEntry *entry)
{
  const GPtrArray *recipients = so_entry_envelope (entry)->submission->recipients;
  g_autoptr (SoTable) table = so_table_new (3);
  for (guint i = 0; i < recipients->len; i++)
    {
      const char *address = ((const SoRecipient *)g_ptr_array_index (recipients, i))->address;
      const SoVerdict *verdict = so_attempt_log_verdict (so_entry_log (entry), address);
      g_autofree char *clean = so_text_sanitise (address, -1, 256);
      static const char *const titles[]
          = { N_ ("not tried yet"), N_ ("accepted"), N_ ("to be tried again"), N_ ("refused"),
              N_ ("may have arrived") };
      so_table_add (table, "  ");
      so_table_add (table, clean);
      gboolean doubtful = so_attempt_log_doubt (so_entry_log (entry), address) != SO_DOUBT_NONE;
      so_table_add (table, _ (titles[doubtful          ? SO_OUTCOME_UNCERTAIN
                                     : verdict != NULL ? verdict->outcome
                                                       : SO_OUTCOME_NONE]));
    }
  printf ("%s:\n", _ ("Recipients"));
  so_table_print (table, stdout);
}

static void
print_attempts (const SoAttemptLog *log, gint64 now)
{
  g_autoptr (SoTable) table = so_table_new (4);
  guint n = 0;
  for (guint i = 0; i < log->records->len; i++)
    {
      const SoAttempt *attempt = g_ptr_array_index (log->records, i);
      if (!is_told (attempt))
        continue;
      g_autofree char *when = so_view_time (attempt->time, now);
      g_autofree char *words = verdict_words (attempt);
      g_autofree char *clean = so_text_sanitise (words, -1, SO_TEXT_LINE_MAX);
      gboolean verdict = attempt->kind == SO_ATTEMPT_VERDICT;
      gboolean one = verdict && !g_str_equal (attempt->address, SO_ATTEMPT_ALL);
      so_table_add (table, "  ");
      so_table_add (table, when);
      so_table_add (table, one ? attempt->address : "");
      so_table_add (table, clean);
      n++;
    }
  if (n == 0)
    return;
  printf ("%s:\n", _ ("Attempts"));
  so_table_print (table, stdout);
}

static void
print_state (const SoEntryView *view, gint64 now)
{
  g_autofree char *created = so_view_time (view->created, now);
  g_autofree char *size = so_size_format (view->size);
  print_field (_ ("Entry"), view->name.id);
  print_field (_ ("State"), so_view_state_title (view->state));
  print_field (_ ("Why"), view->reason);
  print_field (_ ("Account"), view->account);
  print_field (_ ("Since"), created);
  print_field (_ ("Size"), size);
  if (view->due == 0)
    return;
  g_autofree char *due = view->due <= now ? g_strdup (_ ("now")) : so_view_time (view->due, now);
  print_field (_ ("Next try"), due);
}

static void
print_words (SoEntry *entry, const SoEntryView *view, char **lines)
{
  gint64 now = so_clock_wall_us () / G_USEC_PER_SEC;
  print_state (view, now);
  print_field (_ ("Envelope sender"), view->from[0] != '\0' ? view->from : "<>");
  for (gsize i = 0; i < G_N_ELEMENTS (shown_headers); i++)
    {
      g_autofree char *value = so_message_head_field (lines, shown_headers[i]);
      print_field (shown_headers[i], value);
    }
  print_field ("Message-ID", so_entry_envelope (entry)->submission->message_id);
  print_recipients (entry);
  print_attempts (so_entry_log (entry), now);
  gboolean too_large
      = view->name.state == SO_ENTRY_HELD && g_str_equal (view->name.reason, SO_REASON_SIZE);
  if ((!too_large || !so_send_tell_parts (entry)) && view->remedy[0] != '\0')
    printf ("→ %s\n", view->remedy);
}

int
so_cmd_outbox_show (SoApp *app, int argc, char **argv, GError **error)
{
  if (!so_app_parse (app, &argc, &argv, NULL, _ ("ID"),
                     _ ("Shows one entry: its headers, each attempt with the server's reply, when "
                        "it is tried\n"
                        "next, and what to do."),
                     error))
    return 0;
  if (argc != 2)
    {
      so_error_set (error, SO_ERROR_USAGE, _ ("“sendoff outbox list” shows the ids"),
                    _ ("outbox show takes one id"));
      return 0;
    }
  g_autoptr (SoOutbox) outbox = so_app_outbox (app, error);
  g_autoptr (SoEntry) entry = outbox != NULL ? so_app_peek_entry (outbox, argv[1], error) : NULL;
  g_auto (GStrv) lines = entry != NULL ? header_lines (entry, error) : NULL;
  if (lines == NULL)
    return 0;
  g_autoptr (SoViewer) viewer = so_viewer_new (app, outbox);
  g_autoptr (SoEntryView) view = so_viewer_view (viewer, entry);
  if (app->json)
    print_json (entry, view, lines);
  else
    print_words (entry, view, lines);
  return 0;
}
