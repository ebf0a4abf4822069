/*
 * dial.c - races the addresses of a host (RFC 8305) and keeps the first that connects.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sendoff/resolve.h"
#include "sendoff/clock.h"
#include "sendoff/dial.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

#define STAGGER_US (250 * 1000) /* RFC 8305 section 5: Connection Attempt Delay */
#define MAX_RACERS 16

typedef struct
{
  struct addrinfo *order[MAX_RACERS]; /* families alternate */
  guint n;
  guint started;
  int fds[MAX_RACERS]; /* -1: not started, or failed */
  int last_errno;
} Race;

/* Alternates families, keeping getaddrinfo's order within each (RFC 8305 section 4). */
static void
line_up (Race *race, struct addrinfo *addresses)
{
  struct addrinfo *next[2] = { addresses, addresses };
  int families[2] = { addresses->ai_family, addresses->ai_family == AF_INET6 ? AF_INET : AF_INET6 };
  gboolean more = TRUE;
  while (more && race->n < MAX_RACERS)
    {
      more = FALSE;
      for (int f = 0; f < 2 && race->n < MAX_RACERS; f++)
        {
          while (next[f] != NULL && next[f]->ai_family != families[f])
            next[f] = next[f]->ai_next;
          if (next[f] == NULL)
            continue;
          race->order[race->n] = next[f];
          race->fds[race->n++] = -1;
          next[f] = next[f]->ai_next;
          more = TRUE;
        }
    }
}

static void
drop (Race *race, guint i, int problem)
{
  if (race->fds[i] >= 0)
    close (race->fds[i]);
  race->fds[i] = -1;
  /* A refusal says more than the "no route" of the family this machine lacks. */
  if (race->last_errno != ECONNREFUSED)
    race->last_errno = problem;
}

/* Starts the next address; TRUE if it is under way. */
static gboolean
start_next (Race *race)
{
  guint i = race->started++;
  const struct addrinfo *address = race->order[i];
  race->fds[i] = socket (address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (race->fds[i] < 0)
    {
      drop (race, i, errno);
      return FALSE;
    }
  const int on = 1;
  (void) setsockopt (race->fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect (race->fds[i], address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS)
    {
      drop (race, i, errno);
      return FALSE;
    }
  return TRUE;
}

static gboolean
anybody_runs (const Race *race)
{
  for (guint i = 0; i < race->started; i++)
    if (race->fds[i] >= 0)
      return TRUE;
  return FALSE;
}

/* Polls the racers until one is there or until_us; the winner's index or -1. */
static int
watch (Race *race, const SoDeadline *deadline, gint64 until_us, gboolean *interrupted)
{
  struct pollfd fds[MAX_RACERS + 1];
  for (guint i = 0; i < race->started; i++)
    fds[i] = (struct pollfd){ .fd = race->fds[i], .events = POLLOUT };
  fds[race->started] = (struct pollfd){ .fd = deadline->interrupt_fd, .events = POLLIN };
  gint64 left = MAX (0, until_us - so_clock_monotonic_us ());
  int ready = poll (fds, race->started + 1, (int) ((left + 999) / 1000));
  if (ready <= 0)
    return -1;
  *interrupted = fds[race->started].revents != 0;
  for (guint i = 0; i < race->started; i++)
    {
      if (fds[i].revents == 0)
        continue;
      int problem = 0;
      socklen_t length = sizeof problem;
      if (getsockopt (race->fds[i], SOL_SOCKET, SO_ERROR, &problem, &length) == 0 && problem == 0)
        return (int) i;
      drop (race, i, problem != 0 ? problem : errno);
    }
  return -1;
}

/* The index of the winner, or -1. */
static int
run_race (Race *race, const SoDeadline *deadline, gboolean *interrupted)
{
  gint64 next_start = 0;
  for (;;)
    {
      gint64 now = so_clock_monotonic_us ();
      if (so_deadline_left_us (deadline) == 0 || *interrupted)
        return -1;
      if (race->started < race->n && (now >= next_start || !anybody_runs (race)))
        {
          if (start_next (race))
            next_start = now + STAGGER_US;
          continue;
        }
      if (!anybody_runs (race))
        return -1;
      gint64 until = now + so_deadline_left_us (deadline);
      if (race->started < race->n)
        until = MIN (until, next_start);
      int winner = watch (race, deadline, until, interrupted);
      if (winner >= 0)
        return winner;
    }
}

static void
take_winner (Race *race, guint winner, SoDial *dial)
{
  const struct addrinfo *address = race->order[winner];
  char host[NI_MAXHOST] = "";
  getnameinfo (address->ai_addr, address->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST);
  dial->result = SO_DIAL_CONNECTED;
  dial->fd = race->fds[winner];
  race->fds[winner] = -1;
  g_free (dial->address);
  dial->address = g_strdup (host);
  dial->family = address->ai_family;
}

static SoDialResult
why_lost (const Race *race, gboolean interrupted, gboolean out_of_time)
{
  if (interrupted)
    return SO_DIAL_INTERRUPTED;
  if (out_of_time || race->last_errno == ETIMEDOUT)
    return SO_DIAL_NO_ANSWER;
  if (race->last_errno == ENETUNREACH || race->last_errno == EHOSTUNREACH)
    return SO_DIAL_UNREACHABLE;
  return race->last_errno == ECONNREFUSED ? SO_DIAL_REFUSED : SO_DIAL_FAILED;
}

static void
set_error (const SoDial *dial, const char *host, guint16 port, const SoDeadline *deadline, GError **error)
{
  switch (dial->result)
    {
    case SO_DIAL_NO_SUCH_HOST:
      so_error_set (error, SO_ERROR_NO_HOST, _("check smtp-host in the configuration, and the network's DNS"),
                    _("there is no host named %s"), host);
      break;
    case SO_DIAL_NO_RESOLVER:
      so_error_set (error, SO_ERROR_TEMPORARY, _("check that this machine is connected to the internet"),
                    _("the name %s could not be looked up"), host);
      break;
    case SO_DIAL_REFUSED:
      so_error_set (error, SO_ERROR_TEMPORARY,
                    _("check smtp-port in the configuration; the server may also be down"),
                    _("%s refused the connection to port %u"), host, port);
      break;
    case SO_DIAL_NO_ANSWER:
      so_error_set (error, SO_ERROR_TEMPORARY,
                    _("this network may block the port: try another one, or ask its operator"),
                    _("no answer from %s port %u within %d s"), host, port,
                    (int) (deadline->timeout_us / G_USEC_PER_SEC));
      break;
    case SO_DIAL_UNREACHABLE:
      so_error_set (error, SO_ERROR_TEMPORARY, _("check that this machine is connected to the internet"),
                    _("%s cannot be reached from here: %s"), host, g_strerror (dial->system_errno));
      break;
    case SO_DIAL_INTERRUPTED:
      so_error_set (error, SO_ERROR_INTERRUPTED, "", _("interrupted"));
      break;
    case SO_DIAL_FAILED:
    case SO_DIAL_CONNECTED:
      so_error_set (error, SO_ERROR_TEMPORARY, _("try again later"), _("cannot connect to %s port %u: %s"), host,
                    port, g_strerror (dial->system_errno));
      break;
    }
}

static void
look_up (const char *host, guint16 port, SoDeadline *deadline, SoDial *dial, struct addrinfo **addresses)
{
  SoResolved resolved = so_resolve (host, port, AF_UNSPEC, deadline);
  *addresses = resolved.addresses;
  if (resolved.wait == SO_WAIT_INTERRUPTED)
    dial->result = SO_DIAL_INTERRUPTED;
  else if (resolved.wait != SO_WAIT_READY || resolved.code == EAI_AGAIN || resolved.code == EAI_SYSTEM)
    dial->result = SO_DIAL_NO_RESOLVER;
  else if (resolved.code != 0 || resolved.addresses == NULL)
    dial->result = SO_DIAL_NO_SUCH_HOST;
}

static void
connect_one (struct addrinfo *addresses, const SoDeadline *deadline, SoDial *dial)
{
  Race race = { 0 };
  gboolean interrupted = FALSE;
  line_up (&race, addresses);
  dial->n_addresses = race.n;
  int winner = run_race (&race, deadline, &interrupted);
  if (winner >= 0)
    take_winner (&race, (guint) winner, dial);
  else
    dial->result = why_lost (&race, interrupted, so_deadline_left_us (deadline) == 0);
  dial->system_errno = race.last_errno;
  for (guint i = 0; i < race.n; i++)
    if (race.fds[i] >= 0)
      close (race.fds[i]);
}

gboolean
so_dial (const char *host, guint16 port, SoDeadline *deadline, const SoObserver *observer, SoDial *dial,
         GError **error)
{
  *dial = (SoDial){ .result = SO_DIAL_FAILED, .fd = -1, .address = g_strdup ("") };
  struct addrinfo *addresses = NULL;

  gint64 began = so_clock_monotonic_us ();
  so_observer_begin (observer, SO_PHASE_DNS);
  so_deadline_phase (deadline);
  look_up (host, port, deadline, dial, &addresses);
  if (addresses != NULL)
    {
      so_observer_end (observer, SO_PHASE_DNS, so_clock_monotonic_us () - began, host);
      began = so_clock_monotonic_us ();
      so_observer_begin (observer, SO_PHASE_TCP);
      so_deadline_phase (deadline);
      connect_one (addresses, deadline, dial);
      freeaddrinfo (addresses);
    }
  if (dial->result != SO_DIAL_CONNECTED)
    {
      set_error (dial, host, port, deadline, error);
      return FALSE;
    }
  g_autofree char *learned = g_strdup_printf (dial->family == AF_INET6 ? "[%s]:%u" : "%s:%u", dial->address, port);
  so_observer_end (observer, SO_PHASE_TCP, so_clock_monotonic_us () - began, learned);
  return TRUE;
}

void
so_dial_clear (SoDial *dial)
{
  if (dial->fd >= 0)
    close (dial->fd);
  dial->fd = -1;
  g_clear_pointer (&dial->address, g_free);
}
