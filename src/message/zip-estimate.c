/*
 * zip-estimate.c - will it shrink?  Known from samples, before a gigabyte has been read.
 */
#include "config.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "sendoff/zip.h"

#define SAMPLE (64 * 1024)
#define SAMPLES 16     /* over all files, at least one of each up to FILES_MAX */
#define FILES_MAX 64   /* files that are sampled at all; the rest as the average */
#define FRAME 160      /* octets of an entry's headers, name apart */

static gsize
deflated (const char *bytes, gsize length)
{
  g_autoptr (GZlibCompressor) compressor
      = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_RAW, 6);
  char out[16384];
  gsize read = 0, written = 0, total = 0;
  for (GConverterResult done = G_CONVERTER_CONVERTED; done == G_CONVERTER_CONVERTED;)
    {
      done = g_converter_convert (G_CONVERTER (compressor), bytes, length, out, sizeof out,
                                  G_CONVERTER_INPUT_AT_END, &read, &written, NULL);
      if (done == G_CONVERTER_ERROR)
        return total + length;
      total += written;
      bytes += read;
      length -= read;
    }
  return total;
}

/* The share that is left of a file, from n blocks spread over it; 1 if it cannot be read. */
static double
ratio_of (const SoZipFile *file, guint n)
{
  g_autofree char *block = g_malloc (SAMPLE);
  int fd = open (file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  gsize before = 0, after = 0;
  guint64 last = file->size > SAMPLE ? file->size - SAMPLE : 0;
  for (guint i = 0; fd >= 0 && i < n; i++)
    {
      goffset at = (goffset)(n > 1 ? last / (n - 1) * i : last / 2);
      ssize_t got = pread (fd, block, SAMPLE, at);
      if (got <= 0)
        break;
      before += (gsize)got;
      after += deflated (block, (gsize)got);
    }
  if (fd >= 0)
    close (fd);
  return before > 0 ? (double)MIN (after, before) / (double)before : 1.0;
}

guint64
so_zip_estimate (const SoZipFile *files, guint n)
{
  guint64 all = 0, sampled = 0, total = 0;
  double shrunk = 0;
  for (guint i = 0; i < n; i++)
    all += files[i].size;
  for (guint i = 0; i < n; i++)
    {
      total += FRAME + 2 * strlen (files[i].name);
      if (i >= FILES_MAX)
        continue;
      double share = all > 0 ? (double)files[i].size / (double)all : 0;
      guint blocks = files[i].size <= SAMPLE ? 1 : 1 + (guint)(share * SAMPLES);
      shrunk += (double)files[i].size * ratio_of (&files[i], blocks);
      sampled += files[i].size;
    }
  double average = sampled > 0 ? shrunk / (double)sampled : 1.0;
  return total + (guint64)(shrunk + average * (double)(all - sampled));
}

gboolean
so_zip_is_often_blocked (const char *name)
{
  static const char *const endings[]
      = { "ade", "adp", "apk", "appx", "bat", "cab", "chm", "cmd", "com", "cpl", "dll", "dmg",
          "exe", "hta", "ins", "isp", "iso", "jar", "js",  "jse", "lib", "lnk", "mde", "msc",
          "msi", "msp", "mst", "nsh", "pif", "ps1", "scr", "sct", "shb", "sys", "vb",  "vbe",
          "vbs", "vhd", "vxd", "wsc", "wsf", "wsh", NULL };
  const char *dot = strrchr (name, '.');
  for (guint i = 0; dot != NULL && endings[i] != NULL; i++)
    if (g_ascii_strcasecmp (dot + 1, endings[i]) == 0)
      return TRUE;
  return FALSE;
}
