/*
 * entry-view.h - a waiting message as a person or a script is told of it.
 *
 * The state on disk and the account's hold make one answer: an entry whose account is on hold
 * is held, one whose account rests is due when that is over.
 */
#pragma once

#include "sendoff/account-state.h"
#include "sendoff/entry.h"

typedef struct
{
  SoEntryName name;   /* on disk */
  SoEntryState state; /* as told */
  char *account;
  char *from;
  char **to;    /* all recipients, NULL-terminated */
  guint64 size; /* octets on the wire */
  guint attempts;
  gint64 created; /* s since 1970 UTC */
  gint64 due;     /* the same; 0: not by itself */
  char *reason;   /* why it waits, one line; "" before the first try */
  char *remedy;   /* what to do, "" for nothing */
} SoEntryView;

void so_entry_view_free (SoEntryView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoEntryView, so_entry_view_free)

/* hold: of its account, NULL for none; horizon: as in so_account_hold_stops(). */
SoEntryView *so_entry_view_new (const SoEntry *entry, const SoAccountHold *hold, gint64 now,
                                gint64 horizon);

/* A recipient who has not got the message, one who was refused before one who was put off, and in
 * *words (owned by the caller) why; "" for none.  Owned by the entry. */
const char *so_entry_failure (const SoEntry *entry, char **words);
