/*
 * charset.h - text in whatever character set it came, as UTF-8.
 */
#pragma once

#include <glib.h>

/* "" is well; SO_ERROR_DATA for a name that nobody knows. */
gboolean so_charset_check (const char *charset, GError **error);

/* charset "": UTF-8 if it is valid, else the locale's.  what names it in the error ("the text"):
 * SO_ERROR_DATA for an unknown set (65) and for octets that are not in it, with their place; a
 * NUL is none of text, and a byte order mark is dropped.  Owned by the caller. */
char *so_charset_to_utf8 (const char *bytes, gsize length, const char *charset, const char *what,
                          GError **error);

/* The same for what stands on the command line.  That comes from the terminal, whatever the files are
 * in: charset is asked only where it is not UTF-8. */
char *so_charset_argument (const char *given, const char *charset, const char *what,
                           GError **error);
