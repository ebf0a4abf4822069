/*
 * smtp-body.c - the octets of a message, read once, made canonical and sent.
 *
 * One buffer in, one buffer out: memory does not grow with the message.  The output
 * buffer is larger than the stream's, so whole pieces go to TLS without a copy, and the
 * tail stays in the stream to leave together with the final dot and the next message's
 * commands.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sendoff/wire.h"
#include "smtp-private.h"

#define IN_OCTETS 65536
#define OUT_OCTETS 32768

typedef struct
{
  SoSmtp *smtp;
  const SoSubmission *submission;
  SoWire wire;
  guint64 produced; /* canonical octets so far, with dot-stuffing for DATA */
  char in[IN_OCTETS];
  char out[OUT_OCTETS];
} Pump;

static SoBodyResult
why_not_written (SoSmtp *smtp)
{
  return so_transport_state (smtp->transport) == SO_TRANSPORT_SPOKE ? SO_BODY_OBJECTION : SO_BODY_LOST;
}

static gboolean
write_out (Pump *pump, gsize length)
{
  pump->produced += length;
  return length == 0 || mailstream_write (pump->smtp->stream, pump->out, length) == (ssize_t) length;
}

static gboolean
encode_piece (Pump *pump, gsize length)
{
  for (gsize done = 0; done < length;)
    {
      gsize used = 0;
      gsize made = so_wire_encode (&pump->wire, pump->in + done, length - done, &used, pump->out, OUT_OCTETS);
      done += used;
      if (!write_out (pump, made))
        return FALSE;
    }
  return TRUE;
}

static SoBodyResult
pump_file (Pump *pump)
{
  goffset offset = pump->submission->offset;
  for (;;)
    {
      ssize_t n = pread (pump->submission->fd, pump->in, IN_OCTETS, offset);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return SO_BODY_UNREADABLE;
      if (n == 0)
        break;
      offset += n;
      if (!encode_piece (pump, (gsize) n))
        return why_not_written (pump->smtp);
      so_observer_progress (pump->smtp->options.observer, MIN (pump->produced, pump->submission->wire_size),
                            pump->submission->wire_size);
    }
  return write_out (pump, so_wire_finish (&pump->wire, pump->out)) ? SO_BODY_SENT : why_not_written (pump->smtp);
}

static gboolean
put_prologue (SoSmtp *smtp, const SoEnvelope *envelope)
{
  if (!smtp->ehlo.chunking)
    return TRUE;
  g_autofree char *bdat
      = g_strdup_printf ("BDAT %" G_GUINT64_FORMAT " LAST", envelope->submission->wire_size);
  return so_smtp_put (smtp, bdat, NULL);
}

static gboolean
put_epilogue (SoSmtp *smtp)
{
  return smtp->ehlo.chunking || mailstream_write (smtp->stream, ".\r\n", 3) == 3;
}

SoBodyResult
so_body_put (SoSmtp *smtp, SoEnvelope *envelope)
{
  g_autofree Pump *pump = g_new (Pump, 1);
  pump->smtp = smtp;
  pump->submission = envelope->submission;
  pump->produced = 0;
  so_wire_init (&pump->wire, !smtp->ehlo.chunking);

  if (!put_prologue (smtp, envelope))
    return SO_BODY_LOST;
  SoBodyResult result = pump_file (pump);
  if (result != SO_BODY_SENT)
    return result;
  /* A file that changed size would break BDAT's promise, or send half a message: the
   * last octets are still here, so stop before they go. */
  if (smtp->ehlo.chunking && pump->produced != envelope->submission->wire_size)
    return SO_BODY_UNREADABLE;
  /* An answer before the end is no answer to the message. */
  if (so_smtp_has_input (smtp))
    return SO_BODY_OBJECTION;
  if (!put_epilogue (smtp))
    return why_not_written (smtp);
  envelope->dot_at = so_transport_written (smtp->transport) + smtp->stream->write_buffer_len;
  return SO_BODY_SENT;
}
