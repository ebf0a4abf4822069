/*
 * timeline.c - prints phases as they end, and keeps them for JSON.
 */
#include "config.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sendoff/clock.h"
#include "sendoff/i18n.h"
#include "sendoff/json.h"
#include "sendoff/progress.h"
#include "sendoff/text.h"
#include "sendoff/timeline.h"

typedef struct
{
  SoPhase phase;
  gint64 elapsed_us;
} Step;

struct SoTimeline
{
  SoObserver observer;
  const SoApp *app;
  gboolean show_phases;
  GArray *steps; /* of Step */
  gboolean running;
  SoPhase phase;
  SoProgress *progress;
};

static const char *
phase_title (SoPhase phase)
{
  static const char *const titles[SO_PHASES]
      = { "DNS", "TCP", N_("greeting"), "EHLO", "STARTTLS", "TLS", "AUTH", "MAIL", "RCPT", "DATA", N_("final") };
  return phase == SO_PHASE_GREETING || phase == SO_PHASE_FINAL ? _(titles[phase]) : titles[phase];
}

#define LEARNED_COLUMN 23 /* where what was learned begins */

/* The columns that are left on the terminal for what was learned; no terminal, no limit. */
static gsize
columns_left (const SoTimeline *timeline)
{
  struct winsize size = { 0 };
  if (!timeline->app->talks_to_terminal)
    return G_MAXSIZE;
  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col <= LEARNED_COLUMN + 10)
    return 80 - LEARNED_COLUMN - 1;
  return size.ws_col - LEARNED_COLUMN - 1;
}

static char *
fit (const char *text, gsize columns)
{
  if (so_text_columns (text) <= columns)
    return g_strdup (text);
  g_autoptr (GString) cut = g_string_new (NULL);
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gsize before = cut->len;
      g_string_append_unichar (cut, g_utf8_get_char (p));
      if (so_text_columns (cut->str) > columns - 1)
        {
          g_string_truncate (cut, before);
          break;
        }
    }
  return g_strconcat (cut->str, "…", NULL);
}

/* Pads by columns: a Japanese title is wider than its letters. */
static void
print_line (const SoTimeline *timeline, SoPhase phase, const char *time, const char *learned)
{
  if (!timeline->show_phases)
    return;
  const char *title = phase_title (phase);
  int gap = 10 - (int) so_text_columns (title);
  g_autofree char *shown = fit (learned, columns_left (timeline));
  fprintf (stderr, "  %s%*s%9s  %s\n", title, MAX (gap, 1), "", time, shown);
}

static void
on_begin (gpointer data, SoPhase phase)
{
  SoTimeline *timeline = data;
  timeline->running = TRUE;
  timeline->phase = phase;
}

static void
on_end (gpointer data, SoPhase phase, gint64 elapsed_us, const char *learned)
{
  SoTimeline *timeline = data;
  const Step step = { phase, elapsed_us };
  g_array_append_val (timeline->steps, step);
  timeline->running = FALSE;
  so_progress_end (timeline->progress);
  g_autofree char *time = g_strdup_printf ("%.1f ms", (double) elapsed_us / 1000.0);
  print_line (timeline, phase, time, learned);
}

static void
on_trace (gpointer data, char direction, const char *line)
{
  SoTimeline *timeline = data;
  so_progress_end (timeline->progress);
  fprintf (stderr, "%c %s\n", direction, line);
}

static void
on_warn (gpointer data, const char *line)
{
  const SoTimeline *timeline = data;
  so_progress_end (timeline->progress);
  so_app_say (timeline->app, _("Warning: %s."), line);
}

static void
on_progress (gpointer data, guint64 sent, guint64 total)
{
  SoTimeline *timeline = data;
  so_progress_update (timeline->progress, sent, total);
}

SoTimeline *
so_timeline_new (const SoApp *app, gboolean show_phases)
{
  SoTimeline *timeline = g_new0 (SoTimeline, 1);
  timeline->app = app;
  timeline->show_phases = show_phases && !app->quiet && !app->json;
  timeline->steps = g_array_new (FALSE, FALSE, sizeof (Step));
  timeline->progress = so_progress_new (app->talks_to_terminal && !app->quiet && !app->json);
  timeline->observer = (SoObserver){ .begin = on_begin,
                                     .end = on_end,
                                     .trace = app->verbose ? on_trace : NULL,
                                     .warn = on_warn,
                                     .progress = on_progress,
                                     .data = timeline };
  return timeline;
}

void
so_timeline_free (SoTimeline *timeline)
{
  if (timeline == NULL)
    return;
  so_progress_free (timeline->progress);
  g_array_unref (timeline->steps);
  g_free (timeline);
}

const SoObserver *
so_timeline_observer (const SoTimeline *timeline)
{
  return &timeline->observer;
}

void
so_timeline_add_json (const SoTimeline *timeline, JsonBuilder *builder)
{
  json_builder_set_member_name (builder, "timeline");
  json_builder_begin_array (builder);
  for (guint i = 0; i < timeline->steps->len; i++)
    {
      const Step *step = &g_array_index (timeline->steps, Step, i);
      json_builder_begin_object (builder);
      so_json_string (builder, "phase", so_phase_name (step->phase));
      so_json_number (builder, "ms", (step->elapsed_us + 500) / 1000);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

void
so_timeline_stop (SoTimeline *timeline)
{
  so_progress_end (timeline->progress);
  if (timeline->running)
    print_line (timeline, timeline->phase, "—", _("failed"));
  timeline->running = FALSE;
}
