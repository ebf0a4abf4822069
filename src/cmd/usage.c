/*
 * usage.c - the overview of commands, made from the table.
 */
#include "config.h"

#include "sendoff/app.h"
#include "sendoff/i18n.h"
#include "sendoff/program.h"
#include "sendoff/text.h"
#include "sendoff/usage.h"

void
so_usage_print_version (FILE *out)
{
  fprintf (out, "sendoff %s\n", SO_PROGRAM_VERSION);
}

void
so_usage_print (FILE *out)
{
  fputs (_("Usage: sendoff [OPTION…] COMMAND …\n"
           "Send mail through a real account, keep what could not be sent, and say why.\n"),
         out);
  fprintf (out, "\n%s\n", _("Commands:"));
  for (const SoCommand *command = so_commands; command->name != NULL; command++)
    fprintf (out, "  %-10s %s\n", command->name, _(command->summary));
  fprintf (out, "\n%s\n", _("Options:"));
  fputs (_("  --account NAME   the account to use; a preset's name with --from works too\n"
           "  --from ADDRESS   the address mail is sent from\n"
           "  --config FILE    another configuration file\n"
           "  --json           one JSON object a line on standard output\n"
           "  -v, --verbose    show the conversation with the server, secrets masked\n"
           "  -q, --quiet      only errors\n"
           "  --version        the version\n"),
         out);
  fputs (_("\n“sendoff COMMAND --help” explains a command; sendoff(1) has it all.\n"
           "First steps: sendoff setup, then sendoff test.\n"),
         out);
}
