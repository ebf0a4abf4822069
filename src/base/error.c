/*
 * error.c - the error domain: a message, a remedy, an exit status.
 *
 * The remedy is kept as private data of an extended GError, so that g_error_copy() and
 * g_propagate_error() carry it along.
 */
#include "config.h"

#include "sendoff/error.h"

typedef struct
{
  char *remedy;
} SoErrorPrivate;

static void
so_error_private_init (SoErrorPrivate *priv)
{
  priv->remedy = NULL;
}

static void
so_error_private_copy (const SoErrorPrivate *from, SoErrorPrivate *to)
{
  to->remedy = g_strdup (from->remedy);
}

static void
so_error_private_clear (SoErrorPrivate *priv)
{
  g_free (priv->remedy);
}

G_DEFINE_EXTENDED_ERROR (SoError, so_error)

void
so_error_set (GError **error, SoError code, const char *remedy, const char *format, ...)
{
  if (error == NULL)
    return;

  va_list args;
  va_start (args, format);
  *error = g_error_new_valist (SO_ERROR_DOMAIN, (int) code, format, args);
  va_end (args);

  SoErrorPrivate *priv = so_error_get_private (*error);
  priv->remedy = g_strdup (remedy != NULL ? remedy : "");
}

const char *
so_error_remedy (const GError *error)
{
  if (error == NULL || error->domain != SO_ERROR_DOMAIN)
    return "";
  const SoErrorPrivate *priv = so_error_get_private (error);
  return priv->remedy != NULL ? priv->remedy : "";
}

int
so_error_exit_status (const GError *error)
{
  return error->domain == SO_ERROR_DOMAIN ? error->code : SO_ERROR_BUG;
}
