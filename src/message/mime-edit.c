/*
 * mime-edit.c - writes a message anew, with some of its attachments replaced or left out.
 *
 * A boundary is kept back until the part behind it is known: if that part goes, its boundary goes
 * with it.
 */
#include "config.h"

#include <string.h>

#include "compose-private.h"
#include "mime-walk.h"
#include "scan-private.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/mime-parts.h"
#include "sendoff/wire.h"

#define MIME_VERSION "MIME-Version: 1.0\r\n"

typedef struct
{
  const GPtrArray *changes;
  SoByteSink sink;
  gpointer data;
  GString *frame; /* boundaries and what stands between parts, not out yet */
} Edit;

SoMimeChange *
so_mime_change_new (guint leaf)
{
  SoMimeChange *change = g_new0 (SoMimeChange, 1);
  change->leaf = leaf;
  return change;
}

void
so_mime_change_free (gpointer data)
{
  SoMimeChange *change = data;
  g_free (change->text);
  g_free (change->html);
  g_free (change->path);
  g_free (change->name);
  g_free (change->words);
  g_free (change);
}

static const SoMimeChange *
change_of (const Edit *edit, const SoMimePart *part)
{
  for (guint i = 0; so_mime_part_is_leaf (part) && i < edit->changes->len; i++)
    {
      const SoMimeChange *change = g_ptr_array_index (edit->changes, i);
      if (change->leaf == part->leaf)
        return change;
    }
  return NULL;
}

static gboolean
put (Edit *edit, const char *bytes, gsize length, GError **error)
{
  return length == 0 || edit->sink (edit->data, bytes, length, error);
}

static gboolean
put_frame (Edit *edit, GError **error)
{
  gboolean well = put (edit, edit->frame->str, edit->frame->len, error);
  g_string_truncate (edit->frame, 0);
  return well;
}

static gboolean
speaks_of_body (const SoScanField *field)
{
  return field->name_length > 8 && g_ascii_strncasecmp (field->start, "Content-", 8) == 0;
}

static gboolean
speaks_of_encoding (const SoScanField *field)
{
  return so_scan_field_is (field, "Content-Type") || so_scan_field_is (field, "Content-MD5")
         || so_scan_field_is (field, "Content-Transfer-Encoding");
}

/* The header stays, but for the fields that are left out. */
static gboolean
put_other_fields (Edit *edit, const GArray *fields,
                  gboolean (*is_left_out) (const SoScanField *field), GError **error)
{
  for (guint i = 0; i < fields->len; i++)
    {
      const SoScanField *field = &g_array_index (fields, SoScanField, i);
      if (!is_left_out (field) && !put (edit, field->start, field->length, error))
        return FALSE;
    }
  return TRUE;
}

/* --- a text that was changed --- */

/* ASCII that is written in a part as it is, and read as the same. */
static gboolean
needs_no_encoding (const SoMimePart *part, const char *text)
{
  if (part->encoding > SO_MIME_BINARY || !g_str_is_ascii (text)
      || so_compose_longest_line (text) > SO_WIRE_LINE_MAX)
    return FALSE;
  if (*part->charset == '\0')
    return TRUE;
  g_autofree char *read = g_convert (text, -1, "UTF-8", part->charset, NULL, NULL, NULL);
  return read != NULL && g_str_equal (read, text);
}

/* A line of it would end one of the parts it stands in. */
static gboolean
has_boundary (const SoMimePart *part, const char *text)
{
  for (const SoMimePart *outer = part->parent; outer != NULL; outer = outer->parent)
    {
      if (outer->boundary == NULL)
        continue;
      g_autofree char *line = g_strconcat ("--", outer->boundary, NULL);
      g_autofree char *later = g_strconcat ("\n", line, NULL);
      if (g_str_has_prefix (text, line) || strstr (text, later) != NULL)
        return TRUE;
    }
  return FALSE;
}

/* What is said of the lines' flow (RFC 3676) holds for the changed ones too. */
static char *
kept_parameters (const GArray *fields)
{
  static const char *const names[] = { "format", "delsp" };
  const SoScanField *field = so_scan_find (fields, "Content-Type");
  g_autofree char *type = field != NULL ? so_scan_field_value (field) : NULL;
  GString *kept = g_string_new (NULL);
  for (gsize i = 0; type != NULL && i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *value = so_mime_parameter (type, names[i]);
      if (value != NULL && *value != '\0' && strspn (value, G_CSET_a_2_z G_CSET_A_2_Z) == strlen (value))
        g_string_append_printf (kept, "; %s=%s", names[i], value);
    }
  return g_string_free (kept, FALSE);
}

static gboolean
ends_with_empty_line (const char *block, gsize length)
{
  g_autofree char *text = g_strndup (block, length);
  return g_str_equal (text, "\n") || g_str_equal (text, "\r\n") || g_str_has_suffix (text, "\n\n")
         || g_str_has_suffix (text, "\n\r\n");
}

static gboolean
put_plain (Edit *edit, const char *block, gsize length, const char *text, GError **error)
{
  g_autoptr (GString) lines = g_string_new (text);
  if (memchr (block, '\r', length) != NULL)
    g_string_replace (lines, "\n", "\r\n", 0);
  return put (edit, block, length, error) && put (edit, lines->str, lines->len, error);
}

static gboolean
put_words (Edit *edit, const SoMimePart *part, const char *block, gsize length, const char *text,
           GError **error)
{
  gboolean clashes = has_boundary (part, text);
  if (!clashes && ends_with_empty_line (block, length) && needs_no_encoding (part, text))
    return put_plain (edit, block, length, text, error);
  gsize used;
  g_autoptr (GArray) fields = so_scan_fields (block, length, &used);
  gboolean says_mime = so_scan_find (fields, "MIME-Version") != NULL;
  g_autofree char *parameters = kept_parameters (fields);
  if (!put_other_fields (edit, fields, speaks_of_encoding, error))
    return FALSE;
  if (part->parent == NULL && !says_mime && !put (edit, MIME_VERSION, strlen (MIME_VERSION), error))
    return FALSE;
  return so_compose_write_words (part->type, parameters, text, clashes, edit->sink, edit->data,
                                 error);
}

/* --- part by part --- */

static gboolean
put_replacement (Edit *edit, const SoMimeChange *change, GError **error)
{
  if (change->path != NULL)
    return so_compose_write_file (change->path, change->name, edit->sink, edit->data, error);
  return so_compose_write_note (change->text, change->html, edit->sink, edit->data, error);
}

static gboolean
edit_head (gpointer data, SoMimePart *part, const char *block, gsize length, GError **error)
{
  Edit *edit = data;
  const SoMimeChange *change = change_of (edit, part);
  if (change == NULL)
    return put_frame (edit, error) && put (edit, block, length, error);
  if (part->is_sealed)
    {
      so_error_set (error, SO_ERROR_DATA, _("send the message anew, with a link"),
                    _("the message is signed or encrypted: nothing in it can be changed"));
      return FALSE;
    }
  if (change->words != NULL)
    return put_frame (edit, error) && put_words (edit, part, block, length, change->words, error);
  gsize used;
  g_autoptr (GArray) fields = so_scan_fields (block, length, &used);
  if (part->parent == NULL && !put_other_fields (edit, fields, speaks_of_body, error))
    return FALSE;
  gboolean goes = change->path == NULL && change->text == NULL;
  if (goes && part->parent != NULL)
    {
      g_string_truncate (edit->frame, 0);
      return TRUE;
    }
  if (goes)
    return put (edit, "\r\n", 2, error);
  return put_frame (edit, error) && put_replacement (edit, change, error);
}

static gboolean
edit_body (gpointer data, SoMimePart *part, const char *bytes, gsize length, GError **error)
{
  Edit *edit = data;
  return change_of (edit, part) != NULL || put (edit, bytes, length, error);
}

static gboolean
edit_end (gpointer data, SoMimePart *part, GError **error)
{
  (void)data;
  (void)part;
  (void)error;
  return TRUE;
}

static gboolean
edit_frame (gpointer data, const char *bytes, gsize length, GError **error)
{
  Edit *edit = data;
  /* A preamble or an epilogue may be long. */
  if (edit->frame->len > 64 * 1024 && !put_frame (edit, error))
    return FALSE;
  g_string_append_len (edit->frame, bytes, (gssize)length);
  return TRUE;
}

gboolean
so_mime_edit (int fd, goffset offset, const GPtrArray *changes, SoByteSink sink, gpointer data,
              GError **error)
{
  static const SoMimeFuncs funcs = { edit_head, edit_body, edit_end, edit_frame };
  Edit edit = { changes, sink, data, g_string_new (NULL) };
  g_autoptr (SoMimeWalk) walk = so_mime_walk_new (&funcs, &edit);
  gboolean well = so_mime_walk_file (walk, fd, offset, error) && put_frame (&edit, error);
  g_string_free (edit.frame, TRUE);
  return well;
}
