/*
 * cmd-test.c - `sendoff test`: a real message, each step shown, never queued.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>

#include "sendoff/address.h"
#include "sendoff/clock.h"
#include "sendoff/commands.h"
#include "sendoff/deadline.h"
#include "sendoff/deliver.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/interrupt.h"
#include "sendoff/measure.h"
#include "sendoff/result.h"
#include "sendoff/size-text.h"
#include "sendoff/test-message.h"
#include "sendoff/timeline.h"

#include "test-verify.h"

#define TIMEOUT_MAX 3600 /* s */

typedef struct
{
  guint64 size;
  char **files;
  gboolean verify;
  SoVerifySpec spec;
} Options;

/* One test from here on. */
typedef struct
{
  SoApp *app;
  const SoAccount *account;
  const char *from; /* the account's address, or the one of --from */
  const char *to;
  const Options *options;
  SoSubmission *submission;
  char *token; /* in the subject */
  SoTimeline *timeline;
  SoInterrupt interrupt;
  SoVerify verify;
  gboolean verified; /* it was sent and looked for */
} Test;

/* --- the feed: one message, asked for once --- */

typedef struct
{
  SoSubmission *waiting;
  SoVerify *verify; /* notes when the answer came */
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
  Single *single = data;
  (void) submission; /* its verdicts are read from it afterwards */
  single->verify->accepted_us = so_clock_monotonic_us ();
  single->verify->accepted_wall_us = so_clock_wall_us ();
}

/* --- before sending --- */

static void
warn_of_typo (const SoApp *app, const char *address)
{
  const char *likely = so_address_likely_domain (so_address_domain (address));
  if (*likely != '\0')
    so_app_say (app, _("Is “%s” right? Did you mean …@%s?"), address, likely);
}

static gboolean
compose (Test *test, GError **error)
{
  const SoTestMessageSpec spec = {
    .account = test->account,
    .from = test->from,
    .to = test->to,
    .size = test->options->size,
    .files = (const char *const *) test->options->files,
    .now_us = so_clock_wall_us (),
  };
  SoTestMessage message = { 0 };
  int fd = so_test_message_write (&spec, &message, error);
  if (fd < 0)
    return FALSE;
  SoSubmission *submission = test->submission = so_submission_new (test->from, fd);
  so_submission_add (submission, test->to);
  g_free (submission->message_id);
  submission->message_id = g_steal_pointer (&message.message_id);
  test->token = g_steal_pointer (&message.token);
  so_test_message_clear (&message);

  SoWireMeasure measure;
  if (!so_measure_fd (fd, 0, &measure, error))
    return FALSE;
  so_submission_take_measure (submission, &measure);
  return TRUE;
}

static gboolean
open_mailbox (Test *test, GError **error)
{
  const SoMailboxOptions options = {
    .observer = so_timeline_observer (test->timeline),
    .interrupt_fd = test->interrupt.fd,
    .may_prompt = test->app->can_prompt,
  };
  return so_verify_begin (&test->verify, test->app, test->account, &test->options->spec, &options, error);
}

/* --- afterwards --- */

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
deliver (Test *test, SoVerdict **trouble, GError **error)
{
  g_autoptr (SoReplyBook) book = so_app_reply_book (error);
  if (book == NULL)
    return;
  Single single = { test->submission, &test->verify };
  const SoFeed feed = { .next = single_next, .done = single_done, .data = &single };
  const SoDeliverOptions options = {
    .book = book,
    .observer = so_timeline_observer (test->timeline),
    .timeout = SO_TIMEOUT_PERSON,
    .interrupt_fd = test->interrupt.fd,
    .may_prompt = test->app->can_prompt,
    .attended = TRUE,
  };
  so_deliver (test->account, &feed, &options, trouble, error);
}

/* The session ended before the message was asked for.  That condemns no message, so it is
 * deferred, but what the server said belongs to the result. */
static void
keep_reply (SoSubmission *submission, SoVerdict *trouble)
{
  if (trouble == NULL || trouble->reply == NULL)
    return;
  trouble->outcome = SO_OUTCOME_DEFERRED;
  so_submission_settle (submission, trouble);
}

static void
send_it (Test *test, GError **error)
{
  const SoAccount *account = test->account;
  if (!test->app->json)
    so_app_say (test->app, _("Sending a test message from %s to %s through %s port %u"), test->from, test->to,
                account->smtp.host, account->smtp.port);
  g_autoptr (SoVerdict) trouble = NULL;
  deliver (test, &trouble, error);
  choose_error (account, test->submission, test->to, error);
  keep_reply (test->submission, trouble);
  if (*error != NULL)
    so_timeline_stop (test->timeline);
  else if (!test->app->json)
    print_success (test->app, test->submission, test->to);
}

static void
verify_it (Test *test, GError **error)
{
  test->verified = TRUE;
  if (so_verify_wait (&test->verify, test->app, test->submission, test->token, error))
    so_verify_explain (&test->verify, error);
  if (!test->app->json && !test->app->quiet)
    so_verify_print (&test->verify, test->account, test->submission);
}

static void
print_json (const Test *test, const GError *problem)
{
  const char *status = so_result_status (so_submission_outcome (test->submission), FALSE);
  const SoResult result = { status, "", test->submission, test->timeline, problem };
  if (test->verified)
    so_verify_print_json (&test->verify);
  so_result_print_json (&result);
}

static void
test_clear (Test *test)
{
  if (test->options->verify)
    so_verify_clear (&test->verify);
  so_submission_free (test->submission);
  so_timeline_free (test->timeline);
  g_free (test->token);
}

/* The mailbox is opened first: what it holds by then is not what is looked for. */
static int
run_test (Test *test, GError **error)
{
  GError *problem = NULL;
  gboolean opened = FALSE;
  if (!compose (test, error))
    return 0;
  test->timeline = so_timeline_new (test->app, TRUE);
  so_interrupt_begin (&test->interrupt);
  opened = !test->options->verify || open_mailbox (test, &problem);
  if (opened)
    send_it (test, &problem);
  if (test->options->verify && opened && problem == NULL)
    verify_it (test, &problem);
  int signal_number = so_interrupt_end (&test->interrupt);
  if (test->app->json)
    print_json (test, problem);
  if (signal_number != 0 && problem != NULL && problem->code == SO_ERROR_INTERRUPTED)
    so_interrupt_raise (signal_number);
  if (problem == NULL)
    return 0;
  if (test->app->json)
    return so_app_fail_after_result (test->app, problem);
  g_propagate_error (error, problem);
  return 0;
}

static gboolean
check_options (Options *options, int timeout, gboolean keep, GError **error)
{
  if (!options->verify && (timeout != 0 || keep))
    {
      so_error_set (error, SO_ERROR_USAGE, _("add --verify"), _("--timeout and --keep belong to --verify"));
      return FALSE;
    }
  if (timeout < 0 || timeout > TIMEOUT_MAX)
    {
      so_error_set (error, SO_ERROR_USAGE, _("write seconds from 1 to 3600"), _("%d is not a time to wait"), timeout);
      return FALSE;
    }
  options->spec.timeout = timeout > 0 ? (guint) timeout : SO_VERIFY_TIMEOUT;
  options->spec.keep = keep;
  return TRUE;
}

int
so_cmd_test (SoApp *app, int argc, char **argv, GError **error)
{
  g_autofree char *size = NULL;
  g_auto (GStrv) files = NULL;
  gboolean verify = FALSE, keep = FALSE;
  int timeout = 0;
  const GOptionEntry entries[] = {
    { "size", 0, 0, G_OPTION_ARG_STRING, &size, N_("bring the message to N bytes (20000000, 20 MB)"), N_("N") },
    { "attach", 'a', 0, G_OPTION_ARG_FILENAME_ARRAY, &files, N_("attach a file"), N_("FILE") },
    { "verify", 0, 0, G_OPTION_ARG_NONE, &verify, N_("look for it in the mailbox: where, after how long"), NULL },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &timeout, N_("with --verify: wait S seconds at most (60)"), N_("S") },
    { "keep", 0, 0, G_OPTION_ARG_NONE, &keep, N_("with --verify: do not delete the message when found"), NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  if (!so_app_parse (app, &argc, &argv, entries, _("[TO]"),
                     _("Sends a real test message to TO (default: the address it is sent from) and shows each\n"
                       "step. It is never queued. Exit status: 0 sent, 68 unknown host, 69 refused, 75 try\n"
                       "again or not found, 76 protocol or TLS, 77 password."),
                     error))
    return 0;
  if (argc > 2)
    {
      so_error_set (error, SO_ERROR_USAGE, _("see “sendoff test --help”"), _("test takes one address"));
      return 0;
    }
  Options options = { .files = files, .verify = verify };
  if (!check_options (&options, timeout, keep, error)
      || (size != NULL && !so_size_parse (size, &options.size, error)))
    return 0;
  g_autoptr (SoAccount) account = so_app_account (app, error);
  if (account == NULL)
    return 0;
  const char *from = *app->from != '\0' ? app->from : account->address;
  const char *to = options.spec.to = argc > 1 ? argv[1] : from;
  if (!so_app_check_address (to, error))
    return 0;
  warn_of_typo (app, to);
  Test test = { .app = app, .account = account, .from = from, .to = to, .options = &options };
  int status = run_test (&test, error);
  test_clear (&test);
  return status;
}
