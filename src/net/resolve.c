/*
 * resolve.c - getaddrinfo() in a thread of its own.
 *
 * The call cannot be cancelled, so a resolver that hangs is left behind: the lookup is
 * shared by two owners, and whoever comes last frees it.
 */
#include "config.h"

#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sendoff/resolve.h"

typedef struct
{
  gint owners;
  char *host;
  char service[8];
  int family;
  int done_fd; /* eventfd */
  int code;
  struct addrinfo *addresses;
} Lookup;

static void
lookup_unref (Lookup *lookup)
{
  if (!g_atomic_int_dec_and_test (&lookup->owners))
    return;
  if (lookup->addresses != NULL)
    freeaddrinfo (lookup->addresses);
  close (lookup->done_fd);
  g_free (lookup->host);
  g_free (lookup);
}

static int
ask (Lookup *lookup, int flags)
{
  const struct addrinfo hints = { .ai_family = lookup->family, .ai_socktype = SOCK_STREAM, .ai_flags = flags };
  return getaddrinfo (lookup->host, lookup->service, &hints, &lookup->addresses);
}

static gpointer
lookup_thread (gpointer data)
{
  Lookup *lookup = data;
  lookup->code = ask (lookup, AI_ADDRCONFIG | AI_NUMERICSERV | AI_IDN);
  /* AI_ADDRCONFIG hides loopback addresses where no other is configured. */
  if (lookup->code != 0 && lookup->code != EAI_AGAIN)
    lookup->code = ask (lookup, AI_NUMERICSERV | AI_IDN);
  const guint64 one = 1;
  if (write (lookup->done_fd, &one, sizeof one) < 0)
    lookup->code = EAI_SYSTEM;
  lookup_unref (lookup);
  return NULL;
}

SoResolved
so_resolve (const char *host, guint16 port, int family, SoDeadline *deadline)
{
  SoResolved resolved = { .wait = SO_WAIT_READY };
  Lookup *lookup = g_new0 (Lookup, 1);
  lookup->owners = 1;
  lookup->host = g_strdup (host);
  lookup->family = family;
  g_snprintf (lookup->service, sizeof lookup->service, "%u", port);
  lookup->done_fd = eventfd (0, EFD_CLOEXEC);

  if (ask (lookup, AI_NUMERICHOST | AI_NUMERICSERV) != 0)
    {
      lookup->owners = 2;
      GThread *thread = g_thread_new ("resolver", lookup_thread, lookup);
      resolved.wait = so_deadline_wait (deadline, lookup->done_fd, POLLIN, NULL);
      g_thread_unref (thread);
    }
  if (resolved.wait == SO_WAIT_READY)
    {
      resolved.code = lookup->code;
      resolved.addresses = g_steal_pointer (&lookup->addresses);
    }
  lookup_unref (lookup);
  return resolved;
}
