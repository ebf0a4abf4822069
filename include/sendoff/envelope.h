/*
 * envelope.h - who a waiting message is from and for, as it stands in front of the message.
 *
 * A versioned text codec (doc/INTERNALS.md, "Files"): values in, text out, and back.  Parsing is
 * a verdict: what this file would not write is SO_ENVELOPE_BAD, nothing is guessed.
 */
#pragma once

#include "sendoff/entry-name.h"
#include "sendoff/submission.h"

/* A larger envelope is none: some 20,000 recipients. */
#define SO_ENVELOPE_MAX (8 * 1024 * 1024)

typedef struct
{
  char id[SO_ENTRY_ID_LENGTH + 1];
  char *account;  /* its name in the configuration */
  char *origin;   /* "send", "sendmail", "import" */
  gint64 created; /* s since 1970 UTC */
  SoSubmission
      *submission; /* sender, recipients, message_id, DSN, wire facts; offset after parsing */
  guint64 length;  /* octets of the message as it stands in the file */
  char crc32[9];  /* of those (ISO 3309, as zlib's), lower-case hexadecimal; "" being written.
                   * It tells of an accident, not of malice; SHA-256 took half of the time. */
} SoEnvelope;

/* Takes the submission over; its fd plays no part here. */
SoEnvelope *so_envelope_new (const char *account, const char *origin, gint64 created,
                             SoSubmission *submission);
void so_envelope_free (SoEnvelope *envelope);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoEnvelope, so_envelope_free)

/* "" if it can be written; else a translated line on what cannot: a control character, no
 * recipient, no account.  Static. */
const char *so_envelope_fault (const SoEnvelope *envelope);

/* The text up to and with the empty line.  Its length does not depend on the facts about the
 * message, so it can be written before they are known and once more over itself. */
GString *so_envelope_format (const SoEnvelope *envelope);

typedef enum
{
  SO_ENVELOPE_OK,
  SO_ENVELOPE_SHORT, /* right so far, but it goes on */
  SO_ENVELOPE_LATER, /* of a later version of the format */
  SO_ENVELOPE_BAD
} SoEnvelopeVerdict;

/* *envelope is set with OK, *line (the number of the bad one) with BAD. */
SoEnvelopeVerdict so_envelope_parse (const char *bytes, gsize length, SoEnvelope **envelope,
                                     guint *line);
