/*
 * password-prompt.h - ask for a password on the terminal, without showing it.
 *
 * The terminal is given back as it was, also after Ctrl-C: the signal acts only then.
 */
#pragma once

#include "sendoff/app.h"
#include "sendoff/secret-text.h"

/* NULL with an error for an empty answer, the end of input, or a signal. */
SoSecret *so_password_prompt (const char *question, GError **error);
