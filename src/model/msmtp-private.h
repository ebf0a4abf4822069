/*
 * msmtp-private.h - between reading an msmtprc and saying it in our words.
 */
#pragma once

#include "sendoff/msmtp-config.h"

typedef struct
{
  char *value;      /* "" for none, and for a password */
  SoSecret *secret; /* of "password" */
  guint line;
} SoMsmtpSetting;

/* settings: key → SoMsmtpSetting, with what was inherited. */
SoMsmtpAccount *so_msmtp_map (const char *name, GHashTable *settings, const SoConfig *presets);
void so_msmtp_account_free (gpointer account);
