/*
 * deliver.h - the one way a message leaves: open a session for an account and give it
 * what a feed holds.
 */
#pragma once

#include "sendoff/smtp.h"

typedef struct
{
  const SoReplyBook *book;    /* may be NULL */
  const SoObserver *observer; /* may be NULL */
  guint timeout;              /* seconds a phase, when the account sets none */
  int interrupt_fd;           /* -1 none */
  gboolean may_prompt;        /* a locked keyring may ask the person */
  /* Asked when the password is there and about to be sent; FALSE with error: it is not.  May be
   * NULL. */
  gboolean (*may_log_in) (gpointer data, GError **error);
  /* Told when a session stands, with the server's SIZE (0: it announces none); may be NULL. */
  void (*opened) (gpointer data, guint64 size_limit);
  gpointer data; /* of these two */
  gboolean attended;          /* somebody waits: a likely account password is warned about */
} SoDeliverOptions;

/* TRUE: the feed is empty.  FALSE with error: what had been taken from the feed has its
 * verdict and was given back; *trouble (owned by the caller, NULL if there is none) is the
 * verdict for what is still in it.  Errors as in smtp.h and credential.h. */
gboolean so_deliver (const SoAccount *account, const SoFeed *feed, const SoDeliverOptions *options,
                     SoVerdict **trouble, GError **error);
