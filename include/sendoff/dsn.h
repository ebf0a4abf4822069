/*
 * dsn.h - what a sender may ask of delivery reports (RFC 3461), from words to what goes on the
 * wire.
 *
 * Verdicts: what is not of the grammar gives NULL and is not repaired.  Texts are the caller's.
 */
#pragma once

#include <glib.h>

#define SO_DSN_ENVID_MAX 100 /* octets of ENVID as xtext (RFC 3461 4.4) */
#define SO_DSN_ORCPT_MAX 500 /* octets of ORCPT (RFC 3461 4.2) */

/* The value of NOTIFY: "never" alone, or a list of success, failure, delay. */
char *so_dsn_notify (const char *words);
/* The value of RET: "FULL" or "HDRS". */
const char *so_dsn_ret (const char *word);
/* The value of ENVID for a text of any octets; NULL: nothing, or too long. */
char *so_dsn_envid (const char *text);
/* The value of ORCPT for an address; NULL: too long, or not ASCII (RFC 6533 is another type). */
char *so_dsn_orcpt (const char *address);
