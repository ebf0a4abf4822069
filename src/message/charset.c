/*
 * charset.c - iconv by way of GLib, with the place of what does not fit.
 */
#include "config.h"

#include <string.h>

#include "sendoff/charset.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"

static char *
fail_at (gsize place, const char *charset, const char *what, GError **error)
{
  g_autofree char *shown = so_text_sanitise (charset, -1, 40);
  so_error_set (error, SO_ERROR_DATA, _("name its character set with --charset"),
                _("%s is not valid %s (octet %lu)"), what, shown, (gulong)place + 1);
  return NULL;
}

static char *
fail_nul (const char *what, GError **error)
{
  so_error_set (error, SO_ERROR_DATA, _("attach it as a file: -a FILE"),
                _("there is a NUL octet in %s"), what);
  return NULL;
}

/* Takes over utf8. */
static char *
without_mark (char *utf8)
{
  const char *text = utf8 + so_text_mark_length (utf8);
  return memmove (utf8, text, strlen (text) + 1);
}

gboolean
so_charset_check (const char *charset, GError **error)
{
  GIConv conversion = *charset != '\0' ? g_iconv_open ("UTF-8", charset) : NULL;
  if (conversion == (GIConv)-1)
    {
      g_autofree char *shown = so_text_sanitise (charset, -1, 40);
      so_error_set (error, SO_ERROR_DATA, _("“iconv -l” lists the names"),
                    _("there is no character set “%s”"), shown);
      return FALSE;
    }
  if (conversion != NULL)
    g_iconv_close (conversion);
  return TRUE;
}

char *
so_charset_to_utf8 (const char *bytes, gsize length, const char *charset, const char *what,
                    GError **error)
{
  if (*charset == '\0' && memchr (bytes, '\0', length) != NULL)
    return fail_nul (what, error);
  const char *bad;
  if (*charset == '\0' && g_utf8_validate (bytes, (gssize)length, &bad))
    return without_mark (g_strndup (bytes, length));
  const char *from = charset;
  if (*charset == '\0' && g_get_charset (&from))
    return fail_at ((gsize)(bad - bytes), "UTF-8", what, error);

  g_autoptr (GError) problem = NULL;
  gsize read = 0, written = 0;
  g_autofree char *utf8
      = g_convert (bytes, (gssize)length, "UTF-8", from, &read, &written, &problem);
  if (utf8 != NULL && memchr (utf8, '\0', written) != NULL)
    return fail_nul (what, error);
  if (utf8 != NULL && g_utf8_validate (utf8, -1, NULL))
    return without_mark (g_steal_pointer (&utf8));
  if (!g_error_matches (problem, G_CONVERT_ERROR, G_CONVERT_ERROR_NO_CONVERSION))
    return fail_at (read, from, what, error);
  so_charset_check (from, error);
  return NULL;
}

char *
so_charset_argument (const char *given, const char *charset, const char *what, GError **error)
{
  return so_charset_to_utf8 (given, strlen (given),
                             g_utf8_validate (given, -1, NULL) ? "" : charset, what, error);
}
