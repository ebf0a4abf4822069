/*
 * runner.h - what is due in an outbox, sent.
 *
 * Entries in order of due time, those of one account through one session.  An account whose
 * password is refused is put on hold and not tried again until there is a new one; one
 * that cannot be reached, or is told to wait, rests for a growing time; one that has sent its
 * day's budget waits for room.  What becomes of an entry is on disk before it is reported.
 */
#pragma once

#include "sendoff/account-state.h"
#include "sendoff/config.h"
#include "sendoff/deliver.h"
#include "sendoff/entry.h"

typedef enum
{
  SO_RUN_SENT,      /* gone from the outbox */
  SO_RUN_DEFERRED,  /* queued again, or its account rests */
  SO_RUN_UNCERTAIN, /* may have arrived; queued again or held */
  SO_RUN_HELD,      /* waits for a person: the entry, or its account */
  SO_RUN_FAILED     /* refused for good or expired */
} SoRunOutcome;

typedef struct
{
  SoRunOutcome outcome;
  const SoEntry *entry;           /* in its new state; its name is the old one when sent */
  const SoSubmission *submission; /* with the verdicts; NULL: it was not tried */
  const SoAccount *account;       /* NULL: it is gone from the configuration */
  const char *text;               /* why, where no verdict says it; "" */
  gboolean goes_on;               /* DEFERRED, and taken up again in this pass */
} SoRunReport;

typedef struct
{
  SoOutbox *outbox;
  const SoConfig *config;
  SoDeliverOptions deliver;
  gboolean now;           /* also what is not due, and accounts that rest (not those on hold) */
  gboolean network_back;  /* also accounts that rest because they could not be reached */
  const GPtrArray *names; /* of SoEntryName: only these, due or not; NULL: all that is due */
  /* Starts a process that sends for an account beside this one, with --worker=ACCOUNT added;
   * NULL: there is one connection only, whatever the account says. */
  const char *const *worker;
  const char *only_account; /* this is such a process; NULL: for all accounts */
  const SoAccount *steps; /* whose `oversize` counts in place of the account's; NULL */
  /* Called for each entry something became of. */
  void (*report) (gpointer data, const SoRunReport *report);
  gpointer data;
} SoRunOptions;

typedef struct
{
  guint n[SO_RUN_FAILED + 1]; /* entries by outcome */
  guint waiting;              /* were due and still wait */
  guint busy;                 /* another runner has them */
  gint64 next;                /* when something is due next; G_MAXINT64: nothing waits */
  gboolean needs_password;    /* an account is on hold for its password, or has none */
  gboolean lost_account;      /* an entry was put on hold because its account is gone */
  gboolean throttled;         /* a worker's: the server wants fewer connections */
  gboolean new_hold;          /* an account was put on hold, or found not to be reached, just now */
} SoRunSummary;

/* FALSE with error: the pass ended early, or something in it could not be done (an account
 * could not be reached, an entry not be read); the summary is right in any case.  The error is
 * the first of them; SO_ERROR_INTERRUPTED comes before any other. */
gboolean so_run_pass (const SoRunOptions *options, SoRunSummary *summary, GError **error);

/* Where a worker's summary goes: a descriptor that it gets. */
#define SO_RUN_WORKER_FD 3
gboolean so_run_summary_write (int fd, const SoRunSummary *summary, const GError *problem);

/* s ahead: no account makes an entry wait that long, so the clock must have been set back. */
gint64 so_run_horizon (const SoConfig *config);

/* One entry at once, as `send` does: it is the caller's, locked, and freed here.  An account that
 * rests is tried, one on hold for its password is not. */
gboolean so_run_entry (const SoRunOptions *options, SoEntry *entry, SoRunSummary *summary,
                       GError **error);
