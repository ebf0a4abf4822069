/*
 * schedule.h - what empties the outbox by itself: a systemd user timer or service, or a line
 * in the user's crontab.
 *
 * One of them at a time.  Units are filled from the templates in config/; what is not ours in
 * the unit folder or the crontab is never touched.  Errors: SO_ERROR_CANNOT_CREATE (73: neither
 * can be had, a folder that cannot be written), SO_ERROR_TEMPORARY (75: systemd does not do it),
 * with what the tool said.
 */
#pragma once

#include "sendoff/outbox.h"

typedef enum
{
  SO_SCHEDULE_NONE,
  SO_SCHEDULE_TIMER, /* a pass every few minutes, by the user's service manager */
  SO_SCHEDULE_WATCH, /* `retry --watch` as a service of it */
  SO_SCHEDULE_CRON   /* a pass every few minutes, by cron */
} SoScheduleKind;

/* "none", "timer", "watch", "cron": never translated (JSON). */
const char *so_schedule_kind_name (SoScheduleKind kind);

#define SO_SCHEDULE_EVERY 5 /* minutes, unless asked otherwise */

typedef struct
{
  SoScheduleKind kind;
  guint every;                 /* minutes; a divisor of 60 */
  const char *config_path;     /* --config, or NULL */
  const char *const *writable; /* folders the program writes to, besides the outbox */
  const char *outbox;
} SoScheduleOptions;

/* TRUE if there is a user's service manager to be reached. */
gboolean so_schedule_has_systemd (GError **error);

/* Puts one in the place of any other; *changed: FALSE if it was there just so. */
gboolean so_schedule_install (const SoScheduleOptions *options, gboolean *changed, GError **error);

/* *removed: what was there (NONE for nothing). */
gboolean so_schedule_remove (SoScheduleKind *removed, GError **error);

typedef enum
{
  SO_SCHEDULE_ABSENT, /* nothing is installed */
  SO_SCHEDULE_NEW,    /* not run yet, and it need not have */
  SO_SCHEDULE_RUNS,
  SO_SCHEDULE_STOPPED /* installed, but no pass when there should have been one */
} SoScheduleHealth;

typedef struct
{
  SoScheduleKind kind;
  SoScheduleHealth health;
  guint every;     /* minutes; 0 with WATCH */
  gint64 last;     /* the last pass, by whomever; s since 1970 UTC, 0 none */
  int last_status; /* its exit status */
} SoScheduleState;

/* What is installed and whether it runs, judged by files and the last pass: quick enough for
 * every `send` that leaves something queued.  outbox may be NULL (no pass is known). */
void so_schedule_health (SoOutbox *outbox, gint64 now, SoScheduleState *state);

/* One translated line on it, and what to do ("" for nothing). */
char *so_schedule_explain (const SoScheduleState *state, gint64 now);
const char *so_schedule_remedy (const SoScheduleState *state);

typedef enum
{
  SO_LINGER_UNKNOWN,
  SO_LINGER_NO,
  SO_LINGER_YES
} SoLinger;

/* More, from the service manager, for `schedule status`. */
typedef struct
{
  gint64 next;     /* the next pass; 0: not known */
  SoLinger linger; /* the user's services go on when nobody is logged in */
  char *trouble;   /* why the unit does not run, in the manager's words; "" */
} SoScheduleDetails;

void so_schedule_details (const SoScheduleState *state, gint64 now, SoScheduleDetails *details);
