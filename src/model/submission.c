/*
 * submission.c - a message on its way: envelope, and a verdict for each recipient.
 */
#include "config.h"

#include <unistd.h>

#include "sendoff/dsn.h"
#include "sendoff/submission.h"

static void
recipient_free (gpointer data)
{
  SoRecipient *recipient = data;
  g_free (recipient->address);
  g_free (recipient->dsn_notify);
  g_free (recipient->dsn_orcpt);
  so_verdict_free (recipient->verdict);
  g_free (recipient);
}

SoSubmission *
so_submission_new (const char *sender, int fd)
{
  SoSubmission *submission = g_new0 (SoSubmission, 1);
  submission->sender = g_strdup (sender);
  submission->recipients = g_ptr_array_new_with_free_func (recipient_free);
  submission->message_id = g_strdup ("");
  submission->dsn_ret = g_strdup ("");
  submission->dsn_envid = g_strdup ("");
  submission->fd = fd;
  return submission;
}

SoRecipient *
so_submission_add (SoSubmission *submission, const char *address)
{
  SoRecipient *recipient = g_new0 (SoRecipient, 1);
  recipient->address = g_strdup (address);
  recipient->dsn_notify = g_strdup ("");
  recipient->dsn_orcpt = g_strdup ("");
  g_ptr_array_add (submission->recipients, recipient);
  return recipient;
}

void
so_submission_take_measure (SoSubmission *submission, const SoWireMeasure *measure)
{
  submission->wire_size = measure->size;
  submission->eight_bit = measure->eight_bit;
  submission->utf8_headers = measure->utf8_headers;
  submission->long_lines = measure->long_lines;
}

static void
set (char **field, const char *text)
{
  g_free (*field);
  *field = g_strdup (text);
}

SoSubmission *
so_submission_copy (const SoSubmission *submission)
{
  SoSubmission *copy = so_submission_new (submission->sender, -1);
  set (&copy->message_id, submission->message_id);
  set (&copy->dsn_ret, submission->dsn_ret);
  set (&copy->dsn_envid, submission->dsn_envid);
  for (guint i = 0; i < submission->recipients->len; i++)
    {
      const SoRecipient *from = g_ptr_array_index (submission->recipients, i);
      SoRecipient *to = so_submission_add (copy, from->address);
      set (&to->dsn_notify, from->dsn_notify);
      set (&to->dsn_orcpt, from->dsn_orcpt);
    }
  return copy;
}

void
so_submission_ask_dsn (SoSubmission *submission, const char *notify, const char *ret,
                       const char *envid)
{
  gboolean said = notify != NULL && *notify != '\0';
  set (&submission->dsn_ret, ret != NULL ? ret : "");
  set (&submission->dsn_envid, envid != NULL ? envid : "");
  for (guint i = 0; i < submission->recipients->len; i++)
    {
      SoRecipient *to = g_ptr_array_index (submission->recipients, i);
      g_autofree char *orcpt = said ? so_dsn_orcpt (to->address) : NULL;
      set (&to->dsn_notify, said ? notify : "");
      set (&to->dsn_orcpt, orcpt != NULL ? orcpt : "");
    }
}

void
so_submission_free (SoSubmission *submission)
{
  if (submission == NULL)
    return;
  g_free (submission->sender);
  g_ptr_array_unref (submission->recipients);
  g_free (submission->message_id);
  g_free (submission->dsn_ret);
  g_free (submission->dsn_envid);
  if (submission->fd >= 0)
    close (submission->fd);
  g_free (submission);
}

SoRecipient *
so_submission_find (const SoSubmission *submission, const char *address)
{
  for (guint i = 0; i < submission->recipients->len; i++)
    {
      SoRecipient *recipient = g_ptr_array_index (submission->recipients, i);
      if (g_str_equal (recipient->address, address))
        return recipient;
    }
  return NULL;
}

void
so_submission_settle (SoSubmission *submission, const SoVerdict *verdict)
{
  for (guint i = 0; i < submission->recipients->len; i++)
    {
      SoRecipient *recipient = g_ptr_array_index (submission->recipients, i);
      if (recipient->verdict == NULL)
        recipient->verdict = so_verdict_copy (verdict);
    }
}

/* How much an outcome needs someone's care; the larger speaks for the message. */
static int
need (SoOutcome outcome)
{
  switch (outcome)
    {
    case SO_OUTCOME_UNCERTAIN:
      return 4;
    case SO_OUTCOME_REJECTED:
      return 3;
    case SO_OUTCOME_DEFERRED:
      return 2;
    case SO_OUTCOME_NONE:
      return 1;
    case SO_OUTCOME_ACCEPTED:
      return 0;
    }
  return 1;
}

static SoOutcome
recipient_outcome (const SoRecipient *recipient)
{
  return recipient->verdict != NULL ? recipient->verdict->outcome : SO_OUTCOME_NONE;
}

/* The first recipient whose outcome needs most; NULL without recipients. */
static const SoRecipient *
neediest (const SoSubmission *submission)
{
  const SoRecipient *chosen = NULL;
  for (guint i = 0; i < submission->recipients->len; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (submission->recipients, i);
      if (chosen == NULL
          || need (recipient_outcome (recipient)) > need (recipient_outcome (chosen)))
        chosen = recipient;
    }
  return chosen;
}

SoOutcome
so_submission_outcome (const SoSubmission *submission)
{
  const SoRecipient *recipient = neediest (submission);
  return recipient != NULL ? recipient_outcome (recipient) : SO_OUTCOME_NONE;
}

const SoVerdict *
so_submission_speaker (const SoSubmission *submission)
{
  const SoRecipient *recipient = neediest (submission);
  return recipient != NULL ? recipient->verdict : NULL;
}
