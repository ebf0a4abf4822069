/*
 * test-reply-book.c - the dictionary of replies: format, matching, and the one shipped.
 */
#include <string.h>

#include "sendoff/cause.h"
#include "sendoff/config-data.h"
#include "sendoff/error.h"
#include "sendoff/reply-book.h"

#define MEANS "outcome = deferred\nscope = account\ncause = x-y\n"

static gboolean
finds (const char *keys, const char *preset, SoStage stage, int code, const char *enhanced,
       const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *conf = g_strconcat ("[e]\n", keys, MEANS, NULL);
  SoReplyBook *book = so_reply_book_parse (conf, "book", &error);
  g_assert_no_error (error);
  g_autoptr (SoReply) reply = so_reply_new (code, enhanced, text);
  SoReplyMeaning meaning;
  gboolean found = so_reply_book_find (book, preset, stage, reply, &meaning);
  if (found)
    {
      g_assert_cmpint (meaning.outcome, ==, SO_OUTCOME_DEFERRED);
      g_assert_cmpint (meaning.scope, ==, SO_SCOPE_ACCOUNT);
      g_assert_cmpstr (meaning.cause, ==, "x-y");
    }
  so_reply_book_free (book);
  return found;
}

static void
test_match (void)
{
  static const struct
  {
    const char *keys;
    int code;
    const char *enhanced, *text;
    gboolean found;
  } cases[] = {
    { "code = 550\n", 550, "", "", TRUE },
    { "code = 550\n", 551, "", "", FALSE },
    { "code = 450, 55x\n", 551, "", "", TRUE },
    { "code = 5xx\n", 450, "", "", FALSE },
    { "code = 5xx\n", 599, "", "", TRUE },
    { "enhanced = 5.7.1\n", 550, "5.7.1", "", TRUE },
    { "enhanced = 5.7.1\n", 550, "5.7.139", "", FALSE },
    { "enhanced = 5.7.139\n", 535, "5.7.1", "", FALSE },
    { "enhanced = 5.7.x\n", 550, "5.7.139", "", TRUE },
    { "enhanced = 5.x\n", 550, "5.7.139", "", TRUE },
    { "enhanced = 5.7.x\n", 550, "", "", FALSE },
    { "text = Daily Limit\n", 550, "", "your dAILY limit is over", TRUE },
    { "text = daily limit\n", 550, "", "your daily\nlimit is over", TRUE },
    { "text = daily limit\n", 550, "", "your dai", FALSE },
    { "text = daily*limit\n", 550, "", "your daily limit", FALSE },
    { "text = *daily*limit\n", 550, "", "your daily \xff limit", TRUE },
    { "text = ÄÖ\n", 550, "", "äö", TRUE },
    { "code = 5xx\ntext = a\n", 450, "", "a", FALSE },
    { "text = a\n", 250, "", "a", FALSE },
    { "text = a\n", 354, "", "a", FALSE },
    { "text = a\n", 0, "", "a", FALSE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (finds (cases[i].keys, "icloud", SO_STAGE_RCPT, cases[i].code,
                            cases[i].enhanced, cases[i].text),
                     ==, cases[i].found);
}

static void
test_preset_and_stage (void)
{
  const char *keys = "code=550\npreset = icloud, gmail\nstage = mail, final\n";
  g_assert_true (finds (keys, "gmail", SO_STAGE_FINAL, 550, "", ""));
  g_assert_false (finds (keys, "outlook", SO_STAGE_FINAL, 550, "", ""));
  g_assert_false (finds (keys, "", SO_STAGE_FINAL, 550, "", ""));
  g_assert_false (finds (keys, "gmail", SO_STAGE_RCPT, 550, "", ""));
  g_assert_true (finds ("code=550\n", "", SO_STAGE_RCPT, 550, "", ""));
}

static void
test_first_wins (void)
{
  g_autoptr (GError) error = NULL;
  SoReplyBook *book = so_reply_book_parse (
      "[a]\ncode=55x\ntext=no\noutcome=rejected\nscope=message\ncause=first\n"
      "[b]\ncode=550\noutcome=deferred\nscope=account\ncause=second\n",
      "book", &error);
  g_assert_no_error (error);
  g_autoptr (SoReply) no = so_reply_new (550, "", "no"), yes = so_reply_new (550, "", "yes");
  SoReplyMeaning meaning;
  g_assert_true (so_reply_book_find (book, "", SO_STAGE_RCPT, no, &meaning));
  g_assert_cmpstr (meaning.cause, ==, "first");
  g_assert_true (so_reply_book_find (book, "", SO_STAGE_RCPT, yes, &meaning));
  g_assert_cmpstr (meaning.cause, ==, "second");
  g_assert_false (so_reply_book_find (NULL, "", SO_STAGE_RCPT, yes, &meaning));
  so_reply_book_free (book);
}

static void
test_bad (void)
{
  static const struct
  {
    const char *conf, *where;
  } cases[] = {
    { "[e]\ncode = 250\n" MEANS, "book:2: code: " },
    { "[e]\ncode = x50\n" MEANS, "book:2: code: " },
    { "[e]\ncode =\n" MEANS, "book:2: code: " },
    { "[e]\nenhanced = 5.7\n" MEANS, "book:2: enhanced: " },
    { "[e]\nenhanced = 2.0.0\n" MEANS, "book:2: enhanced: " },
    { "[e]\ncode = 550\nstage = helo\n" MEANS, "book:3: stage: " },
    { "[e]\ncode = 550\nstage =\n" MEANS, "book:3: stage: " },
    { "[e]\ntext =\n" MEANS, "book:2: text: " },
    { "[e]\ncode = 550\ncolour = red\n" MEANS, "book:3: colour: " },
    { "[e]\ncode = 550\npreset = A B\n" MEANS, "book:3: preset: " },
    { "[e]\n" MEANS, "book:1: e: " },
    { "[e]\ncode=550\nscope=account\ncause=x\n", "book:1: e: " },
    { "[e]\ncode=550\noutcome=deferred\ncause=x\n", "book:1: e: " },
    { "[e]\ncode=550\noutcome=deferred\nscope=account\n", "book:1: e: " },
    { "[e]\ncode=550\noutcome=accepted\nscope=account\ncause=x\n", "book:3: outcome: " },
    { "[e]\ncode=550\noutcome=uncertain\nscope=account\ncause=x\n", "book:3: outcome: " },
    { "[e]\ncode=550\noutcome=deferred\nscope=world\ncause=x\n", "book:4: scope: " },
    { "[e]\ncode=550\noutcome=deferred\nscope=account\ncause=X!\n", "book:5: cause: " },
    { "[e]\ncode=550\noutcome=deferred\nscope=account\n"
      "cause=a-cause-that-is-longer-than-its-field\n",
      "book:5: cause: " },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (so_reply_book_parse (cases[i].conf, "book", &error));
      g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_CONFIG);
      g_assert_true (g_str_has_prefix (error->message, cases[i].where));
    }
}

/* Every cause the shipped book can give has words. */
static void
test_shipped (void)
{
  g_autoptr (GError) error = NULL;
  const char *text = so_config_data_builtin ("replies.conf");
  g_assert_nonnull (text);
  SoReplyBook *book = so_reply_book_parse (text, "replies.conf", &error);
  g_assert_no_error (error);
  so_reply_book_free (book);

  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint causes = 0;
  for (char **line = lines; *line != NULL; line++)
    if (g_str_has_prefix (*line, "cause = "))
      {
        causes++;
        g_assert_cmpstr (so_cause_explain (*line + strlen ("cause = ")), !=, "");
      }
  g_assert_cmpuint (causes, >, 10);
  g_assert_null (so_config_data_builtin ("no-such.conf"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/reply-book/match", test_match);
  g_test_add_func ("/reply-book/preset-and-stage", test_preset_and_stage);
  g_test_add_func ("/reply-book/first-wins", test_first_wins);
  g_test_add_func ("/reply-book/bad", test_bad);
  g_test_add_func ("/reply-book/shipped", test_shipped);
  return g_test_run ();
}
