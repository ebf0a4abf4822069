/*
 * post.c - writes a composed message into a new entry of the outbox.
 */
#include "config.h"

#include "sendoff/clock.h"
#include "sendoff/post.h"

static gboolean
to_enqueue (gpointer data, const char *bytes, gsize length, GError **error)
{
  return so_enqueue_write (data, bytes, length, error);
}

SoEntry *
so_post_compose (SoOutbox *outbox, const SoAccount *account, const SoCompose *compose,
                 const char *notify, const SoEntryName *as, GError **error)
{
  SoSubmission *submission = so_submission_new (so_compose_from (compose), -1);
  const GPtrArray *recipients = so_compose_recipients (compose);
  for (guint i = 0; i < recipients->len; i++)
    so_submission_add (submission, g_ptr_array_index (recipients, i));
  so_submission_ask_dsn (submission, notify, "", "");
  g_free (submission->message_id);
  submission->message_id = g_strdup (so_compose_message_id (compose));
  SoEnvelope *envelope = so_envelope_new (account->name, "send",
                                          so_clock_wall_us () / G_USEC_PER_SEC, submission);
  g_autoptr (SoEnqueue) enqueue = so_outbox_begin (outbox, envelope, error);
  SoEntry *entry = NULL;
  if (enqueue == NULL || !so_compose_write (compose, to_enqueue, enqueue, error)
      || so_enqueue_finish (enqueue, error) == NULL
      || !so_enqueue_commit (enqueue, as, &entry, error))
    return NULL;
  return entry;
}
