/*
 * outbox-verify.h - every file of an outbox looked at.
 */
#pragma once

#include "sendoff/outbox.h"

/* file: relative to the outbox, sanitised; problem: one translated line. */
typedef void (*SoVerifyFunc) (gpointer data, const char *file, const char *problem);

typedef struct
{
  guint entries; /* looked at */
  guint problems;
} SoVerifySummary;

/* Checks envelopes, lengths, checksums, measures, attempt logs, and what does not belong.  With
 * repair, bad entries and foreign files go to aside/ and litter is removed. */
gboolean so_outbox_verify (SoOutbox *outbox, gboolean repair, SoVerifyFunc func, gpointer data,
                           SoVerifySummary *summary, GError **error);
