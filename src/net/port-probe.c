/*
 * port-probe.c - one thread a port: connect, listen to the greeting, say EHLO, leave.
 *
 * Inspection boxes give themselves away in what they cross out: the greeting becomes a row of
 * asterisks and what they do not like in the answer to EHLO a row of X (Cisco's "ESMTP
 * inspection" writes "220 ****" and "250-XXXXXXXA").
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sendoff/clock.h"
#include "sendoff/dial.h"
#include "sendoff/port-probe.h"
#include "sendoff/text.h"

#define ANSWER_MAX 8192 /* octets; a greeting and an answer to EHLO are some hundred */
#define GREETING_SHOWN 200
#define SLACK_US (300 * 1000)
#define GREETING_US (2500 * 1000) /* a server that checks its caller first takes a second or two */

const char *
so_port_state_name (SoPortState state)
{
  static const char *const names[] = { "open",   "refused", "filtered",  "unreachable", "no-name",
                                       "silent", "strange", "rewritten", "unknown" };
  return names[state];
}

gboolean
so_port_connected (SoPortState state)
{
  return state == SO_PORT_OPEN || state == SO_PORT_SILENT || state == SO_PORT_STRANGE
         || state == SO_PORT_REWRITTEN;
}

static SoPortState
state_of_dial (const SoDial *dial)
{
  switch (dial->result)
    {
    case SO_DIAL_CONNECTED:
      return SO_PORT_OPEN;
    case SO_DIAL_REFUSED:
      return SO_PORT_REFUSED;
    case SO_DIAL_NO_ANSWER:
      return SO_PORT_FILTERED;
    case SO_DIAL_UNREACHABLE:
      return SO_PORT_UNREACHABLE;
    case SO_DIAL_NO_SUCH_HOST:
    case SO_DIAL_NO_RESOLVER:
      return SO_PORT_NO_NAME;
    case SO_DIAL_FAILED: /* a firewall that says "administratively prohibited" gives EACCES, EPERM */
      return dial->system_errno == EACCES || dial->system_errno == EPERM
                     || dial->system_errno == EHOSTDOWN || dial->system_errno == ENETDOWN
                 ? SO_PORT_UNREACHABLE
                 : SO_PORT_UNKNOWN;
    default:
      return SO_PORT_UNKNOWN;
    }
}

static void
note_local (SoPortProbe *probe, int fd)
{
  struct sockaddr_storage own;
  socklen_t length = sizeof own;
  char text[NI_MAXHOST] = "";
  if (getsockname (fd, (struct sockaddr *)&own, &length) == 0
      && getnameinfo ((struct sockaddr *)&own, length, text, sizeof text, NULL, 0, NI_NUMERICHOST)
             == 0)
    {
      g_free (probe->local);
      probe->local = g_strdup (text);
    }
}

/* The last line of a reply is there: a code and no hyphen behind it. */
static gboolean
is_complete (const GString *text)
{
  if (text->len < 5 || text->str[text->len - 1] != '\n')
    return FALSE;
  gsize at = text->len - 1;
  while (at > 0 && text->str[at - 1] != '\n')
    at--;
  return text->len - at < 5 || text->str[at + 3] != '-';
}

/* FALSE: time is over, or the connection. */
static gboolean
read_reply (int fd, SoDeadline *deadline, GString *text)
{
  char buffer[1024];
  while (!is_complete (text))
    {
      if (text->len > ANSWER_MAX || so_deadline_wait (deadline, fd, POLLIN, NULL) != SO_WAIT_READY)
        return FALSE;
      ssize_t n = read (fd, buffer, sizeof buffer);
      if (n > 0)
        g_string_append_len (text, buffer, n);
      else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        return FALSE;
    }
  return TRUE;
}

static void
ask_ehlo (SoPortProbe *probe, int fd, SoDeadline *deadline)
{
  static const char ehlo[] = "EHLO [127.0.0.1]\r\n", quit[] = "QUIT\r\n";
  g_autoptr (GString) text = g_string_new (NULL);
  if (send (fd, ehlo, strlen (ehlo), MSG_NOSIGNAL) != (ssize_t)strlen (ehlo)
      || !read_reply (fd, deadline, text))
    return;
  g_autofree char *upper = g_ascii_strup (text->str, (gssize)text->len);
  probe->starttls = strstr (upper, "STARTTLS") != NULL;
  if (strstr (upper, "XXXXXX") != NULL)
    probe->state = SO_PORT_REWRITTEN;
  (void)send (fd, quit, strlen (quit), MSG_NOSIGNAL);
}

static void
listen_to (SoPortProbe *probe, int fd, SoDeadline *deadline)
{
  g_autoptr (GString) text = g_string_new (NULL);
  so_deadline_phase_within (deadline, GREETING_US);
  gboolean whole = read_reply (fd, deadline, text);
  gsize line = strcspn (text->str, "\r\n");
  g_free (probe->greeting);
  probe->greeting = so_text_sanitise (text->str, (gssize)line, GREETING_SHOWN);
  if (text->len == 0)
    probe->state = SO_PORT_SILENT;
  else if (!whole || !g_ascii_isdigit (text->str[0]))
    probe->state = SO_PORT_STRANGE;
  else if (strstr (probe->greeting, "***") != NULL)
    probe->state = SO_PORT_REWRITTEN;
  else if (g_str_has_prefix (text->str, "220"))
    ask_ehlo (probe, fd, deadline);
}

typedef struct
{
  SoPortProbe *probe;
  SoDeadline deadline;
  int done_fd; /* eventfd, counts the jobs that have ended */
  gint done;
} Job;

static gpointer
run_job (gpointer data)
{
  Job *job = data;
  SoPortProbe *probe = job->probe;
  SoDial dial;
  gint64 began = so_clock_monotonic_us ();
  so_dial (probe->host, probe->port, &job->deadline, NULL, &dial, NULL);
  probe->state = state_of_dial (&dial);
  probe->elapsed_us = so_clock_monotonic_us () - began;
  if (dial.fd >= 0)
    note_local (probe, dial.fd);
  if (dial.fd >= 0 && probe->greets)
    listen_to (probe, dial.fd, &job->deadline);
  so_dial_clear (&dial);
  g_atomic_int_set (&job->done, TRUE);
  eventfd_write (job->done_fd, 1);
  return NULL;
}

static gboolean
all_done (Job *jobs, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (!g_atomic_int_get (&jobs[i].done))
      return FALSE;
  return TRUE;
}

/* Until all have ended, or the first has come through and the others have had their time, or
 * somebody interrupts. */
static void
wait_for_jobs (Job *jobs, gsize n, int done_fd, int interrupt_fd)
{
  SoDeadline deadline = jobs[0].deadline;
  gboolean hurried = FALSE;
  deadline.interrupt_fd = interrupt_fd;
  /* They end by themselves when their time is over, and say so. */
  deadline.total_end_us += SLACK_US;
  deadline.timeout_us += SLACK_US;
  so_deadline_phase (&deadline);
  while (!all_done (jobs, n))
    {
      eventfd_t count;
      if (!hurried && g_atomic_int_get (&jobs[0].done)
          && so_port_connected (jobs[0].probe->state))
        {
          so_deadline_phase_within (&deadline, SO_PORT_ENOUGH_US);
          hurried = TRUE;
        }
      if (so_deadline_wait (&deadline, done_fd, POLLIN, NULL) != SO_WAIT_READY
          || eventfd_read (done_fd, &count) != 0)
        return;
    }
}

void
so_port_probe (SoPortProbe *probes, gsize n, guint timeout_s, int interrupt_fd)
{
  g_autofree Job *jobs = g_new0 (Job, n);
  g_autofree GThread **threads = g_new0 (GThread *, n);
  int stop_fd = eventfd (0, EFD_CLOEXEC), done_fd = eventfd (0, EFD_CLOEXEC);
  for (gsize i = 0; i < n; i++)
    {
      probes[i].greeting = g_strdup ("");
      probes[i].local = g_strdup ("");
      jobs[i].probe = &probes[i];
      jobs[i].done_fd = done_fd;
      so_deadline_init (&jobs[i].deadline, timeout_s, stop_fd);
      jobs[i].deadline.total_end_us = so_clock_monotonic_us () + jobs[i].deadline.timeout_us;
    }
  for (gsize i = 0; i < n; i++)
    threads[i] = g_thread_new ("probe", run_job, &jobs[i]);
  wait_for_jobs (jobs, n, done_fd, interrupt_fd);
  eventfd_write (stop_fd, 1);
  for (gsize i = 0; i < n; i++)
    g_thread_join (threads[i]);
  close (stop_fd);
  close (done_fd);
}

void
so_port_probe_clear (SoPortProbe *probes, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      g_clear_pointer (&probes[i].greeting, g_free);
      g_clear_pointer (&probes[i].local, g_free);
    }
}
