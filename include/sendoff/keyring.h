/*
 * keyring.h - passwords in the system keyring (libsecret), and why one cannot be had.
 *
 * Items carry the attributes host, service ("smtp", "imap"), user, in the schema
 * de.marlam.msmtp.password with SECRET_SCHEMA_DONT_MATCH_NAME, so that those made by
 * msmtp or secret-tool are found.  Where several match, the newest that is not locked
 * is used.  Nothing here waits for a person unless may_prompt, and nothing waits longer
 * than timeout seconds, or past a signal.
 *
 * Errors: SO_ERROR_TEMPORARY (no session bus, no secret service, no collection yet, locked
 * and not unlocked, no answer in time, a failing service), SO_ERROR_CREDENTIALS (no such
 * entry, access denied), SO_ERROR_INTERRUPTED.
 */
#pragma once

#include "sendoff/secret-text.h"

typedef enum
{
  SO_KEYRING_FOUND,
  SO_KEYRING_NO_ENTRY,
  SO_KEYRING_LOCKED, /* the entry, or the default collection that may hold it */
  SO_KEYRING_NO_COLLECTION, /* only from store: a keyring nobody has set up */
  SO_KEYRING_NO_SERVICE,
  SO_KEYRING_NO_BUS,
  SO_KEYRING_DENIED,
  SO_KEYRING_NO_ANSWER,
  SO_KEYRING_FAILED, /* an error of the service that none of the above describes */
  SO_KEYRING_INTERRUPTED
} SoKeyringState;

typedef struct
{
  const char *account; /* for the remedy's words */
  const char *host;
  const char *service;
  const char *user;
  gboolean may_prompt; /* the service may ask a person to unlock */
  guint timeout;       /* seconds, 0: 10 (60 with may_prompt) */
} SoKeyringQuery;

SoSecret *so_keyring_lookup (const SoKeyringQuery *query, GError **error);

/* An entry with these attributes and no others gets the new password whoever made it;
 * else one is made, of the kind msmtp makes. */
gboolean so_keyring_store (const SoKeyringQuery *query, const char *label, const SoSecret *secret,
                           GError **error);

/* Unlocks what so_keyring_store() will write to, asking if need be; TRUE also where there
 * is nothing yet. */
gboolean so_keyring_unlock (const SoKeyringQuery *query, GError **error);

/* Removes every entry that a look-up could find; *removed: how many. */
gboolean so_keyring_remove (const SoKeyringQuery *query, guint *removed, GError **error);

/* The state without fetching the secret and without prompting (accounts, doctor).
 * *entries, if not NULL: how many match.  The error has the words for every state but
 * FOUND. */
SoKeyringState so_keyring_state (const SoKeyringQuery *query, guint *entries, GError **error);

/* "found", "no-entry", "locked" …: never translated (JSON). */
const char *so_keyring_state_name (SoKeyringState state);
