/*
 * error.h - "we could not do it": the one GError domain of the program.
 *
 * Every error says two things: what happened (the GError's message, one line) and what
 * to do about it (its remedy, one line, "" when there is nothing to be done).  The code
 * is the exit status the program ends with (sysexits.h, DESIGN section 4), so the table
 * of exit codes is this enum and stands nowhere else.
 *
 * Both lines are translated by whoever sets them, never hold a secret, and hold text of
 * a server only after so_text_sanitise().
 */
#pragma once

#include <glib.h>

typedef enum
{
  SO_ERROR_USAGE = 64,         /* the command line is wrong */
  SO_ERROR_DATA = 65,          /* bad message or address, or too large */
  SO_ERROR_NO_INPUT = 66,      /* a file to be sent is missing or unreadable */
  SO_ERROR_NO_USER = 67,       /* nobody here has that name */
  SO_ERROR_NO_HOST = 68,       /* host name unknown */
  SO_ERROR_REFUSED = 69,       /* refused for good */
  SO_ERROR_BUG = 70,           /* our own fault */
  SO_ERROR_CANNOT_CREATE = 73, /* a file or folder cannot be created */
  SO_ERROR_IO = 74,            /* disk full, read or write error */
  SO_ERROR_TEMPORARY = 75,     /* try again later */
  SO_ERROR_PROTOCOL = 76,      /* the server breaks SMTP or TLS, certificate included */
  SO_ERROR_CREDENTIALS = 77,   /* no password, or refused */
  SO_ERROR_CONFIG = 78,        /* configuration file */
  SO_ERROR_INTERRUPTED = 130   /* SIGINT, SIGTERM or SIGHUP ended the work */
} SoError;

#define SO_ERROR_DOMAIN (so_error_quark ())
GQuark so_error_quark (void);

/* Sets *error (which may be NULL).  remedy is copied; NULL and "" mean none. */
void so_error_set (GError **error, SoError code, const char *remedy, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

/* The line on what to do; "" for none and for errors of other domains. */
const char *so_error_remedy (const GError *error);

/* Exit status for an error; SO_ERROR_BUG for domains we should have translated. */
int so_error_exit_status (const GError *error);
