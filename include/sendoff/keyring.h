/*
 * keyring.h - passwords in the system keyring (libsecret), and why one cannot be had.
 *
 * Items carry the attributes host, service ("smtp", "imap"), user, in the schema
 * de.marlam.msmtp.password with SECRET_SCHEMA_DONT_MATCH_NAME, so that those made by
 * msmtp or secret-tool are found.  Nothing here waits for a person unless may_prompt,
 * and nothing waits longer than timeout seconds for the service.
 *
 * Errors: SO_ERROR_TEMPORARY (no session bus, no secret service, locked and not
 * unlocked, no answer in time), SO_ERROR_CREDENTIALS (no such entry, access denied).
 */
#pragma once

#include "sendoff/secret-text.h"

typedef enum
{
  SO_KEYRING_FOUND,
  SO_KEYRING_NO_ENTRY,
  SO_KEYRING_LOCKED,
  SO_KEYRING_NO_SERVICE,
  SO_KEYRING_NO_BUS,
  SO_KEYRING_DENIED,
  SO_KEYRING_NO_ANSWER
} SoKeyringState;

typedef struct
{
  const char *host;
  const char *service;
  const char *user;
  gboolean may_prompt; /* the service may ask a person to unlock */
  guint timeout;       /* seconds, 0: 10 (30 with may_prompt) */
} SoKeyringQuery;

SoSecret *so_keyring_lookup (const SoKeyringQuery *query, GError **error);
gboolean so_keyring_store (const SoKeyringQuery *query, const char *label, const SoSecret *secret,
                           GError **error);
/* *removed: whether there was one. */
gboolean so_keyring_remove (const SoKeyringQuery *query, gboolean *removed, GError **error);

/* The state without fetching the secret and without prompting (accounts, doctor).  The
 * error has the words for every state but FOUND. */
SoKeyringState so_keyring_state (const SoKeyringQuery *query, GError **error);
