/*
 * doctor.h - runs the checks, independent ones side by side, and names the cause.
 *
 * Not longer than SO_DOCTOR_LIMIT: a check that has not ended by then could not tell.  Nothing is
 * changed but the doctor's own notes (the last good run, a status feed for 5 minutes).
 */
#pragma once

#include "sendoff/account.h"
#include "sendoff/check.h"
#include "sendoff/config.h"

#define SO_DOCTOR_LIMIT 9 /* seconds */

typedef struct
{
  const SoConfig *config;       /* of the presets alone, where the user's cannot be read */
  const GError *config_problem; /* why it cannot; NULL */
  const SoAccount *account;     /* NULL: none is configured, or it cannot be told which */
  const SoAccount *guess;       /* then: a preset to try the network with */
  const char *recipient;        /* "" for none */
  gboolean try_password;        /* also one that the server has refused before */
  gboolean may_prompt;          /* a locked keyring may ask a person */
  int interrupt_fd;             /* -1 none */
  /* A check has ended; called by the thread that called so_doctor_run(). */
  void (*finished) (gpointer data, const SoCheckResult *result);
  gpointer data;
} SoDoctorOptions;

typedef enum
{
  SO_CONFIDENCE_POSSIBLE,
  SO_CONFIDENCE_LIKELY,
  SO_CONFIDENCE_CERTAIN
} SoConfidence;

/* "possible", "likely", "certain". */
const char *so_confidence_name (SoConfidence confidence);

typedef struct
{
  GPtrArray *results;      /* of SoCheckResult, in the order of so_checks */
  GPtrArray *conversation; /* of char *: "> EHLO …", "< 250 …", masked; with the server of mail */
  GPtrArray *hints;        /* of char *: what keeps it well; only where there is no cause */
  char *cause;             /* an id of config/causes.conf; "" when all is well */
  SoConfidence confidence;
  int exit_status;    /* 0, 69, 75, 77 or 78 */
  char *meaning;      /* one sentence; "" when all is well */
  char *first;        /* the first thing to try */
  char *second;       /* the second, "" for none */
  GPtrArray *others;  /* of char *: other ways meanwhile */
  GPtrArray *also;    /* of char *: further causes, ids, the next likely first */
  GPtrArray *also_meaning; /* of char *: one sentence on each of them */
} SoDiagnosis;

/* NULL with error: interrupted, or the cause table cannot be read. */
SoDiagnosis *so_doctor_run (const SoDoctorOptions *options, GError **error);
void so_diagnosis_free (SoDiagnosis *diagnosis);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoDiagnosis, so_diagnosis_free)

/* NULL if it was not run. */
const SoCheckResult *so_diagnosis_result (const SoDiagnosis *diagnosis, const char *id);
