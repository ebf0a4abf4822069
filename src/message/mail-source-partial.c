/*
 * mail-source-partial.c - Apple Mail's .partial.emlx with its attachments put back in.
 *
 * A part whose content was taken out has the field X-Apple-Content-Length and no body; the
 * decoded content is a file in Attachments/ID/PART/, PART being the number of the part as IMAP
 * counts ("2", "1.2").  Here it becomes base64 again, and the field goes.  A missing file is an
 * error: a message must not leave without what its writer put in.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base64.h"
#include "mail-source-private.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

#define NESTING_MAX 20
#define HEADER_MAX (256 * 1024) /* octets of one part's header */

typedef struct
{
  char *boundary;
  guint part; /* number of the part under way, from 1 */
} Level;

typedef struct
{
  const SoMailItem *item;
  SoByteSink sink;
  gpointer data;
  GArray *levels;  /* of Level, outermost first */
  GString *header; /* of the part under way; NULL in its body */
} Partial;

static gboolean
put (const Partial *partial, const char *bytes, gsize length, GError **error)
{
  return partial->sink (partial->data, bytes, length, error);
}

/* --- one part's header --- */

/* The value of a field, unfolded; NULL if there is none. */
static char *
field (const char *header, const char *name)
{
  g_autofree char *pattern = g_strdup_printf ("^%s[ \\t]*:[ \\t]*(.*(?:\\r?\\n[ \\t].*)*)", name);
  g_autoptr (GRegex) regex
      = g_regex_new (pattern, G_REGEX_RAW | G_REGEX_CASELESS | G_REGEX_MULTILINE, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  if (!g_regex_match (regex, header, 0, &match))
    return NULL;
  char *value = g_match_info_fetch (match, 1);
  return g_strchomp (g_strdelimit (value, "\r\n", ' '));
}

/* Of a multipart's Content-Type; NULL for any other. */
static char *
boundary_of (const char *header)
{
  g_autofree char *type = field (header, "Content-Type");
  if (type == NULL || g_ascii_strncasecmp (type, "multipart/", 10) != 0)
    return NULL;
  g_autoptr (GRegex) regex = g_regex_new ("\\bboundary=(?:\"([^\"]+)\"|([^\\s;]+))",
                                          G_REGEX_RAW | G_REGEX_CASELESS, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  if (!g_regex_match (regex, type, 0, &match))
    return NULL;
  g_autofree char *quoted = g_match_info_fetch (match, 1);
  return *quoted != '\0' ? g_steal_pointer (&quoted) : g_match_info_fetch (match, 2);
}

/* Without the fields that are Apple Mail's; of a part put back in, also without its old
 * encoding. */
static gboolean
put_header (Partial *partial, gboolean is_refilled, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (partial->header->str, "\n", 0);
  gboolean skipping = FALSE;
  for (char **text = lines; *text != NULL && (text[1] != NULL || **text != '\0'); text++)
    {
      gsize length = strlen (*text);
      const SoLine line = { .bytes = *text, .length = length, .text = length, .starts = TRUE };
      gsize name = so_line_field_name (&line);
      if (**text != ' ' && **text != '\t')
        skipping = name > 0
                   && (so_mail_is_private (SO_FORMAT_EMLX, *text, name)
                       || g_ascii_strncasecmp (*text, "X-Apple-Content-Length", name) == 0
                       || (is_refilled
                           && g_ascii_strncasecmp (*text, "Content-Transfer-Encoding", name) == 0));
      if (is_refilled && (length == 0 || strcmp (*text, "\r") == 0)
          && !put (partial, "Content-Transfer-Encoding: base64\n", 34, error))
        return FALSE;
      if (!skipping && (!put (partial, *text, length, error) || !put (partial, "\n", 1, error)))
        return FALSE;
    }
  return TRUE;
}

/* --- the attachment --- */

static char *
part_number (const Partial *partial)
{
  if (partial->levels->len == 0)
    return g_strdup ("1"); /* the message is all attachment */
  g_autoptr (GString) number = g_string_new ("");
  for (guint i = 0; i < partial->levels->len; i++)
    g_string_append_printf (number, "%s%u", i > 0 ? "." : "",
                            g_array_index (partial->levels, Level, i).part);
  return g_string_free (g_steal_pointer (&number), FALSE);
}

/* The one file in Attachments/ID/PART; NULL if there is none. */
static char *
attachment_file (const Partial *partial, const char *number)
{
  g_autofree char *folder = g_build_filename (partial->item->attachments, number, NULL);
  g_autoptr (GPtrArray) found = so_mail_list (folder, NULL);
  for (guint i = 0; found != NULL && i < found->len; i++)
    {
      const char *name = g_ptr_array_index (found, i);
      g_autofree char *file = g_build_filename (folder, name, NULL);
      if (*name != '.' && g_file_test (file, G_FILE_TEST_IS_REGULAR))
        return g_steal_pointer (&file);
    }
  return NULL;
}

/* As much as there is, up to size; -1 with errno. */
static gssize
read_full (int fd, guchar *in, gsize size, goffset at)
{
  gsize filled = 0;
  while (filled < size)
    {
      ssize_t n = pread (fd, in + filled, size - filled, at + (goffset)filled);
      if (n < 0 && errno != EINTR)
        return -1;
      if (n == 0)
        break;
      filled += (gsize)MAX (n, 0);
    }
  return (gssize)filled;
}

static gboolean
put_base64 (const Partial *partial, int fd, GError **error)
{
  guchar in[SO_BASE64_LINE_IN * 64];
  char out[SO_BASE64_LINE_OUT * 64];
  gssize n = sizeof in;
  for (goffset at = 0; n == sizeof in; at += n)
    {
      n = read_full (fd, in, sizeof in, at);
      if (n > 0 && !put (partial, out, so_base64_lines (in, (gsize)n, out), error))
        return FALSE;
    }
  if (n >= 0)
    return TRUE;
  so_error_set (error, SO_ERROR_NO_INPUT, "", "%s: %s", partial->item->path, g_strerror (errno));
  return FALSE;
}

static gboolean
refill (const Partial *partial, GError **error)
{
  g_autofree char *number = part_number (partial);
  g_autofree char *file = attachment_file (partial, number);
  int fd = file != NULL ? so_mail_open (file) : -1;
  if (fd < 0)
    {
      so_error_set (error, SO_ERROR_DATA, _ ("have Apple Mail load it, then import again"),
                    _ ("%s: attachment %s is not on this machine"), partial->item->path, number);
      return FALSE;
    }
  gboolean done = put_base64 (partial, fd, error);
  close (fd);
  return done;
}

/* --- the message --- */

/* The header of a part is complete. */
static gboolean
end_header (Partial *partial, GError **error)
{
  g_autofree char *taken_out = field (partial->header->str, "X-Apple-Content-Length");
  char *boundary = boundary_of (partial->header->str);
  if (!put_header (partial, taken_out != NULL, error)
      || (taken_out != NULL && !refill (partial, error)))
    {
      g_free (boundary);
      return FALSE;
    }
  g_string_free (g_steal_pointer (&partial->header), TRUE);
  const Level level = { .boundary = boundary };
  if (boundary != NULL && partial->levels->len < NESTING_MAX)
    g_array_append_val (partial->levels, level);
  else
    g_free (boundary);
  return TRUE;
}

/* The depth of the multipart whose boundary this line is, -1 for none; *closes: its last. */
static int
boundary_depth (const Partial *partial, const SoLine *line, gboolean *closes)
{
  if (!so_line_has_prefix (line, "--"))
    return -1;
  for (int i = (int)partial->levels->len - 1; i >= 0; i--)
    {
      const char *boundary = g_array_index (partial->levels, Level, (guint)i).boundary;
      gsize length = strlen (boundary);
      if (line->text < length + 2 || memcmp (line->bytes + 2, boundary, length) != 0)
        continue;
      const char *rest = line->bytes + 2 + length;
      gsize left = line->text - 2 - length;
      *closes = left >= 2 && memcmp (rest, "--", 2) == 0;
      gsize blanks = *closes ? 2 : 0;
      while (blanks < left && (rest[blanks] == ' ' || rest[blanks] == '\t'))
        blanks++;
      if (blanks == left)
        return i;
    }
  return -1;
}

static void
clear_level (gpointer data)
{
  g_free (((Level *)data)->boundary);
}

static gboolean
take_body_line (Partial *partial, const SoLine *line, GError **error)
{
  gboolean closes = FALSE;
  int depth = boundary_depth (partial, line, &closes);
  if (depth >= 0)
    {
      g_array_set_size (partial->levels, (guint)depth + (closes ? 0 : 1));
      if (!closes)
        {
          g_array_index (partial->levels, Level, (guint)depth).part++;
          partial->header = g_string_new ("");
        }
    }
  return put (partial, line->bytes, line->length, error);
}

static gboolean
take_line (Partial *partial, const SoLine *line, GError **error)
{
  if (partial->header == NULL)
    return take_body_line (partial, line, error);
  g_string_append_len (partial->header, line->bytes, (gssize)line->length);
  if (so_line_is_empty (line))
    return end_header (partial, error);
  if (partial->header->len <= HEADER_MAX)
    return TRUE;
  so_error_set (error, SO_ERROR_DATA, "", _ ("%s: a header in it is too long"),
                partial->item->path);
  return FALSE;
}

gboolean
so_mail_write_partial (const SoMailItem *item, int fd, SoByteSink sink, gpointer data,
                       GError **error)
{
  Partial partial = { .item = item, .sink = sink, .data = data, .header = g_string_new ("") };
  g_auto (SoLineReader) lines = { 0 };
  SoLine line;
  gboolean done = TRUE;
  partial.levels = g_array_new (FALSE, TRUE, sizeof (Level));
  g_array_set_clear_func (partial.levels, clear_level);
  so_line_reader_init (&lines, fd, item->start, item->start + (goffset)item->length);
  while (done && so_line_next (&lines, &line))
    done = take_line (&partial, &line, error);
  if (done && partial.header != NULL)
    done = put (&partial, partial.header->str, partial.header->len, error);
  if (done && lines.problem != 0)
    {
      so_error_set (error, SO_ERROR_NO_INPUT, "", "%s: %s", item->path, g_strerror (lines.problem));
      done = FALSE;
    }
  if (partial.header != NULL)
    g_string_free (partial.header, TRUE);
  g_array_unref (partial.levels);
  return done;
}
