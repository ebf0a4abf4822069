/*
 * check-schedule.c - does anything come by for what waits in the outbox?
 */
#include "config.h"

#include "sendoff/clock.h"
#include "sendoff/i18n.h"
#include "sendoff/schedule.h"

#include "checkup.h"

static SoCheckStatus
status_of (const SoCheckup *checkup, const SoScheduleState *state)
{
  if (state->health == SO_SCHEDULE_STOPPED)
    return SO_CHECK_FAIL;
  return state->health == SO_SCHEDULE_ABSENT && checkup->n_waiting > 0 ? SO_CHECK_WARN
                                                                       : SO_CHECK_OK;
}

void
so_check_schedule (SoCheckup *checkup, SoCheckResult *result)
{
  SoScheduleState state;
  gint64 now = so_clock_wall_us () / G_USEC_PER_SEC;
  so_schedule_health (checkup->outbox, now, &state);
  SoCheckStatus status = status_of (checkup, &state);
  g_autofree char *text = so_schedule_explain (&state, now);
  so_check_add_fact (result, "kind", "%s", so_schedule_kind_name (state.kind));
  if (state.last != 0)
    {
      g_autofree char *last = so_clock_rfc3339 (state.last * G_USEC_PER_SEC);
      so_check_add_fact (result, "last", "%s", last);
      so_check_add_fact (result, "last-status", "%d", state.last_status);
    }
  so_check_set (result, status,
                status == SO_CHECK_FAIL   ? "stopped"
                : status == SO_CHECK_WARN ? "absent"
                                          : "",
                status == SO_CHECK_OK ? "" : so_schedule_remedy (&state), "%s", text);
}
