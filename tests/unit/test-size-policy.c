/*
 * test-size-policy.c - the table of size-policy.h, to the octet.
 */
#include "sendoff/size-policy.h"

#define NO SO_SIZE_IMPOSSIBLE
#define NEW SO_SIZE_UNTRIED
#define DONE SO_SIZE_TRIED

/* Limits of 100 (content) and 140 (wire) unless said otherwise. */
typedef struct
{
  SoSize size;
  guint64 announced;
  const char *steps; /* letters: z l h r */
  SoSizeTrial zip;
  SoSize zipped;
  SoSizeTrial link;
  SoSize linked;
  SoSizeAction action;
  SoSizeLimit limit;
  guint64 measured, allowed;
} Case;

static const Case cases[] = {
  /* fits, to the octet */
  { { 100, 140 }, 0, "zlh", NEW, { 0, 0 }, NEW, { 0, 0 }, SO_SIZE_SEND, SO_SIZE_LIMIT_NONE, 0, 0 },
  { { 0, 140 }, 0, "zlh", NEW, { 0, 0 }, NEW, { 0, 0 }, SO_SIZE_SEND, SO_SIZE_LIMIT_NONE, 0, 0 },
  { { 100, 140 }, 140, "", NO, { 0, 0 }, NO, { 0, 0 }, SO_SIZE_SEND, SO_SIZE_LIMIT_NONE, 0, 0 },
  { { 100, 140 }, 999, "", NO, { 0, 0 }, NO, { 0, 0 }, SO_SIZE_SEND, SO_SIZE_LIMIT_NONE, 0, 0 },
  /* which limit */
  { { 101, 99 },
    0,
    "h",
    NO,
    { 0, 0 },
    NO,
    { 0, 0 },
    SO_SIZE_HOLD,
    SO_SIZE_LIMIT_MESSAGE,
    101,
    100 },
  { { 101, 141 },
    0,
    "h",
    NO,
    { 0, 0 },
    NO,
    { 0, 0 },
    SO_SIZE_HOLD,
    SO_SIZE_LIMIT_MESSAGE,
    101,
    100 },
  { { 9, 141 }, 0, "h", NO, { 0, 0 }, NO, { 0, 0 }, SO_SIZE_HOLD, SO_SIZE_LIMIT_WIRE, 141, 140 },
  { { 0, 141 }, 999, "h", NO, { 0, 0 }, NO, { 0, 0 }, SO_SIZE_HOLD, SO_SIZE_LIMIT_WIRE, 141, 140 },
  { { 9, 121 },
    120,
    "h",
    NO,
    { 0, 0 },
    NO,
    { 0, 0 },
    SO_SIZE_HOLD,
    SO_SIZE_LIMIT_ANNOUNCED,
    121,
    120 },
  /* zip first: tried, then taken or passed over */
  { { 200, 270 },
    0,
    "zlh",
    NEW,
    { 0, 0 },
    NEW,
    { 0, 0 },
    SO_SIZE_ZIP,
    SO_SIZE_LIMIT_MESSAGE,
    200,
    100 },
  { { 200, 270 },
    0,
    "zlh",
    DONE,
    { 100, 140 },
    NEW,
    { 0, 0 },
    SO_SIZE_ZIP,
    SO_SIZE_LIMIT_MESSAGE,
    200,
    100 },
  { { 200, 270 },
    0,
    "zlh",
    DONE,
    { 101, 140 },
    NEW,
    { 0, 0 },
    SO_SIZE_LINK,
    SO_SIZE_LIMIT_MESSAGE,
    200,
    100 },
  { { 200, 270 },
    0,
    "zlh",
    DONE,
    { 100, 141 },
    NEW,
    { 0, 0 },
    SO_SIZE_LINK,
    SO_SIZE_LIMIT_MESSAGE,
    200,
    100 },
  { { 200, 270 },
    120,
    "zh",
    DONE,
    { 90, 121 },
    NEW,
    { 0, 0 },
    SO_SIZE_HOLD,
    SO_SIZE_LIMIT_MESSAGE,
    200,
    100 },
  /* links */
  { { 200, 270 },
    0,
    "zlh",
    NO,
    { 0, 0 },
    NEW,
    { 0, 0 },
    SO_SIZE_LINK,
    SO_SIZE_LIMIT_MESSAGE,
    200,
    100 },
  { { 200, 270 },
    0,
    "zlh",
    NO,
    { 0, 0 },
    DONE,
    { 2, 3 },
    SO_SIZE_LINK,
    SO_SIZE_LIMIT_MESSAGE,
    200,
    100 },
  { { 200, 270 },
    0,
    "zlh",
    NO,
    { 0, 0 },
    DONE,
    { 150, 200 },
    SO_SIZE_HOLD,
    SO_SIZE_LIMIT_MESSAGE,
    200,
    100 },
  { { 200, 270 },
    0,
    "lzh",
    NEW,
    { 0, 0 },
    NEW,
    { 0, 0 },
    SO_SIZE_LINK,
    SO_SIZE_LIMIT_MESSAGE,
    200,
    100 },
  /* nothing can be done: signed, or no link-command */
  { { 200, 270 },
    0,
    "zlh",
    NO,
    { 0, 0 },
    NO,
    { 0, 0 },
    SO_SIZE_HOLD,
    SO_SIZE_LIMIT_MESSAGE,
    200,
    100 },
  { { 200, 270 },
    0,
    "zlr",
    NO,
    { 0, 0 },
    NO,
    { 0, 0 },
    SO_SIZE_REFUSE,
    SO_SIZE_LIMIT_MESSAGE,
    200,
    100 },
  { { 200, 270 },
    0,
    "r",
    NEW,
    { 0, 0 },
    NEW,
    { 0, 0 },
    SO_SIZE_REFUSE,
    SO_SIZE_LIMIT_MESSAGE,
    200,
    100 },
  /* a list that ends without hold or refuse, and an empty one */
  { { 200, 270 },
    0,
    "zl",
    NO,
    { 0, 0 },
    NO,
    { 0, 0 },
    SO_SIZE_HOLD,
    SO_SIZE_LIMIT_MESSAGE,
    200,
    100 },
  { { 200, 270 },
    0,
    "",
    NEW,
    { 0, 0 },
    NEW,
    { 0, 0 },
    SO_SIZE_HOLD,
    SO_SIZE_LIMIT_MESSAGE,
    200,
    100 },
};

static guint
steps_of (const char *letters, SoOversize *steps)
{
  guint n = 0;
  for (; letters[n] != '\0'; n++)
    steps[n] = letters[n] == 'z'   ? SO_OVERSIZE_ZIP
               : letters[n] == 'l' ? SO_OVERSIZE_LINK
               : letters[n] == 'h' ? SO_OVERSIZE_HOLD
                                   : SO_OVERSIZE_REFUSE;
  return n;
}

static void
test_table (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SoOversize steps[SO_OVERSIZE_STEPS];
      SoSizeQuestion question = { .size = cases[i].size,
                                  .message_limit = 100,
                                  .wire_limit = 140,
                                  .announced = cases[i].announced,
                                  .steps = steps,
                                  .n_steps = steps_of (cases[i].steps, steps),
                                  .zip = cases[i].zip,
                                  .link = cases[i].link,
                                  .zipped = cases[i].zipped,
                                  .linked = cases[i].linked };
      SoSizeDecision decision = so_size_policy (&question);
      g_test_message ("case %" G_GSIZE_FORMAT, i);
      g_assert_cmpint (decision.action, ==, cases[i].action);
      g_assert_cmpint (decision.limit, ==, cases[i].limit);
      g_assert_cmpuint (decision.size, ==, cases[i].measured);
      g_assert_cmpuint (decision.allowed, ==, cases[i].allowed);
      g_autofree char *words = so_size_policy_explain (&decision, "X");
      g_assert_true ((words[0] == '\0') == (decision.action == SO_SIZE_SEND));
    }
}

static void
test_no_limits (void)
{
  SoSizeQuestion question = { .size = { G_MAXUINT64, G_MAXUINT64 } };
  g_assert_cmpint (so_size_policy (&question).action, ==, SO_SIZE_SEND);
  question.announced = 1000;
  SoSizeDecision decision = so_size_policy (&question);
  g_assert_cmpint (decision.action, ==, SO_SIZE_HOLD);
  g_assert_cmpint (decision.limit, ==, SO_SIZE_LIMIT_ANNOUNCED);
}

static void
test_words (void)
{
  SoSizeDecision decision = { SO_SIZE_HOLD, SO_SIZE_LIMIT_MESSAGE, 23400000, 20000000 };
  g_autofree char *words = so_size_policy_explain (&decision, "iCloud Mail");
  g_assert_cmpstr (words, ==, "23.4 MB of text and attachments; iCloud Mail takes 20.0 MB");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/size-policy/table", test_table);
  g_test_add_func ("/size-policy/no-limits", test_no_limits);
  g_test_add_func ("/size-policy/words", test_words);
  return g_test_run ();
}
