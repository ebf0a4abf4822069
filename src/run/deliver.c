/*
 * deliver.c - credential, session, messages, farewell.
 */
#include "config.h"

#include "sendoff/credential.h"
#include "sendoff/deliver.h"

typedef struct
{
  const SoAccount *account;
  gboolean may_prompt;
} Purse;

static SoSecret *
fetch_secret (gpointer data, GError **error)
{
  const Purse *purse = data;
  return so_credential_get (purse->account, SO_SERVICE_SMTP, purse->may_prompt, error);
}

gboolean
so_deliver (const SoAccount *account, const SoFeed *feed, const SoDeliverOptions *options,
            SoVerdict **trouble, GError **error)
{
  Purse purse = { account, options->may_prompt };
  const SoSmtpOptions smtp_options = {
    .book = options->book,
    .observer = options->observer,
    .timeout = options->timeout,
    .interrupt_fd = options->interrupt_fd,
  };
  g_autoptr (SoSmtp) smtp = so_smtp_open (account, fetch_secret, &purse, &smtp_options, trouble, error);
  return smtp != NULL && so_smtp_run (smtp, feed, error);
}
