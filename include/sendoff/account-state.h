/*
 * account-state.h - what the outbox remembers of an account: that it is on hold, what it
 * has sent in the last 24 hours; and of the runners: when one last came by.
 *
 * A hold concerns every entry of the account without touching one: they stay queued and are
 * shown as held.  Errors as in outbox.h.
 */
#pragma once

#include "sendoff/budget.h"
#include "sendoff/outbox.h"

typedef enum
{
  SO_HOLD_PASSWORD,   /* refused: until there is a new one */
  SO_HOLD_CONNECTION, /* not reached: until `until` */
  SO_HOLD_LIMIT,      /* the provider's limit: until `until` */
  SO_HOLD_MISSING,    /* there is no password: tried again each time, for nothing was asked of the server */
  SO_HOLD_LOCAL       /* the password cannot be had now, or not be used: the same */
} SoHoldReason;

typedef struct
{
  SoHoldReason reason;
  gint64 since; /* s since 1970 UTC: the first of the tries */
  gint64 until; /* the same; 0: until it is ended */
  guint tries;  /* in a row that came to this */
  char *text;   /* what was said, on one line; sanitised when written */
} SoAccountHold;

void so_account_hold_free (SoAccountHold *hold);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoAccountHold, so_account_hold_free)

/* Durable when it returns TRUE. */
gboolean so_account_hold (SoOutbox *outbox, const char *account, const SoAccountHold *hold,
                          GError **error);
/* Durable too; no error if there was none. */
gboolean so_account_end_hold (SoOutbox *outbox, const char *account, GError **error);
/* NULL without error: none.  One whose time is over counts: its tries go on from there. */
SoAccountHold *so_account_get_hold (SoOutbox *outbox, const char *account, GError **error);

/* The hold stops an entry at this time.  Further away than horizon seconds: the clock was set
 * back, and it stops nothing. */
gboolean so_account_hold_stops (const SoAccountHold *hold, gint64 now, gint64 horizon);

/* What is wrong on this side: it stops nothing. */
gboolean so_account_hold_is_own (const SoAccountHold *hold);
/* Until somebody has seen to the password its entries are told of as held. */
gboolean so_account_hold_needs_person (const SoAccountHold *hold);

/* "password", "connection", "limit", "missing", "local": never translated (files, JSON). */
const char *so_hold_reason_name (SoHoldReason reason);

/* Survives kill -9 at once, a power cut after some seconds. */
gboolean so_account_add_use (SoOutbox *outbox, const char *account, const SoBudgetUse *use,
                             GError **error);
/* Of SoBudgetUse, earliest first; only those of the last 24 hours. */
GArray *so_account_uses (SoOutbox *outbox, const char *account, gint64 now, GError **error);

/* How many connections at a time the server has put up with, when it refused more in the last 24
 * hours; 0: it did not. */
guint so_account_connections (SoOutbox *outbox, const char *account, gint64 now);
gboolean so_account_limit_connections (SoOutbox *outbox, const char *account, guint connections,
                                       gint64 now, GError **error);

typedef struct
{
  gint64 when;   /* s since 1970 UTC */
  guint sent;    /* entries */
  guint waiting; /* still queued, uncertain or stopped by a hold */
  int status;    /* its exit status */
} SoPassRecord;

gboolean so_outbox_note_pass (SoOutbox *outbox, const SoPassRecord *record, GError **error);
/* FALSE: no pass is on record. */
gboolean so_outbox_last_pass (SoOutbox *outbox, SoPassRecord *record);

/* One process at a time delivers an outbox in the background.  FALSE: another does, and looks
 * again before it ends.  *fd is the claim, to be closed; -1 where there are no locks. */
gboolean so_outbox_claim_background (SoOutbox *outbox, int *fd);

/* One process at a time signs in to an account, for as long as *fd (to be closed by the caller)
 * is open: whoever waited for it looks for a hold first, so a refused password is tried once.
 * Waits for at most timeout_s; FALSE: it was not to be had. */
gboolean so_account_claim_login (SoOutbox *outbox, const char *account, guint timeout_s, int *fd);
