/*
 * runner-private.h - a pass in progress.
 */
#pragma once

#include "sendoff/imap-folder.h"
#include "sendoff/notice.h"
#include "sendoff/runner.h"

/* One candidate of the pass. */
typedef struct
{
  SoEntryName name;
  SoEntry *entry; /* locked beforehand; NULL: it is locked when its turn comes */
  char *account;  /* NULL: not known yet */
  gboolean finished;
} SoRunCandidate;

typedef struct SoRunMailbox SoRunMailbox;

typedef struct
{
  const SoRunOptions *options;
  SoRunSummary *summary;
  GPtrArray *candidates; /* of SoRunCandidate, earliest due first */
  GError *problem;       /* the first */
  GPtrArray *notices;    /* for on-failure, at the end */

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
  GArray *copies;      /* of SoEntryName: sent, and a copy is to be kept */
  guint at;            /* the next candidate to be looked at */
  int login;           /* the claim to sign in, -1 none */
  GPtrArray *workers;  /* further connections of the account; NULL: none were wanted yet */
  SoRunMailbox *mailbox; /* asked for what is uncertain; NULL: not yet */
  guint accepted;      /* entries the server has taken in this session */
  gboolean is_small;   /* the server announces a smaller limit than the account's; that is set to it */
  GHashTable *refitted; /* ids of those that were too large for that; NULL: none */
  GHashTable *starts;  /* id → its last attempt before this pass (gint64), of those in parts; NULL: none */
  guint n_found;       /* candidates from the start; the others go on */
  gboolean is_idle;    /* nothing was due: summary->next is known */
  gint64 rest_until;   /* the earliest end of a rest that stopped an account; G_MAXINT64: none */
} SoRun;

gint64 so_run_now (void);

/* Keeps the first error, with INTERRUPTED before any other; takes it over. */
void so_run_note_problem (SoRun *run, GError *problem);

void so_run_report (SoRun *run, SoRunOutcome outcome, const SoEntry *entry,
                    const SoSubmission *submission, const char *text);

/* Waits, and is due at once: it is taken up again in this pass. */
void so_run_go_on (SoRun *run, const SoEntry *entry, const SoSubmission *submission);

/* A state to go to; the id is the entry's. */
SoEntryName so_run_state (SoEntryState word, const char *reason, gint64 stamp);

/* The key of the last attempt that the entry had before this pass. */
gint64 so_run_start_of (const SoRun *run, const SoEntry *entry);

/* When it is to be tried again after this attempt; -1: its time is over. */
gint64 so_run_next_try (const SoRun *run, const SoEntry *entry, gint64 now);

/* Looks into the candidate without locking it, to know whose it is; NULL: it is gone. */
SoEntry *so_run_peek (SoRun *run, SoRunCandidate *candidate);

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
/* Of SoDeliverOptions: waits for others that sign in to the account; FALSE if one was refused. */
gboolean so_run_may_log_in (gpointer data, GError **error);
void so_run_end_login (SoRun *run);
void so_run_end_hold (SoRun *run);

/* --- workers.c --- */

/* Once an account and pass, if there is enough to be sent. */
void so_run_start_workers (SoRun *run);
/* Adds what they counted, and goes back to what they may have left.  FALSE: there are none. */
gboolean so_run_wait_for_workers (SoRun *run);
/* Others send for the account at the same time. */
gboolean so_run_is_shared (const SoRun *run);
/* The server wants fewer connections, or less of everything. */
gboolean so_run_is_throttled (const SoVerdict *trouble);

/* --- uncertain.c --- */

/* The message is in the mailbox, so it was taken: the entry is seen to. */
gboolean so_run_has_arrived (SoRun *run, SoEntry *entry);
/* What is known now without an attempt, recorded; text says how.  FALSE: it was not. */
gboolean so_run_settle (SoRun *run, SoEntry *entry, const SoSubmission *submission,
                        const char *text);

/* --- runner-mailbox.c --- */

/* NULL with error: it cannot be asked.  folders: of SoImapFolder, the mailbox's. */
SoImap *so_run_mailbox (SoRun *run, const GPtrArray **folders, GError **error);
/* After an error: is the session lost with it? */
void so_run_lose_mailbox (SoRun *run, const GError *problem);
void so_run_close_mailbox (SoRun *run);

/* --- copies.c --- */

/* The account wants a copy of what is sent. */
gboolean so_run_keeps_copies (const SoRun *run);
/* Of the entries in run->copies; at the end of a pass, for the mail goes first. */
void so_run_save_copies (SoRun *run);

SoAccount *so_run_find_account (const SoRun *run, const SoEntry *entry);
