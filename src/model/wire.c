/*
 * wire.c - canonical line ends and dot-stuffing, at the speed of memchr().
 *
 * A CR is answered with CRLF at once and an LF right behind it is swallowed, so the whole
 * state between two pieces of input is two booleans.  Text that is canonical already is
 * copied in runs over many lines; only what must change is touched octet by octet.
 */
#include "config.h"

#include <string.h>

#include "sendoff/wire.h"

/* The place of the next CR is remembered, so text without any is searched for it once. */
typedef struct
{
  const char *end;
  const char *cr; /* the first CR at or behind the place last asked for; end if none */
} Scan;

static const char *
find (const char *from, char octet, const char *end)
{
  const char *found = memchr (from, octet, (gsize)(end - from));
  return found != NULL ? found : end;
}

/* The first CR or LF in [from, limit), or limit. */
static inline const char *
line_end (Scan *scan, const char *from, const char *limit)
{
  if (scan->cr < from)
    scan->cr = find (from, '\r', scan->end);
  return find (from, '\n', MIN (scan->cr, limit));
}

static inline gboolean
is_crlf (const char *at, const char *limit)
{
  return limit - at >= 2 && at[0] == '\r' && at[1] == '\n';
}

/* How far the text can be copied as it stands: over whole CRLFs, up to a bare CR or LF,
 * a dot to be doubled, or limit. */
static const char *
clean_end (Scan *scan, const char *from, const char *limit, gboolean stuff)
{
  for (const char *p = from; p < limit;)
    {
      const char *at = line_end (scan, p, limit);
      if (!is_crlf (at, limit))
        return at;
      p = at + 2;
      if (stuff && p < limit && *p == '.')
        return p;
    }
  return limit;
}

void
so_wire_init (SoWire *wire, gboolean stuff)
{
  wire->stuff = stuff;
  wire->at_line_start = TRUE;
  wire->after_cr = FALSE;
}

/* The octet at `at` is one that cannot stand as it is.  Returns the octets read. */
static gsize
encode_special (SoWire *wire, const char *at, const char *end, char *out)
{
  if (*at == '.')
    {
      memcpy (out, "..", 2);
      wire->at_line_start = FALSE;
      return 1;
    }
  memcpy (out, "\r\n", 2);
  wire->at_line_start = TRUE;
  wire->after_cr = *at == '\r' && end - at == 1;
  return is_crlf (at, end) ? 2 : 1;
}

gsize
so_wire_encode (SoWire *wire, const char *in, gsize in_length, gsize *in_used, char *out,
                gsize out_size)
{
  /* Nothing shrinks but by the LF swallowed at the start: more cannot be used. */
  const char *end = in + (in_length > out_size ? out_size + 1 : in_length);
  const char *p = in;
  char *to = out, *full = out + out_size;

  if (p < end && wire->after_cr)
    {
      p += *p == '\n' ? 1 : 0;
      wire->after_cr = FALSE;
    }

  Scan scan = { end, find (p, '\r', end) };
  while (p < end && to < full)
    {
      if (!wire->stuff || !wire->at_line_start || *p != '.')
        {
          const char *limit = p + MIN (end - p, full - to);
          const char *clean = clean_end (&scan, p, limit, wire->stuff);
          gsize n = (gsize)(clean - p);
          if (n > 0)
            {
              memcpy (to, p, n);
              to += n;
              p = clean;
              /* Within a clean run an LF always closes a CRLF. */
              wire->at_line_start = p[-1] == '\n';
              if (p == end || *p != '\n' || full - to < 2)
                continue; /* else a bare LF, the commonest of what cannot stand */
            }
        }
      if (full - to < 2)
        break;
      p += encode_special (wire, p, end, to);
      to += 2;
    }

  *in_used = (gsize)(p - in);
  return (gsize)(to - out);
}

gsize
so_wire_finish (SoWire *wire, char *out)
{
  if (wire->at_line_start)
    return 0;
  memcpy (out, "\r\n", 2);
  wire->at_line_start = TRUE;
  return 2;
}

struct SoWireMeter
{
  SoWireMeasure measure;
  gsize line; /* octets of the line so far */
  gboolean after_cr;
  gboolean in_header;
  guint64 dots; /* at line starts */
};

SoWireMeter *
so_wire_meter_new (void)
{
  SoWireMeter *meter = g_new0 (SoWireMeter, 1);
  meter->in_header = TRUE;
  return meter;
}

static gboolean
has_high_bit (const char *bytes, gsize length)
{
  guint64 seen = 0;
  gsize i = 0;
  for (; i + sizeof seen <= length; i += sizeof seen)
    {
      guint64 word;
      memcpy (&word, bytes + i, sizeof word);
      seen |= word;
    }
  for (; i < length; i++)
    seen |= (guchar)bytes[i];
  return (seen & G_GUINT64_CONSTANT (0x8080808080808080)) != 0;
}

/* Octets of one line, not its end; a piece of it when the input is cut there. */
static void
meter_octets (SoWireMeter *meter, const char *bytes, gsize length)
{
  if (length == 0)
    return;
  if (meter->line == 0 && bytes[0] == '.')
    meter->dots++;
  if (meter->in_header && !meter->measure.utf8_headers)
    meter->measure.utf8_headers = has_high_bit (bytes, length);
  meter->line += length;
  meter->measure.size += length;
}

static void
meter_line_end (SoWireMeter *meter)
{
  if (meter->line == 0)
    meter->in_header = FALSE;
  meter->measure.longest_line = MAX (meter->measure.longest_line, meter->line);
  meter->measure.long_lines |= !meter->in_header && meter->line > SO_WIRE_LINE_MAX;
  meter->measure.size += 2;
  meter->line = 0;
}

void
so_wire_meter_feed (SoWireMeter *meter, const char *bytes, gsize length)
{
  const char *end = bytes + length, *p = bytes;
  if (p < end && meter->after_cr)
    {
      meter->measure.long_lines |= *p != '\n' && !meter->in_header;
      p += *p == '\n' ? 1 : 0;
      meter->after_cr = FALSE;
    }

  Scan scan = { end, find (p, '\r', end) };
  const char *body = meter->in_header ? NULL : p;
  while (p < end)
    {
      const char *at = line_end (&scan, p, end);
      meter_octets (meter, p, (gsize)(at - p));
      p = at;
      if (at == end)
        break;
      meter_line_end (meter);
      gboolean is_whole = is_crlf (at, end);
      meter->after_cr = *at == '\r' && end - at == 1;
      meter->measure.long_lines
          |= *at == '\r' && !is_whole && !meter->after_cr && !meter->in_header;
      p += is_whole ? 2 : 1;
      if (body == NULL && !meter->in_header)
        body = p;
    }
  if (body != NULL && !meter->measure.eight_bit)
    meter->measure.eight_bit = has_high_bit (body, (gsize)(end - body));
}

SoWireMeasure
so_wire_meter_end (SoWireMeter *meter)
{
  if (meter->line > 0)
    meter_line_end (meter);
  meter->measure.stuffed = meter->measure.size + meter->dots;
  SoWireMeasure measure = meter->measure;
  g_free (meter);
  return measure;
}
