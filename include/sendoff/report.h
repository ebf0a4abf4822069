/*
 * report.h - what the doctor found, as one page for a person at a support desk.
 *
 * HTML that fetches nothing and runs no script, for screens light and dark, wide and narrow, and
 * for paper; in the user's language.  No secret is in it; addresses are masked (mask.h); whatever a
 * server or a file said is sanitised and escaped.
 */
#pragma once

#include "sendoff/doctor.h"

typedef struct
{
  const SoDiagnosis *diagnosis;
  const SoAccount *account; /* the configured one, or the guess */
  gint64 now_us;            /* wall clock */
} SoReport;

/* The page; owned by the caller. */
char *so_report_format (const SoReport *report);

/* As a file of the user's alone (0600), whole or not at all.  FALSE with error
 * (SO_ERROR_CANNOT_CREATE, SO_ERROR_IO). */
gboolean so_report_write (const char *path, const SoReport *report, GError **error);
