/*
 * smtp-io.c - commands out, replies in, and what is told of them.
 *
 * After a command that held a secret the stream's buffer is wiped: libetpan leaves sent
 * octets there.
 */
#include "config.h"

#include <string.h>

#include "sendoff/clock.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"
#include "smtp-private.h"

gboolean
so_smtp_put (SoSmtp *smtp, const char *command, const char *shown)
{
  if (smtp->options.observer != NULL)
    {
      g_autofree char *clean = so_text_sanitise (shown != NULL ? shown : command, -1, SO_TEXT_LINE_MAX);
      so_observer_trace (smtp->options.observer, '>', "%s", clean);
    }
  gsize length = strlen (command);
  return mailstream_write (smtp->stream, command, length) == (ssize_t) length
         && mailstream_write (smtp->stream, "\r\n", 2) == 2;
}

gboolean
so_smtp_flush (SoSmtp *smtp)
{
  return mailstream_flush (smtp->stream) == 0;
}

static void
trace_reply (SoSmtp *smtp, const SoReply *reply)
{
  if (smtp->options.observer == NULL || smtp->options.observer->trace == NULL)
    return;
  g_auto (GStrv) lines = g_strsplit (reply->text, "\n", -1);
  guint n = g_strv_length (lines);
  for (guint i = 0; i < MAX (n, 1); i++)
    {
      g_autofree char *clean = so_text_sanitise (i < n ? lines[i] : "", -1, SO_TEXT_LINE_MAX);
      so_observer_trace (smtp->options.observer, '<', "%03d%c%s%s%s", reply->code, i + 1 < n ? '-' : ' ',
                         reply->enhanced, reply->enhanced[0] != '\0' ? " " : "", clean);
    }
}

/* Its words go to a terminal, a log, a report. */
static void
strike_out_secrets (const SoSmtp *smtp, SoReply *reply)
{
  for (guint i = 0; i < smtp->told->len; i++)
    {
      char *struck = so_secret_strike_out (g_ptr_array_index (smtp->told, i), reply->text);
      g_free (reply->text);
      reply->text = struck;
    }
}

static SoReply *
not_smtp (SoSmtp *smtp)
{
  so_observer_trace (smtp->options.observer, '*', "%s", _("what came is not an SMTP reply"));
  smtp->usable = FALSE;
  return NULL;
}

SoReply *
so_smtp_read_reply (SoSmtp *smtp)
{
  for (;;)
    {
      ssize_t there = mailstream_feed_read_buffer (smtp->stream);
      if (there <= 0)
        {
          smtp->usable = FALSE;
          return NULL;
        }
      gsize used = 0;
      SoReplyState state
          = so_reply_parser_feed (smtp->parser, smtp->stream->read_buffer, (gsize) there, &used);
      smtp->stream->read_buffer_len -= used;
      memmove (smtp->stream->read_buffer, smtp->stream->read_buffer + used, smtp->stream->read_buffer_len);
      if (state == SO_REPLY_GARBAGE || state == SO_REPLY_TOO_LONG)
        return not_smtp (smtp);
      if (state == SO_REPLY_DONE)
        {
          SoReply *reply = so_reply_parser_take (smtp->parser);
          strike_out_secrets (smtp, reply);
          trace_reply (smtp, reply);
          if (reply->code == 421)
            {
              smtp->said_421 = TRUE;
              smtp->usable = FALSE;
            }
          return reply;
        }
    }
}

SoReply *
so_smtp_ask (SoSmtp *smtp, const char *command, const char *shown)
{
  gboolean sent = so_smtp_put (smtp, command, shown) && so_smtp_flush (smtp);
  if (shown != NULL)
    explicit_bzero (smtp->stream->write_buffer, smtp->stream->buffer_max_size);
  if (!sent)
    smtp->usable = FALSE; /* what the server said before it closed may still be there to read */
  return so_smtp_read_reply (smtp);
}

gboolean
so_smtp_has_input (SoSmtp *smtp)
{
  return smtp->stream->read_buffer_len > 0 || so_transport_has_input (smtp->transport);
}

void
so_smtp_lost (SoSmtp *smtp, GError **error)
{
  const char *host = smtp->account->smtp.host;
  const char *later = _("try again later");
  switch (so_transport_state (smtp->transport))
    {
    case SO_TRANSPORT_TIMEOUT:
      so_error_set (error, SO_ERROR_TEMPORARY, _("try again later; “timeout” in the configuration allows more time"),
                    _("%s did not answer in time (phase %s)"), host, so_phase_name (smtp->phase));
      break;
    case SO_TRANSPORT_INTERRUPTED:
      so_error_set (error, SO_ERROR_INTERRUPTED, "", _("interrupted"));
      break;
    case SO_TRANSPORT_CLOSED:
    case SO_TRANSPORT_RESET:
      so_error_set (error, SO_ERROR_TEMPORARY, later, _("%s closed the connection (phase %s)"), host,
                    so_phase_name (smtp->phase));
      break;
    case SO_TRANSPORT_TRUNCATED:
      so_error_set (error, SO_ERROR_TEMPORARY, later, _("the connection to %s was cut off (phase %s)"), host,
                    so_phase_name (smtp->phase));
      break;
    case SO_TRANSPORT_BROKEN:
      so_error_set (error, SO_ERROR_PROTOCOL, later, _("the encrypted connection to %s broke (phase %s)"), host,
                    so_phase_name (smtp->phase));
      break;
    default:
      if (smtp->said_421)
        so_error_set (error, SO_ERROR_TEMPORARY, later, _("%s ended the session (phase %s)"), host,
                      so_phase_name (smtp->phase));
      else
        so_error_set (error, SO_ERROR_PROTOCOL, _("check smtp-host and smtp-port: is this a mail server?"),
                      _("%s does not speak SMTP as it should (phase %s)"), host, so_phase_name (smtp->phase));
    }
}

void
so_smtp_phase_begin (SoSmtp *smtp, SoPhase phase)
{
  smtp->phase = phase;
  smtp->phase_began_us = so_clock_monotonic_us ();
  so_deadline_phase (&smtp->deadline);
  so_observer_begin (smtp->options.observer, phase);
}

void
so_smtp_phase_end (SoSmtp *smtp, const char *learned)
{
  so_observer_end (smtp->options.observer, smtp->phase, so_clock_monotonic_us () - smtp->phase_began_us, learned);
}
