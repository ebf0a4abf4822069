/*
 * smtp.h - one authenticated session with a submission server, and any number of
 * messages through it.
 *
 * so_smtp_open() goes from DNS to AUTH; so_smtp_run() then pulls messages from a feed
 * and gives each recipient a verdict.  Where PIPELINING is offered the end of a message
 * and MAIL, RCPT, DATA of the next leave in one flight (RFC 2920), so next() is asked
 * for message n+1 before the verdict on n is known; where CHUNKING is offered BDAT LAST
 * takes the place of DATA (RFC 3030).  At any moment at most one message can be
 * uncertain.  A server that offers PIPELINING and breaks on its first use is called
 * again and spoken to in lock-step; nothing has been sent by then.
 *
 * Errors of open: SO_ERROR_NO_HOST (68), SO_ERROR_TEMPORARY (75: refused, no answer,
 * lost, 4xx), SO_ERROR_PROTOCOL (76: TLS, certificate, no STARTTLS, nonsense),
 * SO_ERROR_CREDENTIALS (77: refused password), SO_ERROR_REFUSED (69: 5xx greeting),
 * SO_ERROR_INTERRUPTED.
 */
#pragma once

#include "sendoff/account.h"
#include "sendoff/observer.h"
#include "sendoff/secret-text.h"
#include "sendoff/submission.h"

typedef struct SoSmtp SoSmtp;

typedef struct
{
  const SoReplyBook *book;      /* may be NULL */
  const SoObserver *observer;   /* may be NULL */
  guint timeout;                /* seconds a phase, when the account sets none */
  int interrupt_fd;             /* -1 none */
} SoSmtpOptions;

/* The secret is asked for only when AUTH is about to be sent to a verified server. */
typedef SoSecret *(*SoSecretFunc) (gpointer data, GError **error);

/* Goes from DNS to AUTH.  On failure *trouble (if not NULL) is the verdict for whatever was
 * to be sent: its scope says whether to stop the pass or to hold the account, its reply
 * is the server's word if it spoke.  Owned by the caller. */
SoSmtp *so_smtp_open (const SoAccount *account, SoSecretFunc secret, gpointer secret_data,
                      const SoSmtpOptions *options, SoVerdict **trouble, GError **error);

typedef struct
{
  /* The next message, or NULL when there is none now; stays owned by the feed. */
  SoSubmission *(*next) (gpointer data);
  /* The last octets of it are about to leave: from here on it can become uncertain.  The
   * place for a durable mark; FALSE stops it here (deferred).  May be NULL. */
  gboolean (*completing) (gpointer data, SoSubmission *submission);
  /* Every recipient of it has a verdict.  Called once for each message next() gave. */
  void (*done) (gpointer data, SoSubmission *submission);
  gpointer data;
} SoFeed;

/* TRUE: the feed is empty and the session could take more.  FALSE with error: it is
 * over; everything taken from the feed has been given back through done(). */
gboolean so_smtp_run (SoSmtp *smtp, const SoFeed *feed, GError **error);

/* SIZE announced by the server, 0: none. */
guint64 so_smtp_size_limit (const SoSmtp *smtp);
gboolean so_smtp_offers (const SoSmtp *smtp, const char *keyword);

/* Asks whether sender would be taken: MAIL, RCPT to recipient, RSET; nothing is sent.
 * The verdict (owned by the caller) is on the first of both that was refused, or
 * ACCEPTED.  NULL with error: the connection is over. */
SoVerdict *so_smtp_try (SoSmtp *smtp, const char *sender, const char *recipient, GError **error);

/* QUIT (its answer is not waited for) and close. */
void so_smtp_close (SoSmtp *smtp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoSmtp, so_smtp_close)
