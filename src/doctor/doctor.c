/*
 * doctor.c - starts each check as soon as those before it have ended, one thread a check, and
 * stops waiting when time is over.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sendoff/clock.h"
#include "sendoff/config-file.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

#include "checkup.h"
#include "diagnose.h"
#include "notes.h"

#define GRACE_US (500 * 1000) /* for checks that are told to stop */
#define CHECKS_MAX 32

typedef enum
{
  JOB_WAITING,
  JOB_RUNNING,
  JOB_ENDED
} JobState;

/* Whoever comes last, the run or a check left behind, frees it. */
typedef struct
{
  SoCheckup *checkup;
  GAsyncQueue *ended; /* of Job */
  int ended_fd;       /* eventfd */
  int stop_fd;        /* the same */
  gint64 began_us;    /* monotonic */
} Run;

typedef struct
{
  Run *run; /* the thread's */
  const SoCheck *check;
  GThread *thread; /* NULL: joined */
  SoCheckResult *result;
} Job;

typedef struct
{
  const SoDoctorOptions *options;
  Run *run;
  gsize n;
  JobState states[CHECKS_MAX];
  GPtrArray *results; /* of SoCheckResult, in the order of so_checks; NULL: not ended */
} Schedule;

static void
run_clear (gpointer data)
{
  Run *run = data;
  so_checkup_unref (run->checkup);
  g_async_queue_unref (run->ended);
  close (run->ended_fd);
  close (run->stop_fd);
}

static void
run_unref (Run *run)
{
  g_atomic_rc_box_release_full (run, run_clear);
}

static void
job_free (gpointer data)
{
  Job *job = data;
  so_check_result_free (job->result);
  g_clear_pointer (&job->thread, g_thread_unref);
  g_free (job);
}

static gpointer
run_job (gpointer data)
{
  Job *job = data;
  Run *run = job->run; /* the job is gone once it is pushed */
  gint64 began = so_clock_monotonic_us ();
  job->result->began_us = began - run->began_us;
  job->check->run (run->checkup, job->result);
  job->result->elapsed_us = so_clock_monotonic_us () - began;
  g_async_queue_push (run->ended, job);
  eventfd_write (run->ended_fd, 1);
  run_unref (run);
  return NULL;
}

static void
start (Schedule *schedule, gsize i)
{
  Job *job = g_new (Job, 1);
  job->run = g_atomic_rc_box_acquire (schedule->run);
  job->check = &so_checks[i];
  job->result = so_check_result_new (so_checks[i].id);
  schedule->states[i] = JOB_RUNNING;
  job->thread = g_thread_new (so_checks[i].id, run_job, job);
}

static gsize
index_of (const char *id)
{
  gsize i = 0;
  while (so_checks[i].id != NULL && strcmp (so_checks[i].id, id) != 0)
    i++;
  return i;
}

static void
conclude (Schedule *schedule, gsize i, SoCheckResult *result)
{
  schedule->states[i] = JOB_ENDED;
  schedule->results->pdata[i] = result;
  if (schedule->options->finished != NULL)
    schedule->options->finished (schedule->options->data, result);
}

/* All of the checks in the list have ended. */
static gboolean
have_ended (const Schedule *schedule, const char *list)
{
  g_auto (GStrv) ids = g_strsplit (list, " ", -1);
  for (char **id = ids; *id != NULL; id++)
    if (**id != '\0' && schedule->states[index_of (*id)] != JOB_ENDED)
      return FALSE;
  return TRUE;
}

/* The first check in the list without which this one makes no sense; NULL for none. */
static const SoCheck *
missing_need (const Schedule *schedule, const char *list)
{
  g_auto (GStrv) ids = g_strsplit (list, " ", -1);
  for (char **id = ids; *id != NULL; id++)
    {
      const SoCheckResult *result
          = **id != '\0' ? schedule->results->pdata[index_of (*id)] : NULL;
      if (result != NULL
          && (result->status == SO_CHECK_FAIL
              || (result->status == SO_CHECK_SKIPPED && *result->code != '\0')))
        return &so_checks[index_of (*id)];
    }
  return NULL;
}

static void
skip (Schedule *schedule, gsize i, const SoCheck *need)
{
  SoCheckResult *result = so_check_result_new (so_checks[i].id);
  so_check_set (result, SO_CHECK_SKIPPED, "needs", "", _ ("not looked at: first comes “%s”"),
                _ (need->title));
  conclude (schedule, i, result);
}

/* Starts or skips whatever can be by now. */
static void
advance (Schedule *schedule)
{
  for (gsize i = 0; i < schedule->n; i++)
    {
      const SoCheck *check = &so_checks[i];
      if (schedule->states[i] != JOB_WAITING || !have_ended (schedule, check->needs)
          || !have_ended (schedule, check->after))
        continue;
      const SoCheck *need = missing_need (schedule, check->needs);
      if (need != NULL)
        skip (schedule, i, need);
      else
        start (schedule, i);
    }
}

/* Joined, so that none is in the middle of its last words when the program ends. */
static void
collect (Schedule *schedule)
{
  for (Job *job = g_async_queue_try_pop (schedule->run->ended); job != NULL;
       job = g_async_queue_try_pop (schedule->run->ended))
    {
      gsize i = index_of (job->check->id);
      g_thread_join (g_steal_pointer (&job->thread));
      conclude (schedule, i, g_steal_pointer (&job->result));
      job_free (job);
    }
}

static gboolean
all_ended (const Schedule *schedule)
{
  for (gsize i = 0; i < schedule->n; i++)
    if (schedule->states[i] != JOB_ENDED)
      return FALSE;
  return TRUE;
}

/* FALSE: interrupted. */
static gboolean
follow (Schedule *schedule, gint64 limit_us)
{
  SoDeadline deadline;
  so_deadline_init (&deadline, SO_DOCTOR_LIMIT, schedule->options->interrupt_fd);
  so_deadline_phase_within (&deadline, limit_us);
  while (!all_ended (schedule))
    {
      eventfd_t count;
      SoWait wait = so_deadline_wait (&deadline, schedule->run->ended_fd, POLLIN, NULL);
      if (wait != SO_WAIT_READY)
        return wait != SO_WAIT_INTERRUPTED;
      (void)eventfd_read (schedule->run->ended_fd, &count);
      collect (schedule);
      advance (schedule);
    }
  return TRUE;
}

static void
give_up (Schedule *schedule)
{
  for (gsize i = 0; i < schedule->n; i++)
    if (schedule->states[i] != JOB_ENDED)
      {
        SoCheckResult *result = so_check_result_new (so_checks[i].id);
        so_check_set (result, SO_CHECK_SKIPPED, "timeout", "",
                      _ ("could not be told within %d seconds"), SO_DOCTOR_LIMIT);
        conclude (schedule, i, result);
      }
}

/* FALSE: interrupted. */
static gboolean
run_checks (Schedule *schedule)
{
  advance (schedule);
  gboolean undisturbed = follow (schedule, SO_DOCTOR_LIMIT * G_USEC_PER_SEC - GRACE_US);
  eventfd_write (schedule->run->stop_fd, 1);
  if (undisturbed && !all_ended (schedule))
    {
      undisturbed = follow (schedule, GRACE_US);
      give_up (schedule);
    }
  return undisturbed;
}

static void
result_free (gpointer result)
{
  so_check_result_free (result);
}

static SoDiagnosis *
diagnosis_new (void)
{
  SoDiagnosis *diagnosis = g_new0 (SoDiagnosis, 1);
  diagnosis->results = g_ptr_array_new_with_free_func (result_free);
  diagnosis->conversation = g_ptr_array_new_with_free_func (g_free);
  diagnosis->hints = g_ptr_array_new_with_free_func (g_free);
  diagnosis->others = g_ptr_array_new_with_free_func (g_free);
  diagnosis->also = g_ptr_array_new_with_free_func (g_free);
  diagnosis->also_meaning = g_ptr_array_new_with_free_func (g_free);
  diagnosis->cause = g_strdup ("");
  diagnosis->meaning = g_strdup ("");
  diagnosis->first = g_strdup ("");
  diagnosis->second = g_strdup ("");
  return diagnosis;
}

void
so_diagnosis_free (SoDiagnosis *diagnosis)
{
  if (diagnosis == NULL)
    return;
  g_ptr_array_unref (diagnosis->results);
  g_ptr_array_unref (diagnosis->conversation);
  g_ptr_array_unref (diagnosis->hints);
  g_ptr_array_unref (diagnosis->others);
  g_ptr_array_unref (diagnosis->also);
  g_ptr_array_unref (diagnosis->also_meaning);
  g_free (diagnosis->cause);
  g_free (diagnosis->meaning);
  g_free (diagnosis->first);
  g_free (diagnosis->second);
  g_free (diagnosis);
}

const SoCheckResult *
so_diagnosis_result (const SoDiagnosis *diagnosis, const char *id)
{
  for (guint i = 0; i < diagnosis->results->len; i++)
    {
      const SoCheckResult *result = g_ptr_array_index (diagnosis->results, i);
      if (result != NULL && strcmp (result->id, id) == 0)
        return result;
    }
  return NULL;
}

/* tls has ended, so nobody writes to the conversation any more. */
static void
take_conversation (SoDiagnosis *diagnosis, const SoCheckup *checkup)
{
  const SoCheckResult *tls = so_diagnosis_result (diagnosis, "tls");
  if (tls == NULL || strcmp (tls->code, "timeout") == 0)
    return;
  for (guint i = 0; i < checkup->talk.lines->len; i++)
    g_ptr_array_add (diagnosis->conversation,
                     g_strdup (g_ptr_array_index (checkup->talk.lines, i)));
}

/* The network over which it was well is worth knowing when another one is not. */
static void
remember (const SoDiagnosis *diagnosis, const SoCheckup *checkup)
{
  const SoCheckResult *sender = so_diagnosis_result (diagnosis, "sender");
  const SoCheckResult *ports = so_diagnosis_result (diagnosis, "ports");
  if (checkup->is_guess || sender == NULL || sender->status != SO_CHECK_OK)
    return;
  const SoGoodRun run = { .when = so_clock_wall_us () / G_USEC_PER_SEC,
                          .interface = (char *)so_check_fact (ports, "interface"),
                          .gateway = checkup->route.gateway };
  so_notes_set_good_run (checkup->account->name, &run);
}

static SoCauseBook *
load_causes (GError **error)
{
  g_autofree char *text = so_config_data ("causes.conf", error);
  return text != NULL ? so_cause_book_parse (text, "causes.conf", error) : NULL;
}

static Run *
run_new (const SoDoctorOptions *options, GError **error)
{
  SoCheckup *checkup = so_checkup_new (options, error);
  if (checkup == NULL)
    return NULL;
  Run *run = g_atomic_rc_box_new0 (Run);
  run->checkup = checkup;
  run->began_us = so_clock_monotonic_us ();
  run->ended = g_async_queue_new_full (job_free);
  run->ended_fd = eventfd (0, EFD_CLOEXEC);
  run->stop_fd = checkup->stop_fd = eventfd (0, EFD_CLOEXEC);
  return run;
}

SoDiagnosis *
so_doctor_run (const SoDoctorOptions *options, GError **error)
{
  g_autoptr (SoCauseBook) book = load_causes (error);
  Run *run = book != NULL ? run_new (options, error) : NULL;
  if (run == NULL)
    return NULL;
  g_autoptr (SoDiagnosis) diagnosis = diagnosis_new ();
  Schedule schedule = { .options = options, .run = run, .n = index_of (""),
                        .results = diagnosis->results };
  g_ptr_array_set_size (diagnosis->results, (gint)schedule.n);
  gboolean undisturbed = run_checks (&schedule);
  if (undisturbed)
    {
      take_conversation (diagnosis, run->checkup);
      so_diagnose (diagnosis, book, run->checkup, options->config);
      remember (diagnosis, run->checkup);
    }
  else
    so_error_set (error, SO_ERROR_INTERRUPTED, "", _ ("interrupted"));
  run_unref (run);
  return undisturbed ? g_steal_pointer (&diagnosis) : NULL;
}
