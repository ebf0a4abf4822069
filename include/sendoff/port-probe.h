/*
 * port-probe.h - what is behind a port, asked of several ports side by side.
 *
 * Connects and, where the server of mail speaks first in clear text, reads its greeting and its
 * answer to EHLO, then leaves.  Nothing is sent that a server would not get from anybody.
 */
#pragma once

#include <glib.h>

typedef enum
{
  SO_PORT_OPEN,
  SO_PORT_REFUSED,     /* an answer that says no */
  SO_PORT_FILTERED,    /* no answer: something swallows it, or the host is down */
  SO_PORT_UNREACHABLE, /* no route */
  SO_PORT_NO_NAME,     /* the host's name could not be looked up */
  SO_PORT_SILENT,      /* connected, but no greeting */
  SO_PORT_STRANGE,     /* connected, but what it says is not SMTP */
  SO_PORT_REWRITTEN,   /* SMTP with words crossed out by something between */
  SO_PORT_UNKNOWN      /* interrupted, or we could not ask */
} SoPortState;

/* "open", "refused" …: never translated. */
const char *so_port_state_name (SoPortState state);

/* TCP came through: whatever answers there. */
gboolean so_port_connected (SoPortState state);

typedef struct
{
  const char *host; /* a name or an address; borrowed */
  guint16 port;
  gboolean greets;  /* the server speaks first, in clear text */

  SoPortState state;
  gboolean starttls; /* it was offered */
  char *greeting;    /* its first line, sanitised; "" */
  char *local;       /* our own address on that connection; "" */
  gint64 elapsed_us; /* to connect */
} SoPortProbe;

/* Once the first one has come through, the others get no longer than this: they only matter where
 * it has not. */
#define SO_PORT_ENOUGH_US (700 * 1000)

/* Returns after timeout_s at the latest (a name server that hangs included); a probe that was cut
 * short is UNKNOWN. */
void so_port_probe (SoPortProbe *probes, gsize n, guint timeout_s, int interrupt_fd);
void so_port_probe_clear (SoPortProbe *probes, gsize n);
