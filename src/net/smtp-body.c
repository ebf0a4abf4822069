/*
 * smtp-body.c - the octets of a message, read once, made canonical and sent.
 *
 * One buffer in, one buffer out: memory does not grow with the message.  The output
 * buffer is filled before it leaves, so that every TLS record is a full one, and larger
 * than the stream's, so that it goes to TLS without a copy; the tail stays in the stream
 * to leave together with the final dot and the next message's commands.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sendoff/wire.h"
#include "smtp-private.h"

#define IN_OCTETS 65536
#define OUT_OCTETS 65536 /* four records */
#define OUT_SPARE 4      /* what so_wire_encode() needs at least */

typedef struct
{
  SoSmtp *smtp;
  const SoSubmission *submission;
  const SoFeed *feed;
  SoWire wire;
  guint64 produced;  /* octets for the wire so far, with dot-stuffing for DATA */
  SoBodyResult stop; /* why writing stopped, if it was not the connection */
  gsize filled;      /* octets of out */
  char in[IN_OCTETS];
  char out[OUT_OCTETS];
} Pump;

static gboolean
stop (Pump *pump, SoBodyResult why)
{
  pump->stop = why;
  return FALSE;
}

/* Called once, before the octets that make the message complete for the server. */
static gboolean
may_complete (Pump *pump)
{
  const SoFeed *feed = pump->feed;
  if (so_smtp_has_input (pump->smtp)) /* an answer before the end is no answer to the message */
    return stop (pump, SO_BODY_OBJECTION);
  if (so_transport_state (pump->smtp->transport) != SO_TRANSPORT_WELL)
    return stop (pump, SO_BODY_LOST); /* closed meanwhile: nobody would answer the last octets */
  if (feed->completing != NULL && !feed->completing (feed->data, (SoSubmission *) pump->submission))
    return stop (pump, SO_BODY_STOPPED);
  return TRUE;
}

/* BDAT has promised a number of octets: the piece that reaches it completes the message,
 * and a file that has grown must not go beyond it. */
static gboolean
keeps_promise (Pump *pump, gsize length)
{
  guint64 promised = pump->submission->wire_size;
  if (pump->produced + length > promised)
    return stop (pump, SO_BODY_UNREADABLE);
  return pump->produced + length < promised || may_complete (pump);
}

static gboolean
write_out (Pump *pump)
{
  gsize length = pump->filled;
  pump->filled = 0;
  if (length == 0)
    return TRUE;
  if (pump->smtp->ehlo.chunking && !keeps_promise (pump, length))
    return FALSE;
  pump->produced += length;
  return mailstream_write (pump->smtp->stream, pump->out, length) == (ssize_t) length;
}

static gboolean
encode_piece (Pump *pump, gsize length)
{
  for (gsize done = 0; done < length;)
    {
      gsize used = 0;
      pump->filled += so_wire_encode (&pump->wire, pump->in + done, length - done, &used,
                                      pump->out + pump->filled, OUT_OCTETS - pump->filled);
      done += used;
      if (OUT_OCTETS - pump->filled < OUT_SPARE && !write_out (pump))
        return FALSE;
    }
  return TRUE;
}

static gboolean
finish_file (Pump *pump)
{
  pump->filled += so_wire_finish (&pump->wire, pump->out + pump->filled);
  return write_out (pump);
}

static gboolean
pump_file (Pump *pump)
{
  goffset offset = pump->submission->offset;
  for (;;)
    {
      ssize_t n = pread (pump->submission->fd, pump->in, IN_OCTETS, offset);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return stop (pump, SO_BODY_UNREADABLE);
      if (n == 0)
        return finish_file (pump);
      offset += n;
      if (!encode_piece (pump, (gsize) n))
        return FALSE;
      so_observer_progress (pump->smtp->options.observer, MIN (pump->produced, pump->submission->wire_size),
                            pump->submission->wire_size);
    }
}

static gboolean
put_bdat (Pump *pump)
{
  g_autofree char *bdat = g_strdup_printf ("BDAT %" G_GUINT64_FORMAT " LAST", pump->submission->wire_size);
  if (!so_smtp_put (pump->smtp, bdat, NULL) || !pump_file (pump))
    return FALSE;
  return pump->produced == pump->submission->wire_size || stop (pump, SO_BODY_UNREADABLE);
}

static gboolean
put_data (Pump *pump)
{
  return pump_file (pump) && may_complete (pump) && mailstream_write (pump->smtp->stream, ".\r\n", 3) == 3;
}

static SoBodyResult
why_stopped (const Pump *pump)
{
  if (pump->stop != SO_BODY_SENT)
    return pump->stop;
  gboolean spoke = so_transport_state (pump->smtp->transport) == SO_TRANSPORT_SPOKE;
  return spoke ? SO_BODY_OBJECTION : SO_BODY_LOST;
}

SoBodyResult
so_body_put (SoSmtp *smtp, SoTransaction *envelope, const SoFeed *feed)
{
  g_autofree Pump *pump = g_new (Pump, 1);
  pump->smtp = smtp;
  pump->submission = envelope->submission;
  pump->feed = feed;
  pump->produced = 0;
  pump->filled = 0;
  pump->stop = SO_BODY_SENT;
  so_wire_init (&pump->wire, !smtp->ehlo.chunking);
  if (!(smtp->ehlo.chunking ? put_bdat (pump) : put_data (pump)))
    return why_stopped (pump);
  envelope->dot_at = so_transport_written (smtp->transport) + smtp->stream->write_buffer_len;
  return SO_BODY_SENT;
}
