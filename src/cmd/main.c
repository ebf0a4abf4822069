/*
 * main.c - finds the command, runs it, renders its error, exits.
 *
 * The only place where an error becomes words on a terminal and a number for a script.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sendoff/commands.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/program.h"
#include "sendoff/secret-text.h"
#include "sendoff/usage.h"

/* The command whose name is closest to a mistyped one, NULL if none is near. */
static const SoCommand *
likely_command (const char *name)
{
  for (const SoCommand *command = so_commands; command->name != NULL; command++)
    if (g_str_has_prefix (command->name, name) || (*name != '\0' && g_str_has_prefix (name, command->name)))
      return command;
  return NULL;
}

static int
unknown_command (const char *name, GError **error)
{
  const SoCommand *likely = likely_command (name);
  g_autofree char *remedy
      = likely != NULL ? g_strdup_printf (_("did you mean “sendoff %s”? “sendoff --help” lists the commands"),
                                          likely->name)
                       : g_strdup (_("“sendoff --help” lists the commands"));
  so_error_set (error, SO_ERROR_USAGE, remedy, _("there is no command “%s”"), name);
  return 0;
}

/* sendoff help [COMMAND] is COMMAND --help. */
static int
run_help (SoApp *app, int argc, char **argv, GError **error)
{
  const SoCommand *command = argc > 1 ? so_command_find (argv[1]) : NULL;
  if (argc > 1 && command == NULL)
    return unknown_command (argv[1], error);
  if (command == NULL)
    {
      so_usage_print (stdout);
      return 0;
    }
  char *help_argv[] = { argv[1], (char *) "--help", NULL };
  return command->run (app, 2, help_argv, error);
}

static int
no_command (const SoApp *app, GError **error)
{
  if (app->json)
    so_error_set (error, SO_ERROR_USAGE, _("“sendoff --help” lists the commands"), _("no command is named"));
  else
    so_usage_print (stderr);
  return SO_ERROR_USAGE;
}

static int
run_command (SoApp *app, int argc, char **argv, GError **error)
{
  if (argc == 0)
    return no_command (app, error);
  if (strcmp (argv[0], "help") == 0)
    return run_help (app, argc, argv, error);
  const SoCommand *command = so_command_find (argv[0]);
  if (command == NULL)
    return unknown_command (argv[0], error);
  return command->run (app, argc, argv, error);
}

/* Results that could not be written are not results: a full disk behind stdout is seen here. */
static int
flush_output (int status)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return status;
  perror ("sendoff: stdout");
  return status != 0 ? status : SO_ERROR_IO;
}

int
main (int argc, char **argv)
{
  so_secret_protect_process ();
  so_program_settle_home ();
  so_program_setup_locale ();
  signal (SIGPIPE, SIG_IGN);

  SoApp app = { 0 };
  g_autoptr (GError) error = NULL;
  int status = so_app_begin (&app, &argc, &argv, &error) ? run_command (&app, argc, argv, &error) : 0;
  if (error != NULL)
    status = so_app_fail (&app, error);
  so_app_end (&app);
  return flush_output (status);
}
