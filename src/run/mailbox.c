/*
 * mailbox.c - credential, session, and a message by its Message-ID.
 *
 * IMAP's SEARCH takes a part of a header for a match, and some servers take more for one, so
 * what it gives is looked at before it counts.
 */
#include "config.h"

#include <string.h>

#include "sendoff/credential.h"
#include "sendoff/i18n.h"
#include "sendoff/mailbox.h"
#include "sendoff/message-head.h"

#define CANDIDATES_MAX 20 /* messages of one Message-ID that are looked at, newest first */

typedef struct
{
  const SoAccount *account;
  gboolean may_prompt;
} Purse;

static SoSecret *
fetch_secret (gpointer data, GError **error)
{
  const Purse *purse = data;
  return so_credential_get (purse->account, SO_SERVICE_IMAP, purse->may_prompt, error);
}

SoImap *
so_mailbox_open (const SoAccount *account, const SoMailboxOptions *options, SoImapTrouble *trouble,
                 GError **error)
{
  if (*account->imap.host == '\0')
    {
      so_error_set (error, SO_ERROR_CONFIG, _ ("set imap-host in the configuration"),
                    _ ("account %s names no IMAP server"), account->name);
      return NULL;
    }
  Purse purse = { account, options->may_prompt };
  const SoImapOptions imap_options = {
    .observer = options->observer,
    .timeout = options->timeout,
    .interrupt_fd = options->interrupt_fd,
  };
  return so_imap_open (account, fetch_secret, &purse, &imap_options, trouble, error);
}

/* Exactly this one: a header that only holds it is another's. */
static gboolean
is_wanted (const char *headers, const char *message_id, const char *field)
{
  g_auto (GStrv) lines = so_message_head_lines (headers);
  g_autofree char *value = so_message_head_field (lines, "Message-ID");
  gboolean is_that = strcmp (g_strstrip (value), message_id) == 0;
  if (!is_that || *field == '\0')
    return is_that;
  g_autofree char *wanted = so_message_head_field (lines, field);
  return *g_strstrip (wanted) != '\0';
}

gboolean
so_mailbox_find_in (SoImap *imap, const SoImapFolder *folder, const SoImapRange *range,
                    const char *message_id, const char *field, SoMailboxPlace *place,
                    GError **error)
{
  *place = (SoMailboxPlace){ 0 };
  if (!so_imap_select (imap, folder->name, FALSE, error))
    return FALSE;
  g_autoptr (GArray) uids = so_imap_find (imap, range, "Message-ID", message_id, error);
  if (uids == NULL)
    return FALSE;
  for (guint i = uids->len; i > 0 && uids->len - i < CANDIDATES_MAX; i--)
    {
      guint32 uid = g_array_index (uids, guint32, i - 1);
      g_autoptr (GError) problem = NULL;
      g_autofree char *headers = so_imap_headers (imap, uid, &problem);
      if (problem != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&problem));
          return FALSE;
        }
      if (headers == NULL || !is_wanted (headers, message_id, field))
        continue;
      *place = (SoMailboxPlace){ folder, uid };
      return TRUE;
    }
  return TRUE;
}

gboolean
so_mailbox_find (SoImap *imap, const GPtrArray *folders, const SoImapRange *range,
                 const char *message_id, const char *field, SoMailboxPlace *place, GError **error)
{
  *place = (SoMailboxPlace){ 0 };
  for (guint i = 0; i < folders->len && place->folder == NULL; i++)
    {
      g_autoptr (GError) problem = NULL;
      if (so_mailbox_find_in (imap, g_ptr_array_index (folders, i), range, message_id, field,
                              place, &problem))
        continue;
      if (!so_imap_is_usable (imap))
        {
          g_propagate_error (error, g_steal_pointer (&problem));
          return FALSE;
        }
    }
  return TRUE;
}
