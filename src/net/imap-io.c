/*
 * imap-io.c - what every IMAP command shares: deadline, budget, trace, error.
 *
 * The trace is made of our own words for a command, never of the octets sent, so that a
 * password cannot get into it.
 */
#include "config.h"

#include <stdarg.h>

#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"

#include "imap-private.h"

void
so_imap_begin (SoImap *imap, gsize budget, const char *format, ...)
{
  so_deadline_renew (&imap->deadline);
  so_imap_guard_allow (imap->guard, budget);
  va_list args;
  va_start (args, format);
  g_autofree char *line = g_strdup_vprintf (format, args);
  va_end (args);
  g_autofree char *clean = so_text_sanitise (line, -1, SO_TEXT_LINE_MAX);
  so_observer_trace (imap->observer, '>', "%s", clean);
}

char *
so_imap_words (const SoImap *imap)
{
  const char *words = imap->session->imap_response;
  g_autofree char *struck = so_secret_strike_out (imap->told, words != NULL ? words : "");
  return so_text_sanitise (struck, -1, SO_TEXT_LINE_MAX);
}

const char *
so_imap_code (const SoImap *imap)
{
  const struct mailimap_response_info *info = imap->session->imap_response_info;
  return info != NULL && info->rsp_atom != NULL ? info->rsp_atom : "";
}

/* The connection is over, or what came cannot be used. */
static void
set_lost (SoImap *imap, GError **error)
{
  const char *host = imap->account->imap.host;
  imap->usable = FALSE;
  if (so_imap_guard_tripped (imap->guard))
    {
      so_error_set (error, SO_ERROR_PROTOCOL, _("check imap-host and imap-port: is this a mail server?"),
                    _("%s sent more than an IMAP server may: given up"), host);
      return;
    }
  switch (so_transport_state (imap->transport))
    {
    case SO_TRANSPORT_WELL:
    case SO_TRANSPORT_BROKEN:
    case SO_TRANSPORT_SPOKE:
      so_error_set (error, SO_ERROR_PROTOCOL, _("check imap-host and imap-port: is this a mail server?"),
                    _("%s does not speak IMAP as it should"), host);
      break;
    case SO_TRANSPORT_TIMEOUT:
      so_error_set (error, SO_ERROR_TEMPORARY, _("try again later"), _("%s did not answer in time (IMAP)"), host);
      break;
    case SO_TRANSPORT_INTERRUPTED:
      so_error_set (error, SO_ERROR_INTERRUPTED, "", _("interrupted"));
      break;
    default:
      so_error_set (error, SO_ERROR_TEMPORARY, _("try again later"), _("%s closed the connection (IMAP)"), host);
    }
}

static gboolean
is_over (const SoImap *imap, int result)
{
  return result == MAILIMAP_ERROR_STREAM || result == MAILIMAP_ERROR_PARSE || result == MAILIMAP_ERROR_MEMORY
         || result == MAILIMAP_ERROR_FATAL || result == MAILIMAP_ERROR_BAD_STATE
         || so_transport_state (imap->transport) != SO_TRANSPORT_WELL || so_imap_guard_tripped (imap->guard);
}

gboolean
so_imap_end (SoImap *imap, int result, GError **error)
{
  g_autofree char *words = so_imap_words (imap);
  gboolean well = result == MAILIMAP_NO_ERROR || result == MAILIMAP_NO_ERROR_AUTHENTICATED
                  || result == MAILIMAP_NO_ERROR_NON_AUTHENTICATED;
  if (well)
    {
      so_observer_trace (imap->observer, '<', "OK %s", words);
      return TRUE;
    }
  if (is_over (imap, result))
    {
      set_lost (imap, error);
      return FALSE;
    }
  g_autofree char *code = so_secret_strike_out (imap->told, so_imap_code (imap));
  so_observer_trace (imap->observer, '<', "NO %s%s%s%s", *code != '\0' ? "[" : "", code, *code != '\0' ? "] " : "",
                     words);
  so_error_set (error, SO_ERROR_TEMPORARY, _("the server's words say why"), _("%s says: %s"),
                imap->account->imap.host, *words != '\0' ? words : _("no"));
  return FALSE;
}
