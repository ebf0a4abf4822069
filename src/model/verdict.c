/*
 * verdict.c - what a reply means: for whom, and whether it may be different later.
 *
 * config/replies.conf is asked first; then these tables, first by scope:
 *
 *   stage    reply              outcome    scope       cause
 *   -------  -----------------  ---------  ----------  -------------------
 *   any      none               deferred   connection  lost   (final: uncertain)
 *   any      2xx, 3xx in place  accepted   by stage
 *   any      2xx, 3xx elsewhere deferred   connection  protocol (final: uncertain)
 *   any      421, x.3.2         deferred   connection  busy
 *   connect  4xx / 5xx          def / rej  connection  busy / refused
 *   auth     4xx                deferred   connection  auth-temporary
 *   auth     5xx                rejected   account     auth, auth-mechanism
 *   mail on  530 534 535 538    rejected   account     auth
 *   mail on  own mailbox full   deferred   account     quota
 *   mail     4.7.x              deferred   connection  throttled
 *   mail     5xx                rejected   message     sender, policy, protocol
 *   rcpt     4xx / 5xx          def / rej  recipient   recipient, mailbox-full, policy ...
 *   data on  4xx / 5xx          def / rej  message     size, policy, content
 *
 * Deferred and rejected come from the first digit of the code alone, but for three: own
 * mailbox full waits for room, 552 and 5.5.3 at RCPT are "too many recipients" (RFC 5321
 * 4.5.3.1.10 asks to take them as temporary).  Account and deferred: it rests and is tried
 * again; account and rejected: it waits for a person.
 */
#include "config.h"

#include <string.h>

#include "sendoff/reply-book.h"
#include "sendoff/cause.h"
#include "sendoff/verdict.h"

enum
{
  C = 1 << SO_STAGE_CONNECT,
  A = 1 << SO_STAGE_AUTH,
  M = 1 << SO_STAGE_MAIL,
  R = 1 << SO_STAGE_RCPT,
  D = 1 << SO_STAGE_DATA,
  F = 1 << SO_STAGE_FINAL,
  ALL = C | A | M | R | D | F
};

typedef struct
{
  guint stages;
  int low, high;        /* codes */
  const char *enhanced; /* behind the class: "7.8", "7." any of the subject; NULL any */
  SoOutcome outcome;
  SoScope scope;
  const char *cause;
} Rule;

#define DEFER SO_OUTCOME_DEFERRED
#define REJECT SO_OUTCOME_REJECTED

/* The first that matches counts; the last ones take everything. */
static const Rule rules[] = {
  /* RFC 5321 3.8, 4.2.2; RFC 3463 X.3.2 "system not accepting network messages" */
  { ALL, 421, 421, NULL, DEFER, SO_SCOPE_CONNECTION, "busy" },
  { ALL, 400, 499, "3.2", DEFER, SO_SCOPE_CONNECTION, "busy" },
  { C, 400, 499, NULL, DEFER, SO_SCOPE_CONNECTION, "busy" },
  { C, 500, 599, NULL, REJECT, SO_SCOPE_CONNECTION, "refused" },
  /* RFC 4954 4, 6 */
  { A, 400, 499, NULL, DEFER, SO_SCOPE_CONNECTION, "auth-temporary" },
  { A, 500, 504, "7.", REJECT, SO_SCOPE_ACCOUNT, "auth" },
  { A, 500, 504, NULL, REJECT, SO_SCOPE_ACCOUNT, "auth-mechanism" },
  { A, 538, 538, NULL, REJECT, SO_SCOPE_ACCOUNT, "auth-mechanism" },
  { A, 500, 599, NULL, REJECT, SO_SCOPE_ACCOUNT, "auth" },
  { M | R | D | F, 454, 454, "7.0", DEFER, SO_SCOPE_CONNECTION, "auth-temporary" },
  { M | R | D | F, 530, 530, NULL, REJECT, SO_SCOPE_ACCOUNT, "auth" },
  { M | R | D | F, 534, 535, NULL, REJECT, SO_SCOPE_ACCOUNT, "auth" },
  { M | R | D | F, 538, 538, NULL, REJECT, SO_SCOPE_ACCOUNT, "auth" },
  { M | R | D | F, 500, 599, "7.8", REJECT, SO_SCOPE_ACCOUNT, "auth" },
  { M | R | D | F, 500, 599, "7.13", REJECT, SO_SCOPE_ACCOUNT, "blocked" }, /* RFC 5248 */
  /* RFC 3463: X.3.4 too big for system, X.2.3 exceeds an administrative limit; RFC 1870 6 */
  { M | R | D | F, 500, 599, "3.4", REJECT, SO_SCOPE_MESSAGE, "size" },
  { R, 500, 599, "2.3", REJECT, SO_SCOPE_RECIPIENT, "size" },
  { M | D | F, 500, 599, "2.3", REJECT, SO_SCOPE_MESSAGE, "size" },
  /* X.2.2 mailbox full: before RCPT and after DATA it can only be the sender's own. */
  { M | D | F, 400, 599, "2.2", DEFER, SO_SCOPE_ACCOUNT, "quota" },
  { R, 400, 499, "2.2", DEFER, SO_SCOPE_RECIPIENT, "mailbox-full" },
  { R, 500, 599, "2.2", REJECT, SO_SCOPE_RECIPIENT, "mailbox-full" },
  /* RFC 5321 4.5.3.1.10; X.5.3 too many recipients */
  { R, 400, 599, "5.3", DEFER, SO_SCOPE_RECIPIENT, "too-many-recipients" },
  { R, 452, 452, "3.1", DEFER, SO_SCOPE_RECIPIENT, "busy" },
  { R, 452, 452, NULL, DEFER, SO_SCOPE_RECIPIENT, "too-many-recipients" },
  { M | D | F, 452, 452, NULL, DEFER, SO_SCOPE_MESSAGE, "busy" },
  /* X.1.7, X.1.8: the sender's address, wherever it is said */
  { M | R | D | F, 400, 499, "1.8", DEFER, SO_SCOPE_MESSAGE, "sender" },
  { M | R | D | F, 500, 599, "1.7", REJECT, SO_SCOPE_MESSAGE, "sender" },
  { M | R | D | F, 500, 599, "1.8", REJECT, SO_SCOPE_MESSAGE, "sender" },
  /* X.7.z security and policy: at MAIL nothing but the sender is known yet */
  { M, 400, 499, "7.", DEFER, SO_SCOPE_CONNECTION, "throttled" },
  { M, 550, 553, "7.", REJECT, SO_SCOPE_MESSAGE, "sender" },
  { R, 400, 499, "7.", DEFER, SO_SCOPE_RECIPIENT, "policy" },
  { R, 500, 599, "7.", REJECT, SO_SCOPE_RECIPIENT, "policy" },
  { M | D | F, 400, 499, "7.", DEFER, SO_SCOPE_MESSAGE, "policy" },
  { M | D | F, 500, 599, "7.", REJECT, SO_SCOPE_MESSAGE, "policy" },
  { D | F, 500, 599, "6.", REJECT, SO_SCOPE_MESSAGE, "content" },
  /* 552 without a better word (RFC 1870 6.2), and at RCPT as RFC 821 meant it */
  { M | D | F, 552, 552, NULL, REJECT, SO_SCOPE_MESSAGE, "size" },
  { R, 552, 552, NULL, DEFER, SO_SCOPE_RECIPIENT, "too-many-recipients" },
  /* What the server did not understand (RFC 5321 4.2.4, 4.3.2) */
  { R, 501, 501, NULL, REJECT, SO_SCOPE_RECIPIENT, "recipient" },
  { M | R | D | F, 500, 504, NULL, REJECT, SO_SCOPE_MESSAGE, "protocol" },
  { M | R | D | F, 555, 555, NULL, REJECT, SO_SCOPE_MESSAGE, "protocol" },
  { M, 550, 553, NULL, REJECT, SO_SCOPE_MESSAGE, "sender" },
  { R, 400, 499, "1.", DEFER, SO_SCOPE_RECIPIENT, "recipient" },
  { R, 500, 599, "1.", REJECT, SO_SCOPE_RECIPIENT, "recipient" },
  { R, 550, 553, NULL, REJECT, SO_SCOPE_RECIPIENT, "recipient" },
  /* Any other, by its first digit (RFC 5321 4.3.2) */
  { R, 400, 499, NULL, DEFER, SO_SCOPE_RECIPIENT, "" },
  { R, 500, 599, NULL, REJECT, SO_SCOPE_RECIPIENT, "" },
  { M | D | F, 400, 499, NULL, DEFER, SO_SCOPE_MESSAGE, "" },
  { M | D | F, 500, 599, NULL, REJECT, SO_SCOPE_MESSAGE, "" },
};

/* Positive codes that RFC 5321 4.2.3 and RFC 4954 give to certain stages only. */
static const struct
{
  int code;
  guint stages;
} places[] = {
  { 211, 0 }, { 214, 0 }, { 220, C }, { 221, 0 }, { 235, A }, { 250, C | M | R | F },
  { 251, R }, { 252, R }, { 334, 0 }, { 354, D },
};

SoVerdict *
so_verdict_new (SoOutcome outcome, SoScope scope, SoStage stage, const char *note)
{
  SoVerdict *verdict = g_new0 (SoVerdict, 1);
  verdict->outcome = outcome;
  verdict->scope = scope;
  verdict->stage = stage;
  verdict->note = g_strdup (note);
  return verdict;
}

SoVerdict *
so_verdict_copy (const SoVerdict *verdict)
{
  if (verdict == NULL)
    return NULL;
  SoVerdict *copy = g_new (SoVerdict, 1);
  *copy = *verdict;
  copy->reply = so_reply_copy (verdict->reply);
  copy->note = g_strdup (verdict->note);
  return copy;
}

void
so_verdict_free (SoVerdict *verdict)
{
  if (verdict == NULL)
    return;
  so_reply_free (verdict->reply);
  g_free (verdict->note);
  g_free (verdict);
}

static const char *const outcome_names[] = {
  [SO_OUTCOME_NONE] = "none",           [SO_OUTCOME_ACCEPTED] = "accepted",
  [SO_OUTCOME_DEFERRED] = "deferred",   [SO_OUTCOME_REJECTED] = "rejected",
  [SO_OUTCOME_UNCERTAIN] = "uncertain",
};

static const char *const scope_names[] = {
  [SO_SCOPE_CONNECTION] = "connection",
  [SO_SCOPE_ACCOUNT] = "account",
  [SO_SCOPE_MESSAGE] = "message",
  [SO_SCOPE_RECIPIENT] = "recipient",
};

static const char *const stage_names[] = {
  [SO_STAGE_CONNECT] = "connect", [SO_STAGE_AUTH] = "auth", [SO_STAGE_MAIL] = "mail",
  [SO_STAGE_RCPT] = "rcpt",       [SO_STAGE_DATA] = "data", [SO_STAGE_FINAL] = "final",
};

const char *
so_outcome_name (SoOutcome outcome)
{
  return outcome_names[outcome];
}

const char *
so_scope_name (SoScope scope)
{
  return scope_names[scope];
}

const char *
so_stage_name (SoStage stage)
{
  return stage_names[stage];
}

/* What a stage speaks of when all is well, or when the session itself is broken. */
static SoScope
stage_scope (SoStage stage)
{
  switch (stage)
    {
    case SO_STAGE_CONNECT:
      return SO_SCOPE_CONNECTION;
    case SO_STAGE_AUTH:
      return SO_SCOPE_ACCOUNT;
    case SO_STAGE_RCPT:
      return SO_SCOPE_RECIPIENT;
    case SO_STAGE_MAIL:
    case SO_STAGE_DATA:
    case SO_STAGE_FINAL:
      break;
    }
  return SO_SCOPE_MESSAGE;
}

static gboolean
is_in_place (SoStage stage, int code)
{
  if (code / 100 != (stage == SO_STAGE_DATA ? 3 : 2))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    if (places[i].code == code)
      return (places[i].stages & (1u << stage)) != 0;
  return TRUE;
}

/* RFC 3463 status behind "class.", "" where the class is not the code's. */
static const char *
status_detail (const SoReply *reply)
{
  const char *status = reply->enhanced;
  if (status[0] != '0' + reply->code / 100 || status[1] != '.')
    return "";
  return status + 2;
}

static gboolean
rule_matches (const Rule *rule, SoStage stage, int code, const char *detail)
{
  if ((rule->stages & (1u << stage)) == 0 || code < rule->low || code > rule->high)
    return FALSE;
  if (rule->enhanced == NULL)
    return TRUE;
  gboolean any_detail = g_str_has_suffix (rule->enhanced, ".");
  return any_detail ? g_str_has_prefix (detail, rule->enhanced)
                    : strcmp (detail, rule->enhanced) == 0;
}

static void
apply (SoVerdict *verdict, SoOutcome outcome, SoScope scope, const char *cause)
{
  verdict->outcome = outcome;
  verdict->scope = scope;
  g_strlcpy (verdict->cause, cause, sizeof verdict->cause);
}

static void
judge_refusal (SoVerdict *verdict, const SoReplyBook *book, const char *preset,
               const SoReply *reply)
{
  SoReplyMeaning meaning;
  if (so_reply_book_find (book, preset, verdict->stage, reply, &meaning))
    {
      apply (verdict, meaning.outcome, meaning.scope, meaning.cause);
      return;
    }
  const char *detail = status_detail (reply);
  for (gsize i = 0; i < G_N_ELEMENTS (rules); i++)
    if (rule_matches (&rules[i], verdict->stage, reply->code, detail))
      {
        apply (verdict, rules[i].outcome, rules[i].scope, rules[i].cause);
        return;
      }
}

SoVerdict *
so_verdict_judge (const SoReplyBook *book, const char *preset, SoStage stage, const SoReply *reply)
{
  /* After the final dot no answer, or none that can be understood, leaves it open
   * whether the message was taken. */
  SoOutcome unknown = stage == SO_STAGE_FINAL ? SO_OUTCOME_UNCERTAIN : SO_OUTCOME_DEFERRED;
  SoVerdict *verdict = so_verdict_new (unknown, SO_SCOPE_CONNECTION, stage, "");
  verdict->reply = so_reply_copy (reply);

  int code = reply != NULL ? reply->code : 0;
  if (code == 0)
    apply (verdict, unknown, SO_SCOPE_CONNECTION, "lost");
  else if (code >= 400 && code <= 599)
    judge_refusal (verdict, book, preset, reply);
  else if (is_in_place (stage, code))
    apply (verdict, SO_OUTCOME_ACCEPTED, stage_scope (stage), "");
  else
    apply (verdict, unknown, SO_SCOPE_CONNECTION, "protocol");
  return verdict;
}

SoVerdict *
so_verdict_as_recorded (const SoVerdict *verdict)
{
  SoVerdict *copy = so_verdict_copy (verdict);
  if (copy != NULL && copy->outcome == SO_OUTCOME_REJECTED
      && (copy->scope == SO_SCOPE_ACCOUNT || copy->scope == SO_SCOPE_CONNECTION))
    copy->outcome = SO_OUTCOME_DEFERRED;
  return copy;
}

char *
so_verdict_words (const SoVerdict *verdict)
{
  if (verdict->reply != NULL)
    return so_reply_line (verdict->reply);
  return g_strdup (verdict->note[0] != '\0' ? verdict->note : so_cause_explain (verdict->cause));
}
