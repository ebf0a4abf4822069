/*
 * credential.h - where an account's password comes from: one chain, one place.
 *
 * 1. password-command, if configured (run without a shell, first line of its output);
 * 2. $CREDENTIALS_DIRECTORY/sendoff.ACCOUNT, if systemd handed it over;
 * 3. the keyring.
 * What is configured on purpose goes first and leaves the keyring alone.  For IMAP the
 * keyring is asked for an entry of its own first, then for the one of SMTP.
 */
#pragma once

#include "sendoff/account.h"
#include "sendoff/error.h"
#include "sendoff/keyring.h"
#include "sendoff/secret-text.h"

typedef enum { SO_SERVICE_SMTP, SO_SERVICE_IMAP } SoService;

/* may_prompt: a person is at the terminal (a locked keyring may ask).  Errors as in
 * keyring.h; a command that fails or prints nothing is SO_ERROR_CREDENTIALS with what it
 * said on stderr, sanitised; one that hangs (30 s) or exits with 75, SO_ERROR_TEMPORARY. */
SoSecret *so_credential_get (const SoAccount *account, SoService service, gboolean may_prompt,
                             GError **error);

typedef enum { SO_SOURCE_COMMAND, SO_SOURCE_SYSTEMD, SO_SOURCE_KEYRING } SoCredentialSource;

SoCredentialSource so_credential_source (const SoAccount *account);

/* "password-command", "systemd credential" or "keyring" (translated): for accounts, doctor. */
const char *so_credential_source_title (SoCredentialSource source);
/* "command", "systemd", "keyring": never translated (JSON). */
const char *so_credential_source_name (SoCredentialSource source);

/* What to ask the keyring for; points into account. */
SoKeyringQuery so_credential_query (const SoAccount *account, SoService service,
                                    gboolean may_prompt);

/* The first line of bytes (a CR before its end is none of it) as a password; where:
 * "standard input" …, for the error.  Empty, NUL and non-UTF-8 are refused with code. */
SoSecret *so_credential_first_line (const char *bytes, gsize length, const char *where,
                                    SoError code, GError **error);
/* The same from a descriptor, read to its first line end. */
SoSecret *so_credential_read (int fd, const char *where, SoError code, GError **error);
#define SO_CREDENTIAL_MAX 65536 /* octets read at most; a token may be long */

typedef enum
{
  SO_PASSWORD_PLAUSIBLE,
  SO_PASSWORD_EMPTY,
  SO_PASSWORD_LIKELY_ACCOUNT, /* the preset wants an app-specific password; not that shape */
  SO_PASSWORD_ALTERED,        /* one with capitals or blanks, or without its dashes */
  SO_PASSWORD_ODD             /* blanks at the ends, control characters */
} SoPasswordShape;

/* iCloud: xxxx-xxxx-xxxx-xxxx, lower-case letters (support.apple.com/102654). Gmail: 16
 * letters, blanks allowed between fours (support.google.com/accounts/answer/185833). */
SoPasswordShape so_credential_shape (const SoAccount *account, const SoSecret *secret);

/* One translated line for a person, "" for PLAUSIBLE; owned by the caller. */
char *so_credential_shape_warning (const SoAccount *account, SoPasswordShape shape);
