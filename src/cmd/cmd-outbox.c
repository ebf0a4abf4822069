/*
 * cmd-outbox.c - `sendoff outbox VERB`: finds the verb.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "outbox-verbs.h"
#include "sendoff/commands.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

static const struct
{
  const char *name;
  const char *command; /* as it is called in help and errors */
  SoCommandFunc run;
  const char *summary;
} verbs[] = {
  { "list", "outbox list", so_cmd_outbox_list, N_ ("what waits, and why") },
  { "show", "outbox show", so_cmd_outbox_show, N_ ("one entry: headers, attempts, what to do") },
  { "edit", "outbox edit", so_cmd_outbox_edit, N_ ("correct recipients, sender or text") },
  { "hold", "outbox hold", so_cmd_outbox_hold, N_ ("keep from being sent") },
  { "release", "outbox release", so_cmd_outbox_release, N_ ("let it be sent again, now") },
  { "remove", "outbox remove", so_cmd_outbox_remove, N_ ("throw away") },
  { "export", "outbox export", so_cmd_outbox_export, N_ ("write the message to standard output") },
  { "import", "outbox import", so_cmd_outbox_import, N_ ("take over what waits in other programs") },
  { "verify", "outbox verify", so_cmd_outbox_verify, N_ ("check every file") },
};

static void
print_overview (FILE *out)
{
  fputs (_ ("Usage: sendoff outbox VERB …\n\nVerbs:\n"), out);
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    fprintf (out, "  %-10s %s\n", verbs[i].name, _ (verbs[i].summary));
  fputs (_ ("\nThe beginning of an id is enough. “sendoff outbox VERB --help” explains it.\n"),
         out);
}

/* The verb may stand behind options that take no value. */
static int
find_verb (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    if (argv[i][0] != '-')
      return i;
  return 0;
}

int
so_cmd_outbox (SoApp *app, int argc, char **argv, GError **error)
{
  int at = find_verb (argc, argv);
  if (at == 0)
    {
      gboolean asked = argc > 1 && (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0);
      if (asked || !app->names_json)
        print_overview (asked ? stdout : stderr);
      else
        so_error_set (error, SO_ERROR_USAGE, _ ("see “sendoff outbox --help”"),
                      _ ("outbox wants a verb"));
      return asked ? 0 : SO_ERROR_USAGE;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (strcmp (argv[at], verbs[i].name) == 0)
      {
        /* What stood before the verb moves behind it. */
        memmove (argv + 2, argv + 1, (gsize)(at - 1) * sizeof *argv);
        argv[1] = (char *)verbs[i].command;
        return verbs[i].run (app, argc - 1, argv + 1, error);
      }
  so_error_set (error, SO_ERROR_USAGE, _ ("see “sendoff outbox --help”"),
                _ ("outbox has no verb “%s”"), argv[at]);
  return 0;
}
