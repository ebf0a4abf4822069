/*
 * watch-claim.c - a lock that is asked about, not waited for.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "outbox-private.h"
#include "sendoff/watch-claim.h"

#define FILE_NAME "watched"

int
so_outbox_claim_watch (SoOutbox *outbox)
{
  int fd = so_outbox_open_for_writing (outbox, FILE_NAME);
  if (fd < 0 || so_outbox_lock_fd (fd) == 0)
    return fd;
  close (fd);
  return -1;
}

gboolean
so_outbox_is_watched (SoOutbox *outbox)
{
  struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  int fd = openat (outbox->root, FILE_NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return FALSE;
  gboolean watched = fcntl (fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
  close (fd);
  return watched;
}
