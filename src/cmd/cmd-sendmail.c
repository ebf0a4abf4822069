/*
 * cmd-sendmail.c - `sendoff sendmail` behind global options; without them the front program
 * does it.
 */
#include "config.h"

#include "sendmail.h"
#include "sendoff/commands.h"

int
so_cmd_sendmail (SoApp *app, int argc, char **argv, GError **error)
{
  /* Its output is sendmail's, errors too. */
  app->json = app->names_json = FALSE;
  const SoSendmailCall call = { .name = "sendoff sendmail",
                                .config_path = app->config_path,
                                .account = app->account_name,
                                .from = app->from };
  return so_sendmail (&call, argc, argv, error);
}
