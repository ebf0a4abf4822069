/*
 * status-feed.h - what a provider says of itself: the documents behind its status page.
 */
#pragma once

#include <glib.h>

typedef enum
{
  SO_FEED_WELL,
  SO_FEED_OUTAGE,
  SO_FEED_MAINTENANCE, /* announced, and going on */
  SO_FEED_UNKNOWN      /* not readable, not about this service, or in words nobody here knows */
} SoFeedState;

/* service: "iCloud Mail".  *since: when it began, s since 1970 (0 not told); *words: what the
 * provider wrote, sanitised ("" nothing), owned by the caller. */
SoFeedState so_status_feed_read (const char *text, gsize length, const char *service,
                                 gint64 *since, char **words);
