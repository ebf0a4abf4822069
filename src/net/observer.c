/*
 * observer.c - tells an observer, if there is one and it wants to know.
 */
#include "config.h"

#include <stdarg.h>

#include "sendoff/observer.h"

const char *
so_phase_name (SoPhase phase)
{
  static const char *const names[SO_PHASES]
      = { "dns", "tcp", "greeting", "ehlo", "starttls", "tls", "auth", "mail", "rcpt", "data", "final" };
  return names[phase];
}

void
so_observer_begin (const SoObserver *observer, SoPhase phase)
{
  if (observer != NULL && observer->begin != NULL)
    observer->begin (observer->data, phase);
}

void
so_observer_end (const SoObserver *observer, SoPhase phase, gint64 elapsed_us, const char *learned)
{
  if (observer != NULL && observer->end != NULL)
    observer->end (observer->data, phase, elapsed_us, learned);
}

void
so_observer_trace (const SoObserver *observer, char direction, const char *format, ...)
{
  if (observer == NULL || observer->trace == NULL)
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *line = g_strdup_vprintf (format, args);
  va_end (args);
  observer->trace (observer->data, direction, line);
}

void
so_observer_warn (const SoObserver *observer, const char *line)
{
  if (observer != NULL && observer->warn != NULL)
    observer->warn (observer->data, line);
}

void
so_observer_tls (const SoObserver *observer, const SoTlsInfo *info)
{
  if (observer != NULL && observer->tls != NULL)
    observer->tls (observer->data, info);
}

void
so_observer_progress (const SoObserver *observer, guint64 sent, guint64 total)
{
  if (observer != NULL && observer->progress != NULL)
    observer->progress (observer->data, sent, total);
}
