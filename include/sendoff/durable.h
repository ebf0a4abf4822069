/*
 * durable.h - what it takes for a file to be there after a power cut.
 *
 * Write, fsync the file, rename, fsync the folder: the caller puts the steps in order,
 * here they are done whole.  All return FALSE with errno set; so_durable_error() puts it into
 * words.
 */
#pragma once

#include <glib.h>

/* All of it, whatever a single write() takes. */
gboolean so_durable_write (int fd, const char *bytes, gsize length);
gboolean so_durable_write_at (int fd, const char *bytes, gsize length, goffset offset);

/* Up to length octets from offset; the number read, -1 with errno. */
gssize so_durable_read_at (int fd, char *bytes, gsize length, goffset offset);

/* A file without a name in folder, for what nobody else need see: its descriptor, -1 with errno.
 * Whatever happens, nothing of it is left. */
int so_durable_unnamed_file (const char *folder);

/* fsync of a folder; a file system that knows none (EINVAL) has nothing to be asked for. */
gboolean so_durable_sync_folder (int fd);
/* The same for one not open yet; folder: what path is relative to, or AT_FDCWD. */
gboolean so_durable_sync_folder_at (int folder, const char *path);

/* Makes the folder and those above it, 0700, each name durable; no error if it is there. */
gboolean so_durable_make_folder (const char *path);

/* "what: No space left on device", a remedy that fits, and the exit code: 73 where a file may not
 * be made, 74 where the disk cannot, 75 where the system is short of something. */
void so_durable_error (GError **error, int errnum, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* A sink (byte-sink.h) for a descriptor: data points to it. */
gboolean so_durable_sink (gpointer fd, const char *bytes, gsize length, GError **error);
