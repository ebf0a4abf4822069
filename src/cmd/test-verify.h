/*
 * test-verify.h - `sendoff test --verify`: whose mailbox can be looked into, the wait, and what
 * came of it, as words and as JSON.
 */
#pragma once

#include "sendoff/app.h"
#include "sendoff/arrival.h"
#include "sendoff/received.h"
#include "sendoff/submission.h"

#define SO_VERIFY_TIMEOUT 60 /* s */

typedef enum
{
  SO_VERIFY_ARRIVED,
  SO_VERIFY_MISSING,  /* not there when the time was over */
  SO_VERIFY_UNPROVEN, /* nobody here can look into that mailbox */
  SO_VERIFY_FAILED    /* the mailbox could not be looked into */
} SoVerifyStatus;

typedef struct
{
  const char *to;
  guint timeout; /* s */
  gboolean keep;
} SoVerifySpec;

typedef struct
{
  SoVerifySpec spec;
  SoAccount *owner; /* whose mailbox it is; NULL: nobody's here */
  SoArrivalWatch *watch;
  SoVerifyStatus status;
  gint64 accepted_us, accepted_wall_us; /* when the server said 250 */
  SoArrival arrival;
  GPtrArray *hops;
  SoAuthFindings findings;
  char *problem; /* with FAILED; "" */
} SoVerify;

/* Before sending.  FALSE with error: the mailbox should be there and cannot be opened. */
gboolean so_verify_begin (SoVerify *verify, SoApp *app, const SoAccount *account,
                          const SoVerifySpec *spec, const SoMailboxOptions *options,
                          GError **error);
/* Afterwards.  FALSE with error: interrupted. */
gboolean so_verify_wait (SoVerify *verify, const SoApp *app, const SoSubmission *submission,
                         const char *token, GError **error);
void so_verify_clear (SoVerify *verify);

double so_verify_seconds (const SoVerify *verify);

/* {"event":"verify",…} */
void so_verify_print_json (const SoVerify *verify);
void so_verify_print (const SoVerify *verify, const SoAccount *account,
                      const SoSubmission *submission);
/* The error that the command ends with; none when it arrived, or nobody can tell. */
void so_verify_explain (const SoVerify *verify, GError **error);
