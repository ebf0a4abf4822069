/*
 * child.h - run a program to its end, with a limit, and take what it says.
 *
 * For the tools of the system (systemctl, crontab): found on PATH, run without a shell, in
 * the C locale and UTC, so that their words can be read.
 */
#pragma once

#include <glib.h>

#define SO_CHILD_SAYS_MAX (1024 * 1024) /* octets on stdout or stderr; ours */

typedef struct
{
  int status; /* exit status; 128 + the number of a signal that ended it */
  char *out;  /* what it wrote; "" */
  char *err;
} SoChildResult;

void so_child_result_clear (SoChildResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SoChildResult, so_child_result_clear)

/* input may be NULL: nothing to read.  FALSE with error: it cannot be started
 * (SO_ERROR_NO_INPUT: there is no such program), did not end within timeout seconds or said more
 * than it may (SO_ERROR_TEMPORARY); how it ended otherwise is in the result. */
gboolean so_child_run (const char *const *argv, const char *input, guint timeout,
                       SoChildResult *result, GError **error);

/* The last line of its words on standard error, sanitised; owned by the caller. */
char *so_child_last_words (const SoChildResult *result);
