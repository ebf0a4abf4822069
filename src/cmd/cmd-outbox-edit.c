/*
 * cmd-outbox-edit.c - `sendoff outbox edit`: recipients, sender, or the text in an editor.
 *
 * The result is a whole new file that takes the old one's place under the same id; who has
 * accepted the message before does not get it again.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message-text.h"
#include "outbox-verbs.h"
#include "send-private.h"
#include "sendoff/address.h"
#include "sendoff/app-outbox.h"
#include "sendoff/clock.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/interrupt.h"
#include "sendoff/text.h"

typedef struct
{
  char **to;      /* the new recipients; NULL: those there are */
  char **changes; /* "OLD=NEW" */
  SoRefitSpec refit;
} Options;

static void
replace (char **field, const char *text)
{
  g_free (*field);
  *field = g_strdup (text);
}

static gboolean
change_recipient (SoSubmission *submission, const char *change, GError **error)
{
  g_auto (GStrv) sides = g_strsplit (change, "=", 2);
  if (g_strv_length (sides) != 2)
    {
      g_autofree char *shown = so_text_sanitise (change, -1, 200);
      so_error_set (error, SO_ERROR_USAGE, _ ("write it as OLD=NEW"),
                    _ ("“%s” does not say which address takes the place of which"), shown);
      return FALSE;
    }
  if (!so_app_check_address (sides[1], error))
    return FALSE;
  for (guint i = 0; i < submission->recipients->len; i++)
    {
      SoRecipient *recipient = g_ptr_array_index (submission->recipients, i);
      if (!g_str_equal (recipient->address, sides[0]))
        continue;
      replace (&recipient->address, sides[1]);
      replace (&recipient->dsn_orcpt, "");
      return TRUE;
    }
  g_autofree char *shown = so_text_sanitise (sides[0], -1, 200);
  so_error_set (error, SO_ERROR_USAGE, _ ("“sendoff outbox show” shows the recipients"),
                _ ("“%s” is none of the recipients"), shown);
  return FALSE;
}

static gboolean
take_recipients (const Options *options, SoSubmission *to, GError **error)
{
  if (options->to != NULL)
    g_ptr_array_set_size (to->recipients, 0);
  for (char **address = options->to; address != NULL && *address != NULL; address++)
    {
      if (!so_app_check_address (*address, error))
        return FALSE;
      so_submission_add (to, *address);
    }
  for (char **change = options->changes; change != NULL && *change != NULL; change++)
    if (!change_recipient (to, *change, error))
      return FALSE;
  return TRUE;
}

static const char *
account_name (const SoApp *app, const SoEnvelope *old)
{
  return *app->account_name != '\0' ? app->account_name : old->account;
}

/* With --account or --from, the account it leaves through, whose address the sender has to be. */
static gboolean
find_owner (SoApp *app, const SoEnvelope *old, SoAccount **owner, GError **error)
{
  if (*app->account_name == '\0' && *app->from == '\0')
    return TRUE;
  if (*app->from != '\0' && !so_app_check_address (app->from, error))
    return FALSE;
  const SoConfig *config = so_app_config (app, error);
  if (config != NULL)
    *owner = so_config_account (config, account_name (app, old), app->from, error);
  return *owner != NULL;
}

/* The null sender stays, whichever account bounces its message. */
static const char *
new_sender (const SoApp *app, const char *old, const SoAccount *owner)
{
  if (*app->from != '\0')
    return app->from;
  return owner == NULL || *old == '\0' || so_account_owns (owner, old) ? old : owner->address;
}

static SoEnvelope *
new_envelope (const SoApp *app, const SoEnvelope *old, const SoAccount *owner,
              const Options *options, GError **error)
{
  const SoSubmission *from = old->submission;
  g_autoptr (SoSubmission) submission = so_submission_copy (from);
  replace (&submission->sender, new_sender (app, from->sender, owner));
  if (!take_recipients (options, submission, error))
    return NULL;
  return so_envelope_new (account_name (app, old), old->origin,
                          so_clock_wall_us () / G_USEC_PER_SEC, g_steal_pointer (&submission));
}

/* The server judges From as it judges the envelope. */
static void
change_from (const SoApp *app, SoMessageText *text, const SoAccount *owner, const char *sender)
{
  g_autofree char *from = so_message_text_from (text);
  if (*app->from != '\0' ? g_ascii_strcasecmp (from, app->from) != 0
                         : !so_account_owns (owner, from))
    so_message_text_set_from (text, *sender != '\0' ? sender : owner->address);
}

static gboolean
commit (SoEntry *entry, SoEnvelope *envelope, const SoMessageText *text, GError **error)
{
  g_autoptr (SoEnqueue) edit = so_outbox_begin_edit (entry, envelope, error);
  SoEntryName as = { .state = SO_ENTRY_QUEUED, .stamp = envelope->created };
  return edit != NULL && so_message_text_write (text, edit, error)
         && so_enqueue_commit (edit, &as, NULL, error);
}

/* line: for people, with %s for the id; event and status: for scripts. */
static void
tell (const SoApp *app, const SoEntry *entry, const char *line, const char *event, SoEntryState status)
{
  const char *id = so_entry_name (entry)->id;
  if (!app->json)
    {
      g_auto (GStrv) around = g_strsplit (line, "%s", 2);
      g_autofree char *text = g_strjoinv (id, around);
      so_app_say (app, "%s", text);
      return;
    }
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", event);
  so_json_string (builder, "status", so_entry_state_name (status));
  so_json_string (builder, "id", id);
  json_builder_end_object (builder);
  so_app_json (builder);
}

/* Who was put into To, Cc or Bcc, or taken out, by hand. */
static gboolean
take_edited_recipients (const SoApp *app, SoSubmission *submission, const SoEdited *edited,
                        GError **error)
{
  if (edited->added == NULL || edited->added->len + edited->removed->len == 0)
    return TRUE;
  GPtrArray *recipients = submission->recipients;
  for (guint i = recipients->len; i > 0; i--)
    if (so_address_is_in (edited->removed,
                          ((const SoRecipient *)g_ptr_array_index (recipients, i - 1))->address))
      g_ptr_array_remove_index (recipients, i - 1);
  for (guint i = 0; i < edited->added->len; i++)
    if (so_submission_find (submission, g_ptr_array_index (edited->added, i)) == NULL)
      so_submission_add (submission, g_ptr_array_index (edited->added, i));
  if (recipients->len == 0)
    {
      so_error_set (error, SO_ERROR_DATA, _ ("name one on the command line, or in To"),
                    _ ("the message has no recipient"));
      return FALSE;
    }
  g_autoptr (GString) names = g_string_new (NULL);
  for (guint i = 0; i < recipients->len; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "",
                            ((const SoRecipient *)g_ptr_array_index (recipients, i))->address);
  g_autofree char *shown = so_text_sanitise (names->str, -1, SO_TEXT_LINE_MAX);
  so_app_say (app, _ ("The recipients now: %s"), shown);
  return TRUE;
}

/* From was changed by hand: it is the account's, and the envelope follows. */
static gboolean
take_edited_sender (SoApp *app, SoEnvelope *envelope, const char *from, GError **error)
{
  if (from == NULL || *app->from != '\0')
    return TRUE;
  if (!so_app_check_address (from, error))
    return FALSE;
  const SoConfig *config = so_app_config (app, error);
  g_autoptr (SoAccount) owner
      = config != NULL ? so_config_account (config, envelope->account, from, error) : NULL;
  if (owner == NULL)
    return FALSE;
  replace (&envelope->submission->sender, from);
  return TRUE;
}

static gboolean
edit_text (SoApp *app, const SoOutbox *outbox, SoMessageText *text, SoEnvelope *envelope,
           const Options *options, gboolean *changed, GError **error)
{
  g_auto (SoEdited) edited = { 0 };
  g_autofree char *folder = g_build_filename (so_outbox_path (outbox), "tmp", NULL);
  if (!so_message_text_edit (text, folder, &edited, changed, error)
      || !take_edited_sender (app, envelope, edited.from, error))
    return FALSE;
  gboolean said = options->to != NULL || options->changes != NULL;
  return said || take_edited_recipients (app, envelope->submission, &edited, error);
}

static gboolean
changes_parts (const Options *options)
{
  return options->refit.links != NULL || options->refit.drops != NULL || options->refit.zip;
}

static gboolean
refit (const SoOutbox *outbox, SoMessageText *text, const Options *options, GError **error)
{
  g_autofree char *folder = g_build_filename (so_outbox_path (outbox), "tmp", NULL);
  SoRefitSpec spec = options->refit;
  SoInterrupt interrupt;
  so_interrupt_begin (&interrupt);
  spec.folder = folder;
  spec.interrupt_fd = interrupt.fd;
  gboolean well = so_message_text_refit (text, &spec, error);
  so_interrupt_release (&interrupt);
  return well;
}

/* Too large was what kept it: with other attachments it goes at once. */
static int
send_it (SoApp *app, SoOutbox *outbox, SoEntry *entry, GError **error)
{
  const SoEnvelope *envelope = so_entry_envelope (entry);
  g_autoptr (SoAccount) account = so_config_account (app->config, envelope->account, "", NULL);
  if (account == NULL) /* a preset's name, with --from */
    account = so_config_account (app->config, envelope->account, envelope->submission->sender,
                                 error);
  if (account != NULL)
    return so_send_entry (app, account, outbox, entry, SO_SEND_KEPT);
  so_entry_free (entry);
  return 0;
}

static int
edit (SoApp *app, const char *id, const Options *options, gboolean in_editor, GError **error)
{
  g_autoptr (SoOutbox) outbox = so_app_outbox (app, error);
  g_autoptr (SoEntry) entry = outbox != NULL ? so_app_lock_entry (outbox, id, error) : NULL;
  if (entry == NULL || !so_app_may_send (entry, error))
    return 0;
  const SoEnvelope *old = so_entry_envelope (entry);
  g_autoptr (SoAccount) owner = NULL;
  g_autoptr (SoEnvelope) envelope = find_owner (app, old, &owner, error)
                                        ? new_envelope (app, old, owner, options, error)
                                        : NULL;
  if (envelope == NULL)
    return 0;
  g_autoptr (SoMessageText) text = so_message_text_open (entry, error);
  gboolean changed = options->to != NULL || options->changes != NULL || owner != NULL
                     || changes_parts (options);
  if (text == NULL
      || (in_editor && !edit_text (app, outbox, text, envelope, options, &changed, error)))
    return 0;
  if (!changed)
    {
      /* To have looked at it is no wish to send it. */
      tell (app, entry, _ ("%s is as it was: nothing was changed"), "result",
            so_entry_name (entry)->state);
      return 0;
    }
  for (char **change = options->changes; change != NULL && *change != NULL; change++)
    so_message_text_change_address (text, *change);
  if (owner != NULL)
    change_from (app, text, owner, envelope->submission->sender);
  if (changes_parts (options) && !refit (outbox, text, options, error))
    return 0;
  if (!commit (entry, g_steal_pointer (&envelope), text, error))
    return 0;
  /* With other parts it is sent, and what becomes of it is told next. */
  tell (app, entry, _ ("%s is changed and due now"), changes_parts (options) ? "edited" : "result",
        SO_ENTRY_QUEUED);
  return changes_parts (options) ? send_it (app, outbox, g_steal_pointer (&entry), error) : 0;
}

int
so_cmd_outbox_edit (SoApp *app, int argc, char **argv, GError **error)
{
  g_auto (GStrv) to = NULL;
  g_auto (GStrv) changes = NULL;
  g_auto (GStrv) links = NULL;
  g_auto (GStrv) drops = NULL;
  gboolean in_editor = FALSE, zip = FALSE;
  const GOptionEntry entries[] = {
    { "to", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &to,
      N_ ("the recipients from now on, instead of all there were"), N_ ("ADDRESS") },
    { "change", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &changes,
      N_ ("correct a recipient, in the message's To and Cc too"), N_ ("OLD=NEW") },
    { "link", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &links,
      N_ ("a link in place of the attachment of that name"), N_ ("FILE=URL") },
    { "drop", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &drops, N_ ("leave an attachment out"),
      N_ ("FILE") },
    { "zip", 0, 0, G_OPTION_ARG_NONE, &zip, N_ ("pack the attachments into one archive"), NULL },
    { "editor", 'e', 0, G_OPTION_ARG_NONE, &in_editor, N_ ("open the message in $EDITOR"), NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  if (!so_app_parse (
          app, &argc, &argv, entries, _ ("ID"),
          _ ("Changes an entry and makes it due now: recipients, sender (--from), account\n"
             "(--account), attachments, or, without any of these, the whole message in $EDITOR.\n"
             "With other attachments it is sent at once. Who has accepted it already does not get\n"
             "it again."),
          error))
    return 0;
  if (argc != 2)
    {
      so_error_set (error, SO_ERROR_USAGE, _ ("“sendoff outbox list” shows the ids"),
                    _ ("outbox edit takes one id"));
      return 0;
    }
  gboolean said_what
      = to != NULL || changes != NULL || links != NULL || drops != NULL || zip || *app->from != '\0' || *app->account_name != '\0';
  if (!said_what && !in_editor && !app->can_prompt)
    {
      so_error_set (error, SO_ERROR_USAGE,
                    _ ("say what to change: see “sendoff outbox edit --help”"),
                    _ ("there is no terminal for an editor"));
      return 0;
    }
  const Options options = { to, changes, { .links = links, .drops = drops, .zip = zip } };
  return edit (app, argv[1], &options, in_editor || !said_what, error);
}
