/*
 * imap-guard.h - stands between an IMAP parser and the server's octets.
 *
 * libetpan reads what a server sends to its end, however long, and parses nested lists by
 * recursion, however deep.  The guard counts octets against a budget and parentheses
 * against a depth, and ends the stream when either is passed.  And a response code with a string in
 * it ("[BADCHARSET (a)]") makes libetpan read a null pointer where it stands in a greeting or behind
 * a "+": there the code is made plain text, as nothing depends on it.
 */
#pragma once

#include <libetpan/mailstream.h>

#include "sendoff/transport.h"

typedef struct SoImapGuard SoImapGuard;

/* Puts itself under the transport's stream; undone by free, before the transport's. */
SoImapGuard *so_imap_guard_new (SoTransport *transport);
void so_imap_guard_free (SoImapGuard *guard);

/* So many octets may be read from now on. */
void so_imap_guard_allow (SoImapGuard *guard, gsize octets);
gboolean so_imap_guard_tripped (const SoImapGuard *guard);

typedef struct
{
  guint depth;        /* parentheses open on this line */
  guint64 number;     /* digits behind the last "{" */
  guint64 skip;       /* octets of a literal still to come */
  enum { SO_GUARD_TEXT, SO_GUARD_NUMBER, SO_GUARD_CLOSED, SO_GUARD_CR } state;
  enum { SO_GUARD_GREETING, SO_GUARD_LINE_START, SO_GUARD_GO_AHEAD, SO_GUARD_OTHER } line;
} SoGuardScan;

#define SO_GUARD_DEPTH 100 /* BODYSTRUCTURE of real mail stays under 20 */

/* In place: "[" becomes "<" where it must.  FALSE once lists nest deeper than that. */
gboolean so_guard_scan (SoGuardScan *scan, char *octets, gsize length);
