/*
 * message-text.h - the text of a waiting message on its way through a person's hands.
 */
#pragma once

#include "sendoff/edit-view.h"
#include "sendoff/entry.h"
#include "sendoff/refit.h"

typedef struct SoMessageText SoMessageText;

SoMessageText *so_message_text_open (SoEntry *entry, GError **error);
void so_message_text_free (SoMessageText *text);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoMessageText, so_message_text_free)

/* In $VISUAL or $EDITOR, in a private file that is gone afterwards.  What comes back must
 * still be a message.  To be called before any other change; folder: for files without a name;
 * edited: what it means for the envelope, all 0 before; changed: set where it is another message now. */
gboolean so_message_text_edit (SoMessageText *text, const char *folder, SoEdited *edited,
                               gboolean *changed, GError **error);

/* The first address of From, "" if there is none; owned by the caller. */
char *so_message_text_from (const SoMessageText *text);
/* That address in its place, under the same name. */
void so_message_text_set_from (SoMessageText *text, const char *address);

/* change: "OLD=NEW"; in the header fields To and Cc. */
void so_message_text_change_address (SoMessageText *text, const char *change);

/* Attachments replaced by links, left out or packed. */
gboolean so_message_text_refit (SoMessageText *text, const SoRefitSpec *spec, GError **error);

gboolean so_message_text_write (const SoMessageText *text, SoEnqueue *enqueue, GError **error);
