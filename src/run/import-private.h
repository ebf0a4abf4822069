/*
 * import-private.h - what is to be known of a message before it becomes an entry, and the
 * message as it will stand there.
 */
#pragma once

#include "sendoff/import-record.h"
#include "sendoff/import.h"
#include "sendoff/scan.h"

typedef struct
{
  char hash[65];         /* of its text and its recipients */
  char *from;            /* the first address of From; made, if there was none */
  char *sender;          /* of the envelope; "" is the null sender */
  GPtrArray *recipients; /* of char*, each once */
  char *subject;         /* in clear */
  guint64 wire;          /* octets, as it will be */
  gboolean is_sealed;    /* signed or encrypted: it cannot be packed */
  gboolean has_froms;    /* more than one From */
  char *fault;           /* why it cannot be taken over; "" */
} SoImportedMessage;

/* address: for a missing From.  NULL with error: it cannot be read. */
SoImportedMessage *so_imported_message_read (const SoMailItem *item, const char *address,
                                             GError **error);
void so_imported_message_free (SoImportedMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoImportedMessage, so_imported_message_free)

/* As scan.h makes it, with what the account asks for. */
gboolean so_imported_message_write (const SoMailItem *item, const SoAccount *account,
                                    SoScanHeadFunc head, SoByteSink sink, gpointer data,
                                    GError **error);

typedef struct
{
  const GPtrArray *all;      /* of SoAccount */
  const SoAccount *fallback; /* for what is nobody's */
  gboolean is_asked_for;     /* the fallback is for all of it */
} SoImportAccounts;

typedef struct
{
  const SoAccount *account;
  const char *reason; /* SO_REASON_… to be held for, "" to be sent */
  char *why;          /* more of it; "" */
} SoImportDecision;
void so_import_decision_clear (SoImportDecision *decision);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SoImportDecision, so_import_decision_clear)

/* unsure: it may have been sent already; hold_all: a person wants to look at each. */
void so_import_decide (const SoImportAccounts *accounts, const SoMailItem *item,
                       const SoImportedMessage *message, gboolean unsure, gboolean hold_all,
                       SoImportDecision *decision);

/* The id of the new entry, NULL with error. */
char *so_import_put (SoOutbox *outbox, SoImportRecord *record, const SoMailItem *item,
                     const SoImportedMessage *message, const SoImportDecision *decision,
                     GError **error);
