/*
 * imap.c - an IMAP session from DNS to LOGIN, and its end.
 *
 *   dial -> [TLS] -> greeting -> [STARTTLS -> TLS] -> LOGIN -> CAPABILITY
 *
 * LOGIN rather than AUTHENTICATE PLAIN: iCloud takes the one where it fails the other.
 * What is announced before login is not what holds after it, so CAPABILITY is asked then.
 */
#include "config.h"

#include <string.h>

#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"

#include "imap-private.h"

static void
set_trouble (SoImapTrouble *trouble, SoImapTrouble value)
{
  if (trouble != NULL)
    *trouble = value;
}

static gboolean
set_dial_error (const SoImap *imap, const SoDial *dial, GError **error)
{
  const char *host = imap->account->imap.host;
  guint16 port = imap->account->imap.port;
  const char *connected = _("check that this machine is connected to the internet");
  switch (dial->result)
    {
    case SO_DIAL_NO_SUCH_HOST:
      so_error_set (error, SO_ERROR_NO_HOST, _("check imap-host in the configuration"), _("there is no host named %s"),
                    host);
      break;
    case SO_DIAL_NO_RESOLVER:
      so_error_set (error, SO_ERROR_TEMPORARY, connected, _("the name %s could not be looked up"), host);
      break;
    case SO_DIAL_REFUSED:
      so_error_set (error, SO_ERROR_TEMPORARY, _("check imap-port in the configuration; the server may also be down"),
                    _("%s refused the connection to port %u"), host, port);
      break;
    case SO_DIAL_INTERRUPTED:
      so_error_set (error, SO_ERROR_INTERRUPTED, "", _("interrupted"));
      break;
    default:
      so_error_set (error, SO_ERROR_TEMPORARY, connected, _("no connection to %s port %u"), host, port);
    }
  return FALSE;
}

static gboolean
dial (SoImap *imap, GError **error)
{
  SoDial line;
  gboolean connected = so_dial (imap->account->imap.host, imap->account->imap.port, &imap->deadline, NULL, &line, NULL);
  if (connected)
    {
      imap->transport = so_transport_new (line.fd, &imap->deadline);
      line.fd = -1;
      imap->guard = so_imap_guard_new (imap->transport);
      so_observer_trace (imap->observer, '*', _("connected to %s port %u (%s)"), imap->account->imap.host,
                         imap->account->imap.port, line.address);
    }
  else
    set_dial_error (imap, &line, error);
  so_dial_clear (&line);
  return connected;
}

static gboolean
start_tls (SoImap *imap, GError **error)
{
  SoTlsInfo info = { 0 };
  so_deadline_phase (&imap->deadline);
  gboolean well = so_transport_start_tls (imap->transport, imap->account, imap->account->imap.host, &info, error);
  if (well)
    so_observer_trace (imap->observer, '*', "%s", info.version);
  so_tls_info_clear (&info);
  return well;
}

static gboolean
greet (SoImap *imap, GError **error)
{
  so_deadline_phase (&imap->deadline);
  so_imap_guard_allow (imap->guard, SO_IMAP_BUDGET);
  int result = mailimap_connect (imap->session, so_transport_stream (imap->transport));
  return so_imap_end (imap, result, error);
}

/* RFC 3501 6.2.1, with the check for octets that came in the clear behind the answer. */
static gboolean
upgrade (SoImap *imap, GError **error)
{
  so_imap_begin (imap, SO_IMAP_BUDGET, "STARTTLS");
  int result = mailimap_starttls (imap->session);
  if (!so_imap_end (imap, result, error))
    return FALSE;
  if (so_transport_stream (imap->transport)->read_buffer_len == 0 && !so_transport_has_input (imap->transport))
    return start_tls (imap, error);
  so_error_set (error, SO_ERROR_PROTOCOL, _("somebody may be tampering with this network: use another one"),
                _("%s sent more in clear text after agreeing to encrypt"), imap->account->imap.host);
  return FALSE;
}

static gboolean
negotiate (SoImap *imap, SoImapTrouble *trouble, GError **error)
{
  SoSecurity security = imap->account->imap.security;
  set_trouble (trouble, SO_IMAP_TLS);
  if (security == SO_SECURITY_TLS && !start_tls (imap, error))
    return FALSE;
  set_trouble (trouble, SO_IMAP_STRANGE);
  if (!greet (imap, error))
    return FALSE;
  set_trouble (trouble, SO_IMAP_TLS);
  if (security == SO_SECURITY_STARTTLS && !upgrade (imap, error))
    return FALSE;
  if (so_transport_is_tls (imap->transport) || so_account_is_loopback (imap->account->imap.host))
    return TRUE;
  so_error_set (error, SO_ERROR_CONFIG, _("set imap-security to tls or starttls"),
                _("a password does not go to %s in clear text"), imap->account->imap.host);
  return FALSE;
}

static const char *const temporary_codes[] = { "UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "CONTACTADMIN", NULL };
static const char *const disabled_codes[] = { "AUTHORIZATIONFAILED", "PRIVACYREQUIRED", "NOPERM", NULL };

/* What a refused login means (RFC 5530). */
static gboolean
login_refused (SoImap *imap, SoImapTrouble *trouble, GError **error)
{
  const char *code = so_imap_code (imap);
  const char *host = imap->account->imap.host;
  g_autofree char *words = so_imap_words (imap);
  if (g_strv_contains (temporary_codes, code))
    {
      set_trouble (trouble, SO_IMAP_TEMPORARY);
      so_error_set (error, SO_ERROR_TEMPORARY, _("try again later; the password need not be wrong"),
                    _("%s cannot log in %s now: %s"), host, imap->account->imap.user, words);
    }
  else if (g_strv_contains (disabled_codes, code))
    {
      set_trouble (trouble, SO_IMAP_DISABLED);
      so_error_set (error, SO_ERROR_CREDENTIALS, _("switch mail on for this account at the provider"),
                    _("%s does not let %s in: %s"), host, imap->account->imap.user, words);
    }
  else
    {
      set_trouble (trouble, SO_IMAP_REFUSED);
      so_error_set (error, SO_ERROR_CREDENTIALS, _("check the user name and the password, then “sendoff login”"),
                    _("%s refused the password of %s: %s"), host, imap->account->imap.user, words);
    }
  return FALSE;
}

static int
authenticate (SoImap *imap, const SoSecret *password)
{
  const char *user = imap->account->imap.user;
  SoAuth auth = imap->account->auth;
  if (auth != SO_AUTH_XOAUTH2 && auth != SO_AUTH_OAUTHBEARER)
    {
      so_imap_begin (imap, SO_IMAP_BUDGET, "LOGIN %s ****", user);
      return mailimap_login (imap->session, user, so_secret_peek (password));
    }
  so_imap_begin (imap, SO_IMAP_BUDGET, "AUTHENTICATE XOAUTH2 ****");
  return mailimap_oauth2_authenticate (imap->session, user, so_secret_peek (password));
}

static gboolean
try_password (SoImap *imap, const SoSecret *password, SoImapTrouble *trouble, GError **error)
{
  int result = authenticate (imap, password);
  mailstream *stream = so_transport_stream (imap->transport);
  explicit_bzero (stream->write_buffer, stream->buffer_max_size);
  g_autoptr (GError) problem = NULL;
  if (so_imap_end (imap, result, &problem))
    {
      set_trouble (trouble, SO_IMAP_WELL);
      return TRUE;
    }
  if (imap->usable)
    return login_refused (imap, trouble, error);
  set_trouble (trouble, SO_IMAP_TEMPORARY);
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

static gboolean
log_in (SoImap *imap, SoSecretFunc secret, gpointer secret_data, SoImapTrouble *trouble, GError **error)
{
  set_trouble (trouble, SO_IMAP_NO_SECRET);
  g_autoptr (SoSecret) password = secret (secret_data, error);
  if (password == NULL)
    return FALSE;
  imap->told = password;
  gboolean well = try_password (imap, password, trouble, error);
  imap->told = NULL;
  return well;
}

/* A server without an answer to CAPABILITY is one without extensions.  mailimap_capability() would
 * copy the answer, and reads a null pointer where an OK came without any. */
static void
learn_capabilities (SoImap *imap)
{
  so_imap_begin (imap, SO_IMAP_BUDGET, "CAPABILITY");
  so_imap_end (imap, mailimap_custom_command (imap->session, "CAPABILITY"), NULL);
}

gboolean
so_imap_has (const SoImap *imap, const char *capability)
{
  return mailimap_has_extension (imap->session, capability) != 0;
}

gboolean
so_imap_is_usable (const SoImap *imap)
{
  return imap->usable;
}

SoImap *
so_imap_open (const SoAccount *account, SoSecretFunc secret, gpointer secret_data, const SoImapOptions *options,
              SoImapTrouble *trouble, GError **error)
{
  g_autoptr (SoImap) imap = g_new0 (SoImap, 1);
  imap->account = so_account_copy (account);
  imap->observer = options->observer;
  imap->session = mailimap_new (0, NULL);
  if (imap->session == NULL)
    g_error ("out of memory");
  guint timeout = options->timeout > 0 ? options->timeout : account->timeout;
  so_deadline_init (&imap->deadline, timeout > 0 ? timeout : SO_TIMEOUT_PERSON, options->interrupt_fd);
  set_trouble (trouble, SO_IMAP_UNREACHABLE);
  if (!dial (imap, error))
    return NULL;
  imap->usable = TRUE;
  if (!negotiate (imap, trouble, error) || !log_in (imap, secret, secret_data, trouble, error))
    return NULL;
  learn_capabilities (imap);
  return g_steal_pointer (&imap);
}

static void
say_goodbye (SoImap *imap)
{
  static const char logout[] = "Z LOGOUT\r\n";
  mailstream *stream = so_transport_stream (imap->transport);
  /* A peer that takes nothing any more must not hold us up for a farewell. */
  so_deadline_phase_within (&imap->deadline, 0);
  (void) (mailstream_write (stream, logout, strlen (logout)) > 0 && mailstream_flush (stream) == 0);
}

void
so_imap_close (SoImap *imap)
{
  if (imap == NULL)
    return;
  if (imap->usable && imap->session->imap_stream != NULL
      && so_transport_state (imap->transport) == SO_TRANSPORT_WELL)
    say_goodbye (imap);
  if (imap->session->imap_stream != NULL)
    mailstream_set_logger (imap->session->imap_stream, NULL, NULL);
  imap->session->imap_stream = NULL; /* it is the transport's: mailimap_free() would talk on it */
  mailimap_free (imap->session);
  so_imap_guard_free (imap->guard);
  so_transport_free (imap->transport);
  so_account_free (imap->account);
  g_free (imap->selected);
  g_free (imap);
}
