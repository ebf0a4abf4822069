/*
 * key-text.h - the lines of a key file ([group], key = value, # comment), each with its
 * number, so that an error can name it.
 *
 * GKeyFile would do but for three things: it gives no line numbers, takes a group or key
 * that stands twice without a word, and reads backslashes in values.  Here a value is
 * what stands behind the "=", without the blanks around it, and nothing else.
 */
#pragma once

#include <glib.h>

typedef struct
{
  char *key;
  char *value;
  guint line; /* from 1 */
} SoKeyEntry;

typedef struct
{
  char *name;
  guint line;
  GPtrArray *entries; /* of SoKeyEntry, in the order of the file */
} SoKeyGroup;

typedef struct
{
  char *origin;      /* the file's name in errors */
  GPtrArray *groups; /* of SoKeyGroup, in the order of the file */
} SoKeyText;

/* SO_ERROR_CONFIG with "ORIGIN:LINE:" for a line that is none of the above, invalid
 * UTF-8, control characters, a group or key that stands twice. */
SoKeyText *so_key_text_parse (const char *text, const char *origin, GError **error);
void so_key_text_free (SoKeyText *text);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoKeyText, so_key_text_free)

/* NULL if there is none. */
const SoKeyGroup *so_key_text_group (const SoKeyText *text, const char *name);
const SoKeyEntry *so_key_group_entry (const SoKeyGroup *group, const char *key);

/* SO_ERROR_CONFIG "ORIGIN:LINE: KEY: what"; key "" leaves it out.  Returns FALSE. */
gboolean so_key_text_fail (const SoKeyText *text, guint line, const char *key, const char *remedy,
                           GError **error, const char *format, ...) G_GNUC_PRINTF (6, 7);

/* "a, b;c" as a list without blanks and empty items; owned by the caller. */
char **so_key_list (const char *value);
