/*
 * send-result.c - what became of the message, for people, scripts and the exit status.
 *
 * Several sessions may have worked on it (more recipients than one message may have), so
 * the verdicts of all are gathered first.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "send-private.h"
#include "sendoff/app-outbox.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/result.h"
#include "sendoff/text.h"

void
so_send_result_init (SoSendResult *result, SoApp *app, const SoAccount *account,
                     const SoEntry *entry)
{
  const SoEntryName *name = so_entry_name (entry);
  const SoSubmission *submission = so_entry_envelope (entry)->submission;
  memset (result, 0, sizeof *result);
  result->app = app;
  result->account = account;
  result->whole = so_submission_new (submission->sender, -1);
  g_free (result->whole->message_id);
  result->whole->message_id = g_strdup (submission->message_id);
  for (guint i = 0; i < submission->recipients->len; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (submission->recipients, i);
      so_submission_add (result->whole, recipient->address);
    }
  result->timeline = so_timeline_new (app, FALSE);
  g_strlcpy (result->id, name->id, sizeof result->id);
  result->state = name->state;
  g_strlcpy (result->reason, name->reason, sizeof result->reason);
  result->due = name->stamp;
  result->outcome = name->state == SO_ENTRY_HELD ? SO_RUN_HELD : SO_RUN_DEFERRED;
  result->text = g_strdup ("");
}

void
so_send_result_clear (SoSendResult *result)
{
  g_clear_pointer (&result->whole, so_submission_free);
  g_clear_pointer (&result->timeline, so_timeline_free);
  g_clear_pointer (&result->text, g_free);
}

static void
take_verdicts (SoSubmission *whole, const SoSubmission *part)
{
  for (guint i = 0; i < part->recipients->len; i++)
    {
      const SoRecipient *from = g_ptr_array_index (part->recipients, i);
      SoRecipient *to = so_submission_find (whole, from->address);
      if (from->verdict == NULL || to == NULL)
        continue;
      so_verdict_free (to->verdict);
      to->verdict = so_verdict_as_recorded (from->verdict);
    }
}

void
so_send_result_take (gpointer data, const SoRunReport *report)
{
  SoSendResult *result = data;
  const SoEntryName *name = so_entry_name (report->entry);
  result->outcome = report->outcome;
  result->state = name->state;
  g_strlcpy (result->reason, name->reason, sizeof result->reason);
  result->due = name->stamp;
  result->tried |= report->submission != NULL;
  g_free (result->text);
  result->text = g_strdup (report->text);
  if (report->submission != NULL)
    take_verdicts (result->whole, report->submission);
}

/* --- what it comes to --- */

static const char *
status_of (const SoSendResult *result)
{
  SoOutcome outcome = so_submission_outcome (result->whole);
  if (result->is_refused)
    return "failed";
  if (result->outcome == SO_RUN_SENT)
    return "sent";
  if (result->outcome == SO_RUN_UNCERTAIN || outcome == SO_OUTCOME_UNCERTAIN)
    return "uncertain";
  if (result->outcome == SO_RUN_HELD)
    return "held";
  if (result->outcome == SO_RUN_FAILED || outcome == SO_OUTCOME_REJECTED)
    return "rejected";
  return "queued";
}

/* What stopped the session before the message was spoken of, or stops all of the account. */
static gboolean
is_of_session (const SoSendResult *result, const GError *problem)
{
  const SoVerdict *speaker = so_submission_speaker (result->whole);
  if (problem == NULL || speaker == NULL || speaker->outcome != SO_OUTCOME_DEFERRED)
    return problem != NULL && speaker == NULL;
  return speaker->stage == SO_STAGE_CONNECT || speaker->stage == SO_STAGE_AUTH
         || problem->code == SO_ERROR_CREDENTIALS;
}

/* It waits, and does not go by itself: the keyring is locked, say, or the configuration wrong. */
static gboolean
needs_somebody (const SoSendResult *result, const GError *problem)
{
  const SoVerdict *speaker = so_submission_speaker (result->whole);
  return problem != NULL
         && (problem->code == SO_ERROR_CONFIG
             || (speaker != NULL && speaker->scope == SO_SCOPE_ACCOUNT && speaker->reply == NULL));
}

static int
exit_status_of (const SoSendResult *result, const char *status, const GError *problem)
{
  if (strcmp (status, "uncertain") == 0)
    return SO_ERROR_TEMPORARY;
  const SoVerdict *speaker = so_submission_speaker (result->whole);
  if (strcmp (status, "rejected") == 0)
    return speaker != NULL && speaker->outcome == SO_OUTCOME_REJECTED
               ? so_result_exit_status (speaker)
               : SO_ERROR_REFUSED;
  if (result->is_refused)
    return SO_ERROR_DATA;
  if (strcmp (status, "queued") == 0 && needs_somebody (result, problem))
    return so_error_exit_status (problem);
  if (strcmp (status, "held") != 0)
    return 0;
  if (strcmp (result->reason, SO_REASON_SIZE) == 0)
    return SO_ERROR_DATA;
  return problem != NULL ? so_error_exit_status (problem) : SO_ERROR_CREDENTIALS;
}

/* --- words --- */

static void
tell_refusals (const SoSendResult *result)
{
  for (guint i = 0; i < result->whole->recipients->len; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (result->whole->recipients, i);
      if (recipient->verdict == NULL || recipient->verdict->outcome == SO_OUTCOME_ACCEPTED)
        continue;
      g_autoptr (GError) error = NULL;
      so_result_explain (result->account, recipient->address, recipient->verdict, &error);
      so_app_print_error (result->app, error);
    }
}

static gboolean
has_bad_verdict (const SoSendResult *result)
{
  SoOutcome outcome = so_submission_outcome (result->whole);
  return outcome != SO_OUTCOME_NONE && outcome != SO_OUTCOME_ACCEPTED;
}

static void
tell_why (const SoSendResult *result, const GError *problem)
{
  if (has_bad_verdict (result) && !is_of_session (result, problem))
    tell_refusals (result);
  else if (problem != NULL)
    so_app_print_error (result->app, problem);
  else if (*result->text != '\0')
    so_app_say (result->app, "%s", result->text);
}

static void
tell_sent (const SoSendResult *result)
{
  const SoVerdict *verdict = so_submission_speaker (result->whole);
  g_autofree char *queue_id = so_result_queue_id (verdict != NULL ? verdict->reply : NULL);
  if (result->app->quiet)
    return;
  printf (_ ("Sent: %s accepted the message.\n"), result->account->smtp.host);
  if (*queue_id != '\0')
    printf (_ ("Queue id: %s\n"), queue_id);
  printf ("Message-ID: %s\n", result->whole->message_id);
}

/* Where it is now, and how it goes on. */
static void
tell_kept (const SoSendResult *result, const char *status, gint64 now)
{
  const char *id = result->id;
  if (result->app->quiet || result->is_refused)
    return;
  if (strcmp (status, "queued") == 0 && !result->tried && *result->text == '\0'
      && result->due <= now)
    printf (_ ("Queued as %s; “sendoff retry” sends it.\n"), id);
  else if (strcmp (status, "held") == 0)
    printf (_ ("It is held in the outbox as %s; see “sendoff outbox show”.\n"), id);
  else if (result->state == SO_ENTRY_QUEUED || result->state == SO_ENTRY_UNCERTAIN)
    {
      g_autofree char *when = so_view_time (MAX (result->due, now), now);
      printf (_ ("It waits in the outbox as %s; next try: %s.\n"), id, when);
    }
  else
    printf (_ ("It is kept in the outbox as %s; “sendoff outbox edit” corrects it.\n"), id);
}

/* The error behind a result that has none of its own; NULL for none. */
static GError *
error_of (const SoSendResult *result)
{
  GError *error = NULL;
  const SoVerdict *speaker = so_submission_speaker (result->whole);
  for (guint i = 0; has_bad_verdict (result) && i < result->whole->recipients->len; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (result->whole->recipients, i);
      if (recipient->verdict == speaker)
        {
          so_result_explain (result->account, recipient->address, speaker, &error);
          return error;
        }
    }
  if (result->state == SO_ENTRY_HELD && strcmp (result->reason, SO_REASON_SIZE) == 0
      && (*result->text != '\0' || result->app->json))
    {
      g_autofree char *remedy
          = result->is_refused
                ? g_strdup (_ ("send a link instead of the attachment"))
                : g_strdup_printf (
                      _ ("replace an attachment by a link: sendoff outbox edit %s --link FILE=URL"),
                      result->id);
      so_error_set (&error, SO_ERROR_DATA, remedy, "%s",
                    *result->text != '\0' ? result->text : _ ("too large for the account"));
      return error;
    }
  gboolean is_hold = result->outcome == SO_RUN_HELD && result->state != SO_ENTRY_HELD;
  if (is_hold && *result->text != '\0')
    so_error_set (&error, SO_ERROR_CREDENTIALS, _ ("run “sendoff login”"),
                  _ ("account %s is on hold: %s"), result->account->name, result->text);
  return error;
}

int
so_send_result_tell (const SoSendResult *result, const GError *given)
{
  const char *status = status_of (result);
  g_autoptr (GError) own = given == NULL || (has_bad_verdict (result) && !is_of_session (result, given))
                               ? error_of (result)
                               : NULL;
  const GError *problem = own != NULL ? own : given;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  if (result->app->json)
    {
      const SoResult last
          = { status, result->id, result->whole, result->timeline, problem };
      so_result_print_json (&last);
    }
  else if (strcmp (status, "sent") == 0)
    tell_sent (result);
  else
    {
      tell_why (result, problem);
      tell_kept (result, status, now);
    }
  return exit_status_of (result, status, problem);
}
