/*
 * smtp-private.h - one SMTP session, shared by the files that speak for it:
 * smtp-io.c (commands and replies), ehlo.c (what the server offers), smtp-auth.c (AUTH),
 * smtp.c (from DNS to AUTH), smtp-run.c (messages), smtp-transaction.c and smtp-answers.c
 * (MAIL, RCPT, DATA), smtp-body.c (the message's octets).
 */
#pragma once

#include "ehlo.h"
#include "sendoff/deadline.h"
#include "sendoff/smtp.h"
#include "sendoff/transport.h"

struct SoSmtp
{
  SoAccount *account;
  SoSecretFunc secret;
  gpointer secret_data;
  SoSmtpOptions options;
  guint timeout; /* seconds a phase, decided */

  SoDeadline deadline;
  SoTransport *transport;
  mailstream *stream;
  SoReplyParser *parser;
  SoEhlo ehlo;

  gboolean broken_pipelining; /* found on an earlier connection of this session */
  gboolean lock_step;         /* no pipelining: not offered, or found broken */
  gboolean pipelining_proven; /* one flight of commands was answered rightly */
  gboolean mail_open;         /* a transaction stands that the next MAIL must not meet: RSET first */
  gboolean usable;            /* the next command may be sent */
  gboolean said_421;          /* the server has announced that it closes (RFC 5321 3.8) */
  GPtrArray *told; /* of SoSecret: what a server that repeats it is not quoted with */
  SoPhase phase;
  gint64 phase_began_us;
};

/* --- smtp-io.c --- */

/* Puts a command into the stream's buffer; shown is what a trace may show, NULL for the
 * command itself.  The caller has checked that nothing in it is CR or LF. */
gboolean so_smtp_put (SoSmtp *smtp, const char *command, const char *shown);
gboolean so_smtp_flush (SoSmtp *smtp);

/* The next reply, or NULL when the connection is over (see so_smtp_lost()). */
SoReply *so_smtp_read_reply (SoSmtp *smtp);

/* A command of its own: put, flush, read. */
SoReply *so_smtp_ask (SoSmtp *smtp, const char *command, const char *shown);

/* Octets of the server that no command of ours has asked for. */
gboolean so_smtp_has_input (SoSmtp *smtp);

/* Sets the error for a connection that ended, from the transport's state. */
void so_smtp_lost (SoSmtp *smtp, GError **error);

void so_smtp_phase_begin (SoSmtp *smtp, SoPhase phase);
void so_smtp_phase_end (SoSmtp *smtp, const char *learned);

/* --- smtp-auth.c --- */
gboolean so_smtp_authenticate (SoSmtp *smtp, SoVerdict **trouble, GError **error);

/* --- smtp.c --- */

/* Closes what is open and starts anew up to AUTH. */
gboolean so_smtp_connect (SoSmtp *smtp, SoVerdict **trouble, GError **error);
void so_smtp_hang_up (SoSmtp *smtp);

/* Fills *trouble and *error from a reply that was not the one hoped for. */
void so_smtp_refused (SoSmtp *smtp, SoStage stage, const SoReply *reply, SoVerdict **trouble,
                      GError **error);

/* --- smtp-transaction.c --- */

typedef struct
{
  SoSubmission *submission;
  gboolean sent;          /* its commands are in the stream already */
  gboolean reset_first;   /* RSET stands before them */
  char **wire_addresses;  /* as they go on the wire: IDNA where SMTPUTF8 is not there */
  guint n_accepted;       /* recipients whose RCPT was answered well */
  guint64 dot_at;         /* transport octet count at which the last octet has left; 0 no */
} SoTransaction;

typedef enum
{
  SO_TRANSACTION_READY,    /* the body may go */
  SO_TRANSACTION_SETTLED,  /* every recipient has its verdict; the session goes on */
  SO_TRANSACTION_LOST,     /* the connection is over */
  SO_TRANSACTION_UNSURE    /* the answers look like broken pipelining */
} SoTransactionResult;

void so_transaction_init (SoTransaction *envelope, SoSubmission *submission);
void so_transaction_clear (SoTransaction *envelope);
SoRecipient *so_transaction_recipient (const SoTransaction *envelope, guint i);

/* Gives every recipient without a verdict this one, the one for a reply, or the one for a
 * connection that is over. */
void so_transaction_settle (SoTransaction *envelope, SoVerdict *verdict); /* takes it over */
void so_transaction_settle_by_reply (SoSmtp *smtp, SoTransaction *envelope, SoStage stage,
                                  const SoReply *reply);
void so_transaction_settle_lost (SoSmtp *smtp, SoTransaction *envelope, SoStage stage);

/* FALSE: refused here, verdicts are set, nothing was sent. */
gboolean so_transaction_check (SoSmtp *smtp, SoTransaction *envelope);

gboolean so_transaction_put_mail (SoSmtp *smtp, const SoTransaction *envelope);
gboolean so_transaction_put_rcpt (SoSmtp *smtp, const SoTransaction *envelope, guint i);

/* Pipelined: put all, then read all (split so that the end of a body can go between). */
gboolean so_transaction_put (SoSmtp *smtp, SoTransaction *envelope);

/* --- smtp-answers.c --- */
SoTransactionResult so_transaction_read (SoSmtp *smtp, SoTransaction *envelope);

/* One command, one reply. */
SoTransactionResult so_transaction_lock_step (SoSmtp *smtp, SoTransaction *envelope);

/* --- smtp-body.c --- */

typedef enum
{
  SO_BODY_SENT,       /* all octets are in the stream, the last perhaps not flushed */
  SO_BODY_OBJECTION,  /* the server spoke in the middle */
  SO_BODY_UNREADABLE, /* our file could not be read as promised */
  SO_BODY_STOPPED,    /* the feed did not want it completed */
  SO_BODY_LOST
} SoBodyResult;

SoBodyResult so_body_put (SoSmtp *smtp, SoTransaction *envelope, const SoFeed *feed);
