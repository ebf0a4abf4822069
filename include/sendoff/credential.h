/*
 * credential.h - where an account's password comes from: one chain, one place.
 *
 * 1. password-command, if configured (run without a shell, first line of its output);
 * 2. $CREDENTIALS_DIRECTORY/sendoff.ACCOUNT, if systemd handed it over;
 * 3. the keyring.
 * What is configured on purpose goes first and leaves the keyring alone.
 */
#pragma once

#include "sendoff/account.h"
#include "sendoff/secret-text.h"

typedef enum { SO_SERVICE_SMTP, SO_SERVICE_IMAP } SoService;

/* may_prompt: a person is at the terminal (a locked keyring may ask).  Errors as in
 * keyring.h; a command that fails, hangs (timeout 30 s) or prints nothing is
 * SO_ERROR_CREDENTIALS with what it said on stderr, sanitised. */
SoSecret *so_credential_get (const SoAccount *account, SoService service, gboolean may_prompt,
                             GError **error);

/* "password-command", "systemd credential" or "keyring" (translated): for accounts, doctor. */
const char *so_credential_source (const SoAccount *account);

typedef enum
{
  SO_PASSWORD_PLAUSIBLE,
  SO_PASSWORD_EMPTY,
  SO_PASSWORD_LIKELY_ACCOUNT, /* the preset wants an app-specific password; not that shape */
  SO_PASSWORD_ODD             /* blanks at the ends, control characters */
} SoPasswordShape;

/* iCloud: xxxx-xxxx-xxxx-xxxx, lower-case letters (support.apple.com/102654). Gmail: 16
 * letters, blanks allowed between fours. */
SoPasswordShape so_credential_shape (const SoAccount *account, const SoSecret *secret);
