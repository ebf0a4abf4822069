/*
 * mail-exchanger.c - a look-up of MX records that does not outlive its deadline.
 *
 * GResolver cannot be hurried, so it works in a thread that is left behind when time is over;
 * the look-up has two owners, and whoever comes last frees it (as in resolve.c).
 */
#include "config.h"

#include <gio/gio.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sendoff/mail-exchanger.h"
#include "sendoff/resolve.h"
#include "sendoff/text.h"

#define HOST_SHOWN 253 /* octets of a domain name in text (RFC 1035 2.3.4) */

typedef struct
{
  char *domain;
  int done_fd;
  GList *records; /* of GVariant (qs) */
  gboolean well;  /* the DNS answered, with records or with "none" */
} Lookup;

static void
free_record (gpointer record)
{
  g_variant_unref (record);
}

static void
lookup_clear (gpointer data)
{
  Lookup *lookup = data;
  g_list_free_full (lookup->records, free_record);
  close (lookup->done_fd);
  g_free (lookup->domain);
}

static gpointer
lookup_thread (gpointer data)
{
  Lookup *lookup = data;
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  g_autoptr (GError) problem = NULL;
  lookup->records
      = g_resolver_lookup_records (resolver, lookup->domain, G_RESOLVER_RECORD_MX, NULL, &problem);
  lookup->well = problem == NULL
                 || g_error_matches (problem, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND);
  const guint64 one = 1;
  if (write (lookup->done_fd, &one, sizeof one) < 0)
    g_warning ("eventfd: write failed");
  g_atomic_rc_box_release_full (lookup, lookup_clear);
  return NULL;
}

/* The host of the record with the lowest preference; NULL if there is none. */
static const char *
most_preferred (GList *records)
{
  const char *best = NULL;
  guint16 lowest = G_MAXUINT16;
  for (GList *item = records; item != NULL; item = item->next)
    {
      guint16 preference = 0;
      const char *host = NULL;
      g_variant_get (item->data, "(q&s)", &preference, &host);
      if (best != NULL && preference >= lowest)
        continue;
      best = host;
      lowest = preference;
    }
  return best;
}

static SoMxState
without_mx (const char *domain, SoDeadline *deadline)
{
  SoResolved resolved = so_resolve (domain, 25, AF_UNSPEC, deadline);
  if (resolved.addresses != NULL)
    freeaddrinfo (resolved.addresses);
  if (resolved.wait != SO_WAIT_READY || resolved.code == EAI_AGAIN || resolved.code == EAI_SYSTEM)
    return SO_MX_UNKNOWN;
  return resolved.code == 0 ? SO_MX_IMPLICIT : SO_MX_NONE;
}

static SoMxState
judge (const Lookup *lookup, SoDeadline *deadline, char **host)
{
  if (!lookup->well)
    return SO_MX_UNKNOWN;
  const char *best = most_preferred (lookup->records);
  if (best == NULL)
    return without_mx (lookup->domain, deadline);
  if (*best == '\0' || strcmp (best, ".") == 0)
    return SO_MX_NULL;
  g_free (*host);
  *host = so_text_sanitise (best, -1, HOST_SHOWN);
  return SO_MX_FOUND;
}

SoMxState
so_mail_exchanger (const char *domain, SoDeadline *deadline, char **host)
{
  *host = g_strdup ("");
  g_autofree char *ascii = g_hostname_to_ascii (domain);
  if (ascii == NULL)
    return SO_MX_NONE;
  Lookup *lookup = g_atomic_rc_box_new0 (Lookup);
  lookup->domain = g_steal_pointer (&ascii);
  lookup->done_fd = eventfd (0, EFD_CLOEXEC);
  GThread *thread
      = g_thread_new ("mx", lookup_thread, g_atomic_rc_box_acquire (lookup));
  SoMxState state = SO_MX_UNKNOWN;
  if (so_deadline_wait (deadline, lookup->done_fd, POLLIN, NULL) == SO_WAIT_READY)
    state = judge (lookup, deadline, host);
  g_thread_unref (thread);
  g_atomic_rc_box_release_full (lookup, lookup_clear);
  return state;
}
