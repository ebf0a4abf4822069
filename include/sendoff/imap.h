/*
 * imap.h - one IMAP session: look for a message, read its headers, append a copy, ask
 * for the quota.
 *
 * libetpan's protocol engine over our own transport.  Every command has the deadline of a
 * phase and a budget of octets, so neither a server that drips nor one that sends without
 * end, nor one whose lists nest without end, does harm.  Folder names travel as the server
 * writes them (modified UTF-7); titles are for people.
 *
 * Errors: SO_ERROR_NO_HOST, SO_ERROR_TEMPORARY, SO_ERROR_PROTOCOL, SO_ERROR_CREDENTIALS,
 * SO_ERROR_INTERRUPTED; after one of them only so_imap_close() makes sense, unless said.
 */
#pragma once

#include "sendoff/smtp.h"

typedef struct SoImap SoImap;

typedef enum
{
  SO_IMAP_WELL,
  SO_IMAP_UNREACHABLE, /* DNS, TCP */
  SO_IMAP_TLS,
  SO_IMAP_STRANGE,   /* not IMAP, no STARTTLS, floods */
  SO_IMAP_NO_SECRET, /* the secret function failed */
  SO_IMAP_REFUSED,   /* user or password */
  SO_IMAP_DISABLED,  /* password right, IMAP not allowed for the account */
  SO_IMAP_TEMPORARY  /* [UNAVAILABLE] and the like, connection lost */
} SoImapTrouble;

typedef struct
{
  const SoObserver *observer; /* only trace is called; may be NULL */
  guint timeout;              /* seconds a command; 0: the account's, or SO_TIMEOUT_PERSON */
  int interrupt_fd;           /* -1 none */
} SoImapOptions;

/* Connects and logs in.  The secret is asked for only towards a verified server.
 * *trouble (may be NULL) tells failures apart. */
SoImap *so_imap_open (const SoAccount *account, SoSecretFunc secret, gpointer secret_data,
                      const SoImapOptions *options, SoImapTrouble *trouble, GError **error);

/* LOGOUT (its answer is not waited for) and close. */
void so_imap_close (SoImap *imap);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoImap, so_imap_close)

gboolean so_imap_has (const SoImap *imap, const char *capability); /* as after login */

/* FALSE after an error that ended the session: only so_imap_close() makes sense.  After the server's
 * NO to one command it goes on. */
gboolean so_imap_is_usable (const SoImap *imap);

/* Where to look: without a bound a folder of 200,000 messages is read through by the server. */
typedef struct
{
  guint32 first_uid; /* this one and later ones; 0: no bound */
  gint64 since;      /* s since 1970 UTC, by the server's date of arrival, a day early; 0: none */
} SoImapRange;

/* UIDs in the selected folder whose header has that value (as IMAP matches it: a part is
 * enough); range may be NULL; of guint32, owned by the caller. */
GArray *so_imap_find (SoImap *imap, const SoImapRange *range, const char *header,
                      const char *value, GError **error);

/* The message's headers, without marking it read; NULL without error: no such message. */
char *so_imap_headers (SoImap *imap, guint32 uid, GError **error);

/* Takes exactly this message out of the selected (writable) folder.  *gone FALSE: the
 * server cannot expunge one message alone, so it is only marked deleted. */
gboolean so_imap_delete (SoImap *imap, guint32 uid, gboolean *gone, GError **error);

/* Appends octets as a message that was read (\Seen). */
gboolean so_imap_append (SoImap *imap, const char *folder, const char *octets, gsize length,
                         GError **error);

/* Storage of the mailbox in octets.  FALSE without error: the server does not tell. */
gboolean so_imap_quota (SoImap *imap, guint64 *used, guint64 *limit, GError **error);

/* NOOP: until it is asked a server need not look for news, and SEARCH finds none. */
gboolean so_imap_ask_news (SoImap *imap, GError **error);

/* Waits up to limit_us for news in the selected folder: IDLE where the server has it,
 * else NOOP after the time.  News or not, TRUE: look again. */
gboolean so_imap_wait (SoImap *imap, gint64 limit_us, GError **error);
