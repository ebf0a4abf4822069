/*
 * verdict.h - the server's word on one recipient, as a value (DESIGN section 7).
 *
 * The class comes from the reply code, and from the enhanced status where its first
 * digit agrees; config/replies.conf overrides known lies.  The scope says what else is
 * concerned: the connection (stop the pass), the account (hold it), this message, or
 * this recipient alone.  Account and deferred (quota, daily limit): the account rests and is
 * tried again later; account and rejected (password): nothing of it goes until a person
 * has acted.  A refusal of connection or account scope condemns no message.
 */
#pragma once

#include "sendoff/reply.h"

typedef enum
{
  SO_OUTCOME_NONE, /* not tried */
  SO_OUTCOME_ACCEPTED,
  SO_OUTCOME_DEFERRED,
  SO_OUTCOME_REJECTED,
  SO_OUTCOME_UNCERTAIN /* everything was sent, the final reply did not come */
} SoOutcome;

typedef enum
{
  SO_SCOPE_CONNECTION,
  SO_SCOPE_ACCOUNT,
  SO_SCOPE_MESSAGE,
  SO_SCOPE_RECIPIENT
} SoScope;

/* Where in the dialogue the reply came. */
typedef enum
{
  SO_STAGE_CONNECT, /* greeting, EHLO, STARTTLS */
  SO_STAGE_AUTH,
  SO_STAGE_MAIL,
  SO_STAGE_RCPT,
  SO_STAGE_DATA, /* the answer to DATA */
  SO_STAGE_FINAL /* the answer to the final dot or BDAT LAST */
} SoStage;

typedef struct
{
  SoOutcome outcome;
  SoScope scope;
  SoStage stage;
  char cause[32]; /* an id of verdict.c or replies.conf, see cause.h: "quota", "size" …; "" */
  SoReply *reply; /* NULL where none came */
  char *note;     /* a translated line where we, not the server, decide; "" */
} SoVerdict;

typedef struct SoReplyBook SoReplyBook; /* config/replies.conf */

SoReplyBook *so_reply_book_parse (const char *text, const char *origin, GError **error);
void so_reply_book_free (SoReplyBook *book);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoReplyBook, so_reply_book_free)

/* Judges a reply.  preset: the account's, "" for none; book may be NULL.  reply NULL or with
 * code 0: none came, or none that can be read: deferred, but uncertain after the final
 * dot.  A 2xx or 3xx where it makes no sense is judged the same, never accepted. */
SoVerdict *so_verdict_judge (const SoReplyBook *book, const char *preset, SoStage stage,
                             const SoReply *reply);

/* A verdict without a reply: our own doing (deadline, lost connection, limits). */
SoVerdict *so_verdict_new (SoOutcome outcome, SoScope scope, SoStage stage, const char *note);
SoVerdict *so_verdict_copy (const SoVerdict *verdict);
void so_verdict_free (SoVerdict *verdict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoVerdict, so_verdict_free)

/* A copy of what it means for the message (NULL of NULL): what is refused to the account or the connection
 * is put off until that is mended. */
SoVerdict *so_verdict_as_recorded (const SoVerdict *verdict);

/* The server's words on one sanitised line, or ours where it said nothing: the note, else what
 * the cause means.  Owned by the caller. */
char *so_verdict_words (const SoVerdict *verdict);

/* "accepted", "deferred", "rejected", "uncertain", "none": never translated (files, JSON). */
const char *so_outcome_name (SoOutcome outcome);
const char *so_scope_name (SoScope scope);
const char *so_stage_name (SoStage stage);
