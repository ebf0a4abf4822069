/*
 * notify.c - one call on the session bus, under one time limit.
 *
 * Asynchronous, in a main context of its own: a bus that accepts and never answers must not hold
 * up a runner.
 */
#include "config.h"

#include <gio/gio.h>

#include "sendoff/notify.h"
#include "sendoff/session-bus.h"

#define SERVICE "org.freedesktop.Notifications"
#define OBJECT "/org/freedesktop/Notifications"

typedef struct
{
  GMainContext *context;
  GCancellable *cancellable;
  GAsyncResult *result; /* of the call under way; NULL: not yet */
} Call;

static void
take_result (GObject *source, GAsyncResult *result, gpointer data)
{
  (void)source;
  ((Call *)data)->result = g_object_ref (result);
}

static gboolean
time_is_up (gpointer data)
{
  g_cancellable_cancel (((Call *)data)->cancellable);
  return G_SOURCE_REMOVE;
}

static GAsyncResult *
wait (Call *call)
{
  while (call->result == NULL)
    g_main_context_iteration (call->context, TRUE);
  return g_steal_pointer (&call->result);
}

static GDBusConnection *
connect_to (Call *call, const char *address)
{
  g_dbus_connection_new_for_address (address,
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                         | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                     NULL, call->cancellable, take_result, call);
  g_autoptr (GAsyncResult) result = wait (call);
  return g_dbus_connection_new_for_address_finish (result, NULL);
}

static GVariant *
ask (Call *call, GDBusConnection *bus, const char *name, const char *path, const char *method,
     GVariant *arguments)
{
  g_dbus_connection_call (bus, name, path, name, method, arguments, NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, call->cancellable, take_result,
                          call);
  g_autoptr (GAsyncResult) result = wait (call);
  return g_dbus_connection_call_finish (bus, result, NULL);
}

/* The body may be taken for markup. */
static GVariant *
arguments_for (const char *summary, const char *body)
{
  g_autofree char *escaped = g_markup_escape_text (body, -1);
  GVariantBuilder actions, hints;
  g_variant_builder_init (&actions, G_VARIANT_TYPE ("as"));
  g_variant_builder_init (&hints, G_VARIANT_TYPE ("a{sv}"));
  g_variant_builder_add (&hints, "{sv}", "category", g_variant_new_string ("email.error"));
  return g_variant_new ("(susssasa{sv}i)", "sendoff", 0U, "mail-message", summary, escaped,
                        &actions, &hints, -1);
}

gboolean
so_notify (const char *summary, const char *body)
{
  g_autofree char *address = so_session_bus_address ();
  if (*address == '\0')
    return FALSE;
  Call call = { g_main_context_new (), g_cancellable_new (), NULL };
  g_main_context_push_thread_default (call.context);
  g_autoptr (GSource) limit = g_timeout_source_new_seconds (SO_NOTIFY_TIMEOUT);
  g_source_set_callback (limit, time_is_up, &call, NULL);
  g_source_attach (limit, call.context);

  g_autoptr (GVariant) told = NULL;
  g_autoptr (GDBusConnection) bus = connect_to (&call, address);
  if (bus != NULL)
    told = ask (&call, bus, SERVICE, OBJECT, "Notify", arguments_for (summary, body));

  g_source_destroy (limit);
  g_clear_object (&bus);
  g_main_context_pop_thread_default (call.context);
  g_main_context_unref (call.context);
  g_object_unref (call.cancellable);
  return told != NULL;
}
