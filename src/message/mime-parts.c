/*
 * mime-parts.c - walks through a message and notes, or hands out, what is in its parts.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "compose-private.h"
#include "mime-decode.h"
#include "sendoff/durable.h"
#include "sendoff/i18n.h"
#include "sendoff/mime-parts.h"

#define PIECE (128 * 1024)

gboolean
so_mime_walk_file (SoMimeWalk *walk, int fd, goffset offset, GError **error)
{
  g_autofree char *piece = g_malloc (PIECE);
  gssize n;
  while ((n = so_durable_read_at (fd, piece, PIECE, offset)) > 0)
    {
      if (!so_mime_walk_write (walk, piece, (gsize)n, error))
        return FALSE;
      offset += n;
    }
  if (n == 0)
    return so_mime_walk_finish (walk, error);
  so_durable_error (error, errno, _("cannot read the message"));
  return FALSE;
}

/* --- looking --- */

typedef struct
{
  SoMimeParts *parts;
  gboolean with_sums;
  SoMimeDecoder decoder;
  GByteArray *octets; /* of one piece, decoded */
  guint64 size;       /* of the part under way */
  GChecksum *sum;
} Look;

static void
file_free (gpointer data)
{
  SoMimeFile *file = data;
  g_free (file->name);
  g_free (file->type);
  g_free (file);
}

static gboolean
look_at_head (gpointer data, SoMimePart *part, const char *block, gsize length, GError **error)
{
  Look *look = data;
  (void)block;
  (void)length;
  (void)error;
  look->parts->is_sealed |= part->is_sealed;
  so_mime_decoder_init (&look->decoder, part->encoding);
  look->size = 0;
  g_clear_pointer (&look->sum, g_checksum_free);
  if (look->with_sums && *part->name != '\0' && so_mime_part_is_leaf (part))
    look->sum = g_checksum_new (G_CHECKSUM_SHA256);
  return TRUE;
}

static void
count (Look *look)
{
  look->size += look->octets->len;
  if (look->sum != NULL)
    g_checksum_update (look->sum, look->octets->data, look->octets->len);
  g_byte_array_set_size (look->octets, 0);
}

static gboolean
look_at_body (gpointer data, SoMimePart *part, const char *bytes, gsize length, GError **error)
{
  Look *look = data;
  (void)part;
  (void)error;
  so_mime_decode (&look->decoder, bytes, length, look->octets);
  count (look);
  return TRUE;
}

static gboolean
look_at_end (gpointer data, SoMimePart *part, GError **error)
{
  Look *look = data;
  (void)error;
  so_mime_decode_end (&look->decoder, look->octets);
  count (look);
  look->parts->content += look->size;
  if (*part->name == '\0')
    return TRUE;
  SoMimeFile *file = g_new0 (SoMimeFile, 1);
  file->name = so_file_name_clean (part->name);
  file->type = g_strdup (part->type);
  file->size = look->size;
  file->leaf = part->leaf;
  if (look->sum != NULL)
    g_strlcpy (file->sha256, g_checksum_get_string (look->sum), sizeof file->sha256);
  g_ptr_array_add (look->parts->files, file);
  return TRUE;
}

static const SoMimeFuncs look_funcs = { look_at_head, look_at_body, look_at_end, NULL };

static void
look_begin (Look *look, gboolean with_sums)
{
  look->parts = g_new0 (SoMimeParts, 1);
  look->parts->files = g_ptr_array_new_with_free_func (file_free);
  look->with_sums = with_sums;
  look->octets = g_byte_array_new ();
}

static SoMimeParts *
look_end (Look *look)
{
  g_clear_pointer (&look->sum, g_checksum_free);
  g_byte_array_unref (look->octets);
  return look->parts;
}

SoMimeParts *
so_mime_parts_read (int fd, goffset offset, gboolean with_sums, GError **error)
{
  Look look = { 0 };
  look_begin (&look, with_sums);
  g_autoptr (SoMimeWalk) walk = so_mime_walk_new (&look_funcs, &look);
  gboolean well = so_mime_walk_file (walk, fd, offset, error);
  g_autoptr (SoMimeParts) parts = look_end (&look);
  return well ? g_steal_pointer (&parts) : NULL;
}

void
so_mime_parts_free (SoMimeParts *parts)
{
  if (parts == NULL)
    return;
  g_ptr_array_unref (parts->files);
  g_free (parts);
}

const SoMimeFile *
so_mime_parts_find (const SoMimeParts *parts, const char *name)
{
  g_autofree char *clean = so_file_name_clean (name);
  for (guint i = 0; i < parts->files->len; i++)
    {
      const SoMimeFile *file = g_ptr_array_index (parts->files, i);
      if (g_str_equal (file->name, clean))
        return file;
    }
  return NULL;
}

/* --- taking out --- */

typedef struct
{
  guint leaf;
  SoByteSink sink;
  gpointer data;
  SoMimeDecoder decoder;
  GByteArray *octets;
} Extract;

static gboolean
extract_head (gpointer data, SoMimePart *part, const char *block, gsize length, GError **error)
{
  Extract *extract = data;
  (void)block;
  (void)length;
  (void)error;
  so_mime_decoder_init (&extract->decoder, part->encoding);
  return TRUE;
}

static gboolean
hand_out (Extract *extract, GError **error)
{
  gboolean well = extract->octets->len == 0
                  || extract->sink (extract->data, (const char *)extract->octets->data,
                                    extract->octets->len, error);
  g_byte_array_set_size (extract->octets, 0);
  return well;
}

static gboolean
extract_body (gpointer data, SoMimePart *part, const char *bytes, gsize length, GError **error)
{
  Extract *extract = data;
  if (part->leaf != extract->leaf)
    return TRUE;
  so_mime_decode (&extract->decoder, bytes, length, extract->octets);
  return extract->octets->len < PIECE || hand_out (extract, error);
}

static gboolean
extract_end (gpointer data, SoMimePart *part, GError **error)
{
  Extract *extract = data;
  if (part->leaf != extract->leaf)
    return TRUE;
  so_mime_decode_end (&extract->decoder, extract->octets);
  return hand_out (extract, error);
}

gboolean
so_mime_extract (int fd, goffset offset, guint leaf, SoByteSink sink, gpointer data,
                 GError **error)
{
  static const SoMimeFuncs funcs = { extract_head, extract_body, extract_end, NULL };
  Extract extract = { .leaf = leaf, .sink = sink, .data = data, .octets = g_byte_array_new () };
  g_autoptr (SoMimeWalk) walk = so_mime_walk_new (&funcs, &extract);
  gboolean well = so_mime_walk_file (walk, fd, offset, error);
  g_byte_array_unref (extract.octets);
  return well;
}
