/*
 * import-entry.c - an imported message's account and state, and the way into the outbox.
 *
 * The account is the one that was asked for, else the one msmtp's option names, else the one
 * whose address From is, else that of the envelope's sender, else the default.  A sender that is
 * not the account's is held: the server would refuse it, or rewrite it silently.
 */
#include "config.h"

#include <string.h>

#include "import-private.h"
#include "sendoff/clock.h"
#include "sendoff/entry.h"
#include "sendoff/i18n.h"
#include "sendoff/size-policy.h"

/* --- whose is it? --- */

static const SoAccount *
owner_of (const GPtrArray *accounts, const char *address)
{
  for (guint i = 0; *address != '\0' && i < accounts->len; i++)
    if (so_account_owns (g_ptr_array_index (accounts, i), address))
      return g_ptr_array_index (accounts, i);
  return NULL;
}

static const SoAccount *
account_named (const GPtrArray *accounts, const char *name)
{
  for (guint i = 0; i < accounts->len; i++)
    {
      const SoAccount *account = g_ptr_array_index (accounts, i);
      if (strcmp (account->name, name) == 0)
        return account;
    }
  return NULL;
}

static const SoAccount *
choose_account (const SoImportAccounts *accounts, const SoMailItem *item,
                const SoImportedMessage *message)
{
  if (accounts->is_asked_for)
    return accounts->fallback;
  const SoAccount *account = account_named (accounts->all, item->account);
  if (account == NULL)
    account = owner_of (accounts->all, message->from);
  if (account == NULL)
    account = owner_of (accounts->all, message->sender);
  return account != NULL ? account : accounts->fallback;
}

/* --- what becomes of it? --- */

void
so_import_decision_clear (SoImportDecision *decision)
{
  g_clear_pointer (&decision->why, g_free);
}

/* The first reason is the one that counts. */
static void
hold (SoImportDecision *decision, const char *reason, const char *why)
{
  if (*decision->reason != '\0')
    return;
  decision->reason = reason;
  g_free (decision->why);
  decision->why = g_strdup (why);
}

/* A rule of the account's that rewrites From is for exactly these. */
static void
judge_sender (SoImportDecision *decision, const SoImportedMessage *message)
{
  const SoAccount *account = decision->account;
  if (account->rewrite_from != SO_REWRITE_NEVER)
    return;
  const char *const addresses[] = { message->from, message->sender };
  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++)
    if (*addresses[i] != '\0' && !so_account_owns (account, addresses[i]))
      {
        hold (decision, SO_REASON_SENDER, addresses[i]);
        return;
      }
}

/* What may be packed is left to the runner, which packs it or holds it (fit-entry.h): said, not done. */
static void
judge_size (SoImportDecision *decision, const SoImportedMessage *message)
{
  const SoAccount *account = decision->account;
  gboolean may_pack = account->oversize[0] == SO_OVERSIZE_ZIP && !message->is_sealed;
  const SoSizeQuestion question = { .size = { .wire = message->wire },
                                    .message_limit = account->message_limit,
                                    .wire_limit = so_size_policy_room (account->wire_limit),
                                    .steps = account->oversize,
                                    .n_steps = account->n_oversize };
  SoSizeDecision size = so_size_policy (&question);
  if (size.action == SO_SIZE_SEND)
    return;
  g_autofree char *why = so_size_policy_explain (&size, so_account_title (account));
  if (!may_pack)
    hold (decision, SO_REASON_SIZE, why);
  else if (*decision->reason == '\0')
    {
      g_free (decision->why);
      decision->why = g_strdup_printf (
          _ ("%s: packed when it is sent if that is enough, held otherwise"), why);
    }
}

void
so_import_decide (const SoImportAccounts *accounts, const SoMailItem *item,
                  const SoImportedMessage *message, gboolean unsure, gboolean hold_all,
                  SoImportDecision *decision)
{
  *decision = (SoImportDecision){ .account = choose_account (accounts, item, message),
                                  .reason = SO_REASON_NONE,
                                  .why = g_strdup ("") };
  if (unsure)
    hold (decision, SO_REASON_UNCERTAIN, _ ("an import died over it: it may have been sent"));
  if (*item->doubt != '\0')
    hold (decision, SO_REASON_USER, item->doubt);
  if (message->has_froms)
    hold (decision, SO_REASON_USER, _ ("it has more than one From"));
  judge_sender (decision, message);
  judge_size (decision, message);
  if (hold_all)
    hold (decision, SO_REASON_USER, "");
}

/* --- into the outbox --- */

/* What of the entry is made while the message goes by. */
typedef struct
{
  SoOutbox *outbox;
  const SoImportedMessage *message;
  const SoAccount *account;
  SoEnqueue *enqueue; /* NULL until the header is known */
  char *id;
} Putting;

static void
clear_putting (Putting *putting)
{
  g_clear_pointer (&putting->enqueue, so_enqueue_free);
  g_free (putting->id);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Putting, clear_putting)

/* Where From is rewritten to the account's address, the envelope says the same. */
static const char *
sender_of (const Putting *putting)
{
  const SoAccount *account = putting->account;
  const char *sender = putting->message->sender;
  gboolean foreign = *sender != '\0' && !so_account_owns (account, sender);
  return foreign && account->rewrite_from != SO_REWRITE_NEVER ? account->address : sender;
}

static gboolean
begin_entry (gpointer data, const SoScanHead *head, GError **error)
{
  Putting *putting = data;
  const GPtrArray *recipients = putting->message->recipients;
  SoSubmission *submission = so_submission_new (sender_of (putting), -1);
  for (guint i = 0; i < recipients->len; i++)
    so_submission_add (submission, g_ptr_array_index (recipients, i));
  g_free (submission->message_id);
  submission->message_id = g_strdup (head->message_id);
  SoEnvelope *envelope = so_envelope_new (putting->account->name, "import",
                                          so_clock_wall_us () / G_USEC_PER_SEC, submission);
  putting->enqueue = so_outbox_begin (putting->outbox, envelope, error);
  if (putting->enqueue != NULL)
    putting->id = g_strdup (envelope->id);
  return putting->enqueue != NULL;
}

static gboolean
write_to_entry (gpointer data, const char *bytes, gsize length, GError **error)
{
  return so_enqueue_write (((Putting *)data)->enqueue, bytes, length, error);
}

/* What only the log of the entry can say. */
static gboolean
note (SoEntry *entry, const SoMailItem *item, const SoImportDecision *decision, GError **error)
{
  const SoEntryName name = *so_entry_name (entry);
  g_autoptr (GString) text = g_string_new (decision->why);
  for (guint i = 0; i < item->notes->len; i++)
    g_string_append_printf (text, "%s%s", text->len > 0 ? "; " : "",
                            (const char *)g_ptr_array_index (item->notes, i));
  return text->len == 0 || so_entry_move (entry, name.stamp, &name, text->str, error);
}

/* On record before and after the commit; the entry is locked meanwhile, so nobody sends it. */
static gboolean
commit (SoImportRecord *record, SoEnqueue *enqueue, const char *hash, const char *id,
        const SoEntryName *as, SoEntry **entry, GError **error)
{
  return so_enqueue_finish (enqueue, error) != NULL
         && so_import_record_begin (record, hash, id, error)
         && so_enqueue_commit (enqueue, as, entry, error)
         && so_import_record_taken (record, hash, id, error);
}

char *
so_import_put (SoOutbox *outbox, SoImportRecord *record, const SoMailItem *item,
               const SoImportedMessage *message, const SoImportDecision *decision, GError **error)
{
  g_auto (Putting) putting = { .outbox = outbox, .message = message, .account = decision->account };
  g_autoptr (SoEntry) entry = NULL;
  SoEntryName as = { .state = *decision->reason != '\0' ? SO_ENTRY_HELD : SO_ENTRY_QUEUED,
                     .stamp = so_clock_wall_us () / G_USEC_PER_SEC };
  g_strlcpy (as.reason, decision->reason, sizeof as.reason);
  if (!so_imported_message_write (item, decision->account, begin_entry, write_to_entry, &putting,
                                  error)
      || !commit (record, putting.enqueue, message->hash, putting.id, &as, &entry, error)
      || !note (entry, item, decision, error))
    return NULL;
  return g_steal_pointer (&putting.id);
}
