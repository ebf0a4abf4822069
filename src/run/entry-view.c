/*
 * entry-view.c - state, due time and reason of an entry in words.
 */
#include "config.h"

#include <string.h>

#include "sendoff/cause.h"
#include "sendoff/entry-view.h"
#include "sendoff/i18n.h"

void
so_entry_view_free (SoEntryView *view)
{
  if (view == NULL)
    return;
  g_free (view->account);
  g_free (view->from);
  g_strfreev (view->to);
  g_free (view->reason);
  g_free (view->remedy);
  g_free (view);
}

static char **
all_addresses (const SoEnvelope *envelope)
{
  const GPtrArray *recipients = envelope->submission->recipients;
  char **to = g_new0 (char *, recipients->len + 1);
  for (guint i = 0; i < recipients->len; i++)
    to[i] = g_strdup (((const SoRecipient *)g_ptr_array_index (recipients, i))->address);
  return to;
}

/* What the name says about why. */
static const struct
{
  const char *reason;
  const char *words;
  const char *remedy;
} reasons[] = {
  { SO_REASON_USER, N_ ("held by you"), N_ ("run “sendoff outbox release %s”") },
  { SO_REASON_SIZE, N_ ("too large for the account"),
    N_ ("replace an attachment by a link: “sendoff outbox edit %s”; Mail Drop, iCloud Drive, "
        "Google "
        "Drive and Dropbox carry up to 5 GB") },
  { SO_REASON_SENDER, N_ ("its sender is not an address of its account"),
    N_ ("“sendoff outbox edit %s” changes it, “sendoff outbox release %s” sends it as it is") },
  { SO_REASON_ACCOUNT, N_ ("its account is not in the configuration"),
    N_ ("configure the account again, then run “sendoff outbox release %s”") },
  { SO_REASON_UNCERTAIN, N_ ("it may have arrived: the server's last word got lost"),
    N_ ("ask the recipient; “sendoff outbox release %s” sends it again, “sendoff outbox remove %s” "
        "does not") },
  { SO_REASON_EXPIRED, N_ ("it could not be sent in time"),
    N_ ("run “sendoff outbox release %s” to try again") },
  { SO_REASON_REFUSED, N_ ("refused by the server"),
    N_ ("correct it with “sendoff outbox edit %s”, or run “sendoff outbox remove %s”") },
  { SO_REASON_BUDGET, N_ ("the account has sent all its provider allows in a day"), "" },
};

static const char *
words_for (const char *reason)
{
  for (gsize i = 0; i < G_N_ELEMENTS (reasons); i++)
    if (g_str_equal (reasons[i].reason, reason))
      return _ (reasons[i].words);
  return "";
}

/* The remedy with the id in it: %s is the only thing in it that is replaced. */
static char *
remedy_for (const char *reason, const char *id)
{
  for (gsize i = 0; i < G_N_ELEMENTS (reasons); i++)
    if (g_str_equal (reasons[i].reason, reason) && reasons[i].remedy[0] != '\0')
      {
        g_auto (GStrv) parts = g_strsplit (_ (reasons[i].remedy), "%s", 0);
        return g_strjoinv (id, parts);
      }
  return g_strdup ("");
}

/* A refused one before one that was only put off. */
static const SoRecipient *
without_message (const SoEntry *entry, const SoVerdict **verdict)
{
  const GPtrArray *recipients = so_entry_envelope (entry)->submission->recipients;
  const SoRecipient *open = NULL;
  *verdict = NULL;
  for (guint i = 0; i < recipients->len; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (recipients, i);
      const SoVerdict *its = so_attempt_log_verdict (so_entry_log (entry), recipient->address);
      if (its != NULL && its->outcome == SO_OUTCOME_REJECTED)
        {
          *verdict = its;
          return recipient;
        }
      if (its != NULL && its->outcome == SO_OUTCOME_ACCEPTED)
        continue;
      if (open == NULL || (*verdict == NULL && its != NULL))
        {
          open = recipient;
          *verdict = its;
        }
    }
  return open;
}

/* What was said last of those who still wait for it; NULL: nothing yet. */
static const SoVerdict *
last_of_waiting (const SoEntry *entry)
{
  const SoAttemptLog *log = so_entry_log (entry);
  const GPtrArray *recipients = so_entry_envelope (entry)->submission->recipients;
  const SoVerdict *verdict = NULL;
  gint64 latest = 0;
  for (guint i = 0; i < recipients->len; i++)
    {
      const char *address = ((const SoRecipient *)g_ptr_array_index (recipients, i))->address;
      gint64 asked = so_attempt_log_asked (log, address);
      if (so_attempt_log_settled (log, address) || asked <= latest)
        continue;
      latest = asked;
      verdict = so_attempt_log_verdict (log, address);
    }
  return verdict;
}

/* ours: the server said nothing. */
static char *
last_words (const SoEntry *entry, const char **cause, gboolean *ours)
{
  const SoVerdict *verdict;
  if (so_entry_name (entry)->state == SO_ENTRY_FAILED && without_message (entry, &verdict) != NULL
      && verdict != NULL)
    {
      *cause = verdict->cause;
      *ours = verdict->reply == NULL;
      return so_verdict_words (verdict);
    }
  const SoAttempt *last = so_attempt_log_last (so_entry_log (entry));
  if (last == NULL)
    return g_strdup ("");
  if (last->kind == SO_ATTEMPT_NOTE)
    return g_strdup (last->text);
  SoEntryState state = so_entry_name (entry)->state;
  verdict = last->verdict;
  if (state == SO_ENTRY_QUEUED || state == SO_ENTRY_UNCERTAIN)
    verdict = last_of_waiting (entry);
  if (verdict == NULL)
    return g_strdup ("");
  *cause = verdict->cause;
  return so_verdict_words (verdict);
}

static char *
join (const char *words, const char *detail)
{
  if (*words == '\0' || *detail == '\0' || g_str_equal (words, detail))
    return g_strdup (*words != '\0' ? words : detail);
  return g_strdup_printf ("%s: %s", words, detail);
}

const char *
so_entry_failure (const SoEntry *entry, char **words)
{
  const SoVerdict *verdict;
  const SoRecipient *recipient = without_message (entry, &verdict);
  const char *reason = so_entry_name (entry)->reason;
  g_autofree char *said = verdict != NULL ? so_verdict_words (verdict) : g_strdup ("");
  *words = join (g_str_equal (reason, SO_REASON_EXPIRED) ? words_for (reason) : "", said);
  return recipient != NULL ? recipient->address : "";
}

static void
explain (SoEntryView *view, const SoEntry *entry)
{
  const char *cause = "";
  gboolean ours = FALSE;
  g_autofree char *last = last_words (entry, &cause, &ours);
  gboolean unsaid = ours && g_str_equal (view->name.reason, SO_REASON_REFUSED);
  view->reason = join (unsaid ? "" : words_for (view->name.reason), last);
  view->remedy = remedy_for (view->name.reason, view->name.id);
  if (view->name.reason[0] == '\0' || g_str_equal (view->name.reason, SO_REASON_REFUSED))
    {
      const char *known = so_cause_remedy (cause);
      if (*known != '\0')
        {
          g_free (view->remedy);
          view->remedy = g_strdup (known);
        }
    }
}

static void
apply_hold (SoEntryView *view, const SoAccountHold *hold)
{
  static const struct
  {
    const char *words, *remedy;
  } reasons_of_accounts[] = {
    [SO_HOLD_PASSWORD] = { N_ ("the account's password was refused"), N_ ("run “sendoff login”") },
    [SO_HOLD_CONNECTION] = { N_ ("the account could not be reached"), "" },
    [SO_HOLD_LIMIT] = { N_ ("the account has to wait"), "" },
    [SO_HOLD_MISSING] = { N_ ("the account has no password"), N_ ("“sendoff doctor” says what is missing") },
    [SO_HOLD_LOCAL] = { N_ ("the account cannot sign in"), N_ ("“sendoff doctor” says what is missing") },
  };
  if (so_account_hold_needs_person (hold))
    {
      view->due = 0;
      view->state = SO_ENTRY_HELD;
    }
  else
    view->due = MAX (view->due, hold->until);
  g_free (view->reason);
  view->reason = join (_ (reasons_of_accounts[hold->reason].words), hold->text);
  g_free (view->remedy);
  const char *remedy = reasons_of_accounts[hold->reason].remedy;
  view->remedy = g_strdup (*remedy != '\0' ? _ (remedy) : "");
}

SoEntryView *
so_entry_view_new (const SoEntry *entry, const SoAccountHold *hold, gint64 now, gint64 horizon)
{
  const SoEnvelope *envelope = so_entry_envelope (entry);
  SoEntryView *view = g_new0 (SoEntryView, 1);
  view->name = *so_entry_name (entry);
  view->state = view->name.state;
  view->account = g_strdup (envelope->account);
  view->from = g_strdup (envelope->submission->sender);
  view->to = all_addresses (envelope);
  view->size = envelope->submission->wire_size;
  view->attempts = so_entry_log (entry)->n_attempts;
  view->created = envelope->created;
  explain (view, entry);
  gboolean waits = view->state == SO_ENTRY_QUEUED || view->state == SO_ENTRY_UNCERTAIN;
  if (waits || view->state == SO_ENTRY_SENT)
    view->due = view->name.stamp;
  /* What was missing may have come since, and is tried again; until then this is the state. */
  if (waits && (so_account_hold_is_own (hold) || so_account_hold_stops (hold, now, horizon)))
    apply_hold (view, hold);
  return view;
}
