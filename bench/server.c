/*
 * server.c - the bench's submission server: options, listeners, counters.
 *
 * Prints {"port":…,"tls_port":…} when it listens (STARTTLS and implicit TLS, loopback).
 * Then it reads commands from its standard input, a line each, and answers each with one
 * JSON object: `stats` prints the counters and sets them to 0 (open connections have not
 * counted their segments yet), `peek` leaves them, `delay MS` changes the delay.  The end
 * of input ends it.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server.h"

typedef struct
{
  Settings *settings;
  int fd;
  gboolean implicit;
} Connection;

typedef struct
{
  Settings *settings;
  int fd;
  gboolean implicit;
} Listener;

static gpointer
serve (gpointer data)
{
  g_autofree Connection *connection = data;
  Counters *counters = &connection->settings->counters;
  Link link;
  link_init (&link, connection->settings, connection->fd);
  if (!connection->implicit || link_start_tls (&link))
    dialogue_run (&link);
  link_end (&link);
  g_atomic_int_add (&counters->open, -1);
  return NULL;
}

static _Noreturn gpointer
listen_for_ever (gpointer data)
{
  const Listener *listener = data;
  for (;;)
    {
      int fd = accept (listener->fd, NULL, NULL);
      if (fd < 0)
        continue;
      int on = 1;
      setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (g_atomic_int_add (&listener->settings->counters.connections, 1) == 0)
        __atomic_store_n (&listener->settings->counters.first_us, g_get_monotonic_time (),
                          __ATOMIC_RELAXED);
      g_atomic_int_inc (&listener->settings->counters.open);
      Connection *connection = g_new (Connection, 1);
      *connection = (Connection){ listener->settings, fd, listener->implicit };
      g_thread_unref (g_thread_new ("connection", serve, connection));
    }
}

/* Listens on loopback; returns the port. */
static int
start_listener (Settings *settings, int port, gboolean implicit)
{
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons ((guint16) port),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  if (bind (fd, (struct sockaddr *) &address, length) != 0 || listen (fd, 512) != 0
      || getsockname (fd, (struct sockaddr *) &address, &length) != 0)
    {
      perror ("bench server: listen");
      exit (1);
    }
  Listener *listener = g_new (Listener, 1);
  *listener = (Listener){ settings, fd, implicit };
  g_thread_unref (g_thread_new ("listener", listen_for_ever, listener));
  return ntohs (address.sin_port);
}

static SSL_CTX *
make_tls (const char *certificate, int tickets)
{
  SSL_CTX *tls = SSL_CTX_new (TLS_server_method ());
  SSL_CTX_set_session_cache_mode (tls, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options (tls, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_num_tickets (tls, (size_t) tickets);
  if (SSL_CTX_use_certificate_chain_file (tls, certificate) != 1
      || SSL_CTX_use_PrivateKey_file (tls, certificate, SSL_FILETYPE_PEM) != 1)
    {
      fprintf (stderr, "bench server: no usable certificate and key in %s\n", certificate);
      exit (1);
    }
  return tls;
}

static void
print_counters (Settings *settings, gboolean reset)
{
  Counters *counters = &settings->counters, was = *counters;
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  g_mutex_lock (&settings->lock);
  printf ("{\"connections\":%d,\"open\":%d,\"flights\":%d,\"records\":%d,\"segments\":%d,"
          "\"messages\":%d,\"recipients\":%d,\"logins\":%d,\"bytes\":%zu,\"sha256\":\"%s\","
          "\"elapsed_ms\":%.3f,\"server_cpu_ms\":%.1f}\n",
          was.connections, was.open, was.flights, was.records, was.segments, was.messages,
          was.recipients, was.logins, was.bytes, settings->last_digest,
          (double) (was.last_us - was.first_us) / 1e3,
          (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3
              + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3);
  g_mutex_unlock (&settings->lock);
  fflush (stdout);
  if (!reset)
    return;
  gint *numbers[] = { &counters->connections, &counters->flights,  &counters->records,
                      &counters->segments,    &counters->messages, &counters->recipients,
                      &counters->logins };
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    g_atomic_int_set (numbers[i], 0);
  g_atomic_pointer_set (&counters->bytes, 0);
}

static void
obey (Settings *settings)
{
  char line[256];
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      if (g_str_has_prefix (line, "stats"))
        print_counters (settings, TRUE);
      else if (g_str_has_prefix (line, "peek"))
        print_counters (settings, FALSE);
      else if (g_str_has_prefix (line, "delay "))
        {
          gint delay_us = (gint) (g_ascii_strtod (line + 6, NULL) * 1000.0);
          g_atomic_int_set (&settings->delay_us, delay_us);
          printf ("{\"delay_us\":%d}\n", delay_us);
          fflush (stdout);
        }
    }
}

int
main (int argc, char **argv)
{
  Settings settings = { .pipelining = TRUE };
  gint port = 0, tls_port = 0, delay = 0, tickets = 0;
  gint64 size = 100 * 1000 * 1000;
  gboolean no_pipelining = FALSE;
  char *certificate = NULL;
  GOptionEntry entries[] = {
    { "port", 0, 0, G_OPTION_ARG_INT, &port, "STARTTLS port (0: a free one)", "N" },
    { "tls-port", 0, 0, G_OPTION_ARG_INT, &tls_port, "implicit TLS port", "N" },
    { "certificate", 0, 0, G_OPTION_ARG_FILENAME, &certificate, "certificate and key", "FILE" },
    { "delay", 0, 0, G_OPTION_ARG_INT, &delay, "before answering a flight", "MS" },
    { "tickets", 0, 0, G_OPTION_ARG_INT, &tickets, "TLS session tickets (0)", "N" },
    { "size", 0, 0, G_OPTION_ARG_INT64, &size, "SIZE announced", "N" },
    { "password", 0, 0, G_OPTION_ARG_STRING, &settings.password, "the right one", "TEXT" },
    { "no-pipelining", 0, 0, G_OPTION_ARG_NONE, &no_pipelining, "do not offer it", NULL },
    { "chunking", 0, 0, G_OPTION_ARG_NONE, &settings.chunking, "offer it", NULL },
    { "digest", 0, 0, G_OPTION_ARG_NONE, &settings.digest, "SHA-256 of messages", NULL },
    { "store", 0, 0, G_OPTION_ARG_FILENAME, &settings.store, "write messages here", "DIR" },
    { NULL }
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || certificate == NULL)
    {
      fprintf (stderr, "bench server: %s\n", error ? error->message : "--certificate is missing");
      return 64;
    }
  signal (SIGPIPE, SIG_IGN);
  settings.pipelining = !no_pipelining;
  settings.delay_us = delay * 1000;
  settings.size = (guint64) size;
  settings.tls = make_tls (certificate, tickets);
  port = start_listener (&settings, port, FALSE);
  tls_port = start_listener (&settings, tls_port, TRUE);
  printf ("{\"port\":%d,\"tls_port\":%d}\n", port, tls_port);
  fflush (stdout);
  obey (&settings);
  return 0;
}
