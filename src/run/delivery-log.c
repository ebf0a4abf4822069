/*
 * delivery-log.c - lines appended, and read again.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sendoff/clock.h"
#include "sendoff/delivery-log.h"
#include "sendoff/durable.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"

#define MESSAGE_MAX 300 /* octets of a server's words */

char *
so_delivery_log_path (void)
{
  return g_build_filename (g_get_user_state_dir (), "sendoff", "log", NULL);
}

/* --- writing --- */

static void
add_field (GString *line, const char *name, const char *value)
{
  g_autofree char *clean = so_text_sanitise (value, -1, SO_TEXT_LINE_MAX);
  gboolean plain = strpbrk (clean, " '\"\\$`;&|<>()#*?") == NULL && *clean != '\0';
  g_autofree char *quoted = plain ? NULL : g_shell_quote (clean);
  g_string_append_printf (line, " %s=%s", name, plain ? clean : quoted);
}

static const char *
exit_name (SoOutcome outcome)
{
  return outcome == SO_OUTCOME_ACCEPTED   ? "EX_OK"
         : outcome == SO_OUTCOME_REJECTED ? "EX_UNAVAILABLE"
                                          : "EX_TEMPFAIL";
}

static gboolean
is_same_answer (const SoVerdict *a, const SoVerdict *b)
{
  int first = a->reply != NULL ? a->reply->code : 0;
  return a->outcome == b->outcome && first == (b->reply != NULL ? b->reply->code : 0);
}

/* Of those with the same answer as the i-th: the first of them writes the line. */
static char *
recipients_like (const SoSubmission *submission, guint i)
{
  const SoRecipient *one = g_ptr_array_index (submission->recipients, i);
  GString *list = g_string_new (NULL);
  for (guint k = 0; one->verdict != NULL && k < submission->recipients->len; k++)
    {
      const SoRecipient *other = g_ptr_array_index (submission->recipients, k);
      if (other->verdict == NULL || !is_same_answer (one->verdict, other->verdict))
        continue;
      if (k < i)
        {
          g_string_truncate (list, 0);
          break;
        }
      g_string_append_printf (list, "%s%s", list->len > 0 ? "," : "", other->address);
    }
  return g_string_free (list, FALSE);
}

static void
append_line (GString *lines, const SoAccount *account, const SoSubmission *submission,
             const SoVerdict *verdict, const char *recipients, gint64 now_us)
{
  g_autofree char *time = so_clock_rfc3339 (now_us);
  g_autofree char *words = so_verdict_words (verdict);
  g_autofree char *said = so_text_sanitise (words, -1, MESSAGE_MAX);
  gboolean replied = verdict->reply != NULL;
  g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT, submission->wire_size);
  g_autofree char *code = g_strdup_printf ("%d", replied ? verdict->reply->code : 0);
  g_string_append (lines, time);
  add_field (lines, "host", account->smtp.host);
  add_field (lines, "tls", account->smtp.security == SO_SECURITY_NONE ? "off" : "on");
  add_field (lines, "auth", account->auth == SO_AUTH_NONE ? "off" : "on");
  add_field (lines, "user", account->smtp.user);
  add_field (lines, "from", submission->sender);
  add_field (lines, "recipients", recipients);
  add_field (lines, "mailsize", size);
  add_field (lines, "smtpstatus", code);
  add_field (lines, "smtpmsg", replied ? said : "");
  add_field (lines, "errormsg", replied ? "" : said);
  add_field (lines, "exitcode", exit_name (verdict->outcome));
  add_field (lines, "account", account->name);
  add_field (lines, "outcome", so_outcome_name (verdict->outcome));
  add_field (lines, "messageid", submission->message_id);
  g_string_append_c (lines, '\n');
}

static int
open_log (const char *path)
{
  return open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static int
open_first_log (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  return so_durable_make_folder (folder) ? open_log (path) : -1;
}

/* Full: it becomes the older one, once, whoever else has found it full. */
static int
rotate (const char *path, int fd)
{
  struct stat full, now;
  g_autofree char *older = g_strconcat (path, ".1", NULL);
  if (flock (fd, LOCK_EX) == 0 && fstat (fd, &full) == 0 && stat (path, &now) == 0
      && full.st_dev == now.st_dev && full.st_ino == now.st_ino)
    rename (path, older);
  close (fd);
  return open_log (path);
}

static gboolean
write_lines (const char *path, const GString *lines)
{
  struct stat info;
  int fd = open_log (path);
  if (fd < 0 && errno == ENOENT)
    fd = open_first_log (path);
  if (fd >= 0 && fstat (fd, &info) == 0 && info.st_size > SO_DELIVERY_LOG_MAX)
    fd = rotate (path, fd);
  if (fd < 0)
    return FALSE;
  /* One write: lines of several processes stay whole. */
  ssize_t n = write (fd, lines->str, lines->len);
  int problem = n < 0 ? errno : ENOSPC;
  close (fd);
  errno = problem;
  return n == (ssize_t)lines->len;
}

gboolean
so_delivery_log_add (const char *path, const SoAccount *account, const SoSubmission *submission,
                     gint64 now_us, GError **error)
{
  g_autoptr (GString) lines = g_string_new (NULL);
  for (guint i = 0; i < submission->recipients->len; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (submission->recipients, i);
      g_autofree char *list = recipients_like (submission, i);
      if (*list != '\0')
        append_line (lines, account, submission, recipient->verdict, list, now_us);
    }
  if (lines->len == 0 || write_lines (path, lines))
    return TRUE;
  so_durable_error (error, errno, _("the delivery log %s cannot be written"), path);
  return FALSE;
}

/* --- reading --- */

void
so_delivery_free (gpointer data)
{
  SoDelivery *delivery = data;
  g_free (delivery->time);
  g_free (delivery->account);
  g_free (delivery->from);
  g_free (delivery->outcome);
  g_free (delivery->message);
  g_free (delivery->message_id);
  g_strfreev (delivery->recipients);
  g_free (delivery);
}

static const char *
field (char **words, const char *name)
{
  gsize length = strlen (name);
  for (char **word = words + 1; *word != NULL; word++)
    if (strncmp (*word, name, length) == 0 && (*word)[length] == '=')
      return *word + length + 1;
  return "";
}

static SoDelivery *
parse_line (const char *line)
{
  g_auto (GStrv) words = NULL;
  if (!g_shell_parse_argv (line, NULL, &words, NULL) || *field (words, "recipients") == '\0'
      || *field (words, "outcome") == '\0')
    return NULL;
  SoDelivery *delivery = g_new0 (SoDelivery, 1);
  const char *said = field (words, "smtpmsg");
  delivery->time = so_text_sanitise (words[0], -1, 40);
  delivery->account = so_text_sanitise (field (words, "account"), -1, 100);
  delivery->from = so_text_sanitise (field (words, "from"), -1, 300);
  delivery->outcome = so_text_sanitise (field (words, "outcome"), -1, 40);
  delivery->message_id = so_text_sanitise (field (words, "messageid"), -1, 300);
  delivery->message
      = so_text_sanitise (*said != '\0' ? said : field (words, "errormsg"), -1, MESSAGE_MAX);
  delivery->recipients = g_strsplit (field (words, "recipients"), ",", -1);
  delivery->code = (guint)strtoul (field (words, "smtpstatus"), NULL, 10);
  delivery->size = g_ascii_strtoull (field (words, "mailsize"), NULL, 10);
  return delivery;
}

static void
read_file (const char *path, GPtrArray *deliveries)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      SoDelivery *delivery = **line != '\0' ? parse_line (*line) : NULL;
      if (delivery != NULL)
        g_ptr_array_add (deliveries, delivery);
    }
}

GPtrArray *
so_delivery_log_read (const char *path)
{
  GPtrArray *deliveries = g_ptr_array_new_with_free_func (so_delivery_free);
  g_autofree char *older = g_strconcat (path, ".1", NULL);
  read_file (older, deliveries);
  read_file (path, deliveries);
  return deliveries;
}
