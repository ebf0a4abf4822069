/*
 * server.h - the parts of the bench's submission server.
 *
 * server-link.c moves octets: it holds answers back until the client's data is used up,
 * waits the delay, and counts flights and TLS records.  server-dialogue.c speaks SMTP.
 * server.c has the options, the listeners and the counters that are printed.
 */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>

/* Sums over all connections since they were last printed; changed atomically. */
typedef struct
{
  gint connections, open;
  gint flights;  /* times the client's data was waited for after an answer */
  gint records;  /* TLS records received */
  gint segments; /* TCP segments with data received */
  gint messages, recipients, logins;
  gsize bytes; /* of messages, as they were before dot-stuffing */
  gint64 first_us, last_us; /* monotonic: first connection, last message */
} Counters;

typedef struct
{
  gint delay_us; /* before a flight is answered; changed while running */
  gboolean pipelining, chunking;
  guint64 size;
  char *password; /* NULL: any will do */
  char *store;    /* folder for the messages; NULL: they are counted and forgotten */
  gboolean digest;
  gint stored;         /* messages written there so far */
  char last_digest[65]; /* SHA-256 of the last message, hexadecimal */
  GMutex lock;         /* of last_digest */
  SSL_CTX *tls;
  Counters counters;
} Settings;

/* One connection's octets. */
typedef struct
{
  Settings *settings;
  int fd;
  SSL *ssl; /* NULL in clear */
  GByteArray *answers; /* written, not yet sent */
  gboolean answered;   /* nothing came since the last answer */
} Link;

void link_init (Link *link, Settings *settings, int fd);
gboolean link_start_tls (Link *link);
gssize link_read (Link *link, char *buffer, gsize size);
void link_say (Link *link, const char *text);
/* Sends what is still held back, counts the segments, closes. */
void link_end (Link *link);

void dialogue_run (Link *link);
