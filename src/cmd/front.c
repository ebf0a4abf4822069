/*
 * front.c - the program `sendoff`: takes mail by itself, executes sendoff-main for the rest.
 *
 * A caller of sendmail waits for the message to be durable and for nothing else, and loading
 * what the other commands need (TLS, keyring, JSON) would cost more than that takes.  So this
 * program needs GLib alone, and has it within it where that is possible (configure).  It answers
 * to sendmail, mailq and newaliases by its name, also through links; as `sendoff sendmail` it
 * does the same.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sendmail.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/program.h"

static const char *
own_name (const char *argv0)
{
  const char *slash = strrchr (argv0, '/');
  return slash != NULL ? slash + 1 : argv0;
}

static int
print_error (const char *name, const GError *error)
{
  const char *remedy = so_error_remedy (error);
  fprintf (stderr, "%s: %s\n", name, error->message);
  if (*remedy != '\0')
    fprintf (stderr, "  → %s\n", remedy);
  return so_error_exit_status (error);
}

/* Does not come back but with a failure.  argv[0] stays what the person has typed. */
static int
execute_main (char **argv)
{
  g_autofree char *program = so_program_path ("sendoff-main");
  execv (program, argv);
  so_program_setup_locale ();
  g_autoptr (GError) error = NULL;
  so_error_set (&error, SO_ERROR_BUG, _ ("install sendoff again"), _ ("%s cannot be run: %s"),
                program, g_strerror (errno));
  return print_error ("sendoff", error);
}

static int
sendmail (const char *name, int argc, char **argv)
{
  so_program_settle_home ();
  so_program_setup_locale ();
  signal (SIGPIPE, SIG_IGN);
  g_autoptr (GError) error = NULL;
  const SoSendmailCall call = { .name = name, .config_path = NULL, .account = "", .from = "" };
  int status = so_sendmail (&call, argc, argv, &error);
  if (error != NULL)
    return print_error (name, error);
  if (fflush (stdout) != 0)
    return SO_ERROR_IO;
  return status;
}

int
main (int argc, char **argv)
{
  const char *name = argc > 0 ? own_name (argv[0]) : "sendoff";
  char *list[] = { (char *)"mailq", (char *)"outbox", (char *)"list", NULL };
  char *rebuild[] = { (char *)"newaliases", (char *)"-bi", NULL };
  if (strcmp (name, "sendmail") == 0)
    return sendmail (name, argc, argv);
  if (strcmp (name, "newaliases") == 0)
    return sendmail (name, 2, rebuild);
  if (strcmp (name, "mailq") == 0)
    return execute_main (list);
  if (argc == 2 && strcmp (argv[1], "--version") == 0)
    return printf ("sendoff %s\n", SO_PROGRAM_VERSION) > 0 && fflush (stdout) == 0 ? 0
                                                                                  : SO_ERROR_IO;
  if (argc > 1 && strcmp (argv[1], "sendmail") == 0)
    return sendmail ("sendoff sendmail", argc - 1, argv + 1);
  return execute_main (argv);
}
