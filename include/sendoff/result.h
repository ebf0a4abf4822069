/*
 * result.h - how a delivery ended, in JSON, in words and as an exit status.
 */
#pragma once

#include "sendoff/app.h"
#include "sendoff/submission.h"
#include "sendoff/timeline.h"

typedef struct
{
  const char *status;             /* "sent", "queued", "held", "rejected", "uncertain", "failed" */
  const char *id;                 /* of the outbox entry; "" */
  const SoSubmission *submission; /* with its verdicts */
  const SoTimeline *timeline;     /* may be NULL */
  const GError *error;            /* may be NULL */
} SoResult;

/* The word for an outcome; kept: in the outbox, so that "not now" is "queued" and not "failed". */
const char *so_result_status (SoOutcome outcome, gboolean kept);

void so_result_print_json (const SoResult *result);

/* Our exit status for a verdict: 0, 65, 69, 75 or 77 (DESIGN section 4). */
int so_result_exit_status (const SoVerdict *verdict);

/* Error for what a server (or we, in its place) decided about address: what, and what to
 * do.  account is asked for its pages and its name. */
void so_result_explain (const SoAccount *account, const char *address, const SoVerdict *verdict,
                        GError **error);

/* The id a server gave the message ("queued as 4B2D…"), "" if it named none; owned by the caller. */
char *so_result_queue_id (const SoReply *reply);
