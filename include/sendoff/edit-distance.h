/*
 * edit-distance.h - how many slips of the finger lie between two short words.
 */
#pragma once

#include <glib.h>

#define SO_EDIT_MAX 64 /* octets of a word; longer ones are far from everything */

/* Octets inserted, left out, replaced, or swapped with their neighbour (optimal string
 * alignment, the restricted Damerau-Levenshtein distance); G_MAXUINT for words that are
 * too long. */
guint so_edit_distance (const char *a, const char *b);
