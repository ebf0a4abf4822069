/*
 * runner-mailbox.c - the mailbox of the account whose turn it is.
 *
 * One session a pass and account, opened when it is first wanted; one that cannot be opened, or
 * is lost, is not opened again in the pass.  Why is no news to a runner: the doctor tells.
 */
#include "config.h"

#include "runner-private.h"
#include "sendoff/mailbox.h"

#define MAILBOX_TIMEOUT 15 /* s a command: mail waits meanwhile; ours */

struct SoRunMailbox
{
  SoImap *imap;       /* NULL: it cannot be asked */
  GPtrArray *folders; /* of SoImapFolder */
  GError *problem;    /* why not */
};

static void
hang_up (SoRunMailbox *mailbox)
{
  g_clear_pointer (&mailbox->imap, so_imap_close);
  g_clear_pointer (&mailbox->folders, g_ptr_array_unref);
}

void
so_run_close_mailbox (SoRun *run)
{
  if (run->mailbox == NULL)
    return;
  hang_up (run->mailbox);
  g_clear_error (&run->mailbox->problem);
  g_clear_pointer (&run->mailbox, g_free);
}

static SoRunMailbox *
open_mailbox (const SoRun *run)
{
  const SoDeliverOptions *deliver = &run->options->deliver;
  const SoMailboxOptions options = { .observer = deliver->observer,
                                     .timeout = MAILBOX_TIMEOUT,
                                     .interrupt_fd = deliver->interrupt_fd,
                                     .may_prompt = deliver->may_prompt };
  SoRunMailbox *mailbox = g_new0 (SoRunMailbox, 1);
  mailbox->imap = so_mailbox_open (run->account, &options, NULL, &mailbox->problem);
  if (mailbox->imap != NULL)
    mailbox->folders = so_imap_folders (mailbox->imap, &mailbox->problem);
  if (mailbox->folders == NULL)
    hang_up (mailbox);
  return mailbox;
}

SoImap *
so_run_mailbox (SoRun *run, const GPtrArray **folders, GError **error)
{
  if (run->mailbox == NULL)
    run->mailbox = open_mailbox (run);
  *folders = run->mailbox->folders;
  if (run->mailbox->imap == NULL && error != NULL)
    *error = g_error_copy (run->mailbox->problem);
  return run->mailbox->imap;
}

void
so_run_lose_mailbox (SoRun *run, const GError *problem)
{
  if (so_imap_is_usable (run->mailbox->imap))
    return;
  hang_up (run->mailbox);
  run->mailbox->problem = g_error_copy (problem);
}
