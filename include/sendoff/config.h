/*
 * config.h - the key file (DESIGN section 5) turned into accounts.
 *
 * Text in, values out: reading the file, and refusing one that others may write, is
 * so_config_load() in config-file.h.  Errors are SO_ERROR_CONFIG and name "FILE:LINE:
 * KEY"; an unknown group, an unknown key and a bad value are errors, nothing is guessed.
 */
#pragma once

#include "sendoff/account.h"

typedef struct SoConfig SoConfig;

/* text: the user's key file ("" when there is none); origin: its name in errors.
 * providers: the text of config/providers.conf. */
SoConfig *so_config_parse (const char *text, const char *origin, const char *providers,
                           GError **error);
void so_config_free (SoConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoConfig, so_config_free)

/* name "" is the default account: [defaults] account, or the only one there is.  A name
 * with no [account NAME] group that is a preset gives that preset with address (--from);
 * address "" is then an error.  Otherwise address, if not "", is the From to be used and
 * must belong to the account (SO_ERROR_USAGE).  The result is a copy owned by the caller. */
SoAccount *so_config_account (const SoConfig *config, const char *name, const char *address,
                              GError **error);

/* Names in the order of the file, NULL-terminated; owned by config. */
const char *const *so_config_names (const SoConfig *config);
const char *const *so_config_presets (const SoConfig *config);

/* "" when nothing says which. */
const char *so_config_default_name (const SoConfig *config);

/* A preset as it stands in providers.conf: without address and user; NULL if there is none of that
 * name.  A copy owned by the caller. */
SoAccount *so_config_preset (const SoConfig *config, const char *name);

/* For the doctor: hosts that answer on port 443 when the network is well; servers of mail on 587
 * and 465; an http page that a captive portal would change.  Empty, "" when absent. */
const char *const *so_config_control_hosts (const SoConfig *config);
const char *const *so_config_control_mail_hosts (const SoConfig *config);
const char *so_config_captive_portal (const SoConfig *config);

/* [defaults] outbox, "" when absent. */
const char *so_config_outbox (const SoConfig *config);
