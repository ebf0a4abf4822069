/*
 * mime-walk.c - line by line, with the boundaries of all open multiparts in view.
 *
 * In a header block lines are gathered until an empty one; in a body they are handed on at once,
 * but for the line end, which is kept until it is known whether a boundary follows.
 */
#include "config.h"

#include <string.h>

#include "mime-walk.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

#define HEAD_MAX (1024 * 1024) /* octets of one header block; ours */
#define LINE_KEPT 1024         /* octets of a line looked at as one: no boundary is longer */
#define DEPTH_MAX 100          /* parts within each other; ours */

struct SoMimeWalk
{
  SoMimeFuncs funcs;
  gpointer data;
  SoMimePart *part; /* the innermost */
  guint depth;
  guint leaves;
  gboolean in_head;
  GString *head;
  GString *line;          /* under way */
  gboolean continues;     /* the beginning of this line has been handed on */
  char held[3];           /* a line end, kept back; "" */
};

static SoMimePart *
open_part (SoMimeWalk *walk)
{
  SoMimePart *part = g_new0 (SoMimePart, 1);
  part->parent = walk->part;
  part->type = g_strdup ("");
  part->name = g_strdup ("");
  part->charset = g_strdup ("");
  walk->part = part;
  walk->depth++;
  walk->in_head = TRUE;
  g_string_truncate (walk->head, 0);
  return part;
}

static void
close_part (SoMimeWalk *walk)
{
  SoMimePart *part = walk->part;
  walk->part = part->parent;
  walk->depth--;
  g_free (part->type);
  g_free (part->name);
  g_free (part->charset);
  g_free (part->boundary);
  g_free (part);
}

SoMimeWalk *
so_mime_walk_new (const SoMimeFuncs *funcs, gpointer data)
{
  SoMimeWalk *walk = g_new0 (SoMimeWalk, 1);
  walk->funcs = *funcs;
  walk->data = data;
  walk->head = g_string_new (NULL);
  walk->line = g_string_new (NULL);
  open_part (walk);
  return walk;
}

void
so_mime_walk_free (SoMimeWalk *walk)
{
  if (walk == NULL)
    return;
  while (walk->part != NULL)
    close_part (walk);
  g_string_free (walk->head, TRUE);
  g_string_free (walk->line, TRUE);
  g_free (walk);
}

static gboolean
frame (SoMimeWalk *walk, const char *bytes, gsize length, GError **error)
{
  return length == 0 || walk->funcs.frame == NULL || walk->funcs.frame (walk->data, bytes, length, error);
}

/* Octets of a body, or of what stands between parts. */
static gboolean
pass (SoMimeWalk *walk, const char *bytes, gsize length, GError **error)
{
  if (length == 0)
    return TRUE;
  if (walk->part == NULL || !so_mime_part_is_leaf (walk->part))
    return frame (walk, bytes, length, error);
  return walk->funcs.body (walk->data, walk->part, bytes, length, error);
}

static gboolean
release_held (SoMimeWalk *walk, GError **error)
{
  gsize length = strlen (walk->held);
  char held[sizeof walk->held];
  memcpy (held, walk->held, sizeof held);
  walk->held[0] = '\0';
  return pass (walk, held, length, error);
}

/* The header block is complete. */
static gboolean
end_head (SoMimeWalk *walk, GError **error)
{
  SoMimePart *part = walk->part;
  walk->in_head = FALSE;
  g_free (part->type);
  g_free (part->name);
  g_free (part->charset);
  so_mime_part_read_head (part, walk->head->str, walk->head->len);
  /* Nobody nests so deep; what does is one part. */
  if (walk->depth >= DEPTH_MAX)
    {
      g_clear_pointer (&part->boundary, g_free);
      part->is_message = FALSE;
    }
  if (so_mime_part_is_leaf (part))
    part->leaf = walk->leaves++;
  if (!walk->funcs.head (walk->data, part, walk->head->str, walk->head->len, error))
    return FALSE;
  g_string_truncate (walk->head, 0);
  if (part->is_message)
    open_part (walk);
  return TRUE;
}

static gboolean
end_part (SoMimeWalk *walk, GError **error)
{
  if (walk->in_head && !end_head (walk, error))
    return FALSE;
  /* A message in the part that was just opened has nothing in it. */
  if (walk->in_head && !end_head (walk, error))
    return FALSE;
  if (so_mime_part_is_leaf (walk->part) && walk->funcs.end != NULL && !walk->funcs.end (walk->data, walk->part, error))
    return FALSE;
  close_part (walk);
  return TRUE;
}

/* The open multipart whose boundary the line is; NULL: it is none. */
static SoMimePart *
boundary_of (const SoMimeWalk *walk, gboolean *is_last)
{
  const GString *line = walk->line;
  if (walk->continues || line->len < 3 || line->str[0] != '-' || line->str[1] != '-')
    return NULL;
  for (SoMimePart *part = walk->part; part != NULL; part = part->parent)
    {
      gsize length = part->boundary != NULL ? strlen (part->boundary) : 0;
      if (length == 0 || part->is_closed || strncmp (line->str + 2, part->boundary, length) != 0)
        continue;
      const char *rest = line->str + 2 + length;
      *is_last = rest[0] == '-' && rest[1] == '-';
      rest += *is_last ? 2 : 0;
      if (rest[strspn (rest, " \t\r\n")] == '\0')
        return part;
    }
  return NULL;
}

static gboolean
cross_boundary (SoMimeWalk *walk, SoMimePart *owner, gboolean is_last, GError **error)
{
  while (walk->part != owner)
    if (!end_part (walk, error))
      return FALSE;
  gsize held = strlen (walk->held);
  if (!frame (walk, walk->held, held, error))
    return FALSE;
  walk->held[0] = '\0';
  if (!frame (walk, walk->line->str, walk->line->len, error))
    return FALSE;
  owner->is_closed = is_last;
  if (!is_last)
    open_part (walk);
  return TRUE;
}

static gboolean
take_head_line (SoMimeWalk *walk, GError **error)
{
  g_string_append_len (walk->head, walk->line->str, (gssize)walk->line->len);
  if (walk->head->len > HEAD_MAX)
    {
      so_error_set (error, SO_ERROR_DATA, _("this is no mail message"),
                    _("the header of a part is over %d KiB"), HEAD_MAX / 1024);
      return FALSE;
    }
  gboolean empty = !walk->continues
                   && (g_str_equal (walk->line->str, "\n") || g_str_equal (walk->line->str, "\r\n"));
  return !empty || end_head (walk, error);
}

static gboolean
take_body_line (SoMimeWalk *walk, GError **error)
{
  const GString *line = walk->line;
  if (!release_held (walk, error))
    return FALSE;
  gsize length = line->len;
  if (length > 0 && line->str[length - 1] == '\n')
    length--;
  if (length < line->len && length > 0 && line->str[length - 1] == '\r')
    length--;
  g_strlcpy (walk->held, line->str + length, sizeof walk->held);
  return pass (walk, line->str, length, error);
}

/* The line, or as much of a long one as is kept. */
static gboolean
take_line (SoMimeWalk *walk, gboolean complete, GError **error)
{
  gboolean is_last = FALSE;
  SoMimePart *owner = boundary_of (walk, &is_last);
  gboolean well = owner != NULL    ? cross_boundary (walk, owner, is_last, error)
                  : walk->in_head ? take_head_line (walk, error)
                                  : take_body_line (walk, error);
  walk->continues = !complete;
  g_string_truncate (walk->line, 0);
  return well;
}

gboolean
so_mime_walk_write (SoMimeWalk *walk, const char *bytes, gsize length, GError **error)
{
  const char *stop = bytes + length;
  while (bytes < stop)
    {
      gsize room = MIN ((gsize)(stop - bytes), LINE_KEPT - walk->line->len);
      const char *end = memchr (bytes, '\n', room);
      gsize piece = end != NULL ? (gsize)(end - bytes) + 1 : room;
      g_string_append_len (walk->line, bytes, (gssize)piece);
      bytes += piece;
      /* A CR at the end of what is kept may belong to a line end that is still to come. */
      gboolean full = walk->line->len == LINE_KEPT && walk->line->str[LINE_KEPT - 1] != '\r';
      if (walk->line->len == LINE_KEPT && !full && end == NULL)
        {
          g_string_truncate (walk->line, LINE_KEPT - 1);
          if (!take_line (walk, FALSE, error))
            return FALSE;
          g_string_append_c (walk->line, '\r');
        }
      else if ((end != NULL || full) && !take_line (walk, end != NULL, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
so_mime_walk_finish (SoMimeWalk *walk, GError **error)
{
  if (walk->line->len > 0 && !take_line (walk, TRUE, error))
    return FALSE;
  if (!walk->in_head && !release_held (walk, error))
    return FALSE;
  while (walk->part != NULL)
    if (!end_part (walk, error))
      return FALSE;
  return TRUE;
}
