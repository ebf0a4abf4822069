/*
 * fit-entry.h - the size policy for a message that is in the outbox already.
 *
 * For what came finished (sendmail, import, send --eml): its attachments are packed inside
 * the message if the account's steps say so, if it is neither signed nor encrypted, and if that
 * is enough; otherwise it is held.
 */
#pragma once

#include "sendoff/account.h"
#include "sendoff/entry.h"
#include "sendoff/size-policy.h"

typedef struct
{
  SoSizeDecision decision; /* SEND, or HOLD: then the entry is held by now */
  gboolean packed;         /* its file is another one now */
} SoFitted;

/* The entry is locked.  FALSE with error: it is as it was. */
gboolean so_fit_entry (SoOutbox *outbox, SoEntry *entry, const SoAccount *account,
                       int interrupt_fd, SoFitted *fitted, GError **error);
