/*
 * submission.h - one message on its way to a server: envelope, bytes, and the verdicts.
 *
 * The bytes stand in a file from `offset` to its end, in any line-end convention; what
 * leaves is canonical (CRLF only).  wire_size is that canonical size in octets without
 * dot-stuffing (what MAIL SIZE= and BDAT count, RFC 1870, RFC 3030), known beforehand
 * from so_measure_fd().
 */
#pragma once

#include "sendoff/verdict.h"
#include "sendoff/wire.h"

typedef struct
{
  char *address;
  char *dsn_notify; /* RFC 3461 NOTIFY= value, "" to leave it out */
  char *dsn_orcpt;  /* RFC 3461 ORCPT= value, "" to leave it out */
  SoVerdict *verdict; /* NULL until there is one */
} SoRecipient;

typedef struct
{
  char *sender;          /* "" is the null sender <> */
  GPtrArray *recipients; /* of SoRecipient, owned */
  char *message_id;      /* with brackets, "" unknown */
  char *dsn_ret;         /* "FULL", "HDRS" or "" */
  char *dsn_envid;       /* "" for none */
  int fd;                /* readable; owned, closed with the submission; -1 none */
  goffset offset;
  guint64 wire_size;
  gboolean eight_bit;    /* the body has octets over 127 */
  gboolean utf8_headers; /* the headers have (needs SMTPUTF8) */
  gboolean long_lines;   /* the body has lines that SMTP does not carry (wire.h) */
  gpointer owner;        /* for whoever made it; not touched */
} SoSubmission;

SoSubmission *so_submission_new (const char *sender, int fd);
/* The envelope: sender, recipients without verdicts, DSN and Message-ID; no descriptor. */
SoSubmission *so_submission_copy (const SoSubmission *submission);
SoRecipient *so_submission_add (SoSubmission *submission, const char *address);
/* Size, octets and lines, as measured. */
void so_submission_take_measure (SoSubmission *submission, const SoWireMeasure *measure);
/* What is asked of delivery reports, as dsn.h gives it; NULL or "" to leave it out.  ORCPT goes
 * with NOTIFY. */
void so_submission_ask_dsn (SoSubmission *submission, const char *notify, const char *ret,
                            const char *envid);
void so_submission_free (SoSubmission *submission);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoSubmission, so_submission_free)

/* The recipient of that address; NULL for none. */
SoRecipient *so_submission_find (const SoSubmission *submission, const char *address);

/* Gives every recipient without a verdict a copy of this one. */
void so_submission_settle (SoSubmission *submission, const SoVerdict *verdict);

/* The outcome that needs most: uncertain, rejected, deferred, none (no verdict yet),
 * accepted.  So it is accepted only when every recipient was. */
SoOutcome so_submission_outcome (const SoSubmission *submission);

/* The verdict behind that outcome; owned by the submission, NULL if there is none. */
const SoVerdict *so_submission_speaker (const SoSubmission *submission);
