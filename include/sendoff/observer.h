/*
 * observer.h - what a session tells while it works: phases, conversation, progress.
 *
 * The functions may be NULL.  Strings are borrowed for the call.  Text of a server is
 * already sanitised and secrets are masked, so an observer may print what it gets.
 */
#pragma once

#include <glib.h>

#include "sendoff/tls-info.h"

typedef enum
{
  SO_PHASE_DNS,
  SO_PHASE_TCP,
  SO_PHASE_GREETING,
  SO_PHASE_EHLO,
  SO_PHASE_STARTTLS,
  SO_PHASE_TLS,
  SO_PHASE_AUTH,
  SO_PHASE_MAIL,
  SO_PHASE_RCPT,
  SO_PHASE_DATA,
  SO_PHASE_FINAL
} SoPhase;
#define SO_PHASES 11

/* "dns", "tcp" … "final": never translated (JSON). */
const char *so_phase_name (SoPhase phase);

typedef struct
{
  /* A phase begins. */
  void (*begin) (gpointer data, SoPhase phase);
  /* It ended well after elapsed_us; learned: one translated line, "" for nothing. */
  void (*end) (gpointer data, SoPhase phase, gint64 elapsed_us, const char *learned);
  /* One line of the conversation; direction '>' ours, '<' theirs, '*' a remark. */
  void (*trace) (gpointer data, char direction, const char *line);
  /* What a person should know before it goes on: one translated line without full stop. */
  void (*warn) (gpointer data, const char *line);
  /* A TLS handshake is over, well or not. */
  void (*tls) (gpointer data, const SoTlsInfo *info);
  /* Octets of the message handed to the network. */
  void (*progress) (gpointer data, guint64 sent, guint64 total);
  gpointer data;
} SoObserver;

void so_observer_begin (const SoObserver *observer, SoPhase phase);
void so_observer_end (const SoObserver *observer, SoPhase phase, gint64 elapsed_us,
                      const char *learned);
void so_observer_trace (const SoObserver *observer, char direction, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
void so_observer_warn (const SoObserver *observer, const char *line);
void so_observer_tls (const SoObserver *observer, const SoTlsInfo *info);
void so_observer_progress (const SoObserver *observer, guint64 sent, guint64 total);
