/*
 * sendoff-zip.c - FILE NAME [FILE NAME]…: packs the files, under those names, into a zip
 * archive on standard output.  A program of its own, see zip.h.
 *
 * Says "+N" on standard error each time some more has been read, or one line on what went
 * wrong; exit status 0, 66 (a file) or 74 (the output).
 */
#include "config.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK (256 * 1024)
#define TELL_EACH (4 * 1024 * 1024) /* octets between two words on how far it is */

enum { STATUS_INPUT = 66, STATUS_OUTPUT = 74 };

struct state
{
  struct archive *archive;
  unsigned long long done, told;
  char block[BLOCK];
};

static int
fail_file (const char *path, const char *why)
{
  fprintf (stderr, "%s: %s\n", path, why);
  return STATUS_INPUT;
}

static int
fail_archive (struct archive *archive)
{
  const char *why = archive_error_string (archive);
  fprintf (stderr, "%s\n", why != NULL ? why : strerror (archive_errno (archive)));
  return STATUS_OUTPUT;
}

static void
tell (struct state *state, size_t more)
{
  state->done += more;
  if (state->done - state->told < TELL_EACH)
    return;
  state->told = state->done;
  fprintf (stderr, "+%llu\n", state->done);
}

static int
write_header (struct state *state, const struct stat *info, const char *name)
{
  struct archive_entry *entry = archive_entry_new ();
  archive_entry_set_pathname_utf8 (entry, name);
  archive_entry_set_filetype (entry, AE_IFREG);
  archive_entry_set_perm (entry, 0644);
  archive_entry_set_size (entry, info->st_size);
  archive_entry_set_mtime (entry, info->st_mtime, 0);
  int result = archive_write_header (state->archive, entry);
  archive_entry_free (entry);
  return result == ARCHIVE_OK || result == ARCHIVE_WARN ? 0 : fail_archive (state->archive);
}

static int
copy (struct state *state, int fd, const char *path, unsigned long long size)
{
  ssize_t got;
  while ((got = read (fd, state->block, sizeof state->block)) != 0)
    {
      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0)
        return fail_file (path, strerror (errno));
      if ((unsigned long long) got > size)
        return fail_file (path, "it grows while it is read");
      size -= (unsigned long long) got;
      if (archive_write_data (state->archive, state->block, (size_t) got) != got)
        return fail_archive (state->archive);
      tell (state, (size_t) got);
    }
  return size == 0 ? 0 : fail_file (path, "it has shrunk while it was read");
}

static int
add_file (struct state *state, const char *path, const char *name)
{
  struct stat info;
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat (fd, &info) != 0)
    return fail_file (path, strerror (errno));
  int status = write_header (state, &info, name);
  if (status == 0)
    status = copy (state, fd, path, (unsigned long long) info.st_size);
  close (fd);
  return status;
}

int
main (int argc, char **argv)
{
  static struct state state;
  /* libarchive converts names through the locale's character set. */
  if (setlocale (LC_ALL, "C.UTF-8") == NULL)
    setlocale (LC_ALL, "");
  if (argc < 3 || argc % 2 == 0)
    {
      fprintf (stderr, "usage: sendoff-zip FILE NAME [FILE NAME]... >ARCHIVE\n");
      return 64;
    }
  state.archive = archive_write_new ();
  archive_write_set_format_zip (state.archive);
  archive_write_set_options (state.archive, "zip:hdrcharset=UTF-8,zip:compression-level=5");
  archive_write_set_bytes_per_block (state.archive, 0);
  if (archive_write_open_fd (state.archive, STDOUT_FILENO) != ARCHIVE_OK)
    return fail_archive (state.archive);
  int status = 0;
  for (int i = 1; i < argc && status == 0; i += 2)
    status = add_file (&state, argv[i], argv[i + 1]);
  if (status == 0 && archive_write_close (state.archive) != ARCHIVE_OK)
    status = fail_archive (state.archive);
  archive_write_free (state.archive);
  return status;
}
