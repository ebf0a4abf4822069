/*
 * base64.c - a table of all pairs of characters: 12 bits in, two characters out.
 *
 * The table (8 KiB) is made once, at first use, and fits
 * the first-level cache; per 3 octets there are two loads and two stores.
 */
#include "config.h"

#include <string.h>

#include "base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static const char *
pair_table (void)
{
  static char table[4096 * 2];
  static gsize ready = 0;
  if (g_once_init_enter (&ready))
    {
      for (guint i = 0; i < 4096; i++)
        {
          table[2 * i] = alphabet[i >> 6];
          table[2 * i + 1] = alphabet[i & 63];
        }
      g_once_init_leave (&ready, 1);
    }
  return table;
}

static inline char *
encode_tail (const guchar *in, gsize length, char *out)
{
  if (length == 0)
    return out;
  guint bits = (guint)in[0] << 16 | (length > 1 ? (guint)in[1] << 8 : 0);
  *out++ = alphabet[bits >> 18];
  *out++ = alphabet[bits >> 12 & 63];
  *out++ = length > 1 ? alphabet[bits >> 6 & 63] : '=';
  *out++ = '=';
  return out;
}

static inline char *
encode_run (const char *table, const guchar *in, gsize length, char *out)
{
  for (; length >= 3; length -= 3, in += 3, out += 4)
    {
      guint bits = (guint)in[0] << 16 | (guint)in[1] << 8 | in[2];
      memcpy (out, table + 2 * (bits >> 12), 2);
      memcpy (out + 2, table + 2 * (bits & 4095), 2);
    }
  return encode_tail (in, length, out);
}

gsize
so_base64_run (const guchar *in, gsize length, char *out)
{
  return (gsize)(encode_run (pair_table (), in, length, out) - out);
}

gsize
so_base64_lines (const guchar *in, gsize length, char *out)
{
  const char *table = pair_table ();
  char *to = out;
  while (length > 0)
    {
      gsize line = MIN (length, SO_BASE64_LINE_IN);
      to = encode_run (table, in, line, to);
      *to++ = '\r';
      *to++ = '\n';
      in += line;
      length -= line;
    }
  return (gsize)(to - out);
}

guint64
so_base64_size (guint64 length)
{
  guint64 lines = length / SO_BASE64_LINE_IN, rest = length % SO_BASE64_LINE_IN;
  return lines * SO_BASE64_LINE_OUT + (rest > 0 ? (rest + 2) / 3 * 4 + 2 : 0);
}
