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

char *
so_charset_to_utf8 (const char *bytes, gsize length, const char *charset, const char *what,
                    GError **error)
{
  if (memchr (bytes, '\0', length) != NULL)
    {
      so_error_set (error, SO_ERROR_DATA, _("attach it as a file: -a FILE"),
                    _("there is a NUL octet in %s"), what);
      return NULL;
    }
  const char *bad;
  if (*charset == '\0' && g_utf8_validate (bytes, (gssize)length, &bad))
    return g_strndup (bytes, length);
  const char *from = charset;
  if (*charset == '\0' && g_get_charset (&from))
    return fail_at ((gsize)(bad - bytes), "UTF-8", what, error);

  g_autoptr (GError) problem = NULL;
  gsize read = 0;
  char *utf8 = g_convert (bytes, (gssize)length, "UTF-8", from, &read, NULL, &problem);
  if (utf8 != NULL && g_utf8_validate (utf8, -1, NULL))
    return utf8;
  g_free (utf8);
  if (!g_error_matches (problem, G_CONVERT_ERROR, G_CONVERT_ERROR_NO_CONVERSION))
    return fail_at (read, from, what, error);
  g_autofree char *shown = so_text_sanitise (from, -1, 40);
  so_error_set (error, SO_ERROR_DATA, _("“iconv -l” lists the names"),
                _("there is no character set “%s”"), shown);
  return NULL;
}
