/* test-mail-source.c - where messages begin and end, what a file is taken for, and lines in
 * pieces. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "sendoff/line-reader.h"
#include "sendoff/mail-source.h"

typedef struct
{
  char *folder;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  (void)data;
  fixture->folder = g_dir_make_tmp ("sendoff-test-XXXXXX", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  (void)data;
  GDir *folder = g_dir_open (fixture->folder, 0, NULL);
  for (const char *name; (name = g_dir_read_name (folder)) != NULL;)
    {
      g_autofree char *file = g_build_filename (fixture->folder, name, NULL);
      g_unlink (file);
    }
  g_dir_close (folder);
  g_rmdir (fixture->folder);
  g_free (fixture->folder);
}

static char *
file_with (const Fixture *fixture, const char *name, const char *text, gssize length)
{
  char *path = g_build_filename (fixture->folder, name, NULL);
  g_assert_true (g_file_set_contents (path, text, length, NULL));
  return path;
}

/* --- lines --- */

static void
test_lines (Fixture *fixture, gconstpointer data)
{
  (void)data;
  g_autofree char *longest = g_strnfill (SO_LINE_PIECE + 10, 'x');
  g_autofree char *text = g_strdup_printf ("a\r\n\n%s\nlast", longest);
  g_autofree char *path = file_with (fixture, "f", text, -1);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  g_auto (SoLineReader) reader = { 0 };
  SoLine line;
  so_line_reader_init (&reader, fd, 0, -1);
  gsize total = 0;
  guint starts = 0, ends = 0, pieces = 0;
  while (so_line_next (&reader, &line))
    {
      g_assert_cmpint (line.offset, ==, (goffset)total);
      g_assert_cmpint (memcmp (line.bytes, text + total, line.length), ==, 0);
      total += line.length;
      starts += line.starts ? 1 : 0;
      ends += line.ends ? 1 : 0;
      pieces++;
      if (pieces == 1)
        g_assert_cmpuint (line.text, ==, 1);
      if (pieces == 2)
        g_assert_true (so_line_is_empty (&line));
    }
  g_assert_cmpuint (total, ==, strlen (text));
  g_assert_cmpuint (starts, ==, 4);
  g_assert_cmpuint (ends, ==, 3);
  g_assert_cmpuint (pieces, ==, 5);
  close (fd);
}

static void
test_field_names (void)
{
  static const struct
  {
    const char *text;
    gsize length;
  } cases[] = { { "Subject: x", 7 }, { "Subject :x", 7 }, { "X-A_b.c:", 7 },    { ":x", 0 },
                { "no colon", 0 },   { " Folded: x", 0 }, { "Sub ject: x", 0 }, { "", 0 } };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gsize length = strlen (cases[i].text);
      const SoLine line
          = { .bytes = cases[i].text, .length = length, .text = length, .starts = TRUE };
      g_assert_cmpuint (so_line_field_name (&line), ==, cases[i].length);
    }
}

/* --- mbox --- */

/* Into a string: "[…]" a message, "?" behind one to be looked at, "-" behind one that is done. */
static gboolean
append (gpointer data, const char *bytes, gsize length, GError **error)
{
  (void)error;
  g_string_append_len (data, bytes, (gssize)length);
  return TRUE;
}

static gboolean
take (gpointer data, SoMailItem *item)
{
  GString *found = data;
  g_string_append_c (found, '[');
  g_assert_true (so_mail_item_write (item, append, found, NULL));
  g_string_append (found, *item->doubt != '\0' ? "]?" : "]");
  if (item->done)
    g_string_append_c (found, '-');
  so_mail_item_free (item);
  return TRUE;
}

#define FROM "From me@icloud.com Wed Nov 25 10:00:00 2026\n"

static void
test_mbox (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    SoMailFormat format;
    const char *text, *found;
  } cases[] = {
    { SO_FORMAT_MBOX, FROM "A: 1\n\nx\n\n" FROM "A: 2\n\ny\n", "[A: 1\n\nx\n][A: 2\n\ny\n]" },
    /* the empty line before a separator is none of the message's, others are */
    { SO_FORMAT_MBOX, FROM "A: 1\n\nx\n\n\n\n" FROM "A: 2\n\n", "[A: 1\n\nx\n\n\n][A: 2\n]" },
    { SO_FORMAT_MBOX, FROM "A: 1\r\n\r\nx\r\n\r\n" FROM "A: 2\r\n\r\ny",
      "[A: 1\r\n\r\nx\r\n][A: 2\r\n\r\ny]" },
    /* no empty line before it, other dates */
    { SO_FORMAT_MBOX, FROM "A: 1\n\nx\nFrom - Thu, 26 Nov 2026 10:00:00 +0000\nB: 1\n\n",
      "[A: 1\n\nx\n][B: 1\n]" },
    { SO_FORMAT_MBOX, FROM "A: 1\n\nx\nFrom a b Wed Nov  5 10:00 JST 2026\nB: 1\n\n",
      "[A: 1\n\nx\n][B: 1\n]" },
    /* text that begins so */
    { SO_FORMAT_MBOX, FROM "A: 1\n\n\nFrom here on\n", "[A: 1\n\n\nFrom here on\n]" },
    { SO_FORMAT_MBOX, FROM "A: 1\n\n\n" FROM "no header\n", "[A: 1\n\n\n" FROM "no header\n]" },
    { SO_FORMAT_MBOX, FROM "A: 1\n\nFrom here\nNote: this is text\n",
      "[A: 1\n\nFrom here\nNote: this is text\n]" },
    { SO_FORMAT_MBOX, FROM "A: 1\n\n>From x\n>>From y\n> From z\n>Fromage\n",
      "[A: 1\n\nFrom x\n>From y\n> From z\n>Fromage\n]" },
    /* an older separator, quoted, above the header */
    { SO_FORMAT_MBOX, FROM ">From x\nA: 1\n\n>From x\n", "[A: 1\n\nFrom x\n]" },
    /* nobody can tell */
    { SO_FORMAT_MBOX, FROM "A: 1\n\nFrom him\nTo: other\n\n", "[A: 1\n\nFrom him\nTo: other\n]?" },
    /* Thunderbird's own fields, folded too; 8 in the status: deleted or sent */
    { SO_FORMAT_THUNDERBIRD,
      FROM "X-Mozilla-Status: 0001\nX-Mozilla-Keys: a\n\tb\nA: 1\nFCC: x\nfcc2: stays\n\n"
           "X-Mozilla-Status: 0008\n",
      "[A: 1\nfcc2: stays\n\nX-Mozilla-Status: 0008\n]" },
    { SO_FORMAT_THUNDERBIRD, FROM "X-Mozilla-Status: 0009\nA: 1\n\n", "[A: 1\n]-" },
  };
  (void)data;
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *path = file_with (fixture, "mbox", cases[i].text, -1);
      g_autoptr (GString) found = g_string_new ("");
      gboolean done = so_mail_source_read (path, cases[i].format, take, found, &error);
      g_assert_no_error (error);
      g_assert_true (done);
      g_assert_cmpstr (found->str, ==, cases[i].found);
    }
}

/* --- what is it? --- */

static void
test_guess (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *text;
    const char *format; /* "" for none */
  } cases[] = {
    { "From: a@b.c\n\nx\n", "eml" },
    { "Received: by x\n\tb\n", "eml" },
    { FROM "A: 1\n\n", "mbox" },
    { "From - x\nX-Mozilla-Status: 0001\n\n", "thunderbird" },
    { "12      \nFrom: a@b.c\n\n", "emlx" },
    { "12\n", "emlx" },
    { "ID: 1.2\nSender: a@b.c\nRecipient: d@e.f\n", "dma" },
    { "a@b.c\nd@e.f\n\nSubject: x\n", "nullmailer" },
    { "\nd@e.f\n\nSubject: x\n", "nullmailer" },
    { "just text\n\nSubject: x\n", "" },
    { "", "" },
    { "\x7f"
      "ELF",
      "" },
  };
  (void)data;
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *path = file_with (fixture, "x", cases[i].text, -1);
      SoMailFormat format = so_mail_format_guess (path, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (so_mail_format_name (format), ==, cases[i].format);
    }
}

static void
test_names (void)
{
  for (int i = 0; i < SO_MAIL_FORMATS; i++)
    g_assert_cmpint (so_mail_format_from_name (so_mail_format_name ((SoMailFormat)i)), ==, i);
  g_assert_cmpint (so_mail_format_from_name ("pst"), ==, SO_FORMAT_UNKNOWN);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/mail-source/lines", Fixture, NULL, set_up, test_lines, tear_down);
  g_test_add_func ("/mail-source/field-names", test_field_names);
  g_test_add ("/mail-source/mbox", Fixture, NULL, set_up, test_mbox, tear_down);
  g_test_add ("/mail-source/guess", Fixture, NULL, set_up, test_guess, tear_down);
  g_test_add_func ("/mail-source/names", test_names);
  return g_test_run ();
}
