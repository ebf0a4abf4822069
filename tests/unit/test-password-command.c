/* test-password-command.c - a command that answers, fails, hangs, floods or is interrupted. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "sendoff/error.h"
#include "sendoff/interrupt.h"
#include "sendoff/password-command.h"

static void
assert_password (const char *command, const char *password)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SoSecret) got = so_password_command_run (command, 10, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (so_secret_peek (got), ==, password);
}

static GError *
refusal (const char *command, guint timeout, int code)
{
  GError *error = NULL;
  g_autoptr (SoSecret) got = so_password_command_run (command, timeout, &error);
  g_assert_null (got);
  g_assert_error (error, SO_ERROR_DOMAIN, code);
  g_assert_false (strchr (error->message, '\n') != NULL);
  return error;
}

static void
assert_refused (const char *command, guint timeout, int code, const char *words)
{
  g_autoptr (GError) error = refusal (command, timeout, code);
  g_test_message ("%s → %s", command, error->message);
  g_assert_nonnull (strstr (error->message, words));
}

static void
test_answers (void)
{
  assert_password ("printf word", "word");
  assert_password ("printf 'word\\nsecond line\\n'", "word");
  assert_password ("printf '%s' \"two words\"", "two words");
  assert_password ("sh -c 'echo noise >&2; echo word'", "word");
  /* no shell: nothing is expanded, nothing is piped */
  assert_password ("printf '%s' $HOME|cat", "$HOME|cat");
}

static void
test_has_no_terminal_and_no_input (void)
{
  assert_password ("sh -c 'read x; echo \"read $x.\"'", "read .");
  assert_password ("sh -c '(exec </dev/tty) 2>/dev/null && echo tty || echo none'", "none");
}

static void
test_signals_are_as_ever_in_the_child (void)
{
  assert_refused ("sh -c 'kill -TERM $$'", 10, SO_ERROR_CREDENTIALS, "signal 15");
}

static void
test_fails (void)
{
  assert_refused ("false", 10, SO_ERROR_CREDENTIALS, "status 1");
  assert_refused ("sh -c 'echo no key >&2; exit 2'", 10, SO_ERROR_CREDENTIALS,
                  "status 2: no key");
  assert_refused ("sh -c 'exit 75'", 10, SO_ERROR_TEMPORARY, "status 75");
  assert_refused ("sh -c 'printf \"a\\033[31mb\\n\" >&2; exit 1'", 10, SO_ERROR_CREDENTIALS,
                  "a\\x1B[31mb");
  assert_refused ("true", 10, SO_ERROR_CREDENTIALS, "empty");
  assert_refused ("/nonexistent/program", 10, SO_ERROR_CREDENTIALS, "/nonexistent/program");
  assert_refused ("printf 'unbalanced", 10, SO_ERROR_CONFIG, "quotes");
}

static void
test_never_repeats_the_secret (void)
{
  g_autoptr (GError) error
      = refusal ("sh -c 'echo canary-word; echo it is canary-word >&2; exit 1'", 10,
                 SO_ERROR_CREDENTIALS);
  g_assert_null (strstr (error->message, "canary"));
}

static void
test_floods (void)
{
  assert_refused ("yes", 10, SO_ERROR_CREDENTIALS, "64 KiB");
  assert_password ("sh -c 'head -c 1000000 /dev/zero >&2; echo word'", "word");
}

/* The process that wrote its number to path is gone. */
static void
assert_gone (const char *path)
{
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  pid_t pid = (pid_t) g_ascii_strtoll (text, NULL, 10);
  g_assert_cmpint (pid, >, 1);
  for (int i = 0; i < 100 && kill (pid, 0) == 0; i++)
    g_usleep (20 * 1000);
  g_assert_cmpint (kill (pid, 0), ==, -1);
  g_assert_cmpint (errno, ==, ESRCH);
}

static void
test_hangs (void)
{
  g_autofree char *folder = g_dir_make_tmp ("sendoff-XXXXXX", NULL);
  g_autofree char *pid_file = g_build_filename (folder, "pid", NULL);
  g_autofree char *command
      = g_strdup_printf ("sh -c 'sleep 100 & echo $! >%s; wait'", pid_file);
  gint64 start = g_get_monotonic_time ();
  assert_refused (command, 1, SO_ERROR_TEMPORARY, "within 1 second");
  g_assert_cmpint (g_get_monotonic_time () - start, <, 5 * G_USEC_PER_SEC);
  assert_gone (pid_file); /* the grandchild, too */
  unlink (pid_file);
  rmdir (folder);
}

/* A daemon that keeps the pipes open does not keep us. */
static void
test_leaves_a_daemon_behind (void)
{
  gint64 start = g_get_monotonic_time ();
  assert_password ("sh -c 'sleep 5 & echo word'", "word");
  g_assert_cmpint (g_get_monotonic_time () - start, <, 4 * G_USEC_PER_SEC);
}

static void
test_interrupted (void)
{
  g_autofree char *command
      = g_strdup_printf ("sh -c 'kill -INT %d; sleep 100'", (int) getpid ());
  SoInterrupt outer;
  so_interrupt_begin (&outer);
  g_autoptr (GError) error = refusal (command, 10, SO_ERROR_INTERRUPTED);
  g_assert_cmpint (so_interrupt_end (&outer), ==, SIGINT); /* ours to act on */
  sigset_t now;
  pthread_sigmask (SIG_SETMASK, NULL, &now);
  g_assert_false (sigismember (&now, SIGINT));
}

static void
test_ignored_signals_stay_ignored (void)
{
  signal (SIGHUP, SIG_IGN);
  g_autofree char *command
      = g_strdup_printf ("sh -c 'kill -HUP %d; echo word'", (int) getpid ());
  assert_password (command, "word");
  signal (SIGHUP, SIG_DFL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/password-command/answers", test_answers);
  g_test_add_func ("/password-command/no-terminal", test_has_no_terminal_and_no_input);
  g_test_add_func ("/password-command/signals", test_signals_are_as_ever_in_the_child);
  g_test_add_func ("/password-command/fails", test_fails);
  g_test_add_func ("/password-command/never-repeats", test_never_repeats_the_secret);
  g_test_add_func ("/password-command/floods", test_floods);
  g_test_add_func ("/password-command/hangs", test_hangs);
  g_test_add_func ("/password-command/daemon", test_leaves_a_daemon_behind);
  g_test_add_func ("/password-command/interrupted", test_interrupted);
  g_test_add_func ("/password-command/ignored", test_ignored_signals_stay_ignored);
  return g_test_run ();
}
