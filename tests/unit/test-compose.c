/* test-compose.c - what is composed is legal, and as long as it was measured. */
#include <glib/gstdio.h>
#include <string.h>

#include "sendoff/compose.h"
#include "sendoff/error.h"

#define NOW ((gint64)1764000000 * 1000000)

static gboolean
keep (gpointer data, const char *bytes, gsize length, GError **error)
{
  (void)error;
  g_string_append_len (data, bytes, (gssize)length);
  return TRUE;
}

/* The message; its length is the one measured, its lines are legal. */
static GString *
written (const SoCompose *compose)
{
  GString *out = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  guint64 content, wire;
  so_compose_measure (compose, &content, &wire);
  g_assert_true (so_compose_write (compose, keep, out, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (out->len, ==, wire);
  gsize line = 0;
  for (gsize i = 0; i < out->len; i++)
    {
      if (out->str[i] == '\n')
        g_assert_true (i > 0 && out->str[i - 1] == '\r');
      g_assert_true (out->str[i] != '\r' || out->str[i + 1] == '\n');
      line = out->str[i] == '\n' ? 0 : line + 1;
      g_assert_cmpuint (line, <=, 999);
    }
  return out;
}

/* The header block, for its lines' length. */
static void
assert_folded (const char *message)
{
  const char *end = strstr (message, "\r\n\r\n");
  g_assert_nonnull (end);
  for (const char *p = message; p < end; p = strstr (p, "\r\n") + 2)
    g_assert_cmpuint ((gsize)(strstr (p, "\r\n") - p), <=, 78);
}

static SoCompose *
new_compose (void)
{
  SoCompose *compose = so_compose_new ("me@icloud.com", "山田 太郎", NOW);
  g_autoptr (GError) error = NULL;
  g_assert_true (so_compose_add_addresses (compose, SO_COMPOSE_TO, "a@example.org", &error));
  return compose;
}

static void
test_plain (void)
{
  g_autoptr (SoCompose) compose = new_compose ();
  g_assert_true (so_compose_set_subject (compose, "Hi", NULL));
  g_assert_true (so_compose_set_text (compose, "one\ntwo", NULL));
  GString *out = written (compose);
  g_assert_nonnull (strstr (out->str, "\r\nTo: a@example.org\r\n"));
  g_assert_nonnull (strstr (out->str, "\r\nSubject: Hi\r\n"));
  g_assert_nonnull (strstr (out->str, "charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n"
                                      "\r\none\r\ntwo\r\n"));
  g_assert_nonnull (strstr (out->str, "=?UTF-8?B?"));
  assert_folded (out->str);
  g_string_free (out, TRUE);
}

static void
test_recipients (void)
{
  g_autoptr (SoCompose) compose = new_compose ();
  g_autoptr (GError) error = NULL;
  g_assert_true (so_compose_add_addresses (
      compose, SO_COMPOSE_CC, "Team: \"B, b\" <b@x.org>, A@EXAMPLE.org;, c@x.org", &error));
  g_assert_true (so_compose_add_addresses (compose, SO_COMPOSE_BCC, "hidden@x.org", &error));
  const GPtrArray *all = so_compose_recipients (compose);
  g_assert_cmpuint (all->len, ==, 4);
  g_assert_cmpstr (g_ptr_array_index (all, 3), ==, "hidden@x.org");
  GString *out = written (compose);
  g_assert_nonnull (
      strstr (out->str, "\r\nCc: Team: \"B, b\" <b@x.org>, A@EXAMPLE.org;, c@x.org\r\n"));
  g_assert_null (strstr (out->str, "hidden"));
  g_string_free (out, TRUE);
}

static void
test_bad_values (void)
{
  static const char *const headers[]
      = { "no colon", "Bad Name: x", "X-A: a\r\nBcc: b@c.d", "Bcc: b@c.d", "subject: x",
          "Content-Type: x", "X-A: \xff", ": x", NULL };
  static const char *const lists[]
      = { "nobody", "a@b@c", "a b@c.d", "a@b.c\r\nBcc: x@y.z", "Team: a@b.c", "\"x <a@b.c>", NULL };
  g_autoptr (SoCompose) compose = new_compose ();
  for (guint i = 0; headers[i] != NULL; i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_false (so_compose_add_header (compose, headers[i], &error));
      g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_DATA);
    }
  for (guint i = 0; lists[i] != NULL; i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_false (so_compose_add_addresses (compose, SO_COMPOSE_TO, lists[i], &error));
      g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_DATA);
    }
  g_assert_cmpuint (so_compose_recipients (compose)->len, ==, 1);
  g_assert_false (so_compose_set_subject (compose, "a\nb", NULL));
  g_assert_false (so_compose_set_text (compose, "\xe3\x81", NULL));
  g_assert_true (so_compose_add_header (compose, "References: <a@b>", NULL));
  g_assert_false (so_compose_add_header (compose, "references: <a@b>", NULL));
  GString *out = written (compose);
  g_assert_null (strstr (out->str, "Bcc"));
  g_string_free (out, TRUE);
}

/* Random values never make a line too long, a bare line end or a header of their own. */
static void
test_random (void)
{
  static const char *const pieces[]
      = { "a", " ", "日本", "👩‍👩‍👧", "\t", "=?", "?=", "\"", "\\", "word", "שלום", "=", ".", "From ",
          "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567" };
  for (guint round = 0; round < 500; round++)
    {
      g_autoptr (SoCompose) compose = new_compose ();
      g_autoptr (GString) text = g_string_new (NULL);
      for (gint n = g_test_rand_int_range (0, 60); n > 0; n--)
        g_string_append (text, pieces[g_test_rand_int_range (0, G_N_ELEMENTS (pieces))]);
      g_assert_true (so_compose_set_subject (compose, text->str, NULL));
      g_autofree char *header = g_strconcat ("X-Test: ", text->str, NULL);
      g_assert_true (so_compose_add_header (compose, header, NULL));
      g_string_append_c (text, '\n');
      g_string_append (text, text->str);
      g_assert_true (so_compose_set_text (compose, text->str, NULL));
      if (round % 2 == 0)
        g_assert_true (so_compose_set_html (compose, text->str, NULL));
      GString *out = written (compose);
      assert_folded (out->str);
      g_string_free (out, TRUE);
    }
}


static char *
make_file (const char *folder, const char *name, gsize size)
{
  char *path = g_build_filename (folder, name, NULL);
  g_autofree char *bytes = g_malloc (size + 1);
  for (gsize i = 0; i < size; i++)
    bytes[i] = (char)g_test_rand_int ();
  g_assert_true (g_file_set_contents (path, bytes, (gssize)size, NULL));
  return path;
}

static void
test_files (void)
{
  static const gsize sizes[] = { 0, 1, 2, 3, 56, 57, 58, 87551, 87552, 87553, 300000 };
  g_autofree char *folder = g_dir_make_tmp ("sendoff-compose-XXXXXX", NULL);
  g_autoptr (SoCompose) compose = new_compose ();
  g_autoptr (GError) error = NULL;
  guint64 sum = 0;
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *path = make_file (folder, "data", sizes[i]);
      g_autofree char *name = g_strdup_printf ("報告%u.bin", i);
      g_autofree char *moved = g_build_filename (folder, name, NULL);
      g_assert_cmpint (g_rename (path, moved), ==, 0);
      g_assert_true (so_compose_add_file (compose, moved, NULL, NULL, &error));
      sum += sizes[i];
    }
  so_compose_add_note (compose, "text", "<p>html</p>");
  guint64 content, wire;
  so_compose_measure (compose, &content, &wire);
  g_assert_cmpuint (content, ==, sum + strlen ("text\n<p>html</p>\n"));
  GString *out = written (compose);
  assert_folded (out->str);
  /* The last file is the one that changes. */
  const SoComposeFile *last = so_compose_file (compose, G_N_ELEMENTS (sizes) - 1);
  g_assert_true (g_file_set_contents (last->path, "shorter", -1, NULL));
  g_string_truncate (out, 0);
  g_assert_false (so_compose_write (compose, keep, out, &error));
  g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_DATA);
  g_string_free (out, TRUE);
  for (guint i = 0; i < so_compose_n_files (compose); i++)
    g_unlink (so_compose_file (compose, i)->path);
  g_rmdir (folder);
}

static void
test_no_files (void)
{
  g_autoptr (SoCompose) compose = new_compose ();
  static const char *const paths[] = { "/nonexistent", "/", "/dev/null", NULL };
  for (guint i = 0; paths[i] != NULL; i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_false (so_compose_add_file (compose, paths[i], NULL, NULL, &error));
      g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_NO_INPUT);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/compose/plain", test_plain);
  g_test_add_func ("/compose/recipients", test_recipients);
  g_test_add_func ("/compose/bad-values", test_bad_values);
  g_test_add_func ("/compose/random", test_random);
  g_test_add_func ("/compose/files", test_files);
  g_test_add_func ("/compose/no-files", test_no_files);
  return g_test_run ();
}
