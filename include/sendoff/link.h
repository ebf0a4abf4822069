/*
 * link.h - a file that travels as a link: where it is put, and what the message says of it.
 */
#pragma once

#include "sendoff/account.h"

typedef struct
{
  char *name;     /* of the file, as it is shown */
  guint64 size;   /* octets; 0 not known */
  char *url;      /* http:// or https:// */
  char *expires;  /* as the link-command says; "" not known */
  char sha256[65]; /* lower-case hexadecimal; "" not known */
} SoLink;

void so_link_clear (SoLink *link);

/* Seconds a link-command gets: as long as the file takes at 100 kB/s, and two minutes beside. */
guint so_link_timeout (guint64 size);

/* Runs the account's link-command with the file as its last argument: the first line it prints is
 * the address; a line "expires WHEN" may follow.  Errors: SO_ERROR_NO_INPUT the file,
 * SO_ERROR_TEMPORARY the command: it cannot be run, fails, hangs or prints no address. */
gboolean so_link_make (const SoAccount *account, const char *path, const char *name, SoLink *link,
                       GError **error);

/* For a file that is there already.  The file is read for its size and sum, if it can be. */
gboolean so_link_given (const char *path, const char *name, const char *url, SoLink *link,
                        GError **error);

/* "FILE=URL", split at the first "=http"; FALSE with SO_ERROR_USAGE. */
gboolean so_link_parse (const char *argument, char **file, char **url, GError **error);

/* What the message says, in the user's language; owned by the caller. */
char *so_link_text (const SoLink *link);
char *so_link_html (const SoLink *link);
