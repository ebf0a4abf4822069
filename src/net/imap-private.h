/*
 * imap-private.h - one IMAP session, shared by imap.c (from DNS to LOGIN, and the end),
 * imap-io.c (one command: deadline, budget, error), imap-folder.c, imap-message.c.
 */
#pragma once

#include <libetpan/libetpan.h>

#include "imap-guard.h"
#include "sendoff/dial.h"
#include "sendoff/imap-folder.h"
#include "sendoff/transport.h"

struct SoImap
{
  SoAccount *account;
  const SoObserver *observer;
  SoDeadline deadline;
  SoTransport *transport;
  SoImapGuard *guard;
  mailimap *session;
  char *selected;
  gboolean writable;
  gboolean usable; /* the next command may be sent */
  const SoSecret *told; /* during login: what a server that repeats it is not quoted with */
};

#define SO_IMAP_BUDGET (256 * 1024)       /* octets a command may be answered with */
#define SO_IMAP_BUDGET_LIST (4096 * 1024) /* LIST, SEARCH: thousands of folders, messages */
#define SO_IMAP_BUDGET_HEADERS (2048 * 1024)

/* A command begins: a new deadline and budget; the trace shows the line. */
void so_imap_begin (SoImap *imap, gsize budget, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* It ended with result (MAILIMAP_…): TRUE if well.  Otherwise the error: what the server
 * said (the session goes on), or how the connection ended. */
gboolean so_imap_end (SoImap *imap, int result, GError **error);

/* The server's words for the last command, sanitised; owned by the caller. */
char *so_imap_words (const SoImap *imap);

/* Response code of the last command ("AUTHENTICATIONFAILED"), "" if none. */
const char *so_imap_code (const SoImap *imap);
