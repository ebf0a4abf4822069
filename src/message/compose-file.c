/*
 * compose-file.c - a file to be attached: what it is, and that it is still the same.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compose-private.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"
#include "sendoff/wire.h"

#define SNIFFED 4096  /* octets by which the type is guessed */

void
so_compose_part_free (gpointer data)
{
  SoComposePart *part = data;
  g_free (part->file.path);
  g_free (part->file.name);
  g_free (part->type);
  g_free (part->text);
  g_free (part->html);
  g_free (part);
}

static char *
shown_path (const char *path)
{
  g_autofree char *utf8 = g_filename_display_name (path);
  return so_text_sanitise (utf8, -1, 200);
}

static gint64
modified_ns (const struct stat *info)
{
  return (gint64)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
}

/* The type by name and first octets. */
static char *
guess_type (const char *path, int fd)
{
  char head[SNIFFED];
  ssize_t n = pread (fd, head, sizeof head, 0);
  g_autofree char *guess = g_content_type_guess (path, (guchar *)head, n > 0 ? (gsize)n : 0, NULL);
  char *type = g_content_type_get_mime_type (guess);
  if (type != NULL && strchr (type, '/') != NULL && !g_str_has_prefix (type, "multipart/")
      && !g_str_has_prefix (type, "inode/") && !g_str_has_prefix (type, "x-content/"))
    return type;
  g_free (type);
  return g_strdup ("application/octet-stream");
}

/* A mail in a mail: only as it is, so only where it can pass as it is. */
static gboolean
is_seven_bit (int fd, guint64 size)
{
  SoWireMeter *meter = so_wire_meter_new ();
  char buffer[65536];
  gboolean has_nul = FALSE;
  goffset at = 0;
  for (ssize_t n; (n = pread (fd, buffer, sizeof buffer, at)) > 0; at += n)
    {
      so_wire_meter_feed (meter, buffer, (gsize)n);
      has_nul |= memchr (buffer, '\0', (gsize)n) != NULL;
    }
  SoWireMeasure measure = so_wire_meter_end (meter);
  return (guint64)at == size && !has_nul && !measure.eight_bit && !measure.utf8_headers
         && measure.longest_line <= SO_WIRE_LINE_MAX && measure.size == size;
}

static void
settle_type (SoComposePart *part, const char *type, int fd)
{
  part->type = type != NULL ? g_strdup (type) : guess_type (part->file.path, fd);
  if (!g_str_has_prefix (part->type, "message/"))
    return;
  part->as_it_is = strcmp (part->type, "message/rfc822") == 0 && is_seven_bit (fd, part->file.size);
  if (part->as_it_is)
    return;
  g_free (part->type);
  part->type = g_strdup ("application/octet-stream");
}

static int
open_file (const char *path, struct stat *info, GError **error)
{
  g_autofree char *shown = shown_path (path);
  /* Not blocking: a FIFO would wait for its writer. */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0 || fstat (fd, info) != 0)
    {
      so_error_set (error, SO_ERROR_NO_INPUT, _("check the name and the permissions"),
                    _("%s cannot be read: %s"), shown, g_strerror (errno));
      if (fd >= 0)
        close (fd);
      return -1;
    }
  if (S_ISREG (info->st_mode))
    return fd;
  if (S_ISDIR (info->st_mode))
    so_error_set (error, SO_ERROR_NO_INPUT, _("pack it first: zip -r"), _("%s is a folder"), shown);
  else
    so_error_set (error, SO_ERROR_NO_INPUT, _("attach a file"), _("%s is not a file"), shown);
  close (fd);
  return -1;
}

SoComposePart *
so_compose_part_new (const char *path, const char *name, const char *type, GError **error)
{
  struct stat info;
  int fd = open_file (path, &info, error);
  if (fd < 0)
    return NULL;
  SoComposePart *part = g_new0 (SoComposePart, 1);
  part->file.path = g_strdup (path);
  part->file.name = so_file_name_clean (name != NULL ? name : path);
  part->file.size = (guint64)info.st_size;
  part->device = info.st_dev;
  part->inode = info.st_ino;
  part->modified_ns = modified_ns (&info);
  settle_type (part, type, fd);
  close (fd);
  return part;
}

void
so_compose_part_changed (const SoComposePart *part, GError **error)
{
  g_autofree char *shown = shown_path (part->file.path);
  so_error_set (error, SO_ERROR_DATA, _("send it again when nobody writes to it"),
                _("%s changed while it was being read"), shown);
}

int
so_compose_part_open (const SoComposePart *part, GError **error)
{
  struct stat info;
  int fd = open_file (part->file.path, &info, error);
  if (fd < 0)
    return -1;
  if (info.st_dev == part->device && info.st_ino == part->inode
      && (guint64)info.st_size == part->file.size && modified_ns (&info) == part->modified_ns)
    return fd;
  close (fd);
  so_compose_part_changed (part, error);
  return -1;
}
