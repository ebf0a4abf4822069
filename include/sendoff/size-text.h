/*
 * size-text.h - sizes as people write and read them.
 *
 * k, M, G (with or without "B") are powers of 1000, as providers state their limits;
 * KiB, MiB, GiB powers of 1024.
 */
#pragma once

#include <glib.h>

/* "20000000", "20 MB", "27MiB", "1.5 GB".  Error: SO_ERROR_USAGE naming the text. */
gboolean so_size_parse (const char *text, guint64 *octets, GError **error);

/* "19.9 MB"; owned by the caller. */
char *so_size_format (guint64 octets);
