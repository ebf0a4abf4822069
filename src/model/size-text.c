/*
 * size-text.c - reads and writes sizes.
 */
#include "config.h"

#include <string.h>

#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/size-text.h"
#include "sendoff/text.h"

typedef struct
{
  const char *name;
  double octets;
} Unit;

static double
unit_octets (const char *name)
{
  static const Unit units[] = {
    { "", 1 },           { "b", 1 },
    { "k", 1e3 },        { "kb", 1e3 },
    { "m", 1e6 },        { "mb", 1e6 },
    { "g", 1e9 },        { "gb", 1e9 },
    { "kib", 1024.0 },   { "mib", 1024.0 * 1024.0 },
    { "gib", 1024.0 * 1024.0 * 1024.0 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (g_ascii_strcasecmp (name, units[i].name) == 0)
      return units[i].octets;
  return 0.0;
}

gboolean
so_size_parse (const char *text, guint64 *octets, GError **error)
{
  char *end = NULL;
  double number = g_ascii_strtod (text, &end);
  g_autofree char *unit = g_strstrip (g_strdup (end));
  double value = number * unit_octets (unit);
  /* 2^53: above it a double no longer counts single octets. */
  if (g_ascii_isdigit (*text) && value >= 1.0 && value <= 9007199254740992.0)
    {
      *octets = (guint64) value;
      return TRUE;
    }
  g_autofree char *shown = so_text_sanitise (text, -1, 100);
  so_error_set (error, SO_ERROR_USAGE, _("write it as 20000000, 20 MB or 27 MiB"), _("“%s” is not a size"), shown);
  return FALSE;
}

char *
so_size_format (guint64 octets)
{
  if (octets < 1000)
    return g_strdup_printf ("%u B", (guint) octets);
  if (octets < 1000 * 1000)
    return g_strdup_printf ("%.1f kB", (double) octets / 1e3);
  if (octets < 1000 * 1000 * 1000)
    return g_strdup_printf ("%.1f MB", (double) octets / 1e6);
  return g_strdup_printf ("%.2f GB", (double) octets / 1e9);
}
