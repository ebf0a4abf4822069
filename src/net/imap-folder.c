/*
 * imap-folder.c - folders: which there are, what each is for, what has come in.
 */
#include "config.h"

#include <poll.h>
#include <string.h>

#include "sendoff/clock.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"

#include "imap-private.h"

/* --- what a folder is for --- */

static const struct
{
  const char *flag; /* RFC 6154, as libetpan gives it: without the backslash */
  SoFolderUse use;
} special_uses[] = {
  { "Sent", SO_FOLDER_SENT },
  { "Junk", SO_FOLDER_JUNK },
  { "Spam", SO_FOLDER_JUNK }, /* Gmail's XLIST */
  { "Trash", SO_FOLDER_TRASH },
  { "All", SO_FOLDER_ALL },
  { "AllMail", SO_FOLDER_ALL }, /* XLIST */
};

/* Where a server has no SPECIAL-USE (iCloud): the names that providers and mail programs
 * give them.  By last part, so that "INBOX.Sent" is found. */
static const struct
{
  const char *name;
  SoFolderUse use;
} known_names[] = {
  { "Sent Messages", SO_FOLDER_SENT },    /* iCloud, Apple Mail */
  { "Sent", SO_FOLDER_SENT },             /* Fastmail, Thunderbird */
  { "Sent Items", SO_FOLDER_SENT },       /* Outlook */
  { "Sent Mail", SO_FOLDER_SENT },        /* Gmail */
  { "送信済みメッセージ", SO_FOLDER_SENT },
  { "送信済み", SO_FOLDER_SENT },
  { "送信済みメール", SO_FOLDER_SENT },
  { "送信済みアイテム", SO_FOLDER_SENT },
  { "Junk", SO_FOLDER_JUNK },
  { "Spam", SO_FOLDER_JUNK },
  { "Junk Email", SO_FOLDER_JUNK },
  { "Junk E-mail", SO_FOLDER_JUNK },
  { "Bulk Mail", SO_FOLDER_JUNK },
  { "迷惑メール", SO_FOLDER_JUNK },
  { "Trash", SO_FOLDER_TRASH },
  { "Deleted Messages", SO_FOLDER_TRASH },
  { "Deleted Items", SO_FOLDER_TRASH },
  { "ゴミ箱", SO_FOLDER_TRASH },
};

static SoFolderUse
use_by_name (const char *title, char delimiter)
{
  const char *last = delimiter != '\0' ? strrchr (title, delimiter) : NULL;
  last = last != NULL ? last + 1 : title;
  for (gsize i = 0; i < G_N_ELEMENTS (known_names); i++)
    if (g_ascii_strcasecmp (last, known_names[i].name) == 0)
      return known_names[i].use;
  return SO_FOLDER_OTHER;
}

static SoFolderUse
use_by_flag (const struct mailimap_mbx_list_flags *flags)
{
  if (flags == NULL || flags->mbf_oflags == NULL)
    return SO_FOLDER_OTHER;
  for (clistiter *at = clist_begin (flags->mbf_oflags); at != NULL; at = clist_next (at))
    {
      const struct mailimap_mbx_list_oflag *flag = clist_content (at);
      for (gsize i = 0; flag->of_flag_ext != NULL && i < G_N_ELEMENTS (special_uses); i++)
        if (g_ascii_strcasecmp (flag->of_flag_ext, special_uses[i].flag) == 0)
          return special_uses[i].use;
    }
  return SO_FOLDER_OTHER;
}

static gboolean
is_selectable (const struct mailimap_mbx_list_flags *flags)
{
  if (flags == NULL)
    return TRUE;
  if (flags->mbf_type == MAILIMAP_MBX_LIST_FLAGS_SFLAG && flags->mbf_sflag == MAILIMAP_MBX_LIST_SFLAG_NOSELECT)
    return FALSE;
  for (clistiter *at = flags->mbf_oflags != NULL ? clist_begin (flags->mbf_oflags) : NULL; at != NULL;
       at = clist_next (at))
    {
      const struct mailimap_mbx_list_oflag *flag = clist_content (at);
      if (flag->of_flag_ext != NULL && g_ascii_strcasecmp (flag->of_flag_ext, "NonExistent") == 0)
        return FALSE;
    }
  return TRUE;
}

/* Modified UTF-7 (RFC 3501 5.1.3); a name that is none is shown as it stands. */
static char *
title_of (const char *name)
{
  g_autofree char *utf8 = g_convert (name, -1, "UTF-8", "UTF-7-IMAP", NULL, NULL, NULL);
  return so_text_sanitise (utf8 != NULL ? utf8 : name, -1, 200);
}

static void
folder_free (gpointer data)
{
  SoImapFolder *folder = data;
  g_free (folder->name);
  g_free (folder->title);
  g_free (folder);
}

static void
add_folder (GPtrArray *folders, const struct mailimap_mailbox_list *item)
{
  if (!is_selectable (item->mb_flag) || item->mb_name == NULL || *item->mb_name == '\0')
    return;
  SoImapFolder *folder = g_new0 (SoImapFolder, 1);
  folder->name = g_strdup (item->mb_name);
  folder->title = title_of (item->mb_name);
  folder->use = use_by_flag (item->mb_flag);
  gboolean inbox = g_ascii_strcasecmp (item->mb_name, "INBOX") == 0;
  if (inbox)
    folder->use = SO_FOLDER_INBOX;
  g_ptr_array_insert (folders, inbox ? 0 : -1, folder);
}

/* Names count only for a use that no folder was marked with; the table's order decides
 * between several. */
static void
use_names (GPtrArray *folders, const char *delimiters, SoFolderUse use)
{
  if (so_imap_folder_of (folders, use) != NULL)
    return;
  for (guint i = 0; i < folders->len; i++)
    {
      SoImapFolder *folder = g_ptr_array_index (folders, i);
      if (folder->use == SO_FOLDER_OTHER && use_by_name (folder->title, delimiters[0]) == use)
        folder->use = use;
      if (folder->use == use && use == SO_FOLDER_SENT)
        return;
    }
}

GPtrArray *
so_imap_folders (SoImap *imap, GError **error)
{
  clist *list = NULL;
  so_imap_begin (imap, SO_IMAP_BUDGET_LIST, "LIST \"\" *");
  int result = mailimap_list (imap->session, "", "*", &list);
  if (!so_imap_end (imap, result, error))
    {
      g_clear_pointer (&list, mailimap_list_result_free);
      return NULL;
    }
  GPtrArray *folders = g_ptr_array_new_with_free_func (folder_free);
  char delimiters[2] = "/";
  for (clistiter *at = list != NULL ? clist_begin (list) : NULL; at != NULL; at = clist_next (at))
    {
      const struct mailimap_mailbox_list *item = clist_content (at);
      if (item->mb_delimiter != '\0')
        delimiters[0] = item->mb_delimiter;
      add_folder (folders, item);
    }
  g_clear_pointer (&list, mailimap_list_result_free);
  use_names (folders, delimiters, SO_FOLDER_SENT);
  use_names (folders, delimiters, SO_FOLDER_JUNK);
  use_names (folders, delimiters, SO_FOLDER_TRASH);
  return folders;
}

const SoImapFolder *
so_imap_folder_of (const GPtrArray *folders, SoFolderUse use)
{
  for (guint i = 0; i < folders->len; i++)
    {
      const SoImapFolder *folder = g_ptr_array_index (folders, i);
      if (folder->use == use)
        return folder;
    }
  return NULL;
}

/* --- what has come in --- */

/* libetpan hands data over whatever the verdict: with a NO there may be some, with an OK none. */

gboolean
so_imap_status (SoImap *imap, const char *folder, guint32 *uid_next, GError **error)
{
  struct mailimap_mailbox_data_status *status = NULL;
  struct mailimap_status_att_list *wanted = mailimap_status_att_list_new_empty ();
  if (wanted == NULL || mailimap_status_att_list_add (wanted, MAILIMAP_STATUS_ATT_UIDNEXT) != MAILIMAP_NO_ERROR)
    g_error ("out of memory");
  so_imap_begin (imap, SO_IMAP_BUDGET, "STATUS %s (UIDNEXT)", folder);
  int result = mailimap_status (imap->session, folder, wanted, &status);
  mailimap_status_att_list_free (wanted);
  *uid_next = 0;
  gboolean done = so_imap_end (imap, result, error);
  clist *items = status != NULL ? status->st_info_list : NULL;
  for (clistiter *at = done && items != NULL ? clist_begin (items) : NULL; at != NULL; at = clist_next (at))
    {
      const struct mailimap_status_info *info = clist_content (at);
      if (info->st_att == MAILIMAP_STATUS_ATT_UIDNEXT)
        *uid_next = info->st_value;
    }
  g_clear_pointer (&status, mailimap_mailbox_data_status_free);
  return done;
}

gboolean
so_imap_select (SoImap *imap, const char *folder, gboolean writable, GError **error)
{
  if (g_strcmp0 (imap->selected, folder) == 0 && imap->writable == writable)
    return TRUE;
  g_clear_pointer (&imap->selected, g_free);
  so_imap_begin (imap, SO_IMAP_BUDGET, "%s %s", writable ? "SELECT" : "EXAMINE", folder);
  int result = writable ? mailimap_select (imap->session, folder) : mailimap_examine (imap->session, folder);
  if (!so_imap_end (imap, result, error))
    return FALSE;
  imap->selected = g_strdup (folder);
  imap->writable = writable;
  return TRUE;
}

static void
add_key (struct mailimap_search_key *keys, struct mailimap_search_key *key)
{
  if (key == NULL || mailimap_search_key_multiple_add (keys, key) != MAILIMAP_NO_ERROR)
    g_error ("out of memory");
}

/* The date is of the server's zone, which nobody knows: a day early. */
static struct mailimap_search_key *
since_key (gint64 since)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (since - 24 * 3600);
  struct mailimap_date *date
      = time != NULL ? mailimap_date_new (g_date_time_get_day_of_month (time), g_date_time_get_month (time),
                                          g_date_time_get_year (time))
                     : NULL;
  return date != NULL ? mailimap_search_key_new_since (date) : NULL;
}

/* The bounds come first: a server may take keys in their order. */
static struct mailimap_search_key *
search_keys (const SoImapRange *range, const char *header, const char *value, GString *shown)
{
  struct mailimap_search_key *keys = mailimap_search_key_new_multiple_empty ();
  if (keys == NULL)
    g_error ("out of memory");
  if (range != NULL && range->first_uid > 0)
    {
      struct mailimap_set *set = mailimap_set_new_interval (range->first_uid, 0);
      add_key (keys, set != NULL ? mailimap_search_key_new_uid (set) : NULL);
      g_string_append_printf (shown, " UID %u:*", range->first_uid);
    }
  if (range != NULL && range->since > 0)
    {
      add_key (keys, since_key (range->since));
      g_string_append (shown, " SINCE …");
    }
  add_key (keys, mailimap_search_key_new_header (strdup (header), strdup (value)));
  g_string_append_printf (shown, " HEADER %s %s", header, value);
  return keys;
}

GArray *
so_imap_find (SoImap *imap, const SoImapRange *range, const char *header, const char *value, GError **error)
{
  clist *list = NULL;
  uint64_t modseq = 0; /* mailimap_uid_search() has no place for it and writes it all the same */
  g_autoptr (GString) shown = g_string_new ("UID SEARCH");
  struct mailimap_search_key *keys = search_keys (range, header, value, shown);
  so_imap_begin (imap, SO_IMAP_BUDGET_LIST, "%s", shown->str);
  int result = mailimap_uid_search_modseq (imap->session, NULL, keys, &list, &modseq);
  mailimap_search_key_free (keys);
  if (!so_imap_end (imap, result, error))
    {
      g_clear_pointer (&list, mailimap_search_result_free);
      return NULL;
    }
  GArray *uids = g_array_new (FALSE, FALSE, sizeof (guint32));
  for (clistiter *at = list != NULL ? clist_begin (list) : NULL; at != NULL; at = clist_next (at))
    {
      const guint32 uid = *(uint32_t *) clist_content (at);
      g_array_append_val (uids, uid);
    }
  g_clear_pointer (&list, mailimap_search_result_free);
  return uids;
}

gboolean
so_imap_ask_news (SoImap *imap, GError **error)
{
  so_imap_begin (imap, SO_IMAP_BUDGET, "NOOP");
  return so_imap_end (imap, mailimap_noop (imap->session), error);
}

/* Both ways end by asking for news: a server's buffered EXISTS comes with the answer. */
static gboolean
poll_for_news (SoImap *imap, gint64 limit_us, GError **error)
{
  short revents = 0;
  so_deadline_phase_within (&imap->deadline, limit_us);
  imap->deadline.total_end_us = G_MAXINT64;
  SoWait wait = so_deadline_wait (&imap->deadline, imap->deadline.interrupt_fd, 0, &revents);
  if (wait == SO_WAIT_INTERRUPTED || revents != 0)
    {
      so_error_set (error, SO_ERROR_INTERRUPTED, "", _("interrupted"));
      return FALSE;
    }
  return so_imap_ask_news (imap, error);
}

gboolean
so_imap_wait (SoImap *imap, gint64 limit_us, GError **error)
{
  if (!so_imap_has (imap, "IDLE") || imap->selected == NULL)
    return poll_for_news (imap, limit_us, error);
  so_imap_begin (imap, SO_IMAP_BUDGET, "IDLE");
  int result = mailimap_idle (imap->session);
  if (result == MAILIMAP_NO_ERROR)
    {
      mailstream *stream = so_transport_stream (imap->transport);
      imap->deadline.total_end_us = G_MAXINT64;
      so_deadline_phase_within (&imap->deadline, limit_us);
      SoWait wait = SO_WAIT_READY;
      if (stream->read_buffer_len == 0 && !so_transport_has_input (imap->transport))
        wait = so_deadline_wait (&imap->deadline, so_transport_fd (imap->transport), POLLIN, NULL);
      if (wait == SO_WAIT_INTERRUPTED)
        {
          so_error_set (error, SO_ERROR_INTERRUPTED, "", _("interrupted"));
          return FALSE;
        }
      so_deadline_renew (&imap->deadline);
      result = mailimap_idle_done (imap->session);
    }
  return so_imap_end (imap, result, error);
}
