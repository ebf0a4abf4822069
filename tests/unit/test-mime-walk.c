/* test-mime-walk.c - every octet comes out once, in its part, however the stream is cut. */
#include <string.h>

#include "mime-decode.h"
#include "mime-walk.h"

typedef struct
{
  GString *all;   /* heads, bodies and frames: the message again */
  GString *parts; /* "type|name|encoding|body" a leaf */
  GString *body;
} Seen;

static gboolean
on_head (gpointer data, SoMimePart *part, const char *block, gsize length, GError **error)
{
  Seen *seen = data;
  (void)part;
  (void)error;
  g_string_append_len (seen->all, block, (gssize)length);
  return TRUE;
}

static gboolean
on_body (gpointer data, SoMimePart *part, const char *bytes, gsize length, GError **error)
{
  Seen *seen = data;
  (void)part;
  (void)error;
  g_string_append_len (seen->all, bytes, (gssize)length);
  g_string_append_len (seen->body, bytes, (gssize)length);
  return TRUE;
}

static gboolean
on_end (gpointer data, SoMimePart *part, GError **error)
{
  Seen *seen = data;
  (void)error;
  g_string_append_printf (seen->parts, "%s|%s|%d%s|%s\n", part->type, part->name, part->encoding,
                          part->is_sealed ? "s" : "", seen->body->str);
  g_string_truncate (seen->body, 0);
  return TRUE;
}

static gboolean
on_frame (gpointer data, const char *bytes, gsize length, GError **error)
{
  Seen *seen = data;
  (void)error;
  g_string_append_len (seen->all, bytes, (gssize)length);
  return TRUE;
}

static void
walk (const char *message, gsize step, const char *parts)
{
  static const SoMimeFuncs funcs = { on_head, on_body, on_end, on_frame };
  Seen seen = { g_string_new (NULL), g_string_new (NULL), g_string_new (NULL) };
  g_autoptr (SoMimeWalk) it = so_mime_walk_new (&funcs, &seen);
  gsize length = strlen (message);
  for (gsize at = 0; at < length; at += step)
    g_assert_true (so_mime_walk_write (it, message + at, MIN (step, length - at), NULL));
  g_assert_true (so_mime_walk_finish (it, NULL));
  g_assert_cmpstr (seen.all->str, ==, message);
  if (parts != NULL)
    g_assert_cmpstr (seen.parts->str, ==, parts);
  g_string_free (seen.all, TRUE);
  g_string_free (seen.parts, TRUE);
  g_string_free (seen.body, TRUE);
}

static void
test_cases (void)
{
  static const struct
  {
    const char *message, *parts;
  } cases[] = {
    { "Subject: x\n\nbody\n", "text/plain||0|body\n\n" },
    { "Subject: x\n", "text/plain||0|\n" },
    { "", "text/plain||0|\n" },
    { "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\npre\r\n--b\r\n\r\none\r\n--b\r\n"
      "Content-Type: image/png; name=\"x.png\"\r\nContent-Transfer-Encoding: base64\r\n\r\nAA=="
      "\r\n--b--\r\nafter\r\n",
      "text/plain||0|one\nimage/png|x.png|4|AA==\n" },
    { "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative;\n"
      " boundary=bb\n\n--bb\n\nA\n--bb\nContent-Type: Text/HTML\n\nB\n\n--bb--\n\n--b\n"
      "Content-Type: message/rfc822\n\nSubject: in\n\ninner\n--bb\n--b--\n",
      "text/plain||0|A\ntext/html||0|B\n\ntext/plain||0|inner\n--bb\n" },
    /* A boundary that is never closed, and one in the header block. */
    { "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/x-a\n--b\n\nlast",
      "text/x-a||0|\ntext/plain||0|last\n" },
    { "Content-Type: multipart/signed; boundary=b\n\n--b\n\nx\n--b\nContent-Type: "
      "application/pgp-signature; name=s.asc\n\ny\n--b--\n",
      "text/plain||0s|x\napplication/pgp-signature|s.asc|0s|y\n" },
    { "Content-Type: application/pdf;\n name*0*=UTF-8''%E5%A0%B1;\n name*1=\" x\";\n"
      " name*2*=%2Epdf\n\nz",
      "application/pdf|報 x.pdf|0|z\n" },
    { "Content-Disposition: attachment; filename=\"=?UTF-8?B?5aCx?=.txt\"\n\nz",
      "text/plain|報.txt|0|z\n" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize step = 1; step <= strlen (cases[i].message) + 1; step++)
      walk (cases[i].message, step, cases[i].parts);
}

/* Lines around the length that is kept, with either line end. */
static void
test_long_lines (void)
{
  for (gsize length = 1018; length < 1030; length++)
    for (guint i = 0; i < 2; i++)
      {
        const char *end = i == 0 ? "\n" : "\r\n";
        g_autofree char *line = g_strnfill (length, 'x');
        g_autofree char *body = g_strconcat (line, end, line, NULL);
        g_autofree char *message = g_strconcat ("Content-Type: multipart/mixed; boundary=b", end,
                                                end, "--b", end, end, body, end, "--b--", end, NULL);
        g_autofree char *parts = g_strdup_printf ("text/plain||0|%s\n", body);
        for (gsize step = 500; step < 540; step++)
          walk (message, step, parts);
      }
}

/* Nothing is lost of what is no message at all. */
static void
test_random (void)
{
  static const char *const pieces[] = { "--b", "\n", "\r\n", "\r", "--", "b", " ", "Content-Type: ",
                                        "multipart/mixed; boundary=b", "message/rfc822", "x" };
  for (guint round = 0; round < 3000; round++)
    {
      g_autoptr (GString) message = g_string_new (NULL);
      for (gint n = g_test_rand_int_range (0, 50); n > 0; n--)
        g_string_append (message, pieces[g_test_rand_int_range (0, G_N_ELEMENTS (pieces))]);
      walk (message->str, (gsize)g_test_rand_int_range (1, 20), NULL);
    }
}

/* Runs of what waits for its successor, longer than there is room to wait: nothing is lost. */
static void
test_quoted_runs (void)
{
  static const char *const runs[] = { "\r", " ", "\r ", " \r", "\t\r\r", "=\r", "= \r" };
  for (gsize i = 0; i < G_N_ELEMENTS (runs); i++)
    for (guint n = 40; n < 160; n++)
      {
        SoMimeDecoder decoder;
        g_autoptr (GString) text = g_string_new ("x");
        g_autoptr (GByteArray) out = g_byte_array_new ();
        for (guint k = 0; k < n; k++)
          g_string_append (text, runs[i]);
        g_string_append (text, "end");
        so_mime_decoder_init (&decoder, SO_MIME_QUOTED_PRINTABLE);
        so_mime_decode (&decoder, text->str, text->len, out);
        so_mime_decode_end (&decoder, out);
        g_byte_array_append (out, (const guint8 *)"", 1);
        g_assert_cmpstr ((const char *)out->data, ==, text->str);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mime-walk/cases", test_cases);
  g_test_add_func ("/mime-walk/long-lines", test_long_lines);
  g_test_add_func ("/mime-walk/random", test_random);
  g_test_add_func ("/mime-walk/quoted-runs", test_quoted_runs);
  return g_test_run ();
}
