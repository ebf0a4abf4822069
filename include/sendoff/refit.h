/*
 * refit.h - a finished message made smaller: attachments replaced by links, left out or packed.
 *
 * What is signed or encrypted is never changed.  Errors: SO_ERROR_USAGE a file that is not in
 * the message; SO_ERROR_DATA one that may not be changed; SO_ERROR_IO the disk.
 */
#pragma once

#include <glib.h>

typedef struct
{
  char **links; /* "FILE=URL"; NULL for none */
  char **drops; /* "FILE"; NULL for none */
  gboolean zip; /* all attachments into one archive */
  const char *folder; /* for files without a name; on a disk with room */
  int interrupt_fd;   /* -1 none */
} SoRefitSpec;

/* The message in fd from offset, changed, in a file without a name: its descriptor, or -1. */
int so_refit (int fd, goffset offset, const SoRefitSpec *spec, GError **error);
