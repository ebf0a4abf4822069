/*
 * reply.c - SMTP replies read octet by octet from a server that is not trusted.
 *
 * The parser holds one unfinished line and the text of the lines before it, together
 * never more than SO_REPLY_MAX.  A line ends at LF, a CR before it is dropped.  NUL,
 * which a C string cannot hold, is kept as the four characters \x00.
 */
#include "config.h"

#include <string.h>

#include "sendoff/reply.h"
#include "sendoff/text.h"

struct SoReplyParser
{
  GString *line;
  GString *text;
  gsize total; /* octets of this reply so far */
  int code;    /* of the lines so far, 0 before the first */
  char enhanced[sizeof ((SoReply *)NULL)->enhanced];
  SoReplyState state;
};

SoReplyParser *
so_reply_parser_new (void)
{
  SoReplyParser *parser = g_new0 (SoReplyParser, 1);
  parser->line = g_string_new (NULL);
  parser->text = g_string_new (NULL);
  return parser;
}

void
so_reply_parser_free (SoReplyParser *parser)
{
  if (parser == NULL)
    return;
  g_string_free (parser->line, TRUE);
  g_string_free (parser->text, TRUE);
  g_free (parser);
}

static void
append_text (GString *out, const char *bytes, gsize length)
{
  for (const char *end = bytes + length; bytes < end;)
    {
      const char *nul = memchr (bytes, '\0', (gsize)(end - bytes));
      g_string_append_len (out, bytes, (nul != NULL ? nul : end) - bytes);
      if (nul == NULL)
        return;
      g_string_append (out, "\\x00");
      bytes = nul + 1;
    }
}

/* The code at the start of a line; 0 if there is none in 200..599. */
static int
line_code (const char *line, gsize length)
{
  if (length < 3 || line[0] < '2' || line[0] > '5' || !g_ascii_isdigit (line[1])
      || !g_ascii_isdigit (line[2]))
    return 0;
  if (length > 3 && line[3] != ' ' && line[3] != '-')
    return 0;
  return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

/* One to three digits; how many octets, 0 if there are none or more. */
static gsize
digits (const char *p, const char *end)
{
  gsize n = 0;
  while (p + n < end && g_ascii_isdigit (p[n]))
    n++;
  return n <= 3 ? n : 0;
}

/* Octets of an enhanced status (RFC 3463: class "." subject "." detail) at the start of
 * text, if its class is the code's; else 0. */
static gsize
enhanced_length (const char *text, gsize length, int code)
{
  const char *p = text, *end = text + length;
  if (length < 5 || code / 100 == 3 || p[0] != '0' + code / 100 || p[1] != '.')
    return 0;
  p += 2;
  gsize subject = digits (p, end);
  if (subject == 0 || p + subject == end || p[subject] != '.')
    return 0;
  p += subject + 1;
  gsize detail = digits (p, end);
  p += detail;
  if (detail == 0 || (p < end && *p != ' '))
    return 0;
  return (gsize)(p - text);
}

/* Takes the enhanced status off a line's text: the first one seen is the reply's, and
 * lines that repeat it lose it; one that differs stays where it is, as text. */
static void
take_text (SoReplyParser *parser, const char *text, gsize length)
{
  gsize n = enhanced_length (text, length, parser->code);
  if (n > 0 && n < sizeof parser->enhanced && parser->enhanced[0] == '\0')
    memcpy (parser->enhanced, text, n);
  if (n > 0 && strlen (parser->enhanced) == n && memcmp (parser->enhanced, text, n) == 0)
    {
      n += n < length ? 1 : 0; /* the blank behind it */
      text += n;
      length -= n;
    }
  append_text (parser->text, text, length);
}

static SoReplyState
take_line (SoReplyParser *parser)
{
  const char *line = parser->line->str;
  gsize length = parser->line->len;
  if (length > 0 && line[length - 1] == '\r')
    length--;

  int code = line_code (line, length);
  if (code == 0 || (parser->code != 0 && code != parser->code))
    {
      parser->code = 0;
      parser->enhanced[0] = '\0';
      g_string_truncate (parser->text, 0);
      append_text (parser->text, line, length);
      return SO_REPLY_GARBAGE;
    }

  if (parser->code != 0)
    g_string_append_c (parser->text, '\n');
  parser->code = code;
  gsize skip = MIN (length, 4);
  take_text (parser, line + skip, length - skip);
  return length > 3 && line[3] == '-' ? SO_REPLY_MORE : SO_REPLY_DONE;
}

SoReplyState
so_reply_parser_feed (SoReplyParser *parser, const char *bytes, gsize length, gsize *used)
{
  *used = 0;
  while (parser->state == SO_REPLY_MORE && *used < length)
    {
      const char *from = bytes + *used;
      gsize left = MIN (length - *used, SO_REPLY_MAX - parser->total);
      if (left == 0)
        {
          parser->state = SO_REPLY_TOO_LONG;
          break;
        }
      const char *lf = memchr (from, '\n', left);
      gsize n = lf != NULL ? (gsize)(lf - from) : left;
      g_string_append_len (parser->line, from, (gssize)n);
      n += lf != NULL ? 1 : 0;
      *used += n;
      parser->total += n;
      if (lf != NULL)
        {
          parser->state = take_line (parser);
          g_string_truncate (parser->line, 0);
        }
    }
  return parser->state;
}

SoReply *
so_reply_parser_take (SoReplyParser *parser)
{
  if (parser->state != SO_REPLY_DONE && parser->state != SO_REPLY_GARBAGE)
    return NULL;

  SoReply *reply = so_reply_new (parser->code, parser->enhanced, parser->text->str);
  g_string_truncate (parser->line, 0);
  g_string_truncate (parser->text, 0);
  parser->total = 0;
  parser->code = 0;
  memset (parser->enhanced, 0, sizeof parser->enhanced);
  parser->state = SO_REPLY_MORE;
  return reply;
}

SoReply *
so_reply_new (int code, const char *enhanced, const char *text)
{
  SoReply *reply = g_new0 (SoReply, 1);
  reply->code = code;
  g_strlcpy (reply->enhanced, enhanced, sizeof reply->enhanced);
  reply->text = g_strdup (text);
  return reply;
}

SoReply *
so_reply_copy (const SoReply *reply)
{
  return reply != NULL ? so_reply_new (reply->code, reply->enhanced, reply->text) : NULL;
}

void
so_reply_free (SoReply *reply)
{
  if (reply == NULL)
    return;
  g_free (reply->text);
  g_free (reply);
}

char *
so_reply_line (const SoReply *reply)
{
  GString *line = g_string_new (NULL);
  if (reply->code != 0)
    g_string_append_printf (line, "%d", reply->code);
  if (reply->enhanced[0] != '\0')
    g_string_append_printf (line, " %s", reply->enhanced);
  if (line->len > 0 && reply->text[0] != '\0')
    g_string_append_c (line, ' ');
  g_string_append (line, reply->text);
  g_strdelimit (line->str, "\n", ' ');

  char *clean = so_text_sanitise (line->str, (gssize)line->len, SO_TEXT_LINE_MAX);
  g_string_free (line, TRUE);
  return clean;
}
