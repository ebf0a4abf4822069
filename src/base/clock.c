/*
 * clock.c - the two clocks and their written forms.
 *
 * RFC 5322 dates are put together by hand: strftime's %a and %b follow the locale.
 */
#include "config.h"

#include <stdlib.h>
#include <time.h>

#include "sendoff/clock.h"

gint64
so_clock_monotonic_us (void)
{
  return g_get_monotonic_time ();
}

gint64
so_clock_wall_us (void)
{
  return g_get_real_time ();
}

char *
so_clock_rfc5322 (gint64 wall_us)
{
  static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
  static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  time_t seconds = (time_t) (wall_us / G_USEC_PER_SEC);
  struct tm local;
  localtime_r (&seconds, &local);
  long minutes = local.tm_gmtoff / 60;
  return g_strdup_printf ("%s, %d %s %d %02d:%02d:%02d %c%02ld%02ld", days[local.tm_wday],
                          local.tm_mday, months[local.tm_mon], local.tm_year + 1900,
                          local.tm_hour, local.tm_min, local.tm_sec, minutes < 0 ? '-' : '+',
                          labs (minutes) / 60, labs (minutes) % 60);
}

char *
so_clock_rfc3339 (gint64 wall_us)
{
  time_t seconds = (time_t) (wall_us / G_USEC_PER_SEC);
  struct tm utc;
  gmtime_r (&seconds, &utc);
  return g_strdup_printf ("%04d-%02d-%02dT%02d:%02d:%02dZ", utc.tm_year + 1900, utc.tm_mon + 1,
                          utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}
