/*
 * mail-source-queue.c - queues of programs that submit mail: msmtpq, nullmailer, dma.
 *
 * Their envelopes are the truth: Bcc may be gone from the headers, and the recipients be
 * others.  msmtpq keeps the arguments of its caller, which say the same in msmtp's options.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail-source-private.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"

#define ENVELOPE_MAX (1024 * 1024) /* octets of an envelope: some 20,000 recipients */

static void
set (char **field, const char *value)
{
  g_free (*field);
  *field = g_strdup (value);
}

static void
note (SoMailItem *item, const char *option)
{
  g_autofree char *text = g_strdup_printf (_ ("msmtp's option %s was not taken over"), option);
  g_ptr_array_add (item->notes, so_text_sanitise (text, -1, 200));
}

/* --- msmtp --- */

/* Long options of msmtp that have a value and play no part here. */
static const char msmtp_settings[]
    = " file host port timeout proxy-host proxy-port auth user passwordeval tls-trust-file"
      " tls-crl-file tls-fingerprint domain tls-cert-file tls-key-file logfile"
      " logfile-time-format dsn-notify dsn-return add-missing-from-header remove-bcc-headers"
      " source-ip socket set-from-header set-date-header set-msgid-header"
      " undisclosed-recipients allow-from-override aliases protocol auto-from maildomain"
      " from-full-name ";

static gboolean
has_value (const char *name)
{
  g_autofree char *word = g_strdup_printf (" %s ", name);
  return strstr (msmtp_settings, word) != NULL;
}

typedef struct
{
  SoMailItem *item;
  char **words;
  guint at;
} Arguments;

/* What stands behind the option, or the next word; "" at the end. */
static const char *
value_of (Arguments *arguments, const char *rest)
{
  if (*rest != '\0')
    return rest;
  const char *next = arguments->words[arguments->at];
  if (next == NULL)
    return "";
  arguments->at++;
  return next;
}

static void
take_long (Arguments *arguments, const char *option)
{
  SoMailItem *item = arguments->item;
  const char *equals = strchr (option, '=');
  g_autofree char *name
      = equals != NULL ? g_strndup (option, (gsize)(equals - option)) : g_strdup (option);
  const char *rest = equals != NULL ? equals + 1 : "";
  if (strcmp (name, "read-recipients") == 0)
    item->reads_headers = TRUE;
  else if (strcmp (name, "account") == 0)
    set (&item->account, value_of (arguments, rest));
  else if (strcmp (name, "from") == 0)
    set (&item->sender, value_of (arguments, rest));
  else if (strcmp (name, "read-envelope-from") != 0) /* which is what happens without --from */
    {
      g_autofree char *shown = g_strconcat ("--", name, NULL);
      if (has_value (name))
        value_of (arguments, rest);
      note (item, shown);
    }
}

/* Those of sendmail, as msmtp takes them. */
static void
take_short (Arguments *arguments, const char *word)
{
  SoMailItem *item = arguments->item;
  for (const char *option = word + 1; *option != '\0'; option++)
    switch (*option)
      {
      case 't':
        item->reads_headers = TRUE;
        break;
      case 'a':
        set (&item->account, value_of (arguments, option + 1));
        return;
      case 'f':
      case 'r':
        set (&item->sender, value_of (arguments, option + 1));
        return;
      case 'o':
      case 'B': /* about the caller's input, which is over */
        value_of (arguments, option + 1);
        return;
      case 'C':
      case 'F':
      case 'N':
      case 'R':
      case 'V':
      case 'X':
      case 'L':
        {
          const char shown[] = { '-', *option, '\0' };
          value_of (arguments, option + 1);
          note (item, shown);
          return;
        }
      default: /* -i, -m, -n, -q, -d … say nothing about the message */
        break;
      }
}

/* msmtp's runner splits them at blanks and nothing else. */
static void
take_arguments (SoMailItem *item, const char *text)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \t\r\n", 0);
  Arguments arguments = { .item = item, .words = words };
  gboolean only_recipients = FALSE;
  while (words[arguments.at] != NULL)
    {
      const char *word = words[arguments.at++];
      if (*word == '\0')
        continue;
      if (only_recipients || *word != '-' || word[1] == '\0')
        g_ptr_array_add (item->recipients, g_strdup (word));
      else if (strcmp (word, "--") == 0)
        only_recipients = TRUE;
      else if (word[1] == '-')
        take_long (&arguments, word + 2);
      else
        take_short (&arguments, word);
    }
}

static gboolean
tell_pair (const SoMailReader *reader, const char *base)
{
  g_autofree char *mail = g_strconcat (base, ".mail", NULL);
  g_autofree char *options = g_strconcat (base, ".msmtp", NULL);
  SoMailItem *item = so_mail_item_new (SO_FORMAT_MSMTPQ, mail);
  gsize length;
  g_autofree char *text = so_mail_peek (options, ENVELOPE_MAX, &length);
  so_mail_item_measure (item);
  if (text == NULL)
    so_mail_item_fail (item, _ ("its file .msmtp with the recipients is missing"));
  else if (length == ENVELOPE_MAX - 1)
    so_mail_item_fail (item, _ ("too many recipients"));
  else
    take_arguments (item, text);
  item->has_envelope = TRUE;
  g_ptr_array_add (item->files, g_strdup (options));
  g_ptr_array_add (item->files, g_strdup (mail));
  return reader->func (reader->data, item);
}

/* "NAME.mail" or "NAME.msmtp" without its ending. */
static char *
base_of (const char *path)
{
  const char *dot = strrchr (path, '.');
  return dot != NULL ? g_strndup (path, (gsize)(dot - path)) : g_strdup (path);
}

/* msmtpq's own lock is a folder; somebody who has it is sending what is here. */
static gboolean
read_pairs (const char *path, const SoMailReader *reader)
{
  g_autoptr (GPtrArray) found = so_mail_list (path, reader->error);
  for (guint i = 0; found != NULL && i < found->len; i++)
    {
      const char *name = g_ptr_array_index (found, i);
      g_autofree char *file = g_build_filename (path, name, NULL);
      g_autofree char *base = base_of (file);
      if (g_str_has_suffix (name, ".mail") && !tell_pair (reader, base))
        return FALSE;
    }
  return found != NULL;
}

gboolean
so_mail_read_msmtpq (const char *path, const SoMailReader *reader)
{
  gboolean is_folder = g_file_test (path, G_FILE_TEST_IS_DIR);
  g_autofree char *folder = is_folder ? g_strdup (path) : g_path_get_dirname (path);
  g_autofree char *lock = g_build_filename (folder, ".lock", NULL);
  /* A queue that is not ours to write to needs no lock from us either. */
  gboolean locked = mkdir (lock, 0700) == 0;
  if (!locked && errno == EEXIST)
    {
      so_error_set (reader->error, SO_ERROR_TEMPORARY,
                    _ ("wait for it; if none runs, remove that folder"),
                    _ ("msmtpq works on this queue: there is %s"), lock);
      return FALSE;
    }
  g_autofree char *base = base_of (path);
  gboolean done = is_folder ? read_pairs (path, reader) : tell_pair (reader, base);
  if (locked)
    rmdir (lock);
  return done;
}

/* --- nullmailer: sender, recipients, an empty line, the message --- */

static void
take_nullmailer_envelope (SoMailItem *item)
{
  gsize length;
  g_autofree char *text = so_mail_peek (item->path, ENVELOPE_MAX, &length);
  const char *end = text != NULL ? g_strstr_len (text, (gssize)length, "\n\n") : NULL;
  if (end == NULL || memchr (text, '\0', (gsize)(end - text)) != NULL)
    {
      so_mail_item_fail (item, text == NULL ? "%s" : _ ("its envelope cannot be read"),
                         g_strerror (errno));
      return;
    }
  g_autofree char *head = g_strndup (text, (gsize)(end - text));
  g_auto (GStrv) lines = g_strsplit (head, "\n", 0);
  set (&item->sender, lines[0] != NULL ? lines[0] : "");
  for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++)
    g_ptr_array_add (item->recipients, g_strdup (lines[i]));
  item->start = end + 2 - text;
}

static gboolean
tell_nullmailer (const SoMailReader *reader, const char *path)
{
  SoMailItem *item = so_mail_item_new (SO_FORMAT_NULLMAILER, path);
  item->has_envelope = TRUE;
  take_nullmailer_envelope (item);
  so_mail_item_measure (item);
  g_ptr_array_add (item->files, g_strdup (path));
  return reader->func (reader->data, item);
}

gboolean
so_mail_read_nullmailer (const char *path, const SoMailReader *reader)
{
  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    return tell_nullmailer (reader, path);
  g_autofree char *inner = g_build_filename (path, "queue", NULL);
  const char *folder = g_file_test (inner, G_FILE_TEST_IS_DIR) ? inner : path;
  g_autoptr (GPtrArray) found = so_mail_list (folder, reader->error);
  for (guint i = 0; found != NULL && i < found->len; i++)
    {
      g_autofree char *file = g_build_filename (folder, g_ptr_array_index (found, i), NULL);
      if (g_file_test (file, G_FILE_TEST_IS_REGULAR) && !tell_nullmailer (reader, file))
        return FALSE;
    }
  return found != NULL;
}

/* --- dma: Q… with the envelope, M… with the message, one pair a recipient --- */

static void
take_dma_envelope (SoMailItem *item, const char *text)
{
  static const char sender[] = "Sender: ", recipient[] = "Recipient: ";
  g_auto (GStrv) lines = g_strsplit (text, "\n", 0);
  for (char **line = lines; *line != NULL; line++)
    if (g_str_has_prefix (*line, sender))
      set (&item->sender, *line + strlen (sender));
    else if (g_str_has_prefix (*line, recipient))
      g_ptr_array_add (item->recipients, g_strdup (*line + strlen (recipient)));
}

/* dma locks the Q file of what it is sending. */
static void
lock_dma (SoMailItem *item, const char *envelope)
{
  item->lock_fd = open (envelope, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (item->lock_fd >= 0 && flock (item->lock_fd, LOCK_EX | LOCK_NB) != 0)
    so_mail_item_fail (item, _ ("dma is sending it right now"));
}

static gboolean
tell_dma (const SoMailReader *reader, const char *envelope)
{
  g_autofree char *folder = g_path_get_dirname (envelope);
  g_autofree char *name = g_path_get_basename (envelope);
  name[0] = 'M';
  g_autofree char *message = g_build_filename (folder, name, NULL);
  SoMailItem *item = so_mail_item_new (SO_FORMAT_DMA, message);
  gsize length;
  lock_dma (item, envelope);
  g_autofree char *text = so_mail_peek (envelope, ENVELOPE_MAX, &length);
  if (text == NULL)
    so_mail_item_fail (item, "%s", g_strerror (errno));
  else if (memchr (text, '\0', length) != NULL || !g_str_has_prefix (text, "ID: "))
    so_mail_item_fail (item, _ ("its envelope cannot be read"));
  else
    take_dma_envelope (item, text);
  so_mail_item_measure (item);
  item->has_envelope = TRUE;
  g_ptr_array_add (item->files, g_strdup (envelope));
  g_ptr_array_add (item->files, g_strdup (message));
  return reader->func (reader->data, item);
}

gboolean
so_mail_read_dma (const char *path, const SoMailReader *reader)
{
  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    return tell_dma (reader, path);
  g_autoptr (GPtrArray) found = so_mail_list (path, reader->error);
  for (guint i = 0; found != NULL && i < found->len; i++)
    {
      const char *name = g_ptr_array_index (found, i);
      g_autofree char *file = g_build_filename (path, name, NULL);
      if (*name == 'Q' && !tell_dma (reader, file))
        return FALSE;
    }
  return found != NULL;
}
