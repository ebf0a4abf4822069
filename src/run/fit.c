/*
 * fit.c - zip, then link, then hold: asks the policy again after each step.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/fit.h"
#include "sendoff/i18n.h"
#include "sendoff/link.h"
#include "sendoff/size-text.h"
#include "sendoff/zip.h"

#define ROOM (1024 * 1024) /* octets to be left free on the disk beside an archive */

typedef struct
{
  SoCompose *compose;
  const SoFitOptions *options;
  SoSizeQuestion question;
  SoFit *fit;
} Fitting;

static void
say (const Fitting *fitting, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
say (const Fitting *fitting, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *line = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  fitting->options->say (fitting->options->data, line);
}

/* --- zip --- */

static GArray *
files_of (const SoCompose *compose)
{
  GArray *files = g_array_new (FALSE, FALSE, sizeof (SoZipFile));
  for (guint i = 0; i < so_compose_n_files (compose); i++)
    {
      const SoComposeFile *file = so_compose_file (compose, i);
      const SoZipFile one = { .path = file->path, .name = file->name, .size = file->size };
      g_array_append_val (files, one);
    }
  return files;
}

static char *
archive_name (const GArray *files)
{
  if (files->len > 1)
    return g_strdup (_("attachments.zip"));
  return g_strconcat (g_array_index (files, SoZipFile, 0).name, ".zip", NULL);
}

static gboolean
has_room (const char *folder, guint64 octets)
{
  struct statvfs info;
  return statvfs (folder, &info) != 0
         || (guint64)info.f_bavail * info.f_frsize >= octets + ROOM;
}

/* Is it worth the time?  By samples, so that a film is not packed in vain. */
static gboolean
may_shrink_enough (Fitting *fitting, const GArray *files, const char *name)
{
  SoSizeQuestion question = fitting->question;
  fitting->fit->estimate
      = so_zip_estimate ((const SoZipFile *)(gpointer)files->data, files->len);
  so_compose_measure_packed (fitting->compose, name, fitting->fit->estimate,
                             &question.zipped.content, &question.zipped.wire);
  /* Samples say a little too much: what they cut into pieces compresses a little worse. */
  question.zipped.content -= question.zipped.content / 20;
  question.zipped.wire -= question.zipped.wire / 20;
  question.zip = SO_SIZE_TRIED;
  question.link = SO_SIZE_IMPOSSIBLE;
  return so_size_policy (&question).action == SO_SIZE_ZIP;
}

static gboolean
pack (Fitting *fitting, const GArray *files, int fd, GError **error)
{
  const SoZipOptions options = { .progress = fitting->options->progress,
                                 .data = fitting->options->data,
                                 .interrupt_fd = fitting->options->interrupt_fd };
  if (!has_room (fitting->options->folder, fitting->fit->estimate))
    {
      so_error_set (error, SO_ERROR_IO, "", _("no room on the outbox's disk for an archive"));
      return FALSE;
    }
  return so_zip_make ((const SoZipFile *)(gpointer)files->data, files->len, fd, &options, error);
}

/* Makes the archive and notes what it comes to.  FALSE with error only for an interrupt. */
static gboolean
try_zip (Fitting *fitting, GError **error)
{
  g_autoptr (GArray) files = files_of (fitting->compose);
  g_autoptr (GError) problem = NULL;
  fitting->question.zip = SO_SIZE_IMPOSSIBLE;
  if (files->len == 0)
    return TRUE;
  g_autofree char *name = archive_name (files);
  if (!may_shrink_enough (fitting, files, name))
    {
      g_autofree char *size = so_size_format (fitting->fit->estimate);
      say (fitting, _("packing would not help: the files would still have about %s"), size);
      return TRUE;
    }
  int fd = so_durable_unnamed_file (fitting->options->folder);
  struct stat info;
  if (fd < 0 || !pack (fitting, files, fd, &problem) || fstat (fd, &info) != 0)
    {
      if (fd >= 0)
        close (fd);
      if (g_error_matches (problem, SO_ERROR_DOMAIN, SO_ERROR_INTERRUPTED))
        {
          g_propagate_error (error, g_steal_pointer (&problem));
          return FALSE;
        }
      say (fitting, _("not packed: %s"), problem != NULL ? problem->message : g_strerror (errno));
      return TRUE;
    }
  fitting->question.zip = SO_SIZE_TRIED;
  fitting->fit->archive = fd;
  so_compose_measure_packed (fitting->compose, name, (guint64)info.st_size,
                             &fitting->question.zipped.content, &fitting->question.zipped.wire);
  return TRUE;
}

static gboolean
take_zip (Fitting *fitting, GError **error)
{
  g_autoptr (GArray) files = files_of (fitting->compose);
  g_autofree char *name = archive_name (files);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fitting->fit->archive);
  g_autofree char *before = so_size_format (fitting->question.size.content);
  g_autofree char *after = so_size_format (fitting->question.zipped.content);
  if (!so_compose_pack (fitting->compose, path, name, error))
    return FALSE;
  say (fitting, _("packed into %s: %s became %s"), name, before, after);
  return TRUE;
}

/* --- link --- */

/* The largest attachment; their number if there is none. */
static guint
largest (const SoCompose *compose)
{
  guint best = 0, n = so_compose_n_files (compose);
  for (guint i = 1; i < n; i++)
    if (so_compose_file (compose, i)->size > so_compose_file (compose, best)->size)
      best = i;
  return best;
}

static gboolean
fits (const Fitting *fitting)
{
  SoSizeQuestion question = fitting->question;
  so_compose_measure (fitting->compose, &question.size.content, &question.size.wire);
  return so_size_policy (&question).action == SO_SIZE_SEND;
}

static void
link_file (SoCompose *compose, guint i, const SoLink *link)
{
  g_autofree char *text = so_link_text (link);
  g_autofree char *html = so_link_html (link);
  so_compose_replace_file (compose, i, text, html);
}

/* From the largest down, until it fits. */
static void
try_link (Fitting *fitting)
{
  const SoAccount *account = fitting->options->account;
  fitting->question.link = SO_SIZE_IMPOSSIBLE;
  if (*account->link_command == '\0')
    return;
  while (!fits (fitting))
    {
      if (so_compose_n_files (fitting->compose) == 0)
        return;
      guint i = largest (fitting->compose);
      const SoComposeFile *file = so_compose_file (fitting->compose, i);
      SoLink link;
      g_autoptr (GError) problem = NULL;
      if (!so_link_make (account, file->path, file->name, &link, &problem))
        {
          say (fitting, _("not linked: %s"), problem->message);
          return;
        }
      say (fitting, _("%s goes as a link: %s"), link.name, link.url);
      link_file (fitting->compose, i, &link);
      so_link_clear (&link);
    }
  fitting->question.link = SO_SIZE_TRIED;
  so_compose_measure (fitting->compose, &fitting->question.linked.content,
                      &fitting->question.linked.wire);
}

/* --- the whole --- */

static SoSizeQuestion
question_for (const SoCompose *compose, const SoAccount *account)
{
  SoSizeQuestion question = {
    .message_limit = account->message_limit,
    .wire_limit = so_size_policy_room (account->wire_limit),
    .steps = account->oversize,
    .n_steps = account->n_oversize,
    .zip = SO_SIZE_UNTRIED,
    .link = SO_SIZE_UNTRIED,
  };
  so_compose_measure (compose, &question.size.content, &question.size.wire);
  return question;
}

gboolean
so_fit (SoCompose *compose, const SoFitOptions *options, SoFit *fit, GError **error)
{
  *fit = (SoFit){ .archive = -1 };
  Fitting fitting = { compose, options, question_for (compose, options->account), fit };
  for (;;)
    {
      fit->decision = so_size_policy (&fitting.question);
      SoSizeAction action = fit->decision.action;
      gboolean taken = (action == SO_SIZE_ZIP && fitting.question.zip == SO_SIZE_TRIED)
                       || (action == SO_SIZE_LINK && fitting.question.link == SO_SIZE_TRIED);
      if (taken)
        fit->decision.action = SO_SIZE_SEND;
      if (taken)
        return action == SO_SIZE_LINK || take_zip (&fitting, error);
      if (action == SO_SIZE_LINK)
        try_link (&fitting);
      else if (action != SO_SIZE_ZIP)
        return TRUE;
      else if (!try_zip (&fitting, error))
        return FALSE;
    }
}

void
so_fit_clear (SoFit *fit)
{
  if (fit->archive >= 0)
    close (fit->archive);
  fit->archive = -1;
}

gboolean
so_fit_link (SoCompose *compose, const char *argument, GError **error)
{
  g_autofree char *file = NULL;
  g_autofree char *url = NULL;
  if (!so_link_parse (argument, &file, &url, error))
    return FALSE;
  g_autofree char *shown = g_path_get_basename (file);
  guint i = 0, n = so_compose_n_files (compose);
  while (i < n && strcmp (so_compose_file (compose, i)->path, file) != 0
         && strcmp (so_compose_file (compose, i)->name, shown) != 0)
    i++;
  SoLink link;
  if (!so_link_given (i < n ? so_compose_file (compose, i)->path : file,
                      i < n ? so_compose_file (compose, i)->name : shown, url, &link, error))
    return FALSE;
  g_autofree char *text = so_link_text (&link);
  g_autofree char *html = so_link_html (&link);
  if (i < n)
    so_compose_replace_file (compose, i, text, html);
  else
    so_compose_add_note (compose, text, html);
  so_link_clear (&link);
  return TRUE;
}
