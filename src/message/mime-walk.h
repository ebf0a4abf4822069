/*
 * mime-walk.h - a message as a tree of parts, read as a stream in constant memory.
 *
 * Every octet comes out once, in its order, as head, body or frame, so what is handed on as it
 * came is the message as it came.  The line end before a boundary belongs to the boundary
 * (RFC 2046 5.1.1).  A message/rfc822 that is not encoded has one part, the message in it.
 */
#pragma once

#include <glib.h>

typedef enum
{
  SO_MIME_7BIT,
  SO_MIME_8BIT,
  SO_MIME_BINARY,
  SO_MIME_QUOTED_PRINTABLE,
  SO_MIME_BASE64,
  SO_MIME_OTHER /* unknown: left alone */
} SoMimeEncoding;

typedef struct SoMimePart SoMimePart;
struct SoMimePart
{
  SoMimePart *parent; /* NULL: the message itself */
  char *type;         /* "text/plain": lower case */
  char *name;         /* of a file, UTF-8; "" */
  char *charset;      /* as it is named there; "" */
  char *boundary;     /* of a multipart; NULL */
  SoMimeEncoding encoding;
  gboolean is_sealed;  /* signed or encrypted, or within such a part */
  gboolean is_message; /* its body is a message */
  gboolean is_apart;   /* an attachment, by its Content-Disposition */
  gboolean is_closed;  /* the last boundary has come */
  guint leaf;          /* number among the parts with a body of their own, from 0 */
  gpointer data;       /* the caller's; starts as NULL */
};

static inline gboolean
so_mime_part_is_leaf (const SoMimePart *part)
{
  return part->boundary == NULL && !part->is_message;
}

typedef struct
{
  /* The header block, up to and with the empty line (which may be missing). */
  gboolean (*head) (gpointer data, SoMimePart *part, const char *block, gsize length,
                    GError **error);
  gboolean (*body) (gpointer data, SoMimePart *part, const char *bytes, gsize length,
                    GError **error);
  /* All of a leaf's body has come.  May be NULL. */
  gboolean (*end) (gpointer data, SoMimePart *part, GError **error);
  /* Boundaries, and what stands before the first and behind the last.  May be NULL. */
  gboolean (*frame) (gpointer data, const char *bytes, gsize length, GError **error);
} SoMimeFuncs;

typedef struct SoMimeWalk SoMimeWalk;
SoMimeWalk *so_mime_walk_new (const SoMimeFuncs *funcs, gpointer data);
void so_mime_walk_free (SoMimeWalk *walk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoMimeWalk, so_mime_walk_free)

gboolean so_mime_walk_write (SoMimeWalk *walk, const char *bytes, gsize length, GError **error);
gboolean so_mime_walk_finish (SoMimeWalk *walk, GError **error);

/* mime-parts.c: a whole file, from offset to its end. */
gboolean so_mime_walk_file (SoMimeWalk *walk, int fd, goffset offset, GError **error);

/* mime-head.c: fills type, name, charset, boundary, encoding and what it is from a header block. */
void so_mime_part_read_head (SoMimePart *part, const char *block, gsize length);

/* The parameter of a field's value ("boundary"); NULL if there is none.  Owned by the caller. */
char *so_mime_parameter (const char *value, const char *name);
