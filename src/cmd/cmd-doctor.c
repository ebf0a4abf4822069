/*
 * cmd-doctor.c - `sendoff doctor`: what is wrong, why, and what to do first.
 *
 * Each check is shown as it ends, then the cause.  Useful on a machine without a configuration,
 * too: then the network is tried with a preset.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "sendoff/clock.h"
#include "sendoff/commands.h"
#include "sendoff/config-file.h"
#include "sendoff/doctor.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/interrupt.h"
#include "sendoff/json.h"
#include "sendoff/report.h"
#include "sendoff/text.h"

#define GUESSED_PRESET "icloud"
#define STATUS_COLUMNS 8
#define TITLE_COLUMNS 14

/* --- what is to be looked at --- */

typedef struct
{
  SoConfig *fallback; /* the presets alone, where the user's file cannot be read */
  const SoConfig *config;
  GError *problem;
  SoAccount *account, *guess;
} Patient;

static void
patient_clear (Patient *patient)
{
  so_config_free (patient->fallback);
  so_account_free (patient->account);
  so_account_free (patient->guess);
  g_clear_error (&patient->problem);
}

static gboolean
load_fallback (Patient *patient, GError **error)
{
  g_autofree char *providers = so_config_data ("providers.conf", error);
  patient->fallback = providers != NULL ? so_config_parse ("", "", providers, error) : NULL;
  patient->config = patient->fallback;
  return patient->fallback != NULL;
}

/* A configuration that is wrong, or says not which account, is a finding and no end. */
static gboolean
admit (SoApp *app, Patient *patient, GError **error)
{
  patient->config = so_app_config (app, &patient->problem);
  if (patient->config == NULL && !load_fallback (patient, error))
    return FALSE;
  gboolean asked = *app->account_name != '\0' || *so_config_names (patient->config) != NULL;
  if (patient->problem == NULL)
    patient->account = so_app_account (app, asked ? &patient->problem : NULL);
  patient->guess = so_config_preset (patient->config, app->account_name);
  if (patient->guess == NULL)
    patient->guess = so_config_preset (patient->config, GUESSED_PRESET);
  /* Naming a preset without an address is a wish to try it. */
  if (patient->problem != NULL && patient->problem->code == SO_ERROR_USAGE && *app->from == '\0')
    g_clear_error (&patient->problem);
  if (patient->problem != NULL && patient->problem->code != SO_ERROR_CONFIG)
    {
      g_propagate_error (error, g_steal_pointer (&patient->problem));
      return FALSE;
    }
  return TRUE;
}

/* --- telling --- */

static void
print_json_check (const SoCheckResult *result)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "check");
  so_json_string (builder, "id", result->id);
  so_json_string (builder, "status", so_check_status_name (result->status));
  so_json_string (builder, "meaning", result->meaning);
  so_json_string (builder, "remedy", result->remedy);
  so_json_string (builder, "code", result->code);
  so_json_number (builder, "ms", result->elapsed_us / 1000);
  json_builder_set_member_name (builder, "facts");
  json_builder_begin_object (builder);
  for (guint i = 0; i < result->facts->len; i++)
    {
      const SoCheckFact *fact = g_ptr_array_index (result->facts, i);
      so_json_string (builder, fact->name, fact->value);
    }
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  so_app_json (builder);
}

static void
add_json_list (JsonBuilder *builder, const char *name, const GPtrArray *lines)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; i < lines->len; i++)
    json_builder_add_string_value (builder, g_ptr_array_index (lines, i));
  json_builder_end_array (builder);
}

static void
print_json_result (const SoDiagnosis *diagnosis)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "result");
  so_json_string (builder, "cause", diagnosis->cause);
  so_json_string (builder, "confidence",
                  *diagnosis->cause != '\0' ? so_confidence_name (diagnosis->confidence) : "");
  so_json_string (builder, "meaning", diagnosis->meaning);
  so_json_string (builder, "first", diagnosis->first);
  so_json_string (builder, "second", diagnosis->second);
  add_json_list (builder, "others", diagnosis->others);
  add_json_list (builder, "also", diagnosis->also);
  add_json_list (builder, "hints", diagnosis->hints);
  json_builder_end_object (builder);
  so_app_json (builder);
}

static void
append_cell (GString *line, const char *text, gsize columns)
{
  gsize taken = so_text_columns (text);
  g_string_append (line, text);
  for (gsize i = taken; i < columns; i++)
    g_string_append_c (line, ' ');
}

/* text behind head, in a column of its own. */
static void
print_column (const char *head, const char *text)
{
  gsize indent = so_text_columns (head);
  g_autofree char *laid_out = so_text_wrap (text, SO_TEXT_WIDTH - indent);
  g_auto (GStrv) lines = g_strsplit (g_strchomp (laid_out), "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (line == lines)
      printf ("%s%s\n", head, *line);
    else
      printf ("%*s%s\n", (int)indent, "", *line);
}

static void
print_check (const SoCheckResult *result)
{
  g_autoptr (GString) head = g_string_new ("  ");
  append_cell (head, so_check_status_title (result->status), STATUS_COLUMNS);
  append_cell (head, so_check_title (result->id), TITLE_COLUMNS);
  g_string_append (head, "  ");
  print_column (head->str, result->meaning);
  if (*result->remedy != '\0')
    {
      g_autofree char *arrow = g_strdup_printf ("%*s→ ", (int)so_text_columns (head->str), "");
      print_column (arrow, result->remedy);
    }
  fflush (stdout);
}

/* On a terminal everything; --quiet keeps to what is wrong. */
static void
on_finished (gpointer data, const SoCheckResult *result)
{
  const SoApp *app = data;
  gboolean wrong = result->status == SO_CHECK_WARN || result->status == SO_CHECK_FAIL;
  if (app->json)
    print_json_check (result);
  else if (!app->quiet || wrong)
    print_check (result);
}

/* A sentence with its fact in it. */
static void
print_sentence (const char *format, const char *text)
{
  g_autoptr (GString) line = g_string_new (format);
  g_string_replace (line, "%s", text, 1);
  print_column ("", line->str);
}

static const char *
introduction (const SoDiagnosis *diagnosis)
{
  SoConfidence confidence = diagnosis->confidence;
  if (diagnosis->exit_status == 0)
    return _ ("Mail can be sent, but: %s.");
  if (confidence == SO_CONFIDENCE_CERTAIN)
    return _ ("The cause: %s.");
  return confidence == SO_CONFIDENCE_LIKELY ? _ ("Probably the cause: %s.")
                                            : _ ("Possibly the cause: %s.");
}

static void
print_cause (const SoDiagnosis *diagnosis)
{
  putchar ('\n');
  print_sentence (introduction (diagnosis), diagnosis->meaning);
  if (*diagnosis->first != '\0')
    print_column (_ ("  First:  "), diagnosis->first);
  if (*diagnosis->second != '\0')
    print_column (_ ("  Then:   "), diagnosis->second);
  if (diagnosis->others->len > 0)
    puts (_ ("Meanwhile:"));
  for (guint i = 0; i < diagnosis->others->len; i++)
    print_column ("  - ", g_ptr_array_index (diagnosis->others, i));
  if (diagnosis->also_meaning->len > 0)
    puts (_ ("Found as well:"));
  for (guint i = 0; i < diagnosis->also_meaning->len; i++)
    print_column ("  - ", g_ptr_array_index (diagnosis->also_meaning, i));
}

static void
print_health (const SoApp *app, const SoDiagnosis *diagnosis)
{
  if (app->quiet)
    return;
  puts (_ ("\nAll is well: mail can be sent."));
  for (guint i = 0; i < diagnosis->hints->len; i++)
    print_column ("  - ", g_ptr_array_index (diagnosis->hints, i));
}

static void
tell (const SoApp *app, const SoDiagnosis *diagnosis)
{
  for (guint i = 0; app->verbose && i < diagnosis->conversation->len; i++)
    fprintf (stderr, "  %s\n", (const char *)g_ptr_array_index (diagnosis->conversation, i));
  if (app->json)
    print_json_result (diagnosis);
  else if (*diagnosis->cause != '\0')
    print_cause (diagnosis);
  else
    print_health (app, diagnosis);
}

/* --- the command --- */

typedef struct
{
  char *recipient, *report; /* NULL: none */
  gboolean try_password;
} Wish;

static void
wish_clear (Wish *wish)
{
  g_free (wish->recipient);
  g_free (wish->report);
}

static gboolean
write_report (const SoApp *app, const Patient *patient, const SoDiagnosis *diagnosis,
              const char *path, GError **error)
{
  const SoReport report = { diagnosis,
                            patient->account != NULL ? patient->account : patient->guess,
                            so_clock_wall_us () };
  if (!so_report_write (path, &report, error))
    return FALSE;
  g_autofree char *shown = g_filename_display_name (path);
  so_app_say (app, _ ("The report is in %s."), shown);
  return TRUE;
}

static int
examine (SoApp *app, const Patient *patient, const Wish *wish, GError **error)
{
  SoInterrupt interrupt;
  so_interrupt_begin (&interrupt);
  const SoDoctorOptions options = {
    .config = patient->config,
    .config_problem = patient->problem,
    .account = patient->account,
    .guess = patient->guess,
    .recipient = wish->recipient != NULL ? wish->recipient : "",
    .try_password = wish->try_password,
    .may_prompt = app->can_prompt,
    .interrupt_fd = interrupt.fd,
    .finished = on_finished,
    .data = app,
  };
  g_autoptr (SoDiagnosis) diagnosis = so_doctor_run (&options, error);
  int signal_number = so_interrupt_end (&interrupt);
  if (signal_number != 0)
    so_interrupt_raise (signal_number);
  if (diagnosis == NULL)
    return 0;
  tell (app, diagnosis);
  GError *problem = NULL;
  if (wish->report != NULL && !write_report (app, patient, diagnosis, wish->report, &problem))
    return so_app_fail_after_result (app, problem);
  return diagnosis->exit_status;
}

int
so_cmd_doctor (SoApp *app, int argc, char **argv, GError **error)
{
  Wish wish = { 0 };
  const GOptionEntry entries[] = {
    { "recipient", 0, 0, G_OPTION_ARG_FILENAME, &wish.recipient,
      N_ ("look at this recipient's address, too"), N_ ("ADDRESS") },
    { "report", 0, 0, G_OPTION_ARG_FILENAME, &wish.report,
      N_ ("write it all down for a support desk, as a web page"), N_ ("FILE.html") },
    { "try-password", 0, 0, G_OPTION_ARG_NONE, &wish.try_password,
      N_ ("try a password that the server has refused before"), NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  if (!so_app_parse (app, &argc, &argv, entries, "",
                     _ ("Looks at everything between this machine and the provider, names the cause of\n"
                        "the trouble and what to try first. Sends no mail and changes nothing. Exit\n"
                        "status: 0 mail can be sent, 69 refused for good, 75 try again or elsewhere, 77\n"
                        "password, 78 settings."),
                     error))
    return 0;
  Patient patient = { 0 };
  int status = 0;
  if (argc > 1)
    so_error_set (error, SO_ERROR_USAGE, _ ("see “sendoff doctor --help”"),
                  _ ("doctor takes no argument"));
  else if (admit (app, &patient, error))
    status = examine (app, &patient, &wish, error);
  patient_clear (&patient);
  wish_clear (&wish);
  return status;
}
