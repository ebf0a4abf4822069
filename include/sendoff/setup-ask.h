/*
 * setup-ask.h - the questions of `sendoff setup`.
 */
#pragma once

#include "sendoff/app.h"

/* All owned by the caller; "" at the end of input. */
char *so_setup_ask_address (const SoApp *app);
char *so_setup_ask_preset (const SoApp *app, const SoConfig *config, const char *address);
char *so_setup_ask_host (const SoApp *app);

/* Whether settings ("key=value", may be NULL) have that key. */
gboolean so_setup_has_setting (char *const *settings, const char *key);
