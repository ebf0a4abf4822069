/*
 * downgrade.c - twice through the message: once to see what each part is like, once to write.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base64.h"
#include "mime-walk.h"
#include "out.h"
#include "quoted-printable.h"
#include "scan-private.h"
#include "sendoff/downgrade.h"
#include "sendoff/durable.h"
#include "sendoff/i18n.h"
#include "sendoff/wire.h"

#define LINE_MAX_QP 10000 /* longer lines are no text that quoted-printable is made for */
#define BASE64_PIECE (SO_BASE64_LINE_IN * 256)
#define BASE64_LINE (SO_BASE64_LINE_OUT - 2) /* without CRLF */

typedef enum
{
  KEEP,
  TO_QUOTED_PRINTABLE,
  TO_BASE64,
  IN_LINES /* base64 that is all one line */
} Way;

/* What a leaf is like. */
typedef struct
{
  guint64 octets, coded; /* of the latter: what quoted-printable would spell out */
  gsize line, longest;
  gboolean eight_bit;
  gboolean after_cr, bare_cr;
} Facts;

typedef struct
{
  GArray *facts; /* of Facts, by leaf */
  gboolean to_seven_bit;
  const char *why;
} Look;

static gboolean
has_eight_bit (const char *bytes, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if ((guchar)bytes[i] > 127)
      return TRUE;
  return FALSE;
}

static gboolean
look_at_head (gpointer data, SoMimePart *part, const char *block, gsize length, GError **error)
{
  Look *look = data;
  (void)error;
  if (look->to_seven_bit && has_eight_bit (block, length))
    look->why = _("the server takes only 7-bit messages, and a header of this one is not");
  if (so_mime_part_is_leaf (part))
    g_array_set_size (look->facts, part->leaf + 1);
  return TRUE;
}

static gboolean
look_at_body (gpointer data, SoMimePart *part, const char *bytes, gsize length, GError **error)
{
  Look *look = data;
  Facts *facts = &g_array_index (look->facts, Facts, part->leaf);
  (void)error;
  for (gsize i = 0; i < length; i++)
    {
      guchar c = (guchar)bytes[i];
      facts->eight_bit |= c > 127;
      facts->bare_cr |= facts->after_cr && c != '\n';
      facts->after_cr = c == '\r';
      facts->coded += c > 126 || c == '=' || (c < ' ' && c != '\n' && c != '\r' && c != '\t');
      facts->line = c == '\n' ? 0 : facts->line + (c != '\r');
      facts->longest = MAX (facts->longest, facts->line);
    }
  facts->octets += length;
  if (look->to_seven_bit && facts->eight_bit && part->is_sealed)
    look->why = _("the server takes only 7-bit messages, and this one is signed: it may not be "
                  "converted");
  if (facts->bare_cr && part->is_sealed)
    look->why = _("it has a line end that mail does not carry (a bare CR), and is signed: it may not "
                  "be changed");
  return TRUE;
}

/* --- writing --- */

typedef struct
{
  const GArray *facts;
  gboolean to_seven_bit;
  SoOut *out;
  GString *pending; /* of the leaf under way: not encoded yet */
} Write;

static Way
way_of (const Write *writing, const SoMimePart *part)
{
  if (!so_mime_part_is_leaf (part) || part->is_sealed)
    return KEEP;
  const Facts *facts = &g_array_index (writing->facts, Facts, part->leaf);
  gboolean to_seven_bit = writing->to_seven_bit && facts->eight_bit;
  gboolean is_text = g_str_has_prefix (part->type, "text/");
  /* In text a bare CR is a line end of old, and becomes one of today. */
  if (facts->bare_cr && !is_text && part->encoding <= SO_MIME_BINARY)
    return TO_BASE64;
  if (!to_seven_bit && facts->longest <= SO_WIRE_LINE_MAX)
    return KEEP;
  if (!to_seven_bit && part->encoding == SO_MIME_BASE64)
    return IN_LINES;
  /* Encoded in some way already: only to be encoded again where it was not, in truth. */
  if (!to_seven_bit && part->encoding > SO_MIME_BINARY)
    return KEEP;
  gboolean quoted_is_shorter = facts->coded * 2 < facts->octets / 3;
  return is_text && quoted_is_shorter && facts->longest < LINE_MAX_QP ? TO_QUOTED_PRINTABLE
                                                                      : TO_BASE64;
}

/* The header block with another transfer encoding; that of the message says that this is MIME. */
static void
write_head (Write *writing, const SoMimePart *part, const char *block, gsize length,
            const char *encoding)
{
  gboolean says_mime = part->parent != NULL;
  gsize used;
  g_autoptr (GArray) fields = so_scan_fields (block, length, &used);
  g_autofree char *line = g_strdup_printf ("Content-Transfer-Encoding: %s\r\n", encoding);
  for (guint i = 0; i < fields->len; i++)
    {
      const SoScanField *field = &g_array_index (fields, SoScanField, i);
      says_mime |= so_scan_field_is (field, "MIME-Version");
      if (!so_scan_field_is (field, "Content-Transfer-Encoding"))
        so_out_write (writing->out, field->start, field->length);
    }
  if (!says_mime)
    so_out_text (writing->out, "MIME-Version: 1.0\r\n");
  so_out_text (writing->out, line);
  so_out_write (writing->out, block + used, length - used);
}

static gboolean
write_at_head (gpointer data, SoMimePart *part, const char *block, gsize length, GError **error)
{
  Write *writing = data;
  (void)error;
  Way way = way_of (writing, part);
  gboolean says_more = writing->to_seven_bit && !part->is_sealed
                       && (part->encoding == SO_MIME_8BIT || part->encoding == SO_MIME_BINARY);
  g_string_truncate (writing->pending, 0);
  if (way == IN_LINES || (way == KEEP && !says_more))
    so_out_write (writing->out, block, length);
  else
    write_head (writing, part, block, length,
                way == TO_BASE64               ? "base64"
                : way == TO_QUOTED_PRINTABLE ? "quoted-printable"
                                             : "7bit");
  return so_out_is_well (writing->out);
}

/* What is in pending up to length, encoded; the rest stays. */
static void
encode (Write *writing, Way way, gsize length)
{
  if (way == TO_QUOTED_PRINTABLE)
    so_quoted_printable_write (writing->out, writing->pending->str, length);
  else
    {
      char *room = so_out_reserve (writing->out, (gsize)so_base64_size (length));
      so_out_commit (writing->out,
                     so_base64_lines ((const guchar *)writing->pending->str, length, room));
    }
  g_string_erase (writing->pending, 0, (gssize)length);
}

/* Lines become canonical: with LF for quoted-printable (which writes CRLF), with CRLF for
 * base64; binary stays as it is. */
static void
gather (Write *writing, const SoMimePart *part, Way way, const char *bytes, gsize length)
{
  for (gsize i = 0; i < length; i++)
    {
      GString *pending = writing->pending;
      gboolean after_cr = pending->len > 0 && pending->str[pending->len - 1] == '\r';
      if (bytes[i] == '\n' && part->encoding != SO_MIME_BINARY)
        {
          if (way == TO_QUOTED_PRINTABLE && after_cr)
            g_string_truncate (pending, pending->len - 1);
          if (way == TO_BASE64 && !after_cr)
            g_string_append_c (pending, '\r');
        }
      g_string_append_c (pending, bytes[i]);
      if (way == TO_QUOTED_PRINTABLE && bytes[i] == '\n')
        encode (writing, way, pending->len);
      else if (way == TO_BASE64 && pending->len > BASE64_PIECE)
        encode (writing, way, BASE64_PIECE);
    }
}

/* Whole lines of it; last: the rest, too. */
static void
write_lines (Write *writing, gboolean last)
{
  GString *pending = writing->pending;
  gsize done = 0;
  for (; pending->len - done >= BASE64_LINE || (last && done < pending->len);)
    {
      gsize line = MIN (pending->len - done, BASE64_LINE);
      so_out_write (writing->out, pending->str + done, line);
      so_out_text (writing->out, "\r\n");
      done += line;
    }
  g_string_erase (pending, 0, (gssize)done);
}

static void
gather_base64 (Write *writing, const char *bytes, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isspace (bytes[i]))
      g_string_append_c (writing->pending, bytes[i]);
  write_lines (writing, FALSE);
}

static gboolean
write_at_body (gpointer data, SoMimePart *part, const char *bytes, gsize length, GError **error)
{
  Write *writing = data;
  (void)error;
  Way way = way_of (writing, part);
  if (way == KEEP)
    so_out_write (writing->out, bytes, length);
  else if (way == IN_LINES)
    gather_base64 (writing, bytes, length);
  else
    gather (writing, part, way, bytes, length);
  return so_out_is_well (writing->out);
}

static gboolean
write_at_end (gpointer data, SoMimePart *part, GError **error)
{
  Write *writing = data;
  (void)error;
  Way way = way_of (writing, part);
  if (way == IN_LINES)
    write_lines (writing, TRUE);
  else if (way != KEEP && writing->pending->len > 0)
    encode (writing, way, writing->pending->len);
  return so_out_is_well (writing->out);
}

static gboolean
write_at_frame (gpointer data, const char *bytes, gsize length, GError **error)
{
  Write *writing = data;
  (void)error;
  so_out_write (writing->out, bytes, length);
  return so_out_is_well (writing->out);
}

static gboolean
write_all (int from, goffset offset, const Look *look, int *to, GError **error)
{
  static const SoMimeFuncs funcs = { write_at_head, write_at_body, write_at_end, write_at_frame };
  g_autoptr (SoOut) out = so_out_new (so_durable_sink, to);
  Write writing = { look->facts, look->to_seven_bit, out, g_string_new (NULL) };
  g_autoptr (SoMimeWalk) walk = so_mime_walk_new (&funcs, &writing);
  GError *problem = NULL;
  if (!so_mime_walk_file (walk, from, offset, &problem) && problem != NULL)
    so_out_fail (out, problem); /* one that stops early for out's sake has its error there */
  g_string_free (writing.pending, TRUE);
  return so_out_flush (out, error);
}

int
so_downgrade (int fd, goffset offset, gboolean to_seven_bit, const char **why, GError **error)
{
  static const SoMimeFuncs funcs = { .head = look_at_head, .body = look_at_body };
  g_autoptr (GArray) facts = g_array_new (FALSE, TRUE, sizeof (Facts));
  Look look = { facts, to_seven_bit, "" };
  g_autoptr (SoMimeWalk) walk = so_mime_walk_new (&funcs, &look);
  *why = "";
  if (!so_mime_walk_file (walk, fd, offset, error))
    return -1;
  *why = look.why;
  if (*look.why != '\0')
    return -1;
  int out = so_durable_unnamed_file (g_get_tmp_dir ());
  if (out < 0)
    so_durable_error (error, errno, "%s", g_get_tmp_dir ());
  else if (!write_all (fd, offset, &look, &out, error))
    {
      close (out);
      out = -1;
    }
  return out;
}
