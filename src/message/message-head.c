/*
 * message-head.c - reads the header block of a message file and makes one field readable.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <libetpan/libetpan.h>

#include "sendoff/durable.h"
#include "sendoff/message-head.h"
#include "sendoff/text.h"

char **
so_message_head_read (int fd, goffset offset)
{
  g_autofree char *text = g_malloc0 (SO_MESSAGE_HEAD_MAX + 1);
  if (so_durable_read_at (fd, text, SO_MESSAGE_HEAD_MAX, offset) < 0)
    return NULL;
  return so_message_head_lines (text);
}

char **
so_message_head_lines (const char *text)
{
  g_autoptr (GRegex) fold = g_regex_new ("\\r?\\n[ \\t]+", G_REGEX_RAW, 0, NULL);
  g_autofree char *flat = g_regex_replace_literal (fold, text, -1, 0, " ", 0, NULL);
  char **lines = g_strsplit (flat != NULL ? flat : "", "\n", 0);
  for (char **line = lines; *line != NULL; line++)
    g_strchomp (*line);
  return lines;
}

char *
so_message_head_decode (const char *value)
{
  size_t at = 0;
  char *decoded = NULL;
  if (mailmime_encoded_phrase_parse ("utf-8", value, strlen (value), &at, "utf-8", &decoded)
      != MAILIMF_NO_ERROR)
    return NULL;
  char *own = g_strdup (decoded);
  free (decoded);
  return own;
}

static char *
decode (const char *value)
{
  g_autofree char *decoded = so_message_head_decode (value);
  return so_text_sanitise (decoded != NULL ? decoded : value, -1, SO_TEXT_LINE_MAX);
}

char *
so_message_head_field (char **lines, const char *name)
{
  gsize n = strlen (name);
  for (char **line = lines; *line != NULL && **line != '\0'; line++)
    if (g_ascii_strncasecmp (*line, name, n) == 0 && (*line)[n] == ':')
      {
        const char *value = *line + n + 1;
        return decode (value + strspn (value, " \t"));
      }
  return g_strdup ("");
}
