/*
 * header-edit.c - one field of a header block changed, the others copied.
 */
#include "config.h"

#include <string.h>

#include "scan-private.h"
#include "sendoff/address.h"
#include "sendoff/header-edit.h"

static const char *
line_end_of (const char *block, gsize length)
{
  const char *end = memchr (block, '\n', length);
  return end != NULL && end > block && end[-1] == '\r' ? "\r\n" : "\n";
}

/* The first mailbox of the first From; NULL if there is none.  all: owns it. */
static const SoMailbox *
first_mailbox (const GArray *fields, GPtrArray **all)
{
  const SoScanField *from = so_scan_find (fields, "From");
  g_autofree char *value = from != NULL ? so_scan_field_value (from) : g_strdup ("");
  *all = so_address_list_parse (value, -1);
  return (*all)->len > 0 ? g_ptr_array_index (*all, 0) : NULL;
}

char *
so_header_from (const char *block, gsize length)
{
  gsize used;
  g_autoptr (GArray) fields = so_scan_fields (block, length, &used);
  g_autoptr (GPtrArray) all = NULL;
  const SoMailbox *first = first_mailbox (fields, &all);
  return g_strdup (first != NULL ? first->address : "");
}

GString *
so_header_with_from (const char *block, gsize length, const char *address)
{
  gsize used;
  g_autoptr (GArray) fields = so_scan_fields (block, length, &used);
  g_autoptr (GPtrArray) all = NULL;
  const SoMailbox *old = first_mailbox (fields, &all);
  const char *name = old != NULL && g_utf8_validate (old->name, -1, NULL) ? old->name : "";
  const char *line_end = line_end_of (block, length);
  GString *out = g_string_sized_new (length + 256);
  gboolean written = FALSE;
  for (guint i = 0; i < fields->len; i++)
    {
      const SoScanField *field = &g_array_index (fields, SoScanField, i);
      if (!so_scan_field_is (field, "From"))
        g_string_append_len (out, field->start, (gssize)field->length);
      else if (!written)
        so_scan_append_from (out, name, address, line_end);
      written = written || so_scan_field_is (field, "From");
    }
  if (!written)
    so_scan_append_from (out, name, address, line_end);
  g_string_append_len (out, block + used, (gssize)(length - used));
  return out;
}
