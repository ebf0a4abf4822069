/*
 * cmd-retry.c - `sendoff retry`: one pass over what is due, for cron, timers and people.
 *
 * Without a terminal it says nothing unless something has changed for the worse: an entry
 * newly failed or held, an account newly put on hold.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "sendoff/app-outbox.h"
#include "sendoff/clock.h"
#include "sendoff/commands.h"
#include "sendoff/config-file.h"
#include "sendoff/deadline.h"
#include "sendoff/entry-view.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/interrupt.h"
#include "sendoff/program.h"
#include "sendoff/runner.h"
#include "sendoff/text.h"
#include "sendoff/timeline.h"
#include "sendoff/watch.h"

#define LOOK_AGAIN 300        /* s, after a pass that could not be made; ours */
#define IDLE_PASSES 3         /* in the background, in a row that sent nothing */
#define IDLE_US (200 * 1000)  /* between them: an entry may still be its writer's */
#define SWEEP_US (200 * 1000) /* at most this after a pass; the rest next time */

typedef struct
{
  SoApp *app;
  SoOutbox *outbox;
  SoInterrupt interrupt;
  gboolean now;
  gboolean network_back;
  const GPtrArray *names; /* NULL: all that is due */
  const char *only_account; /* a worker's, NULL */
} Retry;

static const char *
outcome_word (SoRunOutcome outcome)
{
  static const char *const words[] = { "sent", "queued", "uncertain", "held", "failed" };
  return words[outcome];
}

static char *
reason_of (const SoRunReport *report)
{
  if (report->outcome == SO_RUN_FAILED)
    {
      char *words;
      so_entry_failure (report->entry, &words);
      return words;
    }
  const SoVerdict *verdict
      = report->submission != NULL ? so_submission_speaker (report->submission) : NULL;
  return verdict != NULL ? so_verdict_words (verdict) : g_strdup (report->text);
}

static void
print_json (const SoRunReport *report)
{
  const SoEnvelope *envelope = so_entry_envelope (report->entry);
  g_autofree char *reason = reason_of (report);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "entry");
  so_json_string (builder, "id", so_entry_name (report->entry)->id);
  so_json_string (builder, "status", outcome_word (report->outcome));
  so_json_string (builder, "account", envelope->account);
  so_json_string (builder, "message_id", envelope->submission->message_id);
  so_json_string (builder, "reason", reason);
  json_builder_end_object (builder);
  so_app_json (builder);
}

static char *
words_for (const SoRunReport *report, const char *to, const char *reason)
{
  const char *id = so_entry_name (report->entry)->id;
  switch (report->outcome)
    {
    case SO_RUN_SENT:
      if (*report->text != '\0')
        return g_strdup_printf (_ ("%s to %s had arrived: %s"), id, to, report->text);
      return g_strdup_printf (_ ("%s to %s is sent"), id, to);
    case SO_RUN_DEFERRED:
      return g_strdup_printf (_ ("%s to %s waits: %s"), id, to, reason);
    case SO_RUN_UNCERTAIN:
      return g_strdup_printf (_ ("%s to %s may have arrived or not: %s"), id, to, reason);
    case SO_RUN_HELD:
      return g_strdup_printf (_ ("%s to %s is held: %s"), id, to, reason);
    case SO_RUN_FAILED:
      break;
    }
  return g_strdup_printf (_ ("%s to %s failed: %s"), id, to, reason);
}

static void
print_words (const SoApp *app, const SoRunReport *report)
{
  const GPtrArray *recipients = so_entry_envelope (report->entry)->submission->recipients;
  const char *first = ((const SoRecipient *)g_ptr_array_index (recipients, 0))->address;
  g_autofree char *reason = NULL;
  if (report->outcome == SO_RUN_FAILED)
    first = so_entry_failure (report->entry, &reason);
  else
    reason = reason_of (report);
  g_autofree char *to = so_text_sanitise (first, -1, 256);
  g_autofree char *line = words_for (report, to, reason);
  so_app_say (app, "%s", line);
}

/* Held by its account is no news but the first time: then the hold is told of. */
static gboolean
is_news (const SoRunReport *report)
{
  return report->outcome == SO_RUN_FAILED
         || (report->outcome == SO_RUN_HELD
             && so_entry_name (report->entry)->state == SO_ENTRY_HELD)
         || report->outcome == SO_RUN_UNCERTAIN
         || (report->outcome == SO_RUN_SENT && *report->text != '\0');
}

static void
take_report (gpointer data, const SoRunReport *report)
{
  const Retry *retry = data;
  if (report->goes_on)
    return;
  if (retry->app->json)
    print_json (report);
  else if (retry->app->talks_to_terminal || retry->app->verbose || is_news (report))
    print_words (retry->app, report);
}

/* What waits for a person comes before what goes by itself. */
static int
status_of (const SoRunSummary *summary)
{
  if (summary->n[SO_RUN_FAILED] > 0)
    return SO_ERROR_REFUSED;
  if (summary->needs_password)
    return SO_ERROR_CREDENTIALS;
  if (summary->lost_account)
    return SO_ERROR_CONFIG;
  if (summary->n[SO_RUN_HELD] > 0)
    return SO_ERROR_DATA;
  return summary->waiting + summary->n[SO_RUN_UNCERTAIN] > 0 ? SO_ERROR_TEMPORARY : 0;
}

static void
print_result (const SoRunSummary *summary)
{
  static const char *const members[] = { "sent", "deferred", "uncertain", "held", "failed" };
  const char *status = summary->n[SO_RUN_UNCERTAIN] > 0 ? "uncertain"
                       : summary->n[SO_RUN_FAILED] > 0  ? "failed"
                       : summary->n[SO_RUN_HELD] > 0    ? "held"
                       : summary->waiting > 0           ? "queued"
                                                        : "sent";
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "result");
  so_json_string (builder, "status", status);
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    so_json_number (builder, members[i], summary->n[i]);
  so_json_number (builder, "waiting", summary->waiting);
  so_json_time (builder, "next", summary->next < G_MAXINT64 ? summary->next : 0);
  json_builder_end_object (builder);
  so_app_json (builder);
}

/* Trouble that passes, or that was told when it began, is not told again to cron. */
static gboolean
is_to_be_told (const SoApp *app, const SoRunSummary *summary, const GError *error)
{
  gboolean passes = error->code == SO_ERROR_TEMPORARY || error->code == SO_ERROR_NO_HOST
                    || error->code == SO_ERROR_PROTOCOL || error->code == SO_ERROR_CREDENTIALS;
  return app->talks_to_terminal || app->verbose || summary->new_hold || !passes;
}

static int
finish (const Retry *retry, const SoRunSummary *summary, GError *problem, GError **error)
{
  int status = status_of (summary);
  if (problem == NULL)
    return status;
  /* What became of the entries counts more than why one could not be sent. */
  if (status == 0)
    status = so_error_exit_status (problem);
  if (problem->code == SO_ERROR_INTERRUPTED)
    {
      g_propagate_error (error, problem);
      return status;
    }
  if (is_to_be_told (retry->app, summary, problem))
    so_app_print_error (retry->app, problem);
  g_error_free (problem);
  return status;
}

static void
tidy_up (const Retry *retry, const SoRunSummary *summary)
{
  const SoPassRecord record = { .when = so_clock_wall_us () / G_USEC_PER_SEC,
                                .sent = summary->n[SO_RUN_SENT],
                                .waiting = summary->waiting,
                                .status = status_of (summary) };
  g_autoptr (GError) error = NULL;
  if (!so_outbox_note_pass (retry->outbox, &record, &error)
      || !so_outbox_sweep (retry->outbox, SWEEP_US, &error))
    so_app_say (retry->app, _ ("Warning: %s"), error->message);
}

/* The entries named on the command line, made due. */
static GPtrArray *
release_named (const Retry *retry, char **ids, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  gint64 now = so_clock_wall_us () / G_USEC_PER_SEC;
  for (; *ids != NULL; ids++)
    {
      g_autoptr (SoEntry) entry = so_app_lock_entry (retry->outbox, *ids, error);
      if (entry == NULL)
        return NULL;
      SoEntryState state = so_entry_name (entry)->state;
      gboolean stands = state == SO_ENTRY_HELD || state == SO_ENTRY_FAILED;
      if (stands && !so_entry_release (entry, now, now, "", error))
        return NULL;
      g_ptr_array_add (names, g_memdup2 (so_entry_name (entry), sizeof (SoEntryName)));
    }
  return g_steal_pointer (&names);
}

/* How to start a further connection; NULL where the conversation is to be read. */
static GPtrArray *
worker_command (const Retry *retry)
{
  const SoApp *app = retry->app;
  if (app->verbose || retry->only_account != NULL)
    return NULL;
  GPtrArray *argv = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (argv, so_program_path ("sendoff-main"));
  if (app->config_path != NULL)
    {
      g_ptr_array_add (argv, g_strdup ("--config"));
      g_ptr_array_add (argv, g_strdup (app->config_path));
    }
  if (app->json || app->quiet)
    g_ptr_array_add (argv, g_strdup (app->json ? "--json" : "--quiet"));
  g_ptr_array_add (argv, g_strdup ("retry"));
  if (retry->now)
    g_ptr_array_add (argv, g_strdup ("--now"));
  g_ptr_array_add (argv, NULL);
  return argv;
}

static int
tell_starter (const SoRunSummary *summary, GError *problem)
{
  g_autoptr (GError) owned = problem;
  return so_run_summary_write (SO_RUN_WORKER_FD, summary, owned) ? 0 : SO_ERROR_IO;
}

/* One pass; the status it alone would end with. */
static int
one_pass (const Retry *retry, SoRunSummary *summary, GError **error)
{
  g_autoptr (SoReplyBook) book = so_app_reply_book (error);
  const SoConfig *config = book != NULL ? so_app_config (retry->app, error) : NULL;
  *summary = (SoRunSummary){ .next = G_MAXINT64 };
  if (config == NULL)
    return 0;
  g_autoptr (SoTimeline) timeline = so_timeline_new (retry->app, FALSE);
  g_autoptr (GPtrArray) worker = worker_command (retry);
  const SoRunOptions options = {
    .outbox = retry->outbox,
    .config = config,
    .deliver = { .book = book,
                 .observer = retry->only_account == NULL ? so_timeline_observer (timeline) : NULL,
                 .timeout = SO_TIMEOUT_QUEUE,
                 .interrupt_fd = retry->interrupt.fd,
                 .may_prompt = retry->app->can_prompt },
    .now = retry->now,
    .network_back = retry->network_back,
    .names = retry->names,
    .worker = worker != NULL ? (const char *const *)worker->pdata : NULL,
    .only_account = retry->only_account,
    .report = take_report,
    .data = (gpointer)retry,
  };
  GError *problem = NULL;
  so_run_pass (&options, summary, &problem);
  if (retry->only_account != NULL)
    return tell_starter (summary, problem);
  tidy_up (retry, summary);
  if (retry->app->json)
    print_result (summary);
  return finish (retry, summary, problem, error);
}

static int
run_once (Retry *retry, GError **error)
{
  SoRunSummary summary;
  so_interrupt_begin (&retry->interrupt);
  int status = one_pass (retry, &summary, error);
  int signal_number = so_interrupt_end (&retry->interrupt);
  if (signal_number != 0)
    so_interrupt_raise (signal_number);
  return status;
}

/* The configuration may have changed since: one that is bad now is told of, and waited for. */
static gint64
watched_pass (gpointer data, SoWatchReason reason)
{
  Retry *retry = data;
  g_autoptr (GError) error = NULL;
  SoRunSummary summary;
  g_clear_pointer (&retry->app->config, so_config_free);
  retry->network_back = reason == SO_WATCH_NETWORK;
  one_pass (retry, &summary, &error);
  retry->now = FALSE;
  if (error == NULL)
    return summary.next;
  if (error->code != SO_ERROR_INTERRUPTED)
    so_app_print_error (retry->app, error);
  return so_clock_wall_us () / G_USEC_PER_SEC + LOOK_AGAIN;
}

static gboolean
is_something_due (const Retry *retry)
{
  gint64 now = so_clock_wall_us () / G_USEC_PER_SEC;
  SoOutboxPass *pass
      = so_outbox_pass (retry->outbox, now, so_run_horizon (retry->app->config), NULL);
  gboolean due = pass != NULL && pass->due->len > 0;
  g_clear_pointer (&pass, so_outbox_pass_free);
  return due;
}

/* For many callers of sendmail at once: one of their children delivers for all, and looks
 * again after it has given up the claim, so that no message falls between two children. */
static int
in_background (Retry *retry, GError **error)
{
  int status = 0, claim;
  guint idle = 0;
  while (*error == NULL && idle < IDLE_PASSES && so_outbox_claim_background (retry->outbox, &claim))
    {
      SoRunSummary summary;
      status = one_pass (retry, &summary, error);
      if (claim >= 0)
        close (claim);
      if (retry->app->config == NULL || !is_something_due (retry))
        break;
      idle = summary.n[SO_RUN_SENT] > 0 ? 0 : idle + 1;
      if (idle > 0)
        g_usleep (IDLE_US);
    }
  return status;
}

static int
run_in_background (Retry *retry, GError **error)
{
  so_interrupt_begin (&retry->interrupt);
  int status = in_background (retry, error);
  int signal_number = so_interrupt_end (&retry->interrupt);
  if (signal_number != 0)
    so_interrupt_raise (signal_number);
  return status;
}

static int
watch (Retry *retry, GError **error)
{
  so_interrupt_begin (&retry->interrupt);
  const SoWatchOptions options = { .outbox = retry->outbox,
                                   .interrupt_fd = retry->interrupt.fd,
                                   .pass = watched_pass,
                                   .data = retry };
  so_watch (&options, error);
  /* To be told to end is how this ends. */
  so_interrupt_end (&retry->interrupt);
  return 0;
}

/* A further connection of a pass that ends with the process that started it. */
static int
work (Retry *retry, GError **error)
{
  prctl (PR_SET_PDEATHSIG, SIGTERM);
  int status = run_once (retry, error);
  retry->app->json &= *error == NULL; /* the result is its starter's to print */
  return status;
}

static gboolean
is_usage_right (int argc, gboolean stay, gboolean background, GError **error)
{
  if (argc == 1 && stay && background)
    so_error_set (error, SO_ERROR_USAGE, _ ("see “sendoff retry --help”"),
                  _ ("retry --background does not stay"));
  else if (argc == 1 || (!stay && !background))
    return TRUE;
  else
    so_error_set (error, SO_ERROR_USAGE, _ ("see “sendoff retry --help”"),
                  _ ("retry %s takes no ids"), stay ? "--watch" : "--background");
  return FALSE;
}

int
so_cmd_retry (SoApp *app, int argc, char **argv, GError **error)
{
  gboolean now = FALSE, stay = FALSE, background = FALSE;
  g_autofree char *worker = NULL;
  const GOptionEntry entries[] = {
    { "now", 0, 0, G_OPTION_ARG_NONE, &now,
      N_ ("also what is not due yet, and accounts that could not be reached"), NULL },
    { "background", 0, 0, G_OPTION_ARG_NONE, &background,
      N_ ("do nothing if another one runs in the background"), NULL },
    { "watch", 0, 0, G_OPTION_ARG_NONE, &stay,
      N_ ("stay, and send when something is due, added, or the network is back"), NULL },
    { "worker", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &worker, NULL, NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  const char *help = _ (
      "Sends what is due in the outbox, or the entries named. Says nothing where nobody looks\n"
      "and nothing is wrong. Exit status: 0 all sent or nothing due, 65 something is held for\n"
      "its size, 69 something failed for good, 75 something still waits, 77 an account waits\n"
      "for a new password, 78 the configuration.");
  if (!so_app_parse (app, &argc, &argv, entries, _ ("[ID…]"), help, error)
      || !is_usage_right (argc, stay, background, error))
    return 0;
  g_autoptr (SoOutbox) outbox = so_app_outbox (app, error);
  if (outbox == NULL)
    return 0;
  Retry retry = { .app = app, .outbox = outbox, .now = now, .only_account = worker };
  if (worker != NULL)
    return work (&retry, error);
  if (stay)
    return watch (&retry, error);
  if (background)
    return run_in_background (&retry, error);
  if (argc == 1)
    return run_once (&retry, error);
  g_autoptr (GPtrArray) names = release_named (&retry, argv + 1, error);
  retry.names = names;
  retry.now = TRUE;
  return names != NULL ? run_once (&retry, error) : 0;
}
