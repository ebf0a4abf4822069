/*
 * fit-entry.c - a message that may be too large: looked at, packed, or held.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sendoff/clock.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/fit-entry.h"
#include "sendoff/i18n.h"
#include "sendoff/measure.h"
#include "sendoff/mime-parts.h"
#include "sendoff/refit.h"

#define PIECE (128 * 1024)

static gint64
now_s (void)
{
  return so_clock_wall_us () / G_USEC_PER_SEC;
}

/* What travels is never less than what is in it: most messages need not be read. */
static gboolean
fits_anyway (const SoAccount *account, guint64 wire)
{
  return (account->wire_limit == 0 || wire <= so_size_policy_room (account->wire_limit))
         && (account->message_limit == 0 || wire <= account->message_limit);
}

/* What a person is to be asked about is never refused behind their back. */
static SoSizeDecision
decide (const SoAccount *account, const SoSize *size, const SoSize *packed, gboolean may_pack)
{
  SoSizeQuestion question = {
    .size = *size,
    .message_limit = account->message_limit,
    .wire_limit = so_size_policy_room (account->wire_limit),
    .steps = account->oversize,
    .n_steps = account->n_oversize,
    .zip = packed != NULL ? SO_SIZE_TRIED : may_pack ? SO_SIZE_UNTRIED : SO_SIZE_IMPOSSIBLE,
    .link = SO_SIZE_IMPOSSIBLE,
  };
  if (packed != NULL)
    question.zipped = *packed;
  SoSizeDecision decision = so_size_policy (&question);
  if (decision.action == SO_SIZE_REFUSE)
    decision.action = SO_SIZE_HOLD;
  return decision;
}

static gboolean
size_of (int fd, goffset offset, SoSize *size, GError **error)
{
  SoWireMeasure measure;
  g_autoptr (SoMimeParts) parts = so_mime_parts_read (fd, offset, FALSE, error);
  if (parts == NULL || !so_measure_fd (fd, offset, &measure, error))
    return FALSE;
  *size = (SoSize){ parts->content, measure.size };
  return TRUE;
}

static gboolean
copy_in (SoEnqueue *enqueue, int fd, GError **error)
{
  g_autofree char *piece = g_malloc (PIECE);
  goffset at = 0;
  gssize n;
  for (; (n = so_durable_read_at (fd, piece, PIECE, at)) > 0; at += n)
    if (!so_enqueue_write (enqueue, piece, (gsize)n, error))
      return FALSE;
  if (n < 0)
    so_durable_error (error, errno, _("cannot read the message"));
  return n == 0;
}

/* The message in fd takes the place of the one that is there. */
static gboolean
replace (SoEntry *entry, int fd, GError **error)
{
  const SoEnvelope *old = so_entry_envelope (entry);
  SoEnvelope *envelope = so_envelope_new (old->account, old->origin, old->created,
                                          so_submission_copy (old->submission));
  g_autoptr (SoEnqueue) edit = so_outbox_begin_edit (entry, envelope, error);
  const SoEntryName as = { .state = SO_ENTRY_QUEUED, .stamp = now_s () };
  return edit != NULL && copy_in (edit, fd, error) && so_enqueue_commit (edit, &as, NULL, error);
}

/* Nothing to pack, or in a form that cannot be taken apart: no error, it is held. */
static gboolean
is_of_the_message (const GError *problem)
{
  return g_error_matches (problem, SO_ERROR_DOMAIN, SO_ERROR_USAGE)
         || g_error_matches (problem, SO_ERROR_DOMAIN, SO_ERROR_DATA);
}

/* Packs it if that helps. */
static gboolean
try_to_pack (SoOutbox *outbox, SoEntry *entry, const SoSubmission *submission,
             const SoAccount *account, const SoSize *size, int interrupt_fd, SoFitted *fitted,
             GError **error)
{
  g_autofree char *folder = g_build_filename (so_outbox_path (outbox), "tmp", NULL);
  const SoRefitSpec spec = { .zip = TRUE, .folder = folder, .interrupt_fd = interrupt_fd };
  SoSize packed;
  g_autoptr (GError) problem = NULL;
  int fd = so_refit (submission->fd, submission->offset, &spec, &problem);
  gboolean well = fd >= 0 ? size_of (fd, 0, &packed, error) : is_of_the_message (problem);
  if (fd < 0 && !well)
    g_propagate_error (error, g_steal_pointer (&problem));
  else if (well)
    fitted->decision = decide (account, size, fd >= 0 ? &packed : NULL, fd >= 0);
  if (well && fitted->decision.action == SO_SIZE_ZIP)
    {
      well = replace (entry, fd, error);
      fitted->decision.action = SO_SIZE_SEND;
      fitted->packed = well;
    }
  if (fd >= 0)
    close (fd);
  return well;
}

static gboolean
hold (SoEntry *entry, const SoAccount *account, const SoSizeDecision *decision, GError **error)
{
  g_autofree char *why = so_size_policy_explain (decision, so_account_title (account));
  SoEntryName next = { .state = SO_ENTRY_HELD, .stamp = now_s () };
  g_strlcpy (next.reason, SO_REASON_SIZE, sizeof next.reason);
  return so_entry_move (entry, now_s (), &next, why, error);
}

gboolean
so_fit_entry (SoOutbox *outbox, SoEntry *entry, const SoAccount *account, int interrupt_fd,
              SoFitted *fitted, GError **error)
{
  *fitted = (SoFitted){ .decision = { .action = SO_SIZE_SEND } };
  g_autoptr (SoSubmission) submission = so_entry_submission (entry, error);
  if (submission == NULL)
    return FALSE;
  if (fits_anyway (account, submission->wire_size))
    return TRUE;
  SoSize size;
  g_autoptr (GError) problem = NULL;
  gboolean readable = size_of (submission->fd, submission->offset, &size, &problem);
  if (!readable && !is_of_the_message (problem))
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  if (!readable) /* what cannot be taken apart is as large as it is */
    size = (SoSize){ submission->wire_size, submission->wire_size };
  fitted->decision = decide (account, &size, NULL, readable);
  if (fitted->decision.action == SO_SIZE_ZIP
      && !try_to_pack (outbox, entry, submission, account, &size, interrupt_fd, fitted, error))
    return FALSE;
  return fitted->decision.action == SO_SIZE_SEND
         || hold (entry, account, &fitted->decision, error);
}
