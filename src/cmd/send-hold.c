/*
 * send-hold.c - a message that is too large and waits: what is how large, who can carry
 * it, and the one command that finishes the job.
 */
#include "config.h"

#include <stdio.h>

#include "send-private.h"
#include "sendoff/i18n.h"
#include "sendoff/size-text.h"
#include "sendoff/table.h"
#include "sendoff/text.h"
#include "sendoff/zip.h"

/* The largest comes first: it is the one to replace. */
static gint
by_size (gconstpointer a, gconstpointer b)
{
  const SoComposeFile *first = *(const SoComposeFile *const *)a;
  const SoComposeFile *second = *(const SoComposeFile *const *)b;
  return first->size < second->size ? 1 : first->size > second->size ? -1 : 0;
}

static GPtrArray *
files_by_size (const SoCompose *compose)
{
  GPtrArray *files = g_ptr_array_new ();
  for (guint i = 0; i < so_compose_n_files (compose); i++)
    g_ptr_array_add (files, (gpointer)so_compose_file (compose, i));
  g_ptr_array_sort (files, by_size);
  return files;
}

static char *
zipped_size (const SoComposeFile *file)
{
  const SoZipFile one = { .path = file->path, .name = file->name, .size = file->size };
  return so_size_format (MIN (so_zip_estimate (&one, 1), file->size));
}

static void
print_files (const GPtrArray *files)
{
  g_autoptr (SoTable) table = so_table_new (3);
  so_table_add (table, _ ("ATTACHMENT"));
  so_table_add (table, _ ("SIZE"));
  so_table_add (table, _ ("ZIPPED, ABOUT"));
  for (guint i = 0; i < files->len; i++)
    {
      const SoComposeFile *file = g_ptr_array_index (files, i);
      g_autofree char *name = so_text_sanitise (file->name, -1, 100);
      g_autofree char *size = so_size_format (file->size);
      g_autofree char *zipped = zipped_size (file);
      so_table_add (table, name);
      so_table_add (table, size);
      so_table_add (table, zipped);
    }
  so_table_print (table, stdout);
}

void
so_send_tell_hold (const SoApp *app, const SoCompose *compose, const char *why, const char *id)
{
  if (app->json || app->quiet)
    return;
  g_autoptr (GPtrArray) files = files_by_size (compose);
  printf (_ ("Too large: %s.\n"), why);
  if (files->len == 0)
    return;
  print_files (files);
  const SoComposeFile *first = g_ptr_array_index (files, 0);
  g_autofree char *quoted = g_shell_quote (first->name);
  g_autofree char *text = g_strdup_printf (
      _ ("Mail Drop (on iCloud.com), iCloud Drive, Google Drive and Dropbox carry files of up to "
         "5 GB. Put it there, take its link, and finish with:"));
  g_autofree char *laid_out = so_text_wrap (text, SO_TEXT_WIDTH);
  printf ("%s  sendoff outbox edit %s --link %s=URL\n", laid_out, id, quoted);
}
