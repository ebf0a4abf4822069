/*
 * table.h - rows of text in columns, aligned also where characters are two wide.
 */
#pragma once

#include <stdio.h>

#include <glib.h>

typedef struct SoTable SoTable;

SoTable *so_table_new (guint columns);
void so_table_free (SoTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoTable, so_table_free)

/* One cell after the other, row by row; text is copied and should be clean (text.h). */
void so_table_add (SoTable *table, const char *text);

/* Two blanks between columns; the last one is not filled up. */
void so_table_print (const SoTable *table, FILE *out);
