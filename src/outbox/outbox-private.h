/*
 * outbox-private.h - what the files of the store share.
 *
 * Folders and files are reached from the outbox's own descriptor, so the path may be moved
 * while it is open.
 */
#pragma once

#include "sendoff/entry.h"
#include "sendoff/outbox.h"

#define SO_OUTBOX_HEAD "sendoff outbox "
#define SO_OUTBOX_FORMAT "1"

struct SoOutbox
{
  char *path;
  int root;
  int entries;
  gboolean is_system; /* root's, and open to a group */
  gboolean add_only;  /* such a one, for somebody else than root */
  gboolean unsynced;     /* entries were removed since the last fsync of their folder */
  int n_foreign;         /* in entries/ when it was last read through; -1: not yet */
  GPtrArray *spent_logs; /* ids whose log may go after that fsync */
  guint n_removed;       /* files closed after their removal */
  GThreadPool *closer;   /* of those, from the second on */
  SoOutboxWarnFunc warn;
  gpointer warn_data;
};

struct SoEntry
{
  SoOutbox *outbox;
  SoEntryName name;
  int fd;
  gboolean locked;
  gboolean removed;
  SoEnvelope *envelope;
  SoAttemptLog *log;
  int log_fd; /* -1: there is no log */
};

/* "tmp/NAME" and the like. */
typedef struct
{
  char text[SO_ENTRY_NAME_MAX + 16];
} SoOutboxFile;
SoOutboxFile so_outbox_file (const char *folder, const char *name);
SoOutboxFile so_outbox_entry_file (const SoEntryName *name);

void so_outbox_warning (SoOutbox *outbox, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* An id nobody has. */
gboolean so_outbox_new_id (char id[SO_ENTRY_ID_LENGTH + 1], GError **error);

/* Checks owner and mode of the folder; to_add: the system's will do. */
gboolean so_outbox_check_owner (SoOutbox *outbox, gboolean to_add, GError **error);
/* Takes over the descriptor of a file whose name is gone. */
void so_outbox_close_removed (SoOutbox *outbox, int fd);
/* Of the system's outbox; FALSE with errno. */
gboolean so_outbox_open_to_group (SoOutbox *outbox);
/* One of the outbox's own folders; FALSE with errno. */
gboolean so_outbox_make_folder (SoOutbox *outbox, const char *folder);

/* A new locked file in tmp/: its name there, and the descriptor; -1 with error. */
int so_outbox_new_file (SoOutbox *outbox, char name[SO_ENTRY_ID_LENGTH + 1], GError **error);

/* fsync of entries/, and what waited for it. */
gboolean so_outbox_sync_entries (SoOutbox *outbox);

/* Exclusive lock of an open file, not waited for.  0, EAGAIN if somebody has it, or an errno. */
int so_outbox_lock_fd (int fd);

/* The same, waiting for it: FALSE with errno. */
gboolean so_outbox_wait_for_lock (int fd);

/* Opens a file "FOLDER/NAME" to read and write, making it and its folder if need be; -1 with errno. */
int so_outbox_open_for_writing (SoOutbox *outbox, const char *file);

/* fsync of the folder a file "FOLDER/NAME" (or "NAME") stands in. */
gboolean so_outbox_sync_folder_of (SoOutbox *outbox, const char *file);

/* A small file as a whole, by way of tmp/; durable if asked for. */
gboolean so_outbox_replace_file (SoOutbox *outbox, const char *file, const char *text,
                                 gboolean durable, GError **error);

/* The name leads to the open file, by the server's word and not a cache's. */
gboolean so_outbox_still_named (SoOutbox *outbox, const char *file, int fd);

/* Leaves one file of each id; TRUE if there was one too many. */
gboolean so_outbox_part_twins (SoOutbox *outbox);

/* Moves a file of entries/ to aside/ under a name that is free there. */
gboolean so_outbox_set_aside (SoOutbox *outbox, const char *name, const char *why, GError **error);

/* Opens, locks (if the entry is) and reads the entry's log. */
gboolean so_entry_open_log (SoEntry *entry, GError **error);

/* Appends and fsyncs, making the log if there is none, and reads it again. */
gboolean so_entry_append (SoEntry *entry, const GString *records, GError **error);

/* Reads the envelope from fd.  NULL without error: *fault says why it is no entry. */
SoEnvelope *so_entry_read_envelope (int fd, const SoEntryName *name, const char **fault,
                                    GError **error);

/* One rename and one fsync of the folder. */
gboolean so_entry_rename (SoEntry *entry, const SoEntryName *to, GError **error);

/* What was rejected or uncertain is to be tried again. */
gboolean so_entry_reopen_recipients (SoEntry *entry, gint64 now, GError **error);

/* What to do with an entry whose runner died in `sending`. */
gboolean so_entry_recover (SoEntry *entry, gint64 now, GError **error);
