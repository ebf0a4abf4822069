/*
 * zip.h - files packed into one archive that Windows, macOS and Gmail open.
 *
 * Packing is done by a program of our own, sendoff-zip: libarchive costs several milliseconds
 * at every start, and a message that fits needs none of it.
 */
#pragma once

#include <glib.h>

typedef struct
{
  const char *path; /* to be read; NULL: it is open as fd */
  const char *name; /* in the archive; UTF-8, made different where two are the same */
  guint64 size;     /* octets */
  int fd;           /* of this process, readable; only without path */
} SoZipFile;

/* What files would come to, by samples of each: some 1 MiB is read and compressed in all,
 * whatever their size.  Octets; a file that cannot be read counts in full. */
guint64 so_zip_estimate (const SoZipFile *files, guint n);

typedef struct
{
  void (*progress) (gpointer data, guint64 done, guint64 total); /* may be NULL */
  gpointer data;
  int interrupt_fd; /* -1 none */
} SoZipOptions;

/* Writes the archive to fd.  Errors: SO_ERROR_NO_INPUT a file, SO_ERROR_IO no room,
 * SO_ERROR_INTERRUPTED. */
gboolean so_zip_make (const SoZipFile *files, guint n, int fd, const SoZipOptions *options,
                      GError **error);

/* Receivers refuse a file of this kind, also within an archive (Gmail's list,
 * https://support.google.com/mail/answer/6590). */
gboolean so_zip_is_often_blocked (const char *name);
