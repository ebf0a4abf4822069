/*
 * byte-sink.h - where a message being written goes, piece by piece.
 */
#pragma once

#include <glib.h>

/* Takes length octets; FALSE with error ends the writing. */
typedef gboolean (*SoByteSink) (gpointer data, const char *bytes, gsize length, GError **error);
