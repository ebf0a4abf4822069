/*
 * check.h - one thing the doctor looks at, and what it found.
 *
 * A check changes nothing, sends no mail, has an end in time, and says so where it could not tell.
 * Codes and names of facts are words for the cause table and for scripts, never translated;
 * meaning and remedy are for people.  Whatever goes into a result is sanitised, and addresses in
 * it are masked (mask.h), so a result may be shown to anybody.
 */
#pragma once

#include <glib.h>

typedef enum
{
  SO_CHECK_OK,
  SO_CHECK_WARN,   /* mail goes, but for how long, or not everything */
  SO_CHECK_FAIL,
  SO_CHECK_SKIPPED /* not looked at, or it could not be told */
} SoCheckStatus;

/* "ok", "warn", "fail", "skipped". */
const char *so_check_status_name (SoCheckStatus status);
/* The same for people. */
const char *so_check_status_title (SoCheckStatus status);
/* "network", of the check with that id; for people. */
const char *so_check_title (const char *id);

typedef struct
{
  char *name;  /* "interface", "issuer", "percent" */
  char *value; /* "eth0" */
} SoCheckFact;

typedef struct
{
  const char *id; /* of its check: "ports"; static */
  SoCheckStatus status;
  char *code;       /* "blocked": what the cause table matches; "" when all is well */
  char *meaning;    /* one sentence, without capital and full stop */
  char *remedy;     /* the same; "" for nothing */
  GPtrArray *facts; /* of SoCheckFact */
  gint64 began_us; /* since the run began */
  gint64 elapsed_us;
} SoCheckResult;

/* SKIPPED until set. */
SoCheckResult *so_check_result_new (const char *id);
void so_check_result_free (SoCheckResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoCheckResult, so_check_result_free)

/* May be called again: the last one counts. */
void so_check_set (SoCheckResult *result, SoCheckStatus status, const char *code,
                   const char *remedy, const char *format, ...) G_GNUC_PRINTF (5, 6);

/* Nothing is added for an empty value. */
void so_check_add_fact (SoCheckResult *result, const char *name, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* "" if there is none. */
const char *so_check_fact (const SoCheckResult *result, const char *name);

typedef struct SoCheckup SoCheckup; /* what the checks of one run share: src/doctor/checkup.h */

typedef struct
{
  const char *id;
  const char *title; /* N_(): "network" */
  const char *needs; /* ids with blanks between: one of them failed, and this one is skipped */
  const char *after; /* the same: these have ended, whatever came of them */
  guint limit;       /* seconds it may wait for anything */
  void (*run) (SoCheckup *checkup, SoCheckResult *result);
} SoCheck;

extern const SoCheck so_checks[]; /* from the outside in; ends with id NULL */
