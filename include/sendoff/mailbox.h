/*
 * mailbox.h - an account's mailbox on its IMAP server: opened with the account's own
 * credential, and a message looked for in it.
 *
 * Errors as in imap.h and credential.h; SO_ERROR_CONFIG where the account has no IMAP server.
 */
#pragma once

#include "sendoff/imap-folder.h"

typedef struct
{
  const SoObserver *observer; /* only trace is called; may be NULL */
  guint timeout;              /* seconds a command; 0: the account's */
  int interrupt_fd;           /* -1 none */
  gboolean may_prompt;        /* a locked keyring may ask the person */
} SoMailboxOptions;

/* so_imap_open() with the credential.  trouble may be NULL. */
SoImap *so_mailbox_open (const SoAccount *account, const SoMailboxOptions *options,
                         SoImapTrouble *trouble, GError **error);

typedef struct
{
  const SoImapFolder *folder; /* of the list that was given; NULL: nowhere */
  guint32 uid;
} SoMailboxPlace;

/* The message with exactly this Message-ID (with brackets), and with that header field ("" for any
 * message), in one folder, which becomes the selected one.  TRUE, also if it is not there. */
gboolean so_mailbox_find_in (SoImap *imap, const SoImapFolder *folder, const SoImapRange *range,
                             const char *message_id, const char *field, SoMailboxPlace *place,
                             GError **error);

/* The same in several, of SoImapFolder, in this order; one that cannot be looked into is passed
 * over. */
gboolean so_mailbox_find (SoImap *imap, const GPtrArray *folders, const SoImapRange *range,
                          const char *message_id, const char *field, SoMailboxPlace *place,
                          GError **error);
