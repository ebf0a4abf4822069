/*
 * cmd-test.c - `sendoff test`: a real message, each step shown, never queued.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sendoff/address.h"
#include "sendoff/clock.h"
#include "sendoff/commands.h"
#include "sendoff/config-file.h"
#include "sendoff/deadline.h"
#include "sendoff/deliver.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/interrupt.h"
#include "sendoff/measure.h"
#include "sendoff/result.h"
#include "sendoff/size-text.h"
#include "sendoff/test-message.h"
#include "sendoff/text.h"
#include "sendoff/timeline.h"

typedef struct
{
  guint64 size;
  char **files;
} Options;

/* --- the feed: one message, asked for once --- */

typedef struct
{
  SoSubmission *waiting;
} Single;

static SoSubmission *
single_next (gpointer data)
{
  Single *single = data;
  return g_steal_pointer (&single->waiting);
}

static void
single_done (gpointer data, SoSubmission *submission)
{
  (void) data;
  (void) submission; /* its verdicts are read from it afterwards */
}

/* --- before sending --- */

static gboolean
check_address (const char *address, GError **error)
{
  SoAddressVerdict verdict = so_address_check (address, -1);
  if (so_address_is_usable (verdict))
    return TRUE;
  g_autofree char *shown = so_text_sanitise (address, -1, 200);
  so_error_set (error, SO_ERROR_DATA, _("write it as name@domain"), _("“%s” is not a mail address: %s"), shown,
                so_address_explain (verdict));
  return FALSE;
}

static void
warn_of_typo (const SoApp *app, const char *address)
{
  const char *likely = so_address_likely_domain (so_address_domain (address));
  if (*likely != '\0')
    so_app_say (app, _("Is “%s” right? Did you mean …@%s?"), address, likely);
}

static SoSubmission *
compose (const SoAccount *account, const char *to, const Options *options, GError **error)
{
  const SoTestMessageSpec spec = {
    .account = account,
    .from = account->address,
    .to = to,
    .size = options->size,
    .files = (const char *const *) options->files,
    .now_us = so_clock_wall_us (),
  };
  SoTestMessage message = { 0 };
  int fd = so_test_message_write (&spec, &message, error);
  if (fd < 0)
    return NULL;
  g_autoptr (SoSubmission) submission = so_submission_new (account->address, fd);
  so_submission_add (submission, to);
  g_free (submission->message_id);
  submission->message_id = g_steal_pointer (&message.message_id);
  so_test_message_clear (&message);

  SoWireMeasure measure;
  if (!so_measure_fd (fd, 0, &measure, error))
    return NULL;
  submission->wire_size = measure.size;
  submission->eight_bit = measure.eight_bit;
  submission->utf8_headers = measure.utf8_headers;
  return g_steal_pointer (&submission);
}

/* --- afterwards --- */

static const char *
status_word (SoOutcome outcome)
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
      return "failed";
    }
}

static void
print_success (const SoApp *app, const SoSubmission *submission, const char *to)
{
  const SoVerdict *verdict = so_submission_speaker (submission);
  g_autofree char *queue_id = so_result_queue_id (verdict->reply);
  if (app->quiet)
    return;
  printf (_("Sent to %s: the server accepted the message.\n"), to);
  if (*queue_id != '\0')
    printf (_("Queue id: %s\n"), queue_id);
  printf ("Message-ID: %s\n", submission->message_id);
}

/* What the verdict says, unless the connection ended for a reason of its own that has
 * its own exit status. */
static void
choose_error (const SoAccount *account, const SoSubmission *submission, const char *to, GError **error)
{
  SoOutcome outcome = so_submission_outcome (submission);
  const SoVerdict *verdict = so_submission_speaker (submission);
  if (outcome == SO_OUTCOME_ACCEPTED)
    g_clear_error (error);
  else if (verdict != NULL && (*error == NULL || outcome != SO_OUTCOME_DEFERRED || verdict->reply != NULL))
    {
      g_clear_error (error);
      so_result_explain (account, to, verdict, error);
    }
}

static void
deliver (SoApp *app, const SoAccount *account, SoSubmission *submission, SoTimeline *timeline, int *signal_number,
         GError **error)
{
  g_autofree char *text = so_config_data ("replies.conf", error);
  g_autoptr (SoReplyBook) book = text != NULL ? so_reply_book_parse (text, "replies.conf", error) : NULL;
  if (book == NULL)
    return;
  Single single = { submission };
  const SoFeed feed = { .next = single_next, .done = single_done, .data = &single };
  SoInterrupt interrupt;
  so_interrupt_begin (&interrupt);
  const SoDeliverOptions options = {
    .book = book,
    .observer = so_timeline_observer (timeline),
    .timeout = SO_TIMEOUT_PERSON,
    .interrupt_fd = interrupt.fd,
    .may_prompt = app->can_prompt,
  };
  g_autoptr (SoVerdict) trouble = NULL;
  so_deliver (account, &feed, &options, &trouble, error);
  *signal_number = so_interrupt_end (&interrupt);
}

static int
send_and_tell (SoApp *app, const SoAccount *account, const char *to, SoSubmission *submission, GError **error)
{
  g_autoptr (SoTimeline) timeline = so_timeline_new (app, TRUE);
  g_autoptr (GError) problem = NULL;
  int signal_number = 0;
  if (!app->json)
    so_app_say (app, _("Sending a test message from %s to %s through %s port %u"), account->address, to,
                account->smtp.host, account->smtp.port);
  deliver (app, account, submission, timeline, &signal_number, &problem);
  choose_error (account, submission, to, &problem);
  if (problem != NULL)
    so_timeline_stop (timeline);

  if (app->json)
    {
      const SoResult result = { status_word (so_submission_outcome (submission)), "", submission, timeline, problem };
      so_result_print_json (&result);
    }
  else if (problem == NULL)
    print_success (app, submission, to);
  if (signal_number != 0 && problem != NULL && problem->code == SO_ERROR_INTERRUPTED)
    raise (signal_number);
  if (problem != NULL)
    g_propagate_error (error, g_steal_pointer (&problem));
  return 0;
}

int
so_cmd_test (SoApp *app, int argc, char **argv, GError **error)
{
  g_autofree char *size = NULL;
  g_auto (GStrv) files = NULL;
  const GOptionEntry entries[] = {
    { "size", 0, 0, G_OPTION_ARG_STRING, &size, N_("bring the message to N bytes (20000000, 20 MB)"), N_("N") },
    { "attach", 'a', 0, G_OPTION_ARG_FILENAME_ARRAY, &files, N_("attach a file"), N_("FILE") },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  if (!so_app_parse (app, &argc, &argv, entries, _("[TO]"),
                     _("Sends a real test message to TO (default: the account's own address) and shows each\n"
                       "step. It is never queued. Exit status: 0 sent, 68 unknown host, 69 refused, 75 try\n"
                       "again, 76 protocol or TLS, 77 password."),
                     error))
    return 0;
  if (argc > 2)
    {
      so_error_set (error, SO_ERROR_USAGE, _("see “sendoff test --help”"), _("test takes one address"));
      return 0;
    }
  Options options = { .files = files };
  if (size != NULL && !so_size_parse (size, &options.size, error))
    return 0;
  g_autoptr (SoAccount) account = so_app_account (app, error);
  if (account == NULL)
    return 0;
  const char *to = argc > 1 ? argv[1] : account->address;
  if (!check_address (to, error))
    return 0;
  warn_of_typo (app, to);
  g_autoptr (SoSubmission) submission = compose (account, to, &options, error);
  return submission != NULL ? send_and_tell (app, account, to, submission, error) : 0;
}
