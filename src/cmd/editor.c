/*
 * editor.c - runs the editor, as the shell reads its name.
 */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "sendoff/editor.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

gboolean
so_editor_run (const char *path, GError **error)
{
  const char *editor = g_getenv ("VISUAL");
  if (editor == NULL || *editor == '\0')
    editor = g_getenv ("EDITOR");
  if (editor == NULL || *editor == '\0')
    editor = "vi";
  /* As the shell reads it, so that "code --wait" works. */
  g_autofree char *command = g_strdup_printf ("%s \"$1\"", editor);
  char *argv[] = { (char *)"/bin/sh", (char *)"-c", command, (char *)"sh", (char *)path, NULL };
  int status = 0;
  g_autoptr (GError) problem = NULL;
  if (!g_spawn_sync (NULL, argv, NULL, G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL, NULL,
                     &status, &problem)
      || !g_spawn_check_wait_status (status, &problem))
    {
      so_error_set (error, SO_ERROR_TEMPORARY, _ ("set EDITOR to an editor that works"),
                    _ ("the editor failed (%s)"), problem->message);
      return FALSE;
    }
  return TRUE;
}

char *
so_editor_compose (GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  int fd = g_file_open_tmp ("sendoff-XXXXXX.txt", &path, &problem);
  if (fd < 0)
    {
      so_error_set (error, SO_ERROR_CANNOT_CREATE, "", "%s", problem->message);
      return NULL;
    }
  close (fd);
  if (so_editor_run (path, error) && !g_file_get_contents (path, &text, NULL, &problem))
    so_error_set (error, SO_ERROR_TEMPORARY, "", "%s", problem->message);
  g_unlink (path);
  if (text == NULL || text[strspn (text, " \t\r\n")] != '\0')
    return g_steal_pointer (&text);
  so_error_set (error, SO_ERROR_DATA, _ ("write a text, or give one with -m"),
                _ ("the text is empty: nothing was sent"));
  return NULL;
}
