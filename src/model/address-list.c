/*
 * address-list.c - the addresses of a From, To, Cc or Bcc header (RFC 5322 3.4), each with
 * its verdict.
 *
 * One pass over the value: comments and folding are blanks, quoted strings are kept,
 * commas end a mailbox, "name:" and ";" hold a group.  Obsolete forms are read (empty
 * items, routes before a colon in brackets); an addr-spec is never put together from
 * pieces: what is not one is handed out with a verdict that says so.
 */
#include "config.h"

#include <string.h>

#include "sendoff/address.h"

typedef struct
{
  const char *p, *end;
  GPtrArray *list;
  GString *outside; /* what stood outside of <> in this item */
  GString *name;    /* the same without quotes */
  GString *inside;  /* what stood between < and > */
  gboolean has_angle;
  gboolean in_group;
  char *group; /* its name; NULL outside of one */
  gboolean broken; /* the item cannot be read */
} Reader;

void
so_mailbox_free (gpointer data)
{
  SoMailbox *mailbox = data;
  g_free (mailbox->address);
  g_free (mailbox->name);
  g_free (mailbox->group);
  g_free (mailbox);
}

static void
add_mailbox (Reader *reader, const char *address, gsize length, const char *name)
{
  SoMailbox *mailbox = g_new0 (SoMailbox, 1);
  mailbox->verdict
      = reader->broken ? SO_ADDRESS_BAD_SYNTAX : so_address_check (address, (gssize)length);
  mailbox->address = g_strndup (address, length);
  mailbox->name = g_strdup (name);
  mailbox->group = g_strdup (reader->group != NULL ? reader->group : "");
  g_ptr_array_add (reader->list, mailbox);
}

/* RFC 5322 4.4: "@host,@host:" before the address, which says nothing today. */
static const char *
skip_route (const char *inside)
{
  const char *colon = strchr (inside, ':');
  return inside[0] == '@' && colon != NULL ? colon + 1 : inside;
}

static void
strip (GString *text)
{
  gsize blanks = strspn (text->str, " ");
  g_string_erase (text, 0, (gssize)blanks);
  while (text->len > 0 && text->str[text->len - 1] == ' ')
    g_string_truncate (text, text->len - 1);
}

/* The item ends here: hand it out, unless there is nothing of it. */
static void
finish_item (Reader *reader)
{
  strip (reader->outside);
  strip (reader->name);
  strip (reader->inside);
  if (reader->has_angle)
    {
      const char *address = skip_route (reader->inside->str);
      gsize skipped = (gsize)(address - reader->inside->str);
      add_mailbox (reader, address, reader->inside->len - skipped, reader->name->str);
    }
  else if (reader->outside->len > 0 || reader->broken)
    add_mailbox (reader, reader->outside->str, reader->outside->len, "");
  g_string_truncate (reader->outside, 0);
  g_string_truncate (reader->name, 0);
  g_string_truncate (reader->inside, 0);
  reader->has_angle = reader->broken = FALSE;
}

/* At "(": skips the comment, which may hold others. */
static void
skip_comment (Reader *reader)
{
  guint depth = 0;
  for (; reader->p < reader->end; reader->p++)
    {
      if (*reader->p == '\\' && reader->end - reader->p > 1)
        reader->p++;
      else if (*reader->p == '(')
        depth++;
      else if (*reader->p == ')' && --depth == 0)
        {
          reader->p++;
          return;
        }
    }
  reader->broken = TRUE;
}

/* At a quote: copies the quoted string as it is to text, without quotes to name. */
static void
copy_quoted (Reader *reader, GString *text, GString *name)
{
  g_string_append_c (text, *reader->p++);
  for (; reader->p < reader->end; reader->p++)
    {
      g_string_append_c (text, *reader->p);
      if (*reader->p == '"')
        {
          reader->p++;
          return;
        }
      if (*reader->p == '\\' && reader->end - reader->p > 1)
        g_string_append_c (text, *++reader->p);
      if (name != NULL)
        g_string_append_c (name, *reader->p);
    }
  reader->broken = TRUE;
}

/* CR and LF only as folding: before a blank (RFC 5322 2.2.3). */
static gboolean
skip_blank (Reader *reader)
{
  const char *p = reader->p;
  if (p < reader->end && *p == '\r')
    p++;
  if (p < reader->end && *p == '\n')
    p++;
  if (p == reader->end || (*p != ' ' && *p != '\t'))
    return FALSE;
  while (p < reader->end && (*p == ' ' || *p == '\t'))
    p++;
  reader->p = p;
  return TRUE;
}

/* Blanks and comments become one blank; FALSE if there are none here. */
static gboolean
skip_space (Reader *reader, GString *text, GString *name)
{
  if (*reader->p == '(')
    skip_comment (reader);
  else if (!skip_blank (reader))
    return FALSE;
  if (text->len > 0 && text->str[text->len - 1] != ' ')
    g_string_append_c (text, ' ');
  if (name != NULL && name->len > 0 && name->str[name->len - 1] != ' ')
    g_string_append_c (name, ' ');
  return TRUE;
}

/* At "<": up to ">". */
static void
read_angle (Reader *reader)
{
  if (reader->has_angle)
    {
      reader->broken = TRUE;
      g_string_append_c (reader->inside, ' ');
    }
  reader->has_angle = TRUE;
  reader->p++;
  while (reader->p < reader->end && *reader->p != '>')
    {
      if (*reader->p == '"')
        copy_quoted (reader, reader->inside, NULL);
      else if (!skip_space (reader, reader->inside, NULL))
        g_string_append_c (reader->inside, *reader->p++);
    }
  if (reader->p == reader->end)
    reader->broken = TRUE;
  else
    reader->p++;
}

/* Behind "name" of "name: a, b;".  What stands before the colon is no address. */
static void
open_group (Reader *reader)
{
  gboolean no_name = reader->outside->len == 0 || reader->has_angle;
  if (no_name || reader->in_group || strchr (reader->outside->str, '@') != NULL)
    {
      reader->broken = TRUE;
      g_string_append_c (reader->outside, ':');
      return;
    }
  reader->in_group = TRUE;
  strip (reader->name);
  g_free (reader->group);
  reader->group = g_strdup (reader->name->str);
  g_string_truncate (reader->outside, 0);
  g_string_truncate (reader->name, 0);
}

static void
close_group (Reader *reader)
{
  reader->broken |= !reader->in_group;
  finish_item (reader);
  reader->in_group = FALSE;
  g_clear_pointer (&reader->group, g_free);
}

static void
read_octet (Reader *reader)
{
  /* Only blanks and comments may stand between ">" and the end of the item. */
  reader->broken |= reader->has_angle;
  g_string_append_c (reader->outside, *reader->p);
  g_string_append_c (reader->name, *reader->p);
  reader->p++;
}

static void
read_next (Reader *reader)
{
  switch (*reader->p)
    {
    case ',':
      finish_item (reader);
      reader->p++;
      break;
    case ':':
      open_group (reader);
      reader->p++;
      break;
    case ';':
      close_group (reader);
      reader->p++;
      break;
    case '<':
      read_angle (reader);
      break;
    case '"':
      reader->broken |= reader->has_angle;
      copy_quoted (reader, reader->outside, reader->name);
      break;
    default:
      if (!skip_space (reader, reader->outside, reader->name))
        read_octet (reader);
    }
}

GPtrArray *
so_address_list_parse (const char *value, gssize length)
{
  gsize n = length < 0 ? strlen (value) : (gsize)length;
  Reader reader = { .p = value, .end = value + n };
  reader.list = g_ptr_array_new_with_free_func (so_mailbox_free);
  reader.outside = g_string_new (NULL);
  reader.name = g_string_new (NULL);
  reader.inside = g_string_new (NULL);

  /* The line end that closes a header is no part of its value. */
  while (reader.end > reader.p && (reader.end[-1] == '\n' || reader.end[-1] == '\r'))
    reader.end--;
  while (reader.p < reader.end)
    read_next (&reader);
  reader.broken |= reader.in_group;
  finish_item (&reader);

  g_free (reader.group);
  g_string_free (reader.outside, TRUE);
  g_string_free (reader.name, TRUE);
  g_string_free (reader.inside, TRUE);
  return reader.list;
}

gboolean
so_address_is_in (const GPtrArray *list, const char *address)
{
  for (guint i = 0; i < list->len; i++)
    if (g_ascii_strcasecmp (g_ptr_array_index (list, i), address) == 0)
      return TRUE;
  return FALSE;
}
