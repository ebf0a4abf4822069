/*
 * app.c - global options, configuration on demand, and the ways to speak.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sendoff/address.h"
#include "sendoff/app.h"
#include "sendoff/config-file.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/json.h"
#include "sendoff/text.h"
#include "sendoff/usage.h"

/* The options every command knows, before its name and behind it. */
static void
add_global_options (SoApp *app, GOptionGroup *group)
{
  const GOptionEntry entries[] = {
    { "account", 0, 0, G_OPTION_ARG_FILENAME, &app->account_name, N_("the account to use"), N_("NAME") },
    { "from", 0, 0, G_OPTION_ARG_FILENAME, &app->from, N_("the address to send from"), N_("ADDRESS") },
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &app->config_path, N_("another configuration file"),
      N_("FILE") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &app->json, N_("one JSON object a line on standard output"),
      NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &app->verbose,
      N_("show the conversation, secrets masked"), NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &app->quiet, N_("only errors"), NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  g_option_group_add_entries (group, entries);
  g_option_group_set_translation_domain (group, PACKAGE);
}

/* GLib's words for a bad option, our exit code. */
static gboolean
as_usage_error (GError *problem, const char *command, GError **error)
{
  g_autofree char *remedy = g_strdup_printf (_("see “sendoff %s--help”"), command);
  g_autofree char *what = so_text_sanitise (problem->message, -1, SO_TEXT_LINE_MAX);
  so_error_set (error, SO_ERROR_USAGE, remedy, "%s", what);
  g_error_free (problem);
  return FALSE;
}

static void
fill_absent (SoApp *app)
{
  if (app->account_name == NULL)
    app->account_name = g_strdup ("");
  if (app->from == NULL)
    app->from = g_strdup ("");
}

/* GOption forgets what a string option held before: what stands behind the command wins
 * over what stood before it, and the loser is freed here. */
static void
keep_earlier (char **now, char *earlier)
{
  if (*now == NULL)
    *now = earlier;
  else
    g_free (earlier);
}

/* GOption forgets what it has read when a later word is wrong. */
static gboolean
names_json (char **words)
{
  for (; *words != NULL && strcmp (*words, "--") != 0; words++)
    if (strcmp (*words, "--json") == 0)
      return TRUE;
  return FALSE;
}

gboolean
so_app_begin (SoApp *app, int *argc, char ***argv, GError **error)
{
  app->names_json = names_json (*argv);
  app->talks_to_terminal = isatty (STDERR_FILENO);
  app->can_prompt = app->talks_to_terminal && isatty (STDIN_FILENO);

  gboolean help = FALSE, version = FALSE;
  const GOptionEntry own[] = {
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help, NULL, NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, NULL, NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_strict_posix (context, TRUE);
  g_option_context_add_main_entries (context, own, NULL);
  add_global_options (app, g_option_context_get_main_group (context));
  GError *problem = NULL;
  gboolean parsed = g_option_context_parse (context, argc, argv, &problem);
  fill_absent (app);
  if (!parsed)
    return as_usage_error (problem, "", error);

  if (help || version)
    {
      (help ? so_usage_print : so_usage_print_version) (stdout);
      exit (fflush (stdout) == 0 ? 0 : SO_ERROR_IO);
    }
  (*argc)--;
  (*argv)++;
  if (*argc > 0 && strcmp (**argv, "--") == 0)
    {
      (*argc)--;
      (*argv)++;
    }
  return TRUE;
}

void
so_app_end (SoApp *app)
{
  g_clear_pointer (&app->config, so_config_free);
  g_clear_pointer (&app->account_name, g_free);
  g_clear_pointer (&app->from, g_free);
  g_clear_pointer (&app->config_path, g_free);
}

/* Takes the context over, and ends the program. */
static void
print_help (GOptionContext *context)
{
  char *help = g_option_context_get_help (context, TRUE, NULL);
  char *whole
      = g_strconcat (help, "\n", _("“sendoff --help” shows the options of every command."), NULL);
  char *laid_out = so_text_wrap (whole, SO_TEXT_WIDTH);
  fputs (laid_out, stdout);
  g_free (help);
  g_free (whole);
  g_free (laid_out);
  g_option_context_free (context);
  exit (fflush (stdout) == 0 ? 0 : SO_ERROR_IO);
}

/* GOption leaves "--" where it stands if a word like an option follows. */
static void
remove_separator (int *argc, char **argv)
{
  for (int i = 1; i < *argc; i++)
    if (strcmp (argv[i], "--") == 0)
      {
        memmove (argv + i, argv + i + 1, (gsize) (*argc - i) * sizeof *argv);
        (*argc)--;
        return;
      }
}

gboolean
so_app_parse (SoApp *app, int *argc, char ***argv, const GOptionEntry *entries, const char *usage,
              const char *help, GError **error)
{
  const char *command = (*argv)[0];
  g_autofree char *program = g_strdup_printf ("sendoff %s", command);
  g_set_prgname (program);

  g_autoptr (GOptionContext) context = g_option_context_new (usage);
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_description (context, help);
  gboolean asks_for_help = FALSE;
  const GOptionEntry own[] = {
    { "help", 'h', 0, G_OPTION_ARG_NONE, &asks_for_help, N_("show this"), NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, PACKAGE);
  g_option_context_add_main_entries (context, own, PACKAGE);
  GOptionGroup *global = g_option_group_new ("global", "", "", NULL, NULL);
  add_global_options (app, global);
  g_option_context_add_group (context, global);

  char *account_name = g_steal_pointer (&app->account_name);
  char *from = g_steal_pointer (&app->from);
  char *config_path = g_steal_pointer (&app->config_path);
  GError *problem = NULL;
  gboolean parsed = g_option_context_parse (context, argc, argv, &problem);
  keep_earlier (&app->account_name, account_name);
  keep_earlier (&app->from, from);
  keep_earlier (&app->config_path, config_path);
  if (parsed && asks_for_help)
    print_help (g_steal_pointer (&context));
  g_set_prgname ("sendoff");
  if (parsed)
    {
      remove_separator (argc, *argv);
      return TRUE;
    }
  g_autofree char *place = g_strdup_printf ("%s ", command);
  return as_usage_error (problem, place, error);
}

const SoConfig *
so_app_config (SoApp *app, GError **error)
{
  if (app->config == NULL)
    app->config = so_config_load (app->config_path, error);
  return app->config;
}

SoAccount *
so_app_account (SoApp *app, GError **error)
{
  const SoConfig *config = so_app_config (app, error);
  if (config == NULL)
    return NULL;
  return so_config_account (config, app->account_name, app->from, error);
}

SoReplyBook *
so_app_reply_book (GError **error)
{
  g_autofree char *text = so_config_data ("replies.conf", error);
  return text != NULL ? so_reply_book_parse (text, "replies.conf", error) : NULL;
}

gboolean
so_app_check_address (const char *address, GError **error)
{
  SoAddressVerdict verdict = so_address_check (address, -1);
  if (so_address_is_usable (verdict))
    return TRUE;
  g_autofree char *shown = so_text_sanitise (address, -1, 200);
  so_error_set (error, SO_ERROR_DATA, _("write it as name@domain"), _("“%s” is not a mail address: %s"), shown,
                so_address_explain (verdict));
  return FALSE;
}

void
so_app_print_error (const SoApp *app, const GError *error)
{
  (void) app;
  fprintf (stderr, "sendoff: %s\n", error->message);
  const char *remedy = so_error_remedy (error);
  if (*remedy != '\0')
    fprintf (stderr, "  → %s\n", remedy);
}

/* A script that reads standard output learns there how it ended, whatever went wrong. */
static void
print_failure (const GError *error)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "result");
  so_json_string (builder, "status", "failed");
  so_json_error (builder, error);
  json_builder_end_object (builder);
  so_app_json (builder);
}

int
so_app_fail (const SoApp *app, const GError *error)
{
  int status = so_error_exit_status (error);
  so_app_print_error (app, error);
  if (app->json || (app->names_json && status == SO_ERROR_USAGE))
    print_failure (error);
  return status;
}

int
so_app_fail_after_result (const SoApp *app, GError *error)
{
  int status = so_error_exit_status (error);
  so_app_print_error (app, error);
  g_error_free (error);
  return status;
}

void
so_app_say (const SoApp *app, const char *format, ...)
{
  if (app->quiet)
    return;
  va_list args;
  va_start (args, format);
  vfprintf (stderr, format, args);
  va_end (args);
  fputc ('\n', stderr);
}

void
so_app_json (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  json_generator_set_root (generator, root);
  g_autofree char *line = json_generator_to_data (generator, NULL);
  printf ("%s\n", line);
  fflush (stdout);
}

char *
so_app_ask (const SoApp *app, const char *question)
{
  (void) app;
  fputs (question, stderr);
  fflush (stderr);
  char *line = NULL;
  size_t size = 0;
  ssize_t length = getline (&line, &size, stdin);
  char *answer = g_strdup (length > 0 ? g_strstrip (line) : "");
  free (line);
  if (length <= 0)
    fputc ('\n', stderr);
  return answer;
}

gboolean
so_app_confirm (const SoApp *app, const char *question, gboolean preset)
{
  /* TRANSLATORS: the letters for yes and no, the one that Enter means in upper case. */
  g_autofree char *full = g_strdup_printf ("%s %s ", question, preset ? _("[Y/n]") : _("[y/N]"));
  g_autofree char *answer = so_app_ask (app, full);
  if (*answer == '\0')
    return preset;
  return g_ascii_tolower (*answer) == 'y' || g_str_has_prefix (answer, _("yes"));
}
