/*
 * notify.h - a word on the desktop, where there is one.
 *
 * By org.freedesktop.Notifications on the user's session bus, if somebody offers it: nothing is
 * started for it, and nobody waits for long (SO_NOTIFY_TIMEOUT in all).
 */
#pragma once

#include <glib.h>

#define SO_NOTIFY_TIMEOUT 2 /* seconds; ours */

/* Plain text, both.  FALSE: there is no desktop to be told, or it did not answer. */
gboolean so_notify (const char *summary, const char *body);
