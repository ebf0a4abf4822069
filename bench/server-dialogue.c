/*
 * server-dialogue.c - what the bench's server says: RFC 5321, 3207, 4954, 2920, 3030.
 *
 * Polite and quick; it takes every sender and recipient.  A message is digested or stored
 * on request, otherwise its octets are counted and forgotten.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

typedef struct
{
  Link *link;
  Settings *settings;
  char *buffer; /* BUFFER octets, from start to end unread */
  gsize start, end;
  gboolean mail;
  guint recipients;
  gsize length; /* of the message so far */
  GChecksum *checksum;
  FILE *file;
} Dialogue;

enum { BUFFER = 1 << 17 };

static gboolean
fill (Dialogue *d)
{
  if (d->start == d->end)
    d->start = d->end = 0;
  if (d->end == BUFFER)
    {
      if (d->start == 0)
        return FALSE; /* a line longer than the buffer */
      memmove (d->buffer, d->buffer + d->start, d->end - d->start);
      d->end -= d->start;
      d->start = 0;
    }
  gssize got = link_read (d->link, d->buffer + d->end, BUFFER - d->end);
  if (got <= 0)
    return FALSE;
  d->end += (gsize) got;
  return TRUE;
}

/* The next line without its end, in the buffer until the next call; NULL at the end. */
static char *
next_line (Dialogue *d)
{
  gsize seen = 0;
  char *end;
  while ((end = memchr (d->buffer + d->start + seen, '\n', d->end - d->start - seen)) == NULL)
    {
      seen = d->end - d->start;
      if (!fill (d))
        return NULL;
    }
  char *line = d->buffer + d->start;
  d->start = (gsize) (end + 1 - d->buffer);
  *end = '\0';
  if (end > line && end[-1] == '\r')
    end[-1] = '\0';
  return line;
}

static void
message_begin (Dialogue *d)
{
  d->length = 0;
  if (d->settings->digest && d->checksum == NULL)
    d->checksum = g_checksum_new (G_CHECKSUM_SHA256);
  if (d->settings->store != NULL && d->file == NULL)
    {
      gint number = g_atomic_int_add (&d->settings->stored, 1);
      g_autofree char *path = g_strdup_printf ("%s/%06d.eml", d->settings->store, number);
      d->file = fopen (path, "wb");
    }
}

static void
message_take (Dialogue *d, const char *bytes, gsize length)
{
  d->length += length;
  if (d->checksum != NULL)
    g_checksum_update (d->checksum, (const guchar *) bytes, (gssize) length);
  if (d->file != NULL)
    fwrite (bytes, 1, length, d->file);
}

static void
message_end (Dialogue *d)
{
  Counters *counters = &d->settings->counters;
  g_atomic_int_inc (&counters->messages);
  g_atomic_int_add (&counters->recipients, (gint) d->recipients);
  g_atomic_pointer_add (&counters->bytes, (gssize) d->length);
  __atomic_store_n (&counters->last_us, g_get_monotonic_time (), __ATOMIC_RELAXED);
  if (d->checksum != NULL)
    {
      g_mutex_lock (&d->settings->lock);
      g_strlcpy (d->settings->last_digest, g_checksum_get_string (d->checksum),
                 sizeof d->settings->last_digest);
      g_mutex_unlock (&d->settings->lock);
      g_clear_pointer (&d->checksum, g_checksum_free);
    }
  g_clear_pointer (&d->file, fclose);
  d->mail = FALSE;
  d->recipients = 0;
  link_say (d->link, "250 2.0.0 Ok: queued as BENCH\r\n");
}

/* Reads up to the final dot, taking the doubled ones away. */
static gboolean
read_body (Dialogue *d)
{
  gboolean at_line_start = TRUE;
  message_begin (d);
  for (;;)
    {
      char *at = d->buffer + d->start;
      gsize here = d->end - d->start;
      char *newline = here > 0 ? memchr (at, '\n', here) : NULL;
      if (newline == NULL && here < BUFFER / 2)
        {
          if (!fill (d))
            return FALSE;
          continue;
        }
      gsize length = newline != NULL ? (gsize) (newline + 1 - at) : here;
      d->start += length;
      if (at_line_start && *at == '.')
        {
          if (length == 3 && at[1] == '\r')
            return TRUE;
          at++;
          length--;
        }
      message_take (d, at, length);
      at_line_start = newline != NULL;
    }
}

static gboolean
do_data (Dialogue *d)
{
  if (d->recipients == 0)
    {
      link_say (d->link, "503 5.5.1 No recipients\r\n");
      return TRUE;
    }
  link_say (d->link, "354 Go ahead\r\n");
  if (!read_body (d))
    return FALSE;
  message_end (d);
  return TRUE;
}

static gboolean
do_bdat (Dialogue *d, const char *line)
{
  char *rest;
  guint64 left = strtoull (line + 5, &rest, 10);
  gboolean last = g_ascii_strcasecmp (g_strstrip (rest), "LAST") == 0;
  if (d->length == 0)
    message_begin (d);
  while (left > 0)
    {
      if (d->start == d->end && !fill (d))
        return FALSE;
      gsize here = MIN (d->end - d->start, left);
      message_take (d, d->buffer + d->start, here);
      d->start += here;
      left -= here;
    }
  if (!last)
    link_say (d->link, "250 2.0.0 Ok\r\n");
  else
    {
      message_end (d);
      d->length = 0;
    }
  return TRUE;
}

static void
do_ehlo (Dialogue *d)
{
  g_autofree char *text
      = g_strdup_printf ("250-bench.test\r\n%s%s%s250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n"
                         "250-DSN\r\n250-SMTPUTF8\r\n250 SIZE %" G_GUINT64_FORMAT "\r\n",
                         d->settings->pipelining ? "250-PIPELINING\r\n" : "",
                         d->settings->chunking ? "250-CHUNKING\r\n" : "",
                         d->link->ssl != NULL ? "250-AUTH PLAIN LOGIN\r\n" : "250-STARTTLS\r\n",
                         d->settings->size);
  link_say (d->link, text);
}

/* The password of a PLAIN response: authorization NUL user NUL password. */
static gboolean
plain_is_right (const Dialogue *d, const char *response)
{
  gsize length = 0;
  g_autofree guchar *octets = g_base64_decode (response, &length);
  const guchar *first = memchr (octets, '\0', length);
  if (first == NULL)
    return FALSE;
  gsize left = length - (gsize) (first + 1 - octets);
  const guchar *second = memchr (first + 1, '\0', left);
  if (second == NULL)
    return FALSE;
  gsize size = length - (gsize) (second + 1 - octets);
  const char *wanted = d->settings->password;
  return wanted == NULL
         || (size == strlen (wanted) && memcmp (second + 1, wanted, size) == 0);
}

static gboolean
login_is_right (Dialogue *d, gboolean has_user)
{
  if (!has_user)
    {
      link_say (d->link, "334 VXNlcm5hbWU6\r\n");
      if (next_line (d) == NULL)
        return FALSE;
    }
  link_say (d->link, "334 UGFzc3dvcmQ6\r\n");
  const char *line = next_line (d);
  if (line == NULL)
    return FALSE;
  gsize length = 0;
  g_autofree guchar *octets = g_base64_decode (line, &length);
  const char *wanted = d->settings->password;
  return wanted == NULL || (length == strlen (wanted) && memcmp (octets, wanted, length) == 0);
}

static void
do_auth (Dialogue *d, char *line)
{
  g_auto (GStrv) words = g_strsplit_set (line, " ", 3);
  guint n = g_strv_length (words);
  gboolean right = FALSE;
  if (n > 1 && g_ascii_strcasecmp (words[1], "LOGIN") == 0)
    right = login_is_right (d, n > 2);
  else if (n > 2)
    right = plain_is_right (d, words[2]);
  else
    {
      link_say (d->link, "334 \r\n");
      const char *response = next_line (d);
      right = response != NULL && plain_is_right (d, response);
    }
  if (right)
    g_atomic_int_inc (&d->settings->counters.logins);
  link_say (d->link, right ? "235 2.7.0 Authentication successful\r\n"
                           : "535 5.7.8 Authentication failed\r\n");
}

static gboolean
do_starttls (Dialogue *d)
{
  link_say (d->link, "220 2.0.0 Ready to start TLS\r\n");
  d->start = d->end = 0;
  return link_start_tls (d->link);
}

/* One command; FALSE ends the connection. */
static gboolean
do_command (Dialogue *d, char *line)
{
  char verb[5] = "";
  g_strlcpy (verb, line, sizeof verb);
  g_autofree char *upper = g_ascii_strup (verb, -1);
  if (strcmp (upper, "EHLO") == 0 || strcmp (upper, "HELO") == 0)
    do_ehlo (d);
  else if (strcmp (upper, "STAR") == 0 && d->link->ssl == NULL)
    return do_starttls (d);
  else if (strcmp (upper, "AUTH") == 0)
    do_auth (d, line);
  else if (strcmp (upper, "MAIL") == 0)
    {
      d->mail = TRUE;
      link_say (d->link, "250 2.1.0 Ok\r\n");
    }
  else if (strcmp (upper, "RCPT") == 0)
    {
      if (d->mail)
        d->recipients++;
      link_say (d->link, d->mail ? "250 2.1.5 Ok\r\n" : "503 5.5.1 MAIL first\r\n");
    }
  else if (strcmp (upper, "DATA") == 0)
    return do_data (d);
  else if (strcmp (upper, "BDAT") == 0)
    return do_bdat (d, line);
  else if (strcmp (upper, "QUIT") == 0)
    {
      link_say (d->link, "221 2.0.0 Bye\r\n");
      return FALSE;
    }
  else if (strcmp (upper, "RSET") == 0 || strcmp (upper, "NOOP") == 0)
    link_say (d->link, "250 2.0.0 Ok\r\n");
  else
    link_say (d->link, "500 5.5.1 Unknown command\r\n");
  return TRUE;
}

void
dialogue_run (Link *link)
{
  Dialogue d = { .link = link, .settings = link->settings, .buffer = g_malloc (BUFFER) };
  link_say (link, "220 bench.test ESMTP\r\n");
  char *line;
  while ((line = next_line (&d)) != NULL && do_command (&d, line))
    ;
  g_clear_pointer (&d.checksum, g_checksum_free);
  g_clear_pointer (&d.file, fclose);
  g_free (d.buffer);
}
