/*
 * link.c - puts a file where it can be fetched, by the command of the configuration.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sendoff/child.h"
#include "sendoff/config-key.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/link.h"
#include "sendoff/size-text.h"
#include "sendoff/text.h"

#define BASE_S 120          /* ours */
#define OCTETS_A_SECOND (100 * 1000)
#define URL_MAX 2000        /* octets: what browsers and mail programs take */
#define EXPIRES_MAX 60      /* octets of what the command says of the end */

void
so_link_clear (SoLink *link)
{
  g_clear_pointer (&link->name, g_free);
  g_clear_pointer (&link->url, g_free);
  g_clear_pointer (&link->expires, g_free);
}

/* The account's `timeout` is for a step of a session with its server, not for this. */
guint
so_link_timeout (guint64 size)
{
  return BASE_S + (guint)MIN (size / OCTETS_A_SECOND, G_MAXINT32);
}

/* Size and sum of the file; FALSE with errno. */
static gboolean
measure (const char *path, SoLink *link)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return FALSE;
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *block = g_malloc (256 * 1024);
  ssize_t n;
  while ((n = read (fd, block, 256 * 1024)) > 0 || (n < 0 && errno == EINTR))
    if (n > 0)
      {
        g_checksum_update (sum, (guchar *)block, n);
        link->size += (guint64)n;
      }
  int problem = errno;
  close (fd);
  errno = problem;
  if (n == 0)
    g_strlcpy (link->sha256, g_checksum_get_string (sum), sizeof link->sha256);
  return n == 0;
}

static gboolean
is_address (const char *url)
{
  return strlen (url) <= URL_MAX && so_config_is_url (url) && so_text_is_clean (url, -1)
         && strpbrk (url, " <>\"") == NULL;
}

gboolean
so_link_parse (const char *argument, char **file, char **url, GError **error)
{
  const char *mark = strstr (argument, "=http");
  if (mark != NULL && mark > argument && is_address (mark + 1))
    {
      *file = g_strndup (argument, (gsize)(mark - argument));
      *url = g_strdup (mark + 1);
      return TRUE;
    }
  g_autofree char *shown = so_text_sanitise (argument, -1, 100);
  so_error_set (error, SO_ERROR_USAGE, _("write it as --link FILE=https://…"),
                _("“%s” does not say which file has which link"), shown);
  return FALSE;
}

gboolean
so_link_given (const char *path, const char *name, const char *url, SoLink *link, GError **error)
{
  *link = (SoLink){ .name = g_strdup (name), .url = g_strdup (url), .expires = g_strdup ("") };
  if (path == NULL || measure (path, link))
    return TRUE;
  g_autofree char *shown = so_text_sanitise (path, -1, 200);
  so_error_set (error, SO_ERROR_NO_INPUT, _("check the name and the permissions"),
                _("%s cannot be read: %s"), shown, g_strerror (errno));
  so_link_clear (link);
  return FALSE;
}

static gboolean
take_answer (const char *out, SoLink *link)
{
  g_auto (GStrv) lines = g_strsplit (out, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      g_strstrip (*line);
      if (link->url == NULL && is_address (*line))
        link->url = g_strdup (*line);
      else if (g_str_has_prefix (*line, "expires "))
        {
          g_free (link->expires);
          link->expires = so_text_sanitise (*line + strlen ("expires "), -1, EXPIRES_MAX);
        }
    }
  return link->url != NULL;
}

static gboolean
run_command (const SoAccount *account, const char *path, SoLink *link, GError **error)
{
  const char *remedy = _("run the command by hand and see, or give the link: --link FILE=URL");
  g_auto (GStrv) words = NULL;
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  if (!g_shell_parse_argv (account->link_command, NULL, &words, NULL))
    {
      so_error_set (error, SO_ERROR_CONFIG, _("correct link-command in the configuration"),
                    _("link-command: its quotes do not match"));
      return FALSE;
    }
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  g_strv_builder_addv (argv, (const char **)words);
  g_strv_builder_add (argv, absolute);
  g_auto (GStrv) all = g_strv_builder_end (argv);
  g_auto (SoChildResult) result = { 0 };
  g_autoptr (GError) problem = NULL;
  if (!so_child_run ((const char *const *)all, NULL, so_link_timeout (link->size),
                     &result, &problem))
    so_error_set (error, SO_ERROR_TEMPORARY, remedy, _("link-command: %s"), problem->message);
  else if (result.status != 0)
    {
      g_autofree char *said = so_child_last_words (&result);
      so_error_set (error, SO_ERROR_TEMPORARY, remedy,
                    _("link-command failed with status %d%s%s"), result.status,
                    *said != '\0' ? ": " : "", said);
    }
  else if (!take_answer (result.out, link))
    so_error_set (error, SO_ERROR_TEMPORARY, _("it must print the address on a line of its own"),
                  _("link-command printed no address"));
  else
    return TRUE;
  return FALSE;
}

gboolean
so_link_make (const SoAccount *account, const char *path, const char *name, SoLink *link,
              GError **error)
{
  if (!so_link_given (path, name, "", link, error))
    return FALSE;
  g_clear_pointer (&link->url, g_free);
  if (run_command (account, path, link, error))
    return TRUE;
  so_link_clear (link);
  return FALSE;
}

/* --- what the message says --- */

static char *
title_of (const SoLink *link)
{
  if (link->size == 0)
    return g_strdup (link->name);
  g_autofree char *size = so_size_format (link->size);
  return g_strdup_printf ("%s (%s)", link->name, size);
}

char *
so_link_text (const SoLink *link)
{
  g_autofree char *title = title_of (link);
  g_autoptr (GString) text = g_string_new (NULL);
  g_string_append_printf (text, _("%s is too large to be attached; it can be fetched here:\n%s\n"),
                          title, link->url);
  if (*link->expires != '\0')
    g_string_append_printf (text, _("The link works until %s.\n"), link->expires);
  if (*link->sha256 != '\0')
    g_string_append_printf (text, "SHA-256: %s\n", link->sha256);
  return g_strdup (text->str);
}

char *
so_link_html (const SoLink *link)
{
  g_autofree char *name = g_markup_escape_text (link->name, -1);
  g_autofree char *url = g_markup_escape_text (link->url, -1);
  g_autofree char *expires = g_markup_escape_text (link->expires, -1);
  g_autofree char *size = link->size > 0 ? so_size_format (link->size) : g_strdup ("");
  g_autoptr (GString) html = g_string_new (NULL);
  g_string_append (html, "<div style=\"border:1px solid #999;border-radius:6px;padding:8px 12px;"
                         "margin:8px 0;font-family:sans-serif\">\n");
  g_string_append_printf (html, "<p style=\"margin:0\"><a href=\"%s\"><b>%s</b></a> %s</p>\n", url,
                          name, size);
  g_string_append_printf (html, "<p style=\"margin:4px 0 0\">%s</p>\n",
                          _("This file is too large to be attached; the link fetches it."));
  if (*link->expires != '\0')
    {
      g_string_append (html, "<p style=\"margin:4px 0 0\">");
      g_string_append_printf (html, _("The link works until %s.\n"), expires);
      g_string_append (html, "</p>\n");
    }
  if (*link->sha256 != '\0')
    g_string_append_printf (
        html, "<p style=\"margin:4px 0 0;font-size:smaller\">SHA-256: <code>%s</code></p>\n",
        link->sha256);
  g_string_append (html, "</div>\n");
  return g_strdup (html->str);
}
