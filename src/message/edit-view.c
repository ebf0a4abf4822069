/*
 * edit-view.c - shows header and text, and finds out what was changed.
 *
 * Fields that are not shown keep their place before the shown field they stood before.
 */
#include "config.h"

#include <string.h>

#include "edit-view-private.h"
#include "mime-decode.h"
#include "sendoff/address.h"
#include "sendoff/charset.h"
#include "sendoff/durable.h"
#include "sendoff/edit-view.h"
#include "sendoff/error.h"
#include "sendoff/header-edit.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"

#define TEXT_MAX (16 * 1024 * 1024) /* octets held in memory */

typedef struct
{
  char *octets; /* as they came */
  char *shown;  /* NULL: not shown */
} Field;

struct SoEditView
{
  SoEditKind kind;
  GArray *fields; /* of Field */
  char *head;     /* as it came */
  char *empty_line;
  GString *text; /* as it is shown */
  char *shown;
  guint leaf;
  gboolean ends_open; /* the text has no last line end; shown it has */
};

/* --- the text --- */

typedef struct
{
  gboolean found, is_sealed, is_too_long;
  guint leaf;
  char *charset;
  SoMimeDecoder decoder;
  GByteArray *octets;
} Search;

static gboolean
is_text (const SoMimePart *part)
{
  if (!so_mime_part_is_leaf (part) || part->is_apart || part->encoding == SO_MIME_OTHER
      || *part->name != '\0' || !g_str_has_prefix (part->type, "text/"))
    return FALSE;
  for (const SoMimePart *outer = part->parent; outer != NULL; outer = outer->parent)
    if (outer->is_message)
      return FALSE;
  return TRUE;
}

static gboolean
search_head (gpointer data, SoMimePart *part, const char *block, gsize length, GError **error)
{
  Search *search = data;
  (void)block;
  (void)length;
  (void)error;
  search->is_sealed = search->is_sealed || part->is_sealed;
  if (search->found || part->is_sealed || !is_text (part))
    return TRUE;
  search->found = TRUE;
  search->leaf = part->leaf;
  search->charset = g_strdup (part->charset);
  so_mime_decoder_init (&search->decoder, part->encoding);
  return TRUE;
}

static gboolean
search_body (gpointer data, SoMimePart *part, const char *bytes, gsize length, GError **error)
{
  Search *search = data;
  (void)error;
  if (!search->found || part->leaf != search->leaf || search->is_too_long)
    return TRUE;
  so_mime_decode (&search->decoder, bytes, length, search->octets);
  search->is_too_long = search->octets->len > TEXT_MAX;
  return TRUE;
}

static gboolean
search_end (gpointer data, SoMimePart *part, GError **error)
{
  Search *search = data;
  (void)error;
  if (search->found && part->leaf == search->leaf)
    so_mime_decode_end (&search->decoder, search->octets);
  return TRUE;
}

/* Lines end with LF. */
static void
settle_line_ends (GString *text)
{
  g_string_replace (text, "\r\n", "\n", 0);
  g_string_replace (text, "\r", "\n", 0);
}

/* What says nothing of its character set, or ASCII, may be UTF-8 all the same. */
static char *
as_utf8 (const Search *search)
{
  const char *octets = search->octets->len > 0 ? (const char *)search->octets->data : "";
  gboolean unsaid = *search->charset == '\0' || g_ascii_strcasecmp (search->charset, "us-ascii") == 0;
  const char *charset = unsaid ? "UTF-8" : search->charset;
  return so_charset_to_utf8 (octets, search->octets->len, charset, "", NULL);
}

static void
take_text (SoEditView *view, const Search *search)
{
  if (!search->found)
    {
      view->kind = search->is_sealed ? SO_EDIT_SEALED : SO_EDIT_NO_TEXT;
      return;
    }
  g_autofree char *text = search->is_too_long ? NULL : as_utf8 (search);
  view->leaf = search->leaf;
  if (text == NULL)
    {
      view->kind = SO_EDIT_RAW;
      return;
    }
  g_string_assign (view->text, text);
  settle_line_ends (view->text);
  view->ends_open = view->text->len > 0 && view->text->str[view->text->len - 1] != '\n';
  if (view->ends_open)
    g_string_append_c (view->text, '\n');
}

static gboolean
find_text (SoEditView *view, int fd, goffset offset, GError **error)
{
  static const SoMimeFuncs funcs = { search_head, search_body, search_end, NULL };
  Search search = { .octets = g_byte_array_new () };
  g_autoptr (SoMimeWalk) walk = so_mime_walk_new (&funcs, &search);
  gboolean well = so_mime_walk_file (walk, fd, offset, error);
  if (well)
    take_text (view, &search);
  g_free (search.charset);
  g_byte_array_unref (search.octets);
  return well;
}

/* --- the header --- */

static gboolean
is_hidden (const char *shown)
{
  return g_ascii_strncasecmp (shown, "Content-", strlen ("Content-")) == 0
         || so_edit_line_is (shown, "MIME-Version");
}

static void
clear_field (gpointer data)
{
  Field *field = data;
  g_free (field->octets);
  g_free (field->shown);
}

static void
read_fields (SoEditView *view, gsize length)
{
  gsize used;
  g_autoptr (GArray) fields = so_scan_fields (view->head, length, &used);
  for (guint i = 0; i < fields->len; i++)
    {
      const SoScanField *from = &g_array_index (fields, SoScanField, i);
      Field field = { g_strndup (from->start, from->length), so_edit_field_show (from) };
      if (is_hidden (field.shown))
        g_clear_pointer (&field.shown, g_free);
      g_array_append_val (view->fields, field);
    }
  view->empty_line = g_strndup (view->head + used, length - used);
  if (view->empty_line[strspn (view->empty_line, "\r\n")] != '\0' || fields->len == 0
      || strlen (view->head) != length)
    view->kind = SO_EDIT_RAW;
}

SoEditView *
so_edit_view_new (int fd, goffset offset, gsize head_length, GError **error)
{
  g_autoptr (SoEditView) view = g_new0 (SoEditView, 1);
  view->fields = g_array_new (FALSE, FALSE, sizeof (Field));
  g_array_set_clear_func (view->fields, clear_field);
  view->text = g_string_new (NULL);
  view->head = g_malloc0 (head_length + 1);
  if (so_durable_read_at (fd, view->head, head_length, offset) != (gssize)head_length)
    {
      so_error_set (error, SO_ERROR_IO, "", _ ("cannot read the message"));
      return NULL;
    }
  if (!find_text (view, fd, offset, error))
    return NULL;
  read_fields (view, head_length);
  GString *shown = g_string_new (NULL);
  for (guint i = 0; i < view->fields->len; i++)
    {
      const Field *field = &g_array_index (view->fields, Field, i);
      if (field->shown != NULL)
        g_string_append_printf (shown, "%s\n", field->shown);
    }
  g_string_append_printf (shown, "\n%s", view->text->str);
  view->shown = g_string_free (shown, FALSE);
  return g_steal_pointer (&view);
}

void
so_edit_view_free (SoEditView *view)
{
  if (view == NULL)
    return;
  g_array_unref (view->fields);
  g_string_free (view->text, TRUE);
  g_free (view->head);
  g_free (view->empty_line);
  g_free (view->shown);
  g_free (view);
}

SoEditKind
so_edit_view_kind (const SoEditView *view)
{
  return view->kind;
}

const char *
so_edit_view_shown (const SoEditView *view)
{
  return view->shown;
}

guint
so_edit_view_leaf (const SoEditView *view)
{
  return view->leaf;
}

/* --- what came back --- */

void
so_edited_clear (SoEdited *edited)
{
  if (edited->head != NULL)
    g_string_free (edited->head, TRUE);
  g_free (edited->text);
  g_free (edited->from);
  g_clear_pointer (&edited->added, g_ptr_array_unref);
  g_clear_pointer (&edited->removed, g_ptr_array_unref);
  memset (edited, 0, sizeof *edited);
}

typedef struct
{
  const SoEditView *view;
  gboolean *used; /* of the view's fields */
  GString *head;
} Taking;

/* The field that was shown as this line; NULL: the line is new or changed. */
static const Field *
field_of (Taking *taking, const char *line, guint *index)
{
  const GArray *fields = taking->view->fields;
  for (guint i = 0; i < fields->len; i++)
    {
      const Field *field = &g_array_index (fields, Field, i);
      if (taking->used[i] || field->shown == NULL || !g_str_equal (field->shown, line))
        continue;
      *index = i;
      return field;
    }
  return NULL;
}

static void
write_hidden (Taking *taking, guint before)
{
  for (guint i = 0; i < before; i++)
    {
      const Field *field = &g_array_index (taking->view->fields, Field, i);
      if (field->shown != NULL || taking->used[i])
        continue;
      taking->used[i] = TRUE;
      g_string_append (taking->head, field->octets);
    }
}

static gboolean
take_changed (Taking *taking, const char *line, GError **error)
{
  if (is_hidden (line))
    {
      so_error_set (error, SO_ERROR_DATA, _ ("leave the line out"),
                    _ ("%.*s follows from the text and is not set by hand; nothing is changed"),
                    (int)strcspn (line, ":"), line);
      return FALSE;
    }
  /* Who is to get it is written in the envelope alone. */
  if (so_edit_line_is (line, "Bcc") || so_edit_line_is (line, "Resent-Bcc"))
    return TRUE;
  g_autoptr (GString) field = g_string_new (NULL);
  if (!so_edit_field_write (field, line, error))
    return FALSE;
  if (strchr (taking->view->head, '\r') == NULL)
    g_string_replace (field, "\r\n", "\n", 0);
  g_string_append (taking->head, field->str);
  return TRUE;
}

static gboolean
is_field_line (const char *line)
{
  gsize name = 0;
  while (line[name] > ' ' && line[name] < 127 && line[name] != ':')
    name++;
  return name > 0 && line[name] == ':';
}

static gboolean
fail_no_message (GError **error)
{
  so_error_set (error, SO_ERROR_DATA, _ ("leave the header lines at the top as they are"),
                _ ("what the editor left is no message; nothing is changed"));
  return FALSE;
}

/* Fields one a line; what was folded by hand is unfolded.  NULL with error. */
static GPtrArray *
lines_of (const char *head, GError **error)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) raw = g_strsplit (head, "\n", 0);
  for (char **line = raw; *line != NULL; line++)
    {
      g_strchomp (*line);
      if (**line == '\0')
        continue;
      if ((**line == ' ' || **line == '\t') && lines->len > 0)
        {
          char **last = (char **)&g_ptr_array_index (lines, lines->len - 1);
          char *whole = g_strconcat (*last, " ", *line + strspn (*line, " \t"), NULL);
          g_free (*last);
          *last = whole;
        }
      else if (is_field_line (*line))
        g_ptr_array_add (lines, g_strdup (*line));
      else
        {
          fail_no_message (error);
          return NULL;
        }
    }
  if (lines->len == 0)
    {
      fail_no_message (error);
      return NULL;
    }
  return g_steal_pointer (&lines);
}

static GString *
take_head (const SoEditView *view, const GPtrArray *lines, GError **error)
{
  g_autofree gboolean *used = g_new0 (gboolean, view->fields->len + 1);
  Taking taking = { view, used, g_string_new (NULL) };
  for (guint i = 0; i < lines->len; i++)
    {
      const char *line = g_ptr_array_index (lines, i);
      guint index;
      const Field *field = field_of (&taking, line, &index);
      if (field == NULL && !take_changed (&taking, line, error))
        {
          g_string_free (taking.head, TRUE);
          return NULL;
        }
      if (field == NULL)
        continue;
      write_hidden (&taking, index);
      used[index] = TRUE;
      g_string_append (taking.head, field->octets);
    }
  write_hidden (&taking, view->fields->len);
  const char *line_end = strchr (view->head, '\r') != NULL ? "\r\n" : "\n";
  g_string_append (taking.head, *view->empty_line != '\0' ? view->empty_line : line_end);
  return taking.head;
}

/* --- who it is from and goes to --- */

/* The addresses in the fields of these names, NULL-terminated. */
static GPtrArray *
addresses_in (const GPtrArray *lines, const char *const *names)
{
  GPtrArray *all = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < lines->len; i++)
    for (const char *const *name = names; *name != NULL; name++)
      {
        const char *line = g_ptr_array_index (lines, i);
        if (!so_edit_line_is (line, *name))
          continue;
        g_autoptr (GPtrArray) mailboxes = so_address_list_parse (so_edit_line_value (line), -1);
        for (guint k = 0; k < mailboxes->len; k++)
          {
            const SoMailbox *mailbox = g_ptr_array_index (mailboxes, k);
            if (!so_address_is_in (all, mailbox->address))
              g_ptr_array_add (all, g_strdup (mailbox->address));
          }
      }
  return all;
}

static GPtrArray *
without (const GPtrArray *some, const GPtrArray *others)
{
  GPtrArray *rest = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < some->len; i++)
    if (!so_address_is_in (others, g_ptr_array_index (some, i)))
      g_ptr_array_add (rest, g_strdup (g_ptr_array_index (some, i)));
  return rest;
}

static guint
count_of (const GPtrArray *lines, const char *name)
{
  guint n = 0;
  for (guint i = 0; i < lines->len; i++)
    n += so_edit_line_is (g_ptr_array_index (lines, i), name) ? 1 : 0;
  return n;
}

static gboolean
take_addresses (const SoEditView *view, const GPtrArray *lines, SoEdited *edited, GError **error)
{
  static const char *const receivers[] = { "To", "Cc", "Bcc", "Resent-Bcc", NULL };
  g_autoptr (GPtrArray) shown = g_ptr_array_new ();
  for (guint i = 0; i < view->fields->len; i++)
    if (g_array_index (view->fields, Field, i).shown != NULL)
      g_ptr_array_add (shown, g_array_index (view->fields, Field, i).shown);
  g_autoptr (GPtrArray) before = addresses_in (shown, receivers);
  g_autoptr (GPtrArray) now = addresses_in (lines, receivers);
  edited->added = without (now, before);
  edited->removed = without (before, now);
  for (guint i = 0; i < edited->added->len; i++)
    {
      const char *address = g_ptr_array_index (edited->added, i);
      SoAddressVerdict verdict = so_address_check (address, -1);
      if (so_address_is_usable (verdict))
        continue;
      g_autofree char *clean = so_text_sanitise (address, -1, 200);
      so_error_set (error, SO_ERROR_DATA, _ ("write it as name@domain"),
                    _ ("“%s” is not a mail address: %s"), clean, so_address_explain (verdict));
      return FALSE;
    }
  if (count_of (lines, "From") > 1 && count_of (shown, "From") <= 1)
    {
      so_error_set (error, SO_ERROR_DATA, _ ("leave one From in it"),
                    _ ("the message has more than one From"));
      return FALSE;
    }
  g_autofree char *from = so_header_from (edited->head->str, edited->head->len);
  g_autofree char *old = so_header_from (view->head, strlen (view->head));
  if (!g_str_equal (from, old))
    edited->from = g_steal_pointer (&from);
  return TRUE;
}

/* --- the whole --- */

static gboolean
take_text_back (const SoEditView *view, const char *text, SoEdited *edited, GError **error)
{
  if (g_str_equal (text, view->text->str))
    return TRUE;
  if (view->kind != SO_EDIT_TEXT)
    {
      if (text[strspn (text, " \t\n")] == '\0')
        return TRUE;
      so_error_set (error, SO_ERROR_DATA, _ ("change the lines of the header only"),
                    view->kind == SO_EDIT_SEALED
                        ? _ ("the message is signed or encrypted: nothing in it can be changed")
                        : _ ("the message has no text that could be changed"));
      return FALSE;
    }
  gsize length = strlen (text);
  if (view->ends_open && length > 0 && text[length - 1] == '\n')
    length--;
  edited->text = g_strndup (text, length);
  return TRUE;
}

gboolean
so_edit_view_take (const SoEditView *view, const char *bytes, gsize length, SoEdited *edited,
                   GError **error)
{
  g_autofree char *utf8 = so_charset_to_utf8 (bytes, length, "", _ ("the text"), error);
  if (utf8 == NULL)
    return FALSE;
  g_autoptr (GString) all = g_string_new (utf8);
  settle_line_ends (all);
  const char *gap = strstr (all->str, "\n\n");
  g_autofree char *head = g_strndup (all->str, gap != NULL ? (gsize)(gap - all->str) : all->len);
  g_autoptr (GPtrArray) lines = lines_of (head, error);
  if (lines == NULL)
    return FALSE;
  edited->head = take_head (view, lines, error);
  return edited->head != NULL && take_addresses (view, lines, edited, error)
         && take_text_back (view, gap != NULL ? gap + 2 : "", edited, error);
}
