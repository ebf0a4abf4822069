/*
 * arrival.c - sweeps over the folders, with a wait for news between them.
 *
 * A sweep asks each folder but the inbox for its UIDNEXT and searches only those where it has
 * moved.  How soon the next one follows decides how exact the seconds are, so it is a fraction of
 * a second at first and longer later, when nobody counts fractions.
 */
#include "config.h"

#include <poll.h>
#include <string.h>

#include "sendoff/arrival.h"
#include "sendoff/clock.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/message-head.h"

#define MS 1000 /* µs */
#define SHORTEST_ROUND (50 * MS) /* ours: a server that talks without end is not asked without end */
#define REOPEN_AFTER (1000 * MS) /* ours */
#define FOLDERS_MAX 200          /* ours: looked into */
#define OTHERS_EVERY (1000 * MS) /* ours: folders but the inbox and Junk */
#define BASELINE_TIME (5000 * MS) /* for asking where the folders end, before sending */

typedef struct
{
  SoImapFolder *folder;
  guint32 first_uid; /* what comes has this UID or a later one; 0 not known */
  guint32 next_uid;  /* UIDNEXT when it was last searched */
} Place;

struct SoArrivalWatch
{
  SoAccount *account;
  SoMailboxOptions options;
  SoImap *imap; /* NULL: lost */
  GPtrArray *folders;
  GArray *places; /* of Place, the inbox first, Junk next; without Sent */
  gint64 begun;   /* s, wall clock */
  gint64 swept_us;
};

const char *
so_folder_use_name (SoFolderUse use)
{
  static const char *const names[] = { "other", "inbox", "sent", "junk", "trash", "all" };
  return names[use];
}

/* --- before sending --- */

/* A copy in Sent, or in the folder that shows all of them, is no arrival. */
static gboolean
is_watched (SoFolderUse use)
{
  return use != SO_FOLDER_SENT && use != SO_FOLDER_ALL;
}

static void
add_places (SoArrivalWatch *watch, gboolean junk)
{
  for (guint i = 0; i < watch->folders->len && watch->places->len < FOLDERS_MAX; i++)
    {
      const Place place = { g_ptr_array_index (watch->folders, i), 0, 0 };
      gboolean first = place.folder->use == SO_FOLDER_INBOX || place.folder->use == SO_FOLDER_JUNK;
      if (first == junk && is_watched (place.folder->use))
        g_array_append_val (watch->places, place);
    }
}

/* FALSE: the session is over.  A folder that does not answer is not known. */
static gboolean
ask_next_uid (SoArrivalWatch *watch, const Place *place, guint32 *next, GError **error)
{
  g_autoptr (GError) problem = NULL;
  if (so_imap_status (watch->imap, place->folder->name, next, &problem))
    return TRUE;
  *next = 0;
  if (so_imap_is_usable (watch->imap))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

static gboolean
note_where_folders_end (SoArrivalWatch *watch, GError **error)
{
  gint64 end = so_clock_monotonic_us () + BASELINE_TIME;
  for (guint i = 0; i < watch->places->len && so_clock_monotonic_us () < end; i++)
    {
      Place *place = &g_array_index (watch->places, Place, i);
      if (!ask_next_uid (watch, place, &place->first_uid, error))
        return FALSE;
      place->next_uid = place->first_uid;
    }
  return TRUE;
}

SoArrivalWatch *
so_arrival_begin (const SoAccount *account, const SoMailboxOptions *options, GError **error)
{
  g_autoptr (SoArrivalWatch) watch = g_new0 (SoArrivalWatch, 1);
  watch->account = so_account_copy (account);
  watch->options = *options;
  watch->places = g_array_new (FALSE, FALSE, sizeof (Place));
  watch->begun = so_clock_wall_us () / G_USEC_PER_SEC;
  watch->imap = so_mailbox_open (account, options, NULL, error);
  if (watch->imap == NULL)
    return NULL;
  watch->folders = so_imap_folders (watch->imap, error);
  if (watch->folders == NULL)
    return NULL;
  add_places (watch, TRUE);
  add_places (watch, FALSE);
  return note_where_folders_end (watch, error) ? g_steal_pointer (&watch) : NULL;
}

void
so_arrival_free (SoArrivalWatch *watch)
{
  if (watch == NULL)
    return;
  so_imap_close (watch->imap);
  if (watch->folders != NULL)
    g_ptr_array_unref (watch->folders);
  g_array_unref (watch->places);
  so_account_free (watch->account);
  g_free (watch);
}

/* --- one sweep --- */

static gboolean
search (SoArrivalWatch *watch, const Place *place, const char *message_id, SoMailboxPlace *found,
        GError **error)
{
  const SoImapRange range
      = { .first_uid = place->first_uid, .since = place->first_uid == 0 ? watch->begun : 0 };
  g_autoptr (GError) problem = NULL;
  if (so_mailbox_find_in (watch->imap, place->folder, &range, message_id, "", found, &problem)
      || so_imap_is_usable (watch->imap))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

/* STATUS is not for the selected folder (RFC 3501 6.3.10), and that is the inbox. */
static gboolean
look_into (SoArrivalWatch *watch, Place *place, const char *message_id, SoMailboxPlace *found,
           GError **error)
{
  if (place->folder->use == SO_FOLDER_INBOX)
    return so_imap_select (watch->imap, place->folder->name, FALSE, error)
           && so_imap_ask_news (watch->imap, error)
           && search (watch, place, message_id, found, error);
  guint32 next;
  if (!ask_next_uid (watch, place, &next, error))
    return FALSE;
  if (next != 0 && next == place->next_uid)
    return TRUE;
  place->next_uid = next;
  return search (watch, place, message_id, found, error);
}

static gboolean
sweep (SoArrivalWatch *watch, const char *message_id, SoMailboxPlace *found, GError **error)
{
  gint64 now = so_clock_monotonic_us ();
  gboolean all = now - watch->swept_us >= OTHERS_EVERY;
  if (all)
    watch->swept_us = now;
  *found = (SoMailboxPlace){ 0 };
  for (guint i = 0; i < watch->places->len && found->folder == NULL; i++)
    {
      Place *place = &g_array_index (watch->places, Place, i);
      gboolean always
          = place->folder->use == SO_FOLDER_INBOX || place->folder->use == SO_FOLDER_JUNK;
      if ((all || always) && !look_into (watch, place, message_id, found, error))
        return FALSE;
    }
  return TRUE;
}

/* --- between two sweeps --- */

static gboolean
pause_for (const SoArrivalWatch *watch, gint64 us, GError **error)
{
  struct pollfd interrupt = { .fd = watch->options.interrupt_fd, .events = POLLIN };
  if (us <= 0 || poll (&interrupt, 1, (int)(us / MS)) <= 0)
    return TRUE;
  so_error_set (error, SO_ERROR_INTERRUPTED, "", _ ("interrupted"));
  return FALSE;
}

static gint64
interval (gint64 elapsed_us)
{
  return elapsed_us < 10000 * MS ? 150 * MS : elapsed_us < 30000 * MS ? 500 * MS : 2000 * MS;
}

static gboolean
wait_for_news (SoArrivalWatch *watch, gint64 limit_us, GError **error)
{
  gint64 began = so_clock_monotonic_us ();
  const Place *inbox = &g_array_index (watch->places, Place, 0);
  return so_imap_select (watch->imap, inbox->folder->name, FALSE, error)
         && so_imap_wait (watch->imap, limit_us, error)
         && pause_for (watch, MIN (SHORTEST_ROUND, limit_us) - (so_clock_monotonic_us () - began),
                       error);
}

/* The places stay: they are of the folders as they were before sending. */
static gboolean
reopen (SoArrivalWatch *watch, GError **error)
{
  watch->imap = so_mailbox_open (watch->account, &watch->options, NULL, error);
  return watch->imap != NULL;
}

/* --- when it is there --- */

static gboolean
is_the_test_message (SoImap *imap, guint32 uid, const SoArrivalQuery *query)
{
  g_autofree char *headers = so_imap_headers (imap, uid, NULL);
  if (headers == NULL || *query->token == '\0')
    return FALSE;
  g_auto (GStrv) lines = so_message_head_lines (headers);
  g_autofree char *id = so_message_head_field (lines, "Message-ID");
  g_autofree char *subject = so_message_head_field (lines, "Subject");
  return strcmp (g_strstrip (id), query->message_id) == 0 && strstr (subject, query->token) != NULL;
}

static void
remove_copy (SoArrivalWatch *watch, const SoMailboxPlace *place, const SoArrivalQuery *query,
             SoArrival *arrival)
{
  gboolean gone = FALSE;
  g_autoptr (GError) problem = NULL;
  if (!so_imap_select (watch->imap, place->folder->name, TRUE, &problem)
      || !is_the_test_message (watch->imap, place->uid, query)
      || !so_imap_delete (watch->imap, place->uid, &gone, &problem) || !gone)
    {
      g_free (arrival->left);
      arrival->left = g_strdup (problem != NULL ? problem->message
                                                : _ ("the server can only mark it as deleted"));
      arrival->deleted = FALSE;
    }
}

static const SoImapFolder *
sent_folder (const SoArrivalWatch *watch)
{
  return so_imap_folder_of (watch->folders, SO_FOLDER_SENT);
}

static void
look_for_sent_copy (SoArrivalWatch *watch, const SoArrivalQuery *query, SoMailboxPlace *copy,
                    SoArrival *arrival)
{
  const SoImapFolder *sent = sent_folder (watch);
  const SoImapRange range = { .since = watch->begun };
  *copy = (SoMailboxPlace){ 0 };
  arrival->has_sent = sent != NULL;
  if (sent == NULL)
    return;
  g_free (arrival->sent_folder);
  arrival->sent_folder = g_strdup (sent->title);
  so_mailbox_find_in (watch->imap, sent, &range, query->message_id, "", copy, NULL);
  arrival->in_sent = copy->folder != NULL;
}

static gboolean
conclude (SoArrivalWatch *watch, const SoArrivalQuery *query, const SoMailboxPlace *place,
          SoArrival *arrival, GError **error)
{
  SoMailboxPlace copy;
  arrival->found = TRUE;
  arrival->use = place->folder->use;
  g_free (arrival->folder);
  arrival->folder = g_strdup (place->folder->title);
  g_autoptr (GError) problem = NULL;
  g_autofree char *headers = so_imap_headers (watch->imap, place->uid, &problem);
  if (problem != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  g_free (arrival->headers);
  arrival->headers = headers != NULL ? g_steal_pointer (&headers) : g_strdup ("");
  look_for_sent_copy (watch, query, &copy, arrival);
  arrival->deleted = !query->keep;
  if (!query->keep)
    remove_copy (watch, place, query, arrival);
  if (!query->keep && copy.folder != NULL)
    remove_copy (watch, &copy, query, arrival);
  return TRUE;
}

/* --- the whole --- */

/* One sweep and the wait behind it.  FALSE with error: it could not be done. */
static gboolean
round_of (SoArrivalWatch *watch, const SoArrivalQuery *query, gint64 end, SoMailboxPlace *place,
          SoArrival *arrival, GError **error)
{
  if (watch->imap == NULL && !reopen (watch, error))
    return FALSE;
  if (!sweep (watch, query->message_id, place, error))
    return FALSE;
  gint64 now = so_clock_monotonic_us ();
  if (place->folder != NULL)
    {
      arrival->seen_us = now;
      return TRUE;
    }
  gint64 limit = MIN (interval (now - query->accepted_us), end - now);
  return limit <= 0 || wait_for_news (watch, limit, error);
}

/* Worth another try: neither a person's wish nor a refusal. */
static gboolean
may_pass (const GError *problem)
{
  return g_error_matches (problem, SO_ERROR_DOMAIN, SO_ERROR_TEMPORARY)
         || g_error_matches (problem, SO_ERROR_DOMAIN, SO_ERROR_PROTOCOL);
}

gboolean
so_arrival_wait (SoArrivalWatch *watch, const SoArrivalQuery *query, SoArrival *arrival,
                 GError **error)
{
  gint64 end = query->accepted_us + (gint64)query->timeout * G_USEC_PER_SEC;
  SoMailboxPlace place = { 0 };
  g_autoptr (GError) problem = NULL;
  *arrival = (SoArrival){ .folder = g_strdup (""),
                          .headers = g_strdup (""),
                          .sent_folder = g_strdup (""),
                          .left = g_strdup ("") };
  do
    {
      g_clear_error (&problem);
      if (round_of (watch, query, end, &place, arrival, &problem))
        continue;
      g_clear_pointer (&watch->imap, so_imap_close);
      if (!may_pass (problem))
        break;
      g_autoptr (GError) interrupted = NULL;
      if (!pause_for (watch, MIN (REOPEN_AFTER, end - so_clock_monotonic_us ()), &interrupted))
        {
          g_propagate_error (error, g_steal_pointer (&interrupted));
          return FALSE;
        }
    }
  while (place.folder == NULL && so_clock_monotonic_us () < end);
  if (place.folder != NULL)
    return conclude (watch, query, &place, arrival, error);
  if (problem == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

void
so_arrival_clear (SoArrival *arrival)
{
  g_free (arrival->folder);
  g_free (arrival->headers);
  g_free (arrival->sent_folder);
  g_free (arrival->left);
  memset (arrival, 0, sizeof *arrival);
}
