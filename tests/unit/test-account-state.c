/* test-account-state.c - holds, sendings of 24 hours, the last pass: kept in the outbox. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sendoff/account-state.h"
#include "sendoff/error.h"

#define NOW G_GINT64_CONSTANT (1795580164)

typedef struct
{
  char *path;
  SoOutbox *outbox;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  f->path = g_dir_make_tmp ("sendoff-account-XXXXXX", NULL);
  f->outbox = so_outbox_open (f->path, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  (void)data;
  so_outbox_close (f->outbox);
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", f->path);
  g_assert_cmpint (system (command), ==, 0);
  g_free (f->path);
}

static void
test_hold (Fixture *f, gconstpointer data)
{
  (void)data;
  static const char *const names[] = { "icloud", "..", "a/b", "work & home", "日本", ".x" };
  g_autoptr (GError) error = NULL;
  char text[] = "535 5.7.8 no\n\tsuch \033[1mthing";
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      SoAccountHold hold = { SO_HOLD_PASSWORD, NOW, 0, (guint)i, text };
      g_assert_true (so_account_hold (f->outbox, names[i], &hold, &error));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (SoAccountHold) hold = so_account_get_hold (f->outbox, names[i], &error);
      g_assert_no_error (error);
      g_assert_cmpint (hold->reason, ==, SO_HOLD_PASSWORD);
      g_assert_cmpint (hold->since, ==, NOW);
      g_assert_cmpint (hold->until, ==, 0);
      g_assert_cmpuint (hold->tries, ==, i);
      g_assert_cmpstr (hold->text, ==, "535 5.7.8 no\\x0A such \\x1B[1mthing");
      g_assert_true (so_account_hold_stops (hold, NOW, 3600));
      g_assert_true (so_account_end_hold (f->outbox, names[i], &error));
      g_assert_null (so_account_get_hold (f->outbox, names[i], &error));
      g_assert_true (so_account_end_hold (f->outbox, names[i], &error));
      g_assert_no_error (error);
    }
}

static void
test_until (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  char text[] = "";
  SoAccountHold hold = { SO_HOLD_CONNECTION, NOW, NOW + 60, 1, text };
  g_assert_true (so_account_hold (f->outbox, "icloud", &hold, &error));
  g_autoptr (SoAccountHold) read = so_account_get_hold (f->outbox, "icloud", &error);
  g_assert_cmpint (read->until, ==, NOW + 60);
  g_assert_true (so_account_hold_stops (read, NOW + 59, 3600));
  g_assert_false (so_account_hold_stops (read, NOW + 60, 3600));
  g_assert_false (so_account_hold_stops (read, NOW - 90000, 3600)); /* the clock was set back */
  g_assert_false (so_account_hold_stops (NULL, NOW, 3600));
}

static void
test_bad_hold (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_build_filename (f->path, "accounts", "icloud.hold", NULL);
  g_assert_true (g_file_set_contents (file, "password\tyesterday\t-\t1\tx\n", -1, NULL));
  g_assert_null (so_account_get_hold (f->outbox, "icloud", &error));
  g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_DATA);
}

static void
add (Fixture *f, gint64 when, guint recipients)
{
  g_autoptr (GError) error = NULL;
  SoBudgetUse use = { when, 1, recipients };
  g_assert_true (so_account_add_use (f->outbox, "icloud", &use, &error));
}

static void
test_uses (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  add (f, NOW - SO_BUDGET_WINDOW - 1, 9);
  add (f, NOW - 10, 2);
  g_autofree char *file = g_build_filename (f->path, "accounts", "icloud.sent", NULL);
  FILE *torn = fopen (file, "a");
  fputs ("20261125T04", torn);
  fclose (torn);
  add (f, NOW - 20, 3);
  g_autoptr (GArray) uses = so_account_uses (f->outbox, "icloud", NOW, &error);
  g_assert_cmpuint (uses->len, ==, 2);
  g_assert_cmpuint (g_array_index (uses, SoBudgetUse, 0).recipients, ==, 3);
  g_assert_cmpuint (g_array_index (uses, SoBudgetUse, 1).recipients, ==, 2);
  g_autoptr (GArray) none = so_account_uses (f->outbox, "other", NOW, &error);
  g_assert_cmpuint (none->len, ==, 0);
}

/* Old uses go, the file stays small, and writers at the same time lose nothing. */
static void
test_tidy (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  for (guint i = 0; i < 4000; i++)
    add (f, NOW - 2 * SO_BUDGET_WINDOW, 1);
  for (guint child = 0; child < 3; child++)
    if (fork () == 0)
      {
        for (guint i = 0; i < 200; i++)
          add (f, NOW, 1);
        _exit (0);
      }
  for (guint child = 0; child < 3; child++)
    {
      int status;
      wait (&status);
      g_assert_cmpint (status, ==, 0);
    }
  g_autoptr (GArray) uses = so_account_uses (f->outbox, "icloud", NOW, &error);
  g_assert_cmpuint (uses->len, ==, 600);
  g_autofree char *file = g_build_filename (f->path, "accounts", "icloud.sent", NULL);
  GStatBuf st;
  g_assert_cmpint (g_stat (file, &st), ==, 0);
  g_assert_cmpint (st.st_size, <, 90 * 1024);
}

static void
test_pass (Fixture *f, gconstpointer data)
{
  (void)data;
  g_autoptr (GError) error = NULL;
  SoPassRecord record = { NOW, 3, 2, 75 }, read;
  g_assert_false (so_outbox_last_pass (f->outbox, &read));
  g_assert_true (so_outbox_note_pass (f->outbox, &record, &error));
  g_assert_true (so_outbox_last_pass (f->outbox, &read));
  g_assert_cmpint (read.when, ==, NOW);
  g_assert_cmpuint (read.sent, ==, 3);
  g_assert_cmpuint (read.waiting, ==, 2);
  g_assert_cmpint (read.status, ==, 75);
  so_outbox_close (f->outbox);
  f->outbox = so_outbox_open (f->path, &error); /* last-pass is ours */
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/account-state/hold", test_hold);
  ADD ("/account-state/until", test_until);
  ADD ("/account-state/bad-hold", test_bad_hold);
  ADD ("/account-state/uses", test_uses);
  ADD ("/account-state/tidy", test_tidy);
  ADD ("/account-state/pass", test_pass);
  return g_test_run ();
}
