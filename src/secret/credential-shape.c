/*
 * credential-shape.c - does this look like the app-specific password the provider wants?
 *
 * A verdict, never a repair: a password with a blank too many is told, not trimmed, for
 * nobody but the server knows whether the blank belongs to it.
 */
#include "config.h"

#include <string.h>

#include "sendoff/credential.h"
#include "sendoff/i18n.h"

#define APP_LETTERS 16 /* iCloud and Gmail alike: four times four lower-case letters */

typedef enum { FORM_ANY, FORM_ICLOUD, FORM_GMAIL } Form;

/* A token has no shape that a person could get wrong. */
static Form
form_of (const SoAccount *account)
{
  if (account->auth == SO_AUTH_XOAUTH2 || account->auth == SO_AUTH_OAUTHBEARER)
    return FORM_ANY;
  if (strcmp (account->preset, "icloud") == 0)
    return FORM_ICLOUD;
  if (strcmp (account->preset, "gmail") == 0)
    return FORM_GMAIL;
  return FORM_ANY;
}

/* Four groups of four lower-case letters with separator between, '\0' for none. */
static gboolean
is_grouped (const char *text, gsize length, char separator)
{
  gsize step = separator != '\0' ? 5 : 4;
  if (length != 4 * step - (separator != '\0' ? 1 : 0))
    return FALSE;
  for (gsize i = 0; i < length; i++)
    {
      gboolean between = step == 5 && i % step == 4;
      if (between ? text[i] != separator : !g_ascii_islower (text[i]))
        return FALSE;
    }
  return TRUE;
}

/* Sixteen letters once blanks and every kind of dash are left out. */
static gboolean
is_altered (const SoSecret *secret)
{
  guint letters = 0;
  for (const char *p = so_secret_peek (secret); *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      if (c < 0x80 && g_ascii_isalpha ((char) c))
        letters++;
      else if (!g_unichar_isspace (c) && g_unichar_type (c) != G_UNICODE_DASH_PUNCTUATION)
        return FALSE;
    }
  return letters == APP_LETTERS;
}

static gboolean
is_odd (const SoSecret *secret)
{
  const char *text = so_secret_peek (secret);
  gsize length = so_secret_length (secret);
  if (g_ascii_isspace (text[0]) || g_ascii_isspace (text[length - 1]))
    return TRUE;
  for (gsize i = 0; i < length; i++)
    if (g_ascii_iscntrl (text[i]))
      return TRUE;
  return FALSE;
}

SoPasswordShape
so_credential_shape (const SoAccount *account, const SoSecret *secret)
{
  const char *text = so_secret_peek (secret);
  gsize length = so_secret_length (secret);
  Form form = form_of (account);
  if (length == 0)
    return SO_PASSWORD_EMPTY;
  if (form == FORM_ICLOUD && is_grouped (text, length, '-'))
    return SO_PASSWORD_PLAUSIBLE;
  if (form == FORM_GMAIL && (is_grouped (text, length, '\0') || is_grouped (text, length, ' ')))
    return SO_PASSWORD_PLAUSIBLE;
  if (form != FORM_ANY && is_altered (secret))
    return SO_PASSWORD_ALTERED;
  if (is_odd (secret))
    return SO_PASSWORD_ODD;
  return form == FORM_ANY ? SO_PASSWORD_PLAUSIBLE : SO_PASSWORD_LIKELY_ACCOUNT;
}

char *
so_credential_shape_warning (const SoAccount *account, SoPasswordShape shape)
{
  switch (shape)
    {
    case SO_PASSWORD_LIKELY_ACCOUNT:
      return g_strdup_printf (_("this does not look like an app-specific password; %s refuses the "
                                "password of the account itself (make one at %s)"),
                              so_account_title (account), account->password_page);
    case SO_PASSWORD_ALTERED:
      return g_strdup (form_of (account) == FORM_ICLOUD
                           ? _("an app-specific password reads xxxx-xxxx-xxxx-xxxx, in lower case "
                               "and with its dashes; this one differs")
                           : _("an app-specific password reads xxxx xxxx xxxx xxxx, in lower case; "
                               "this one differs"));
    case SO_PASSWORD_ODD:
      return g_strdup (_("the password begins or ends with a blank, or has a control character"));
    case SO_PASSWORD_EMPTY:
      return g_strdup (_("the password is empty"));
    default:
      return g_strdup ("");
    }
}
