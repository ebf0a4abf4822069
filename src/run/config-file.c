/*
 * config-file.c - finds configuration files and reads them with suspicion.
 *
 * What such a file says is obeyed (servers, commands to run), so one that others could
 * have written is refused; owner and mode are asked of the open file, not of its name.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sendoff/config-data.h"
#include "sendoff/config-file.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

#define FILE_MAX (1024 * 1024) /* octets; ours: the largest we ship has 10,000 */

/* The folders searched, first match wins; NULL-terminated. */
static char **
config_folders (void)
{
  char **folders = g_new0 (char *, 3);
  folders[0] = g_build_filename (g_get_user_config_dir (), "sendoff", NULL);
  folders[1] = g_strdup (SYSTEM_CONFIG_DIR);
  return folders;
}

static void
fail_errno (const char *path, GError **error)
{
  so_error_set (error, SO_ERROR_CONFIG, _ ("check the name and the permissions"), "%s: %s", path,
                g_strerror (errno));
}

static void
fail_size (const char *path, GError **error)
{
  so_error_set (error, SO_ERROR_CONFIG, _ ("name another file with --config"),
                _ ("%s: the file is too large"), path);
}

static gboolean
check_file (int fd, const char *path, GError **error)
{
  struct stat status;
  if (fstat (fd, &status) < 0)
    fail_errno (path, error);
  else if (!S_ISREG (status.st_mode))
    so_error_set (error, SO_ERROR_CONFIG, _ ("name another file with --config"),
                  _ ("%s: this is not a file"), path);
  else if (status.st_size > FILE_MAX)
    fail_size (path, error);
  else if (status.st_uid != getuid () && status.st_uid != 0)
    so_error_set (error, SO_ERROR_CONFIG, _ ("make a copy that belongs to you"),
                  _ ("%s: the file belongs to another user"), path);
  else if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    {
      g_autofree char *quoted = g_shell_quote (path);
      g_autofree char *remedy = g_strdup_printf (_ ("Run: chmod go-w %s"), quoted);
      so_error_set (error, SO_ERROR_CONFIG, remedy,
                    _ ("%s: others may write this file, and it says which programs run"), path);
    }
  else
    return TRUE;
  return FALSE;
}

static char *
read_all (int fd, const char *path, GError **error)
{
  GString *text = g_string_new (NULL);
  char buffer[4096];
  ssize_t n;
  while ((n = read (fd, buffer, sizeof buffer)) != 0 && text->len <= FILE_MAX)
    {
      if (n > 0)
        g_string_append_len (text, buffer, n);
      else if (errno != EINTR)
        break;
    }
  if (n < 0)
    fail_errno (path, error);
  else if (n > 0)
    fail_size (path, error);
  else if (memchr (text->str, '\0', text->len) != NULL)
    so_error_set (error, SO_ERROR_CONFIG, _ ("save the file as UTF-8"),
                  _ ("%s: there are NUL bytes in the file"), path);
  else
    return g_string_free (text, FALSE);
  g_string_free (text, TRUE);
  return NULL;
}

char *
so_config_read (const char *path, gboolean *missing, GError **error)
{
  /* O_NONBLOCK: a FIFO of that name must not hold us up. */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  *missing = fd < 0 && (errno == ENOENT || errno == ENOTDIR);
  if (*missing)
    return NULL;
  if (fd < 0)
    {
      fail_errno (path, error);
      return NULL;
    }
  char *text = check_file (fd, path, error) ? read_all (fd, path, error) : NULL;
  close (fd);
  return text;
}

/* The first file of that name in the folders; *path is where.  NULL without error if
 * there is none. */
static char *
read_first (const char *name, char **path, GError **error)
{
  g_auto (GStrv) folders = config_folders ();
  for (char **folder = folders; *folder != NULL; folder++)
    {
      gboolean missing;
      g_autofree char *candidate = g_build_filename (*folder, name, NULL);
      char *text = so_config_read (candidate, &missing, error);
      if (missing)
        continue;
      *path = g_steal_pointer (&candidate);
      return text;
    }
  return NULL;
}

char *
so_config_data (const char *name, GError **error)
{
  g_autofree char *path = NULL;
  char *text = read_first (name, &path, error);
  if (text != NULL || path != NULL)
    return text;
  const char *builtin = so_config_data_builtin (name);
  if (builtin == NULL)
    so_error_set (error, SO_ERROR_BUG, "", _ ("there is no data file “%s”"), name);
  return g_strdup (builtin);
}

char *
so_config_path (const char *path)
{
  return path != NULL ? g_strdup (path)
                      : g_build_filename (g_get_user_config_dir (), "sendoff", "config", NULL);
}

/* The text of --config, which must be there. */
static char *
read_named (const char *path, GError **error)
{
  gboolean missing;
  char *text = so_config_read (path, &missing, error);
  if (missing)
    so_error_set (error, SO_ERROR_CONFIG, _ ("check the path given with --config"), "%s: %s", path,
                  g_strerror (ENOENT));
  return text;
}

SoConfig *
so_config_load (const char *path, GError **error)
{
  g_autofree char *providers = so_config_data ("providers.conf", error);
  if (providers == NULL)
    return NULL;

  g_autofree char *found = g_strdup (path);
  g_autofree char *text
      = path != NULL ? read_named (path, error) : read_first ("config", &found, error);
  if (text == NULL && found != NULL)
    return NULL;
  return so_config_parse (text != NULL ? text : "", found != NULL ? found : "config", providers,
                          error);
}
