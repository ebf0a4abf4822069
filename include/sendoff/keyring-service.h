/*
 * keyring-service.h - libsecret's SecretService that asks a person only when it may.
 *
 * Whatever the service wants a prompt for (unlock, create, delete), libsecret sends it
 * through one method; here it is refused unless a person is there to answer.
 */
#pragma once

#include "sendoff/libsecret.h"

#define SO_TYPE_KEYRING_SERVICE (so_keyring_service_get_type ())
G_DECLARE_FINAL_TYPE (SoKeyringService, so_keyring_service, SO, KEYRING_SERVICE, SecretService)

void so_keyring_service_allow_prompts (SoKeyringService *service, gboolean may_prompt);

/* TRUE if the service wanted to ask and nobody could, or nobody did, answer. */
gboolean so_keyring_service_was_declined (SoKeyringService *service);
