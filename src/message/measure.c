/*
 * measure.c - runs the wire meter over a file.
 */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/measure.h"

gboolean
so_measure_fd (int fd, goffset offset, SoWireMeasure *measure, GError **error)
{
  SoWireMeter *meter = so_wire_meter_new ();
  g_autofree char *buffer = g_malloc (65536);
  ssize_t n;
  do
    {
      n = pread (fd, buffer, 65536, offset);
      if (n > 0)
        so_wire_meter_feed (meter, buffer, (gsize) n);
      offset += MAX (n, 0);
    }
  while (n > 0 || (n < 0 && errno == EINTR));
  int problem = errno;
  *measure = so_wire_meter_end (meter);
  if (n == 0)
    return TRUE;
  so_error_set (error, SO_ERROR_IO, "", _("the message cannot be read: %s"), g_strerror (problem));
  return FALSE;
}
