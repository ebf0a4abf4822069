/*
 * report.c - the page, section after section: cause, timeline, checks, what was tried,
 * conversation, machine, whom to ask.
 */
#include "config.h"

#include <string.h>
#include <sys/utsname.h>

#include "sendoff/delivery-log.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/mask.h"
#include "sendoff/program.h"
#include "sendoff/report.h"

#include "report-style.h"

#define DELIVERIES_SHOWN 10

/* --- small parts --- */

/* text between tags, escaped; nothing for an empty text. */
static void
put (GString *page, const char *before, const char *text, const char *after)
{
  if (*text == '\0')
    return;
  g_autofree char *escaped = g_markup_escape_text (text, -1);
  g_string_append (page, before);
  g_string_append (page, escaped);
  g_string_append (page, after);
}

static void
put_heading (GString *page, const char *text)
{
  put (page, "<section><h2>", text, "</h2>\n");
}

static void
put_pair (GString *page, const char *name, const char *value)
{
  if (*value == '\0')
    return;
  put (page, "<dt>", name, "</dt>");
  put (page, "<dd>", value, "</dd>\n");
}

static void
put_list (GString *page, const GPtrArray *lines)
{
  if (lines->len == 0)
    return;
  g_string_append (page, "<ul>\n");
  for (guint i = 0; i < lines->len; i++)
    put (page, "<li>", g_ptr_array_index (lines, i), "</li>\n");
  g_string_append (page, "</ul>\n");
}

static char *
local_time (gint64 now_us, const char *format)
{
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_local (now_us / G_USEC_PER_SEC);
  return when != NULL ? g_date_time_format (when, format) : g_strdup ("");
}

/* --- the sections --- */

static const char *
introduction (const SoDiagnosis *diagnosis)
{
  static const char *const words[] = {
    [SO_CONFIDENCE_POSSIBLE] = N_ ("Possibly the cause"),
    [SO_CONFIDENCE_LIKELY] = N_ ("Probably the cause"),
    [SO_CONFIDENCE_CERTAIN] = N_ ("The cause"),
  };
  return *diagnosis->cause != '\0' ? _ (words[diagnosis->confidence]) : "";
}

static void
put_cause (GString *page, const SoDiagnosis *diagnosis)
{
  gboolean well = *diagnosis->cause == '\0';
  g_string_append (page, well ? "<div class=\"cause well\">" : "<div class=\"cause\">");
  put (page, "<p class=\"soft\">", introduction (diagnosis), "</p>\n");
  put (page, "<strong>", well ? _ ("All is well: mail can be sent.") : diagnosis->meaning,
       "</strong>\n");
  g_string_append (page, "<dl>\n");
  put_pair (page, _ ("First"), diagnosis->first);
  put_pair (page, _ ("Then"), diagnosis->second);
  g_string_append (page, "</dl>\n");
  put_list (page, well ? diagnosis->hints : diagnosis->others);
  if (diagnosis->also_meaning->len > 0)
    put (page, "<p>", _ ("Found as well:"), "</p>\n");
  put_list (page, diagnosis->also_meaning);
  g_string_append (page, "</div>\n");
}

#define LEFT 160 /* px of the titles */
#define WIDTH 640
#define ROW 22
#define TEXT_ROOM 90 /* behind the longest bar */

static gint64
last_end_us (const SoDiagnosis *diagnosis)
{
  gint64 end = 1000;
  for (guint i = 0; i < diagnosis->results->len; i++)
    {
      const SoCheckResult *result = g_ptr_array_index (diagnosis->results, i);
      end = MAX (end, result->began_us + result->elapsed_us);
    }
  return end;
}

/* A bar a check that took its time, from when it began to when it ended. */
static void
put_timeline (GString *page, const SoDiagnosis *diagnosis)
{
  gint64 end = last_end_us (diagnosis);
  guint row = 0;
  g_autoptr (GString) bars = g_string_new (NULL);
  for (guint i = 0; i < diagnosis->results->len; i++)
    {
      const SoCheckResult *result = g_ptr_array_index (diagnosis->results, i);
      if (result->elapsed_us == 0)
        continue;
      const int room = WIDTH - LEFT - TEXT_ROOM, y = (int)(row++ * ROW);
      int x = LEFT + (int)(result->began_us * room / end);
      int width = MAX (2, (int)(result->elapsed_us * room / end));
      g_autofree char *title = g_markup_escape_text (so_check_title (result->id), -1);
      g_string_append_printf (bars,
                              "<text x=\"0\" y=\"%d\">%s</text><rect class=\"%s\" x=\"%d\" y=\"%d\" "
                              "width=\"%d\" height=\"12\" rx=\"3\"/><text x=\"%d\" y=\"%d\">"
                              "%" G_GINT64_FORMAT " ms</text>\n",
                              y + 15, title, so_check_status_name (result->status), x, y + 5, width,
                              x + width + 6, y + 15, result->elapsed_us / 1000);
    }
  put_heading (page, _ ("Timeline"));
  g_string_append_printf (page,
                          "<svg viewBox=\"0 0 %d %u\" role=\"img\"><line x1=\"%d\" y1=\"0\" "
                          "x2=\"%d\" y2=\"%u\"/>\n%s</svg></section>\n",
                          WIDTH, row * ROW + 4, LEFT, LEFT, row * ROW + 4, bars->str);
}

static void
put_check (GString *page, const SoCheckResult *result)
{
  const char *status = so_check_status_name (result->status);
  g_autoptr (GString) facts = g_string_new (NULL);
  for (guint i = 0; i < result->facts->len; i++)
    {
      const SoCheckFact *fact = g_ptr_array_index (result->facts, i);
      g_string_append_printf (facts, "%s%s: %s", i > 0 ? " · " : "", fact->name, fact->value);
    }
  g_string_append_printf (page, "<div class=\"check\"><p class=\"word %s\">", status);
  put (page, "", so_check_status_title (result->status), "</p>");
  put (page, "<p>", so_check_title (result->id), "</p><div class=\"what\">");
  put (page, "<p>", result->meaning, "</p>");
  put (page, "<p>→ ", result->remedy, "</p>");
  put (page, "<p class=\"soft\">", facts->str, "</p>");
  g_string_append (page, "</div></div>\n");
}

static void
put_checks (GString *page, const SoDiagnosis *diagnosis)
{
  put_heading (page, _ ("Checks"));
  for (guint i = 0; i < diagnosis->results->len; i++)
    put_check (page, g_ptr_array_index (diagnosis->results, i));
  g_string_append (page, "</section>\n");
}

static void
put_delivery (GString *page, const SoDelivery *delivery)
{
  g_autofree char *to = g_strjoinv (", ", delivery->recipients);
  g_autofree char *line = g_strdup_printf ("%s  %s  %s  %s", delivery->time, delivery->outcome, to,
                                           delivery->message);
  g_autofree char *masked = so_mask_addresses (line);
  put (page, "", masked, "\n");
}

/* What was sent, or was to be, by this account; the latest last. */
static void
put_tried (GString *page, const SoAccount *account)
{
  g_autofree char *path = so_delivery_log_path ();
  g_autoptr (GPtrArray) all = so_delivery_log_read (path);
  g_autoptr (GPtrArray) own = g_ptr_array_new ();
  for (guint i = 0; i < all->len; i++)
    if (strcmp (((SoDelivery *)g_ptr_array_index (all, i))->account, account->name) == 0)
      g_ptr_array_add (own, g_ptr_array_index (all, i));
  if (own->len == 0)
    return;
  put_heading (page, _ ("What was tried"));
  g_string_append (page, "<pre>");
  for (guint i = own->len > DELIVERIES_SHOWN ? own->len - DELIVERIES_SHOWN : 0; i < own->len; i++)
    put_delivery (page, g_ptr_array_index (own, i));
  g_string_append (page, "</pre></section>\n");
}

static void
put_conversation (GString *page, const SoDiagnosis *diagnosis)
{
  if (diagnosis->conversation->len == 0)
    return;
  put_heading (page, _ ("Conversation with the server"));
  g_string_append (page, "<pre>");
  for (guint i = 0; i < diagnosis->conversation->len; i++)
    put (page, "", g_ptr_array_index (diagnosis->conversation, i), "\n");
  g_string_append (page, "</pre></section>\n");
}

static void
put_machine (GString *page, const SoReport *report)
{
  struct utsname names;
  g_autofree char *system = g_get_os_info (G_OS_INFO_KEY_PRETTY_NAME);
  g_autofree char *time = local_time (report->now_us, "%Y-%m-%d %H:%M:%S %z");
  g_autofree char *kernel = uname (&names) == 0
                                ? g_strdup_printf ("%s %s (%s)", names.sysname, names.release,
                                                   names.machine)
                                : g_strdup ("");
  put_heading (page, _ ("This machine"));
  g_string_append (page, "<dl>\n");
  put_pair (page, _ ("System"), system != NULL ? system : "");
  put_pair (page, _ ("Kernel"), kernel);
  put_pair (page, _ ("Program"), "sendoff " SO_PROGRAM_VERSION);
  put_pair (page, _ ("Time"), time);
  put_pair (page, _ ("Language"), g_get_language_names ()[0]);
  g_string_append (page, "</dl></section>\n");
}

static void
put_account (GString *page, const SoAccount *account)
{
  g_autofree char *address = so_mask_addresses (account->address);
  g_autofree char *server = g_strdup_printf ("%s:%u", account->smtp.host, account->smtp.port);
  put_heading (page, _ ("Account and support"));
  g_string_append (page, "<dl>\n");
  put_pair (page, _ ("Provider"), account->title);
  put_pair (page, _ ("Address"), address);
  put_pair (page, _ ("Server"), server);
  put_pair (page, _ ("Support"), account->support_page);
  put_pair (page, _ ("App-specific passwords"), account->password_page);
  put_pair (page, _ ("Storage"), account->storage_page);
  g_string_append (page, "</dl></section>\n");
}

/* "ja" of "ja_JP.UTF-8". */
static char *
language (void)
{
  const char *name = g_get_language_names ()[0];
  gsize length = strspn (name, "abcdefghijklmnopqrstuvwxyz");
  return length >= 2 ? g_strndup (name, length) : g_strdup ("en");
}

char *
so_report_format (const SoReport *report)
{
  const SoDiagnosis *diagnosis = report->diagnosis;
  g_autofree char *when = local_time (report->now_us, "%Y-%m-%d %H:%M");
  g_autofree char *tongue = language ();
  g_autofree char *title = g_strdup_printf (_ ("Why mail does not leave: %s"),
                                            report->account->title);
  GString *page = g_string_new ("<!doctype html>\n");
  put (page, "<html lang=\"", tongue, "\"><head><meta charset=\"utf-8\">\n");
  g_string_append (page, "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                         "<meta name=\"color-scheme\" content=\"light dark\">\n"
                         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                         "style-src 'unsafe-inline'\">\n");
  put (page, "<title>", title, "</title>\n<style>\n");
  g_string_append (page, report_style);
  put (page, "</style></head><body>\n<h1>", title, "</h1>\n");
  put (page, "<p class=\"soft\">", when, "</p>\n");
  put_cause (page, diagnosis);
  put_timeline (page, diagnosis);
  put_checks (page, diagnosis);
  put_tried (page, report->account);
  put_conversation (page, diagnosis);
  put_machine (page, report);
  put_account (page, report->account);
  put (page, "<p class=\"soft\">",
       _ ("Made by “sendoff doctor --report”. It holds no password; addresses are shortened."),
       "</p>\n</body></html>\n");
  return g_string_free (page, FALSE);
}

gboolean
so_report_write (const char *path, const SoReport *report, GError **error)
{
  g_autofree char *page = so_report_format (report);
  g_autoptr (GError) problem = NULL;
  if (g_file_set_contents_full (path, page, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &problem))
    return TRUE;
  so_error_set (error,
                g_error_matches (problem, G_FILE_ERROR, G_FILE_ERROR_NOSPC) ? SO_ERROR_IO
                                                                            : SO_ERROR_CANNOT_CREATE,
                _ ("name a file in a folder of yours"), _ ("the report cannot be written: %s"),
                problem->message);
  return FALSE;
}
