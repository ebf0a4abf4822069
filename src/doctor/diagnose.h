/*
 * diagnose.h - from results to words: the cause, what to try, other ways meanwhile.
 */
#pragma once

#include "cause-book.h"
#include "checkup.h"

/* Fills everything but results and conversation. */
void so_diagnose (SoDiagnosis *diagnosis, const SoCauseBook *book, const SoCheckup *checkup,
                  const SoConfig *config);
