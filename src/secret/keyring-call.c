/*
 * keyring-call.c - asynchronous calls made to look like a sequence, with an end in time.
 *
 * libsecret's own blocking functions wait as long as the service likes, so each step is
 * an asynchronous call and a wait for its result.  The callback's data is a small cell of
 * its own: an abandoned callback that comes after all finds it still there.
 */
#include "config.h"

#include <gio/gio.h>
#include <glib-unix.h>

#include "sendoff/error.h"
#include "sendoff/interrupt.h"
#include "sendoff/keyring-call.h"
#include "sendoff/keyring-words.h"
#include "sendoff/session-bus.h"
#include "sendoff/text.h"

#define GRACE_US (1 * G_USEC_PER_SEC)
#define DEFAULT_TIMEOUT 10
#define DEFAULT_TIMEOUT_WITH_PROMPT 60

typedef struct
{
  GAsyncResult *result;
} Cell;

struct SoKeyringCall
{
  const SoKeyringQuery *query;
  GMainContext *context;
  GCancellable *cancellable;
  SoInterrupt interrupt;
  GSource *signal_source; /* NULL where there is no descriptor */
  guint timeout; /* seconds */
  gint64 deadline_us;
  gboolean timed_out, interrupted;
  SecretService *service;
  Cell *cell; /* of the function now running */
  SoKeyringState state;
  char *detail; /* the service's own words, sanitised */
};

static void
clear_cell (gpointer data)
{
  g_clear_object (&((Cell *) data)->result);
}

static void
release_cell (Cell *cell)
{
  g_atomic_rc_box_release_full (cell, clear_cell);
}

void
so_keyring_call_done (GObject *source, GAsyncResult *result, gpointer data)
{
  (void) source;
  Cell *cell = data;
  cell->result = g_object_ref (result);
  release_cell (cell);
}

gpointer
so_keyring_call_expect (SoKeyringCall *call)
{
  g_clear_pointer (&call->cell, release_cell);
  call->cell = g_atomic_rc_box_new0 (Cell);
  return g_atomic_rc_box_acquire (call->cell);
}

static gboolean
wake_up (gpointer data)
{
  (void) data;
  return G_SOURCE_CONTINUE;
}

static gboolean
signal_arrived (gint fd, GIOCondition condition, gpointer data)
{
  (void) fd;
  (void) condition;
  SoKeyringCall *call = data;
  call->interrupted = TRUE;
  g_cancellable_cancel (call->cancellable);
  return G_SOURCE_REMOVE;
}

static void
watch_signals (SoKeyringCall *call)
{
  so_interrupt_begin (&call->interrupt);
  if (call->interrupt.fd < 0)
    return;
  call->signal_source = g_unix_fd_source_new (call->interrupt.fd, G_IO_IN);
  g_source_set_callback (call->signal_source, G_SOURCE_FUNC (signal_arrived), call, NULL);
  g_source_attach (call->signal_source, call->context);
}

static void
unwatch_signals (SoKeyringCall *call)
{
  if (call->signal_source != NULL)
    g_source_destroy (call->signal_source);
  g_clear_pointer (&call->signal_source, g_source_unref);
  so_interrupt_release (&call->interrupt);
}

/* Iterates until there is a result, until end_us, or (while_wanted) until cancelled. */
static void
iterate (SoKeyringCall *call, gint64 end_us, gboolean while_wanted)
{
  gint64 left_ms = MAX (end_us - g_get_monotonic_time (), 0) / 1000 + 1;
  GSource *timer = g_timeout_source_new ((guint) left_ms);
  g_source_set_callback (timer, wake_up, NULL, NULL);
  g_source_attach (timer, call->context);
  while (call->cell->result == NULL && g_get_monotonic_time () < end_us
         && !(while_wanted && g_cancellable_is_cancelled (call->cancellable)))
    g_main_context_iteration (call->context, TRUE);
  g_source_destroy (timer);
  g_source_unref (timer);
}

GAsyncResult *
so_keyring_call_wait (SoKeyringCall *call)
{
  iterate (call, call->deadline_us, TRUE);
  if (call->cell->result == NULL)
    {
      call->timed_out = !call->interrupted;
      g_cancellable_cancel (call->cancellable);
      iterate (call, g_get_monotonic_time () + GRACE_US, FALSE);
    }
  GAsyncResult *result = g_steal_pointer (&call->cell->result);
  g_clear_pointer (&call->cell, release_cell);
  if (result == NULL)
    so_keyring_call_judge (call, NULL);
  return result;
}

SecretService *
so_keyring_call_service (SoKeyringCall *call)
{
  return call->service;
}

GCancellable *
so_keyring_call_cancellable (SoKeyringCall *call)
{
  return call->cancellable;
}

/* GLib must not launch a bus, and must not end the program when the bus goes away. */
static gboolean
connect_bus (SoKeyringCall *call)
{
  g_autofree char *address = so_session_bus_address ();
  if (*address == '\0')
    return so_keyring_call_fail (call, SO_KEYRING_NO_BUS) == SO_KEYRING_FOUND;
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", address, TRUE); /* libsecret connects by it */

  g_bus_get (G_BUS_TYPE_SESSION, call->cancellable, so_keyring_call_done,
             so_keyring_call_expect (call));
  g_autoptr (GAsyncResult) result = so_keyring_call_wait (call);
  if (result == NULL)
    return FALSE;
  GError *problem = NULL;
  g_autoptr (GDBusConnection) connection = g_bus_get_finish (result, &problem);
  if (connection == NULL)
    {
      gboolean late = call->timed_out || call->interrupted;
      so_keyring_call_judge (call, problem);
      if (!late && call->state != SO_KEYRING_DENIED)
        call->state = SO_KEYRING_NO_BUS;
      return FALSE;
    }
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  return TRUE;
}

static void
open_service (SoKeyringCall *call)
{
  const char *fault = so_libsecret_load ();
  if (*fault != '\0')
    {
      call->state = SO_KEYRING_FAILED;
      g_free (call->detail);
      call->detail = so_text_sanitise (fault, -1, 200);
      return;
    }
  secret_service_open (SO_TYPE_KEYRING_SERVICE, NULL, SECRET_SERVICE_NONE, call->cancellable,
                       so_keyring_call_done, so_keyring_call_expect (call));
  g_autoptr (GAsyncResult) result = so_keyring_call_wait (call);
  if (result == NULL)
    return;
  GError *problem = NULL;
  call->service = secret_service_open_finish (result, &problem);
  if (call->service == NULL)
    so_keyring_call_judge (call, problem);
  else
    so_keyring_service_allow_prompts (SO_KEYRING_SERVICE (call->service), call->query->may_prompt);
}

SoKeyringCall *
so_keyring_call_begin (const SoKeyringQuery *query)
{
  SoKeyringCall *call = g_new0 (SoKeyringCall, 1);
  call->query = query;
  call->timeout = query->timeout != 0  ? query->timeout
                  : query->may_prompt ? DEFAULT_TIMEOUT_WITH_PROMPT
                                      : DEFAULT_TIMEOUT;
  call->deadline_us = g_get_monotonic_time () + (gint64) call->timeout * G_USEC_PER_SEC;
  call->detail = g_strdup ("");
  call->cancellable = g_cancellable_new ();
  call->context = g_main_context_new ();
  g_main_context_push_thread_default (call->context);
  watch_signals (call);
  if (connect_bus (call))
    open_service (call);
  return call;
}

void
so_keyring_call_end (SoKeyringCall *call)
{
  g_clear_object (&call->service);
  while (g_main_context_iteration (call->context, FALSE)) /* what GDBus still has to free */
    ;
  unwatch_signals (call);
  g_main_context_pop_thread_default (call->context);
  g_main_context_unref (call->context);
  g_clear_pointer (&call->cell, release_cell);
  g_object_unref (call->cancellable);
  g_free (call->detail);
  g_free (call);
}

static SoKeyringState
state_of_problem (const SoKeyringCall *call, const GError *problem)
{
  if (call->interrupted)
    return SO_KEYRING_INTERRUPTED;
  if (call->service != NULL
      && so_keyring_service_was_declined (SO_KEYRING_SERVICE (call->service)))
    return SO_KEYRING_LOCKED;
  if (call->timed_out)
    return SO_KEYRING_NO_ANSWER;
  return problem != NULL ? so_keyring_state_of_error (problem) : SO_KEYRING_FOUND;
}

SoKeyringState
so_keyring_call_fail (SoKeyringCall *call, SoKeyringState state)
{
  if (call->state == SO_KEYRING_FOUND)
    call->state = state;
  return call->state;
}

SoKeyringState
so_keyring_call_judge (SoKeyringCall *call, GError *problem)
{
  if (call->state == SO_KEYRING_FOUND && problem != NULL)
    {
      g_dbus_error_strip_remote_error (problem);
      g_free (call->detail);
      call->detail = so_text_sanitise (problem->message, -1, 200);
    }
  so_keyring_call_fail (call, state_of_problem (call, problem));
  g_clear_error (&problem);
  return call->state;
}

SoKeyringState
so_keyring_call_state (const SoKeyringCall *call)
{
  return call->state;
}

gboolean
so_keyring_call_explain (const SoKeyringCall *call, GError **error)
{
  if (call->state == SO_KEYRING_FOUND)
    return TRUE;
  so_keyring_explain (call->state, call->query, call->timeout, call->detail, error);
  return FALSE;
}
