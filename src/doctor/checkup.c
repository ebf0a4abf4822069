/*
 * checkup.c - gathers what the checks need before they start.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "sendoff/clock.h"
#include "sendoff/config-file.h"
#include "sendoff/outbox-place.h"
#include "sendoff/session-bus.h"

#include "checkup.h"

static void
checkup_clear (gpointer data)
{
  SoCheckup *checkup = data;
  so_account_free (checkup->account);
  so_account_free (checkup->preset);
  g_strfreev (checkup->accounts);
  g_strfreev (checkup->presets);
  g_clear_error (&checkup->config_problem);
  g_strfreev (checkup->control_hosts);
  g_strfreev (checkup->control_mail_hosts);
  g_free (checkup->captive_portal);
  so_reply_book_free (checkup->book);
  g_free (checkup->recipient);
  if (checkup->outbox != NULL)
    so_outbox_close (checkup->outbox);
  g_free (checkup->outbox_path);
  g_clear_error (&checkup->outbox_problem);
  so_account_hold_free (checkup->hold);
  so_route_clear (&checkup->route);
  g_free (checkup->mail_local);
  so_talk_clear (&checkup->talk);
  g_ptr_array_unref (checkup->refusals);
}

SoCheckup *
so_checkup_ref (SoCheckup *checkup)
{
  return g_atomic_rc_box_acquire (checkup);
}

void
so_checkup_unref (SoCheckup *checkup)
{
  g_atomic_rc_box_release_full (checkup, checkup_clear);
}

/* With a problem there are names only where it is about something else than the file. */
static void
copy_names (SoCheckup *checkup, const SoConfig *config, const GError *problem)
{
  const char *const *names = so_config_names (config);
  if (problem == NULL || *names != NULL)
    checkup->accounts = g_strdupv ((char **)names);
  checkup->presets = g_strdupv ((char **)so_config_presets (config));
}

/* Only one that is there: looking must not make it. */
static void
open_outbox (SoCheckup *checkup, const SoConfig *config)
{
  checkup->outbox_path = so_outbox_place (so_config_outbox (config));
  if (!g_file_test (checkup->outbox_path, G_FILE_TEST_EXISTS))
    return;
  checkup->outbox = so_outbox_open (checkup->outbox_path, &checkup->outbox_problem);
  if (checkup->outbox != NULL && !checkup->is_guess)
    checkup->hold = so_account_get_hold (checkup->outbox, checkup->account->name, NULL);
}

/* The checks run in threads, where an environment must not be changed any more (keyring-call.c
 * would). */
static void
settle_bus (void)
{
  g_autofree char *address = so_session_bus_address ();
  if (*address != '\0')
    g_setenv ("DBUS_SESSION_BUS_ADDRESS", address, TRUE);
}

SoCheckup *
so_checkup_new (const SoDoctorOptions *options, GError **error)
{
  g_autofree char *replies = so_config_data ("replies.conf", error);
  SoReplyBook *book
      = replies != NULL ? so_reply_book_parse (replies, "replies.conf", error) : NULL;
  if (book == NULL)
    return NULL;
  SoCheckup *checkup = g_atomic_rc_box_new0 (SoCheckup);
  const SoConfig *config = options->config;
  checkup->book = book;
  checkup->is_guess = options->account == NULL;
  checkup->account = so_account_copy (checkup->is_guess ? options->guess : options->account);
  checkup->preset = so_config_preset (config, checkup->account->preset);
  copy_names (checkup, config, options->config_problem);
  if (options->config_problem != NULL)
    checkup->config_problem = g_error_copy (options->config_problem);
  checkup->control_hosts = g_strdupv ((char **)so_config_control_hosts (config));
  checkup->control_mail_hosts = g_strdupv ((char **)so_config_control_mail_hosts (config));
  checkup->captive_portal = g_strdup (so_config_captive_portal (config));
  checkup->recipient = g_strdup (options->recipient);
  checkup->try_password = options->try_password;
  checkup->may_prompt = options->may_prompt;
  checkup->stop_fd = -1;
  checkup->mail_local = g_strdup ("");
  checkup->talk.lines = g_ptr_array_new_with_free_func (g_free);
  checkup->refusals = g_ptr_array_new_with_free_func (g_free);
  settle_bus ();
  open_outbox (checkup, config);
  so_route_look (&checkup->route);
  return checkup;
}

void
so_checkup_deadline (const SoCheckup *checkup, guint seconds, SoDeadline *deadline)
{
  so_deadline_init (deadline, seconds, checkup->stop_fd);
  deadline->total_end_us = so_clock_monotonic_us () + deadline->timeout_us;
}

gboolean
so_checkup_is_loopback (const SoCheckup *checkup)
{
  return so_account_is_loopback (checkup->account->smtp.host);
}
