/*
 * result.c - the last word on a delivery.
 */
#include "config.h"

#include <string.h>

#include "sendoff/cause.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/json.h"
#include "sendoff/result.h"
#include "sendoff/text.h"

/* --- JSON --- */

static void
add_reply (JsonBuilder *builder, const SoReply *reply)
{
  /* Without a reply the object is there all the same, with code 0: scripts need no special case.
   * The lines of a longer one become one, as everywhere else (so_reply_line). */
  g_autofree char *line = g_strdelimit (g_strdup (reply != NULL ? reply->text : ""), "\n", ' ');
  g_autofree char *text = so_text_sanitise (line, -1, SO_TEXT_LINE_MAX);
  json_builder_set_member_name (builder, "reply");
  json_builder_begin_object (builder);
  so_json_number (builder, "code", reply != NULL ? reply->code : 0);
  so_json_string (builder, "enhanced", reply != NULL ? reply->enhanced : "");
  so_json_string (builder, "text", text);
  json_builder_end_object (builder);
}

const char *
so_result_status (SoOutcome outcome, gboolean kept)
{
  switch (outcome)
    {
    case SO_OUTCOME_ACCEPTED:
      return "sent";
    case SO_OUTCOME_REJECTED:
      return "rejected";
    case SO_OUTCOME_UNCERTAIN:
      return "uncertain";
    default:
      return kept ? "queued" : "failed";
    }
}

static const char *
recipient_status (const SoResult *result, const SoVerdict *verdict)
{
  gboolean waits = verdict != NULL && (verdict->outcome == SO_OUTCOME_DEFERRED
                                       || verdict->outcome == SO_OUTCOME_REJECTED);
  if (waits && strcmp (result->status, "held") == 0)
    return result->status;
  return verdict != NULL ? so_result_status (verdict->outcome, *result->id != '\0') : result->status;
}

static void
add_recipients (JsonBuilder *builder, const SoResult *result)
{
  json_builder_set_member_name (builder, "recipients");
  json_builder_begin_array (builder);
  for (guint i = 0; i < result->submission->recipients->len; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (result->submission->recipients, i);
      json_builder_begin_object (builder);
      so_json_string (builder, "address", recipient->address);
      so_json_string (builder, "status", recipient_status (result, recipient->verdict));
      add_reply (builder, recipient->verdict != NULL ? recipient->verdict->reply : NULL);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

void
so_result_print_json (const SoResult *result)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  const SoVerdict *speaker = so_submission_speaker (result->submission);
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "result");
  so_json_string (builder, "status", result->status);
  so_json_string (builder, "message_id", result->submission->message_id);
  so_json_string (builder, "id", result->id);
  add_reply (builder, speaker != NULL ? speaker->reply : NULL);
  add_recipients (builder, result);
  if (result->timeline != NULL)
    so_timeline_add_json (result->timeline, builder);
  if (result->error != NULL)
    so_json_error (builder, result->error);
  json_builder_end_object (builder);
  so_app_json (builder);
}

/* --- words --- */

int
so_result_exit_status (const SoVerdict *verdict)
{
  if (verdict == NULL)
    return SO_ERROR_TEMPORARY;
  switch (verdict->outcome)
    {
    case SO_OUTCOME_ACCEPTED:
      return 0;
    case SO_OUTCOME_REJECTED:
      if (strcmp (verdict->cause, "size") == 0 || strcmp (verdict->cause, "8bit") == 0)
        return SO_ERROR_DATA;
      return verdict->scope == SO_SCOPE_ACCOUNT ? SO_ERROR_CREDENTIALS : SO_ERROR_REFUSED;
    default:
      return SO_ERROR_TEMPORARY;
    }
}

static const char *
remedy_for (const SoVerdict *verdict)
{
  /* Greylisting and the like come as 4.7.x, "policy": waiting is the remedy. */
  gboolean passes = verdict->outcome == SO_OUTCOME_DEFERRED && strcmp (verdict->cause, "policy") == 0;
  const char *known = so_cause_remedy (verdict->cause);
  if (*known != '\0' && !passes)
    return known;
  if (verdict->outcome == SO_OUTCOME_UNCERTAIN)
    return _("look into the mailbox before sending again: it may have arrived");
  return verdict->outcome == SO_OUTCOME_REJECTED ? _("the server's words say why; it will not help to send the same again")
                                                 : _("try again later");
}

void
so_result_explain (const SoAccount *account, const char *address, const SoVerdict *verdict, GError **error)
{
  g_autofree char *words = so_verdict_words (verdict);
  const char *server = account->smtp.host;
  SoError code = (SoError) so_result_exit_status (verdict);
  const char *remedy = remedy_for (verdict);
  gboolean ours = verdict->reply == NULL;
  switch (verdict->outcome)
    {
    case SO_OUTCOME_UNCERTAIN:
      so_error_set (error, code, remedy, _("not known whether %s took the message for %s: %s"), server, address, words);
      break;
    case SO_OUTCOME_REJECTED:
      if (ours)
        so_error_set (error, code, remedy, _("not sent to %s: %s"), address, words);
      else if (verdict->stage == SO_STAGE_MAIL)
        so_error_set (error, code, remedy, _("%s refused the sender: %s"), server, words);
      else if (verdict->stage == SO_STAGE_RCPT)
        so_error_set (error, code, remedy, _("%s refused the recipient %s: %s"), server, address, words);
      else
        so_error_set (error, code, remedy, _("%s refused the message for %s: %s"), server, address, words);
      break;
    default:
      if (ours)
        so_error_set (error, code, remedy, _("not sent to %s yet: %s"), address, words);
      else
        so_error_set (error, code, remedy, _("%s does not take the message for %s now: %s"), server, address, words);
    }
}

char *
so_result_queue_id (const SoReply *reply)
{
  static const char mark[] = "queued as ";
  const char *at = reply != NULL ? strstr (reply->text, mark) : NULL;
  if (at == NULL)
    return g_strdup ("");
  at += strlen (mark);
  gsize length = strcspn (at, " \r\n;,");
  return so_text_sanitise (at, (gssize) length, 100);
}
