/*
 * test-wire.c - whatever comes in, in whatever pieces, only canonical lines go out.
 *
 * The reference is the simplest encoder one can write: whole input, one octet at a time.
 */
#include <string.h>

#include "sendoff/wire.h"

static GString *
reference (const GString *in, gboolean stuff)
{
  GString *out = g_string_new (NULL);
  gboolean start = TRUE;
  for (gsize i = 0; i < in->len; i++)
    {
      char c = in->str[i];
      if (c == '\r' || c == '\n')
        {
          if (c == '\r' && i + 1 < in->len && in->str[i + 1] == '\n')
            i++;
          g_string_append (out, "\r\n");
          start = TRUE;
          continue;
        }
      if (start && stuff && c == '.')
        g_string_append_c (out, '.');
      g_string_append_c (out, c);
      start = FALSE;
    }
  if (!start)
    g_string_append (out, "\r\n");
  return out;
}

static void
assert_same (const GString *got, const GString *want)
{
  g_assert_true (g_string_equal (got, want));
}

/* Encodes in random pieces through a random small buffer. */
static GString *
encode (const GString *in, gboolean stuff, gsize max_in, gsize max_out)
{
  GString *out = g_string_new (NULL);
  g_autofree char *buffer = g_malloc (max_out);
  SoWire wire;
  so_wire_init (&wire, stuff);
  for (gsize i = 0; i < in->len;)
    {
      gsize used = 0, piece = 1 + (gsize)g_test_rand_int_range (0, (gint32)max_in);
      gsize room = (gsize)g_test_rand_int_range (4, (gint32)max_out + 1);
      /* An exact copy, so that a sanitizer sees a read past its end. */
      piece = MIN (piece, in->len - i);
      g_autofree char *exact = g_memdup2 (in->str + i, piece);
      gsize got = so_wire_encode (&wire, exact, piece, &used, buffer, room);
      g_assert_cmpuint (used, >, 0);
      g_assert_cmpuint (used, <=, piece);
      g_assert_cmpuint (got, <=, room);
      g_string_append_len (out, buffer, (gssize)got);
      i += used;
    }
  char tail[2];
  g_string_append_len (out, tail, (gssize)so_wire_finish (&wire, tail));
  return out;
}

static SoWireMeasure
measure (const GString *in, gsize max_in)
{
  SoWireMeter *meter = so_wire_meter_new ();
  for (gsize i = 0; i < in->len;)
    {
      gsize piece = 1 + (gsize)g_test_rand_int_range (0, (gint32)max_in);
      piece = MIN (piece, in->len - i);
      g_autofree char *exact = g_memdup2 (in->str + i, piece);
      so_wire_meter_feed (meter, exact, piece);
      i += piece;
    }
  return so_wire_meter_end (meter);
}

static void
assert_canonical (const GString *out)
{
  for (gsize i = 0; i < out->len; i++)
    {
      if (out->str[i] == '\n')
        g_assert_true (i > 0 && out->str[i - 1] == '\r');
      if (out->str[i] == '\r')
        g_assert_true (i + 1 < out->len && out->str[i + 1] == '\n');
    }
  if (out->len > 0)
    g_assert_true (out->len >= 2 && memcmp (out->str + out->len - 2, "\r\n", 2) == 0);
}

/* The end-of-data mark must not be in a stuffed body. */
static void
assert_no_lone_dot (const GString *out)
{
  g_assert_null (g_strstr_len (out->str, (gssize)out->len, "\r\n.\r\n"));
  g_assert_false (out->len >= 3 && memcmp (out->str, ".\r\n", 3) == 0);
}

static GString *
random_text (const char *alphabet, gsize n_alphabet, gsize max)
{
  GString *in = g_string_new (NULL);
  gint32 n = g_test_rand_int_range (0, (gint32)max);
  for (gint32 i = 0; i < n; i++)
    g_string_append_c (in, alphabet[g_test_rand_int_range (0, (gint32)n_alphabet)]);
  return in;
}

static void
check_all (const GString *in, gsize max_in, gsize max_out)
{
  GString *plain = encode (in, FALSE, max_in, max_out);
  GString *stuffed = encode (in, TRUE, max_in, max_out);
  GString *want = reference (in, FALSE), *want_stuffed = reference (in, TRUE);
  SoWireMeasure m = measure (in, max_in);

  assert_same (plain, want);
  assert_same (stuffed, want_stuffed);
  assert_canonical (plain);
  assert_canonical (stuffed);
  assert_no_lone_dot (stuffed);
  g_assert_cmpuint (m.size, ==, plain->len);
  g_assert_cmpuint (m.stuffed, ==, stuffed->len);

  g_string_free (plain, TRUE);
  g_string_free (stuffed, TRUE);
  g_string_free (want, TRUE);
  g_string_free (want_stuffed, TRUE);
}

static void
test_random (void)
{
  static const char dense[] = "\r\n.a", mixed[] = "\r\n.abcdefghijklmnopqrstuvwxyz\0\xff";
  for (int i = 0; i < 4000; i++)
    {
      gboolean is_dense = i % 2 == 0;
      GString *in = random_text (is_dense ? dense : mixed, is_dense ? 4 : sizeof mixed - 1, 200);
      check_all (in, 1 + (gsize)(i % 7), 4 + (gsize)(i % 30));
      check_all (in, 300, 600);
      g_string_free (in, TRUE);
    }
}

static void
test_every_short_input (void)
{
  static const char alphabet[] = "\r\n.a";
  for (guint n = 0; n <= 6; n++)
    for (guint code = 0; code < 1u << (2 * n); code++)
      {
        GString *in = g_string_new (NULL);
        for (guint i = 0; i < n; i++)
          g_string_append_c (in, alphabet[(code >> (2 * i)) & 3]);
        check_all (in, 3, 5);
        g_string_free (in, TRUE);
      }
}

static void
test_examples (void)
{
  static const struct
  {
    const char *in, *plain, *stuffed;
  } cases[] = {
    { "", "", "" },
    { "a", "a\r\n", "a\r\n" },
    { "a\n", "a\r\n", "a\r\n" },
    { "a\r", "a\r\n", "a\r\n" },
    { "a\r\r\nb", "a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n" },
    { "a\n\rb", "a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n" },
    { ".", ".\r\n", "..\r\n" },
    { "a\r\n.\r\nMAIL", "a\r\n.\r\nMAIL\r\n", "a\r\n..\r\nMAIL\r\n" },
    { "a\n.\nMAIL", "a\r\n.\r\nMAIL\r\n", "a\r\n..\r\nMAIL\r\n" },
    { "a\r.\rMAIL", "a\r\n.\r\nMAIL\r\n", "a\r\n..\r\nMAIL\r\n" },
    { "a\n.\r\nMAIL", "a\r\n.\r\nMAIL\r\n", "a\r\n..\r\nMAIL\r\n" },
    { "..a\n.b", "..a\r\n.b\r\n", "...a\r\n..b\r\n" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      GString *in = g_string_new (cases[i].in);
      GString *plain = encode (in, FALSE, 100, 100), *stuffed = encode (in, TRUE, 1, 4);
      g_assert_cmpstr (plain->str, ==, cases[i].plain);
      g_assert_cmpstr (stuffed->str, ==, cases[i].stuffed);
      g_string_free (in, TRUE);
      g_string_free (plain, TRUE);
      g_string_free (stuffed, TRUE);
    }
}

static void
test_measure (void)
{
  static const struct
  {
    const char *in;
    gboolean eight_bit, utf8_headers;
    gsize longest;
  } cases[] = {
    { "", FALSE, FALSE, 0 },
    { "S: a\n\nbody", FALSE, FALSE, 4 },
    { "S: \xc3\xa9\n\nbody", FALSE, TRUE, 5 },
    { "S: a\r\n\r\nb\xc3\xa9", TRUE, FALSE, 4 },
    { "\nlong line", FALSE, FALSE, 9 },
    { "\r\xff", TRUE, FALSE, 1 },
    { "S: a\r\n b: \xff\r\rbody with 12345678\xff", TRUE, TRUE, 19 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize piece = 1; piece < 40; piece++)
      {
        GString *in = g_string_new (cases[i].in);
        SoWireMeasure m = measure (in, piece);
        g_assert_cmpint (m.eight_bit, ==, cases[i].eight_bit);
        g_assert_cmpint (m.utf8_headers, ==, cases[i].utf8_headers);
        g_assert_cmpuint (m.longest_line, ==, cases[i].longest);
        g_string_free (in, TRUE);
      }
}

/* Of the body alone, and by the limit of RFC 5321. */
static void
test_long_lines (void)
{
  static const struct
  {
    const char *before;
    gsize octets;
    gboolean is_long;
  } cases[] = {
    { "S: a\n\n", 998, FALSE },
    { "S: a\n\n", 999, TRUE },
    { "S: a\r\n\r\nb\r\n", 999, TRUE },
    { "S: ", 2000, FALSE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize piece = 1; piece < 1200; piece += 100)
      {
        GString *in = g_string_new (cases[i].before);
        for (gsize n = 0; n < cases[i].octets; n++)
          g_string_append_c (in, 'x');
        g_assert_cmpint (measure (in, piece).long_lines, ==, cases[i].is_long);
        g_string_append (in, "\r\n\r\nend\r\n");
        g_assert_cmpint (measure (in, piece).long_lines, ==, cases[i].is_long);
        g_string_free (in, TRUE);
      }
}

/* Text of n octets in lines of 76 (base64 attachments look so). */
static GString *
large_text (gsize n, const char *line_end)
{
  GString *in = g_string_sized_new (n + 80);
  while (in->len < n)
    {
      for (int i = 0; i < 76; i++)
        g_string_append_c (in, (char)('A' + i % 26));
      g_string_append (in, line_end);
    }
  return in;
}

static double
gigabytes_per_second (const GString *in, gboolean meter)
{
  enum
  {
    ROUNDS = 8,
    PIECE = 65536
  };
  g_autofree char *out = g_malloc (2 * PIECE);
  gint64 start = g_get_monotonic_time ();
  for (int round = 0; round < ROUNDS; round++)
    {
      SoWire wire;
      so_wire_init (&wire, TRUE);
      SoWireMeter *gauge = so_wire_meter_new ();
      for (gsize i = 0; i < in->len;)
        {
          gsize used = MIN (PIECE, in->len - i);
          if (meter)
            so_wire_meter_feed (gauge, in->str + i, used);
          else
            so_wire_encode (&wire, in->str + i, used, &used, out, 2 * PIECE);
          i += used;
        }
      so_wire_meter_end (gauge);
    }
  gint64 us = MAX (g_get_monotonic_time () - start, 1);
  return (double)in->len * ROUNDS / 1000 / (double)us;
}

/* Figures with -m perf; no bar here, the machine may be busy. */
static void
test_speed (void)
{
  static const char *const ends[] = { "\r\n", "\n", "\r" };
  static const char *const names[] = { "CRLF", "LF", "CR" };
  gsize size = g_test_perf () ? 20 * 1000 * 1000 : 200 * 1000;
  for (int i = 0; i < 3; i++)
    {
      GString *in = large_text (size, ends[i]);
      GString *want = reference (in, TRUE), *got = encode (in, TRUE, 70000, 65536);
      assert_same (got, want);
      if (g_test_perf ())
        g_test_message ("%s: encoder %.2f GB/s, meter %.2f GB/s", names[i],
                        gigabytes_per_second (in, FALSE), gigabytes_per_second (in, TRUE));
      g_string_free (in, TRUE);
      g_string_free (want, TRUE);
      g_string_free (got, TRUE);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire/examples", test_examples);
  g_test_add_func ("/wire/every-short-input", test_every_short_input);
  g_test_add_func ("/wire/random", test_random);
  g_test_add_func ("/wire/measure", test_measure);
  g_test_add_func ("/wire/long-lines", test_long_lines);
  g_test_add_func ("/wire/large", test_speed);
  return g_test_run ();
}
