/*
 * test-verify-print.c - the proof of arrival for a person, and as JSON.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "sendoff/clock.h"
#include "sendoff/i18n.h"
#include "sendoff/json.h"
#include "sendoff/result.h"
#include "sendoff/text.h"

#include "test-verify.h"

static const SoHop *
hop_at (const SoVerify *verify, guint i)
{
  return g_ptr_array_index (verify->hops, i);
}

/* Seconds since the one before, by two clocks that may differ; FALSE where a date is missing. */
static gboolean
hop_seconds (const SoVerify *verify, guint i, gint64 *seconds)
{
  if (i == 0 || hop_at (verify, i)->when == 0 || hop_at (verify, i - 1)->when == 0)
    return FALSE;
  *seconds = hop_at (verify, i)->when - hop_at (verify, i - 1)->when;
  return TRUE;
}

/* --- JSON --- */

static const char *
status_name (SoVerifyStatus status)
{
  static const char *const names[] = { "arrived", "missing", "unproven", "failed" };
  return names[status];
}

static void
add_hops (const SoVerify *verify, JsonBuilder *builder)
{
  json_builder_set_member_name (builder, "hops");
  json_builder_begin_array (builder);
  for (guint i = 0; i < verify->hops->len; i++)
    {
      const SoHop *hop = hop_at (verify, i);
      gint64 seconds;
      json_builder_begin_object (builder);
      so_json_string (builder, "from", hop->from);
      so_json_string (builder, "by", hop->by);
      so_json_time (builder, "time", hop->when);
      if (hop_seconds (verify, i, &seconds))
        so_json_number (builder, "seconds", seconds);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
add_arrival (const SoVerify *verify, JsonBuilder *builder)
{
  const SoArrival *arrival = &verify->arrival;
  so_json_string (builder, "folder", arrival->folder);
  so_json_string (builder, "use", so_folder_use_name (arrival->use));
  json_builder_set_member_name (builder, "seconds");
  json_builder_add_double_value (builder, so_verify_seconds (verify));
  add_hops (verify, builder);
  so_json_string (builder, "spf", verify->findings.spf);
  so_json_string (builder, "dkim", verify->findings.dkim);
  so_json_string (builder, "dmarc", verify->findings.dmarc);
  so_json_string (builder, "found_by", verify->findings.server);
  json_builder_set_member_name (builder, "in_sent");
  if (arrival->has_sent)
    json_builder_add_boolean_value (builder, arrival->in_sent);
  else
    json_builder_add_null_value (builder);
  json_builder_set_member_name (builder, "deleted");
  json_builder_add_boolean_value (builder, arrival->deleted);
}

void
so_verify_print_json (const SoVerify *verify)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "verify");
  so_json_string (builder, "status", status_name (verify->status));
  so_json_string (builder, "address", verify->spec.to);
  so_json_time (builder, "accepted", verify->accepted_wall_us / G_USEC_PER_SEC);
  if (verify->status == SO_VERIFY_ARRIVED)
    add_arrival (verify, builder);
  if (*verify->problem != '\0')
    so_json_string (builder, "problem", verify->problem);
  json_builder_end_object (builder);
  so_app_json (builder);
}

/* --- words --- */

static void
print_paragraph (const char *text)
{
  g_autofree char *laid_out = so_text_wrap (text, SO_TEXT_WIDTH);
  fputs (laid_out, stdout);
}

static void
print_place (const SoVerify *verify)
{
  const SoArrival *arrival = &verify->arrival;
  double seconds = so_verify_seconds (verify);
  if (arrival->use == SO_FOLDER_INBOX)
    printf (_ ("Arrived in the inbox after %.1f s.\n"), seconds);
  else if (arrival->use == SO_FOLDER_JUNK)
    {
      printf (_ ("Arrived after %.1f s, but in the folder for junk, “%s”.\n"), seconds,
              arrival->folder);
      print_paragraph (_ ("Mark it there as not junk, and the next one is more likely to land in "
                          "the inbox.\n"));
    }
  else
    printf (_ ("Arrived after %.1f s, in the folder “%s”, where a rule has put it.\n"), seconds,
            arrival->folder);
}

static void
print_hops (const SoVerify *verify)
{
  for (guint i = 0; i < verify->hops->len; i++)
    {
      const char *by = hop_at (verify, i)->by;
      gint64 seconds;
      if (i == 0)
        puts (_ ("Its way, by the servers' own clocks:"));
      if (hop_seconds (verify, i, &seconds))
        printf ("  %+5" G_GINT64_FORMAT " s  %s\n", seconds, *by != '\0' ? by : "?");
      else
        printf ("  %7s  %s\n", "", *by != '\0' ? by : "?");
    }
}

static void
print_findings (const SoVerify *verify)
{
  const SoAuthFindings *findings = &verify->findings;
  const char *unknown = _ ("not told");
  if (*findings->server == '\0')
    puts (_ ("The receiver has not written down what it found of SPF, DKIM and DMARC."));
  else
    printf (_ ("SPF %s, DKIM %s, DMARC %s (by %s)\n"), *findings->spf != '\0' ? findings->spf : unknown,
            *findings->dkim != '\0' ? findings->dkim : unknown,
            *findings->dmarc != '\0' ? findings->dmarc : unknown, findings->server);
}

static void
print_copies (const SoVerify *verify)
{
  const SoArrival *arrival = &verify->arrival;
  if (!arrival->has_sent)
    puts (_ ("The mailbox has no folder for sent messages."));
  else if (arrival->in_sent)
    printf (_ ("A copy is in “%s”.\n"), arrival->sent_folder);
  else
    printf (_ ("There is no copy in “%s”; save-sent in the configuration makes one of what is "
               "sent.\n"),
            arrival->sent_folder);
  if (arrival->deleted)
    puts (_ ("The test message has been deleted again."));
  else if (*arrival->left != '\0')
    printf (_ ("The test message is still there: %s.\n"), arrival->left);
}

/* Another's mailbox: what is known, and what the other one may be asked. */
static void
print_unproven (const SoVerify *verify, const SoAccount *account, const SoSubmission *submission)
{
  const SoVerdict *verdict = so_submission_speaker (submission);
  g_autofree char *queue_id = so_result_queue_id (verdict->reply);
  g_autofree char *time = so_clock_rfc3339 (verify->accepted_wall_us);
  g_autoptr (GString) text = g_string_new (NULL);
  g_string_append_printf (
      text, _ ("Whether it arrived cannot be proved: only the owner of %s can look into that mailbox.\n"),
      verify->spec.to);
  g_string_append_printf (text, _ ("What is proved, and stands in “sendoff log”: %s took the message at %s"),
                          account->smtp.host, time);
  if (*queue_id != '\0')
    g_string_append_printf (text, _ (" as %s"), queue_id);
  g_string_append_printf (
      text, ".\n%s\n",
      _ ("Ask the receiver to look into the folder for junk first. If it is not there, the one who "
         "runs the receiving server finds it in its log by the time and the Message-ID above."));
  print_paragraph (text->str);
}

void
so_verify_print (const SoVerify *verify, const SoAccount *account, const SoSubmission *submission)
{
  if (verify->status == SO_VERIFY_UNPROVEN)
    print_unproven (verify, account, submission);
  if (verify->status != SO_VERIFY_ARRIVED)
    return;
  print_place (verify);
  print_hops (verify);
  print_findings (verify);
  print_copies (verify);
}
