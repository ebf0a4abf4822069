/*
 * import.h - messages of other programs become entries of the outbox.
 *
 * Each is judged on its own: what is wrong with one keeps no other.  A source file is removed only
 * while its entry is in the outbox, durable, and nothing is taken twice (import-record.h).
 */
#pragma once

#include "sendoff/config.h"
#include "sendoff/entry-name.h"
#include "sendoff/mail-source.h"
#include "sendoff/outbox.h"

typedef enum
{
  SO_IMPORT_QUEUED,
  SO_IMPORT_HELD,
  SO_IMPORT_KNOWN,   /* was taken over before */
  SO_IMPORT_SKIPPED, /* deleted in that program, or sent by it */
  SO_IMPORT_FAILED
} SoImportOutcome;
#define SO_IMPORT_OUTCOMES 5

/* "queued", "held", "known", "skipped", "failed": never translated (JSON). */
const char *so_import_outcome_name (SoImportOutcome outcome);

typedef struct
{
  const SoMailItem *item;
  SoImportOutcome outcome; /* with dry_run: what it would be */
  const char *id;          /* of the entry; "" */
  const char *account;     /* "" where it did not come to that */
  const char *from;
  char **to;
  const char *subject;
  guint64 size;        /* octets on the wire */
  const char *reason;  /* SO_REASON_… of what is held; "" */
  const char *why;     /* in words, "" */
  const GError *error; /* with FAILED */
} SoImportReport;

typedef struct
{
  SoOutbox *outbox; /* NULL with dry_run, if there is none yet */
  const SoConfig *config;
  const char *account; /* for what belongs to no account; "": the default one */
  gboolean hold;       /* everything */
  gboolean again;      /* also what was taken over before */
  gboolean move;
  gboolean dry_run;
  void (*report) (gpointer data, const SoImportReport *report);
  /* A source that could not be removed, though its message is in the outbox. */
  void (*complain) (gpointer data, const GError *error);
  gpointer data;
} SoImportOptions;

typedef struct
{
  guint n[SO_IMPORT_OUTCOMES];
  int status; /* the exit status of the first that failed, 0 for none */
} SoImportSummary;

/* Every message at path.  FALSE with error: the source as a whole, or the outbox, cannot be
 * used; the summary (which is added to) is right in any case. */
gboolean so_import_run (const SoImportOptions *options, const char *path, SoMailFormat format,
                        SoImportSummary *summary, GError **error);
