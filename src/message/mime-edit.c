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
#include "sendoff/random-word.h"

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

/* The header of the message stays, but for what speaks of the body. */
static gboolean
put_other_fields (Edit *edit, const char *block, gsize length, GError **error)
{
  gsize used;
  g_autoptr (GArray) fields = so_scan_fields (block, length, &used);
  for (guint i = 0; i < fields->len; i++)
    {
      const SoScanField *field = &g_array_index (fields, SoScanField, i);
      if (field->name_length > 8 && g_ascii_strncasecmp (field->start, "Content-", 8) == 0)
        continue;
      if (!put (edit, field->start, field->length, error))
        return FALSE;
    }
  return TRUE;
}

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
  if (part->parent == NULL && !put_other_fields (edit, block, length, error))
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
