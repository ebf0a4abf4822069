/*
 * fetch.h - a document from the web, bounded in size and time.
 *
 * libcurl does it, in a helper program of ours (sendoff-fetch): linked into sendoff it would
 * cost every start 10 ms, and what it parses comes from strangers.
 *
 * Errors: SO_ERROR_NO_HOST, SO_ERROR_TEMPORARY (no answer), SO_ERROR_PROTOCOL (TLS, not
 * HTTP), SO_ERROR_DATA (larger than allowed), SO_ERROR_INTERRUPTED.
 */
#pragma once

#include <glib.h>

typedef struct
{
  guint status; /* of HTTP */
  gint64 date;  /* the server's clock, seconds since 1970; 0: not told */
  char *body;   /* NUL-terminated; may hold others */
  gsize length;
} SoFetched;

/* http and https only.  follow: up to 5 redirections, never from https to http. */
gboolean so_fetch (const char *url, gsize max_octets, guint timeout_s, gboolean follow, int interrupt_fd,
                   SoFetched *fetched, GError **error);
void so_fetched_clear (SoFetched *fetched);
