/*
 * attempt.h - what was tried with a waiting message and what came of it: the text of an
 * attempt log (doc/INTERNALS.md, "Files"), read and written.
 *
 * Pure: text in, values out.  A torn last line is no record; lines that make no sense are
 * counted and passed over, for what the others say must not be lost with them.
 */
#pragma once

#include "sendoff/entry-name.h"
#include "sendoff/submission.h"

#define SO_ATTEMPT_LOG_HEAD "sendoff attempts 1\n"
#define SO_ATTEMPT_ALL "*" /* every recipient not settled at the time */

typedef enum
{
  SO_ATTEMPT_VERDICT,
  SO_ATTEMPT_THEN, /* the transition decided upon */
  SO_ATTEMPT_NOTE, /* a remark, such as who changed the state */
  SO_ATTEMPT_AGAIN /* what was rejected or uncertain is open again */
} SoAttemptKind;

typedef struct
{
  SoAttemptKind kind;
  gint64 time;        /* s since 1970 UTC */
  gint64 key;         /* VERDICT, THEN: which attempt */
  char *server;       /* VERDICT: "smtp.mail.me.com:587", "" for none */
  char *address;      /* VERDICT: or SO_ATTEMPT_ALL */
  SoVerdict *verdict; /* VERDICT; its reply text and note are sanitised */
  SoEntryName then;   /* THEN: state, reason, stamp */
  char *text;         /* NOTE */
} SoAttempt;

typedef struct
{
  GPtrArray *records;   /* of SoAttempt, oldest first */
  guint n_attempts;     /* times it was tried */
  guint n_bad;          /* lines that are no records */
  gint64 last_key;      /* 0 for none */
  gboolean foreign;     /* no such log, or of a later version: nothing in it may be relied on */
  GHashTable *standing; /* address → the SoAttempt that stands for it */
  const SoAttempt *standing_all;
  guint n_doubts;     /* attempts since it was opened again with an UNCERTAIN */
  gint64 last_doubt;  /* the key of the last of them */
  GHashTable *doubts; /* address, or SO_ATTEMPT_ALL → in how many of them it was UNCERTAIN */
} SoAttemptLog;

SoAttemptLog *so_attempt_log_parse (const char *bytes, gsize length);
void so_attempt_log_free (SoAttemptLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoAttemptLog, so_attempt_log_free)

/* The verdict that stands for address: its ACCEPTED if there ever was one, else the last
 * since it was opened again; NULL for none.  Owned by the log. */
const SoVerdict *so_attempt_log_verdict (const SoAttemptLog *log, const char *address);

/* Accepted or rejected: not to be sent to. */
gboolean so_attempt_log_settled (const SoAttemptLog *log, const char *address);

typedef enum
{
  SO_DOUBT_NONE,
  SO_DOUBT_SOME, /* UNCERTAIN in some of the attempts in which somebody was */
  SO_DOUBT_EVERY /* in each of them: whichever had arrived, it was for this one too */
} SoDoubt;

/* Whether address may have got it without our knowing: UNCERTAIN once since it was opened again, and
 * not settled since, whatever a later attempt gave. */
SoDoubt so_attempt_log_doubt (const SoAttemptLog *log, const char *address);

/* The attempt has a verdict for address, or for all; also NONE: it was left out of it. */
gboolean so_attempt_log_covers (const SoAttemptLog *log, gint64 key, const char *address);

/* In how many attempts up to that key each address was asked: address, or SO_ATTEMPT_ALL, → guint.  The
 * addresses are the log's. */
GHashTable *so_attempt_log_tries (const SoAttemptLog *log, gint64 last);
/* Of one of them. */
guint so_attempt_tries_of (GHashTable *tries, const char *address);

/* The attempt that address was last asked in since it was opened again; 0: in none. */
gint64 so_attempt_log_asked (const SoAttemptLog *log, const char *address);

/* The decision taken after the attempt; NULL for none. */
const SoEntryName *so_attempt_log_then (const SoAttemptLog *log, gint64 key);

/* The last record that tells a person why; NULL for none. */
const SoAttempt *so_attempt_log_last (const SoAttemptLog *log);

void so_attempt_put_verdict (GString *out, gint64 time, gint64 key, const char *server,
                             const char *address, const SoVerdict *verdict);
void so_attempt_put_then (GString *out, gint64 time, gint64 key, const SoEntryName *then);
void so_attempt_put_note (GString *out, gint64 time, const char *text);
void so_attempt_put_again (GString *out, gint64 time);
