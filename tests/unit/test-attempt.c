/* test-attempt.c - the attempt log: what stands for a recipient, whatever was torn. */
#include <string.h>

#include "sendoff/attempt.h"

static void
put (GString *log, gint64 key, const char *address, SoOutcome outcome, const char *text)
{
  g_autoptr (SoVerdict) verdict = so_verdict_new (outcome, SO_SCOPE_RECIPIENT, SO_STAGE_RCPT, "");
  verdict->reply = so_reply_new (outcome == SO_OUTCOME_ACCEPTED ? 250 : 450, "4.2.0", text);
  so_attempt_put_verdict (log, key, key, "smtp.example.org:587", address, verdict);
}

static GString *
new_log (void)
{
  return g_string_new (SO_ATTEMPT_LOG_HEAD);
}

static void
test_round_trip (void)
{
  g_autoptr (GString) text = new_log ();
  SoEntryName next = { SO_ENTRY_HELD, "user", 300, "" };
  put (text, 100, "a@x", SO_OUTCOME_DEFERRED, "first\nsecond\tand \033[31m");
  so_attempt_put_then (text, 100, 100, &next);
  so_attempt_put_note (text, 200, "held by a person");
  g_autoptr (SoAttemptLog) log = so_attempt_log_parse (text->str, text->len);
  g_assert_cmpuint (log->records->len, ==, 3);
  g_assert_cmpuint (log->n_bad, ==, 0);
  g_assert_cmpuint (log->n_attempts, ==, 1);
  const SoVerdict *verdict = so_attempt_log_verdict (log, "a@x");
  g_assert_cmpstr (verdict->reply->text, ==, "first second and \\x1B[31m");
  g_assert_cmpint (verdict->reply->code, ==, 450);
  g_assert_cmpint (so_attempt_log_then (log, 100)->state, ==, SO_ENTRY_HELD);
  g_assert_cmpint (so_attempt_log_then (log, 100)->stamp, ==, 300);
  g_assert_null (so_attempt_log_then (log, 101));
  g_assert_cmpstr (so_attempt_log_last (log)->text, ==, "held by a person");
}

static void
test_accepted_stays (void)
{
  g_autoptr (GString) text = new_log ();
  put (text, 1, "a@x", SO_OUTCOME_ACCEPTED, "");
  put (text, 1, "b@x", SO_OUTCOME_REJECTED, "");
  put (text, 1, "c@x", SO_OUTCOME_DEFERRED, "");
  put (text, 2, SO_ATTEMPT_ALL, SO_OUTCOME_DEFERRED, "");
  {
    g_autoptr (SoAttemptLog) log = so_attempt_log_parse (text->str, text->len);
    g_assert_true (so_attempt_log_settled (log, "a@x"));
    g_assert_true (so_attempt_log_settled (log, "b@x"));
    g_assert_false (so_attempt_log_settled (log, "c@x"));
    g_assert_false (so_attempt_log_settled (log, "d@x"));
    g_assert_true (so_attempt_log_covers (log, 2, "c@x"));
    g_assert_false (so_attempt_log_covers (log, 2, "a@x"));
    g_assert_cmpuint (log->n_attempts, ==, 2);
  }
  so_attempt_put_again (text, 3);
  put (text, 4, "a@x", SO_OUTCOME_DEFERRED, "");
  g_autoptr (SoAttemptLog) log = so_attempt_log_parse (text->str, text->len);
  g_assert_true (so_attempt_log_settled (log, "a@x"));
  g_assert_false (so_attempt_log_settled (log, "b@x"));
}

/* Doubt outlives later attempts; a copy proves it for those who were in every doubtful one. */
static void
test_doubt (void)
{
  g_autoptr (GString) text = new_log ();
  put (text, 1, "a@x", SO_OUTCOME_UNCERTAIN, "");
  put (text, 1, "b@x", SO_OUTCOME_DEFERRED, "");
  put (text, 2, SO_ATTEMPT_ALL, SO_OUTCOME_UNCERTAIN, "");
  put (text, 3, SO_ATTEMPT_ALL, SO_OUTCOME_DEFERRED, "");
  {
    g_autoptr (SoAttemptLog) log = so_attempt_log_parse (text->str, text->len);
    g_assert_cmpint (so_attempt_log_doubt (log, "a@x"), ==, SO_DOUBT_EVERY);
    g_assert_cmpint (so_attempt_log_doubt (log, "b@x"), ==, SO_DOUBT_SOME);
  }
  put (text, 4, "a@x", SO_OUTCOME_ACCEPTED, "");
  {
    g_autoptr (SoAttemptLog) log = so_attempt_log_parse (text->str, text->len);
    g_assert_cmpint (so_attempt_log_doubt (log, "a@x"), ==, SO_DOUBT_NONE);
    g_assert_cmpint (so_attempt_log_doubt (log, "b@x"), ==, SO_DOUBT_SOME);
  }
  so_attempt_put_again (text, 5);
  g_autoptr (SoAttemptLog) log = so_attempt_log_parse (text->str, text->len);
  g_assert_cmpint (so_attempt_log_doubt (log, "b@x"), ==, SO_DOUBT_NONE);
}

/* Cut anywhere: never more is settled than was, and nothing but the last record is lost. */
static void
test_every_cut (void)
{
  g_autoptr (GString) text = new_log ();
  put (text, 1, "a@x", SO_OUTCOME_ACCEPTED, "queued as 1");
  gsize first = text->len;
  put (text, 1, "b@x", SO_OUTCOME_ACCEPTED, "queued as 1");
  for (gsize n = 0; n < text->len; n++)
    {
      g_autoptr (SoAttemptLog) log = so_attempt_log_parse (text->str, n);
      g_assert_false (log->foreign);
      g_assert_cmpint (so_attempt_log_settled (log, "a@x"), ==, n >= first);
      g_assert_false (so_attempt_log_settled (log, "b@x"));
      g_assert_cmpuint (log->n_bad, ==, 0);
    }
}

/* A torn line that was ended later is passed over and counted. */
static void
test_bad_lines (void)
{
  g_autoptr (GString) text = new_log ();
  g_string_append (text, "19700101T000001Z\tverdict\t19700101T000001Z\taccepted\trecip\n");
  g_string_append_len (text, "\0\0\0\0\n", 5);
  g_string_append (text, "19700101T000001Z\tthen\t19700101T000001Z\tsending\t\t19700101T000001Z\n");
  put (text, 5, "b@x", SO_OUTCOME_ACCEPTED, "");
  g_autoptr (SoAttemptLog) log = so_attempt_log_parse (text->str, text->len);
  g_assert_cmpuint (log->n_bad, ==, 3);
  g_assert_true (so_attempt_log_settled (log, "b@x"));
  g_autoptr (SoAttemptLog) foreign = so_attempt_log_parse ("sendoff attempts 2\n", 19);
  g_assert_true (foreign->foreign);
}

/* Of the last attempt, the verdict that stops the entry is the one to be told. */
static void
test_last (void)
{
  g_autoptr (GString) text = new_log ();
  put (text, 1, "a@x", SO_OUTCOME_DEFERRED, "old");
  put (text, 2, "a@x", SO_OUTCOME_REJECTED, "the reason");
  put (text, 2, "b@x", SO_OUTCOME_ACCEPTED, "fine");
  g_autoptr (SoAttemptLog) log = so_attempt_log_parse (text->str, text->len);
  g_assert_cmpstr (so_attempt_log_last (log)->verdict->reply->text, ==, "the reason");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/attempt/round-trip", test_round_trip);
  g_test_add_func ("/attempt/accepted-stays", test_accepted_stays);
  g_test_add_func ("/attempt/every-cut", test_every_cut);
  g_test_add_func ("/attempt/doubt", test_doubt);
  g_test_add_func ("/attempt/bad-lines", test_bad_lines);
  g_test_add_func ("/attempt/last", test_last);
  return g_test_run ();
}
