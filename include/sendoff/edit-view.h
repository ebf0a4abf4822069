/*
 * edit-view.h - a message as a person reads and changes it: header fields decoded, one line
 * each, an empty line, and its text in UTF-8 with LF.
 *
 * The text is that of the message, or of the first text part that is no attachment.  How it is
 * encoded is not shown (MIME-Version, Content-*), nor are other parts.  A line that comes back as it
 * was shown stands for the octets it was made of, so only what was changed is written anew.
 */
#pragma once

#include <glib.h>

typedef struct SoEditView SoEditView;

typedef enum
{
  SO_EDIT_TEXT,
  SO_EDIT_NO_TEXT, /* there is none: the header alone */
  SO_EDIT_SEALED,  /* signed or encrypted: the header alone */
  SO_EDIT_RAW      /* header or text cannot be decoded: nothing to show */
} SoEditKind;

/* Reads fd from offset; its header block is the first head_length octets. */
SoEditView *so_edit_view_new (int fd, goffset offset, gsize head_length, GError **error);
void so_edit_view_free (SoEditView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoEditView, so_edit_view_free)

SoEditKind so_edit_view_kind (const SoEditView *view);
const char *so_edit_view_shown (const SoEditView *view);
guint so_edit_view_leaf (const SoEditView *view); /* of the text, as in mime-parts.h */

typedef struct
{
  GString *head;      /* the header block, encoded, with the empty line */
  char *text;         /* as it is now; NULL: not changed */
  char *from;         /* the address in From; NULL: not changed */
  GPtrArray *added;   /* of char *: addresses new in To and Cc, and in Bcc, which is not written */
  GPtrArray *removed; /* of char *: no longer in To and Cc */
} SoEdited;

/* What came back from the editor.  SO_ERROR_DATA: it is no message, a field cannot be written, or
 * there is text where none can be. */
gboolean so_edit_view_take (const SoEditView *view, const char *bytes, gsize length,
                            SoEdited *edited, GError **error);
void so_edited_clear (SoEdited *edited); /* also one that is all 0 */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SoEdited, so_edited_clear)
