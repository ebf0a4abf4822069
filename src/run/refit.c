/*
 * refit.c - looks what is in the message, decides what becomes of each part, writes it anew.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/link.h"
#include "sendoff/mime-parts.h"
#include "sendoff/refit.h"
#include "sendoff/text.h"
#include "sendoff/zip.h"

static int
new_file (const char *folder, GError **error)
{
  int fd = so_durable_unnamed_file (folder);
  if (fd < 0)
    so_durable_error (error, errno, _("cannot write in %s"), folder);
  return fd;
}

static const SoMimeFile *
find (const SoMimeParts *parts, const char *name, GError **error)
{
  const SoMimeFile *file = so_mime_parts_find (parts, name);
  if (file != NULL)
    return file;
  g_autoptr (GString) names = g_string_new (NULL);
  for (guint i = 0; i < parts->files->len; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "",
                            ((const SoMimeFile *)g_ptr_array_index (parts->files, i))->name);
  g_autofree char *shown = so_text_sanitise (name, -1, 100);
  g_autofree char *remedy = names->len > 0 ? g_strdup_printf (_("its attachments: %s"), names->str)
                                           : g_strdup ("");
  so_error_set (error, SO_ERROR_USAGE, remedy, _("the message has no attachment “%s”"), shown);
  return NULL;
}

static gboolean
add_links (const SoMimeParts *parts, char **links, GPtrArray *changes, GError **error)
{
  for (; links != NULL && *links != NULL; links++)
    {
      g_autofree char *name = NULL;
      g_autofree char *url = NULL;
      const SoMimeFile *file = NULL;
      SoLink link;
      if (!so_link_parse (*links, &name, &url, error)
          || (file = find (parts, name, error)) == NULL
          || !so_link_given (NULL, file->name, url, &link, error))
        return FALSE;
      link.size = file->size;
      g_strlcpy (link.sha256, file->sha256, sizeof link.sha256);
      SoMimeChange *change = so_mime_change_new (file->leaf);
      change->text = so_link_text (&link);
      change->html = so_link_html (&link);
      g_ptr_array_add (changes, change);
      so_link_clear (&link);
    }
  return TRUE;
}

static gboolean
add_drops (const SoMimeParts *parts, char **drops, GPtrArray *changes, GError **error)
{
  for (; drops != NULL && *drops != NULL; drops++)
    {
      const SoMimeFile *file = find (parts, *drops, error);
      if (file == NULL)
        return FALSE;
      g_ptr_array_add (changes, so_mime_change_new (file->leaf));
    }
  return TRUE;
}

/* --- packing --- */

typedef struct
{
  int fd; /* the message */
  goffset offset;
  const SoRefitSpec *spec;
  const SoMimeParts *parts;
  GArray *fds; /* of int: the attachments, taken out, and last the archive */
} Pack;

static gboolean
take_out (Pack *pack, GArray *files, GError **error)
{
  for (guint i = 0; i < pack->parts->files->len; i++)
    {
      const SoMimeFile *file = g_ptr_array_index (pack->parts->files, i);
      int fd = new_file (pack->spec->folder, error);
      if (fd < 0)
        return FALSE;
      g_array_append_val (pack->fds, fd);
      if (!so_mime_extract (pack->fd, pack->offset, file->leaf, so_durable_sink, &fd, error))
        return FALSE;
      const SoZipFile one = { .name = file->name, .size = file->size, .fd = fd };
      g_array_append_val (files, one);
    }
  return TRUE;
}

static gboolean
add_zip (Pack *pack, GPtrArray *changes, GError **error)
{
  g_autoptr (GArray) files = g_array_new (FALSE, FALSE, sizeof (SoZipFile));
  const SoZipOptions options = { .interrupt_fd = pack->spec->interrupt_fd };
  if (pack->parts->files->len == 0)
    {
      so_error_set (error, SO_ERROR_USAGE, "", _("the message has no attachment to pack"));
      return FALSE;
    }
  int fd = take_out (pack, files, error) ? new_file (pack->spec->folder, error) : -1;
  if (fd < 0)
    return FALSE;
  g_array_append_val (pack->fds, fd);
  if (!so_zip_make ((const SoZipFile *)(gpointer)files->data, files->len, fd, &options, error))
    return FALSE;
  for (guint i = 0; i < pack->parts->files->len; i++)
    {
      const SoMimeFile *file = g_ptr_array_index (pack->parts->files, i);
      SoMimeChange *change = so_mime_change_new (file->leaf);
      g_ptr_array_add (changes, change);
      if (i > 0)
        continue;
      change->path = g_strdup_printf ("/proc/self/fd/%d", fd);
      change->name = files->len > 1 ? g_strdup (_("attachments.zip"))
                                    : g_strconcat (file->name, ".zip", NULL);
    }
  return TRUE;
}

static void
close_all (GArray *fds)
{
  for (guint i = 0; i < fds->len; i++)
    close (g_array_index (fds, int, i));
  g_array_unref (fds);
}

int
so_refit (int fd, goffset offset, const SoRefitSpec *spec, GError **error)
{
  g_autoptr (SoMimeParts) parts = so_mime_parts_read (fd, offset, spec->links != NULL, error);
  if (parts == NULL)
    return -1;
  g_autoptr (GPtrArray) changes = g_ptr_array_new_with_free_func (so_mime_change_free);
  Pack pack = { fd, offset, spec, parts, g_array_new (FALSE, FALSE, sizeof (int)) };
  int out = -1;
  if (add_links (parts, spec->links, changes, error)
      && add_drops (parts, spec->drops, changes, error)
      && (!spec->zip || add_zip (&pack, changes, error)))
    out = new_file (spec->folder, error);
  if (out >= 0 && !so_mime_edit (fd, offset, changes, so_durable_sink, &out, error))
    {
      close (out);
      out = -1;
    }
  close_all (pack.fds);
  return out;
}
