/*
 * cmd-send.c - `sendoff send`: a message into the outbox, and out of it at once.
 */
#include "config.h"

#include <string.h>

#include "send-private.h"
#include "sendoff/app-outbox.h"
#include "sendoff/clock.h"
#include "sendoff/commands.h"
#include "sendoff/config-key.h"
#include "sendoff/dsn.h"
#include "sendoff/error.h"
#include "sendoff/fit.h"
#include "sendoff/i18n.h"
#include "sendoff/interrupt.h"
#include "sendoff/post.h"
#include "sendoff/progress.h"
#include "sendoff/text.h"
#include "sendoff/zip.h"

/* --- size --- */

typedef struct
{
  const SoApp *app;
  SoProgress *progress;
} SizeTalk;

static void
say_fit (gpointer data, const char *line)
{
  SizeTalk *talk = data;
  so_progress_end (talk->progress);
  so_app_say (talk->app, "%s", line);
}

static void
show_fit (gpointer data, guint64 done, guint64 total)
{
  SizeTalk *talk = data;
  so_progress_update (talk->progress, done, total);
}

/* Packs or links what is too large.  FALSE with error: it is refused, or was interrupted. */
static gboolean
make_it_fit (SoApp *app, const SoAccount *account, SoOutbox *outbox, SoCompose *compose,
             SoFit *fit, GError **error)
{
  SizeTalk talk = { app, so_progress_new (app->talks_to_terminal && !app->quiet && !app->json) };
  g_autofree char *folder = g_build_filename (so_outbox_path (outbox), "tmp", NULL);
  SoInterrupt interrupt;
  so_interrupt_begin (&interrupt);
  const SoFitOptions options = {
    .account = account,
    .folder = folder,
    .say = say_fit,
    .progress = show_fit,
    .data = &talk,
    .interrupt_fd = interrupt.fd,
  };
  gboolean well = so_fit (compose, &options, fit, error);
  so_progress_end (talk.progress);
  so_progress_free (talk.progress);
  so_interrupt_release (&interrupt);
  if (!well || fit->decision.action != SO_SIZE_REFUSE)
    return well;
  g_autofree char *why = so_size_policy_explain (&fit->decision, so_account_title (account));
  so_error_set (error, SO_ERROR_DATA, _ ("send a link instead of the attachment"), "%s", why);
  return FALSE;
}

static void
warn_of_blocked (const SoApp *app, const SoCompose *compose)
{
  for (guint i = 0; i < so_compose_n_files (compose); i++)
    {
      const SoComposeFile *file = so_compose_file (compose, i);
      if (so_zip_is_often_blocked (file->name))
        so_app_say (app, _ ("Warning: many receivers refuse files like %s, packed or not; a link "
                            "gets through."),
                    file->name);
    }
}

/* Durable in the outbox; NULL with error. */
static SoEntry *
post (SoApp *app, const SoAccount *account, SoOutbox *outbox, SoCompose *compose,
      const SoSendOptions *options, GError **error)
{
  SoEntryName as = { .state = SO_ENTRY_QUEUED, .stamp = so_clock_wall_us () / G_USEC_PER_SEC };
  SoFit fit;
  SoEntry *entry = NULL;
  gboolean well = make_it_fit (app, account, outbox, compose, &fit, error);
  if (well && fit.decision.action == SO_SIZE_HOLD)
    {
      as.state = SO_ENTRY_HELD;
      g_strlcpy (as.reason, SO_REASON_SIZE, sizeof as.reason);
    }
  if (well)
    entry = so_post_compose (outbox, account, compose, options->notify, &as, error);
  if (entry != NULL && as.state == SO_ENTRY_HELD)
    {
      g_autofree char *why = so_size_policy_explain (&fit.decision, so_account_title (account));
      so_send_tell_hold (app, compose, why, so_entry_name (entry)->id);
    }
  so_fit_clear (&fit);
  return entry;
}

static gboolean
parse (SoApp *app, int *argc, char ***argv, SoSendOptions *o, GError **error)
{
  char **to = NULL;
  const GOptionEntry entries[] = {
    { "subject", 's', 0, G_OPTION_ARG_FILENAME, &o->subject, N_ ("the subject"), N_ ("TEXT") },
    { "message", 'm', 0, G_OPTION_ARG_FILENAME, &o->text, N_ ("the text itself"), N_ ("TEXT") },
    { "text-file", 0, 0, G_OPTION_ARG_FILENAME, &o->text_file, N_ ("the text from a file"),
      N_ ("FILE") },
    { "html", 0, 0, G_OPTION_ARG_FILENAME, &o->html_file, N_ ("the same in HTML, from a file"),
      N_ ("FILE") },
    { "eml", 0, 0, G_OPTION_ARG_FILENAME, &o->eml,
      N_ ("a finished message from a file (- for standard input)"), N_ ("FILE") },
    { "attach", 'a', 0, G_OPTION_ARG_FILENAME_ARRAY, &o->files, N_ ("attach a file"),
      N_ ("FILE") },
    { "to", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &to, N_ ("further recipients"), N_ ("ADDRESSES") },
    { "cc", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->cc, N_ ("recipients of a copy"),
      N_ ("ADDRESSES") },
    { "bcc", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->bcc, N_ ("recipients nobody sees"),
      N_ ("ADDRESSES") },
    { "reply-to", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->reply_to, N_ ("where answers go"),
      N_ ("ADDRESSES") },
    { "header", 'H', 0, G_OPTION_ARG_FILENAME_ARRAY, &o->headers, N_ ("a further header"),
      N_ ("NAME: VALUE") },
    { "link", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->links,
      N_ ("send a link in place of the attachment"), N_ ("FILE=URL") },
    { "oversize", 0, 0, G_OPTION_ARG_FILENAME, &o->oversize,
      N_ ("what to do if it is too large: zip,link,hold or refuse, in this order"), N_ ("STEPS") },
    { "charset", 0, 0, G_OPTION_ARG_FILENAME, &o->charset,
      N_ ("the character set of the text"), N_ ("NAME") },
    { "dsn", 0, 0, G_OPTION_ARG_FILENAME, &o->dsn,
      N_ ("ask for reports: never, or success,failure,delay"), N_ ("WHEN") },
    { "queue", 0, 0, G_OPTION_ARG_NONE, &o->queue, N_ ("leave it to “sendoff retry”"), NULL },
    { "yes", 'y', 0, G_OPTION_ARG_NONE, &o->yes, N_ ("do not ask about unusual addresses"),
      NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  gboolean parsed = so_app_parse (
      app, argc, argv, entries, _ ("TO…"),
      _ ("Sends a message: puts it into the outbox, where it is safe, and sends it at once. What\n"
         "cannot be sent now stays there and is tried again. The text comes from -m, a file,\n"
         "standard input, or the editor. Exit status: 0 sent, or queued and tried again by\n"
         "itself; 65 held because it is too large; 69 refused; 75 it may have arrived; 77 held\n"
         "for a password."),
      error);
  /* Those without an option come first. */
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  for (int i = 1; parsed && i < *argc; i++)
    g_strv_builder_add (all, (*argv)[i]);
  if (to != NULL)
    g_strv_builder_addv (all, (const char **)to);
  o->to = g_strv_builder_end (all);
  g_strfreev (to);
  return parsed;
}

static gboolean
replace_by_links (SoCompose *compose, const SoSendOptions *options, GError **error)
{
  for (char **link = options->links; link != NULL && *link != NULL; link++)
    if (!so_fit_link (compose, *link, error))
      return FALSE;
  return TRUE;
}

/* --oversize takes the place of the account's own steps. */
static gboolean
apply_oversize (SoAccount *account, const SoSendOptions *options, GError **error)
{
  const SoConfigKey *key = so_config_key_find ("oversize");
  if (options->oversize == NULL || key->read (key, options->oversize, account))
    return TRUE;
  g_autofree char *shown = so_text_sanitise (options->oversize, -1, 60);
  so_error_set (error, SO_ERROR_USAGE, _ (key->remedy), _ ("“%s” is not a value for %s"), shown,
                "--oversize");
  return FALSE;
}

/* From words and files to an entry; NULL with error. */
static SoEntry *
post_words (SoApp *app, const SoAccount *account, SoOutbox *outbox, const SoSendOptions *options,
            GError **error)
{
  g_autoptr (SoCompose) compose = so_send_compose (app, account, options, error);
  gboolean ask = app->can_prompt && !options->yes;
  if (compose == NULL || !replace_by_links (compose, options, error)
      || !so_send_check_typos (app, so_compose_recipients (compose), ask, error))
    return NULL;
  warn_of_blocked (app, compose);
  return post (app, account, outbox, compose, options, error);
}

static gboolean
settle_dsn (SoSendOptions *options, GError **error)
{
  if (options->dsn == NULL || (options->notify = so_dsn_notify (options->dsn)) != NULL)
    return TRUE;
  g_autofree char *shown = so_text_sanitise (options->dsn, -1, 60);
  so_error_set (error, SO_ERROR_USAGE, _ ("write never, or success,failure,delay"),
                _ ("“%s” is not a value for %s"), shown, "--dsn");
  return FALSE;
}

/* Neither is dropped silently. */
static gboolean
check_text (const SoSendOptions *options, GError **error)
{
  if (options->text == NULL || options->text_file == NULL)
    return TRUE;
  so_error_set (error, SO_ERROR_USAGE, _ ("attach the file with -a, or leave one of them out"),
                _ ("the text comes from -m or from --text-file, not from both"));
  return FALSE;
}

static int
run (SoApp *app, SoSendOptions *options, GError **error)
{
  if (!check_text (options, error) || !settle_dsn (options, error))
    return 0;
  g_autoptr (SoAccount) account = so_app_account (app, error);
  if (account == NULL || !apply_oversize (account, options, error))
    return 0;
  g_autoptr (SoOutbox) outbox = so_app_outbox (app, error);
  if (outbox == NULL)
    return 0;
  SoEntry *entry = options->eml != NULL ? so_send_eml (app, account, outbox, options, error)
                                        : post_words (app, account, outbox, options, error);
  return entry != NULL ? so_send_entry (app, account, outbox, entry,
                                         options->queue ? SO_SEND_QUEUE : SO_SEND_NEW) : 0;
}

int
so_cmd_send (SoApp *app, int argc, char **argv, GError **error)
{
  SoSendOptions options = { 0 };
  int status = parse (app, &argc, &argv, &options, error) ? run (app, &options, error) : 0;
  so_send_options_clear (&options);
  return status;
}
