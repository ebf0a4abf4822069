/*
 * config-account.h - one group of a key file read into one account; used by config.c.
 *
 * All errors are SO_ERROR_CONFIG and name file, line and key.
 */
#pragma once

#include "sendoff/account.h"
#include "sendoff/key-text.h"

/* With the defaults that hold for every account. */
SoAccount *so_config_account_new (const char *name);

/* Takes the keys of the group; is_preset: only those that may stand in providers.conf. */
gboolean so_config_account_apply (SoAccount *account, const SoKeyText *text,
                                  const SoKeyGroup *group, gboolean is_preset, GError **error);

/* Fills what follows from other keys (ports, users) and checks the account as a whole. */
gboolean so_config_account_finish (SoAccount *account, const SoKeyText *text,
                                   const SoKeyGroup *group, GError **error);

/* For an unknown key, with a guess at what was meant.  Returns FALSE. */
gboolean so_config_fail_key (const SoKeyText *text, const SoKeyEntry *entry, GError **error);

/* For a value that is wrong; repeats it, sanitised.  Returns FALSE. */
gboolean so_config_fail_value (const SoKeyText *text, const SoKeyEntry *entry, const char *remedy,
                               GError **error);
