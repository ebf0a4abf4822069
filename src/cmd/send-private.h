/*
 * send-private.h - `sendoff send` in its steps: options, message, result.
 */
#pragma once

#include "sendoff/app.h"
#include "sendoff/compose.h"
#include "sendoff/entry.h"
#include "sendoff/runner.h"
#include "sendoff/timeline.h"

typedef struct
{
  char *subject, *text, *text_file, *html_file, *charset, *oversize;
  char *dsn, *notify; /* as given, as NOTIFY= has it */
  char *eml;                                     /* a finished message; "-" standard input */
  char **to, **cc, **bcc, **reply_to, **headers; /* as given; NULL for none */
  char **files, **links;                         /* -a FILE, --link FILE=URL */
  gboolean queue;                                /* leave it to retry */
  gboolean yes;                                  /* do not ask about typos */
} SoSendOptions;

void so_send_options_clear (SoSendOptions *options);

/* send-compose.c: the message, from words and files.  Reads standard input where no text is
 * given, and opens an editor where that is a terminal. */
SoCompose *so_send_compose (const SoApp *app, const SoAccount *account,
                            const SoSendOptions *options, GError **error);

/* A file to be read from its beginning, or the pipe of a shell's <(command); shown: its name in errors.
 * -1 with SO_ERROR_NO_INPUT for what is not there, a folder, or a FIFO. */
int so_send_open (const char *path, const char *shown, GError **error);

/* FALSE with error: the person took a likely slip in an address back.  recipients: of char *. */
gboolean so_send_check_typos (const SoApp *app, const GPtrArray *recipients, gboolean ask,
                              GError **error);

/* send-eml.c: a finished message into the outbox; NULL with error. */
SoEntry *so_send_eml (SoApp *app, const SoAccount *account, SoOutbox *outbox,
                      const SoSendOptions *options, GError **error);

/* send-hold.c: what is how large, and how to go on.  why: without full stop. */
void so_send_tell_hold (const SoApp *app, const SoCompose *compose, const char *why,
                        const char *id);

/* The same of an entry that is held for its size: its attachments and the command, or that nothing in
 * it may change.  FALSE: it has no attachments, and nothing was said. */
gboolean so_send_tell_parts (SoEntry *entry);

typedef enum
{
  SO_SEND_NEW,   /* made by this command: the step `refuse` leaves nothing of it */
  SO_SEND_KEPT,  /* was in the outbox before, and stays there whatever comes */
  SO_SEND_QUEUE  /* left to retry */
} SoSendEntry;

/* send-now.c: takes the entry over.  Tells what became of it, and gives the exit status. */
int so_send_entry (SoApp *app, const SoAccount *account, SoOutbox *outbox, SoEntry *entry,
                   SoSendEntry how);

/* send-result.c: what became of it. */
typedef struct
{
  SoApp *app;
  const SoAccount *account;
  SoSubmission *whole; /* all recipients, with the verdicts of every session */
  SoTimeline *timeline;
  char id[SO_ENTRY_ID_LENGTH + 1];
  SoRunOutcome outcome;
  SoEntryState state;
  char reason[SO_ENTRY_REASON_MAX + 1];
  gint64 due; /* s since 1970 UTC; of what waits */
  char *text; /* why, where no verdict says it; "" */
  gboolean tried;
  gboolean is_refused; /* too large, and by the steps not kept */
} SoSendResult;

void so_send_result_init (SoSendResult *result, SoApp *app, const SoAccount *account,
                          const SoEntry *entry);
void so_send_result_clear (SoSendResult *result);
void so_send_result_take (gpointer result, const SoRunReport *report);
/* Prints it, and gives the exit status. */
int so_send_result_tell (const SoSendResult *result, const GError *problem);
