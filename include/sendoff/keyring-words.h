/*
 * keyring-words.h - errors of D-Bus and libsecret told apart, and put into words.
 *
 * No bus is touched here: an error in, a state out; a state in, two lines out.
 */
#pragma once

#include "sendoff/keyring.h"

/* Never FOUND. */
SoKeyringState so_keyring_state_of_error (const GError *problem);

/* timeout: seconds waited; detail: the service's own words, sanitised, "" for none. */
void so_keyring_explain (SoKeyringState state, const SoKeyringQuery *query, guint timeout,
                         const char *detail, GError **error);
