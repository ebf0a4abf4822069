/*
 * out.c - a large buffer before a sink, or a counter in its place.
 *
 * Encoders fill the buffer in place, so a body is copied once on its way: from the file's
 * pages, through the encoder, to the sink.
 */
#include "config.h"

#include <string.h>

#include "out.h"

struct SoOut
{
  SoByteSink sink;
  gpointer data;
  GError *error; /* the first */
  gsize used;
  guint64 total;
  char buffer[SO_OUT_BUFFER];
};

SoOut *
so_out_new (SoByteSink sink, gpointer data)
{
  SoOut *out = g_malloc (sizeof *out);
  out->sink = sink;
  out->data = data;
  out->error = NULL;
  out->used = 0;
  out->total = 0;
  return out;
}

void
so_out_free (SoOut *out)
{
  if (out == NULL)
    return;
  g_clear_error (&out->error);
  g_free (out);
}

gboolean
so_out_counts_only (const SoOut *out)
{
  return out->sink == NULL;
}

static void
push (SoOut *out)
{
  if (out->sink != NULL && out->error == NULL && out->used > 0)
    out->sink (out->data, out->buffer, out->used, &out->error);
  out->used = 0;
}

char *
so_out_reserve (SoOut *out, gsize length)
{
  g_assert (length <= SO_OUT_BUFFER);
  if (SO_OUT_BUFFER - out->used < length)
    push (out);
  return out->buffer + out->used;
}

void
so_out_commit (SoOut *out, gsize length)
{
  out->used += length;
  out->total += length;
}

void
so_out_write (SoOut *out, const char *bytes, gsize length)
{
  while (length > 0)
    {
      gsize piece = MIN (length, SO_OUT_BUFFER);
      memcpy (so_out_reserve (out, piece), bytes, piece);
      so_out_commit (out, piece);
      bytes += piece;
      length -= piece;
    }
}

void
so_out_text (SoOut *out, const char *text)
{
  so_out_write (out, text, strlen (text));
}

void
so_out_skip (SoOut *out, guint64 length)
{
  g_assert (so_out_counts_only (out));
  out->total += length;
}

guint64
so_out_total (const SoOut *out)
{
  return out->total;
}

void
so_out_fail (SoOut *out, GError *error)
{
  if (out->error == NULL)
    out->error = error;
  else
    g_error_free (error);
}

gboolean
so_out_is_well (const SoOut *out)
{
  return out->error == NULL;
}

gboolean
so_out_flush (SoOut *out, GError **error)
{
  push (out);
  if (out->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&out->error));
  return FALSE;
}
