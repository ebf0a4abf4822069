/*
 * runner-private.h - a pass in progress.
 */
#pragma once

#include "sendoff/runner.h"

/* One candidate of the pass. */
typedef struct
{
  SoEntryName name;
  SoEntry *entry; /* locked beforehand; NULL: it is locked when its turn comes */
  char *account;  /* NULL: not known yet */
  gboolean finished;
} SoRunCandidate;

typedef struct
{
  const SoRunOptions *options;
  SoRunSummary *summary;
  GPtrArray *candidates; /* of SoRunCandidate, earliest due first */
  GError *problem;       /* the first */

  /* The account whose turn it is. */
  const char *account_name;
  SoAccount *account;  /* NULL: not in the configuration */
  SoAccountHold *hold; /* what was known of it before; NULL for none */
  gboolean stopped;    /* nothing more is to be sent for it in this pass */
  GArray *uses;        /* of SoBudgetUse, in 24 hours */
  SoBudgetUse in_flight; /* given to the session, no verdict yet */
  gboolean paused;     /* the next is for when the verdict on what is in flight is known */
  SoVerdict *trouble;  /* that concerns more than one entry; NULL */
  SoSubmission *ready; /* taken before the session was opened; NULL: none */
  guint at;            /* the next candidate to be looked at */
  guint accepted;      /* entries the server has taken in this session */
  gint64 rest_until;   /* the earliest end of a rest that stopped an account; G_MAXINT64: none */
} SoRun;

gint64 so_run_now (void);

/* Keeps the first error, with INTERRUPTED before any other; takes it over. */
void so_run_note_problem (SoRun *run, GError *problem);

void so_run_report (SoRun *run, SoRunOutcome outcome, const SoEntry *entry,
                    const SoSubmission *submission, const char *text);

/* The feed of the session: candidates of the account, one after the other.  What cannot be sent
 * now is seen to on the way. */
SoSubmission *so_run_next (gpointer data);
/* The one that is ready, back into the outbox as it was. */
void so_run_put_back (SoRun *run);
gboolean so_run_completing (gpointer data, SoSubmission *submission);
void so_run_done (gpointer data, SoSubmission *submission);

/* A person has to act before the account can send again. */
gboolean so_run_needs_person (const SoVerdict *trouble);

/* Puts the account on hold, or lets it rest, for the verdict. */
void so_run_hold_account (SoRun *run, const SoVerdict *verdict);
void so_run_end_hold (SoRun *run);
