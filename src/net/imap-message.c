/*
 * imap-message.c - one message: its headers, its end, a new one; and the mailbox's quota.
 */
#include "config.h"

#include <string.h>

#include "sendoff/error.h"
#include "sendoff/i18n.h"

#include "imap-private.h"

/* The section's text out of FETCH answers; a server may send others unasked. */
static char *
take_section (clist *messages, guint32 uid)
{
  char *headers = NULL;
  for (clistiter *m = clist_begin (messages); m != NULL && headers == NULL; m = clist_next (m))
    {
      const struct mailimap_msg_att *message = clist_content (m);
      const struct mailimap_msg_att_body_section *section = NULL;
      guint32 its_uid = 0;
      for (clistiter *at = clist_begin (message->att_list); at != NULL; at = clist_next (at))
        {
          const struct mailimap_msg_att_item *item = clist_content (at);
          if (item->att_type != MAILIMAP_MSG_ATT_ITEM_STATIC)
            continue;
          const struct mailimap_msg_att_static *fixed = item->att_data.att_static;
          if (fixed->att_type == MAILIMAP_MSG_ATT_UID)
            its_uid = fixed->att_data.att_uid;
          else if (fixed->att_type == MAILIMAP_MSG_ATT_BODY_SECTION)
            section = fixed->att_data.att_body_section;
        }
      if (section != NULL && section->sec_body_part != NULL && its_uid == uid)
        headers = g_strndup (section->sec_body_part, section->sec_length);
    }
  return headers;
}

static struct mailimap_fetch_type *
header_section (void)
{
  struct mailimap_section *section = mailimap_section_new_header ();
  struct mailimap_fetch_att *body = section != NULL ? mailimap_fetch_att_new_body_peek_section (section) : NULL;
  struct mailimap_fetch_type *type = body != NULL ? mailimap_fetch_type_new_fetch_att (body) : NULL;
  if (type == NULL)
    g_error ("out of memory");
  return type;
}

static struct mailimap_set *
one (guint32 uid)
{
  struct mailimap_set *set = mailimap_set_new_single (uid);
  if (set == NULL)
    g_error ("out of memory");
  return set;
}

char *
so_imap_headers (SoImap *imap, guint32 uid, GError **error)
{
  clist *messages = NULL;
  struct mailimap_set *set = one (uid);
  struct mailimap_fetch_type *type = header_section ();
  so_imap_begin (imap, SO_IMAP_BUDGET_HEADERS, "UID FETCH %u (BODY.PEEK[HEADER])", uid);
  int result = mailimap_uid_fetch (imap->session, set, type, &messages);
  mailimap_fetch_type_free (type);
  mailimap_set_free (set);
  if (!so_imap_end (imap, result, error))
    return NULL;
  char *headers = take_section (messages, uid);
  mailimap_fetch_list_free (messages);
  return headers;
}

static struct mailimap_flag_list *
flag_list (struct mailimap_flag *flag)
{
  struct mailimap_flag_list *list = mailimap_flag_list_new_empty ();
  if (flag == NULL || list == NULL || mailimap_flag_list_add (list, flag) != MAILIMAP_NO_ERROR)
    g_error ("out of memory");
  return list;
}

static gboolean
mark_deleted (SoImap *imap, guint32 uid, GError **error)
{
  struct mailimap_set *set = one (uid);
  struct mailimap_store_att_flags *flags
      = mailimap_store_att_flags_new_add_flags_silent (flag_list (mailimap_flag_new_deleted ()));
  if (flags == NULL)
    g_error ("out of memory");
  so_imap_begin (imap, SO_IMAP_BUDGET, "UID STORE %u +FLAGS.SILENT (\\Deleted)", uid);
  int result = mailimap_uid_store (imap->session, set, flags);
  mailimap_store_att_flags_free (flags);
  mailimap_set_free (set);
  return so_imap_end (imap, result, error);
}

gboolean
so_imap_delete (SoImap *imap, guint32 uid, gboolean *gone, GError **error)
{
  *gone = FALSE;
  if (!mark_deleted (imap, uid, error))
    return FALSE;
  /* A plain EXPUNGE would take along whatever else is marked deleted. */
  if (!so_imap_has (imap, "UIDPLUS"))
    return TRUE;
  struct mailimap_set *set = one (uid);
  so_imap_begin (imap, SO_IMAP_BUDGET, "UID EXPUNGE %u", uid);
  int result = mailimap_uid_expunge (imap->session, set);
  mailimap_set_free (set);
  *gone = so_imap_end (imap, result, error);
  return *gone;
}

gboolean
so_imap_append (SoImap *imap, const char *folder, const char *octets, gsize length, GError **error)
{
  struct mailimap_flag_list *flags = flag_list (mailimap_flag_new_seen ());
  so_imap_begin (imap, SO_IMAP_BUDGET, "APPEND %s (\\Seen) {%" G_GSIZE_FORMAT "}", folder, length);
  so_transport_set_body (imap->transport, TRUE); /* progress earns time */
  int result = mailimap_append (imap->session, folder, flags, NULL, octets, length);
  so_transport_set_body (imap->transport, FALSE);
  mailimap_flag_list_free (flags);
  return so_imap_end (imap, result, error);
}

/* RFC 2087 counts STORAGE in units of 1024 octets. */
static gboolean
take_storage (const struct mailimap_quota_complete_data *data, guint64 *used, guint64 *limit)
{
  for (clistiter *q = clist_begin (data->quota_list); q != NULL; q = clist_next (q))
    {
      const struct mailimap_quota_quota_data *quota = clist_content (q);
      for (clistiter *r = clist_begin (quota->quota_list); r != NULL; r = clist_next (r))
        {
          const struct mailimap_quota_quota_resource *resource = clist_content (r);
          if (g_ascii_strcasecmp (resource->resource_name, "STORAGE") != 0 || resource->limit == 0)
            continue;
          *used = (guint64) resource->usage * 1024;
          *limit = (guint64) resource->limit * 1024;
          return TRUE;
        }
    }
  return FALSE;
}

gboolean
so_imap_quota (SoImap *imap, guint64 *used, guint64 *limit, GError **error)
{
  struct mailimap_quota_complete_data *data = NULL;
  if (!so_imap_has (imap, "QUOTA"))
    return FALSE;
  so_imap_begin (imap, SO_IMAP_BUDGET, "GETQUOTAROOT INBOX");
  int result = mailimap_quota_getquotaroot (imap->session, "INBOX", &data);
  gboolean known = so_imap_end (imap, result, error) && take_storage (data, used, limit);
  g_clear_pointer (&data, mailimap_quota_complete_data_free);
  return known;
}
