/*
 * check-status.c - does the provider itself speak of an outage?
 */
#include "config.h"

#include "sendoff/clock.h"
#include "sendoff/error.h"
#include "sendoff/fetch.h"
#include "sendoff/i18n.h"

#include "checkup.h"
#include "notes.h"
#include "status-feed.h"

#define TIMEOUT 5              /* seconds */
#define FEED_MAX (8 * 1048576) /* octets; Google's list of incidents goes back for years */

/* From the last five minutes, or fetched; NULL with error. */
static char *
get_feed (const SoCheckup *checkup, const char *url, gsize *length, GError **error)
{
  SoFetched fetched;
  char *text = so_notes_feed (url, length);
  if (text != NULL)
    return text;
  if (!so_fetch (url, FEED_MAX, TIMEOUT, TRUE, checkup->stop_fd, &fetched, error))
    return NULL;
  if (fetched.status != 200)
    {
      so_error_set (error, SO_ERROR_TEMPORARY, "", "HTTP %u", fetched.status);
      so_fetched_clear (&fetched);
      return NULL;
    }
  *length = fetched.length;
  so_notes_set_feed (url, fetched.body, fetched.length);
  return g_steal_pointer (&fetched.body);
}

static void
judge (SoFeedState state, const char *title, const char *since, const char *words,
       SoCheckResult *result)
{
  const char *gap = *words != '\0' ? ": " : "";
  switch (state)
    {
    case SO_FEED_OUTAGE:
      so_check_set (result, SO_CHECK_FAIL, "outage",
                    _ ("wait: it is being worked on, and what waits goes by itself"),
                    _ ("%s reports an outage since %s%s%s"), title, since, gap, words);
      break;
    case SO_FEED_MAINTENANCE:
      so_check_set (result, SO_CHECK_WARN, "maintenance",
                    _ ("wait: what waits goes by itself"),
                    _ ("%s is under maintenance since %s%s%s"), title, since, gap, words);
      break;
    case SO_FEED_WELL:
      so_check_set (result, SO_CHECK_OK, "", "", _ ("%s reports no trouble"), title);
      break;
    default:
      so_check_set (result, SO_CHECK_SKIPPED, "unknown", "",
                    _ ("what %s publishes on its state could not be understood"), title);
    }
}

void
so_check_status (SoCheckup *checkup, SoCheckResult *result)
{
  const SoAccount *account = checkup->account;
  gsize length = 0;
  g_autoptr (GError) problem = NULL;
  if (*account->status_feed == '\0')
    {
      so_check_set (result, SO_CHECK_SKIPPED, "none", "",
                    _ ("%s publishes nothing that could be asked"), account->title);
      return;
    }
  g_autofree char *text = get_feed (checkup, account->status_feed, &length, &problem);
  if (text == NULL)
    {
      so_check_set (result, SO_CHECK_SKIPPED, "unreachable", "",
                    _ ("whether %s has an outage could not be asked"), account->title);
      return;
    }
  gint64 since = 0;
  g_autofree char *words = NULL;
  SoFeedState state = so_status_feed_read (text, length, account->title, &since, &words);
  g_autoptr (GDateTime) when = since > 0 ? g_date_time_new_from_unix_local (since) : NULL;
  g_autofree char *date
      = when != NULL ? g_date_time_format (when, "%Y-%m-%d %H:%M") : g_strdup ("?");
  so_check_add_fact (result, "since", "%s", since > 0 ? date : "");
  so_check_add_fact (result, "words", "%s", words);
  judge (state, account->title, date, words, result);
}
