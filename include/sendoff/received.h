/*
 * received.h - what the headers of a message that arrived tell of its way.
 *
 * Every server that takes a message puts a Received field on top (RFC 5321 4.4), and the
 * receiver an Authentication-Results field with what it found (RFC 8601).  Anybody on the way,
 * the sender included, may write such fields, so findings count only under the name of the
 * receiver itself.  Text is sanitised.
 */
#pragma once

#include <glib.h>

typedef struct
{
  char *from; /* who handed it over; "" unknown */
  char *by;   /* who took it; "" unknown */
  gint64 when; /* s since 1970 UTC, by the clock of `by`; 0 unknown */
} SoHop;

#define SO_HOPS_MAX 50 /* more is a loop, not a way */

/* Oldest first; of SoHop. */
GPtrArray *so_received_hops (const char *headers);

typedef struct
{
  char *server; /* under whose name it was written, with commas where several; "": nothing found */
  char *spf, *dkim, *dmarc; /* "pass", "fail", "none" …; "" not told */
} SoAuthFindings;

/* domains, NULL-terminated: those of the receiver; a name below one of them counts. */
SoAuthFindings so_received_findings (const char *headers, const char *const *domains);
void so_auth_findings_clear (SoAuthFindings *findings);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SoAuthFindings, so_auth_findings_clear)

/* A domain under which one owner gives the names: "imap.mail.me.com" is me.com, "mail.example.co.jp"
 * is example.co.jp.  A guess by the shape of the name; owned by the caller. */
char *so_received_owner (const char *host);
