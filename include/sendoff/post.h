/*
 * post.h - a message into the outbox: durable when the call returns.
 *
 * Errors as in outbox.h, and what the message itself fails with (compose.h, scan.h).  After an
 * error nothing is left in the outbox.
 */
#pragma once

#include "sendoff/compose.h"
#include "sendoff/entry.h"
#include "sendoff/scan.h"

/* The entry is the caller's, locked.  as: state, reason and stamp; notify: see dsn.h, NULL none. */
SoEntry *so_post_compose (SoOutbox *outbox, const SoAccount *account, const SoCompose *compose,
                          const char *notify, const SoEntryName *as, GError **error);

typedef struct
{
  const SoAccount *account;
  const GPtrArray *accounts;   /* of SoAccount: the one whose address From is takes its place; NULL */
  const char *origin;          /* "send" … */
  const char *from;            /* one of the account's addresses, for a From that is lacking */
  const char *from_name;       /* for the same; NULL: the account's */
  const char *sender;          /* envelope; "" the null sender; NULL: From's address */
  const GPtrArray *recipients; /* of char *, envelope; may be NULL */
  gboolean take_recipients;    /* those of the message's headers as well */
  gboolean by_rule;            /* as sendmail: From as rewrite-from says, what is foreign is held */
  gboolean dot_ends;           /* a line with a single dot ends the message */
  guint64 limit;               /* octets read at most; 0 none */
  const char *dsn_notify, *dsn_ret, *dsn_envid; /* NULL: none */
  /* Adds to `to` (of char *, owned) whom a recipient stands for; NULL: for itself. */
  gboolean (*resolve) (gpointer data, const char *recipient, GPtrArray *to, GError **error);
  gpointer data;
} SoPostSpec;

/* A finished message, read from fd to its end.  From must be one of the account's addresses
 * (SO_ERROR_DATA, or held).  Its size is not judged: see fit-entry.h. */
SoEntry *so_post_finished (SoOutbox *outbox, const SoPostSpec *spec, int fd, GError **error);
