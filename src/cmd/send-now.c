/*
 * send-now.c - an entry that is in the outbox already, sent at once and told of.
 */
#include "config.h"

#include <signal.h>

#include "send-private.h"
#include "sendoff/app-outbox.h"
#include "sendoff/clock.h"
#include "sendoff/deadline.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/interrupt.h"

static int
send_now (SoApp *app, SoOutbox *outbox, SoEntry *entry, SoSendResult *result, GError **problem)
{
  g_autoptr (SoReplyBook) book = so_app_reply_book (problem);
  if (book == NULL)
    {
      so_entry_free (entry);
      return 0;
    }
  SoInterrupt interrupt;
  so_interrupt_begin (&interrupt);
  SoRunOptions options = {
    .outbox = outbox,
    .config = app->config,
    .deliver = { .book = book,
                 .observer = so_timeline_observer (result->timeline),
                 .timeout = SO_TIMEOUT_PERSON,
                 .interrupt_fd = interrupt.fd,
                 .may_prompt = app->can_prompt,
                 .attended = TRUE },
    .steps = result->account,
    .report = so_send_result_take,
    .data = result,
  };
  SoRunSummary summary;
  so_run_entry (&options, entry, &summary, problem);
  return so_interrupt_end (&interrupt);
}

static void
tell_of_parts (const SoSendResult *result)
{
  guint n = result->whole->recipients->len, most = result->account->max_recipients;
  if (most > 0 && n > most && !result->app->quiet)
    so_app_say (result->app,
                _ ("%u recipients are more than one message to %s may have: it goes in several, to %u "
                   "at most"),
                n, so_account_title (result->account), most);
}

/* As `outbox list` tells it: an account that rests makes it wait longer. */
static void
look_again (SoApp *app, SoOutbox *outbox, SoSendResult *result)
{
  g_autoptr (SoEntry) entry = so_app_peek_entry (outbox, result->id, NULL);
  if (entry == NULL)
    return;
  g_autoptr (SoViewer) viewer = so_viewer_new (app, outbox);
  g_autoptr (SoEntryView) view = so_viewer_view (viewer, entry);
  result->due = view->due;
}

static gboolean
has_accepted (const SoSubmission *submission)
{
  for (guint i = 0; i < submission->recipients->len; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (submission->recipients, i);
      if (recipient->verdict != NULL && recipient->verdict->outcome == SO_OUTCOME_ACCEPTED)
        return TRUE;
    }
  return FALSE;
}

/* The limit was the server's, and the last step is `refuse`: nothing is kept. */
static void
refuse_if_wanted (SoOutbox *outbox, SoSendResult *result)
{
  const SoAccount *account = result->account;
  if (result->state != SO_ENTRY_HELD || has_accepted (result->whole) || !g_str_equal (result->reason, SO_REASON_SIZE)
      || account->n_oversize == 0
      || account->oversize[account->n_oversize - 1] != SO_OVERSIZE_REFUSE)
    return;
  g_autoptr (SoEntry) entry = so_app_lock_entry (outbox, result->id, NULL);
  if (entry == NULL || !so_entry_remove (entry, NULL) || !so_outbox_sync (outbox, NULL))
    return;
  result->is_refused = TRUE;
  result->id[0] = '\0';
}

int
so_send_entry (SoApp *app, const SoAccount *account, SoOutbox *outbox, SoEntry *entry,
               SoSendEntry how)
{
  SoSendResult result;
  g_autoptr (GError) problem = NULL;
  int signal_number = 0;
  so_send_result_init (&result, app, account, entry);
  if (how == SO_SEND_QUEUE || so_entry_name (entry)->state == SO_ENTRY_HELD)
    so_entry_free (entry);
  else
    {
      tell_of_parts (&result);
      signal_number = send_now (app, outbox, entry, &result, &problem);
      if (how == SO_SEND_NEW)
        refuse_if_wanted (outbox, &result);
    }
  look_again (app, outbox, &result);
  int status = so_send_result_tell (&result, problem);
  if (result.outcome == SO_RUN_DEFERRED || result.outcome == SO_RUN_UNCERTAIN)
    so_app_warn_of_schedule (app, outbox);
  so_send_result_clear (&result);
  if (signal_number != 0 && g_error_matches (problem, SO_ERROR_DOMAIN, SO_ERROR_INTERRUPTED))
    so_interrupt_raise (signal_number);
  return status;
}
