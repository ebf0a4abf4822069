/*
 * reply-book.h - the replies that mean something else than their code says.
 *
 * Built by so_reply_book_parse() (verdict.h) from config/replies.conf, whose head
 * describes the format.  The first entry that matches counts.
 */
#pragma once

#include "sendoff/verdict.h"

typedef struct
{
  SoOutcome outcome; /* DEFERRED or REJECTED */
  SoScope scope;
  const char *cause; /* owned by the book */
} SoReplyMeaning;

/* FALSE if the book knows nothing about it.  book may be NULL.  preset "":
 * only the entries for any. */
gboolean so_reply_book_find (const SoReplyBook *book, const char *preset, SoStage stage,
                             const SoReply *reply, SoReplyMeaning *meaning);
