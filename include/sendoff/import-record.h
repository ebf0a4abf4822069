/*
 * import-record.h - what was taken over from other programs, so that nothing is taken twice.
 *
 * The file `imported` of the outbox (doc/INTERNALS.md, "Commit points").  One import at a time
 * has it: opening waits for another one to end.
 */
#pragma once

#include "sendoff/outbox.h"

typedef struct SoImportRecord SoImportRecord;

SoImportRecord *so_import_record_open (SoOutbox *outbox, GError **error);
void so_import_record_close (SoImportRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoImportRecord, so_import_record_close)

typedef enum
{
  SO_IMPORT_UNKNOWN,
  SO_IMPORT_TAKEN, /* in the outbox, or sent from there */
  SO_IMPORT_UNSURE /* an import died over it: it may have been sent, or never come in */
} SoImportState;

/* hash: 64 hexadecimal digits. */
SoImportState so_import_record_look (SoImportRecord *record, const char *hash);

/* Its entry is in the outbox now. */
gboolean so_import_record_waits (SoImportRecord *record, const char *hash);

/* The message is about to become the entry of that id; durable. */
gboolean so_import_record_begin (SoImportRecord *record, const char *hash, const char *id,
                                 GError **error);
/* It has. */
gboolean so_import_record_taken (SoImportRecord *record, const char *hash, const char *id,
                                 GError **error);
