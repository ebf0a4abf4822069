/*
 * account.h - one configured account, as plain values.
 *
 * Filled by config.h from a preset (config/providers.conf) and the user's key file
 * (DESIGN section 5); every key of that file is one field here.  Absent text is "",
 * absent lists are empty, never NULL.  The password is not here: see credential.h.
 */
#pragma once

#include <glib.h>

typedef enum { SO_SECURITY_STARTTLS, SO_SECURITY_TLS, SO_SECURITY_NONE } SoSecurity;

typedef enum
{
  SO_AUTH_AUTO, /* PLAIN, then LOGIN */
  SO_AUTH_PLAIN,
  SO_AUTH_LOGIN,
  SO_AUTH_XOAUTH2,
  SO_AUTH_OAUTHBEARER,
  SO_AUTH_NONE /* also what auto becomes with smtp-security=none */
} SoAuth;

typedef enum { SO_OVERSIZE_ZIP, SO_OVERSIZE_LINK, SO_OVERSIZE_HOLD, SO_OVERSIZE_REFUSE } SoOversize;
#define SO_OVERSIZE_STEPS 4

/* What to do with a From that is not the account's (a sendmail caller's). */
typedef enum { SO_REWRITE_NEVER, SO_REWRITE_WHEN_FOREIGN, SO_REWRITE_ALWAYS } SoRewriteFrom;

typedef struct
{
  char *host;          /* "" where the account has none (imap) */
  guint16 port;
  SoSecurity security; /* NONE only for a loopback host, and never with AUTH */
  char *user;
} SoEndpoint;

typedef struct SoAccount
{
  char *name;
  char *preset;
  char *title; /* the provider's name for people: "iCloud Mail"; "" without preset */
  char *address;
  char *from_name;
  char **aliases; /* further addresses that may stand in From */
  SoEndpoint smtp;
  SoEndpoint imap;
  guint64 message_limit; /* octets before encoding; 0: none known */
  guint64 wire_limit;    /* octets on the wire; 0: none known */
  SoAuth auth;
  char *tls_ca_file;
  char *tls_fingerprint; /* SHA-256 of the certificate, 64 lower-case hex digits */
  char *password_command;
  char *ehlo_name;
  guint timeout;                          /* seconds a phase; 0: the caller's default */
  SoOversize oversize[SO_OVERSIZE_STEPS]; /* in order of trial */
  guint n_oversize;
  char *link_command;
  guint retry_initial, retry_max, retry_expire; /* seconds */
  gboolean hold_uncertain;                      /* uncertain = hold */
  char *save_sent;                              /* "no", "imap" or "maildir:PATH" */
  guint daily_messages, daily_recipients, max_recipients; /* 0: no limit known */
  guint connections, max_connections; /* wanted; the provider's published maximum */
  char *on_failure;
  gboolean notify_never; /* notify = never */
  SoRewriteFrom rewrite_from;
  guint64 sendmail_limit; /* octets taken from a caller of sendmail; 0: no limit */
  char *aliases_file; /* local names to addresses, in /etc/aliases format; "" none */
  char *password_page; /* where an app-specific password is made, "" if none is needed */
  char *support_page;
  char *storage_page;
  char *status_feed;
  char *authserv_id; /* domains under which the provider writes what it found (RFC 8601) */
} SoAccount;

/* All text "", all numbers 0. */
SoAccount *so_account_new (const char *name);
void so_account_free (SoAccount *account);
SoAccount *so_account_copy (const SoAccount *account);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoAccount, so_account_free)

/* What to call its provider: the title, or else the account's name. */
const char *so_account_title (const SoAccount *account);

/* TRUE if address is the account's own or one of its aliases, without regard to ASCII case:
 * no provider tells Me@ from me@, and where one does its server still has the last word. */
gboolean so_account_owns (const SoAccount *account, const char *address);

/* The host is loopback by name or literal (localhost, 127.0.0.0/8, ::1). */
gboolean so_account_is_loopback (const char *host);

/* The preset for an address's domain: "icloud" for me.com; "" for one not known.  Static. */
const char *so_account_preset_of (const char *address);
