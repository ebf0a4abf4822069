/*
 * fit.h - gets a message under the limits of its account: packed, linked, held or refused.
 *
 * Carries out what size-policy.h decides, in the order the account names.  What could be tried
 * and did not help is told by a line; the message is changed only by the step that is taken.
 */
#pragma once

#include "sendoff/compose.h"
#include "sendoff/size-policy.h"

typedef struct
{
  const SoAccount *account;
  const char *folder; /* on the outbox's disk: the archive is an unnamed file there */
  void (*say) (gpointer data, const char *line); /* translated, without full stop */
  void (*progress) (gpointer data, guint64 done, guint64 total);
  gpointer data;
  int interrupt_fd; /* -1 none */
} SoFitOptions;

typedef struct
{
  SoSizeDecision decision; /* SEND, HOLD or REFUSE */
  guint64 estimate;        /* octets of an archive of all files, by samples; 0 not looked at */
  int archive;             /* fd of the archive that is attached; -1 none */
} SoFit;

/* FALSE with error: it could not be decided (an interrupt, a file that is gone); then and
 * afterwards so_fit_clear(), once the message is written. */
gboolean so_fit (SoCompose *compose, const SoFitOptions *options, SoFit *fit, GError **error);
void so_fit_clear (SoFit *fit);

/* --link FILE=URL: the attachment of that path or name becomes a link; one that is not attached
 * gets one too. */
gboolean so_fit_link (SoCompose *compose, const char *argument, GError **error);
