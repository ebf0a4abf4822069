/*
 * imap-folder.h - the folders of a mailbox: what there are and what each is for.
 *
 * Errors as in imap.h.
 */
#pragma once

#include "sendoff/imap.h"

typedef enum
{
  SO_FOLDER_OTHER,
  SO_FOLDER_INBOX,
  SO_FOLDER_SENT,
  SO_FOLDER_JUNK,
  SO_FOLDER_TRASH,
  SO_FOLDER_ALL /* shows every message there is (Gmail) */
} SoFolderUse;

typedef struct
{
  char *name;  /* as the server writes it */
  char *title; /* UTF-8, sanitised */
  SoFolderUse use;
} SoImapFolder;

/* Every folder that can be selected, INBOX first; of SoImapFolder.  The use comes from
 * SPECIAL-USE (RFC 6154), else from well-known names; at most one folder each has SENT. */
GPtrArray *so_imap_folders (SoImap *imap, GError **error);

/* The first folder of that use, NULL if there is none. */
const SoImapFolder *so_imap_folder_of (const GPtrArray *folders, SoFolderUse use);

/* *uid_next changes when a message comes in; 0 if the server does not tell. */
gboolean so_imap_status (SoImap *imap, const char *folder, guint32 *uid_next, GError **error);

/* writable FALSE: EXAMINE, which changes no flag. */
gboolean so_imap_select (SoImap *imap, const char *folder, gboolean writable, GError **error);
