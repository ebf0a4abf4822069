/*
 * test-message.h - the message `sendoff test` sends.
 *
 * Text in the user's language: what was tested, from which machine, when, by which
 * version.  The subject carries a short token by which the message is found again.
 */
#pragma once

#include "sendoff/account.h"

typedef struct
{
  const SoAccount *account;
  const char *from; /* the address used */
  const char *to;
  guint64 size;            /* bring the message up to this wire size with an attachment; 0 no */
  const char *const *files; /* attachments, NULL-terminated; may be NULL */
  gint64 now_us;           /* wall clock */
} SoTestMessageSpec;

typedef struct
{
  char *message_id; /* with brackets */
  char *token;      /* 8 letters and digits, in the subject */
  char *subject;
} SoTestMessage;

/* Writes the message to an unnamed temporary file; returns its fd (owned by the caller)
 * or -1. */
int so_test_message_write (const SoTestMessageSpec *spec, SoTestMessage *message, GError **error);
void so_test_message_clear (SoTestMessage *message);
