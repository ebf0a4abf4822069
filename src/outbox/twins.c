/*
 * twins.c - two files of one id: somebody has copied an entry by hand, or a file system has
 * kept both names of a rename.
 *
 * The one further on stays, so that nothing is sent again that may have been sent; the other
 * goes to aside/, or loses its name if both lead to the same file.
 */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outbox-private.h"
#include "sendoff/i18n.h"

/* How far on a state is. */
static int
rank (SoEntryState state)
{
  static const int ranks[SO_ENTRY_STATES] = {
    [SO_ENTRY_QUEUED] = 0,    [SO_ENTRY_FAILED] = 1,  [SO_ENTRY_HELD] = 2,
    [SO_ENTRY_UNCERTAIN] = 3, [SO_ENTRY_SENDING] = 4, [SO_ENTRY_SENT] = 5,
  };
  return ranks[state];
}

static gint
by_id (gconstpointer a, gconstpointer b)
{
  const SoEntryName *x = a, *y = b;
  int order = strcmp (x->id, y->id);
  if (order != 0)
    return order;
  if (x->state != y->state)
    return rank (y->state) - rank (x->state);
  return x->stamp < y->stamp ? 1 : -1;
}

typedef enum
{
  NAMES_DIFFER,
  NAMES_SAME_FILE,
  NAMES_NOT_BOTH
} Names;

/* Opened, not just looked up: on NFS that asks the server. */
static Names
compare (SoOutbox *outbox, const char *kept, int twin_fd)
{
  struct stat first, second;
  int fd = openat (outbox->root, kept, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return NAMES_NOT_BOTH;
  gboolean known = fstat (fd, &first) == 0 && fstat (twin_fd, &second) == 0;
  close (fd);
  if (!known)
    return NAMES_NOT_BOTH;
  return first.st_dev == second.st_dev && first.st_ino == second.st_ino ? NAMES_SAME_FILE
                                                                        : NAMES_DIFFER;
}

static gboolean
put_away_locked (SoOutbox *outbox, const SoEntryName *kept, const char *file, int fd)
{
  switch (compare (outbox, so_outbox_entry_file (kept).text, fd))
    {
    case NAMES_SAME_FILE:
      return unlinkat (outbox->root, file, 0) == 0;
    case NAMES_DIFFER:
      return so_outbox_set_aside (outbox, strchr (file, '/') + 1,
                                  _ ("there is another file with its id"), NULL);
    case NAMES_NOT_BOTH: /* a rename while the folder was read */
      break;
    }
  return FALSE;
}

/* Only what nobody is working on: it is locked meanwhile, so its name cannot change. */
static gboolean
put_away (SoOutbox *outbox, const SoEntryName *kept, const SoEntryName *twin)
{
  SoOutboxFile file = so_outbox_entry_file (twin);
  int fd = openat (outbox->root, file.text, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return FALSE;
  gboolean done = so_outbox_lock_fd (fd) == 0 && so_outbox_still_named (outbox, file.text, fd)
                  && put_away_locked (outbox, kept, file.text, fd);
  close (fd);
  return done;
}

static GArray *
all_names (SoOutbox *outbox)
{
  GArray *names = g_array_new (FALSE, FALSE, sizeof (SoEntryName));
  g_autoptr (SoOutboxScan) scan = so_outbox_scan (outbox, NULL);
  SoEntryName name;
  while (scan != NULL && so_outbox_scan_next (scan, &name, NULL))
    g_array_append_val (names, name);
  return names;
}

gboolean
so_outbox_part_twins (SoOutbox *outbox)
{
  g_autoptr (GArray) names = all_names (outbox);
  g_array_sort (names, by_id);
  gboolean any = FALSE;
  for (guint i = 1, kept = 0; i < names->len; i++)
    {
      const SoEntryName *first = &g_array_index (names, SoEntryName, kept);
      const SoEntryName *name = &g_array_index (names, SoEntryName, i);
      if (g_str_equal (first->id, name->id))
        any |= put_away (outbox, first, name);
      else
        kept = i;
    }
  return any;
}
