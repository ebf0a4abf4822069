/*
 * session-bus.h - where this user's session bus is, also without a session (cron).
 *
 * $DBUS_SESSION_BUS_ADDRESS, else $XDG_RUNTIME_DIR/bus, else /run/user/UID/bus if it is
 * a socket of ours.  A bus is found, never launched.
 */
#pragma once

#include <glib.h>

/* "" if there is none; owned by the caller. */
char *so_session_bus_address (void);
