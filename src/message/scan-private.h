/*
 * scan-private.h - the header block of a finished message, field by field.
 */
#pragma once

#include "sendoff/scan.h"

typedef struct
{
  const char *start; /* of the name */
  gsize length;      /* with folding and line end */
  gsize name_length;
} SoScanField;

/* The fields of block, of SoScanField; *used: octets they take (what follows is no field). */
GArray *so_scan_fields (const char *block, gsize length, gsize *used);

gboolean so_scan_field_is (const SoScanField *field, const char *name);
/* The first of that name, of SoScanField; NULL for none. */
const SoScanField *so_scan_find (const GArray *fields, const char *name);

/* Unfolded, without the line end; owned by the caller. */
char *so_scan_field_value (const SoScanField *field);

/* A whole From field; name "" for none, line_end "\n" or "\r\n". */
void so_scan_append_from (GString *out, const char *name, const char *address,
                          const char *line_end);

/* The block as it goes out; head is filled.  block: the fields, without the empty line. */
GString *so_scan_complete (SoScanSpec *spec, const char *block, gsize length,
                           const char *line_end, SoScanHead *head, GError **error);
