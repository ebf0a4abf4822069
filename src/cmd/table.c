/*
 * table.c - columns for people; scripts take --json.
 */
#include "config.h"

#include "sendoff/table.h"
#include "sendoff/text.h"

struct SoTable
{
  guint columns;
  GPtrArray *cells; /* of char* */
};

SoTable *
so_table_new (guint columns)
{
  SoTable *table = g_new (SoTable, 1);
  table->columns = columns;
  table->cells = g_ptr_array_new_with_free_func (g_free);
  return table;
}

void
so_table_free (SoTable *table)
{
  g_ptr_array_unref (table->cells);
  g_free (table);
}

void
so_table_add (SoTable *table, const char *text)
{
  g_ptr_array_add (table->cells, so_text_sanitise (text, -1, SO_TEXT_LINE_MAX));
}

static gsize
width_of_column (const SoTable *table, guint column)
{
  gsize width = 0;
  for (guint i = column; i < table->cells->len; i += table->columns)
    width = MAX (width, so_text_columns (g_ptr_array_index (table->cells, i)));
  return width;
}

static void
print_cell (FILE *out, const char *text, gsize width)
{
  fputs (text, out);
  for (gsize filled = so_text_columns (text); filled < width + 2; filled++)
    fputc (' ', out);
}

void
so_table_print (const SoTable *table, FILE *out)
{
  g_autofree gsize *widths = g_new (gsize, table->columns);
  for (guint column = 0; column < table->columns; column++)
    widths[column] = width_of_column (table, column);
  for (guint i = 0; i < table->cells->len; i++)
    {
      guint column = i % table->columns;
      const char *text = g_ptr_array_index (table->cells, i);
      if (column + 1 < table->columns)
        print_cell (out, text, widths[column]);
      else
        fprintf (out, "%s\n", text);
    }
}
