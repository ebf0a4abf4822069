/*
 * cmd-outbox-verify.c - `sendoff outbox verify`: is every file as it was written?
 */
#include "config.h"

#include <stdio.h>

#include "outbox-verbs.h"
#include "sendoff/app-outbox.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/outbox-verify.h"

static void
tell (gpointer data, const char *file, const char *problem)
{
  const SoApp *app = data;
  if (!app->json)
    {
      printf ("%s: %s\n", file, problem);
      return;
    }
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "problem");
  so_json_string (builder, "file", file);
  so_json_string (builder, "text", problem);
  json_builder_end_object (builder);
  so_app_json (builder);
}

static void
finish (const SoApp *app, const SoVerifySummary *summary)
{
  if (!app->json)
    {
      so_app_say (app, P_ ("%u entry checked", "%u entries checked", summary->entries),
                  summary->entries);
      return;
    }
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "result");
  so_json_string (builder, "status", summary->problems == 0 ? "good" : "bad");
  so_json_number (builder, "entries", summary->entries);
  so_json_number (builder, "problems", summary->problems);
  json_builder_end_object (builder);
  so_app_json (builder);
}

int
so_cmd_outbox_verify (SoApp *app, int argc, char **argv, GError **error)
{
  gboolean repair = FALSE;
  const GOptionEntry entries[] = {
    { "repair", 0, 0, G_OPTION_ARG_NONE, &repair,
      N_ ("move what is bad to the folder “aside”, remove what crashes left"), NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  if (!so_app_parse (
          app, &argc, &argv, entries, "",
          _ ("Reads every file of the outbox and tells what is not as it was written. Changes\n"
             "nothing without --repair. Exit status: 0 all is well, 65 something is not."),
          error))
    return 0;
  g_autoptr (SoOutbox) outbox = so_app_outbox (app, error);
  SoVerifySummary summary;
  if (outbox == NULL || !so_outbox_verify (outbox, repair, tell, app, &summary, error))
    return 0;
  finish (app, &summary);
  return summary.problems == 0 ? 0 : SO_ERROR_DATA;
}
