/*
 * post-finished.c - writes a finished message into a new entry of the outbox, as it is read.
 *
 * Nothing in here, or below it, needs more than GLib: the front program that callers of
 * sendmail wait for is linked with it.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sendoff/address.h"
#include "sendoff/clock.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/post.h"
#include "sendoff/text.h"

#define PIECE (128 * 1024)

typedef struct
{
  SoOutbox *outbox;
  const SoPostSpec *spec;
  const SoAccount *account; /* spec's, or the one whose address From is */
  SoEnqueue *enqueue;       /* from the moment the header block is known */
  gboolean foreign; /* the sender is none of the account's */
} Post;

/* --- whose it is --- */

static void
choose (gpointer data, const char *from, SoScanSpec *scan)
{
  Post *post = data;
  const GPtrArray *accounts = post->spec->accounts;
  for (guint i = 0; accounts != NULL && i < accounts->len; i++)
    if (so_account_owns (g_ptr_array_index (accounts, i), from))
      {
        post->account = g_ptr_array_index (accounts, i);
        scan->account = post->account;
        scan->address = post->account->address;
        scan->rewrite = post->spec->by_rule ? post->account->rewrite_from : SO_REWRITE_NEVER;
        return;
      }
}

/* What the server would refuse.  The rule that rewrites From is for the envelope as well. */
static char *
sender_of (Post *post, const SoScanHead *head)
{
  const SoPostSpec *spec = post->spec;
  const SoAccount *account = post->account;
  const char *wanted = spec->sender != NULL ? spec->sender : head->sender;
  gboolean own = *wanted == '\0' || so_account_owns (account, wanted);
  gboolean rewrites = spec->by_rule
                      && (account->rewrite_from != SO_REWRITE_NEVER || strchr (wanted, '@') == NULL);
  /* Nobody can say which of several a receiver shows. */
  post->foreign = (!own && !rewrites) || !so_account_owns (account, head->sender)
                  || head->n_from > 1;
  return g_strdup (own || !rewrites ? wanted : account->address);
}

/* --- recipients --- */

static gboolean
add_recipient (const SoPostSpec *spec, const char *address, GPtrArray *to, GError **error)
{
  if (spec->resolve != NULL)
    return spec->resolve (spec->data, address, to, error);
  g_ptr_array_add (to, g_strdup (address));
  return TRUE;
}

static GPtrArray *
recipients_of (const SoPostSpec *spec, const SoScanHead *head, GError **error)
{
  g_autoptr (GPtrArray) to = g_ptr_array_new_with_free_func (g_free);
  const GPtrArray *const lists[] = { spec->recipients, head->recipients };
  for (guint k = 0; k < G_N_ELEMENTS (lists); k++)
    for (guint i = 0; lists[k] != NULL && i < lists[k]->len; i++)
      if (!add_recipient (spec, g_ptr_array_index (lists[k], i), to, error))
        return NULL;
  if (to->len > 0)
    return g_steal_pointer (&to);
  so_error_set (error, SO_ERROR_DATA, _ ("name one on the command line, or in To"),
                _ ("the message has no recipient"));
  return NULL;
}

/* --- the entry --- */

static gboolean
check_from (const Post *post, const SoScanHead *head, GError **error)
{
  if (!post->foreign || post->spec->by_rule)
    return TRUE;
  if (head->n_from > 1)
    {
      so_error_set (error, SO_ERROR_DATA, _ ("leave one From in it"),
                    _ ("the message has more than one From"));
      return FALSE;
    }
  g_autofree char *shown = so_text_sanitise (head->sender, -1, 100);
  so_error_set (error, SO_ERROR_DATA,
                _ ("change From, or add it to aliases if the provider lets you send from it"),
                _ ("From is %s, which is not an address of the account “%s”"), shown,
                post->account->name);
  return FALSE;
}

static SoSubmission *
new_submission (const SoPostSpec *spec, const char *sender, const GPtrArray *to,
                const char *message_id)
{
  SoSubmission *submission = so_submission_new (sender, -1);
  for (guint i = 0; i < to->len; i++)
    so_submission_add (submission, g_ptr_array_index (to, i));
  g_free (submission->message_id);
  submission->message_id = g_strdup (message_id);
  so_submission_ask_dsn (submission, spec->dsn_notify, spec->dsn_ret, spec->dsn_envid);
  return submission;
}

static gboolean
begin (gpointer data, const SoScanHead *head, GError **error)
{
  Post *post = data;
  g_autofree char *sender = sender_of (post, head);
  if (!check_from (post, head, error))
    return FALSE;
  g_autoptr (GPtrArray) to = recipients_of (post->spec, head, error);
  if (to == NULL)
    return FALSE;
  SoSubmission *submission = new_submission (post->spec, sender, to, head->message_id);
  SoEnvelope *envelope = so_envelope_new (post->account->name, post->spec->origin,
                                          so_clock_wall_us () / G_USEC_PER_SEC, submission);
  post->enqueue = so_outbox_begin (post->outbox, envelope, error);
  return post->enqueue != NULL;
}

static gboolean
to_post (gpointer data, const char *bytes, gsize length, GError **error)
{
  return so_enqueue_write (((Post *)data)->enqueue, bytes, length, error);
}

static gboolean
read_to_end (SoScan *scan, int fd, GError **error)
{
  g_autofree char *piece = g_malloc (PIECE);
  for (ssize_t n; !so_scan_is_over (scan) && (n = read (fd, piece, PIECE)) != 0;)
    {
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          so_error_set (error, SO_ERROR_NO_INPUT, _ ("check the name and the permissions"),
                        _ ("the message cannot be read: %s"), g_strerror (errno));
          return FALSE;
        }
      if (!so_scan_write (scan, piece, (gsize)n, error))
        return FALSE;
    }
  return so_scan_finish (scan, error);
}

/* Whether the account takes a message of its size is judged when it is sent (fit-entry.h). */
static SoEntry *
commit (Post *post, GError **error)
{
  SoEntryName as = { .state = SO_ENTRY_QUEUED, .stamp = so_clock_wall_us () / G_USEC_PER_SEC };
  SoEntry *entry = NULL;
  if (post->foreign)
    {
      as.state = SO_ENTRY_HELD;
      g_strlcpy (as.reason, SO_REASON_SENDER, sizeof as.reason);
    }
  if (so_enqueue_finish (post->enqueue, error) == NULL
      || !so_enqueue_commit (post->enqueue, &as, &entry, error))
    return NULL;
  return entry;
}

SoEntry *
so_post_finished (SoOutbox *outbox, const SoPostSpec *spec, int fd, GError **error)
{
  Post post = { .outbox = outbox, .spec = spec, .account = spec->account };
  const SoScanSpec how = {
    .address = spec->from,
    .name = spec->from_name != NULL ? spec->from_name : spec->account->from_name,
    .account = spec->account,
    .rewrite = spec->by_rule ? spec->account->rewrite_from : SO_REWRITE_NEVER,
    .take_recipients = spec->take_recipients,
    .allow_local = spec->by_rule,
    .limit = spec->limit,
    .dot_ends = spec->dot_ends,
    .now_us = so_clock_wall_us (),
    .choose = spec->accounts != NULL ? choose : NULL,
    .head = begin,
    .sink = to_post,
    .data = &post,
  };
  g_autoptr (SoScan) scan = so_scan_new (&how);
  SoEntry *entry = NULL;
  if (read_to_end (scan, fd, error))
    entry = commit (&post, error);
  so_enqueue_free (post.enqueue);
  return entry;
}
