/*
 * keyring-call.h - one conversation with the secret service that cannot hang.
 *
 * Everything runs asynchronously in a main context of its own, under one deadline and a
 * watch for signals.  What comes too late is cancelled; what does not even answer to that is
 * abandoned after a second (it costs a few bytes, not the program).
 *
 *   g_autoptr (SoKeyringCall) call = so_keyring_call_begin (query);
 *   secret_something (…, so_keyring_call_done, so_keyring_call_expect (call));
 *   g_autoptr (GAsyncResult) result = so_keyring_call_wait (call);
 *   if (result != NULL)
 *     { secret_something_finish (…, result, &problem); so_keyring_call_judge (call, problem); }
 *   return so_keyring_call_explain (call, error);
 */
#pragma once

#include "sendoff/keyring-service.h"
#include "sendoff/keyring.h"

typedef struct SoKeyringCall SoKeyringCall;

/* Never NULL; check so_keyring_call_state() before anything else. */
SoKeyringCall *so_keyring_call_begin (const SoKeyringQuery *query);
void so_keyring_call_end (SoKeyringCall *call);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoKeyringCall, so_keyring_call_end)

SecretService *so_keyring_call_service (SoKeyringCall *call);
GCancellable *so_keyring_call_cancellable (SoKeyringCall *call);

/* Callback and its data for one asynchronous function. */
void so_keyring_call_done (GObject *source, GAsyncResult *result, gpointer data);
gpointer so_keyring_call_expect (SoKeyringCall *call);

/* Owned by the caller; NULL if the service did not even answer to being cancelled. */
GAsyncResult *so_keyring_call_wait (SoKeyringCall *call);

/* Keeps the first trouble of the call (problem may be NULL; it is freed) and returns
 * the state so far: FOUND as long as all is well. */
SoKeyringState so_keyring_call_judge (SoKeyringCall *call, GError *problem);
SoKeyringState so_keyring_call_fail (SoKeyringCall *call, SoKeyringState state);
SoKeyringState so_keyring_call_state (const SoKeyringCall *call);

/* The words and the exit code for the state; returns TRUE and sets nothing for FOUND. */
gboolean so_keyring_call_explain (const SoKeyringCall *call, GError **error);
