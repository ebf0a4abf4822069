/*
 * msmtp-config.h - the accounts of an msmtprc in our words.
 *
 * Text in, values out; nothing in it is run.  What has no counterpart is told of by line.  A
 * password is kept apart, in memory that is wiped; the caller wipes the text.
 */
#pragma once

#include "sendoff/config.h"
#include "sendoff/secret-text.h"

typedef struct
{
  char *name;
  char *preset;        /* by its host; "smtp" for one we do not know */
  char *address;       /* from, else a user that is one; "" */
  GPtrArray *settings; /* of char*: "smtp-host=mail.example.org" */
  SoSecret *password;  /* NULL for none */
  GPtrArray *notes;    /* of char*: what was not taken over, translated */
  char *fault;         /* why it cannot be taken over; "" */
} SoMsmtpAccount;

typedef struct
{
  GPtrArray *accounts; /* of SoMsmtpAccount, in the order of the file */
  char *default_name;  /* "" for none */
} SoMsmtpConfig;

/* presets: a configuration without accounts, for their hosts.  SO_ERROR_CONFIG with the line for
 * what msmtp would not read either. */
SoMsmtpConfig *so_msmtp_config_parse (const char *text, const char *origin, const SoConfig *presets,
                                      GError **error);
void so_msmtp_config_free (SoMsmtpConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoMsmtpConfig, so_msmtp_config_free)
