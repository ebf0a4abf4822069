/*
 * hand-pipelined.c - the least a submission client can do, as the measure of all others.
 *
 * One connection: greeting, EHLO, STARTTLS (or --implicit), certificate verified, AUTH PLAIN;
 * then messages whose end leaves together with MAIL, RCPT and DATA of the next; QUIT, the
 * answer to which nobody waits for.  The messages are generated (--messages, --size) or
 * taken from a folder (--from; --sync adds what durability costs: a line of log and an
 * fsync for each).  --bulk FILE sends one file (CRLF, no dots) as it is by a bare SSL_write
 * loop.  There is no dot-stuffing, no time-out, and any surprise ends it: a reference, not
 * a client.
 */
#include "config.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct
{
  int port, messages, size;
  char *ca, *user, *password_command, *from, *bulk;
  gboolean implicit, sync;
} Wish;

typedef struct
{
  int fd;
  SSL *ssl;
  char buffer[8192];
  gsize start, end;
} Wire;

static _Noreturn void
give_up (const char *what)
{
  fprintf (stderr, "hand-pipelined: %s\n", what);
  exit (1);
}

static void
put (Wire *wire, const char *bytes, gsize length)
{
  gssize sent = wire->ssl != NULL ? SSL_write (wire->ssl, bytes, (int) length)
                                  : write (wire->fd, bytes, length);
  if (sent != (gssize) length)
    give_up ("write failed");
}

/* Reads one reply, which must begin with this digit. */
static void
expect (Wire *wire, char digit)
{
  for (;;)
    {
      char *at = wire->buffer + wire->start;
      char *newline = memchr (at, '\n', wire->end - wire->start);
      if (newline != NULL)
        {
          wire->start = (gsize) (newline + 1 - wire->buffer);
          if (newline - at < 4 || at[0] != digit)
            give_up (at);
          if (at[3] != '-')
            return;
          continue;
        }
      memmove (wire->buffer, at, wire->end - wire->start);
      wire->end -= wire->start;
      wire->start = 0;
      gsize room = sizeof wire->buffer - wire->end;
      gssize got = wire->ssl != NULL ? SSL_read (wire->ssl, wire->buffer + wire->end, (int) room)
                                     : read (wire->fd, wire->buffer + wire->end, room);
      if (got <= 0)
        give_up ("connection lost");
      wire->end += (gsize) got;
    }
}

static void
say (Wire *wire, const char *line, char digit)
{
  put (wire, line, strlen (line));
  expect (wire, digit);
}

static void
start_tls (Wire *wire, const char *ca)
{
  SSL_CTX *context = SSL_CTX_new (TLS_client_method ());
  SSL_CTX_set_min_proto_version (context, TLS1_2_VERSION);
  if (SSL_CTX_load_verify_file (context, ca) != 1)
    give_up ("no CA file");
  SSL_CTX_set_verify (context, SSL_VERIFY_PEER, NULL);
  wire->ssl = SSL_new (context);
  SSL_set1_host (wire->ssl, "localhost");
  SSL_set_tlsext_host_name (wire->ssl, "localhost");
  SSL_set_fd (wire->ssl, wire->fd);
  if (SSL_connect (wire->ssl) != 1)
    give_up ("TLS handshake failed");
}

static void
log_in (Wire *wire, const Wish *wish)
{
  g_autofree char *password = NULL;
  if (!g_spawn_command_line_sync (wish->password_command, &password, NULL, NULL, NULL))
    give_up ("the password command failed");
  g_strchomp (password);
  gsize user = strlen (wish->user), length = user + strlen (password) + 2;
  g_autofree char *plain = g_malloc0 (length + 1);
  memcpy (plain + 1, wish->user, user);
  memcpy (plain + user + 2, password, strlen (password));
  g_autofree char *response = g_base64_encode ((guchar *) plain, length);
  g_autofree char *line = g_strdup_printf ("AUTH PLAIN %s\r\n", response);
  say (wire, line, '2');
}

static void
open_session (Wire *wire, const Wish *wish)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons ((guint16) wish->port),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int on = 1;
  wire->fd = socket (AF_INET, SOCK_STREAM, 0);
  if (connect (wire->fd, (struct sockaddr *) &address, sizeof address) != 0)
    give_up ("cannot connect");
  setsockopt (wire->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (wish->implicit)
    start_tls (wire, wish->ca);
  expect (wire, '2');
  if (!wish->implicit)
    {
      say (wire, "EHLO bench.test\r\n", '2');
      say (wire, "STARTTLS\r\n", '2');
      start_tls (wire, wish->ca);
    }
  say (wire, "EHLO bench.test\r\n", '2');
  log_in (wire, wish);
}

static GBytes *
make_message (int size)
{
  GString *text = g_string_new ("From: me@example.org\r\nTo: you@example.org\r\n"
                                "Subject: bench\r\n\r\n");
  while (text->len + 2 < (gsize) size)
    {
      gsize left = (gsize) size - text->len - 2;
      for (gsize i = MIN (left, 76); i > 0; i--)
        g_string_append_c (text, 'x');
      g_string_append (text, "\r\n");
    }
  return g_string_free_to_bytes (text);
}

/* The files of a folder by name; their removal is part of the work. */
static GPtrArray *
list_folder (const char *folder)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (paths, g_build_filename (folder, name, NULL));
  return paths;
}

#define ENVELOPE "MAIL FROM:<me@example.org>\r\nRCPT TO:<you@example.org>\r\nDATA\r\n"

static void
expect_envelope (Wire *wire)
{
  expect (wire, '2');
  expect (wire, '2');
  expect (wire, '3');
}

/* A message is over: what a queue would have to make durable, and its removal. */
static void
note_done (const Wish *wish, int log, const char *path)
{
  if (wish->sync && (dprintf (log, "%s 250\n", path) < 0 || fsync (log) != 0))
    give_up ("cannot write the log");
  unlink (path);
}

static void
send_messages (Wire *wire, const Wish *wish)
{
  g_autoptr (GBytes) made = make_message (wish->size);
  g_autoptr (GPtrArray) paths = wish->from != NULL ? list_folder (wish->from) : NULL;
  g_autoptr (GString) flight = g_string_new (NULL);
  g_autofree char *log_path = wish->sync ? g_strconcat (wish->from, ".log", NULL) : NULL;
  int log = wish->sync ? open (log_path, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
  int n = paths != NULL ? (int) paths->len : wish->messages;
  put (wire, ENVELOPE, strlen (ENVELOPE));
  expect_envelope (wire);
  for (int i = 0; i < n; i++)
    {
      g_autofree char *text = NULL;
      gsize length = 0;
      const char *bytes = g_bytes_get_data (made, &length);
      if (paths != NULL && g_file_get_contents (paths->pdata[i], &text, &length, NULL))
        bytes = text;
      g_string_truncate (flight, 0);
      g_string_append_len (flight, bytes, (gssize) length);
      g_string_append (flight, ".\r\n");
      if (i + 1 < n)
        g_string_append (flight, ENVELOPE);
      put (wire, flight->str, flight->len);
      expect (wire, '2');
      if (paths != NULL)
        note_done (wish, log, paths->pdata[i]);
      if (i + 1 < n)
        expect_envelope (wire);
    }
  if (log >= 0)
    close (log);
}

static void
send_bulk (Wire *wire, const char *path)
{
  static char block[65536];
  int fd = open (path, O_RDONLY);
  gssize got;
  put (wire, ENVELOPE, strlen (ENVELOPE));
  expect_envelope (wire);
  while ((got = read (fd, block, sizeof block)) > 0)
    put (wire, block, (gsize) got);
  close (fd);
  say (wire, ".\r\n", '2');
}

int
main (int argc, char **argv)
{
  Wish wish = { .messages = 1, .size = 1024, .user = (char *) "me@example.org" };
  GOptionEntry entries[]
      = { { "port", 0, 0, G_OPTION_ARG_INT, &wish.port, "on loopback", "N" },
          { "ca", 0, 0, G_OPTION_ARG_FILENAME, &wish.ca, "trusted certificate", "FILE" },
          { "user", 0, 0, G_OPTION_ARG_STRING, &wish.user, "for AUTH PLAIN", "NAME" },
          { "password-command", 0, 0, G_OPTION_ARG_STRING, &wish.password_command, "", "COMMAND" },
          { "implicit", 0, 0, G_OPTION_ARG_NONE, &wish.implicit, "implicit TLS", NULL },
          { "messages", 0, 0, G_OPTION_ARG_INT, &wish.messages, "how many", "N" },
          { "size", 0, 0, G_OPTION_ARG_INT, &wish.size, "of a message", "OCTETS" },
          { "from", 0, 0, G_OPTION_ARG_FILENAME, &wish.from, "messages to send", "DIR" },
          { "sync", 0, 0, G_OPTION_ARG_NONE, &wish.sync, "fsync for each message", NULL },
          { "bulk", 0, 0, G_OPTION_ARG_FILENAME, &wish.bulk, "one file, as it is", "FILE" },
          { NULL } };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, NULL) || wish.ca == NULL
      || wish.password_command == NULL)
    give_up ("--port, --ca and --password-command are needed");
  Wire wire = { 0 };
  open_session (&wire, &wish);
  if (wish.bulk != NULL)
    send_bulk (&wire, wish.bulk);
  else
    send_messages (&wire, &wish);
  put (&wire, "QUIT\r\n", 6);
  SSL_shutdown (wire.ssl);
  close (wire.fd);
  return 0;
}
