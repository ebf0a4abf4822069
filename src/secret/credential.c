/*
 * credential.c - the chain of sources, and what counts as a password at all.
 *
 * RFC 4616 wants UTF-8 without NUL; a line end inside would end an SMTP command.  Both are
 * found here, before a server could be told half a secret.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sendoff/credential.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/keyring.h"
#include "sendoff/password-command.h"
#include "sendoff/text.h"

SoSecret *
so_credential_first_line (const char *bytes, gsize length, const char *where, SoError code,
                          GError **error)
{
  const char *end = length > 0 ? memchr (bytes, '\n', length) : NULL;
  gsize n = end != NULL ? (gsize) (end - bytes) : length;
  if (n > 0 && bytes[n - 1] == '\r')
    n--;
  if (n == 0)
    {
      so_error_set (error, code, _("the password is to be its first line"),
                    _("%s: there is no password, the first line is empty"), where);
      return NULL;
    }
  if (!g_utf8_validate (bytes, (gssize) n, NULL)) /* refuses NUL too */
    {
      so_error_set (error, code, _("write it as UTF-8 text on one line"),
                    _("%s: the password is not UTF-8 text, or has a NUL in it"), where);
      return NULL;
    }
  return so_secret_new (bytes, (gssize) n);
}

SoSecret *
so_credential_read (int fd, const char *where, SoError code, GError **error)
{
  char *buffer = g_malloc (SO_CREDENTIAL_MAX);
  gsize length = 0;
  ssize_t n = 1;
  while (n > 0 && length < SO_CREDENTIAL_MAX
         && (length == 0 || memchr (buffer, '\n', length) == NULL))
    {
      do
        n = read (fd, buffer + length, SO_CREDENTIAL_MAX - length);
      while (n < 0 && errno == EINTR);
      length += n > 0 ? (gsize) n : 0;
    }
  SoSecret *secret = NULL;
  if (n < 0)
    so_error_set (error, SO_ERROR_IO, NULL, _("%s: cannot read the password: %s"), where,
                  g_strerror (errno));
  else if (n > 0 && memchr (buffer, '\n', length) == NULL)
    so_error_set (error, code, NULL, _("%s: the password is longer than %d KiB"), where,
                  SO_CREDENTIAL_MAX / 1024);
  else
    secret = so_credential_first_line (buffer, length, where, code, error);
  so_secret_wipe (buffer, length);
  g_free (buffer);
  return secret;
}

/* NULL where systemd handed none over for this account. */
static char *
systemd_path (const SoAccount *account)
{
  const char *folder = g_getenv ("CREDENTIALS_DIRECTORY");
  if (folder == NULL || !g_path_is_absolute (folder) || strchr (account->name, '/') != NULL)
    return NULL;
  g_autofree char *path = g_strdup_printf ("%s/sendoff.%s", folder, account->name);
  return access (path, F_OK) == 0 ? g_steal_pointer (&path) : NULL;
}

/* The group bits are no offence: on a credential they are the mask of systemd's ACL. */
static gboolean
is_private (int fd)
{
  struct stat info;
  return fstat (fd, &info) == 0 && S_ISREG (info.st_mode)
         && (info.st_uid == geteuid () || info.st_uid == 0)
         && (info.st_mode & (S_IWGRP | S_IRWXO)) == 0;
}

static SoSecret *
read_systemd (const char *path, GError **error)
{
  g_autofree char *shown = so_text_sanitise (path, -1, 200);
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    {
      so_error_set (error, SO_ERROR_CREDENTIALS, _("see LoadCredential= in systemd.exec(5)"),
                    _("%s: cannot be opened: %s"), shown, g_strerror (errno));
      return NULL;
    }
  SoSecret *secret = NULL;
  if (is_private (fd))
    secret = so_credential_read (fd, shown, SO_ERROR_CREDENTIALS, error);
  else
    so_error_set (error, SO_ERROR_CREDENTIALS, _("chmod 0400 it, or let systemd make it"),
                  _("%s: others can read it, or it is not a file of ours"), shown);
  close (fd);
  return secret;
}

SoKeyringQuery
so_credential_query (const SoAccount *account, SoService service, gboolean may_prompt)
{
  gboolean imap = service == SO_SERVICE_IMAP;
  return (SoKeyringQuery){ .account = account->name,
                           .host = imap ? account->imap.host : account->smtp.host,
                           .service = imap ? "imap" : "smtp",
                           .user = imap ? account->imap.user : account->smtp.user,
                           .may_prompt = may_prompt };
}

/* What other programs have stored there: a line end behind it (echo did that) is none of it. */
static SoSecret *
one_line (const SoSecret *stored, GError **error)
{
  const char *bytes = so_secret_peek (stored);
  gsize length = so_secret_length (stored);
  const char *end = memchr (bytes, '\n', length);
  gsize n = end != NULL ? (gsize) (end - bytes) : length;
  gsize last = n > 0 && end != NULL && bytes[n - 1] == '\r' ? n - 1 : n;
  if ((end == NULL || n + 1 == length) && memchr (bytes, '\r', last) == NULL
      && g_utf8_validate (bytes, (gssize) last, NULL))
    return so_secret_new (bytes, (gssize) last);
  so_error_set (error, SO_ERROR_CREDENTIALS, _("store it again with: sendoff login"),
                _("the password in the keyring is not one line of UTF-8 text"));
  return NULL;
}

static SoSecret *
ask_keyring (const SoAccount *account, SoService service, gboolean may_prompt, GError **error)
{
  SoKeyringQuery query = so_credential_query (account, service, may_prompt);
  if (service == SO_SERVICE_IMAP)
    {
      guint entries; /* 0 also in trouble, which will be the same for SMTP's entry */
      so_keyring_state (&query, &entries, NULL);
      if (entries == 0)
        query = so_credential_query (account, SO_SERVICE_SMTP, may_prompt);
    }
  g_autoptr (SoSecret) stored = so_keyring_lookup (&query, error);
  return stored != NULL ? one_line (stored, error) : NULL;
}

SoSecret *
so_credential_get (const SoAccount *account, SoService service, gboolean may_prompt,
                   GError **error)
{
  if (*account->password_command != '\0')
    return so_password_command_run (account->password_command, SO_PASSWORD_COMMAND_TIMEOUT, error);
  g_autofree char *path = systemd_path (account);
  if (path != NULL)
    return read_systemd (path, error);
  return ask_keyring (account, service, may_prompt, error);
}

SoCredentialSource
so_credential_source (const SoAccount *account)
{
  if (*account->password_command != '\0')
    return SO_SOURCE_COMMAND;
  g_autofree char *path = systemd_path (account);
  return path != NULL ? SO_SOURCE_SYSTEMD : SO_SOURCE_KEYRING;
}

const char *
so_credential_source_title (SoCredentialSource source)
{
  switch (source)
    {
    case SO_SOURCE_COMMAND:
      return "password-command";
    case SO_SOURCE_SYSTEMD:
      return _("systemd credential");
    default:
      return _("keyring");
    }
}

const char *
so_credential_source_name (SoCredentialSource source)
{
  static const char *const names[] = { "command", "systemd", "keyring" };
  return names[source];
}
