/*
 * mail-source-mbox.c - where one message of an mbox ends and the next begins.
 *
 * "From " at the start of a line is a separator only if a date stands in it and a header field
 * under it: a line of text that begins so stays text, however badly it was stored.  One without
 * a date but with a well-known header under it may be either.  Nobody can tell, so the message goes
 * on and a person has to look at it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail-source-private.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

#define MOZILLA_EXPUNGED 0x0008 /* X-Mozilla-Status: deleted, or sent, and not compacted yet */

typedef struct
{
  const SoMailReader *reader;
  SoMailFormat format;
  const char *path;
  int fd;
  GRegex *separator;
  SoMailItem *item; /* under way */
  goffset end;      /* of its last line that was not empty, and one empty line behind it */
  guint number;
  guint64 line;       /* number in the file */
  gboolean in_header; /* of the message under way */
} Mbox;

/* asctime, with or without a zone before or behind the year. */
#define SEPARATOR                                                                                  \
  "^From .*\\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +"                                                   \
  "((Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\\d{1,2}"                                   \
  "|\\d{1,2} +(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec))"                                  \
  ".*(\\d{1,2}:\\d\\d.*\\d{4}|\\d{4}.*\\d{1,2}:\\d\\d)"

static gboolean
has_date (const Mbox *mbox, const SoLine *line)
{
  return g_regex_match_full (mbox->separator, line->bytes, (gssize)line->text, 0, 0, NULL, NULL);
}

/* The first octets of the line under this one. */
static gsize
next_line (const Mbox *mbox, const SoLine *line, char out[200])
{
  ssize_t n = pread (mbox->fd, out, 199, line->offset + (goffset)line->length);
  out[MAX (n, 0)] = '\0';
  return n > 0 ? (gsize)n : 0;
}

static gboolean
is_field (const char *text, gsize length)
{
  const SoLine line = { .bytes = text, .length = length, .text = length, .starts = TRUE };
  return so_line_field_name (&line) > 0;
}

static gboolean
is_well_known_field (const char *text)
{
  static const char *const known[]
      = { "Return-Path:", "Received:",         "From:",       "To:",           "Date:",
          "Subject:",     "X-Mozilla-Status:", "Message-ID:", "MIME-Version:", "Delivered-To:" };
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_ascii_strncasecmp (text, known[i], strlen (known[i])) == 0)
      return TRUE;
  return FALSE;
}

typedef enum
{
  TEXT,
  SEPARATOR_LINE,
  EITHER
} Kind;

static Kind
kind_of (const Mbox *mbox, const SoLine *line)
{
  char under[200];
  if (!so_line_has_prefix (line, "From "))
    return TEXT;
  gsize length = next_line (mbox, line, under);
  /* A file that begins so is an mbox whatever stands in that line. */
  if (has_date (mbox, line) || line->offset == 0)
    return is_field (under, length) || g_str_has_prefix (under, ">From ") ? SEPARATOR_LINE : TEXT;
  return is_well_known_field (under) ? EITHER : TEXT;
}

/* FALSE: the reading is over. */
static gboolean
end_message (Mbox *mbox)
{
  SoMailItem *item = g_steal_pointer (&mbox->item);
  if (item == NULL)
    return TRUE;
  item->length = mbox->end > item->start ? (guint64)(mbox->end - item->start) : 0;
  if (item->length == 0)
    so_mail_item_fail (item, _ ("there is no message in it"));
  else if (item->length > SO_MAIL_ITEM_MAX)
    so_mail_item_fail (item, _ ("too large for a message"));
  return mbox->reader->func (mbox->reader->data, item);
}

static void
begin_message (Mbox *mbox, goffset start)
{
  mbox->item = so_mail_item_new (mbox->format, mbox->path);
  mbox->item->number = ++mbox->number;
  mbox->item->start = start;
  mbox->end = start;
  mbox->in_header = TRUE;
  char *file = mbox->item->label;
  mbox->item->label = g_strdup_printf ("%s:%u", file, mbox->number);
  g_free (file);
}

static void
look_at_header (Mbox *mbox, const SoLine *line)
{
  if (mbox->format != SO_FORMAT_THUNDERBIRD || !so_line_has_prefix (line, "X-Mozilla-Status:"))
    return;
  char value[16] = "";
  gsize skip = strlen ("X-Mozilla-Status:");
  memcpy (value, line->bytes + skip, MIN (sizeof value - 1, line->text - skip));
  mbox->item->done = (strtoul (value, NULL, 16) & MOZILLA_EXPUNGED) != 0;
}

static void
doubt (Mbox *mbox)
{
  if (*mbox->item->doubt != '\0')
    return;
  g_free (mbox->item->doubt);
  mbox->item->doubt
      = g_strdup_printf (_ ("line %llu of the mailbox may be the beginning of another message"),
                         (unsigned long long)mbox->line);
}

static gboolean
take_line (Mbox *mbox, const SoLine *line)
{
  if (line->starts)
    mbox->line++;
  Kind kind = kind_of (mbox, line);
  if (kind == SEPARATOR_LINE)
    {
      if (!end_message (mbox))
        return FALSE;
      begin_message (mbox, line->offset + (goffset)line->length);
      return TRUE;
    }
  if (mbox->item == NULL)
    return TRUE; /* before the first one there are only empty lines */
  if (kind == EITHER)
    doubt (mbox);
  if (mbox->in_header)
    {
      look_at_header (mbox, line);
      mbox->in_header = !so_line_is_empty (line);
    }
  /* The empty line before the next separator is none of the message's. */
  goffset end = line->offset + (goffset)line->length;
  if (!so_line_is_empty (line) || mbox->end < line->offset)
    mbox->end = so_line_is_empty (line) ? line->offset : end;
  return TRUE;
}

static gboolean
read_lines (Mbox *mbox, GError **error)
{
  g_auto (SoLineReader) lines = { 0 };
  SoLine line;
  so_line_reader_init (&lines, mbox->fd, 0, -1);
  while (so_line_next (&lines, &line))
    if (!take_line (mbox, &line))
      return FALSE;
  if (lines.problem == 0)
    return end_message (mbox);
  so_error_set (error, SO_ERROR_NO_INPUT, "", "%s: %s", mbox->path, g_strerror (lines.problem));
  g_clear_pointer (&mbox->item, so_mail_item_free);
  return FALSE;
}

gboolean
so_mail_read_mbox (const char *path, SoMailFormat format, const SoMailReader *reader)
{
  Mbox mbox = { .reader = reader, .format = format, .path = path, .fd = so_mail_open (path) };
  if (mbox.fd < 0)
    {
      so_error_set (reader->error, SO_ERROR_NO_INPUT, "", "%s: %s", path, g_strerror (errno));
      return FALSE;
    }
  mbox.separator = g_regex_new (SEPARATOR, G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, NULL);
  gboolean done = read_lines (&mbox, reader->error);
  if (done && mbox.number == 0)
    {
      so_error_set (reader->error, SO_ERROR_DATA, _ ("name its format with --format"),
                    _ ("%s: no message begins in this mailbox"), path);
      done = FALSE;
    }
  g_regex_unref (mbox.separator);
  close (mbox.fd);
  return done;
}

/* --- taken over as a whole --- */

/* As mail programs do it: a record lock that is not waited for. */
static gboolean
lock (int fd)
{
  struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  return fcntl (fd, F_OFD_SETLK, &whole) == 0;
}

gboolean
so_mail_mbox_empty (const char *path, goffset length, GError **error)
{
  struct stat st;
  int fd = open (path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  gboolean same = fd >= 0 && lock (fd) && fstat (fd, &st) == 0 && st.st_size == length;
  gboolean done = same && ftruncate (fd, 0) == 0;
  int problem = errno;
  if (fd >= 0)
    close (fd);
  if (done)
    return TRUE;
  gboolean changed = fd >= 0 && !same;
  so_error_set (error, changed ? SO_ERROR_TEMPORARY : SO_ERROR_CANNOT_CREATE,
                _ ("close the mail program, and import it again: nothing is taken twice"),
                changed ? _ ("%s: another program is using it (%s)") : "%s: %s", path,
                g_strerror (problem));
  return FALSE;
}
