/*
 * schedule-private.h - the two ways of being run by itself, for schedule.c.
 */
#pragma once

#include "sendoff/child.h"
#include "sendoff/schedule.h"

#define SO_SCHEDULE_SERVICE "sendoff.service"
#define SO_SCHEDULE_TIMER_UNIT "sendoff.timer"
#define SO_SCHEDULE_TOOL_TIMEOUT 30 /* seconds for systemctl or crontab */

/* "NAME=/path" of what this process was told by its environment and neither systemd nor cron
 * tells; NULL-terminated, owned by the caller. */
char **so_schedule_environment (void);

/* --- units: text and files --- */

/* The template, filled; NULL with error. */
char *so_schedule_fill_unit (const char *name, const SoScheduleOptions *options, GError **error);

/* Where a unit of ours stands, or its link under `wants` ("timers.target"); owned by the caller. */
char *so_schedule_unit_path (const char *name);
char *so_schedule_unit_link (const char *name, const char *target);

/* TRUE if the file is there and was written by us; *foreign: there, and not. */
gboolean so_schedule_unit_is_ours (const char *name, gboolean *foreign);

/* When its file was last written; s since 1970 UTC, 0 for none. */
gint64 so_schedule_unit_written (const char *name);

/* --- systemd --- */

gboolean so_schedule_systemd_install (const SoScheduleOptions *options, gboolean *changed,
                                      GError **error);
gboolean so_schedule_systemd_remove (gboolean *removed, GError **error);

/* What `systemctl --user show` says of a unit: property → value; NULL with error. */
GHashTable *so_schedule_systemd_show (const char *unit, GError **error);

/* When the user's service manager was started, 0 if none runs. */
gint64 so_schedule_systemd_since (void);

/* --- cron --- */

typedef struct
{
  gboolean found;
  guint every;  /* minutes */
  guint offset; /* the first of them in an hour */
  gint64 since; /* when it was put there; s since 1970 UTC */
} SoCronLine;

/* The crontab with our line (NULL: without), all others octet for octet.  Owned by the caller. */
char *so_cron_edit (const char *crontab, const char *line);
SoCronLine so_cron_find (const char *crontab);
/* The line itself, NULL if there is none; owned by the caller. */
char *so_cron_line (const char *crontab);
/* When cron runs it next; s since 1970 UTC. */
gint64 so_cron_next (SoCronLine line, gint64 now);

gboolean so_schedule_cron_install (const SoScheduleOptions *options, gboolean *changed,
                                   GError **error);
gboolean so_schedule_cron_remove (gboolean *removed, GError **error);
/* FALSE with error if the crontab cannot be read. */
gboolean so_schedule_cron_look (SoCronLine *line, GError **error);
