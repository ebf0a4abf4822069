/*
 * fetch.c - runs sendoff-fetch under a deadline and reads what it says.
 *
 * Why a program and not the library: linked in, libcurl and what it brings (GnuTLS, nghttp2,
 * LDAP, SSH …) take about 10 ms at every start of sendoff; a process costs that only when
 * something is fetched, and keeps the parsing of strangers' octets away from passwords.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sendoff/deadline.h"
#include "sendoff/error.h"
#include "sendoff/fetch.h"
#include "sendoff/i18n.h"
#include "sendoff/program.h"

#define HEAD_MAX 64      /* octets of the line before the body */
#define GRACE_S 1        /* the helper ends itself; this is for one that does not */

static gboolean
start (const char *url, gsize max, guint timeout, gboolean follow, GPid *pid, int *fd, GError **error)
{
  g_autofree char *program = so_program_path ("sendoff-fetch");
  g_autofree char *octets = g_strdup_printf ("%" G_GSIZE_FORMAT, max);
  g_autofree char *seconds = g_strdup_printf ("%u", timeout);
  char *argv[] = { program, (char *) url, octets, seconds, (char *) (follow ? "follow" : "stay"), NULL };
  g_autoptr (GError) problem = NULL;
  if (g_spawn_async_with_pipes (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                                pid, NULL, fd, NULL, &problem))
    return TRUE;
  so_error_set (error, SO_ERROR_BUG, _("install sendoff again"), "%s", problem->message);
  return FALSE;
}

/* Everything the helper prints, up to its end. */
static SoWait
read_all (int fd, SoDeadline *deadline, GString *text)
{
  char buffer[16384];
  for (;;)
    {
      SoWait wait = so_deadline_wait (deadline, fd, POLLIN, NULL);
      if (wait != SO_WAIT_READY)
        return wait;
      ssize_t n = read (fd, buffer, sizeof buffer);
      if (n > 0)
        g_string_append_len (text, buffer, n);
      else if (n == 0)
        return SO_WAIT_READY;
      else if (errno != EINTR)
        return SO_WAIT_FAILED;
    }
}

static int
reap (GPid pid, gboolean kill_it)
{
  int status = 0;
  if (kill_it)
    kill (pid, SIGKILL);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  g_spawn_close_pid (pid);
  return WIFEXITED (status) ? WEXITSTATUS (status) : SO_ERROR_TEMPORARY;
}

/* "200 1795840000\nbody" */
static gboolean
take_answer (GString *text, SoFetched *fetched)
{
  char *end = memchr (text->str, '\n', MIN (text->len, HEAD_MAX));
  char *rest = NULL;
  if (end == NULL)
    return FALSE;
  fetched->status = (guint) strtoul (text->str, &rest, 10);
  fetched->date = g_ascii_strtoll (rest, NULL, 10);
  gsize head = (gsize) (end + 1 - text->str);
  fetched->length = text->len - head;
  fetched->body = g_malloc (fetched->length + 1);
  memcpy (fetched->body, end + 1, fetched->length);
  fetched->body[fetched->length] = '\0';
  return TRUE;
}

static void
set_error (int status, SoWait wait, const char *url, GError **error)
{
  const char *later = _("try again later");
  if (wait == SO_WAIT_INTERRUPTED)
    so_error_set (error, SO_ERROR_INTERRUPTED, "", _("interrupted"));
  else if (status == SO_ERROR_NO_HOST)
    so_error_set (error, SO_ERROR_NO_HOST, later, _("no such host: %s"), url);
  else if (status == SO_ERROR_DATA)
    so_error_set (error, SO_ERROR_DATA, later, _("the document is too large: %s"), url);
  else if (status == SO_ERROR_PROTOCOL)
    so_error_set (error, SO_ERROR_PROTOCOL, later, _("no trustworthy connection: %s"), url);
  else
    so_error_set (error, SO_ERROR_TEMPORARY, later, _("no answer: %s"), url);
}

gboolean
so_fetch (const char *url, gsize max_octets, guint timeout_s, gboolean follow, int interrupt_fd, SoFetched *fetched,
          GError **error)
{
  GPid pid = 0;
  int fd = -1;
  *fetched = (SoFetched){ 0 };
  if (!start (url, max_octets, timeout_s, follow, &pid, &fd, error))
    return FALSE;
  SoDeadline deadline;
  so_deadline_init (&deadline, timeout_s + GRACE_S, interrupt_fd);
  g_autoptr (GString) text = g_string_new (NULL);
  SoWait wait = read_all (fd, &deadline, text);
  close (fd);
  int status = reap (pid, wait != SO_WAIT_READY);
  if (wait == SO_WAIT_READY && status == 0 && take_answer (text, fetched))
    return TRUE;
  set_error (status, wait, url, error);
  return FALSE;
}

void
so_fetched_clear (SoFetched *fetched)
{
  g_clear_pointer (&fetched->body, g_free);
}
