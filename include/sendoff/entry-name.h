/*
 * entry-name.h - the name of a waiting message: its state, since or until when, its id.
 *
 * "queued.20261125T041604Z.k3v9w2hd7m0q4xtz", "held-size.…": see doc/INTERNALS.md.  A pass
 * over the outbox sees nothing else, so all that decides whether an entry is due is here.
 */
#pragma once

#include <glib.h>

typedef enum
{
  SO_ENTRY_QUEUED,
  SO_ENTRY_SENDING,
  SO_ENTRY_UNCERTAIN,
  SO_ENTRY_HELD,
  SO_ENTRY_FAILED,
  SO_ENTRY_SENT /* for good; kept until its copy is among what was sent (save-sent) */
} SoEntryState;
#define SO_ENTRY_STATES 6

#define SO_ENTRY_ID_LENGTH 16 /* base 32: 80 bits */
#define SO_ENTRY_REASON_MAX 16
#define SO_ENTRY_NAME_MAX 80

/* Reasons: words in names and in JSON, never translated. */
#define SO_REASON_NONE ""
#define SO_REASON_BUDGET "budget"       /* queued: the account has sent enough for a day */
#define SO_REASON_USER "user"           /* held: by a person */
#define SO_REASON_SIZE "size"           /* held: too large for the account */
#define SO_REASON_PASSWORD "password"   /* held: the account's password was refused */
#define SO_REASON_SENDER "sender"       /* held: its sender is no address of the account */
#define SO_REASON_ACCOUNT "account"     /* held: the account is gone from the configuration */
#define SO_REASON_UNCERTAIN "uncertain" /* held: may have arrived */
#define SO_REASON_REFUSED "refused"     /* failed: by the server, for good */
#define SO_REASON_EXPIRED "expired"     /* failed: tried for too long */

typedef struct
{
  SoEntryState state;
  char reason[SO_ENTRY_REASON_MAX + 1]; /* [a-z]*, "" for none */
  gint64 stamp;                         /* s since 1970 UTC: due (queued, uncertain, sent), else since */
  char id[SO_ENTRY_ID_LENGTH + 1];
} SoEntryName;

/* FALSE: not a name of ours. */
gboolean so_entry_name_parse (const char *text, SoEntryName *name);
void so_entry_name_format (const SoEntryName *name, char out[SO_ENTRY_NAME_MAX]);

/* Earliest stamp first (a GCompareFunc of SoEntryName). */
gint so_entry_name_compare (gconstpointer a, gconstpointer b);

/* "queued" …: never translated (files, JSON). */
const char *so_entry_state_name (SoEntryState state);
gboolean so_entry_state_parse (const char *word, SoEntryState *state);

gboolean so_entry_reason_is_valid (const char *reason);
gboolean so_entry_id_is_valid (const char *id);

/* 80 bits as 16 characters. */
void so_entry_id_format (const guint8 bits[10], char id[SO_ENTRY_ID_LENGTH + 1]);

/* "20261125T041604Z": out holds 17 octets; years 1970 to 9999. */
void so_entry_stamp_format (gint64 seconds, char out[17]);
gboolean so_entry_stamp_parse (const char *text, gint64 *seconds);
