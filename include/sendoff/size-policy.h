/*
 * size-policy.h - what to do with a message that may be too large (DESIGN section 9).
 *
 *   fits?   then, for each step the account names, in its order
 *   yes     send it as it is
 *   no      zip     if it can be done: try it; once tried, take it if the result fits
 *           link    the same with links in place of attachments
 *           hold    it waits in the outbox for a person
 *           refuse  exit 65
 *           (end)   hold: nothing is lost because a list was short
 *
 * Zipping and linking cost time, so the question is asked again after each: an option
 * that was not tried yet is the answer itself, one whose result is known is taken or passed
 * over.  Pure; sizes in octets.
 */
#pragma once

#include "sendoff/account.h"

typedef struct
{
  guint64 content; /* text and attachments before encoding; 0: not known, not judged */
  guint64 wire;    /* exact, without dot-stuffing */
} SoSize;

typedef enum
{
  SO_SIZE_IMPOSSIBLE, /* signed, encrypted, nothing that shrinks, no link-command */
  SO_SIZE_UNTRIED,
  SO_SIZE_TRIED
} SoSizeTrial;

typedef struct
{
  SoSize size;           /* as it is */
  guint64 message_limit; /* of the content; 0 none */
  guint64 wire_limit;    /* known beforehand; 0 none */
  guint64 announced;     /* SIZE of the server (RFC 1870); 0 none or not asked yet */
  const SoOversize *steps;
  guint n_steps;
  SoSizeTrial zip, link;
  SoSize zipped, linked; /* where tried */
} SoSizeQuestion;

typedef enum
{
  SO_SIZE_SEND,
  SO_SIZE_ZIP, /* do it, or use it if it was tried */
  SO_SIZE_LINK,
  SO_SIZE_HOLD,
  SO_SIZE_REFUSE
} SoSizeAction;

typedef enum
{
  SO_SIZE_LIMIT_NONE,
  SO_SIZE_LIMIT_MESSAGE,
  SO_SIZE_LIMIT_WIRE,
  SO_SIZE_LIMIT_ANNOUNCED
} SoSizeLimit;

typedef struct
{
  SoSizeAction action;
  SoSizeLimit limit; /* the one the message as it is exceeds; NONE with SEND */
  guint64 size;      /* what was measured against it */
  guint64 allowed;
} SoSizeDecision;

SoSizeDecision so_size_policy (const SoSizeQuestion *question);

/* What a message may measure under a limit of the server.  Postfix, which answers as iCloud does,
 * counts the header fields and the envelope it writes in front (RFC 1870 5 would not have
 * it): a message of exactly the announced SIZE is refused after all of it was sent. */
#define SO_SIZE_TRACE 1024 /* octets left for that; ours */
guint64 so_size_policy_room (guint64 limit);

/* "23.4 MB of text and attachments; iCloud Mail takes 20.0 MB" (title: the account's),
 * translated, without full stop; "" with SEND.  Owned by the caller. */
char *so_size_policy_explain (const SoSizeDecision *decision, const char *title);
