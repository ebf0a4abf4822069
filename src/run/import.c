/*
 * import.c - one message after the other: looked at, taken in, told of, and its source removed.
 */
#include "config.h"

#include <string.h>
#include <sys/stat.h>

#include "import-private.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

typedef struct
{
  const SoImportOptions *options;
  SoImportSummary *summary;
  SoImportRecord *record; /* NULL without an outbox */
  SoImportAccounts accounts;
  gboolean whole; /* every message so far is in the outbox, or need not be */
  GError *broken; /* the outbox does not work: the end */
} Import;

const char *
so_import_outcome_name (SoImportOutcome outcome)
{
  static const char *const names[] = { "queued", "held", "known", "skipped", "failed" };
  return names[outcome];
}

/* --- telling --- */

static SoImportReport
new_report (const SoMailItem *item, SoImportOutcome outcome)
{
  return (SoImportReport){
    .item = item, .outcome = outcome, .id = "", .account = "", .reason = "", .why = ""
  };
}

static void
remember_status (Import *import, const GError *error)
{
  if (import->summary->status == 0)
    import->summary->status = so_error_exit_status (error);
}

/* message may be NULL: it could not be read. */
static void
tell (Import *import, SoImportReport *report, const SoImportedMessage *message)
{
  g_autoptr (GStrvBuilder) to = g_strv_builder_new ();
  for (guint i = 0; message != NULL && i < message->recipients->len; i++)
    g_strv_builder_add (to, g_ptr_array_index (message->recipients, i));
  g_auto (GStrv) addresses = g_strv_builder_end (to);
  report->to = addresses;
  report->from = "";
  report->subject = message != NULL ? message->subject : "";
  report->size = message != NULL ? message->wire : report->item->length;
  if (message != NULL)
    report->from = *message->from != '\0' ? message->from : message->sender;
  import->summary->n[report->outcome]++;
  import->options->report (import->options->data, report);
}

/* Takes the error. */
static void
tell_failure (Import *import, const SoMailItem *item, const SoImportedMessage *message,
              GError *error)
{
  SoImportReport report = new_report (item, SO_IMPORT_FAILED);
  report.error = error;
  import->whole = FALSE;
  remember_status (import, error);
  tell (import, &report, message);
  g_error_free (error);
}

static void
complain (Import *import, const GError *error)
{
  remember_status (import, error);
  import->options->complain (import->options->data, error);
}

/* --- one item --- */

/* Its own file goes; one in an mbox stays until all of them are in. */
static void
take_source (Import *import, const SoMailItem *item)
{
  g_autoptr (GError) error = NULL;
  if (!import->options->move || import->options->dry_run || so_mail_item_take (item, &error))
    return;
  complain (import, error);
}

/* The id, or NULL with error; "" in a rehearsal. */
static char *
put (Import *import, const SoMailItem *item, const SoImportedMessage *message,
     const SoImportDecision *decision, GError **error)
{
  if (import->options->dry_run)
    return g_strdup ("");
  GError *problem = NULL;
  char *id
      = so_import_put (import->options->outbox, import->record, item, message, decision, &problem);
  /* The disk, not the message. */
  if (problem != NULL && (problem->code == SO_ERROR_IO || problem->code == SO_ERROR_CANNOT_CREATE))
    import->broken = g_error_copy (problem);
  if (problem != NULL)
    g_propagate_error (error, problem);
  return id;
}

static void
take_new (Import *import, const SoMailItem *item, const SoImportedMessage *message, gboolean unsure)
{
  g_auto (SoImportDecision) decision = { 0 };
  GError *error = NULL;
  so_import_decide (&import->accounts, item, message, unsure, import->options->hold, &decision);
  g_autofree char *id = put (import, item, message, &decision, &error);
  if (id == NULL)
    {
      tell_failure (import, item, message, error);
      return;
    }
  gboolean held = *decision.reason != '\0';
  SoImportReport report = new_report (item, held ? SO_IMPORT_HELD : SO_IMPORT_QUEUED);
  report.id = id;
  report.account = decision.account->name;
  report.reason = decision.reason;
  report.why = decision.why;
  tell (import, &report, message);
  take_source (import, item);
}

static void
take_known (Import *import, const SoMailItem *item, const SoImportedMessage *message)
{
  SoImportReport report = new_report (item, SO_IMPORT_KNOWN);
  /* It was sent from there, or a person removed it: then this may be the only one there is. */
  gboolean stays = import->options->move && !so_import_record_waits (import->record, message->hash);
  if (stays)
    {
      import->whole = FALSE;
      report.why = _ ("no longer in the outbox, so left where it is");
    }
  tell (import, &report, message);
  if (!stays)
    take_source (import, item);
}

static void
fail_item (Import *import, const SoMailItem *item, const SoImportedMessage *message,
           const char *fault)
{
  GError *error = NULL;
  so_error_set (&error, SO_ERROR_DATA, "", "%s: %s", item->label, fault);
  tell_failure (import, item, message, error);
}

static void
take_message (Import *import, const SoMailItem *item)
{
  GError *error = NULL;
  g_autoptr (SoImportedMessage) message
      = so_imported_message_read (item, import->accounts.fallback->address, &error);
  if (message == NULL)
    {
      tell_failure (import, item, NULL, error);
      return;
    }
  SoImportState state = import->record != NULL
                            ? so_import_record_look (import->record, message->hash)
                            : SO_IMPORT_UNKNOWN;
  if (*message->fault != '\0')
    fail_item (import, item, message, message->fault);
  else if (state == SO_IMPORT_TAKEN && !import->options->again)
    take_known (import, item, message);
  else
    take_new (import, item, message, state == SO_IMPORT_UNSURE);
}

static gboolean
take_item (gpointer data, SoMailItem *its)
{
  Import *import = data;
  g_autoptr (SoMailItem) item = its;
  SoImportReport skipped = new_report (item, SO_IMPORT_SKIPPED);
  if (*item->fault != '\0')
    fail_item (import, item, NULL, item->fault);
  else if (item->done)
    tell (import, &skipped, NULL);
  else
    take_message (import, item);
  return import->broken == NULL;
}

/* --- the whole --- */

static GPtrArray *
all_accounts (const SoConfig *config, GError **error)
{
  g_autoptr (GPtrArray) accounts = g_ptr_array_new_with_free_func ((GDestroyNotify)so_account_free);
  for (const char *const *name = so_config_names (config); *name != NULL; name++)
    {
      SoAccount *account = so_config_account (config, *name, "", error);
      if (account == NULL)
        return NULL;
      g_ptr_array_add (accounts, account);
    }
  return g_steal_pointer (&accounts);
}

static goffset
size_of (const char *path)
{
  struct stat st;
  return stat (path, &st) == 0 ? st.st_size : -1;
}

static gboolean
read_source (Import *import, const char *path, SoMailFormat format, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autofree char *file = so_mail_mbox_file (path);
  goffset before = size_of (file);
  import->whole = TRUE;
  if (!so_mail_source_read (path, format, take_item, import, error))
    return FALSE;
  gboolean is_mbox = format == SO_FORMAT_MBOX || format == SO_FORMAT_THUNDERBIRD;
  if (is_mbox && import->options->move && !import->options->dry_run && import->whole
      && !so_mail_mbox_empty (file, before, &problem))
    complain (import, problem);
  return TRUE;
}

gboolean
so_import_run (const SoImportOptions *options, const char *path, SoMailFormat format,
               SoImportSummary *summary, GError **error)
{
  g_autoptr (GPtrArray) accounts = all_accounts (options->config, error);
  g_autoptr (SoAccount) fallback
      = accounts != NULL ? so_config_account (options->config, options->account, "", error) : NULL;
  if (fallback == NULL)
    return FALSE;
  g_autoptr (SoImportRecord) record
      = options->outbox != NULL ? so_import_record_open (options->outbox, error) : NULL;
  if (record == NULL && options->outbox != NULL)
    return FALSE;
  Import import
      = { .options = options,
          .summary = summary,
          .record = record,
          .accounts
          = { .all = accounts, .fallback = fallback, .is_asked_for = *options->account != '\0' } };
  gboolean done = read_source (&import, path, format, error);
  if (import.broken == NULL)
    return done;
  g_clear_error (error);
  g_propagate_error (error, import.broken);
  return FALSE;
}
