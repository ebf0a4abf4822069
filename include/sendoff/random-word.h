/*
 * random-word.h - a word nobody can guess: Message-IDs, boundaries, tokens.
 */
#pragma once

#include <glib.h>

/* length (at most 32) letters and digits that cannot be taken for one another, 5 bits each
 * from the kernel; owned by the caller. */
char *so_random_word (gsize length);
