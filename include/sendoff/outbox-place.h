/*
 * outbox-place.h - where the outbox is.
 */
#pragma once

#include <glib.h>

/* $SENDOFF_OUTBOX, or configured ([defaults] outbox, "" for none; ~/ is the home folder), or
 * $XDG_STATE_HOME/sendoff/outbox.  Owned by the caller. */
char *so_outbox_place (const char *configured);
