/*
 * mime-parts.h - the attachments of a finished message: looked at, taken out, replaced.
 *
 * Reads a file from offset to its end with pread(), in constant memory.  Nothing that is signed or
 * encrypted is ever changed: SO_ERROR_DATA says so.
 */
#pragma once

#include "sendoff/byte-sink.h"

typedef struct
{
  char *name; /* as it is shown */
  char *type;
  guint64 size;    /* octets, decoded */
  char sha256[65]; /* of those; "" unless asked for */
  guint leaf;      /* its number in the message */
} SoMimeFile;

typedef struct
{
  GPtrArray *files;  /* of SoMimeFile: parts that have a file name */
  guint64 content;   /* octets of all parts, decoded */
  gboolean is_sealed;
} SoMimeParts;

SoMimeParts *so_mime_parts_read (int fd, goffset offset, gboolean with_sums, GError **error);
void so_mime_parts_free (SoMimeParts *parts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoMimeParts, so_mime_parts_free)

/* The file of that name (folders in it are left out); NULL if there is none. */
const SoMimeFile *so_mime_parts_find (const SoMimeParts *parts, const char *name);

/* The decoded octets of one file. */
gboolean so_mime_extract (int fd, goffset offset, guint leaf, SoByteSink sink, gpointer data,
                          GError **error);

typedef struct
{
  guint leaf;
  char *text, *html; /* a note in its place; NULL: none */
  char *path, *name; /* a file in its place, as base64; NULL: none */
  char *words;       /* its own text, changed: UTF-8, lines end with LF; NULL: none.  Neither of these:
                      * the part goes */
} SoMimeChange;

/* The message with the changes (of SoMimeChange); everything else octet for octet. */
gboolean so_mime_edit (int fd, goffset offset, const GPtrArray *changes, SoByteSink sink,
                       gpointer data, GError **error);

SoMimeChange *so_mime_change_new (guint leaf);
void so_mime_change_free (gpointer change);
