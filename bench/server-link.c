/*
 * server-link.c - octets of one connection: delay, flights, records, TLS.
 *
 * Answers gather until the client has nothing more to say; then the delay passes and they
 * leave in one piece.  So a flight of the client's costs one delay whatever it holds, and
 * the count of flights is the count of round trips a distant server would have made the
 * client wait for.  TLS runs over a BIO of our own so that its handshake counts as well.
 */
#include "config.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server.h"

static void
flush_answers (Link *link)
{
  gint delay = g_atomic_int_get (&link->settings->delay_us);
  if (delay > 0)
    g_usleep ((gulong) delay);
  const guint8 *at = link->answers->data;
  gsize left = link->answers->len;
  while (left > 0)
    {
      gssize sent = send (link->fd, at, left, MSG_NOSIGNAL);
      if (sent <= 0)
        break; /* the client is gone; reading will say so */
      at += sent;
      left -= (gsize) sent;
    }
  g_byte_array_set_size (link->answers, 0);
  link->answered = TRUE;
}

/* Octets as they stand on the wire. */
static gssize
wire_read (Link *link, char *buffer, gsize size)
{
  gssize got = -1;
  if (link->answers->len > 0)
    {
      got = recv (link->fd, buffer, size, MSG_DONTWAIT);
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        flush_answers (link);
      else if (got <= 0)
        return got;
    }
  while (got < 0)
    {
      got = recv (link->fd, buffer, size, 0);
      if (got < 0 && errno != EINTR)
        return got;
    }
  if (got > 0 && link->answered)
    {
      link->answered = FALSE;
      g_atomic_int_inc (&link->settings->counters.flights);
    }
  return got;
}

static int
bio_read (BIO *bio, char *buffer, int size)
{
  return (int) wire_read (BIO_get_data (bio), buffer, (gsize) size);
}

static int
bio_write (BIO *bio, const char *bytes, int size)
{
  Link *link = BIO_get_data (bio);
  g_byte_array_append (link->answers, (const guint8 *) bytes, (guint) size);
  return size;
}

static long
bio_ctrl (BIO *bio, int command, long number, void *pointer)
{
  (void) bio;
  (void) number;
  (void) pointer;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static int
bio_create (BIO *bio)
{
  BIO_set_init (bio, 1);
  return 1;
}

static gpointer
make_bio_method (gpointer unused)
{
  (void) unused;
  BIO_METHOD *method = BIO_meth_new (BIO_get_new_index () | BIO_TYPE_SOURCE_SINK, "flights");
  BIO_meth_set_read (method, bio_read);
  BIO_meth_set_write (method, bio_write);
  BIO_meth_set_ctrl (method, bio_ctrl);
  BIO_meth_set_create (method, bio_create);
  return method;
}

static void
count_record (int write_p, int version, int content_type, const void *buffer, size_t length,
              SSL *ssl, void *argument)
{
  (void) version;
  (void) buffer;
  (void) length;
  (void) ssl;
  if (!write_p && content_type == SSL3_RT_HEADER)
    g_atomic_int_inc (&((Link *) argument)->settings->counters.records);
}

void
link_init (Link *link, Settings *settings, int fd)
{
  *link = (Link){ .settings = settings, .fd = fd, .answers = g_byte_array_new () };
}

gboolean
link_start_tls (Link *link)
{
  static GOnce once = G_ONCE_INIT;
  BIO *bio = BIO_new (g_once (&once, make_bio_method, NULL));
  BIO_set_data (bio, link);
  link->ssl = SSL_new (link->settings->tls);
  SSL_set_bio (link->ssl, bio, bio);
  SSL_set_msg_callback (link->ssl, count_record);
  SSL_set_msg_callback_arg (link->ssl, link);
  return SSL_accept (link->ssl) == 1;
}

gssize
link_read (Link *link, char *buffer, gsize size)
{
  if (link->ssl == NULL)
    return wire_read (link, buffer, size);
  return SSL_read (link->ssl, buffer, (int) size);
}

void
link_say (Link *link, const char *text)
{
  if (link->ssl == NULL)
    g_byte_array_append (link->answers, (const guint8 *) text, (guint) strlen (text));
  else
    SSL_write (link->ssl, text, (int) strlen (text));
}

void
link_end (Link *link)
{
  if (link->ssl != NULL)
    SSL_shutdown (link->ssl);
  if (link->answers->len > 0)
    flush_answers (link);
  struct tcp_info info = { 0 };
  socklen_t length = sizeof info;
  if (getsockopt (link->fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0)
    g_atomic_int_add (&link->settings->counters.segments, (gint) info.tcpi_data_segs_in);
  SSL_free (link->ssl);
  close (link->fd);
  g_byte_array_unref (link->answers);
}
