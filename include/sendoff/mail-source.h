/*
 * mail-source.h - messages that wait somewhere else: in files and queues of other programs.
 *
 * Each format is one reader that finds the messages and tells of each, in order; what one
 * looks like as a message of its own is written on demand, in constant memory.  Nothing is
 * changed in a source but by so_mail_item_take().
 */
#pragma once

#include "sendoff/byte-sink.h"

typedef enum
{
  SO_FORMAT_EML,  /* a finished message, or a folder with such files below it */
  SO_FORMAT_EMLX, /* Apple Mail's: .emlx, .partial.emlx, a folder of them (Outbox.mbox) */
  SO_FORMAT_MBOX,
  SO_FORMAT_THUNDERBIRD, /* its mbox: Unsent Messages */
  SO_FORMAT_MAILDIR,
  SO_FORMAT_MH,
  SO_FORMAT_MSMTPQ, /* msmtpq and msmtpqueue: NAME.mail and NAME.msmtp */
  SO_FORMAT_NULLMAILER,
  SO_FORMAT_DMA,
  SO_MAIL_FORMATS,
  SO_FORMAT_UNKNOWN = SO_MAIL_FORMATS
} SoMailFormat;

/* "eml", "emlx", "mbox" …: never translated (--format, JSON).  UNKNOWN for no such word. */
const char *so_mail_format_name (SoMailFormat format);
SoMailFormat so_mail_format_from_name (const char *name);
/* A queue that another program still sends from. */
gboolean so_mail_format_is_queue (SoMailFormat format);

/* By what is in the file or folder.  UNKNOWN without error: nothing that is known;
 * SO_ERROR_NO_INPUT: it cannot be read. */
SoMailFormat so_mail_format_guess (const char *path, GError **error);

typedef struct
{
  SoMailFormat format;
  char *path;    /* of the file with the message */
  char *label;   /* for people: the path, with the number in an mbox behind it */
  guint number;  /* in an mbox, from 1; 0 in a file of its own */
  goffset start; /* the message in the file */
  guint64 length;
  char *attachments; /* the folder with what was taken out of a .partial.emlx; "" */

  gboolean
      has_envelope; /* the queue's own: sender and recipients are right, the headers' are not */
  gboolean reads_headers; /* the recipients of the headers come to those of the envelope */
  char *sender;
  GPtrArray *recipients; /* of char*, owned */
  char *account;         /* the name that program has for it; "" */

  GPtrArray *notes; /* of char*: what of the queue's entry has no counterpart */
  char *doubt;      /* why it should be looked at before it is sent; "" */
  char *fault;      /* why it cannot be taken over; "" */
  gboolean done;    /* it needs not be sent: deleted in that program, or sent by it */
  GPtrArray *files; /* of char*: what to remove, in this order; empty for one in an mbox */
  int lock_fd;      /* held while the item lives; -1 */
} SoMailItem;

SoMailItem *so_mail_item_new (SoMailFormat format, const char *path);
void so_mail_item_free (SoMailItem *item);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoMailItem, so_mail_item_free)

/* The item is the callee's.  FALSE ends the reading. */
typedef gboolean (*SoMailItemFunc) (gpointer data, SoMailItem *item);

/* Tells of every message at path.  What is wrong with one is in the item; FALSE with error
 * (SO_ERROR_NO_INPUT, SO_ERROR_TEMPORARY: another program works on the queue) is about the
 * whole. */
gboolean so_mail_source_read (const char *path, SoMailFormat format, SoMailItemFunc func,
                              gpointer data, GError **error);

/* The message as it was before that program stored it: without its private headers, quoting
 * undone, attachments put back.  SO_ERROR_NO_INPUT, SO_ERROR_DATA, or the sink's error. */
gboolean so_mail_item_write (const SoMailItem *item, SoByteSink sink, gpointer data,
                             GError **error);

/* Removes the files of an item.  SO_ERROR_CANNOT_CREATE. */
gboolean so_mail_item_take (const SoMailItem *item, GError **error);

/* The file behind a path of an mbox: in Apple Mail's older mailboxes it is PATH/mbox. */
char *so_mail_mbox_file (const char *path);
/* Empties an mbox all of whose messages were taken over.  SO_ERROR_TEMPORARY if it is not of that
 * length any more, or locked by another program. */
gboolean so_mail_mbox_empty (const char *path, goffset length, GError **error);
