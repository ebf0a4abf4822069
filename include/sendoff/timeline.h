/*
 * timeline.h - a session's phases as a person and as JSON see them.
 *
 * On stderr each phase appears as it ends, with its milliseconds and what was learned;
 * with -v the conversation too; on a terminal a progress bar for a body that takes over
 * a second.
 */
#pragma once

#include "sendoff/app.h"
#include "sendoff/observer.h"

typedef struct SoTimeline SoTimeline;

SoTimeline *so_timeline_new (const SoApp *app, gboolean show_phases);
void so_timeline_free (SoTimeline *timeline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoTimeline, so_timeline_free)

const SoObserver *so_timeline_observer (const SoTimeline *timeline);

/* [{"phase":"dns","ms":12}…] as the member "timeline" of the object under way. */
void so_timeline_add_json (const SoTimeline *timeline, JsonBuilder *builder);

/* The last thing shown was a phase that has not ended: ends its line as failed. */
void so_timeline_stop (SoTimeline *timeline);
