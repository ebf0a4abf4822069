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
#include "sendoff/address.h"
#include "sendoff/app-outbox.h"
#include "sendoff/clock.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"

typedef struct
{
  char **to;      /* the new recipients; NULL: those there are */
  char **changes; /* "OLD=NEW" */
} Options;

static gboolean
check_address (const char *address, GError **error)
{
  SoAddressVerdict verdict = so_address_check (address, -1);
  if (so_address_is_usable (verdict))
    return TRUE;
  g_autofree char *shown = so_text_sanitise (address, -1, 200);
  so_error_set (error, SO_ERROR_DATA, _ ("write it as name@domain"),
                _ ("“%s” is not a mail address: %s"), shown, so_address_explain (verdict));
  return FALSE;
}

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
      so_error_set (error, SO_ERROR_USAGE, _ ("write it as OLD=NEW"),
                    _ ("“%s” does not say which address takes the place of which"), change);
      return FALSE;
    }
  if (!check_address (sides[1], error))
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
  so_error_set (error, SO_ERROR_USAGE, _ ("“sendoff outbox show” shows the recipients."),
                _ ("“%s” is none of the recipients"), sides[0]);
  return FALSE;
}

static void
copy_recipients (const SoSubmission *from, SoSubmission *to)
{
  for (guint i = 0; i < from->recipients->len; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (from->recipients, i);
      SoRecipient *copy = so_submission_add (to, recipient->address);
      replace (&copy->dsn_notify, recipient->dsn_notify);
      replace (&copy->dsn_orcpt, recipient->dsn_orcpt);
    }
}

static gboolean
take_recipients (const Options *options, const SoSubmission *from, SoSubmission *to, GError **error)
{
  if (options->to == NULL)
    copy_recipients (from, to);
  for (char **address = options->to; address != NULL && *address != NULL; address++)
    {
      if (!check_address (*address, error))
        return FALSE;
      so_submission_add (to, *address);
    }
  for (char **change = options->changes; change != NULL && *change != NULL; change++)
    if (!change_recipient (to, *change, error))
      return FALSE;
  return TRUE;
}

static SoEnvelope *
new_envelope (const SoApp *app, const SoEnvelope *old, const Options *options, GError **error)
{
  const SoSubmission *from = old->submission;
  const char *sender = *app->from != '\0' ? app->from : from->sender;
  if (*app->from != '\0' && !check_address (app->from, error))
    return NULL;
  g_autoptr (SoSubmission) submission = so_submission_new (sender, -1);
  if (!take_recipients (options, from, submission, error))
    return NULL;
  replace (&submission->message_id, from->message_id);
  replace (&submission->dsn_ret, from->dsn_ret);
  replace (&submission->dsn_envid, from->dsn_envid);
  const char *account = *app->account_name != '\0' ? app->account_name : old->account;
  return so_envelope_new (account, old->origin, so_clock_wall_us () / G_USEC_PER_SEC,
                          g_steal_pointer (&submission));
}

static gboolean
commit (SoEntry *entry, SoEnvelope *envelope, const SoMessageText *text, GError **error)
{
  g_autoptr (SoEnqueue) edit = so_outbox_begin_edit (entry, envelope, error);
  SoEntryName as = { .state = SO_ENTRY_QUEUED, .stamp = envelope->created };
  return edit != NULL && so_message_text_write (text, edit, error)
         && so_enqueue_commit (edit, &as, NULL, error);
}

static void
tell (const SoApp *app, const SoEntry *entry)
{
  const char *id = so_entry_name (entry)->id;
  if (!app->json)
    {
      so_app_say (app, _ ("%s is changed and due now"), id);
      return;
    }
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  so_json_string (builder, "event", "result");
  so_json_string (builder, "status", "queued");
  so_json_string (builder, "id", id);
  json_builder_end_object (builder);
  so_app_json (builder);
}

static void
edit (SoApp *app, const char *id, const Options *options, gboolean in_editor, GError **error)
{
  g_autoptr (SoOutbox) outbox = so_app_outbox (app, error);
  g_autoptr (SoEntry) entry = outbox != NULL ? so_app_lock_entry (outbox, id, error) : NULL;
  if (entry == NULL)
    return;
  g_autoptr (SoEnvelope) envelope = new_envelope (app, so_entry_envelope (entry), options, error);
  if (envelope == NULL)
    return;
  g_autoptr (SoMessageText) text = so_message_text_open (entry, error);
  if (text == NULL || (in_editor && !so_message_text_edit (text, error)))
    return;
  for (char **change = options->changes; change != NULL && *change != NULL; change++)
    so_message_text_change_address (text, *change);
  if (commit (entry, g_steal_pointer (&envelope), text, error))
    tell (app, entry);
}

int
so_cmd_outbox_edit (SoApp *app, int argc, char **argv, GError **error)
{
  g_auto (GStrv) to = NULL;
  g_auto (GStrv) changes = NULL;
  gboolean in_editor = FALSE;
  const GOptionEntry entries[] = {
    { "to", 0, 0, G_OPTION_ARG_STRING_ARRAY, &to,
      N_ ("the recipients from now on, instead of all there were"), N_ ("ADDRESS") },
    { "change", 0, 0, G_OPTION_ARG_STRING_ARRAY, &changes,
      N_ ("correct a recipient, in the message's To and Cc too"), N_ ("OLD=NEW") },
    { "editor", 'e', 0, G_OPTION_ARG_NONE, &in_editor, N_ ("open the message in $EDITOR"), NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  if (!so_app_parse (
          app, &argc, &argv, entries, _ ("ID"),
          _ ("Changes an entry and makes it due now: recipients, sender (--from), account\n"
             "(--account), or, without any of these, the whole message in $EDITOR. Who has "
             "accepted\n"
             "it already does not get it again."),
          error))
    return 0;
  if (argc != 2)
    {
      so_error_set (error, SO_ERROR_USAGE, _ ("“sendoff outbox list” shows the ids."),
                    _ ("outbox edit takes one id"));
      return 0;
    }
  gboolean said_what
      = to != NULL || changes != NULL || *app->from != '\0' || *app->account_name != '\0';
  if (!said_what && !in_editor && !app->can_prompt)
    {
      so_error_set (error, SO_ERROR_USAGE,
                    _ ("say what to change: see “sendoff outbox edit --help”"),
                    _ ("there is no terminal for an editor"));
      return 0;
    }
  const Options options = { to, changes };
  edit (app, argv[1], &options, in_editor || !said_what, error);
  return 0;
}
