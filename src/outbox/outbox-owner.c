/*
 * outbox-owner.c - whose the folder is, and what that allows.
 *
 * A user's outbox is theirs alone (0700).  The system's is root's and open to a group (03770):
 * its members put messages in and can neither read nor remove what others put in; all else,
 * delivery and the password with it, is root's.  So nothing needs to be set-uid or set-gid.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outbox-private.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

#define MODE_OWN 0700
#define MODE_SYSTEM 03770 /* set-gid: what is made belongs to the group; sticky: to its maker */

static gboolean
fail_for_mode (const SoOutbox *outbox, mode_t mode, GError **error)
{
  g_autofree char *quoted = g_shell_quote (outbox->path);
  g_autofree char *remedy = g_strdup_printf (_ ("Run: chmod 700 %s"), quoted);
  so_error_set (error, SO_ERROR_CANNOT_CREATE, remedy,
                _ ("the outbox %s has mode %04o: it must be its owner's alone (0700)"),
                outbox->path, (guint)mode);
  return FALSE;
}

static gboolean
fail_for_owner (const SoOutbox *outbox, gboolean is_system, GError **error)
{
  if (is_system)
    so_error_set (error, SO_ERROR_CANNOT_CREATE,
                  _ ("run it as root, or have an outbox of your own: sendoff setup"),
                  _ ("the outbox %s is the system's: only sendmail puts messages in"),
                  outbox->path);
  else
    so_error_set (error, SO_ERROR_CANNOT_CREATE,
                  _ ("run sendoff as the folder's owner, or choose another outbox"),
                  _ ("the outbox %s belongs to another user"), outbox->path);
  return FALSE;
}

gboolean
so_outbox_check_owner (SoOutbox *outbox, gboolean to_add, GError **error)
{
  struct stat st;
  if (fstat (outbox->root, &st) != 0)
    {
      so_durable_error (error, errno, "%s", outbox->path);
      return FALSE;
    }
  mode_t mode = st.st_mode & 07777;
  gboolean is_system = st.st_uid == 0 && mode == MODE_SYSTEM;
  outbox->is_system = is_system;
  outbox->add_only = st.st_uid != geteuid ();
  if (outbox->add_only)
    return (is_system && to_add) || fail_for_owner (outbox, is_system, error);
  return mode == MODE_OWN || is_system || fail_for_mode (outbox, mode, error);
}

/* What members of the group write in, and what they read; the umask has taken bits away. */
gboolean
so_outbox_open_to_group (SoOutbox *outbox)
{
  if (!outbox->is_system || outbox->add_only)
    return TRUE;
  return fchmodat (outbox->root, "entries", MODE_SYSTEM, 0) == 0
         && fchmodat (outbox->root, "tmp", MODE_SYSTEM, 0) == 0
         && fchmodat (outbox->root, "format", 0640, 0) == 0;
}

gboolean
so_outbox_make_folder (SoOutbox *outbox, const char *folder)
{
  if (outbox->add_only)
    {
      errno = EACCES;
      return FALSE;
    }
  return mkdirat (outbox->root, folder, MODE_OWN) == 0;
}

gboolean
so_outbox_is_add_only (const SoOutbox *outbox)
{
  return outbox->add_only;
}
