/*
 * keyring-words.c - the states of a keyring, each with its one line of remedy.
 *
 * GDBus, the bus daemon, libsecret and the service each have errors of their own for the
 * same few causes; the tables below fold them.
 */
#include "config.h"

#include <gio/gio.h>

#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/keyring-words.h"

/* SECRET_ERROR and SECRET_ERROR_IS_LOCKED of libsecret, which need not be loaded for this. */
#define SECRET_ERROR_DOMAIN "secret-error"
#define SECRET_ERROR_LOCKED 2

static SoKeyringState
state_of_dbus_error (int code)
{
  switch (code)
    {
    case G_DBUS_ERROR_SERVICE_UNKNOWN:
    case G_DBUS_ERROR_NAME_HAS_NO_OWNER:
    case G_DBUS_ERROR_SPAWN_EXEC_FAILED:
    case G_DBUS_ERROR_SPAWN_FORK_FAILED:
    case G_DBUS_ERROR_SPAWN_CHILD_EXITED:
    case G_DBUS_ERROR_SPAWN_CHILD_SIGNALED:
    case G_DBUS_ERROR_SPAWN_FAILED:
    case G_DBUS_ERROR_SPAWN_SETUP_FAILED:
    case G_DBUS_ERROR_SPAWN_CONFIG_INVALID:
    case G_DBUS_ERROR_SPAWN_SERVICE_INVALID:
    case G_DBUS_ERROR_SPAWN_SERVICE_NOT_FOUND:
    case G_DBUS_ERROR_SPAWN_PERMISSIONS_INVALID:
    case G_DBUS_ERROR_SPAWN_FILE_INVALID:
    case G_DBUS_ERROR_SPAWN_NO_MEMORY:
      return SO_KEYRING_NO_SERVICE;
    case G_DBUS_ERROR_ACCESS_DENIED:
    case G_DBUS_ERROR_AUTH_FAILED:
    case G_DBUS_ERROR_SELINUX_SECURITY_CONTEXT_UNKNOWN:
      return SO_KEYRING_DENIED;
    case G_DBUS_ERROR_NO_REPLY:
    case G_DBUS_ERROR_TIMEOUT:
    case G_DBUS_ERROR_TIMED_OUT:
      return SO_KEYRING_NO_ANSWER;
    case G_DBUS_ERROR_NO_SERVER:
    case G_DBUS_ERROR_NO_NETWORK:
    case G_DBUS_ERROR_DISCONNECTED:
      return SO_KEYRING_NO_BUS;
    default:
      return SO_KEYRING_FAILED;
    }
}

static SoKeyringState
state_of_io_error (int code)
{
  switch (code)
    {
    case G_IO_ERROR_CLOSED: /* the bus went away in the middle */
    case G_IO_ERROR_BROKEN_PIPE:
    case G_IO_ERROR_CONNECTION_REFUSED:
    case G_IO_ERROR_NOT_FOUND:
      return SO_KEYRING_NO_BUS;
    case G_IO_ERROR_PERMISSION_DENIED:
      return SO_KEYRING_DENIED;
    case G_IO_ERROR_TIMED_OUT:
      return SO_KEYRING_NO_ANSWER;
    default:
      return SO_KEYRING_FAILED;
    }
}

SoKeyringState
so_keyring_state_of_error (const GError *problem)
{
  if (problem->domain == G_DBUS_ERROR)
    return state_of_dbus_error (problem->code);
  if (problem->domain == G_IO_ERROR)
    return state_of_io_error (problem->code);
  if (problem->domain == g_quark_try_string (SECRET_ERROR_DOMAIN)
      && problem->code == SECRET_ERROR_LOCKED)
    return SO_KEYRING_LOCKED;
  return SO_KEYRING_FAILED;
}

const char *
so_keyring_state_name (SoKeyringState state)
{
  static const char *const names[] = {
    [SO_KEYRING_FOUND] = "found",
    [SO_KEYRING_NO_ENTRY] = "no-entry",
    [SO_KEYRING_LOCKED] = "locked",
    [SO_KEYRING_NO_COLLECTION] = "no-collection",
    [SO_KEYRING_NO_SERVICE] = "no-service",
    [SO_KEYRING_NO_BUS] = "no-bus",
    [SO_KEYRING_DENIED] = "denied",
    [SO_KEYRING_NO_ANSWER] = "no-answer",
    [SO_KEYRING_FAILED] = "failed",
    [SO_KEYRING_INTERRUPTED] = "interrupted",
  };
  return names[state];
}

static void
explain_no_entry (const SoKeyringQuery *query, GError **error)
{
  g_autofree char *remedy = g_strdup_printf (_("store it: sendoff --account %s login"),
                                             query->account);
  so_error_set (error, SO_ERROR_CREDENTIALS, remedy,
                _("the keyring has no password of %s for %s"), query->user, query->host);
}

static void
explain_locked (const SoKeyringQuery *query, GError **error)
{
  if (query->may_prompt)
    so_error_set (error, SO_ERROR_TEMPORARY,
                  _("answer the keyring's question in its window; without a desktop: "
                    "gnome-keyring-daemon --unlock, or a password-command"),
                  _("the keyring stays locked: nobody unlocked it"));
  else
    so_error_set (error, SO_ERROR_TEMPORARY,
                  _("log in to the desktop, or run “sendoff test” in a terminal: it asks"),
                  _("the keyring is locked"));
}

/* States whose words depend on nothing but the service's own, which are added. */
static const struct
{
  SoKeyringState state;
  SoError code;
  const char *what;
  const char *remedy;
} plain_words[] = {
  { SO_KEYRING_NO_COLLECTION, SO_ERROR_TEMPORARY,
    N_("the keyring is not set up yet: it has no default collection"),
    N_("log in to the desktop once, or make a keyring with Seahorse or KWallet; or set "
       "password-command") },
  { SO_KEYRING_NO_SERVICE, SO_ERROR_TEMPORARY,
    N_("no keyring runs in this session (org.freedesktop.secrets)"),
    N_("start gnome-keyring, KWallet or KeePassXC, or set password-command") },
  { SO_KEYRING_NO_BUS, SO_ERROR_TEMPORARY,
    N_("there is no session bus to be reached, and so no keyring"),
    N_("log in to the desktop, or set password-command") },
  { SO_KEYRING_DENIED, SO_ERROR_CREDENTIALS, N_("the keyring denies access"),
    N_("allow it in the keyring's settings, and run sendoff as the user whose keyring it is") },
  { SO_KEYRING_FAILED, SO_ERROR_TEMPORARY, N_("the keyring failed"),
    N_("log out and in again, which restarts the keyring; or set password-command") },
};

static void
explain_plainly (SoKeyringState state, const char *detail, GError **error)
{
  if (state == SO_KEYRING_NO_SERVICE)
    detail = ""; /* GDBus says no more than our own words, in English */
  for (gsize i = 0; i < G_N_ELEMENTS (plain_words); i++)
    if (plain_words[i].state == state)
      so_error_set (error, plain_words[i].code, _(plain_words[i].remedy), "%s%s%s",
                    _(plain_words[i].what), *detail != '\0' ? ": " : "", detail);
}

void
so_keyring_explain (SoKeyringState state, const SoKeyringQuery *query, guint timeout,
                    const char *detail, GError **error)
{
  switch (state)
    {
    case SO_KEYRING_NO_ENTRY:
      explain_no_entry (query, error);
      break;
    case SO_KEYRING_LOCKED:
      explain_locked (query, error);
      break;
    case SO_KEYRING_NO_ANSWER:
      so_error_set (error, SO_ERROR_TEMPORARY,
                    _("log out and in again, which restarts the keyring; or set password-command"),
                    P_("the keyring did not answer within %u second",
                       "the keyring did not answer within %u seconds", timeout),
                    timeout);
      break;
    case SO_KEYRING_INTERRUPTED:
      so_error_set (error, SO_ERROR_INTERRUPTED, NULL, _("interrupted"));
      break;
    default:
      explain_plainly (state, detail, error);
      break;
    }
}
