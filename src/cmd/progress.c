/*
 * progress.c - one line on the terminal, drawn anew five times a second.
 */
#include "config.h"

#include <stdio.h>

#include "sendoff/clock.h"
#include "sendoff/i18n.h"
#include "sendoff/progress.h"

#define QUIET_US (1 * G_USEC_PER_SEC) /* shorter work shows no bar */
#define REDRAW_US (200 * 1000)
#define BAR_COLUMNS 24

struct SoProgress
{
  gboolean shown;
  gboolean drawn;
  gint64 began_us; /* 0: not begun */
  gint64 drawn_us;
};

SoProgress *
so_progress_new (gboolean shown)
{
  SoProgress *progress = g_new0 (SoProgress, 1);
  progress->shown = shown;
  return progress;
}

void
so_progress_free (SoProgress *progress)
{
  if (progress != NULL)
    so_progress_end (progress);
  g_free (progress);
}

static void
draw (const SoProgress *progress, guint64 done, guint64 total, gint64 now_us)
{
  double part = total > 0 ? MIN ((double) done / (double) total, 1.0) : 0.0;
  double seconds = (double) (now_us - progress->began_us) / (double) G_USEC_PER_SEC;
  double rate = (double) done / seconds;
  int filled = (int) (part * BAR_COLUMNS);
  int left = rate > 0.0 && total > done ? (int) ((double) (total - done) / rate + 0.5) : 0;
  fputs ("\r  [", stderr);
  for (int i = 0; i < BAR_COLUMNS; i++)
    fputc (i < filled ? '#' : '.', stderr);
  fprintf (stderr, "] %3d %%  %.1f / %.1f MB  %.1f MB/s  ", (int) (part * 100.0), (double) done / 1e6,
           (double) total / 1e6, rate / 1e6);
  /* TRANSLATORS: time left of a transfer, minutes and seconds. */
  fprintf (stderr, _("%d:%02d left"), left / 60, left % 60);
  fputs ("\033[K", stderr);
  fflush (stderr);
}

void
so_progress_update (SoProgress *progress, guint64 done, guint64 total)
{
  if (!progress->shown)
    return;
  gint64 now = so_clock_monotonic_us ();
  if (progress->began_us == 0)
    progress->began_us = now;
  if (now - progress->began_us < QUIET_US || now - progress->drawn_us < REDRAW_US)
    return;
  draw (progress, done, total, now);
  progress->drawn = TRUE;
  progress->drawn_us = now;
}

void
so_progress_end (SoProgress *progress)
{
  if (progress->drawn)
    fputs ("\r\033[K", stderr);
  progress->drawn = FALSE;
  progress->began_us = 0;
}
