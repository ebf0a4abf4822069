/*
 * script-server.h - a server on loopback that says exactly what a test wants, in a thread.
 *
 * A script is a list of lines: "S: text" sends text and CRLF, "s: text" without CRLF,
 * "E: prefix" expects a command that begins so, "D:" reads a message up to its dot,
 * "N: 123" reads as many octets, "W: 100" waits milliseconds, "P:" fails if more is there
 * to read, "X:" closes, "R:" resets; at the end of the script it closes.  The transcript
 * of what it read is kept.
 */
#pragma once

#include <glib.h>

typedef struct ScriptServer ScriptServer;

/* connections: one script each, NULL-terminated list of NULL-terminated lists. */
ScriptServer *script_server_start (const char *const *const *connections);
guint16 script_server_port (const ScriptServer *server);

/* Waits for its end; fails the test if the script was not kept.  Returns what it read; owned
 * by the caller. */
char *script_server_finish (ScriptServer *server);
