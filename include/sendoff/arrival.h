/*
 * arrival.h - the proof that a message arrived: watches the mailbox it was sent to.
 *
 * Begun before the message is sent, so that only what comes after that is looked at: a folder
 * with 200,000 messages costs no more than an empty one.  The inbox is watched by IDLE and
 * looked into at short intervals all the same, for some servers announce IDLE and never tell;
 * Junk and the folders a rule may file into are looked into at the same intervals.  A session
 * that is lost is opened again until the time is over.
 */
#pragma once

#include "sendoff/mailbox.h"

typedef struct SoArrivalWatch SoArrivalWatch;

/* account: whose mailbox it is.  Errors as in mailbox.h. */
SoArrivalWatch *so_arrival_begin (const SoAccount *account, const SoMailboxOptions *options,
                                  GError **error);
void so_arrival_free (SoArrivalWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoArrivalWatch, so_arrival_free)

typedef struct
{
  const char *message_id; /* with brackets */
  const char *token;      /* in the subject: without it nothing is deleted */
  gint64 accepted_us;     /* monotonic clock: when the server said 250 */
  guint timeout;          /* seconds from then on */
  gboolean keep;          /* do not delete it */
} SoArrivalQuery;

typedef struct
{
  gboolean found;
  char *folder; /* its title */
  SoFolderUse use;
  gint64 seen_us; /* monotonic clock */
  char *headers;
  gboolean has_sent; /* the mailbox has a folder for what was sent */
  char *sent_folder; /* its title, "" */
  gboolean in_sent;  /* with a copy in it */
  gboolean deleted;  /* every copy found is gone */
  char *left;        /* why one is still there; "" */
} SoArrival;

/* Waits until it is there or the time is over.  FALSE with error: interrupted, or the mailbox could
 * not be looked into. */
gboolean so_arrival_wait (SoArrivalWatch *watch, const SoArrivalQuery *query, SoArrival *arrival,
                          GError **error);
void so_arrival_clear (SoArrival *arrival);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SoArrival, so_arrival_clear)

/* "inbox", "junk", "sent", "trash", "all", "other": never translated (JSON). */
const char *so_folder_use_name (SoFolderUse use);
