/*
 * mime-decode.h - the octets of a body, its transfer encoding taken off, piece by piece.
 */
#pragma once

#include "mime-walk.h"

typedef struct
{
  SoMimeEncoding encoding;
  int state;      /* of base64 */
  guint save;     /* of base64 */
  char tail[128]; /* quoted-printable: an escape or blanks that are not complete yet */
  gsize n_tail;
} SoMimeDecoder;

void so_mime_decoder_init (SoMimeDecoder *decoder, SoMimeEncoding encoding);

/* Appends to out what is known by now. */
void so_mime_decode (SoMimeDecoder *decoder, const char *bytes, gsize length, GByteArray *out);
/* What is left at the end of the body. */
void so_mime_decode_end (SoMimeDecoder *decoder, GByteArray *out);
