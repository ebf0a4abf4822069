/*
 * mime-decode.c - base64 by GLib; quoted-printable (RFC 2045 6.7) here, forgiving as it says:
 * what is no escape stays as it is, blanks at the end of a line are none.
 */
#include "config.h"

#include <string.h>

#include "mime-decode.h"

void
so_mime_decoder_init (SoMimeDecoder *decoder, SoMimeEncoding encoding)
{
  memset (decoder, 0, sizeof *decoder);
  decoder->encoding = encoding;
}

static void
append (GByteArray *out, const char *bytes, gsize length)
{
  g_byte_array_append (out, (const guint8 *)bytes, (guint)length);
}

static void
decode_base64 (SoMimeDecoder *decoder, const char *bytes, gsize length, GByteArray *out)
{
  guint before = out->len;
  g_byte_array_set_size (out, before + (guint)(length / 4 * 3 + 6));
  gsize n = g_base64_decode_step (bytes, length, out->data + before, &decoder->state,
                                  &decoder->save);
  g_byte_array_set_size (out, before + (guint)n);
}

/* Is the tail complete, and what does it stand for?  Blanks and a CR wait for what follows them, as
 * long as there is room. */
static void
settle_tail (SoMimeDecoder *decoder, GByteArray *out)
{
  char *tail = decoder->tail;
  gsize n = decoder->n_tail;
  char last = tail[n - 1];
  gboolean has_room = n < sizeof decoder->tail;
  if (tail[0] != '=')
    {
      gboolean blank = last == ' ' || last == '\t';
      if ((blank || last == '\r') && has_room)
        return;
      if (last == '\n')
        {
          /* Blanks before a line end were added on the way. */
          gboolean crlf = n > 1 && tail[n - 2] == '\r';
          append (out, crlf ? "\r\n" : "\n", crlf ? 2 : 1);
        }
      else
        append (out, tail, n);
    }
  else if (n == 3 && g_ascii_isxdigit (tail[1]) && g_ascii_isxdigit (tail[2]))
    {
      char octet = (char)(g_ascii_xdigit_value (tail[1]) * 16 + g_ascii_xdigit_value (tail[2]));
      append (out, &octet, 1);
    }
  else if (last == '\n')
    ; /* a soft line end */
  else if (n == 1 || (n == 2 && g_ascii_isxdigit (last))
           || ((last == '\r' || last == ' ' || last == '\t') && has_room))
    return;
  else
    append (out, tail, n);
  decoder->n_tail = 0;
}

static gboolean
waits (char c)
{
  return c == '=' || c == ' ' || c == '\t' || c == '\r';
}

static void
decode_quoted (SoMimeDecoder *decoder, const char *bytes, gsize length, GByteArray *out)
{
  for (gsize i = 0; i < length; i++)
    {
      if (decoder->n_tail == 0 && !waits (bytes[i]))
        {
          append (out, bytes + i, 1);
          continue;
        }
      /* A new escape ends what waits. */
      if (bytes[i] == '=' && decoder->n_tail > 0)
        so_mime_decode_end (decoder, out);
      decoder->tail[decoder->n_tail++] = bytes[i];
      settle_tail (decoder, out);
    }
}

void
so_mime_decode (SoMimeDecoder *decoder, const char *bytes, gsize length, GByteArray *out)
{
  if (decoder->encoding == SO_MIME_BASE64)
    decode_base64 (decoder, bytes, length, out);
  else if (decoder->encoding == SO_MIME_QUOTED_PRINTABLE)
    decode_quoted (decoder, bytes, length, out);
  else
    append (out, bytes, length);
}

void
so_mime_decode_end (SoMimeDecoder *decoder, GByteArray *out)
{
  append (out, decoder->tail, decoder->n_tail);
  decoder->n_tail = 0;
}
