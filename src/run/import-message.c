/*
 * import-message.c - one look at a message to know what it is, another to write it.
 *
 * Both go through scan.h, which completes the message and finds its recipients.  A queue's own
 * envelope comes before what the headers say.
 */
#include "config.h"

#include <string.h>

#include "import-private.h"
#include "sendoff/address.h"
#include "sendoff/clock.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/message-head.h"
#include "sendoff/text.h"
#include "sendoff/wire.h"

void
so_imported_message_free (SoImportedMessage *message)
{
  if (message == NULL)
    return;
  g_free (message->from);
  g_free (message->sender);
  g_free (message->subject);
  g_free (message->fault);
  g_ptr_array_unref (message->recipients);
  g_free (message);
}

static void
fail (SoImportedMessage *message, const char *words)
{
  if (*message->fault != '\0')
    return;
  g_free (message->fault);
  message->fault = g_strdup (words);
}

static gboolean
has_recipient (const SoImportedMessage *message, const char *address)
{
  for (guint i = 0; i < message->recipients->len; i++)
    if (strcmp (g_ptr_array_index (message->recipients, i), address) == 0)
      return TRUE;
  return FALSE;
}

static void
add_recipient (SoImportedMessage *message, const char *address)
{
  SoAddressVerdict verdict = so_address_check (address, -1);
  if (!so_address_is_usable (verdict))
    {
      g_autofree char *shown = so_text_sanitise (address, -1, 100);
      g_autofree char *text
          = g_strdup_printf (_ ("recipient “%s”: %s"), shown, so_address_explain (verdict));
      fail (message, text);
    }
  else if (!has_recipient (message, address))
    g_ptr_array_add (message->recipients, g_strdup (address));
}

/* --- to know it --- */

typedef struct
{
  SoImportedMessage *message;
  SoScan *scan;
  GChecksum *sum;
  SoWireMeter *meter;
  GString *head;         /* the first octets of what comes out */
  gboolean scan_refuses; /* the error is about the message, not about reading it */
} Look;

static gboolean
take_head (gpointer data, const SoScanHead *head, GError **error)
{
  SoImportedMessage *message = ((Look *)data)->message;
  (void)error;
  if (!head->has_fields)
    fail (message, _ ("it does not begin with header fields"));
  message->from = g_strdup (head->sender);
  message->is_sealed = head->is_sealed;
  message->has_froms = head->n_from > 1;
  for (guint i = 0; i < head->recipients->len; i++)
    add_recipient (message, g_ptr_array_index (head->recipients, i));
  return TRUE;
}

static gboolean
take_out (gpointer data, const char *bytes, gsize length, GError **error)
{
  Look *look = data;
  (void)error;
  so_wire_meter_feed (look->meter, bytes, length);
  if (look->head->len < SO_MESSAGE_HEAD_MAX)
    g_string_append_len (look->head, bytes, (gssize)length);
  return TRUE;
}

/* The same text with other line ends is the same message. */
static void
add_to_hash (GChecksum *sum, const char *bytes, gsize length)
{
  for (gsize at = 0; at < length;)
    {
      const char *cr = memchr (bytes + at, '\r', length - at);
      gsize piece = cr != NULL ? (gsize)(cr - bytes) - at : length - at;
      g_checksum_update (sum, (const guchar *)bytes + at, (gssize)piece);
      at += piece + (cr != NULL ? 1 : 0);
    }
}

static gboolean
take_in (gpointer data, const char *bytes, gsize length, GError **error)
{
  Look *look = data;
  add_to_hash (look->sum, bytes, length);
  look->scan_refuses = !so_scan_write (look->scan, bytes, length, error);
  return !look->scan_refuses;
}

static void
take_envelope (SoImportedMessage *message, const SoMailItem *item)
{
  for (guint i = 0; i < item->recipients->len; i++)
    add_recipient (message, g_ptr_array_index (item->recipients, i));
  /* msmtp without -f takes From. */
  gboolean has_sender
      = item->has_envelope && (*item->sender != '\0' || item->format != SO_FORMAT_MSMTPQ);
  const char *sender = has_sender ? item->sender : message->from;
  message->sender = g_strdup (strcmp (sender, "<>") == 0 ? "" : sender);
  if (*message->sender != '\0' && !so_address_is_usable (so_address_check (message->sender, -1)))
    {
      g_autofree char *shown = so_text_sanitise (message->sender, -1, 100);
      g_autofree char *text = g_strdup_printf (_ ("its sender “%s” is no mail address"), shown);
      fail (message, text);
    }
  if (message->recipients->len == 0)
    fail (message, _ ("it has no recipients"));
}

static gint
by_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* To others it is another message. */
static void
end_hash (SoImportedMessage *message, GChecksum *sum)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();
  for (guint i = 0; i < message->recipients->len; i++)
    g_ptr_array_add (sorted, g_ptr_array_index (message->recipients, i));
  g_ptr_array_sort (sorted, by_text);
  for (guint i = 0; i < sorted->len; i++)
    {
      const char *address = g_ptr_array_index (sorted, i);
      g_checksum_update (sum, (const guchar *)address, (gssize)strlen (address) + 1);
    }
  g_strlcpy (message->hash, g_checksum_get_string (sum), sizeof message->hash);
}

static SoScanSpec
new_spec (const SoMailItem *item, const char *address, gpointer data)
{
  return (SoScanSpec){ .address = address,
                       .name = "",
                       .rewrite = SO_REWRITE_NEVER,
                       .take_recipients = !item->has_envelope || item->reads_headers,
                       .now_us = so_clock_wall_us (),
                       .data = data };
}

static gboolean
look_through (Look *look, const SoMailItem *item, const char *address, GError **error)
{
  SoScanSpec spec = new_spec (item, address, look);
  spec.head = take_head;
  spec.sink = take_out;
  look->scan = so_scan_new (&spec);
  gboolean done = so_mail_item_write (item, take_in, look, error);
  if (done)
    {
      done = so_scan_finish (look->scan, error);
      look->scan_refuses = !done;
    }
  so_scan_free (look->scan);
  return done;
}

SoImportedMessage *
so_imported_message_read (const SoMailItem *item, const char *address, GError **error)
{
  g_autoptr (SoImportedMessage) message = g_new0 (SoImportedMessage, 1);
  g_autoptr (GError) problem = NULL;
  message->fault = g_strdup ("");
  message->recipients = g_ptr_array_new_with_free_func (g_free);
  Look look = { .message = message,
                .sum = g_checksum_new (G_CHECKSUM_SHA256),
                .meter = so_wire_meter_new (),
                .head = g_string_new ("") };
  gboolean done = look_through (&look, item, address, &problem);
  message->wire = so_wire_meter_end (look.meter).size;
  g_auto (GStrv) lines = so_message_head_lines (look.head->str);
  message->subject = so_message_head_field (lines, "Subject");
  if (message->from == NULL)
    message->from = g_strdup ("");
  if (done)
    take_envelope (message, item);
  else if (look.scan_refuses)
    fail (message, problem->message);
  if (message->sender == NULL)
    message->sender = g_strdup ("");
  end_hash (message, look.sum);
  g_string_free (look.head, TRUE);
  g_checksum_free (look.sum);
  if (done || look.scan_refuses)
    return g_steal_pointer (&message);
  g_propagate_error (error, g_steal_pointer (&problem));
  return NULL;
}

/* --- to write it --- */

static gboolean
write_on (gpointer data, const char *bytes, gsize length, GError **error)
{
  return so_scan_write (data, bytes, length, error);
}

gboolean
so_imported_message_write (const SoMailItem *item, const SoAccount *account, SoScanHeadFunc head,
                           SoByteSink sink, gpointer data, GError **error)
{
  SoScanSpec spec = new_spec (item, account->address, data);
  spec.name = account->from_name;
  spec.account = account;
  spec.rewrite = account->rewrite_from;
  spec.head = head;
  spec.sink = sink;
  g_autoptr (SoScan) scan = so_scan_new (&spec);
  return so_mail_item_write (item, write_on, scan, error) && so_scan_finish (scan, error);
}
