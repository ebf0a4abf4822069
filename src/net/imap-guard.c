/*
 * imap-guard.c - a driver of libetpan's stream that passes octets on and counts.
 *
 * Literals ({n}CRLF and n octets) are free text, so parentheses in them do not count;
 * quoted strings are not told apart: a name with a hundred open parentheses is none.
 */
#include "config.h"

#include "imap-guard.h"

struct SoImapGuard
{
  mailstream *stream;
  mailstream_low *below; /* the transport's */
  mailstream_low *own;
  gsize left;
  gboolean tripped;
  SoGuardScan scan;
};

/* The digits of "{123}" and "{123+}", then CR, then LF. */
static void
follow_literal (SoGuardScan *scan, char c)
{
  if (c == '{')
    {
      scan->state = SO_GUARD_NUMBER;
      scan->number = 0;
    }
  else if (scan->state == SO_GUARD_NUMBER && g_ascii_isdigit (c))
    scan->number = scan->number < G_MAXUINT32 ? scan->number * 10 + (guint64) (c - '0') : scan->number;
  else if (scan->state == SO_GUARD_NUMBER && c == '}')
    scan->state = SO_GUARD_CLOSED;
  else if (scan->state == SO_GUARD_CLOSED && c == '\r')
    scan->state = SO_GUARD_CR;
  else if (c == '\n' && (scan->state == SO_GUARD_CR || scan->state == SO_GUARD_CLOSED))
    {
      scan->skip = scan->number;
      scan->state = SO_GUARD_TEXT;
    }
  else if (!(scan->state == SO_GUARD_NUMBER && c == '+'))
    scan->state = SO_GUARD_TEXT;
}

static char
without_code (SoGuardScan *scan, char c)
{
  if (scan->line == SO_GUARD_LINE_START)
    scan->line = c == '+' ? SO_GUARD_GO_AHEAD : SO_GUARD_OTHER;
  return c == '[' && scan->line != SO_GUARD_OTHER ? '<' : c;
}

gboolean
so_guard_scan (SoGuardScan *scan, char *octets, gsize length)
{
  for (gsize i = 0; i < length; i++)
    {
      if (scan->skip > 0)
        {
          gsize jump = MIN (scan->skip, length - i);
          scan->skip -= jump;
          i += jump - 1;
          continue;
        }
      gboolean was_literal = scan->state == SO_GUARD_CR || scan->state == SO_GUARD_CLOSED;
      octets[i] = without_code (scan, octets[i]);
      follow_literal (scan, octets[i]);
      if (octets[i] == '(' && ++scan->depth > SO_GUARD_DEPTH)
        return FALSE;
      if (octets[i] == ')' && scan->depth > 0)
        scan->depth--;
      if (octets[i] == '\n' && !was_literal)
        {
          scan->depth = 0;
          scan->line = SO_GUARD_LINE_START;
        }
    }
  return TRUE;
}

static ssize_t
guard_read (mailstream_low *low, void *buffer, size_t count)
{
  SoImapGuard *guard = low->data;
  if (guard->left == 0 || guard->tripped)
    {
      guard->tripped = TRUE;
      return -1;
    }
  ssize_t n = mailstream_low_read (guard->below, buffer, MIN (count, guard->left));
  if (n <= 0)
    return n;
  guard->left -= (gsize) n;
  if (so_guard_scan (&guard->scan, buffer, (gsize) n))
    return n;
  guard->tripped = TRUE;
  return -1;
}

static ssize_t
guard_write (mailstream_low *low, const void *buffer, size_t count)
{
  return mailstream_low_write (((SoImapGuard *) low->data)->below, buffer, count);
}

static int
guard_close (mailstream_low *low)
{
  (void) low;
  return 0;
}

static int
guard_get_fd (mailstream_low *low)
{
  return mailstream_low_get_fd (((SoImapGuard *) low->data)->below);
}

static void
guard_free (mailstream_low *low)
{
  free (low);
}

static mailstream_low_driver driver = {
  .mailstream_read = guard_read,
  .mailstream_write = guard_write,
  .mailstream_close = guard_close,
  .mailstream_get_fd = guard_get_fd,
  .mailstream_free = guard_free,
};

SoImapGuard *
so_imap_guard_new (SoTransport *transport)
{
  SoImapGuard *guard = g_new0 (SoImapGuard, 1);
  guard->stream = so_transport_stream (transport);
  guard->below = mailstream_get_low (guard->stream);
  guard->own = mailstream_low_new (guard, &driver);
  if (guard->own == NULL)
    g_error ("out of memory");
  mailstream_set_low (guard->stream, guard->own);
  return guard;
}

void
so_imap_guard_free (SoImapGuard *guard)
{
  if (guard == NULL)
    return;
  mailstream_set_low (guard->stream, guard->below);
  mailstream_low_free (guard->own);
  g_free (guard);
}

void
so_imap_guard_allow (SoImapGuard *guard, gsize octets)
{
  guard->left = octets;
}

gboolean
so_imap_guard_tripped (const SoImapGuard *guard)
{
  return guard->tripped;
}
