/*
 * deliver.c - credential, session, messages, farewell.
 */
#include "config.h"

#include "sendoff/clock.h"
#include "sendoff/credential.h"
#include "sendoff/deliver.h"
#include "sendoff/delivery-log.h"

typedef struct
{
  const SoAccount *account;
  const SoDeliverOptions *options;
} Purse;

/* The server is about to see it: a password of the account itself is told of before. */
static void
warn_of_shape (const Purse *purse, const SoSecret *secret)
{
  g_autofree char *line = so_credential_shape_warning (
      purse->account, so_credential_shape (purse->account, secret));
  if (*line != '\0')
    so_observer_warn (purse->options->observer, line);
}

static SoSecret *
fetch_secret (gpointer data, GError **error)
{
  const Purse *purse = data;
  const SoDeliverOptions *options = purse->options;
  g_autoptr (SoSecret) secret
      = so_credential_get (purse->account, SO_SERVICE_SMTP, options->may_prompt, error);
  if (secret == NULL
      || (options->may_log_in != NULL && !options->may_log_in (options->data, error)))
    return NULL;
  if (options->attended)
    warn_of_shape (purse, secret);
  return g_steal_pointer (&secret);
}

/* The caller's feed, with a line in the log for each message that comes back. */
typedef struct
{
  const SoAccount *account;
  const SoFeed *feed;
  const SoObserver *observer;
  char *path;
  gboolean complained;
} Logged;

static SoSubmission *
logged_next (gpointer data)
{
  const Logged *logged = data;
  return logged->feed->next (logged->feed->data);
}

static gboolean
logged_completing (gpointer data, SoSubmission *submission)
{
  const Logged *logged = data;
  return logged->feed->completing == NULL
         || logged->feed->completing (logged->feed->data, submission);
}

/* A log that cannot be written is told of once, and stops no mail. */
static void
logged_done (gpointer data, SoSubmission *submission)
{
  Logged *logged = data;
  g_autoptr (GError) error = NULL;
  if (!so_delivery_log_add (logged->path, logged->account, submission, so_clock_wall_us (), &error)
      && !logged->complained)
    {
      logged->complained = TRUE;
      so_observer_warn (logged->observer, error->message);
    }
  logged->feed->done (logged->feed->data, submission);
}

gboolean
so_deliver (const SoAccount *account, const SoFeed *feed, const SoDeliverOptions *options,
            SoVerdict **trouble, GError **error)
{
  Purse purse = { account, options };
  const SoSmtpOptions smtp_options = {
    .book = options->book,
    .observer = options->observer,
    .timeout = options->timeout,
    .interrupt_fd = options->interrupt_fd,
  };
  g_autoptr (SoSmtp) smtp = so_smtp_open (account, fetch_secret, &purse, &smtp_options, trouble, error);
  if (smtp == NULL)
    return FALSE;
  if (options->opened != NULL)
    options->opened (options->data, so_smtp_size_limit (smtp));
  Logged logged = { account, feed, options->observer, so_delivery_log_path (), FALSE };
  const SoFeed with_log = { logged_next, logged_completing, logged_done, &logged };
  gboolean well = so_smtp_run (smtp, &with_log, error);
  g_free (logged.path);
  return well;
}
