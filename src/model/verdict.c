/*
 * verdict.c - a verdict as a value, and the names it goes by in files and JSON.
 */
#include "config.h"

#include "sendoff/verdict.h"

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
