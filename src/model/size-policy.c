/*
 * size-policy.c - the table of size-policy.h as code.
 */
#include "config.h"

#include "sendoff/i18n.h"
#include "sendoff/size-policy.h"
#include "sendoff/size-text.h"

guint64
so_size_policy_room (guint64 limit)
{
  return limit > 2 * SO_SIZE_TRACE ? limit - SO_SIZE_TRACE : limit;
}

/* Which limit a size exceeds; a size of exactly the limit does not.  The content comes
 * first: it is what a person can count. */
static SoSizeDecision
measure (const SoSizeQuestion *question, const SoSize *size)
{
  SoSizeDecision found = { SO_SIZE_SEND, SO_SIZE_LIMIT_NONE, 0, 0 };
  gboolean announced_is_smaller
      = question->announced != 0
        && (question->wire_limit == 0 || question->announced < question->wire_limit);
  guint64 wire_limit = announced_is_smaller ? question->announced : question->wire_limit;

  if (question->message_limit != 0 && size->content > question->message_limit)
    found = (SoSizeDecision){ SO_SIZE_HOLD, SO_SIZE_LIMIT_MESSAGE, size->content,
                              question->message_limit };
  else if (wire_limit != 0 && size->wire > wire_limit)
    found = (SoSizeDecision){ SO_SIZE_HOLD,
                              announced_is_smaller ? SO_SIZE_LIMIT_ANNOUNCED : SO_SIZE_LIMIT_WIRE,
                              size->wire, wire_limit };
  return found;
}

static gboolean
is_worth (const SoSizeQuestion *question, SoSizeTrial trial, const SoSize *result)
{
  switch (trial)
    {
    case SO_SIZE_IMPOSSIBLE:
      return FALSE;
    case SO_SIZE_UNTRIED:
      return TRUE;
    case SO_SIZE_TRIED:
      return measure (question, result).limit == SO_SIZE_LIMIT_NONE;
    }
  return FALSE;
}

/* FALSE: the step does not help, take the next. */
static gboolean
take_step (const SoSizeQuestion *question, SoOversize step, SoSizeAction *action)
{
  switch (step)
    {
    case SO_OVERSIZE_ZIP:
      *action = SO_SIZE_ZIP;
      return is_worth (question, question->zip, &question->zipped);
    case SO_OVERSIZE_LINK:
      *action = SO_SIZE_LINK;
      return is_worth (question, question->link, &question->linked);
    case SO_OVERSIZE_HOLD:
      *action = SO_SIZE_HOLD;
      return TRUE;
    case SO_OVERSIZE_REFUSE:
      *action = SO_SIZE_REFUSE;
      return TRUE;
    }
  return FALSE;
}

SoSizeDecision
so_size_policy (const SoSizeQuestion *question)
{
  SoSizeDecision decision = measure (question, &question->size);
  if (decision.limit == SO_SIZE_LIMIT_NONE)
    return decision;
  for (guint i = 0; i < question->n_steps; i++)
    if (take_step (question, question->steps[i], &decision.action))
      return decision;
  decision.action = SO_SIZE_HOLD;
  return decision;
}

char *
so_size_policy_explain (const SoSizeDecision *decision, const char *title)
{
  g_autofree char *size = so_size_format (decision->size);
  g_autofree char *allowed = so_size_format (decision->allowed);
  switch (decision->limit)
    {
    case SO_SIZE_LIMIT_NONE:
      break;
    case SO_SIZE_LIMIT_MESSAGE:
      return g_strdup_printf (_ ("%s of text and attachments; %s takes %s"), size, title, allowed);
    case SO_SIZE_LIMIT_WIRE:
      return g_strdup_printf (_ ("%s encoded for sending; %s takes %s"), size, title, allowed);
    case SO_SIZE_LIMIT_ANNOUNCED:
      return g_strdup_printf (_ ("%s encoded for sending; the server announces a limit of %s"),
                              size, allowed);
    }
  return g_strdup ("");
}
