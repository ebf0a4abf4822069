/*
 * sendmail.c - a message on standard input, durable in the outbox, then delivered.
 *
 * The caller waits for the first and not for the second.  What stands in the outbox is the
 * caller's word kept: what goes wrong afterwards is the outbox's business, and exit 0.
 */
#include "config.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sendmail.h"
#include "sendoff/account-state.h"
#include "sendoff/address.h"
#include "sendoff/alias-file.h"
#include "sendoff/config-file.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/outbox-place.h"
#include "sendoff/post.h"
#include "sendoff/program.h"
#include "sendoff/text.h"

#define ALIASES_MAX (1024 * 1024) /* octets */
#define SYSTEM_UID_MAX 999        /* Debian's and most others' accounts of daemons */

typedef struct
{
  const SoSendmailOptions *options;
  SoConfig *config;
  GPtrArray *accounts; /* of SoAccount */
  const SoAccount *account;
  SoAliases *aliases; /* NULL until a local name is met */
} Call;

static void
account_free (gpointer account)
{
  so_account_free (account);
}

static void
call_clear (Call *call)
{
  g_clear_pointer (&call->config, so_config_free);
  g_clear_pointer (&call->accounts, g_ptr_array_unref);
  g_clear_pointer (&call->aliases, so_aliases_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Call, call_clear)

/* --- whose mail it is --- */

/* The account that was asked for is the only one; otherwise the sender and From may choose. */
static gboolean
find_accounts (Call *call, GError **error)
{
  const SoSendmailOptions *options = call->options;
  call->config = so_config_load (options->config_path, error);
  if (call->config == NULL)
    return FALSE;
  call->accounts = g_ptr_array_new_with_free_func (account_free);
  SoAccount *account = so_config_account (call->config, options->account, options->from, error);
  if (account == NULL)
    return FALSE;
  g_ptr_array_add (call->accounts, account);
  call->account = account;
  if (*options->account != '\0')
    return TRUE;
  const char *const *names = so_config_names (call->config);
  for (; *names != NULL; names++)
    {
      SoAccount *other = so_config_account (call->config, *names, "", error);
      if (other == NULL)
        return FALSE;
      g_ptr_array_add (call->accounts, other);
      gboolean has_one = so_account_owns (call->account, options->sender != NULL ? options->sender : "");
      if (options->sender != NULL && !has_one && so_account_owns (other, options->sender))
        call->account = other;
    }
  return TRUE;
}

/* --- local names --- */

static gboolean
read_aliases (Call *call, GError **error)
{
  const char *path = call->account->aliases_file;
  g_autofree char *text = NULL;
  gsize length = 0;
  g_autoptr (GError) problem = NULL;
  if (call->aliases != NULL || *path == '\0')
    return TRUE;
  if (!g_file_get_contents (path, &text, &length, &problem))
    {
      so_error_set (error, SO_ERROR_CONFIG, _ ("check aliases-file in the configuration"), "%s",
                    problem->message);
      return FALSE;
    }
  if (length > ALIASES_MAX || strlen (text) != length)
    {
      so_error_set (error, SO_ERROR_CONFIG, _ ("check aliases-file in the configuration"),
                    _ ("%s: this is no aliases file"), path);
      return FALSE;
    }
  call->aliases = so_aliases_parse (text, path, error);
  return call->aliases != NULL;
}

/* Mail for the machine, or for whoever sends it: daemons, root, postmaster, oneself. */
static gboolean
is_ours (const char *name)
{
  if (g_ascii_strcasecmp (name, "postmaster") == 0 || strcmp (name, g_get_user_name ()) == 0)
    return TRUE;
  const struct passwd *user = getpwnam (name);
  return user != NULL && (user->pw_uid <= SYSTEM_UID_MAX || user->pw_uid == getuid ());
}

static gboolean
add_local (const Call *call, const char *name, GPtrArray *to, GError **error)
{
  if (is_ours (name))
    {
      g_ptr_array_add (to, g_strdup (call->account->address));
      return TRUE;
    }
  g_autofree char *shown = so_text_sanitise (name, -1, 60);
  g_autofree char *remedy = g_strdup_printf (
      _ ("write a whole address, or “%s: name@domain” into the aliases-file"), shown);
  so_error_set (error, SO_ERROR_NO_USER, remedy, _ ("there is no mail address for “%s”"), shown);
  return FALSE;
}

static void
add_once (GPtrArray *to, const char *address)
{
  for (guint i = 0; i < to->len; i++)
    if (g_ascii_strcasecmp (g_ptr_array_index (to, i), address) == 0)
      return;
  g_ptr_array_add (to, g_strdup (address));
}

static gboolean
resolve (gpointer data, const char *recipient, GPtrArray *to, GError **error)
{
  Call *call = data;
  if (strchr (recipient, '@') != NULL)
    {
      add_once (to, recipient);
      return TRUE;
    }
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) local = g_ptr_array_new_with_free_func (g_free);
  if (!read_aliases (call, error) || !so_aliases_expand (call->aliases, recipient, found, error))
    return FALSE;
  for (guint i = 0; i < found->len; i++)
    {
      const char *address = g_ptr_array_index (found, i);
      if (strchr (address, '@') != NULL)
        add_once (to, address);
      else if (!add_local (call, address, local, error))
        return FALSE;
    }
  for (guint i = 0; i < local->len; i++)
    add_once (to, g_ptr_array_index (local, i));
  return TRUE;
}

/* The recipients of the command line: each a list, as sendmail takes it. */
static GPtrArray *
given_recipients (const SoSendmailOptions *options, GError **error)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < options->recipients->len; i++)
    {
      g_autoptr (GPtrArray) list
          = so_address_list_parse (g_ptr_array_index (options->recipients, i), -1);
      for (guint k = 0; k < list->len; k++)
        {
          const SoMailbox *mailbox = g_ptr_array_index (list, k);
          if (!so_address_is_usable (mailbox->verdict) && mailbox->verdict != SO_ADDRESS_NO_AT)
            {
              g_autofree char *shown = so_text_sanitise (mailbox->address, -1, 200);
              so_error_set (error, SO_ERROR_DATA, _ ("write it as name@domain"),
                            _ ("“%s” is not a mail address: %s"), shown,
                            so_address_explain (mailbox->verdict));
              return NULL;
            }
          g_ptr_array_add (all, g_strdup (mailbox->address));
        }
    }
  return g_steal_pointer (&all);
}

/* --- the way in --- */

static const char *
or_null (const char *text)
{
  return *text != '\0' ? text : NULL;
}

static void
tell_hold (const Call *call, const SoEntry *entry)
{
  const char *id = so_entry_name (entry)->id;
  fprintf (stderr,
           _ ("%s: %s is kept and not sent: its From is not one address of the account\n"
              "  → if it is a foreign one, set rewrite-from = when-foreign, then: sendoff retry %s\n"),
           call->options->name, id, id);
}

/* For a From that is lacking.  -f may have chosen an account that --from is no address of. */
static const char *
default_from (const SoSendmailOptions *options, const SoAccount *account)
{
  if (options->sender != NULL && so_account_owns (account, options->sender))
    return options->sender;
  return so_account_owns (account, options->from) ? options->from : account->address;
}

/* The id of the entry; "" when it is held; NULL with error. */
static char *
take_message (Call *call, SoOutbox *outbox, const GPtrArray *recipients, GError **error)
{
  const SoSendmailOptions *options = call->options;
  const SoAccount *account = call->account;
  const SoPostSpec spec = {
    .account = account,
    .accounts = call->accounts,
    .origin = "sendmail",
    .from = default_from (options, account),
    .from_name = options->full_name,
    .sender = options->sender,
    .recipients = recipients,
    .take_recipients = options->take_recipients,
    .by_rule = TRUE,
    .dot_ends = options->dot_ends,
    .limit = account->sendmail_limit,
    .dsn_notify = or_null (options->dsn_notify),
    .dsn_ret = or_null (options->dsn_ret),
    .dsn_envid = or_null (options->dsn_envid),
    .resolve = resolve,
    .data = call,
  };
  g_autoptr (SoEntry) entry = so_post_finished (outbox, &spec, STDIN_FILENO, error);
  if (entry == NULL)
    return NULL;
  if (so_entry_name (entry)->state != SO_ENTRY_HELD)
    return g_strdup (so_entry_name (entry)->id);
  tell_hold (call, entry);
  return g_strdup ("");
}

/* A process that delivers in the background looks again before it ends: no second one is
 * started, however many callers there are at once. */
static gboolean
is_looked_after (SoOutbox *outbox)
{
  int claim;
  if (!so_outbox_claim_background (outbox, &claim))
    return TRUE;
  if (claim >= 0)
    close (claim);
  return FALSE;
}

/* With -odi a refusal is told to the caller; what waits goes by itself, and from the system's
 * outbox by root. */
static int
deliver (const SoSendmailOptions *options, SoOutbox *outbox, const char *id, GError **error)
{
  const char *const in_front[] = { "retry", id, NULL };
  const char *const behind[] = { "--quiet", "retry", "--background", NULL };
  if (*id == '\0' || options->delivery == SO_SENDMAIL_QUEUE || so_outbox_is_add_only (outbox))
    return 0;
  if (options->delivery == SO_SENDMAIL_FOREGROUND)
    return so_sendmail_run_main (options, FALSE, in_front, error) == SO_ERROR_REFUSED
               ? SO_ERROR_REFUSED
               : 0;
  return is_looked_after (outbox) ? 0 : so_sendmail_run_main (options, TRUE, behind, error);
}

static int
send (const SoSendmailOptions *options, GError **error)
{
  g_auto (Call) call = { .options = options };
  if (options->recipients->len == 0 && !options->take_recipients)
    {
      so_error_set (error, SO_ERROR_USAGE, _ ("name recipients, or use -t to take them from To"),
                    _ ("there is no recipient"));
      return 0;
    }
  g_autoptr (GPtrArray) recipients = given_recipients (options, error);
  if (recipients == NULL || !find_accounts (&call, error))
    return 0;
  g_autofree char *path = so_outbox_place (so_config_outbox (call.config));
  g_autoptr (SoOutbox) outbox = so_outbox_open_to_add (path, error);
  g_autofree char *id = outbox != NULL ? take_message (&call, outbox, recipients, error) : NULL;
  g_autoptr (GError) problem = NULL;
  int status = id != NULL ? deliver (options, outbox, id, &problem) : 0;
  /* The message is safe: that it could not be tried at once is no failure. */
  if (problem != NULL)
    fprintf (stderr, "%s: %s\n", options->name, problem->message);
  return status;
}

/* --- the other modes --- */

/* Nothing is built of it, so all there is to do is to say whether it can be read. */
static int
check_aliases (const SoSendmailOptions *options, GError **error)
{
  g_auto (Call) call = { .options = options };
  if (find_accounts (&call, error))
    read_aliases (&call, error);
  return 0;
}

int
so_sendmail (const SoSendmailCall *call, int argc, char **argv, GError **error)
{
  static const char *const list[] = { "outbox", "list", NULL };
  static const char *const retry[] = { "retry", NULL };
  g_auto (SoSendmailOptions) options = { 0 };
  if (!so_sendmail_parse (&options, call, argc, argv, error))
    return 0;
  switch (options.mode)
    {
    case SO_SENDMAIL_SEND:
      return send (&options, error);
    case SO_SENDMAIL_LIST:
      return so_sendmail_run_main (&options, FALSE, list, error);
    case SO_SENDMAIL_RETRY:
      return so_sendmail_run_main (&options, FALSE, retry, error);
    case SO_SENDMAIL_ALIASES:
      return check_aliases (&options, error);
    case SO_SENDMAIL_HELP:
      so_sendmail_print_help ();
      return 0;
    case SO_SENDMAIL_VERSION:
      printf ("sendoff %s\n", SO_PROGRAM_VERSION);
      return 0;
    }
  return SO_ERROR_BUG;
}
