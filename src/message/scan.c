/*
 * scan.c - gathers the header block, hands it out completed, and lets the body through.
 *
 * States: a byte order mark and an mbox "From " line may come first; then the header block, kept
 * until an empty line or a line that is no field ends it; then the body.  A line of blanks alone
 * goes on with the field before it, as everywhere (RFC 5322 4.2): it is not empty.
 */
#include "config.h"

#include <string.h>

#include "scan-private.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/size-text.h"
#include "sendoff/text.h"

struct SoScan
{
  SoScanSpec spec;
  GString *head;       /* octets of the header block so far; NULL once it is out */
  gsize line_start;    /* in head: where the line under way begins */
  guint64 place;       /* octets read before this piece */
  gboolean over;       /* a single dot has come */
  GString *dot;        /* body: a line that may be the single dot, kept back */
  gboolean at_line_start;
};

SoScan *
so_scan_new (const SoScanSpec *spec)
{
  SoScan *scan = g_new0 (SoScan, 1);
  scan->spec = *spec;
  scan->head = g_string_new (NULL);
  scan->dot = g_string_new (NULL);
  scan->at_line_start = TRUE;
  return scan;
}

void
so_scan_free (SoScan *scan)
{
  if (scan == NULL)
    return;
  if (scan->head != NULL)
    g_string_free (scan->head, TRUE);
  g_string_free (scan->dot, TRUE);
  g_free (scan);
}

gboolean
so_scan_is_over (const SoScan *scan)
{
  return scan->over;
}

static gboolean
put (SoScan *scan, const char *bytes, gsize length, GError **error)
{
  return length == 0 || scan->spec.sink (scan->spec.data, bytes, length, error);
}

/* "\r\n" or "\n", as the message has it; CRLF where it has no line. */
static const char *
line_end_of (const char *block, gsize length)
{
  const char *end = memchr (block, '\n', length);
  return end != NULL && (end == block || end[-1] != '\r') ? "\n" : "\r\n";
}

static void
head_clear (SoScanHead *head)
{
  g_ptr_array_unref (head->recipients);
  g_free (head->sender);
  g_free (head->message_id);
}

/* A CR alone ends no line here, but it does on the wire: a Bcc behind it would travel. */
static gboolean
has_whole_line_ends (const char *block, gsize from, gsize length, GError **error)
{
  for (gsize i = from; i < from + length; i++)
    if (block[i] == '\r' && block[i + 1] != '\n')
      {
        so_error_set (error, SO_ERROR_DATA, _("end its lines with LF or CRLF"),
                      _("there is a bare CR in the header of the message (octet %lu)"),
                      (gulong)i + 1);
        return FALSE;
      }
  return TRUE;
}

static gboolean
is_mbox_line (const char *line)
{
  return g_str_has_prefix (line, "From ") || g_str_has_prefix (line, ">From ");
}

/* Octets before the first field. */
static gsize
preface_length (const GString *block)
{
  gsize mark = so_text_mark_length (block->str);
  if (!is_mbox_line (block->str + mark))
    return mark;
  gsize line = mark + strcspn (block->str + mark, "\n");
  return line + (block->str[line] == '\n' ? 1 : 0);
}

/* The block is complete: what is left of head behind it belongs to the body. */
static gboolean
end_head (SoScan *scan, GError **error)
{
  g_autoptr (GString) block = g_steal_pointer (&scan->head);
  gsize skipped = preface_length (block), used;
  g_array_unref (so_scan_fields (block->str + skipped, block->len - skipped, &used));
  if (!has_whole_line_ends (block->str, skipped, used, error))
    return FALSE;
  const char *line_end = line_end_of (block->str, block->len);
  SoScanHead head
      = { .has_fields = used > 0, .recipients = g_ptr_array_new_with_free_func (g_free) };
  g_autoptr (GString) out = NULL;
  /* A last field without line end (the message ends there) gets one. */
  if (used > 0 && block->str[skipped + used - 1] != '\n')
    {
      g_string_append (block, line_end);
      used += strlen (line_end);
    }
  out = so_scan_complete (&scan->spec, block->str + skipped, used, line_end, &head, error);
  gboolean well = out != NULL && scan->spec.head (scan->spec.data, &head, error)
                  && put (scan, out->str, out->len, error) && put (scan, line_end, strlen (line_end), error);
  head_clear (&head);
  const char *rest = block->str + skipped + used;
  if (*rest == '\r' && rest[1] == '\n')
    rest += 2;
  else if (*rest == '\n')
    rest++;
  gsize left = (gsize)(block->str + block->len - rest);
  scan->at_line_start = left == 0 || rest[left - 1] == '\n';
  return well && put (scan, rest, left, error);
}

/* The line under way is complete: does it end the header block? */
static gboolean
line_ends_head (const SoScan *scan)
{
  gboolean is_first = scan->line_start == 0;
  gsize start = is_first ? so_text_mark_length (scan->head->str) : scan->line_start;
  const char *line = scan->head->str + start;
  gsize length = scan->head->len - start;
  if (is_first ? is_mbox_line (line) : *line == ' ' || *line == '\t')
    return FALSE;
  gsize used;
  g_autoptr (GArray) fields = so_scan_fields (line, length, &used);
  return fields->len == 0;
}

static gboolean
fail_long_head (GError **error)
{
  so_error_set (error, SO_ERROR_DATA, _("this is no mail message"),
                _("the header of the message is over %d KiB"), SO_SCAN_HEAD_MAX / 1024);
  return FALSE;
}

/* A long line, of which piece is the next part, is none of the header's: text without line ends. */
static gboolean
begins_body (const SoScan *scan, const char *piece, gsize length)
{
  g_autoptr (GString) line = g_string_new (scan->head->str + scan->line_start);
  g_string_append_len (line, piece, (gssize)MIN (length, SO_SCAN_HEAD_MAX));
  gboolean goes_on = scan->line_start > 0 && (line->str[0] == ' ' || line->str[0] == '\t');
  gsize used;
  g_autoptr (GArray) fields = so_scan_fields (line->str, line->len, &used);
  return !goes_on && fields->len == 0;
}

/* Takes from bytes what belongs to the header block; the octets used. */
static gboolean
gather_head (SoScan *scan, const char *bytes, gsize length, gsize *used, GError **error)
{
  *used = 0;
  while (*used < length && scan->head != NULL)
    {
      const char *p = bytes + *used;
      const char *end = memchr (p, '\n', length - *used);
      gsize piece = end != NULL ? (gsize)(end - p) + 1 : length - *used;
      if (scan->head->len + piece > SO_SCAN_HEAD_MAX && !begins_body (scan, p, piece))
        return fail_long_head (error);
      g_string_append_len (scan->head, p, (gssize)piece);
      *used += piece;
      if (end == NULL && scan->head->len <= SO_SCAN_HEAD_MAX)
        return TRUE;
      const char *line = scan->head->str + scan->line_start;
      if (scan->spec.dot_ends && (g_str_equal (line, ".\n") || g_str_equal (line, ".\r\n")))
        {
          g_string_truncate (scan->head, scan->line_start);
          scan->over = TRUE;
          return TRUE;
        }
      if (line_ends_head (scan) && !end_head (scan, error))
        return FALSE;
      scan->line_start = scan->head != NULL ? scan->head->len : 0;
    }
  return TRUE;
}

/* The body, looked at for the line with the single dot: ".\n" or ".\r\n". */
static gboolean
pass_until_dot (SoScan *scan, const char *bytes, gsize length, GError **error)
{
  gsize from = 0;
  for (gsize i = 0; i < length; i++)
    {
      gboolean kept = scan->dot->len > 0;
      if (!kept && !(scan->at_line_start && bytes[i] == '.'))
        {
          scan->at_line_start = bytes[i] == '\n';
          continue;
        }
      if (!kept && !put (scan, bytes + from, i - from, error))
        return FALSE;
      g_string_append_c (scan->dot, bytes[i]);
      from = i + 1;
      if (g_str_equal (scan->dot->str, ".\n") || g_str_equal (scan->dot->str, ".\r\n"))
        {
          g_string_truncate (scan->dot, 0);
          scan->over = TRUE;
          return TRUE;
        }
      if (g_str_equal (scan->dot->str, ".") || g_str_equal (scan->dot->str, ".\r"))
        continue;
      scan->at_line_start = bytes[i] == '\n';
      if (!put (scan, scan->dot->str, scan->dot->len, error))
        return FALSE;
      g_string_truncate (scan->dot, 0);
    }
  return put (scan, bytes + from, length - from, error);
}

gboolean
so_scan_write (SoScan *scan, const char *bytes, gsize length, GError **error)
{
  if (scan->over)
    return TRUE;
  if (scan->spec.limit > 0 && scan->place + length > scan->spec.limit)
    {
      g_autofree char *limit = so_size_format (scan->spec.limit);
      so_error_set (error, SO_ERROR_DATA, _ ("does the program that writes it ever end?"),
                    _ ("the message is longer than %s"), limit);
      return FALSE;
    }
  const char *nul = memchr (bytes, '\0', length);
  if (nul != NULL)
    {
      so_error_set (error, SO_ERROR_DATA, _("encode what is binary (base64), or attach it"),
                    _("there is a NUL octet in the message (octet %lu)"),
                    (gulong)(scan->place + (guint64)(nul - bytes)) + 1);
      return FALSE;
    }
  scan->place += length;
  gsize used = 0;
  if (scan->head != NULL && !gather_head (scan, bytes, length, &used, error))
    return FALSE;
  if (scan->over || used == length)
    return TRUE;
  return scan->spec.dot_ends ? pass_until_dot (scan, bytes + used, length - used, error)
                             : put (scan, bytes + used, length - used, error);
}

gboolean
so_scan_finish (SoScan *scan, GError **error)
{
  if (scan->head != NULL && !end_head (scan, error))
    return FALSE;
  return put (scan, scan->dot->str, scan->dot->len, error);
}
