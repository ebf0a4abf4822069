/*
 * program.c - locale, home, and the places of our own files.
 *
 * The folder of /proc/self/exe tells a build in place from an installed program: only
 * the former has po/locale beside it.
 */
#include "config.h"

#include <locale.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sendoff/i18n.h"
#include "sendoff/program.h"

static char *
own_folder (void)
{
  g_autofree char *exe = g_file_read_link ("/proc/self/exe", NULL);
  return exe != NULL ? g_path_get_dirname (exe) : g_strdup ("");
}

static void
fall_back_to_utf8 (void)
{
  const char *wanted = NULL;
  static const char *const variables[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
  for (gsize i = 0; i < G_N_ELEMENTS (variables) && wanted == NULL; i++)
    {
      const char *value = g_getenv (variables[i]);
      if (value != NULL && *value != '\0')
        wanted = value;
    }
  if (setlocale (LC_ALL, "C.UTF-8") != NULL && wanted != NULL)
    g_setenv ("LANGUAGE", wanted, FALSE);
}

void
so_program_setup_locale (void)
{
  if (setlocale (LC_ALL, "") == NULL)
    fall_back_to_utf8 ();

  g_autofree char *folder = own_folder ();
  g_autofree char *in_place = g_build_filename (folder, "po", "locale", NULL);
  gboolean built_here = access (in_place, R_OK) == 0;
  bindtextdomain (PACKAGE, built_here ? in_place : LOCALEDIR);
  bind_textdomain_codeset (PACKAGE, "UTF-8");
  textdomain (PACKAGE);
}

void
so_program_settle_home (void)
{
  const char *home = g_getenv ("HOME");
  uid_t user = geteuid ();
  struct stat st;
  if (home == NULL || user == 0 || stat (home, &st) != 0 || st.st_uid == user)
    return;
  const struct passwd *known = getpwuid (user);
  if (known != NULL && stat (known->pw_dir, &st) == 0 && st.st_uid == user)
    g_setenv ("HOME", known->pw_dir, TRUE);
}

char *
so_program_path (const char *name)
{
  g_autofree char *folder = own_folder ();
  g_autofree char *beside = g_build_filename (folder, name, NULL);
  if (access (beside, X_OK) == 0)
    return g_steal_pointer (&beside);
  gboolean is_front = g_str_equal (name, "sendoff");
  return g_build_filename (is_front ? BIN_DIR : PROGRAM_DIR, name, NULL);
}
