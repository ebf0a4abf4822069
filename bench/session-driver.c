/*
 * session-driver.c - our session alone: N messages through so_deliver(), no outbox.
 *
 * What it sends is one file, N times (--messages), from one account made of the options;
 * the password comes from a command, as for every program the bench compares it with.
 * --wire-size tells it what an outbox entry would: the size was measured when the message
 * was queued.  Prints {"accepted":N,"other":N,"idle_kib":…,"peak_kib":…} (idle: what the process held
 * before it called the server) and exits 0 if every message was accepted.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sendoff/deliver.h"
#include "sendoff/error.h"
#include "sendoff/wire.h"

typedef struct
{
  const char *path;
  SoWireMeasure measure;
  int left;
  int accepted, other;
} Stock;

static gboolean
measure_file (const char *path, SoWireMeasure *measure)
{
  static char block[65536];
  gssize got;
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return FALSE;
  SoWireMeter *meter = so_wire_meter_new ();
  while ((got = read (fd, block, sizeof block)) > 0)
    so_wire_meter_feed (meter, block, (gsize) got);
  close (fd);
  *measure = so_wire_meter_end (meter);
  return got == 0;
}

static SoSubmission *
next_message (gpointer data)
{
  Stock *stock = data;
  if (stock->left == 0)
    return NULL;
  stock->left--;
  int fd = open (stock->path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return NULL;
  SoSubmission *submission = so_submission_new ("me@example.org", fd);
  so_submission_add (submission, "you@example.org");
  so_submission_take_measure (submission, &stock->measure);
  return submission;
}

static void
message_done (gpointer data, SoSubmission *submission)
{
  Stock *stock = data;
  if (so_submission_outcome (submission) == SO_OUTCOME_ACCEPTED)
    stock->accepted++;
  else
    stock->other++;
  so_submission_free (submission);
}

static void
set_text (char **place, const char *text)
{
  g_free (*place);
  *place = g_strdup (text);
}

static long
peak_kib (void)
{
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

int
main (int argc, char **argv)
{
  gint port = 0, messages = 1;
  gint64 wire_size = 0;
  gboolean implicit = FALSE;
  char *ca = NULL, *command = NULL, *file = NULL;
  GOptionEntry entries[]
      = { { "port", 0, 0, G_OPTION_ARG_INT, &port, "on loopback", "N" },
          { "ca", 0, 0, G_OPTION_ARG_FILENAME, &ca, "trusted certificate", "FILE" },
          { "password-command", 0, 0, G_OPTION_ARG_STRING, &command, "prints it", "COMMAND" },
          { "implicit", 0, 0, G_OPTION_ARG_NONE, &implicit, "implicit TLS", NULL },
          { "messages", 0, 0, G_OPTION_ARG_INT, &messages, "how many", "N" },
          { "wire-size", 0, 0, G_OPTION_ARG_INT64, &wire_size, "known beforehand", "OCTETS" },
          { "file", 0, 0, G_OPTION_ARG_FILENAME, &file, "the message", "FILE" },
          { NULL } };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || ca == NULL || command == NULL
      || file == NULL)
    {
      fprintf (stderr, "session-driver: --port, --ca, --password-command, --file are needed\n");
      return 64;
    }

  Stock stock = { .path = file, .left = messages };
  g_autoptr (SoAccount) account = so_account_new ("bench");
  set_text (&account->address, "me@example.org");
  set_text (&account->smtp.host, "localhost");
  set_text (&account->smtp.user, "me@example.org");
  set_text (&account->tls_ca_file, ca);
  set_text (&account->password_command, command);
  account->smtp.port = (guint16) port;
  account->smtp.security = implicit ? SO_SECURITY_TLS : SO_SECURITY_STARTTLS;

  const SoFeed feed = { .next = next_message, .done = message_done, .data = &stock };
  const SoDeliverOptions options = { .timeout = 60, .interrupt_fd = -1 };
  long idle = peak_kib ();
  stock.measure.size = (guint64) wire_size;
  if (wire_size > 0 || measure_file (file, &stock.measure))
    so_deliver (account, &feed, &options, NULL, &error);
  if (error != NULL)
    fprintf (stderr, "session-driver: %s\n", error->message);
  printf ("{\"accepted\":%d,\"other\":%d,\"idle_kib\":%ld,\"peak_kib\":%ld}\n", stock.accepted,
          stock.other, idle, peak_kib ());
  return stock.accepted == messages ? 0 : 1;
}
