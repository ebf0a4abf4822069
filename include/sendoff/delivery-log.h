/*
 * delivery-log.h - what was handed to a server, to whom, when, and with which answer.
 *
 * $XDG_STATE_HOME/sendoff/log, 0600, one line a delivery, written at once; past DELIVERY_LOG_MAX
 * octets it becomes log.1.  The fields are msmtp's, behind the time (RFC 3339, UTC), and some of
 * ours; values are quoted as a shell would read them:
 *
 *   2026-11-25T12:00:00Z host=… tls=on auth=on user=… from=… recipients=a,b mailsize=1234
 *     smtpstatus=250 smtpmsg='250 2.0.0 Ok' errormsg='' exitcode=EX_OK account=… outcome=accepted
 *     messageid='<…>'                                        (all in one line)
 *
 * No password, no text of a message; a server's words are sanitised.
 */
#pragma once

#include "sendoff/account.h"
#include "sendoff/submission.h"

#define SO_DELIVERY_LOG_MAX (1024 * 1024) /* octets; two files of them are kept */

/* Owned by the caller. */
char *so_delivery_log_path (void);

/* A line for each group of recipients with the same answer.  FALSE with error (SO_ERROR_IO). */
gboolean so_delivery_log_add (const char *path, const SoAccount *account,
                              const SoSubmission *submission, gint64 now_us, GError **error);

typedef struct
{
  char *time; /* RFC 3339, UTC */
  char *account, *from, *outcome, *message, *message_id;
  char **recipients;
  guint code; /* of the reply; 0 none */
  guint64 size;
} SoDelivery;
void so_delivery_free (gpointer delivery);

/* Every delivery on record, oldest first; of SoDelivery.  Lines that are none are passed over; no
 * file is no error. */
GPtrArray *so_delivery_log_read (const char *path);
