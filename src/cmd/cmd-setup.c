/*
 * cmd-setup.c - `sendoff setup`: from an address to a test message that has left.
 *
 * Asked or given as options, the answers become one group of the configuration.  Order:
 * the account is put together and checked, the password stored, the file written, the
 * test run.  Whoever breaks off before the file is written leaves it as it was.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "sendoff/address.h"
#include "sendoff/app-outbox.h"
#include "sendoff/commands.h"
#include "sendoff/config-edit.h"
#include "sendoff/config-file.h"
#include "sendoff/config-save.h"
#include "sendoff/credential.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/login.h"
#include "sendoff/setup-ask.h"
#include "sendoff/setup-import.h"
#include "sendoff/text.h"

typedef struct
{
  char *preset;
  char *address;
  char **settings; /* "key=value" */
  gboolean password_stdin;
  gboolean no_test;
  char *import;
} Options;

typedef struct
{
  SoApp *app;
  Options options;
  const SoConfig *config; /* as it was; /etc's where the person has none */
  SoConfig *before;       /* what is in the file */
  char *name;             /* of the account */
  char *path;
  char *text;       /* of the file, growing */
  char *providers;
  SoAccount *account; /* as it will be */
} Setup;

static void
clear_setup (Setup *setup)
{
  g_free (setup->options.preset);
  g_free (setup->options.address);
  g_free (setup->options.import);
  g_strfreev (setup->options.settings);
  g_free (setup->name);
  g_free (setup->path);
  g_free (setup->text);
  g_free (setup->providers);
  g_clear_pointer (&setup->before, so_config_free);
  g_clear_pointer (&setup->account, so_account_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Setup, clear_setup)

/* --- the answers --- */

static gboolean
check_preset (const Setup *setup, GError **error)
{
  const char *const *presets = so_config_presets (setup->config);
  if (g_strv_contains (presets, setup->options.preset))
    return TRUE;
  g_autofree char *names = g_strjoinv (", ", (char **)presets);
  g_autofree char *remedy = g_strdup_printf (_("there are: %s"), names);
  g_autofree char *shown = so_text_sanitise (setup->options.preset, -1, 60);
  so_error_set (error, SO_ERROR_USAGE, remedy, _("there is no preset “%s”"), shown);
  return FALSE;
}

static gboolean
complete_answers (Setup *setup, GError **error)
{
  Options *options = &setup->options;
  if ((options->address == NULL || options->preset == NULL) && !setup->app->can_prompt)
    {
      so_error_set (error, SO_ERROR_USAGE,
                    _("sendoff setup --preset icloud --address ADDRESS --password-stdin"),
                    _("there is no terminal to ask on: setup needs --preset and --address"));
      return FALSE;
    }
  if (options->address == NULL)
    options->address = so_setup_ask_address (setup->app);
  if (!so_app_check_address (options->address, error))
    return FALSE;
  if (options->preset == NULL)
    options->preset = so_setup_ask_preset (setup->app, setup->config, options->address);
  return check_preset (setup, error);
}

/* --account, else the preset's name; an account of another address is not overwritten. */
static gboolean
choose_name (Setup *setup, GError **error)
{
  const char *wanted = setup->app->account_name;
  setup->name = g_strdup (*wanted != '\0' ? wanted : setup->options.preset);
  const char *const *names = so_config_names (setup->config);
  if (!g_strv_contains (names, setup->name))
    return TRUE;
  g_autoptr (SoAccount) there = so_config_account (setup->config, setup->name, "", error);
  if (there == NULL)
    return FALSE;
  if (g_ascii_strcasecmp (there->address, setup->options.address) == 0)
    return TRUE;
  so_error_set (error, SO_ERROR_USAGE,
                _("give the new one a name of its own: sendoff --account NAME setup"),
                _("there is an account %s already, with another address (%s)"), setup->name,
                there->address);
  return FALSE;
}

/* --- the configuration --- */

static gboolean
set_key (Setup *setup, const char *key, const char *value, GError **error)
{
  g_autofree char *group = g_strdup_printf ("account %s", setup->name);
  char *text = so_config_edit_set (setup->text, setup->path, group, key, value, error);
  if (text == NULL)
    return FALSE;
  g_free (setup->text);
  setup->text = text;
  return TRUE;
}

static gboolean
set_setting (Setup *setup, const char *setting, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (setting, "=", 2);
  if (g_strv_length (parts) == 2)
    return set_key (setup, g_strstrip (parts[0]), g_strstrip (parts[1]), error);
  so_error_set (error, SO_ERROR_USAGE, _("as in --set smtp-host=mail.example.org"),
                _("--set takes KEY=VALUE"));
  return FALSE;
}

static gboolean
write_group (Setup *setup, GError **error)
{
  if (!set_key (setup, "preset", setup->options.preset, error)
      || !set_key (setup, "address", setup->options.address, error))
    return FALSE;
  for (char **setting = setup->options.settings; setting != NULL && *setting != NULL; setting++)
    if (!set_setting (setup, *setting, error))
      return FALSE;
  return TRUE;
}

/* What the new text makes of the account; its errors are those of reading the file. */
static gboolean
read_back (Setup *setup, GError **error)
{
  g_autoptr (SoConfig) config
      = so_config_parse (setup->text, setup->path, setup->providers, error);
  if (config == NULL)
    return FALSE;
  g_clear_pointer (&setup->account, so_account_free);
  setup->account = so_config_account (config, setup->name, "", error);
  return setup->account != NULL;
}

static gboolean
compose_account (Setup *setup, GError **error)
{
  setup->path = so_config_path (setup->app->config_path);
  setup->text = so_config_read_text (setup->path, error);
  setup->providers = so_config_data ("providers.conf", error);
  if (setup->text == NULL || setup->providers == NULL)
    return FALSE;
  setup->before = so_config_parse (setup->text, setup->path, setup->providers, error);
  if (setup->before == NULL || !write_group (setup, error))
    return FALSE;
  if (strcmp (setup->options.preset, "smtp") == 0 && setup->app->can_prompt
      && !g_strv_contains (so_config_names (setup->config), setup->name)
      && !so_setup_has_setting (setup->options.settings, "smtp-host"))
    {
      g_autofree char *host = so_setup_ask_host (setup->app);
      if (!set_key (setup, "smtp-host", host, error))
        return FALSE;
    }
  return read_back (setup, error);
}

/* One that is only changed changes nothing else. */
static gboolean
settle_default (Setup *setup, GError **error)
{
  return g_strv_contains (so_config_names (setup->before), setup->name)
         || so_config_settle_default (setup->app, &setup->text, setup->path, setup->before,
                                      setup->name, error);
}

/* --- the password --- */

/* For a provider that takes tokens, and where no keyring can be used. */
static gboolean
ask_for_command (Setup *setup, GError *why, GError **error)
{
  g_autofree char *command = NULL;
  if (setup->app->can_prompt && why->code != SO_ERROR_INTERRUPTED)
    {
      so_app_say (setup->app, "%s.", why->message);
      command = so_app_ask (
          setup->app, _("A command that prints the password, to be used instead (empty: none): "));
    }
  if (command == NULL || *command == '\0')
    {
      g_propagate_error (error, why);
      return FALSE;
    }
  g_error_free (why);
  return set_key (setup, "password-command", command, error) && read_back (setup, error);
}

static gboolean
keep_password (Setup *setup, GError **error)
{
  if (setup->account->auth == SO_AUTH_NONE
      || so_credential_source (setup->account) != SO_SOURCE_KEYRING)
    return TRUE;
  GError *problem = NULL;
  if (!so_login_prepare (setup->app, setup->account, &problem))
    return ask_for_command (setup, problem, error);
  g_autoptr (SoSecret) secret = so_login_ask (setup->app, setup->account,
                                              setup->options.password_stdin, error);
  return secret != NULL && so_login_store (setup->app, setup->account, secret, error);
}

/* --- what comes after --- */

static void
tell (const Setup *setup)
{
  if (!setup->app->json)
    {
      if (!setup->app->quiet)
        printf (_("Account %s (%s) is set up in %s.\n"), setup->name, setup->account->address,
                setup->path);
      return;
    }
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "event");
  json_builder_add_string_value (builder, setup->options.no_test ? "result" : "setup");
  json_builder_set_member_name (builder, "status");
  json_builder_add_string_value (builder, "configured");
  json_builder_set_member_name (builder, "account");
  json_builder_add_string_value (builder, setup->name);
  json_builder_set_member_name (builder, "config");
  json_builder_add_string_value (builder, setup->path);
  json_builder_end_object (builder);
  so_app_json (builder);
}

/* Further commands, run in this process for the account just made. */
typedef struct
{
  const char *argv[3];
  const char *question; /* NULL: not asked about */
} Step;

static const Step steps[] = {
  { { "test", NULL, NULL }, NULL },
  { { "schedule", "install", NULL }, N_("Send what waits by itself, with a timer?") },
};

/* A question is for a person: without one, the step is left to be run by name.  With --json the
 * test's result is the last word. */
static gboolean
is_wanted (const SoApp *app, const Step *step)
{
  if (so_command_find (step->argv[0]) == NULL)
    return FALSE;
  return step->question == NULL
         || (app->can_prompt && !app->json && so_app_confirm (app, _(step->question), TRUE));
}

static int
run_step (SoApp *app, const Step *step, GError **error)
{
  char *argv[] = { (char *) step->argv[0], (char *) step->argv[1], NULL };
  fflush (stdout);
  return so_command_find (argv[0])->run (app, argv[1] != NULL ? 2 : 1, argv, error);
}

static int
run_steps (Setup *setup, GError **error)
{
  SoApp *app = setup->app;
  g_clear_pointer (&app->config, so_config_free); /* to be read anew */
  g_free (app->account_name);
  app->account_name = g_strdup (setup->name);
  int status = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (steps) && status == 0 && *error == NULL; i++)
    if (is_wanted (app, &steps[i]))
      status = run_step (app, &steps[i], error);
  return status;
}

static int
set_up (Setup *setup, GError **error)
{
  setup->config = so_app_config (setup->app, error);
  if (setup->config == NULL || !complete_answers (setup, error) || !choose_name (setup, error)
      || !compose_account (setup, error) || !keep_password (setup, error)
      || !settle_default (setup, error) || !so_config_save (setup->path, setup->text, error)
      || !so_app_end_password_hold (setup->app, setup->name, error))
    return 0;
  tell (setup);
  return setup->options.no_test ? 0 : run_steps (setup, error);
}

int
so_cmd_setup (SoApp *app, int argc, char **argv, GError **error)
{
  g_auto (Setup) setup = { .app = app };
  Options *options = &setup.options;
  const GOptionEntry entries[] = {
    { "preset", 0, 0, G_OPTION_ARG_FILENAME, &options->preset,
      N_("the provider: icloud, gmail, outlook, fastmail or smtp"), N_("NAME") },
    { "address", 0, 0, G_OPTION_ARG_FILENAME, &options->address, N_("the account's mail address"),
      N_("ADDRESS") },
    { "set", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->settings,
      N_("any other key of the configuration; may be repeated"), N_("KEY=VALUE") },
    { "password-stdin", 0, 0, G_OPTION_ARG_NONE, &options->password_stdin,
      N_("take the password from the first line of standard input"), NULL },
    { "import", 0, 0, G_OPTION_ARG_FILENAME, &options->import,
      N_ ("take over the accounts of msmtp (msmtp, or msmtp:FILE)"), N_ ("PROGRAM") },
    { "no-test", 0, 0, G_OPTION_ARG_NONE, &options->no_test, N_("only write the configuration: no test message, no timer"), NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  if (!so_app_parse (app, &argc, &argv, entries, "",
                     _("Adds an account, or changes it: asks for the address and the provider, stores the\n"
                       "password in the keyring, writes the configuration and sends a test message."),
                     error))
    return 0;
  if (argc > 1)
    {
      so_error_set (error, SO_ERROR_USAGE, _("see “sendoff setup --help”"),
                    _("setup takes options only"));
      return 0;
    }
  return options->import != NULL ? so_setup_import (app, options->import, error)
                                 : set_up (&setup, error);
}
