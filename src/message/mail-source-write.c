/*
 * mail-source-write.c - a message as it was before its program stored it.
 *
 * Private header fields go, with their continuation lines, and only in the header; the quoting
 * of an mbox (">From ", ">>From ": one ">" too many) is undone, only in the body.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "mail-source-private.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

static const char *const thunderbird[]
    = { "X-Mozilla-*", "X-Identity-Key", "X-Account-Key", "FCC", "X-Template", NULL };
/* What mail programs keep of a message in the folder: read, flagged, its number, its length there. */
static const char *const mbox[] = { "Status", "X-Status", "X-Keywords", "X-UID", "X-IMAP",
                                    "X-IMAPbase", "Content-Length", "Lines", NULL };
static const char *const apple[] = { "X-Uniform-Type-Identifier",
                                     "X-Universally-Unique-Identifier",
                                     "X-Apple-Mail-*",
                                     "X-Apple-Base-Url",
                                     "X-Apple-Auto-Saved",
                                     "X-Apple-Windows-Friendly",
                                     NULL };

static gboolean
matches (const char *pattern, const char *name, gsize length)
{
  gsize n = strlen (pattern);
  gboolean prefix = pattern[n - 1] == '*';
  if (prefix)
    n--;
  return (prefix ? length >= n : length == n) && g_ascii_strncasecmp (pattern, name, n) == 0;
}

gboolean
so_mail_is_private (SoMailFormat format, const char *name, gsize length)
{
  const char *const *list = format == SO_FORMAT_THUNDERBIRD ? thunderbird
                            : format == SO_FORMAT_EMLX      ? apple
                            : format == SO_FORMAT_MBOX      ? mbox
                                                            : NULL;
  for (; list != NULL && *list != NULL; list++)
    if (matches (*list, name, length))
      return TRUE;
  return FALSE;
}

/* ">From ", ">>From " … */
static gboolean
is_quoted (const SoLine *line)
{
  gsize n = 0;
  while (n < line->text && line->bytes[n] == '>')
    n++;
  return line->starts && n > 0 && line->text - n >= 5 && memcmp (line->bytes + n, "From ", 5) == 0;
}

typedef struct
{
  gboolean in_header;
  gboolean skipping; /* a private field */
  gboolean unquotes;
} State;

/* What of the line stays: bytes to be left out at its beginning, or -1 for none of it. */
static gssize
judge (State *state, const SoMailItem *item, const SoLine *line)
{
  if (!state->in_header)
    return state->unquotes && is_quoted (line) ? 1 : 0;
  if (so_line_is_empty (line))
    {
      state->in_header = FALSE;
      return 0;
    }
  gboolean goes_on = !line->starts || line->bytes[0] == ' ' || line->bytes[0] == '\t';
  if (!goes_on)
    {
      gsize name = so_line_field_name (line);
      /* Some programs keep an older separator, quoted, above the header. */
      if (state->unquotes && is_quoted (line))
        return -1;
      state->skipping = name > 0 && so_mail_is_private (item->format, line->bytes, name);
    }
  return state->skipping ? -1 : 0;
}

static gboolean
write_lines (const SoMailItem *item, int fd, SoByteSink sink, gpointer data, GError **error)
{
  g_auto (SoLineReader) lines = { 0 };
  SoLine line;
  State state
      = { .in_header = TRUE,
          .unquotes = item->format == SO_FORMAT_MBOX || item->format == SO_FORMAT_THUNDERBIRD };
  goffset end = item->start + (goffset)item->length;
  so_line_reader_init (&lines, fd, item->start, end);
  while (so_line_next (&lines, &line))
    {
      gssize skip = judge (&state, item, &line);
      if (skip >= 0 && !sink (data, line.bytes + skip, line.length - (gsize)skip, error))
        return FALSE;
    }
  if (lines.problem == 0 && lines.at == end)
    return TRUE;
  so_error_set (error, SO_ERROR_NO_INPUT, "", "%s: %s", item->path,
                lines.problem != 0 ? g_strerror (lines.problem) : _ ("it is cut short"));
  return FALSE;
}

gboolean
so_mail_item_write (const SoMailItem *item, SoByteSink sink, gpointer data, GError **error)
{
  int fd = so_mail_open (item->path);
  if (fd < 0)
    {
      so_error_set (error, SO_ERROR_NO_INPUT, "", "%s: %s", item->path, g_strerror (errno));
      return FALSE;
    }
  gboolean done = *item->attachments != '\0' ? so_mail_write_partial (item, fd, sink, data, error)
                                             : write_lines (item, fd, sink, data, error);
  close (fd);
  return done;
}
