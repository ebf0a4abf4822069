/* script-server.c - see script-server.h. */
#include "script-server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct ScriptServer
{
  int listener;
  guint16 port;
  const char *const *const *connections;
  GString *seen;
  char *complaint;
  GThread *thread;
};

typedef struct
{
  ScriptServer *server;
  int fd;
} Peer;

static gboolean
read_octet (Peer *peer, char *octet)
{
  struct pollfd ready = { .fd = peer->fd, .events = POLLIN };
  if (poll (&ready, 1, 5000) != 1 || recv (peer->fd, octet, 1, 0) != 1)
    return FALSE;
  g_string_append_c (peer->server->seen, *octet);
  return TRUE;
}

static gboolean
expect_line (Peer *peer, const char *prefix)
{
  g_autoptr (GString) line = g_string_new (NULL);
  char octet;
  while (read_octet (peer, &octet))
    {
      g_string_append_c (line, octet);
      if (octet == '\n')
        return g_str_has_prefix (line->str, prefix) && g_str_has_suffix (line->str, "\r\n");
    }
  return FALSE;
}

static gboolean
read_until (Peer *peer, const char *end)
{
  gsize start = peer->server->seen->len;
  char octet;
  while (read_octet (peer, &octet))
    if (g_str_has_suffix (peer->server->seen->str + start, end))
      return TRUE;
  return FALSE;
}

static gboolean
read_count (Peer *peer, int count)
{
  char octet;
  while (count-- > 0)
    if (!read_octet (peer, &octet))
      return FALSE;
  return TRUE;
}

static gboolean
is_quiet (Peer *peer)
{
  struct pollfd ready = { .fd = peer->fd, .events = POLLIN };
  return poll (&ready, 1, 100) == 0;
}

static void
close_hard (Peer *peer)
{
  const struct linger now = { 1, 0 };
  setsockopt (peer->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

static gboolean
say (Peer *peer, const char *text, const char *end)
{
  g_autofree char *line = g_strconcat (text, end, NULL);
  return send (peer->fd, line, strlen (line), MSG_NOSIGNAL) == (ssize_t) strlen (line);
}

static gboolean
play (Peer *peer, const char *line)
{
  const char *argument = line[2] == ' ' ? line + 3 : line + 2;
  switch (line[0])
    {
    case 'S':
      return say (peer, argument, "\r\n");
    case 's':
      return say (peer, argument, "");
    case 'E':
      return expect_line (peer, argument);
    case 'D':
      return read_until (peer, "\r\n.\r\n");
    case 'N':
      return read_count (peer, atoi (argument));
    case 'P':
      return is_quiet (peer);
    case 'W':
      g_usleep ((gulong) atoi (argument) * 1000);
      return TRUE;
    case 'R':
      close_hard (peer);
      return TRUE;
    default:
      return line[0] == 'X';
    }
}

static gpointer
serve (gpointer data)
{
  ScriptServer *server = data;
  for (const char *const *const *script = server->connections; *script != NULL; script++)
    {
      struct pollfd ready = { .fd = server->listener, .events = POLLIN };
      Peer peer = { server, poll (&ready, 1, 5000) == 1 ? accept (server->listener, NULL, NULL) : -1 };
      for (const char *const *line = *script; *line != NULL && server->complaint == NULL; line++)
        if (peer.fd < 0 || !play (&peer, *line))
          server->complaint = g_strdup_printf ("script line “%s” after: %s", *line, server->seen->str);
      if (peer.fd >= 0)
        close (peer.fd);
    }
  return NULL;
}

ScriptServer *
script_server_start (const char *const *const *connections)
{
  ScriptServer *server = g_new0 (ScriptServer, 1);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  server->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (server->listener, (struct sockaddr *) &address, length), ==, 0);
  g_assert_cmpint (listen (server->listener, 5), ==, 0);
  g_assert_cmpint (getsockname (server->listener, (struct sockaddr *) &address, &length), ==, 0);
  server->port = ntohs (address.sin_port);
  server->connections = connections;
  server->seen = g_string_new (NULL);
  server->thread = g_thread_new ("script", serve, server);
  return server;
}

guint16
script_server_port (const ScriptServer *server)
{
  return server->port;
}

char *
script_server_finish (ScriptServer *server)
{
  g_thread_join (server->thread);
  if (server->complaint != NULL)
    g_error ("%s", server->complaint);
  close (server->listener);
  char *seen = g_string_free (server->seen, FALSE);
  g_free (server);
  return seen;
}
