/*
 * setup-import.c - `sendoff setup --import msmtp`: accounts of an msmtprc become ours.
 *
 * Nothing is overwritten without a person's word.  A password that stands in the file goes into the
 * keyring and nowhere else; one that msmtp takes from the keyring is found there anyway.  All
 * accounts are put together and checked one by one, then the configuration is written once.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "sendoff/config-edit.h"
#include "sendoff/config-file.h"
#include "sendoff/config-save.h"
#include "sendoff/credential.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/json.h"
#include "sendoff/login.h"
#include "sendoff/msmtp-config.h"
#include "sendoff/setup-import.h"

typedef struct
{
  SoApp *app;
  char *source;      /* the msmtprc */
  char *source_text; /* wiped */
  char *path;        /* of our configuration */
  char *text;        /* of it, growing */
  char *providers;
  const SoConfig *config; /* as it was; /etc's where the person has none */
  SoConfig *before;       /* what is in the file */
  guint taken, failed;
  gboolean has_plain_passwords;
} Import;

static void
clear_import (Import *import)
{
  if (import->source_text != NULL)
    so_secret_wipe (import->source_text, strlen (import->source_text));
  g_free (import->source_text);
  g_free (import->source);
  g_free (import->path);
  g_free (import->text);
  g_free (import->providers);
  g_clear_pointer (&import->before, so_config_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Import, clear_import)

/* --- the files --- */

/* Where msmtp looks, in its order. */
static char *
find_msmtprc (void)
{
  char *candidates[] = { g_build_filename (g_get_home_dir (), ".msmtprc", NULL),
                         g_build_filename (g_get_user_config_dir (), "msmtp", "config", NULL) };
  char *found = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (candidates); i++)
    if (found == NULL && g_file_test (candidates[i], G_FILE_TEST_EXISTS))
      found = candidates[i];
    else
      g_free (candidates[i]);
  return found;
}

/* "msmtp" or "msmtp:PATH" */
static char *
source_of (const char *what, GError **error)
{
  if (g_str_has_prefix (what, "msmtp:"))
    return g_strdup (what + strlen ("msmtp:"));
  char *found = strcmp (what, "msmtp") == 0 ? find_msmtprc () : NULL;
  if (strcmp (what, "msmtp") != 0)
    so_error_set (error, SO_ERROR_USAGE, _ ("as in --import msmtp, or --import msmtp:FILE"),
                  _ ("there is nothing known of accounts of “%s”"), what);
  else if (found == NULL)
    so_error_set (error, SO_ERROR_NO_INPUT, _ ("name it: --import msmtp:FILE"),
                  _ ("there is no ~/.msmtprc and no msmtp/config"));
  return found;
}

static gboolean
read_files (Import *import, const char *what, GError **error)
{
  gboolean missing = FALSE;
  import->config = so_app_config (import->app, error);
  import->source = import->config != NULL ? source_of (what, error) : NULL;
  if (import->source == NULL)
    return FALSE;
  import->source_text = so_config_read (import->source, &missing, error);
  if (missing)
    so_error_set (error, SO_ERROR_NO_INPUT, "", _ ("%s: there is no such file"), import->source);
  if (import->source_text == NULL)
    return FALSE;
  import->path = so_config_path (import->app->config_path);
  import->text = so_config_read_text (import->path, error);
  import->providers = import->text != NULL ? so_config_data ("providers.conf", error) : NULL;
  if (import->providers != NULL)
    import->before = so_config_parse (import->text, import->path, import->providers, error);
  return import->before != NULL;
}

/* --- telling --- */

static void
tell (const Import *import, const SoMsmtpAccount *account, const char *status, const char *words)
{
  const SoApp *app = import->app;
  for (guint i = 0; !app->json && i < account->notes->len; i++)
    so_app_say (app, "%s: %s", account->name, (const char *)g_ptr_array_index (account->notes, i));
  if (!app->json)
    {
      if (!app->quiet)
        printf ("%s (%s): %s\n", account->name, account->address, words);
      return;
    }
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "account");
  so_json_string (builder, "account", account->name);
  so_json_string (builder, "address", account->address);
  so_json_string (builder, "status", status);
  so_json_string (builder, "reason", words);
  json_builder_set_member_name (builder, "notes");
  json_builder_begin_array (builder);
  for (guint i = 0; i < account->notes->len; i++)
    json_builder_add_string_value (builder, g_ptr_array_index (account->notes, i));
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  so_app_json (builder);
}

static void
tell_failure (Import *import, const SoMsmtpAccount *account, const char *words)
{
  import->failed++;
  tell (import, account, "failed", words);
}

/* --- one account --- */

static char *
set_key (const Import *import, const char *text, const char *group, const char *setting,
         GError **error)
{
  const char *equals = strchr (setting, '=');
  g_autofree char *key = g_strndup (setting, (gsize)(equals - setting));
  return so_config_edit_set (text, import->path, group, key, equals + 1, error);
}

/* Our text with this account in it. */
static char *
with_account (const Import *import, const SoMsmtpAccount *account, GError **error)
{
  g_autofree char *group = g_strdup_printf ("account %s", account->name);
  g_autoptr (GPtrArray) settings = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (settings, g_strdup_printf ("preset=%s", account->preset));
  g_ptr_array_add (settings, g_strdup_printf ("address=%s", account->address));
  for (guint i = 0; i < account->settings->len; i++)
    g_ptr_array_add (settings, g_strdup (g_ptr_array_index (account->settings, i)));
  char *text = g_strdup (import->text);
  for (guint i = 0; text != NULL && i < settings->len; i++)
    {
      char *next = set_key (import, text, group, g_ptr_array_index (settings, i), error);
      g_free (text);
      text = next;
    }
  return text;
}

/* As the new text has it; its errors are those of reading the file. */
static SoAccount *
read_back (const Import *import, const char *text, const char *name, GError **error)
{
  g_autoptr (SoConfig) config = so_config_parse (text, import->path, import->providers, error);
  return config != NULL ? so_config_account (config, name, "", error) : NULL;
}

static gboolean
may_take (const Import *import, const SoMsmtpAccount *account)
{
  if (!g_strv_contains (so_config_names (import->config), account->name))
    return TRUE;
  g_autofree char *question
      = g_strdup_printf (_ ("There is an account %s already. Change it?"), account->name);
  return import->app->can_prompt && so_app_confirm (import->app, question, FALSE);
}

/* Where its password is to be found; what is missing is told, and keeps nothing. */
static void
keep_password (Import *import, const SoMsmtpAccount *theirs, const SoAccount *ours)
{
  g_autoptr (GError) error = NULL;
  if (theirs->password == NULL)
    return;
  import->has_plain_passwords = TRUE;
  if (so_login_prepare (import->app, ours, &error)
      && so_login_store (import->app, ours, theirs->password, &error))
    return;
  import->failed++;
  so_app_print_error (import->app, error);
  so_app_say (import->app, _ ("The password of %s was not stored: sendoff --account %s login"),
              ours->address, ours->name);
}

static void
take_account (Import *import, const SoMsmtpAccount *theirs)
{
  g_autoptr (GError) error = NULL;
  if (*theirs->fault != '\0')
    {
      tell_failure (import, theirs, theirs->fault);
      return;
    }
  if (!may_take (import, theirs))
    {
      tell (import, theirs, "skipped", _ ("there is an account of this name; it stays as it is"));
      return;
    }
  g_autofree char *text = with_account (import, theirs, &error);
  g_autoptr (SoAccount) ours = text != NULL ? read_back (import, text, theirs->name, &error) : NULL;
  if (ours == NULL)
    {
      tell_failure (import, theirs, error->message);
      return;
    }
  g_free (import->text);
  import->text = g_steal_pointer (&text);
  import->taken++;
  keep_password (import, theirs, ours);
  g_autofree char *words = g_strdup_printf (
      _ ("taken over: %s port %u, password from %s"), ours->smtp.host, (guint)ours->smtp.port,
      ours->auth == SO_AUTH_NONE ? _ ("nowhere, none is needed")
                                 : so_credential_source_title (so_credential_source (ours)));
  tell (import, theirs, "taken", words);
}

/* --- the whole --- */

/* msmtp's own default, if it could be taken over. */
static gboolean
settle_default (Import *import, const char *theirs, GError **error)
{
  g_autoptr (SoConfig) after
      = so_config_parse (import->text, import->path, import->providers, error);
  if (after == NULL)
    return FALSE;
  const char *const *names = so_config_names (after);
  const char *const *had = so_config_names (import->before);
  if (g_strv_length ((char **)names) == g_strv_length ((char **)had)) /* some changed, none new */
    return TRUE;
  return so_config_settle_default (import->app, &import->text, import->path, import->before,
                                   g_strv_contains (names, theirs) ? theirs : names[0], error);
}

static int
finish (const Import *import)
{
  SoApp *app = import->app;
  if (import->has_plain_passwords)
    so_app_say (app, _ ("Passwords still stand in %s: take them out there."), import->source);
  if (import->taken > 0)
    so_app_say (app, _ ("Next: sendoff --account NAME test"));
  if (app->json)
    {
      g_autoptr (JsonBuilder) builder = json_builder_new ();
      json_builder_begin_object (builder);
      so_json_string (builder, "event", "result");
      so_json_string (builder, "status", import->failed == 0 ? "configured" : "failed");
      so_json_number (builder, "accounts", import->taken);
      so_json_string (builder, "config", import->path);
      json_builder_end_object (builder);
      so_app_json (builder);
    }
  return import->failed == 0 ? 0 : SO_ERROR_DATA;
}

int
so_setup_import (SoApp *app, const char *what, GError **error)
{
  g_auto (Import) import = { .app = app };
  if (!read_files (&import, what, error))
    return 0;
  g_autoptr (SoConfig) presets = so_config_parse ("", "", import.providers, error);
  g_autoptr (SoMsmtpConfig) theirs
      = presets != NULL ? so_msmtp_config_parse (import.source_text, import.source, presets, error)
                        : NULL;
  if (theirs == NULL)
    return 0;
  for (guint i = 0; i < theirs->accounts->len; i++)
    take_account (&import, g_ptr_array_index (theirs->accounts, i));
  if (import.taken > 0
      && (!settle_default (&import, theirs->default_name, error)
          || !so_config_save (import.path, import.text, error)))
    return 0;
  return finish (&import);
}
