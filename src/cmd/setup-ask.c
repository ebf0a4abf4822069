/*
 * setup-ask.c - questions that can be answered with Enter as often as possible.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sendoff/account.h"
#include "sendoff/i18n.h"
#include "sendoff/setup-ask.h"

char *
so_setup_ask_address (const SoApp *app)
{
  return so_app_ask (app, _("Your mail address: "));
}

char *
so_setup_ask_host (const SoApp *app)
{
  return so_app_ask (app, _("Name of the outgoing mail server: "));
}

/* The provider's name as a person knows it. */
static char *
title_of (const SoConfig *config, const char *preset, const char *address)
{
  if (strcmp (preset, "smtp") == 0)
    return g_strdup (_("another provider, or a server of your own"));
  g_autoptr (SoAccount) account = so_config_account (config, preset, address, NULL);
  return g_strdup (account != NULL ? account->title : preset);
}

/* The answer as a preset: its number, its name, or Enter for the likely one. */
static char *
preset_of_answer (const char *answer, const char *const *presets, const char *likely)
{
  if (*answer == '\0')
    return g_strdup (likely);
  guint count = g_strv_length ((char **) presets);
  guint64 number;
  if (g_ascii_string_to_unsigned (answer, 10, 1, count, &number, NULL))
    return g_strdup (presets[number - 1]);
  return g_ascii_strdown (answer, -1);
}

char *
so_setup_ask_preset (const SoApp *app, const SoConfig *config, const char *address)
{
  const char *const *presets = so_config_presets (config);
  const char *likely = so_account_preset_of (address);
  if (*likely == '\0')
    likely = "smtp";
  so_app_say (app, _("Whose mail is it?"));
  for (guint i = 0; presets[i] != NULL; i++)
    {
      g_autofree char *title = title_of (config, presets[i], address);
      so_app_say (app, "  %u  %-10s %s", i + 1, presets[i], title);
    }
  g_autofree char *question = g_strdup_printf (_("Number or name [%s]: "), likely);
  g_autofree char *answer = so_app_ask (app, question);
  return preset_of_answer (answer, presets, likely);
}

gboolean
so_setup_has_setting (char *const *settings, const char *key)
{
  gsize length = strlen (key);
  for (; settings != NULL && *settings != NULL; settings++)
    if (strncmp (*settings, key, length) == 0 && (*settings)[length] == '=')
      return TRUE;
  return FALSE;
}
