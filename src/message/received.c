/*
 * received.c - Received and Authentication-Results fields, read with care: they are untrusted.
 *
 * Comments may stand anywhere and are taken out first; a date is behind the last semicolon.
 */
#include "config.h"

#include <string.h>
#include <time.h>

#include <libetpan/libetpan.h>

#include "sendoff/message-head.h"
#include "sendoff/received.h"
#include "sendoff/text.h"

#define NAME_MAX_SHOWN 255 /* octets of a host name (RFC 1035) */
#define WORD_MAX_SHOWN 20  /* octets of a finding */

/* The value of the field if line is one of that name, else NULL. */
static const char *
field_value (const char *line, const char *name)
{
  gsize n = strlen (name);
  return g_ascii_strncasecmp (line, name, n) == 0 && line[n] == ':' ? line + n + 1 : NULL;
}

/* Without comments (RFC 5322 3.2.2: they nest), which leave a blank; quoted strings stay. */
static char *
without_comments (const char *value)
{
  GString *out = g_string_new (NULL);
  guint depth = 0;
  gboolean quoted = FALSE;
  for (const char *p = value; *p != '\0'; p++)
    {
      gboolean pair = *p == '\\' && p[1] != '\0' && (quoted || depth > 0);
      if (!pair && *p == '"' && depth == 0)
        quoted = !quoted;
      if (!pair && !quoted && *p == '(' && depth++ == 0)
        g_string_append_c (out, ' ');
      if (depth == 0)
        g_string_append_len (out, p, pair ? 2 : 1);
      if (!pair && !quoted && *p == ')' && depth > 0)
        depth--;
      p += pair;
    }
  return g_string_free (out, FALSE);
}

/* --- Received --- */

/* The word behind a keyword of the field ("from", "by"); several blanks give empty words. */
static char *
word_after (char **words, const char *keyword)
{
  gboolean found = FALSE;
  for (char **word = words; *word != NULL; word++)
    if (found && **word != '\0')
      return so_text_sanitise (*word, -1, NAME_MAX_SHOWN);
    else if (g_ascii_strcasecmp (*word, keyword) == 0)
      found = TRUE;
  return g_strdup ("");
}

static gint64
read_date (const char *text)
{
  size_t at = 0;
  struct mailimf_date_time *date = NULL;
  if (mailimf_date_time_parse (text, strlen (text), &at, &date) != MAILIMF_NO_ERROR)
    return 0;
  struct tm tm = { .tm_year = date->dt_year - 1900,
                   .tm_mon = date->dt_month - 1,
                   .tm_mday = date->dt_day,
                   .tm_hour = date->dt_hour,
                   .tm_min = date->dt_min,
                   .tm_sec = date->dt_sec };
  /* "+0930" comes as 930. */
  int zone = date->dt_zone;
  gint64 when = (gint64)timegm (&tm) - (zone / 100 * 60 + zone % 100) * 60;
  mailimf_date_time_free (date);
  return MAX (when, 0);
}

static void
hop_free (gpointer data)
{
  SoHop *hop = data;
  g_free (hop->from);
  g_free (hop->by);
  g_free (hop);
}

static SoHop *
read_hop (const char *value)
{
  g_autofree char *text = without_comments (value);
  char *semicolon = strrchr (text, ';');
  SoHop *hop = g_new0 (SoHop, 1);
  if (semicolon != NULL)
    {
      *semicolon = '\0';
      hop->when = read_date (semicolon + 1);
    }
  g_auto (GStrv) words = g_strsplit_set (text, " \t", -1);
  hop->from = word_after (words, "from");
  hop->by = word_after (words, "by");
  return hop;
}

GPtrArray *
so_received_hops (const char *headers)
{
  GPtrArray *hops = g_ptr_array_new_with_free_func (hop_free);
  g_auto (GStrv) lines = so_message_head_lines (headers);
  for (char **line = lines; *line != NULL && **line != '\0' && hops->len < SO_HOPS_MAX; line++)
    {
      const char *value = field_value (*line, "Received");
      if (value != NULL)
        g_ptr_array_insert (hops, 0, read_hop (value));
    }
  return hops;
}

/* --- Authentication-Results --- */

char *
so_received_owner (const char *host)
{
  static const char *const second_level[] = { "ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org", NULL };
  g_autofree char *lower = g_ascii_strdown (host, -1);
  g_auto (GStrv) labels = g_strsplit (lower, ".", -1);
  guint n = g_strv_length (labels);
  if (n < 2)
    return g_steal_pointer (&lower);
  gboolean is_country = strlen (labels[n - 1]) == 2;
  guint keep = n > 2 && is_country && g_strv_contains (second_level, labels[n - 2]) ? 3 : 2;
  return g_strjoinv (".", labels + (n - keep));
}

static gboolean
is_below (const char *name, const char *const *domains)
{
  gsize n = strlen (name);
  for (; *domains != NULL; domains++)
    {
      gsize d = strlen (*domains);
      if (d > 0 && n >= d && g_ascii_strcasecmp (name + n - d, *domains) == 0
          && (n == d || name[n - d - 1] == '.'))
        return TRUE;
    }
  return FALSE;
}

/* "spf=pass smtp.mailfrom=…": the first finding of a method is the one that counts, but of
 * several signatures one that passes is enough. */
static void
take_finding (SoAuthFindings *findings, const char *text)
{
  struct
  {
    const char *method;
    char **place;
  } const methods[] = { { "spf", &findings->spf }, { "dkim", &findings->dkim }, { "dmarc", &findings->dmarc } };
  text += strspn (text, " \t");
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      gsize n = strlen (methods[i].method);
      if (g_ascii_strncasecmp (text, methods[i].method, n) != 0)
        continue;
      const char *equals = text + n + strspn (text + n, " \t");
      if (*equals != '=')
        continue;
      const char *word = equals + 1 + strspn (equals + 1, " \t");
      g_autofree char *result
          = so_text_sanitise (word, (gssize)strcspn (word, " \t;"), WORD_MAX_SHOWN);
      if (**methods[i].place != '\0' && g_ascii_strcasecmp (result, "pass") != 0)
        continue;
      g_free (*methods[i].place);
      *methods[i].place = g_ascii_strdown (result, -1);
    }
}

static void
add_server (SoAuthFindings *findings, const char *name)
{
  g_auto (GStrv) known = g_strsplit (findings->server, ", ", -1);
  if (g_strv_contains ((const char *const *)known, name))
    return;
  char *both = *findings->server != '\0' ? g_strconcat (findings->server, ", ", name, NULL) : g_strdup (name);
  g_free (findings->server);
  findings->server = both;
}

static void
take_field (SoAuthFindings *findings, const char *value, const char *const *domains)
{
  g_autofree char *text = without_comments (value);
  g_auto (GStrv) parts = g_strsplit (text, ";", -1);
  if (parts[0] == NULL)
    return;
  /* "mx.example.org 1": a version may follow the name. */
  const char *start = parts[0] + strspn (parts[0], " \t");
  g_autofree char *name = so_text_sanitise (start, (gssize)strcspn (start, " \t"), NAME_MAX_SHOWN);
  if (!is_below (name, domains))
    return;
  add_server (findings, name);
  for (char **part = parts + 1; *part != NULL; part++)
    take_finding (findings, *part);
}

SoAuthFindings
so_received_findings (const char *headers, const char *const *domains)
{
  SoAuthFindings findings = { g_strdup (""), g_strdup (""), g_strdup (""), g_strdup ("") };
  g_auto (GStrv) lines = so_message_head_lines (headers);
  for (char **line = lines; *line != NULL && **line != '\0'; line++)
    {
      const char *value = field_value (*line, "Authentication-Results");
      if (value != NULL)
        take_field (&findings, value, domains);
    }
  return findings;
}

void
so_auth_findings_clear (SoAuthFindings *findings)
{
  g_free (findings->server);
  g_free (findings->spf);
  g_free (findings->dkim);
  g_free (findings->dmarc);
  memset (findings, 0, sizeof *findings);
}
