/*
 * test-submission.c - who speaks for a message with several recipients.
 */
#include <fcntl.h>
#include <unistd.h>

#include "sendoff/submission.h"

#define END (-1)

static SoSubmission *
with_outcomes (const int *outcomes)
{
  SoSubmission *submission = so_submission_new ("me@icloud.com", -1);
  for (; *outcomes != END; outcomes++)
    {
      SoRecipient *recipient = so_submission_add (submission, "you@example.org");
      if (*outcomes != SO_OUTCOME_NONE)
        recipient->verdict = so_verdict_new ((SoOutcome)*outcomes, SO_SCOPE_RECIPIENT,
                                             SO_STAGE_RCPT, so_outcome_name (*outcomes));
    }
  return submission;
}

static void
test_outcome (void)
{
  enum
  {
    N = SO_OUTCOME_NONE,
    A = SO_OUTCOME_ACCEPTED,
    D = SO_OUTCOME_DEFERRED,
    R = SO_OUTCOME_REJECTED,
    U = SO_OUTCOME_UNCERTAIN
  };
  static const struct
  {
    int outcomes[5];
    int want;
  } cases[] = {
    { { END }, N },          { { A, END }, A },          { { A, A, END }, A },
    { { A, N, END }, N },    { { N, D, A, END }, D },    { { A, D, R, END }, R },
    { { R, D, A, END }, R }, { { R, A, U, D, END }, U },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SoSubmission *submission = with_outcomes (cases[i].outcomes);
      g_assert_cmpint (so_submission_outcome (submission), ==, cases[i].want);
      const SoVerdict *speaker = so_submission_speaker (submission);
      if (cases[i].want == N)
        g_assert_null (speaker);
      else
        g_assert_cmpstr (speaker->note, ==, so_outcome_name ((SoOutcome)cases[i].want));
      so_submission_free (submission);
    }
}

static void
test_settle (void)
{
  static const int outcomes[] = { SO_OUTCOME_ACCEPTED, SO_OUTCOME_NONE, SO_OUTCOME_NONE, END };
  SoSubmission *submission = with_outcomes (outcomes);
  g_autoptr (SoVerdict) lost
      = so_verdict_new (SO_OUTCOME_UNCERTAIN, SO_SCOPE_CONNECTION, SO_STAGE_FINAL, "lost");
  lost->reply = so_reply_new (421, "4.3.0", "bye");
  so_submission_settle (submission, lost);

  const SoRecipient *first = g_ptr_array_index (submission->recipients, 0);
  const SoRecipient *last = g_ptr_array_index (submission->recipients, 2);
  g_assert_cmpint (first->verdict->outcome, ==, SO_OUTCOME_ACCEPTED);
  g_assert_cmpint (last->verdict->outcome, ==, SO_OUTCOME_UNCERTAIN);
  g_assert_cmpstr (last->verdict->note, ==, "lost");
  g_assert_cmpstr (last->verdict->reply->text, ==, "bye");
  g_assert_true (last->verdict->reply != lost->reply);
  so_submission_free (submission);
}

static void
test_owns_fd (void)
{
  int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  so_submission_free (so_submission_new ("", fd));
  g_assert_cmpint (fcntl (fd, F_GETFD), ==, -1);
}

static void
test_names (void)
{
  g_assert_cmpstr (so_outcome_name (SO_OUTCOME_UNCERTAIN), ==, "uncertain");
  g_assert_cmpstr (so_scope_name (SO_SCOPE_ACCOUNT), ==, "account");
  g_assert_cmpstr (so_stage_name (SO_STAGE_FINAL), ==, "final");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/submission/outcome", test_outcome);
  g_test_add_func ("/submission/settle", test_settle);
  g_test_add_func ("/submission/owns-fd", test_owns_fd);
  g_test_add_func ("/submission/names", test_names);
  return g_test_run ();
}
