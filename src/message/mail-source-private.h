/*
 * mail-source-private.h - what the readers of mail-source.h share.
 */
#pragma once

#include "sendoff/line-reader.h"
#include "sendoff/mail-source.h"

#define SO_MAIL_ITEM_MAX (G_GUINT64_CONSTANT (1) << 30) /* octets; more is no mail */

typedef struct
{
  SoMailItemFunc func;
  gpointer data;
  GError **error;
} SoMailReader;

/* Each reads a whole source.  FALSE: ended by func, or with error. */
gboolean so_mail_read_files (const char *path, SoMailFormat format, const SoMailReader *reader);
gboolean so_mail_read_maildir (const char *path, const SoMailReader *reader);
gboolean so_mail_read_mh (const char *path, const SoMailReader *reader);
gboolean so_mail_read_mbox (const char *path, SoMailFormat format, const SoMailReader *reader);
gboolean so_mail_read_msmtpq (const char *path, const SoMailReader *reader);
gboolean so_mail_read_nullmailer (const char *path, const SoMailReader *reader);
gboolean so_mail_read_dma (const char *path, const SoMailReader *reader);

/* One message a file: the item's length and start, or its fault. */
void so_mail_item_measure (SoMailItem *item);
void so_mail_item_measure_emlx (SoMailItem *item);

/* The first is the one that is told. */
void so_mail_item_fail (SoMailItem *item, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* A plain file, for reading; -1 with errno (EINVAL: it is no plain file). */
int so_mail_open (const char *path);

/* The file's first octets, at most size - 1 of them, with a NUL behind; NULL with errno. */
char *so_mail_peek (const char *path, gsize size, gsize *length);

/* Names in a folder, sorted; NULL with error. */
GPtrArray *so_mail_list (const char *path, GError **error);

/* Pieces of a line to the sink, with Apple's attachments put back in. */
gboolean so_mail_write_partial (const SoMailItem *item, int fd, SoByteSink sink, gpointer data,
                                GError **error);

/* The field is a program's own and not meant for others. */
gboolean so_mail_is_private (SoMailFormat format, const char *name, gsize length);
