/*
 * talk.c - one session with the server of mail that answers four checks: tls, auth, sender, size.
 *
 * AUTH is sent once, and not at all with a password that the server has refused before: providers
 * lock accounts for that.
 */
#include "config.h"

#include <string.h>

#include "sendoff/clock.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/mask.h"

#include "checkup.h"

#define TIMEOUT 3 /* seconds a phase; twice that in all */
#define LINES_MAX 200

typedef struct
{
  SoCheckup *checkup;
} Talker;

static void
on_begin (gpointer data, SoPhase phase)
{
  SoTalk *talk = &((Talker *)data)->checkup->talk;
  talk->phase = phase;
  talk->begun |= phase > SO_PHASE_TCP;
}

static void
on_tls (gpointer data, const SoTlsInfo *info)
{
  SoTalk *talk = &((Talker *)data)->checkup->talk;
  so_tls_info_clear (&talk->tls);
  talk->has_tls = TRUE;
  talk->tls = *info;
  talk->tls.version = g_strdup (info->version != NULL ? info->version : "");
  talk->tls.issuer = g_strdup (info->issuer != NULL ? info->issuer : "");
  talk->tls.subject = g_strdup (info->subject != NULL ? info->subject : "");
  talk->tls.fingerprint = g_strdup (info->fingerprint);
}

static void
on_trace (gpointer data, char direction, const char *line)
{
  Talker *talker = data;
  GPtrArray *lines = talker->checkup->talk.lines;
  if (lines->len >= LINES_MAX)
    return;
  g_autofree char *masked = so_mask_addresses (line);
  g_ptr_array_add (lines, g_strdup_printf ("%c %s", direction, masked));
}

static SoSecret *
fetch_secret (gpointer data, GError **error)
{
  Talker *talker = data;
  SoCheckup *checkup = talker->checkup;
  SoTalk *talk = &checkup->talk;
  talk->asked_secret = TRUE;
  gboolean held = checkup->hold != NULL && checkup->hold->reason == SO_HOLD_PASSWORD
                  && !checkup->try_password;
  SoSecret *secret = NULL;
  if (held || checkup->keyring_failed)
    so_error_set (&talk->secret_problem, SO_ERROR_CREDENTIALS, "", "%s", "");
  else
    secret = so_credential_get (checkup->account, SO_SERVICE_SMTP, checkup->may_prompt,
                                &talk->secret_problem);
  if (secret == NULL)
    {
      g_propagate_error (error, g_error_copy (talk->secret_problem));
      return NULL;
    }
  talk->has_secret = TRUE;
  talk->shape = so_credential_shape (checkup->account, secret);
  return secret;
}

/* What may be asked of an open session. */
static void
ask_more (SoCheckup *checkup, SoSmtp *smtp)
{
  SoTalk *talk = &checkup->talk;
  const char *own = checkup->account->address;
  talk->size = so_smtp_size_limit (smtp);
  if (!checkup->is_guess)
    talk->sender = so_smtp_try (smtp, own, own, &talk->problem);
}

void
so_checkup_talk (SoCheckup *checkup)
{
  SoTalk *talk = &checkup->talk;
  Talker talker = { .checkup = checkup };
  const SoObserver observer
      = { .begin = on_begin, .tls = on_tls, .trace = on_trace, .data = &talker };
  const SoSmtpOptions options
      = { .book = checkup->book, .observer = &observer, .interrupt_fd = checkup->stop_fd };
  g_autoptr (SoAccount) account = so_account_copy (checkup->account);
  account->timeout = TIMEOUT;
  if (checkup->is_guess)
    account->auth = SO_AUTH_NONE;

  gint64 began = so_clock_monotonic_us ();
  SoSmtp *smtp = so_smtp_open (account, fetch_secret, &talker, &options, &talk->trouble,
                               &talk->problem);
  if (smtp != NULL)
    {
      talk->logged_in = account->auth != SO_AUTH_NONE;
      ask_more (checkup, smtp);
      so_smtp_close (smtp);
    }
  talk->elapsed_us = so_clock_monotonic_us () - began;
}

void
so_talk_clear (SoTalk *talk)
{
  so_tls_info_clear (&talk->tls);
  so_verdict_free (talk->trouble);
  g_clear_error (&talk->problem);
  g_clear_error (&talk->secret_problem);
  so_verdict_free (talk->sender);
  g_ptr_array_unref (talk->lines);
}
