/*
 * test-reply.c - replies right, odd and hostile, in one piece and in many.
 */
#include <string.h>

#include "sendoff/reply.h"
#include "sendoff/text.h"

typedef struct
{
  const char *in;
  gssize length; /* -1: NUL-terminated */
  SoReplyState state;
  int code;
  const char *enhanced;
  const char *text;
} Case;

static const Case cases[] = {
  { "250 2.0.0 Ok: queued as 1A2B\r\n", -1, SO_REPLY_DONE, 250, "2.0.0", "Ok: queued as 1A2B" },
  { "250\r\n", -1, SO_REPLY_DONE, 250, "", "" },
  { "250 \r\n", -1, SO_REPLY_DONE, 250, "", "" },
  { "250\n", -1, SO_REPLY_DONE, 250, "", "" },
  { "250 ok\n", -1, SO_REPLY_DONE, 250, "", "ok" },
  { "250-a\r\n250-b\r\n250 c\r\n", -1, SO_REPLY_DONE, 250, "", "a\nb\nc" },
  { "250-a\r\n250\r\n", -1, SO_REPLY_DONE, 250, "", "a\n" },
  { "250-\r\n250 c\r\n", -1, SO_REPLY_DONE, 250, "", "\nc" },
  { "550-5.7.1 one\r\n550 5.7.1 two\r\n", -1, SO_REPLY_DONE, 550, "5.7.1", "one\ntwo" },
  { "550-one\r\n550 5.7.1 two\r\n", -1, SO_REPLY_DONE, 550, "5.7.1", "one\ntwo" },
  { "550-5.7.1 one\r\n550 5.1.1 two\r\n", -1, SO_REPLY_DONE, 550, "5.7.1", "one\n5.1.1 two" },
  { "535 5.7.139 no\r\n", -1, SO_REPLY_DONE, 535, "5.7.139", "no" },
  { "534-5.7.9 app password\r\n534 5.7.9 https://x\r\n", -1, SO_REPLY_DONE, 534, "5.7.9",
    "app password\nhttps://x" },
  { "550 4.7.1 disagrees\r\n", -1, SO_REPLY_DONE, 550, "", "4.7.1 disagrees" },
  { "450 5.1.1 disagrees\r\n", -1, SO_REPLY_DONE, 450, "", "5.1.1 disagrees" },
  { "550 5.7.1\r\n", -1, SO_REPLY_DONE, 550, "5.7.1", "" },
  { "550 5.7.1234 x\r\n", -1, SO_REPLY_DONE, 550, "", "5.7.1234 x" },
  { "550 5.7 x\r\n", -1, SO_REPLY_DONE, 550, "", "5.7 x" },
  { "550 5.7. x\r\n", -1, SO_REPLY_DONE, 550, "", "5.7. x" },
  { "550 5.7.1x\r\n", -1, SO_REPLY_DONE, 550, "", "5.7.1x" },
  { "550 5.999.999 x\r\n", -1, SO_REPLY_DONE, 550, "5.999.999", "x" },
  { "354 3.0.0 go\r\n", -1, SO_REPLY_DONE, 354, "", "3.0.0 go" },
  { "334 \r\n", -1, SO_REPLY_DONE, 334, "", "" },
  { "599 x\r\n", -1, SO_REPLY_DONE, 599, "", "x" },
  { "220 a\0b\r\n", 9, SO_REPLY_DONE, 220, "", "a\\x00b" },
  { "220 \xff\x1b[2J\r\n", -1, SO_REPLY_DONE, 220, "", "\xff\x1b[2J" },
  { "220 a\rb\r\n", -1, SO_REPLY_DONE, 220, "", "a\rb" },
  { "220 two  blanks\r\n", -1, SO_REPLY_DONE, 220, "", "two  blanks" },
  { "250-a\r\n", -1, SO_REPLY_MORE, 0, "", "" },
  { "250 unfinished", -1, SO_REPLY_MORE, 0, "", "" },
  { "", -1, SO_REPLY_MORE, 0, "", "" },
  { "250-a\r\n251 b\r\n", -1, SO_REPLY_GARBAGE, 0, "", "251 b" },
  { "250-a\r\n550 5.7.1 b\r\n", -1, SO_REPLY_GARBAGE, 0, "", "550 5.7.1 b" },
  { "\r\n", -1, SO_REPLY_GARBAGE, 0, "", "" },
  { "25\r\n", -1, SO_REPLY_GARBAGE, 0, "", "25" },
  { "2500 x\r\n", -1, SO_REPLY_GARBAGE, 0, "", "2500 x" },
  { "250x\r\n", -1, SO_REPLY_GARBAGE, 0, "", "250x" },
  { "150 x\r\n", -1, SO_REPLY_GARBAGE, 0, "", "150 x" },
  { "600 x\r\n", -1, SO_REPLY_GARBAGE, 0, "", "600 x" },
  { "000 x\r\n", -1, SO_REPLY_GARBAGE, 0, "", "000 x" },
  { " 250 x\r\n", -1, SO_REPLY_GARBAGE, 0, "", " 250 x" },
  { "HTTP/1.1 400 Bad Request\r\n", -1, SO_REPLY_GARBAGE, 0, "", "HTTP/1.1 400 Bad Request" },
  { "\0\0\n", 3, SO_REPLY_GARBAGE, 0, "", "\\x00\\x00" },
};

static gsize
case_length (const Case *c)
{
  return c->length < 0 ? strlen (c->in) : (gsize)c->length;
}

/* Feeds in pieces of 1 to max octets, each an exact copy. */
static SoReplyState
feed (SoReplyParser *parser, const char *in, gsize length, gsize max, gsize *eaten)
{
  SoReplyState state = SO_REPLY_MORE;
  *eaten = 0;
  while (*eaten < length && state == SO_REPLY_MORE)
    {
      gsize used, piece = 1 + (gsize)g_test_rand_int_range (0, (gint32)max);
      piece = MIN (piece, length - *eaten);
      g_autofree char *exact = g_memdup2 (in + *eaten, piece);
      state = so_reply_parser_feed (parser, exact, piece, &used);
      g_assert_cmpuint (used, <=, piece);
      *eaten += used;
    }
  return state;
}

static void
test_cases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize piece = 1; piece < 60; piece += 3)
      {
        gsize eaten;
        g_autoptr (SoReplyParser) parser = so_reply_parser_new ();
        SoReplyState state = feed (parser, cases[i].in, case_length (&cases[i]), piece, &eaten);
        g_assert_cmpint (state, ==, cases[i].state);
        g_autoptr (SoReply) reply = so_reply_parser_take (parser);
        g_assert_true ((reply != NULL) == (state != SO_REPLY_MORE));
        if (reply == NULL)
          continue;
        g_assert_cmpint (reply->code, ==, cases[i].code);
        g_assert_cmpstr (reply->enhanced, ==, cases[i].enhanced);
        g_assert_cmpstr (reply->text, ==, cases[i].text);
      }
}

static void
test_stream (void)
{
  static const char in[] = "250 2.1.0 one\r\n550-5.1.1 two\r\n550 5.1.1 three\r\n354 four\r\n";
  static const char *const lines[] = { "250 2.1.0 one", "550 5.1.1 two three", "354 four" };
  g_autoptr (SoReplyParser) parser = so_reply_parser_new ();
  gsize at = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      gsize used;
      g_assert_cmpint (so_reply_parser_feed (parser, in + at, sizeof in - 1 - at, &used), ==,
                       SO_REPLY_DONE);
      /* Until the reply is taken nothing more is eaten. */
      gsize more;
      g_assert_cmpint (so_reply_parser_feed (parser, "250 x\r\n", 7, &more), ==, SO_REPLY_DONE);
      g_assert_cmpuint (more, ==, 0);
      g_autoptr (SoReply) reply = so_reply_parser_take (parser);
      g_autofree char *line = so_reply_line (reply);
      g_assert_cmpstr (line, ==, lines[i]);
      at += used;
    }
  g_assert_cmpuint (at, ==, sizeof in - 1);
}

/* However the octets come, no more than SO_REPLY_MAX of them are taken. */
static void
assert_bounded (const char *unit)
{
  GString *in = g_string_new (NULL);
  while (in->len < 3 * SO_REPLY_MAX)
    g_string_append (in, unit);
  gsize eaten;
  g_autoptr (SoReplyParser) parser = so_reply_parser_new ();
  g_assert_cmpint (feed (parser, in->str, in->len, 5000, &eaten), ==, SO_REPLY_TOO_LONG);
  g_assert_cmpuint (eaten, ==, SO_REPLY_MAX);
  g_assert_null (so_reply_parser_take (parser));
  g_string_free (in, TRUE);
}

static void
test_flood (void)
{
  assert_bounded ("x");
  assert_bounded ("250-more\r\n");
  assert_bounded ("250-\n");
}

static void
test_long_line (void)
{
  GString *in = g_string_new ("250 ");
  for (int i = 0; i < 5000; i++)
    g_string_append_c (in, 'x');
  g_string_append (in, "\r\n");
  gsize eaten;
  g_autoptr (SoReplyParser) parser = so_reply_parser_new ();
  g_assert_cmpint (feed (parser, in->str, in->len, 700, &eaten), ==, SO_REPLY_DONE);
  g_autoptr (SoReply) reply = so_reply_parser_take (parser);
  g_assert_cmpuint (strlen (reply->text), ==, 5000);
  g_autofree char *line = so_reply_line (reply);
  g_assert_cmpuint (strlen (line), <=, SO_TEXT_LINE_MAX + strlen ("…"));
  g_string_free (in, TRUE);
}

/* Any octets: the state is one of four, a finished reply is one a caller can use. */
static void
test_random (void)
{
  static const char alphabet[] = "0123459 -.\r\n\0\xff"
                                 "a";
  for (int i = 0; i < 20000; i++)
    {
      char in[40];
      gsize n = (gsize)g_test_rand_int_range (0, sizeof in), once, pieces;
      for (gsize j = 0; j < n; j++)
        in[j] = alphabet[g_test_rand_int_range (0, sizeof alphabet - 1)];
      if (i % 2 == 0 && n > 3)
        memcpy (in, "250", 3);
      g_autoptr (SoReplyParser) a = so_reply_parser_new (), b = so_reply_parser_new ();
      SoReplyState state = feed (a, in, n, sizeof in, &once);
      g_assert_cmpint (feed (b, in, n, 1 + n / 4, &pieces), ==, state);
      g_assert_cmpuint (once, ==, pieces);
      g_autoptr (SoReply) ra = so_reply_parser_take (a), rb = so_reply_parser_take (b);
      g_assert_true ((ra == NULL) == (rb == NULL));
      if (ra == NULL)
        continue;
      g_assert_cmpint (ra->code, ==, rb->code);
      g_assert_cmpstr (ra->text, ==, rb->text);
      g_assert_true (ra->code == 0 || (ra->code >= 200 && ra->code <= 599));
      g_autofree char *line = so_reply_line (ra);
      g_assert_true (so_text_is_clean (line, -1));
    }
}

static void
test_line (void)
{
  static const struct
  {
    int code;
    const char *enhanced, *text, *line;
  } lines[] = {
    { 550, "5.1.1", "no such user", "550 5.1.1 no such user" },
    { 250, "", "", "250" },
    { 550, "", "a\nb", "550 a b" },
    { 0, "", "220 ****\x1b", "220 ****\\x1B" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autoptr (SoReply) reply = so_reply_new (lines[i].code, lines[i].enhanced, lines[i].text);
      g_autoptr (SoReply) copy = so_reply_copy (reply);
      g_autofree char *line = so_reply_line (copy);
      g_assert_cmpstr (line, ==, lines[i].line);
    }
  g_assert_null (so_reply_copy (NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/reply/cases", test_cases);
  g_test_add_func ("/reply/stream", test_stream);
  g_test_add_func ("/reply/flood", test_flood);
  g_test_add_func ("/reply/long-line", test_long_line);
  g_test_add_func ("/reply/random", test_random);
  g_test_add_func ("/reply/line", test_line);
  return g_test_run ();
}
