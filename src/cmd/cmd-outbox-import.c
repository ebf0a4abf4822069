/*
 * cmd-outbox-import.c - `sendoff outbox import`: what waits in other programs comes along.
 *
 * Every message is told of on a line of its own; what could not be taken also on stderr, with
 * the reason.  The others go on, and the exit status is that of the first that failed.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "outbox-verbs.h"
#include "sendoff/app-outbox.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/import.h"
#include "sendoff/outbox-place.h"
#include "sendoff/size-text.h"
#include "sendoff/table.h"
#include "sendoff/text.h"

typedef struct
{
  SoApp *app;
  SoTable *table; /* of a rehearsal; NULL otherwise */
  gboolean dry_run;
} Show;

static const char *
outcome_title (SoImportOutcome outcome)
{
  static const char *const titles[SO_IMPORT_OUTCOMES]
      = { N_ ("queued"), N_ ("held"), N_ ("imported before"), N_ ("deleted there"), N_ ("failed") };
  return _ (titles[outcome]);
}

/* Where it came from, short: the last two names of the path. */
static char *
short_label (const char *label)
{
  g_autofree char *clean = so_text_sanitise (label, -1, 400);
  const char *slash = strrchr (clean, '/');
  while (slash != NULL && slash > clean && slash[-1] != '/')
    slash--;
  return g_strdup (slash != NULL && slash > clean ? slash : clean);
}

static char *
recipients (char **to)
{
  guint count = g_strv_length (to);
  if (count < 2)
    return g_strdup (count == 1 ? to[0] : "");
  return g_strdup_printf (_ ("%s and %u more"), to[0], count - 1);
}

/* --- people --- */

static char *
result_of (const SoImportReport *report)
{
  g_autoptr (GString) text = g_string_new (outcome_title (report->outcome));
  if (strcmp (report->reason, SO_REASON_SENDER) == 0)
    {
      g_string_append (text, ": ");
      g_string_append_printf (text, _ ("%s is not an address of %s"), report->why, report->account);
    }
  else if (*report->why != '\0')
    g_string_append_printf (text, ": %s", report->why);
  if (*report->id != '\0')
    g_string_append_printf (text, " (%.8s)", report->id);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
add_row (SoTable *table, const SoImportReport *report)
{
  g_autofree char *file = short_label (report->item->label);
  g_autofree char *to = recipients (report->to);
  g_autofree char *from = so_text_sanitise (report->from, -1, 60);
  g_autofree char *subject = so_text_sanitise (report->subject, -1, 40);
  g_autofree char *size = so_size_format (report->size);
  g_autofree char *result = result_of (report);
  const char *const cells[] = { file, from, to, subject, size, result };
  for (gsize i = 0; i < G_N_ELEMENTS (cells); i++)
    so_table_add (table, cells[i]);
}

static void
add_titles (SoTable *table)
{
  const char *const titles[]
      = { _ ("FILE"), _ ("FROM"), _ ("TO"), _ ("SUBJECT"), _ ("SIZE"), _ ("BECOMES") };
  for (gsize i = 0; i < G_N_ELEMENTS (titles); i++)
    so_table_add (table, titles[i]);
}

static void
print_line (const SoImportReport *report)
{
  g_autofree char *file = short_label (report->item->label);
  g_autofree char *to_raw = recipients (report->to);
  g_autofree char *result_raw = result_of (report);
  g_autofree char *to = so_text_sanitise (to_raw, -1, 200);
  g_autofree char *result = so_text_sanitise (result_raw, -1, SO_TEXT_LINE_MAX);
  if (*to != '\0')
    printf ("%s: %s → %s\n", file, to, result);
  else
    printf ("%s: %s\n", file, result);
}

/* --- scripts --- */

static void
add_list (JsonBuilder *builder, const char *name, char **values)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (; *values != NULL; values++)
    json_builder_add_string_value (builder, *values);
  json_builder_end_array (builder);
}

static void
print_json (const SoImportReport *report)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autofree char *file = so_text_sanitise (report->item->path, -1, SO_TEXT_LINE_MAX);
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "message");
  so_json_string (builder, "file", file);
  so_json_number (builder, "number", report->item->number);
  so_json_string (builder, "format", so_mail_format_name (report->item->format));
  so_json_string (builder, "status", so_import_outcome_name (report->outcome));
  so_json_string (builder, "id", report->id);
  so_json_string (builder, "account", report->account);
  so_json_string (builder, "from", report->from);
  add_list (builder, "to", report->to);
  so_json_string (builder, "subject", report->subject);
  so_json_number (builder, "size", (gint64)report->size);
  so_json_string (builder, "hold", report->reason);
  so_json_string (builder, "reason", report->error != NULL ? report->error->message : report->why);
  json_builder_end_object (builder);
  so_app_json (builder);
}

static void
print_summary (const Show *show, const SoImportSummary *summary, const GError *problem)
{
  const SoApp *app = show->app;
  const guint *n = summary->n;
  if (!app->json)
    {
      so_app_say (app,
                  show->dry_run ? _ ("Nothing was done: %u would be queued, %u held; %u imported "
                                     "before, %u deleted there, %u failed")
                                : _ ("%u queued, %u held; %u imported before, %u deleted there, "
                                     "%u failed"),
                  n[SO_IMPORT_QUEUED], n[SO_IMPORT_HELD], n[SO_IMPORT_KNOWN], n[SO_IMPORT_SKIPPED],
                  n[SO_IMPORT_FAILED]);
      return;
    }
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "result");
  gboolean well = n[SO_IMPORT_FAILED] == 0 && problem == NULL;
  so_json_string (builder, "status", well ? "done" : "failed");
  for (int i = 0; i < SO_IMPORT_OUTCOMES; i++)
    so_json_number (builder, so_import_outcome_name ((SoImportOutcome)i), n[i]);
  if (problem != NULL)
    so_json_error (builder, problem);
  json_builder_end_object (builder);
  so_app_json (builder);
}

/* --- one message --- */

static void
take_report (gpointer data, const SoImportReport *report)
{
  const Show *show = data;
  if (show->app->json)
    print_json (report);
  else if (show->table != NULL)
    add_row (show->table, report);
  else if (!show->app->quiet && report->error == NULL)
    print_line (report);
  if (report->error != NULL)
    so_app_print_error (show->app, report->error);
  for (guint i = 0; i < report->item->notes->len; i++)
    so_app_say (show->app, "%s: %s", report->item->label,
                (const char *)g_ptr_array_index (report->item->notes, i));
}

static void
take_complaint (gpointer data, const GError *error)
{
  so_app_print_error (((Show *)data)->app, error);
}

/* --- sources --- */

static SoMailFormat
format_of (const Show *show, const char *path, const char *wanted, GError **error)
{
  SoMailFormat format
      = wanted != NULL ? so_mail_format_from_name (wanted) : so_mail_format_guess (path, error);
  if (format == SO_FORMAT_UNKNOWN)
    {
      if (error == NULL || *error == NULL)
        so_error_set (error, SO_ERROR_DATA, _ ("name its format with --format"),
                      _ ("%s: it is not known what kind of mail this is"), path);
      return format;
    }
  if (wanted == NULL)
    so_app_say (show->app, _ ("%s: %s"), path, so_mail_format_name (format));
  return format;
}

/* What cannot be read as a whole is told, and the next one is read. */
static gboolean
import_path (Show *show, const SoImportOptions *options, const char *path, const char *wanted,
             SoImportSummary *summary, GError **error)
{
  g_autoptr (GError) problem = NULL;
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    so_error_set (&problem, SO_ERROR_NO_INPUT, "", _ ("%s: there is no such file or folder"), path);
  SoMailFormat format
      = problem == NULL ? format_of (show, path, wanted, &problem) : SO_FORMAT_UNKNOWN;
  if (format != SO_FORMAT_UNKNOWN && so_import_run (options, path, format, summary, &problem))
    {
      if (so_mail_format_is_queue (format) && !options->move && !options->dry_run)
        so_app_say (show->app,
                    _ ("The messages are still in that queue too: --move takes them out"));
      return TRUE;
    }
  if (problem->code != SO_ERROR_NO_INPUT && problem->code != SO_ERROR_DATA
      && problem->code != SO_ERROR_TEMPORARY)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  so_app_print_error (show->app, problem);
  if (summary->status == 0)
    summary->status = so_error_exit_status (problem);
  summary->n[SO_IMPORT_FAILED]++;
  return TRUE;
}

/* A rehearsal makes no outbox. */
static gboolean
open_outbox (SoApp *app, gboolean dry_run, SoOutbox **outbox, GError **error)
{
  const SoConfig *config = so_app_config (app, error);
  if (config == NULL)
    return FALSE;
  g_autofree char *place = so_outbox_place (so_config_outbox (config));
  if (dry_run && !g_file_test (place, G_FILE_TEST_IS_DIR))
    return TRUE;
  *outbox = so_app_outbox (app, error);
  return *outbox != NULL;
}

static int
import_all (SoApp *app, SoImportOptions *options, char **paths, const char *wanted, GError **error)
{
  g_autoptr (SoOutbox) outbox = NULL;
  if (!open_outbox (app, options->dry_run, &outbox, error))
    return 0;
  g_autoptr (SoTable) table = options->dry_run && !app->json ? so_table_new (6) : NULL;
  Show show = { .app = app, .table = table, .dry_run = options->dry_run };
  SoImportSummary summary = { .status = 0 };
  GError *problem = NULL;
  if (table != NULL)
    add_titles (table);
  options->outbox = outbox;
  options->config = app->config;
  options->account = app->account_name;
  options->report = take_report;
  options->complain = take_complaint;
  options->data = &show;
  for (char **path = paths; *path != NULL; path++)
    if (!import_path (&show, options, *path, wanted, &summary, &problem))
      break;
  if (table != NULL)
    so_table_print (table, stdout);
  print_summary (&show, &summary, problem);
  return problem != NULL ? so_app_fail_after_result (app, problem) : summary.status;
}

int
so_cmd_outbox_import (SoApp *app, int argc, char **argv, GError **error)
{
  SoImportOptions options = { 0 };
  g_autofree char *wanted = NULL;
  const GOptionEntry entries[] = {
    { "format", 0, 0, G_OPTION_ARG_FILENAME, &wanted,
      N_ ("eml, emlx, mbox, thunderbird, maildir, mh, msmtpq, nullmailer or dma; else it is "
          "found out"),
      N_ ("FORMAT") },
    { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &options.dry_run,
      N_ ("show what would become of each message, and do nothing"), NULL },
    { "move", 0, 0, G_OPTION_ARG_NONE, &options.move,
      N_ ("remove each message there once it is in the outbox"), NULL },
    { "hold", 0, 0, G_OPTION_ARG_NONE, &options.hold,
      N_ ("put all of them on hold, to be released one by one"), NULL },
    { "again", 0, 0, G_OPTION_ARG_NONE, &options.again, N_ ("also what was imported before"),
      NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  const char *help = _ (
      "Puts messages that wait elsewhere into the outbox: files and folders with finished "
      "messages, the outboxes of Apple Mail and Thunderbird, Maildir, mbox and MH folders, and the "
      "queues of msmtpq, nullmailer and dma. The account is the one whose address is in From. "
      "Nothing is imported twice, and nothing is changed there without --move.");
  if (!so_app_parse (app, &argc, &argv, entries, _ ("FILE-OR-FOLDER…"), help, error))
    return 0;
  if (argc < 2)
    so_error_set (error, SO_ERROR_USAGE, _ ("see “sendoff outbox import --help”"),
                  _ ("import wants a file or folder"));
  else if (wanted != NULL && so_mail_format_from_name (wanted) == SO_FORMAT_UNKNOWN)
    {
      g_autofree char *shown = so_text_sanitise (wanted, -1, 60);
      so_error_set (error, SO_ERROR_USAGE, _ ("see “sendoff outbox import --help”"),
                    _ ("there is no format “%s”"), shown);
    }
  else
    return import_all (app, &options, argv + 1, wanted, error);
  return 0;
}
