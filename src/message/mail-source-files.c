/*
 * mail-source-files.c - one message a file: .eml, .emlx, Maildir, MH.
 *
 * An .emlx is a number, that many octets of message, and a property list with Apple Mail's
 * flags.  In a .partial.emlx the attachments are empty; they stand in Attachments/ID/PART/
 * beside the folder Messages.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail-source-private.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

#define DEPTH_MAX 16
#define EMLX_DELETED 2 /* bit of its flags */

static gboolean
tell (const SoMailReader *reader, SoMailItem *item)
{
  g_ptr_array_add (item->files, g_strdup (item->path));
  return reader->func (reader->data, item);
}

static gboolean
tell_file (const SoMailReader *reader, SoMailFormat format, const char *path)
{
  SoMailItem *item = so_mail_item_new (format, path);
  so_mail_item_measure (item);
  return tell (reader, item);
}

/* --- Apple Mail --- */

/* The number in <key>flags</key> of what follows the message; 0 if there is none. */
static guint64
emlx_flags (int fd, goffset from)
{
  char tail[8192];
  ssize_t n = pread (fd, tail, sizeof tail - 1, from);
  tail[MAX (n, 0)] = '\0';
  const char *key = strstr (tail, "<key>flags</key>");
  const char *value = key != NULL ? strstr (key, "<integer>") : NULL;
  return value != NULL ? g_ascii_strtoull (value + strlen ("<integer>"), NULL, 10) : 0;
}

/* "…/Messages/12.partial.emlx" → "…/Attachments/12" */
static char *
attachments_of (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *above = g_path_get_dirname (folder);
  g_autofree char *id = g_path_get_basename (path);
  id[strlen (id) - strlen (".partial.emlx")] = '\0';
  return g_build_filename (above, "Attachments", id, NULL);
}

void
so_mail_item_measure_emlx (SoMailItem *item)
{
  char first[32] = "";
  char *end;
  struct stat st;
  int fd = so_mail_open (item->path);
  if (fd < 0 || pread (fd, first, sizeof first - 1, 0) < 0 || fstat (fd, &st) != 0)
    so_mail_item_fail (item, "%s", g_strerror (errno));
  item->length = g_ascii_strtoull (first, &end, 10);
  end += strspn (end, " ");
  item->start = end + 1 - first;
  if (fd < 0)
    return;
  if (end == first || *end != '\n')
    so_mail_item_fail (item, _ ("it does not begin with the length of a message"));
  else if (item->length == 0)
    so_mail_item_fail (item, _ ("there is no message in it"));
  else if (item->length > SO_MAIL_ITEM_MAX)
    so_mail_item_fail (item, _ ("too large for a message"));
  else if ((guint64)st.st_size < (guint64)item->start + item->length)
    so_mail_item_fail (item, _ ("it is cut short"));
  else
    item->done = (emlx_flags (fd, item->start + (goffset)item->length) & EMLX_DELETED) != 0;
  close (fd);
}

static gboolean
tell_emlx (const SoMailReader *reader, const char *path)
{
  SoMailItem *item = so_mail_item_new (SO_FORMAT_EMLX, path);
  so_mail_item_measure_emlx (item);
  if (g_str_has_suffix (path, ".partial.emlx"))
    {
      g_free (item->attachments);
      item->attachments = attachments_of (path);
    }
  return tell (reader, item);
}

/* --- files and folders of them --- */

static gboolean
is_wanted (const char *name, SoMailFormat format)
{
  return g_str_has_suffix (name, ".emlx")
         || (format == SO_FORMAT_EML && g_str_has_suffix (name, ".eml"));
}

static gboolean
tell_named (const SoMailReader *reader, const char *path, SoMailFormat format)
{
  return g_str_has_suffix (path, ".emlx") || format == SO_FORMAT_EMLX
             ? tell_emlx (reader, path)
             : tell_file (reader, SO_FORMAT_EML, path);
}

static gboolean
walk (const char *path, SoMailFormat format, const SoMailReader *reader, guint depth)
{
  g_autoptr (GPtrArray) found = so_mail_list (path, depth == 0 ? reader->error : NULL);
  if (found == NULL)
    return depth > 0; /* a folder below that is not for us holds nobody up */
  for (guint i = 0; i < found->len; i++)
    {
      const char *name = g_ptr_array_index (found, i);
      g_autofree char *below = g_build_filename (path, name, NULL);
      if (g_file_test (below, G_FILE_TEST_IS_DIR))
        {
          if (depth < DEPTH_MAX && !g_file_test (below, G_FILE_TEST_IS_SYMLINK)
              && strcmp (name, "Attachments") != 0 && !walk (below, format, reader, depth + 1))
            return FALSE;
        }
      else if (is_wanted (name, format) && !tell_named (reader, below, format))
        return FALSE;
    }
  return TRUE;
}

gboolean
so_mail_read_files (const char *path, SoMailFormat format, const SoMailReader *reader)
{
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return walk (path, format, reader, 0);
  return tell_named (reader, path, format);
}

/* --- Maildir --- */

/* "name:2,ST": T is for the trash. */
static gboolean
is_trashed (const char *name)
{
  const char *flags = strstr (name, ":2,");
  return flags != NULL && strchr (flags, 'T') != NULL;
}

gboolean
so_mail_read_maildir (const char *path, const SoMailReader *reader)
{
  static const char *const folders[] = { "new", "cur" };
  for (gsize f = 0; f < G_N_ELEMENTS (folders); f++)
    {
      g_autofree char *folder = g_build_filename (path, folders[f], NULL);
      g_autoptr (GPtrArray) found = so_mail_list (folder, reader->error);
      if (found == NULL)
        return FALSE;
      for (guint i = 0; i < found->len; i++)
        {
          const char *name = g_ptr_array_index (found, i);
          g_autofree char *file = g_build_filename (folder, name, NULL);
          if (*name == '.')
            continue;
          SoMailItem *item = so_mail_item_new (SO_FORMAT_MAILDIR, file);
          so_mail_item_measure (item);
          item->done = is_trashed (name);
          if (!tell (reader, item))
            return FALSE;
        }
    }
  return TRUE;
}

/* --- MH --- */

static gint
by_number (gconstpointer a, gconstpointer b)
{
  guint64 x = g_ascii_strtoull (*(const char *const *)a, NULL, 10);
  guint64 y = g_ascii_strtoull (*(const char *const *)b, NULL, 10);
  return x < y ? -1 : x > y;
}

/* A name that is no number is no message: removed ones have a comma or a # before it. */
gboolean
so_mail_read_mh (const char *path, const SoMailReader *reader)
{
  g_autoptr (GPtrArray) found = so_mail_list (path, reader->error);
  if (found == NULL)
    return FALSE;
  g_ptr_array_sort (found, by_number);
  for (guint i = 0; i < found->len; i++)
    {
      const char *name = g_ptr_array_index (found, i);
      g_autofree char *file = g_build_filename (path, name, NULL);
      if (strspn (name, "0123456789") == strlen (name) && !tell_file (reader, SO_FORMAT_MH, file))
        return FALSE;
    }
  return TRUE;
}
