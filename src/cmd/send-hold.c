/*
 * send-hold.c - a message that is too large and waits: what is how large, who can carry
 * it, and the one command that finishes the job.
 */
#include "config.h"

#include <stdio.h>

#include "send-private.h"
#include "sendoff/i18n.h"
#include "sendoff/mime-parts.h"
#include "sendoff/size-text.h"
#include "sendoff/table.h"
#include "sendoff/text.h"
#include "sendoff/zip.h"

typedef struct
{
  const char *name;
  guint64 size;
  guint64 zipped; /* about; 0: not known */
} Part;

/* The largest comes first: it is the one to replace. */
static gint
by_size (gconstpointer a, gconstpointer b)
{
  const Part *first = a, *second = b;
  return first->size < second->size ? 1 : first->size > second->size ? -1 : 0;
}

static guint64
zipped_size (const SoComposeFile *file)
{
  const SoZipFile one = { .path = file->path, .name = file->name, .size = file->size };
  return MIN (so_zip_estimate (&one, 1), file->size);
}

static GArray *
parts_of_compose (const SoCompose *compose)
{
  GArray *parts = g_array_new (FALSE, FALSE, sizeof (Part));
  for (guint i = 0; i < so_compose_n_files (compose); i++)
    {
      const SoComposeFile *file = so_compose_file (compose, i);
      const Part part = { file->name, file->size, zipped_size (file) };
      g_array_append_val (parts, part);
    }
  return parts;
}

/* What packing gives is not looked for: they would have to be taken out of the message. */
static GArray *
parts_of_message (const SoMimeParts *message)
{
  GArray *parts = g_array_new (FALSE, FALSE, sizeof (Part));
  for (guint i = 0; i < message->files->len; i++)
    {
      const SoMimeFile *file = g_ptr_array_index (message->files, i);
      const Part part = { file->name, file->size, 0 };
      g_array_append_val (parts, part);
    }
  return parts;
}

static void
print_parts (const GArray *parts)
{
  gboolean with_zip = g_array_index (parts, Part, 0).zipped > 0;
  g_autoptr (SoTable) table = so_table_new (with_zip ? 3 : 2);
  so_table_add (table, _ ("ATTACHMENT"));
  so_table_add (table, _ ("SIZE"));
  if (with_zip)
    so_table_add (table, _ ("ZIPPED, ABOUT"));
  for (guint i = 0; i < parts->len; i++)
    {
      const Part *part = &g_array_index (parts, Part, i);
      g_autofree char *name = so_text_sanitise (part->name, -1, 100);
      g_autofree char *size = so_size_format (part->size);
      g_autofree char *zipped = so_size_format (part->zipped);
      so_table_add (table, name);
      so_table_add (table, size);
      if (with_zip)
        so_table_add (table, zipped);
    }
  so_table_print (table, stdout);
}

/* Sorts them; and the one command that finishes the job. */
static void
tell_parts (GArray *parts, const char *id)
{
  if (parts->len == 0)
    return;
  g_array_sort (parts, by_size);
  print_parts (parts);
  g_autofree char *quoted = g_shell_quote (g_array_index (parts, Part, 0).name);
  g_autofree char *text = g_strdup_printf (
      _ ("Mail Drop (on iCloud.com), iCloud Drive, Google Drive and Dropbox carry files of up to "
         "5 GB. Put it there, take its link, and finish with:"));
  g_autofree char *laid_out = so_text_wrap (text, SO_TEXT_WIDTH);
  printf ("%s  sendoff outbox edit %s --link %s=URL\n", laid_out, id, quoted);
}

void
so_send_tell_hold (const SoApp *app, const SoCompose *compose, const char *why, const char *id)
{
  if (app->json || app->quiet)
    return;
  g_autoptr (GArray) parts = parts_of_compose (compose);
  printf (_ ("Too large: %s.\n"), why);
  tell_parts (parts, id);
}

gboolean
so_send_tell_parts (SoEntry *entry)
{
  g_autoptr (SoSubmission) submission = so_entry_submission (entry, NULL);
  g_autoptr (SoMimeParts) message
      = submission != NULL ? so_mime_parts_read (submission->fd, submission->offset, FALSE, NULL)
                           : NULL;
  if (message == NULL || message->files->len == 0)
    return FALSE;
  if (message->is_sealed)
    {
      g_autofree char *laid_out = so_text_wrap (
          _ ("It is signed or encrypted, so nothing in it can be replaced. Send it anew, with a "
             "link in place of the attachment."),
          SO_TEXT_WIDTH);
      fputs (laid_out, stdout);
      return TRUE;
    }
  g_autoptr (GArray) parts = parts_of_message (message);
  tell_parts (parts, so_entry_name (entry)->id);
  return TRUE;
}
