/*
 * notes.h - what the doctor remembers from one run to the next: when an account was last well and
 * over which network; a status feed for five minutes.
 *
 * Small files in $XDG_STATE_HOME/sendoff/doctor, readable by nobody else.  What cannot be read is
 * not there; what cannot be written is not missed.
 */
#pragma once

#include <glib.h>

typedef struct
{
  gint64 when;     /* s since 1970; 0: never */
  char *interface; /* "wlan0"; "" */
  char *gateway;   /* "192.168.1.1"; "" */
} SoGoodRun;

void so_notes_good_run (const char *account, SoGoodRun *run);
void so_notes_set_good_run (const char *account, const SoGoodRun *run);
void so_good_run_clear (SoGoodRun *run);

#define SO_NOTES_FEED_AGE 300 /* s */

/* NULL: none, or too old. */
char *so_notes_feed (const char *url, gsize *length);
void so_notes_set_feed (const char *url, const char *text, gsize length);
