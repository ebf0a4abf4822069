/*
 * transport.c - octets in and out of a socket or a TLS session, never without a deadline.
 *
 * The driver functions follow libetpan's rule: octets moved, or -1.  Progress is at
 * least PROGRESS_OCTETS handed over (or, after the last octet, acknowledged by the
 * peer's kernel): it starts the phase anew and does not count against the total, so a
 * slow line gets its time and a peer that drips does not.
 */
#include "config.h"

#include <errno.h>
#include <linux/sockios.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sendoff/clock.h"
#include "transport-private.h"

#define STREAM_BUFFER 16384     /* one TLS record (RFC 8446 5.1) */
#define GATHERED_OCTETS 73728   /* four records and what TLS adds to them */
#define PROGRESS_OCTETS 16384
#define UNSENT_LOOK_US (500 * 1000) /* how often the kernel's queue is looked at */

static gboolean
fail (SoTransport *transport, SoTransportState state)
{
  if (transport->state == SO_TRANSPORT_WELL || transport->state == SO_TRANSPORT_SPOKE)
    transport->state = state;
  return FALSE;
}

static void
set_mark (SoTransport *transport)
{
  transport->mark_written = transport->written;
  transport->mark_us = so_clock_monotonic_us ();
  transport->mark_unsent = -1;
}

static void
earn_time (SoTransport *transport)
{
  if (!transport->body || transport->written - transport->mark_written < PROGRESS_OCTETS)
    return;
  so_deadline_credit (transport->deadline, transport->mark_us);
  set_mark (transport);
}

/* TRUE if the kernel's queue has shrunk enough since the last look. */
static gboolean
queue_shrinks (SoTransport *transport)
{
  int unsent = 0;
  if (ioctl (transport->fd, SIOCOUTQ, &unsent) != 0 || unsent == 0)
    return FALSE;
  gboolean shrank = transport->mark_unsent - unsent >= PROGRESS_OCTETS;
  if (transport->mark_unsent < 0 || shrank)
    transport->mark_unsent = unsent;
  return shrank;
}

/* One wait; while a body drains from the kernel's queue it is made of several looks. */
static SoWait
wait_looking (SoTransport *transport, short events, short *revents)
{
  SoDeadline look = *transport->deadline;
  for (;;)
    {
      gint64 began = so_clock_monotonic_us ();
      if (transport->body)
        look.phase_end_us = MIN (transport->deadline->phase_end_us, began + UNSENT_LOOK_US);
      SoWait wait = so_deadline_wait (&look, transport->fd, events, revents);
      transport->deadline->stopped_us = look.stopped_us;
      if (wait != SO_WAIT_TIMEOUT || !transport->body)
        return wait;
      if (queue_shrinks (transport))
        {
          so_deadline_credit (transport->deadline, transport->mark_us);
          transport->mark_us = so_clock_monotonic_us ();
          look = *transport->deadline;
        }
      if (so_deadline_left_us (transport->deadline) == 0)
        return SO_WAIT_TIMEOUT;
    }
}

static gboolean
await_noting (SoTransport *transport, short events, short *revents)
{
  switch (wait_looking (transport, events, revents))
    {
    case SO_WAIT_READY:
      return TRUE;
    case SO_WAIT_TIMEOUT:
      return fail (transport, SO_TRANSPORT_TIMEOUT);
    case SO_WAIT_INTERRUPTED:
      return fail (transport, SO_TRANSPORT_INTERRUPTED);
    default:
      return fail (transport, SO_TRANSPORT_BROKEN);
    }
}

gboolean
so_transport_await (SoTransport *transport, short events)
{
  return await_noting (transport, events, NULL);
}

gboolean
so_transport_await_ssl (SoTransport *transport, int result)
{
  int why = SSL_get_error (transport->ssl, result);
  switch (why)
    {
    case SSL_ERROR_WANT_READ:
      return so_transport_await (transport, POLLIN);
    case SSL_ERROR_WANT_WRITE:
      return so_transport_await (transport, POLLOUT);
    case SSL_ERROR_ZERO_RETURN:
      return fail (transport, SO_TRANSPORT_CLOSED);
    case SSL_ERROR_SYSCALL:
      return fail (transport, errno == ECONNRESET || errno == EPIPE ? SO_TRANSPORT_RESET
                                                                    : SO_TRANSPORT_TRUNCATED);
    default:
      if (ERR_GET_REASON (ERR_peek_error ()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return fail (transport, SO_TRANSPORT_TRUNCATED);
      return fail (transport, SO_TRANSPORT_BROKEN);
    }
}

/* One try to read, without waiting: octets, 0 for "nothing there", -1 for the end. */
static ssize_t
read_now (SoTransport *transport, void *buffer, size_t count, int *ssl_result)
{
  if (transport->ssl == NULL)
    {
      ssize_t n = recv (transport->fd, buffer, count, MSG_DONTWAIT);
      if (n > 0)
        return n;
      if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
      fail (transport, n == 0 ? SO_TRANSPORT_CLOSED : SO_TRANSPORT_RESET);
      return -1;
    }
  ERR_clear_error ();
  *ssl_result = SSL_read (transport->ssl, buffer, (int) MIN (count, G_MAXINT));
  return MAX (*ssl_result, 0);
}

static ssize_t
take_early (SoTransport *transport, void *buffer, size_t count)
{
  guint n = (guint) MIN (count, transport->early->len);
  memcpy (buffer, transport->early->data, n);
  g_byte_array_remove_range (transport->early, 0, n);
  return n;
}

static ssize_t
driver_read (mailstream_low *low, void *buffer, size_t count)
{
  SoTransport *transport = low->data;
  if (transport->early->len > 0)
    return take_early (transport, buffer, count);
  for (;;)
    {
      int ssl_result = 0;
      ssize_t n = read_now (transport, buffer, count, &ssl_result);
      if (n != 0)
        return n;
      if (transport->ssl != NULL ? !so_transport_await_ssl (transport, ssl_result)
                                 : !so_transport_await (transport, POLLIN))
        return -1;
    }
}

gboolean
so_transport_has_input (SoTransport *transport)
{
  if (transport->early->len > 0)
    return TRUE;
  guint8 octets[512];
  int ssl_result = 0;
  ssize_t n = read_now (transport, octets, sizeof octets, &ssl_result);
  if (n > 0)
    g_byte_array_append (transport->early, octets, (guint) n);
  if (n == 0 && transport->ssl != NULL)
    {
      int why = SSL_get_error (transport->ssl, ssl_result);
      if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
        so_transport_await_ssl (transport, ssl_result); /* notes the end */
    }
  return transport->early->len > 0;
}

/* The socket takes no more now.  A peer that speaks in the middle of a body has an
 * objection: stop and let the session read it. */
static gboolean
await_writable (SoTransport *transport)
{
  short revents = 0;
  if (!await_noting (transport, transport->body ? POLLOUT | POLLIN : POLLOUT, &revents))
    return FALSE;
  if (transport->body && (revents & POLLIN) != 0 && so_transport_has_input (transport))
    return fail (transport, SO_TRANSPORT_SPOKE);
  return transport->state == SO_TRANSPORT_WELL;
}

/* Records gather in a buffer, so that those of one write leave in one system call. */
gboolean
so_transport_gather_records (SoTransport *transport)
{
  BIO *gather = BIO_new (BIO_f_buffer ()), *wire = SSL_get_rbio (transport->ssl);
  if (gather == NULL || BIO_set_write_buffer_size (gather, GATHERED_OCTETS) != 1)
    {
      BIO_free (gather);
      return FALSE;
    }
  BIO_up_ref (wire);
  SSL_set0_wbio (transport->ssl, BIO_push (gather, wire));
  return TRUE;
}

static gboolean
flush_records (SoTransport *transport)
{
  BIO *gather = SSL_get_wbio (transport->ssl);
  while (BIO_flush (gather) <= 0)
    {
      if (!BIO_should_retry (gather))
        return fail (transport, SO_TRANSPORT_RESET);
      if (!await_writable (transport))
        return FALSE;
    }
  return TRUE;
}

/* One try to write: octets, 0 for "not now", -1 for failure.  All of count counts as
 * written only when it has left: so_transport_written() decides what is uncertain. */
static ssize_t
write_now (SoTransport *transport, const void *buffer, size_t count)
{
  if (transport->ssl == NULL)
    {
      ssize_t n = send (transport->fd, buffer, count, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n >= 0 || errno == EAGAIN || errno == EINTR)
        return MAX (n, 0);
      fail (transport, SO_TRANSPORT_RESET);
      return -1;
    }
  ERR_clear_error ();
  int n = SSL_write (transport->ssl, buffer, (int) MIN (count, G_MAXINT));
  if (n > 0)
    return (size_t) n < count || flush_records (transport) ? n : -1;
  int why = SSL_get_error (transport->ssl, n);
  if (why == SSL_ERROR_WANT_WRITE)
    return 0;
  return so_transport_await_ssl (transport, n) ? 0 : -1;
}

static ssize_t
driver_write (mailstream_low *low, const void *buffer, size_t count)
{
  SoTransport *transport = low->data;
  for (;;)
    {
      ssize_t n = write_now (transport, buffer, count);
      if (n > 0)
        {
          transport->written += (guint64) n;
          earn_time (transport);
        }
      if (n != 0)
        return n;
      if (!await_writable (transport))
        return -1;
    }
}

static int
driver_close (mailstream_low *low)
{
  (void) low;
  return 0;
}

static int
driver_get_fd (mailstream_low *low)
{
  return ((SoTransport *) low->data)->fd;
}

static void
driver_free (mailstream_low *low)
{
  free (low);
}

static mailstream_low_driver driver = {
  .mailstream_read = driver_read,
  .mailstream_write = driver_write,
  .mailstream_close = driver_close,
  .mailstream_get_fd = driver_get_fd,
  .mailstream_free = driver_free,
};

SoTransport *
so_transport_new (int fd, SoDeadline *deadline)
{
  SoTransport *transport = g_new0 (SoTransport, 1);
  transport->fd = fd;
  transport->deadline = deadline;
  transport->early = g_byte_array_new ();
  mailstream_low *low = mailstream_low_new (transport, &driver);
  transport->stream = low != NULL ? mailstream_new (low, STREAM_BUFFER) : NULL;
  if (transport->stream == NULL)
    g_error ("out of memory");
  return transport;
}

mailstream *
so_transport_stream (SoTransport *transport)
{
  return transport->stream;
}

gboolean
so_transport_is_tls (const SoTransport *transport)
{
  return transport->ssl != NULL;
}

SoTransportState
so_transport_state (const SoTransport *transport)
{
  return transport->state;
}

guint64
so_transport_written (const SoTransport *transport)
{
  return transport->written;
}

int
so_transport_fd (const SoTransport *transport)
{
  return transport->fd;
}

void
so_transport_set_body (SoTransport *transport, gboolean body)
{
  transport->body = body;
  set_mark (transport);
  if (transport->state == SO_TRANSPORT_SPOKE)
    transport->state = SO_TRANSPORT_WELL;
}

void
so_transport_free (SoTransport *transport)
{
  if (transport == NULL)
    return;
  if (transport->ssl != NULL)
    {
      /* What is still gathered must not leave after all, with the farewell. */
      if (transport->state == SO_TRANSPORT_WELL && BIO_wpending (SSL_get_wbio (transport->ssl)) == 0)
        SSL_shutdown (transport->ssl); /* sends close_notify, does not wait for the peer's */
      SSL_free (transport->ssl);
    }
  mailstream_close (transport->stream);
  close (transport->fd);
  g_byte_array_unref (transport->early);
  g_free (transport);
}
