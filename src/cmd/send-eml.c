/*
 * send-eml.c - `sendoff send --eml`: a finished message, sent as it is.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "send-private.h"
#include "sendoff/address.h"
#include "sendoff/charset.h"
#include "sendoff/error.h"
#include "sendoff/fit-entry.h"
#include "sendoff/i18n.h"
#include "sendoff/interrupt.h"
#include "sendoff/post.h"
#include "sendoff/text.h"

/* What is in the message is not said beside it. */
static gboolean
check_options (const SoSendOptions *options, GError **error)
{
  gboolean words = options->subject != NULL || options->text != NULL || options->text_file != NULL
                   || options->html_file != NULL || options->cc != NULL || options->bcc != NULL
                   || options->reply_to != NULL || options->headers != NULL
                   || options->files != NULL || options->links != NULL;
  if (!words)
    return TRUE;
  so_error_set (error, SO_ERROR_USAGE, _ ("give only recipients beside it"),
                _ ("--eml takes a finished message: nothing can be added to it"));
  return FALSE;
}

static gboolean
add_recipients (const SoSendOptions *options, GPtrArray *recipients, GError **error)
{
  const char *charset = options->charset != NULL ? options->charset : "";
  for (char **lists = options->to; *lists != NULL; lists++)
    {
      g_autofree char *list = so_charset_argument (*lists, charset, _ ("an address"), error);
      if (list == NULL)
        return FALSE;
      g_autoptr (GPtrArray) mailboxes = so_address_list_parse (list, -1);
      for (guint i = 0; i < mailboxes->len; i++)
        {
          const SoMailbox *mailbox = g_ptr_array_index (mailboxes, i);
          if (!so_app_check_address (mailbox->address, error))
            return FALSE;
          g_ptr_array_add (recipients, g_strdup (mailbox->address));
        }
    }
  return TRUE;
}

/* The descriptor, -1 with error; standard input is the caller's and is not closed. */
static int
open_message (const char *path, GError **error)
{
  if (strcmp (path, "-") == 0)
    return STDIN_FILENO;
  g_autofree char *name = g_filename_display_name (path);
  g_autofree char *shown = so_text_sanitise (name, -1, 200);
  return so_send_open (path, shown, error);
}

static void
tell_hold (const SoApp *app, const SoAccount *account, SoEntry *entry,
           const SoSizeDecision *decision)
{
  if (app->json || app->quiet)
    return;
  g_autofree char *why = so_size_policy_explain (decision, so_account_title (account));
  printf (_ ("Too large: %s.\n"), why);
  so_send_tell_parts (entry);
}

/* Packed or held; an interrupt meanwhile, whenever it came, is an error. */
static gboolean
fit_unless_interrupted (SoOutbox *outbox, SoEntry *entry, const SoAccount *account, int fd,
                        SoFitted *fitted, GError **error)
{
  if (!so_fit_entry (outbox, entry, account, fd, fitted, error))
    return FALSE;
  if (!so_interrupt_has_come (fd))
    return TRUE;
  so_error_set (error, SO_ERROR_INTERRUPTED, "", _ ("interrupted"));
  return FALSE;
}

/* Whoever is told that it failed may give it again: it is not to be sent behind their back. */
static gboolean
fit_or_remove (const SoApp *app, const SoAccount *account, SoOutbox *outbox, SoEntry *entry,
               SoFitted *fitted, GError **error)
{
  SoInterrupt interrupt;
  so_interrupt_begin (&interrupt);
  GError *problem = NULL;
  gboolean well
      = fit_unless_interrupted (outbox, entry, account, interrupt.fd, fitted, &problem);
  gboolean gone = !well && so_entry_remove (entry, NULL) && so_outbox_sync (outbox, NULL);
  if (gone && problem->code == SO_ERROR_INTERRUPTED)
    so_app_say (app, _ ("Interrupted: nothing was sent, and nothing is kept."));
  so_interrupt_release (&interrupt); /* a signal that came acts here */
  if (!well)
    g_propagate_error (error, problem);
  return well;
}

/* Packed or held where it is too large; `refuse` is carried out here, where somebody waits for
 * the answer. */
static gboolean
fit (const SoApp *app, const SoAccount *account, SoOutbox *outbox, SoEntry *entry, GError **error)
{
  SoFitted fitted;
  if (!fit_or_remove (app, account, outbox, entry, &fitted, error))
    return FALSE;
  if (fitted.decision.action == SO_SIZE_SEND)
    return TRUE;
  if (account->oversize[account->n_oversize - 1] != SO_OVERSIZE_REFUSE)
    {
      tell_hold (app, account, entry, &fitted.decision);
      return TRUE;
    }
  g_autofree char *why = so_size_policy_explain (&fitted.decision, so_account_title (account));
  if (so_entry_remove (entry, error) && so_outbox_sync (outbox, error))
    so_error_set (error, SO_ERROR_DATA, _ ("send a link instead of the attachment"), "%s", why);
  return FALSE;
}

SoEntry *
so_send_eml (SoApp *app, const SoAccount *account, SoOutbox *outbox, const SoSendOptions *options,
             GError **error)
{
  g_autoptr (GPtrArray) recipients = g_ptr_array_new_with_free_func (g_free);
  gboolean ask = app->can_prompt && !options->yes;
  if (!check_options (options, error) || !add_recipients (options, recipients, error)
      || !so_send_check_typos (app, recipients, ask, error))
    return NULL;
  int fd = open_message (options->eml, error);
  if (fd < 0)
    return NULL;
  const SoPostSpec spec = {
    .account = account,
    .dsn_notify = options->notify,
    .origin = "send",
    .from = *app->from != '\0' ? app->from : account->address,
    .recipients = recipients,
    .take_recipients = recipients->len == 0,
  };
  g_autoptr (SoEntry) entry = so_post_finished (outbox, &spec, fd, error);
  if (fd != STDIN_FILENO)
    close (fd);
  if (entry == NULL || !fit (app, account, outbox, entry, error))
    return NULL;
  return g_steal_pointer (&entry);
}
