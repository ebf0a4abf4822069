/*
 * test-verdict.c - what each kind of reply means at each stage, with the book and without.
 */
#include "sendoff/cause.h"
#include "sendoff/config-data.h"
#include "sendoff/verdict.h"

#define CONNECT SO_STAGE_CONNECT
#define AUTH SO_STAGE_AUTH
#define MAIL SO_STAGE_MAIL
#define RCPT SO_STAGE_RCPT
#define DATA SO_STAGE_DATA
#define FINAL SO_STAGE_FINAL

typedef struct
{
  const char *preset;
  SoStage stage;
  int code;
  const char *enhanced, *text;
  const char *outcome, *scope, *cause;
} Case;

static const Case cases[] = {
  /* all is well */
  { "", CONNECT, 220, "", "", "accepted", "connection", "" },
  { "", CONNECT, 250, "", "", "accepted", "connection", "" },
  { "", AUTH, 235, "2.7.0", "", "accepted", "account", "" },
  { "", MAIL, 250, "2.1.0", "", "accepted", "message", "" },
  { "", RCPT, 250, "2.1.5", "", "accepted", "recipient", "" },
  { "", RCPT, 251, "", "", "accepted", "recipient", "" },
  { "", DATA, 354, "", "", "accepted", "message", "" },
  { "", FINAL, 250, "2.0.0", "queued", "accepted", "message", "" },
  { "", FINAL, 259, "", "unknown, by its first digit", "accepted", "message", "" },
  /* positive, but out of place */
  { "", MAIL, 220, "", "", "deferred", "connection", "protocol" },
  { "", MAIL, 354, "", "", "deferred", "connection", "protocol" },
  { "", RCPT, 235, "", "", "deferred", "connection", "protocol" },
  { "", RCPT, 354, "", "", "deferred", "connection", "protocol" },
  { "", DATA, 250, "", "", "deferred", "connection", "protocol" },
  { "", AUTH, 334, "", "", "deferred", "connection", "protocol" },
  { "", CONNECT, 354, "", "", "deferred", "connection", "protocol" },
  { "", FINAL, 354, "", "", "uncertain", "connection", "protocol" },
  { "", FINAL, 221, "", "", "uncertain", "connection", "protocol" },
  { "", MAIL, 0, "", "", "deferred", "connection", "lost" },
  { "", FINAL, 0, "", "", "uncertain", "connection", "lost" },
  /* the connection */
  { "", CONNECT, 421, "4.7.0", "", "deferred", "connection", "busy" },
  { "", CONNECT, 450, "", "", "deferred", "connection", "busy" },
  { "", CONNECT, 554, "5.7.1", "", "rejected", "connection", "refused" },
  { "", MAIL, 421, "4.7.0", "Try again later, closing connection", "deferred", "connection",
    "busy" },
  { "", RCPT, 421, "", "", "deferred", "connection", "busy" },
  { "", FINAL, 421, "4.7.1", "", "deferred", "connection", "busy" },
  { "", RCPT, 450, "4.3.2", "", "deferred", "connection", "busy" },
  { "icloud", MAIL, 450, "4.7.1", "too many messages", "deferred", "connection", "throttled" },
  { "outlook", AUTH, 432, "4.3.2", "Concurrent connections limit exceeded.", "deferred",
    "connection", "throttled" },
  { "outlook", FINAL, 432, "4.3.2", "STOREDRV.ClientSubmit; sender thread limit exceeded",
    "deferred", "connection", "throttled" },
  /* the account: password */
  { "", AUTH, 535, "5.7.8", "", "rejected", "account", "auth" },
  { "", AUTH, 535, "", "", "rejected", "account", "auth" },
  { "fastmail", AUTH, 535, "5.7.0", "Incorrect username or password", "rejected", "account",
    "auth" },
  { "", AUTH, 534, "5.7.9", "", "rejected", "account", "auth" },
  { "", AUTH, 530, "5.7.0", "", "rejected", "account", "auth" },
  { "", AUTH, 525, "5.7.13", "", "rejected", "account", "auth" },
  { "", AUTH, 554, "", "", "rejected", "account", "auth" },
  { "", AUTH, 501, "5.7.0", "", "rejected", "account", "auth" },
  { "", AUTH, 504, "5.5.4", "", "rejected", "account", "auth-mechanism" },
  { "", AUTH, 454, "4.7.0", "", "deferred", "connection", "auth-temporary" },
  { "", AUTH, 432, "4.7.12", "", "deferred", "connection", "auth-temporary" },
  { "", AUTH, 421, "4.7.0", "", "deferred", "connection", "busy" },
  { "", MAIL, 530, "5.7.0", "", "rejected", "account", "auth" },
  { "", RCPT, 530, "5.5.1", "", "rejected", "account", "auth" },
  { "", MAIL, 550, "5.7.8", "", "rejected", "account", "auth" },
  { "", MAIL, 454, "4.7.0", "", "deferred", "connection", "auth-temporary" },
  { "gmail", AUTH, 534, "5.7.9", "Application-specific password required", "rejected", "account",
    "app-password" },
  { "gmail", AUTH, 534, "5.7.14", "Please log in via your web browser", "rejected", "account",
    "web-login" },
  { "gmail", AUTH, 535, "5.7.8", "Username and Password not accepted", "rejected", "account",
    "auth" },
  { "gmail", AUTH, 454, "4.7.0", "Cannot authenticate due to temporary system problem", "deferred",
    "connection", "auth-temporary" },
  { "outlook", AUTH, 535, "5.7.139",
    "Authentication unsuccessful, basic authentication is disabled.", "rejected", "account",
    "oauth-only" },
  { "outlook", AUTH, 535, "5.7.139",
    "Authentication unsuccessful, the user credentials were incorrect.", "rejected", "account",
    "auth" },
  /* the account: limits and storage */
  { "icloud", RCPT, 550, "5.7.1",
    "me@icloud.com: You have exceeded your daily sending limit. Please try again later.",
    "deferred", "account", "daily-limit" },
  { "icloud", FINAL, 550, "5.7.1", "You have exceeded your daily\nsending limit.", "deferred",
    "account", "daily-limit" },
  { "gmail", MAIL, 550, "5.4.5", "Daily user sending limit exceeded.", "deferred", "account",
    "daily-limit" },
  { "gmail", FINAL, 550, "5.7.1", "Email quota exceeded", "deferred", "account", "daily-limit" },
  { "gmail", RCPT, 550, "5.7.1", "Daily SMTP relay limit exceeded for customer.", "deferred",
    "account", "daily-limit" },
  { "outlook", FINAL, 554, "5.2.0",
    "STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed", "deferred", "account",
    "daily-limit" },
  { "outlook", FINAL, 554, "5.2.2",
    "mailbox full; STOREDRV.Submission.Exception:QuotaExceededException."
    "MapiExceptionShutoffQuotaExceeded",
    "deferred", "account", "quota" },
  { "outlook", FINAL, 550, "5.1.8", "Access denied, bad outbound sender", "rejected", "account",
    "blocked" },
  { "fastmail", RCPT, 554, "5.7.1", "Client host rejected: Address locked or deactivated",
    "rejected", "account", "blocked" },
  { "smtp", RCPT, 550, "", "User me@site.com has exceeded its 24-hour sending limit. Messages",
    "deferred", "account", "daily-limit" },
  { "", MAIL, 552, "5.2.2", "", "deferred", "account", "quota" },
  { "", FINAL, 552, "5.2.2", "", "deferred", "account", "quota" },
  { "", FINAL, 452, "4.2.2", "", "deferred", "account", "quota" },
  { "", MAIL, 550, "5.7.13", "", "rejected", "account", "blocked" },
  /* the message: sender */
  { "icloud", MAIL, 550, "5.7.0", "From address is not one of your addresses", "rejected",
    "message", "sender" },
  { "icloud", FINAL, 550, "5.7.0", "From address is not one of your addresses", "rejected",
    "message", "sender" },
  { "smtp", RCPT, 553, "5.7.1", "<a@b>: Sender address rejected: not owned by user c@d", "rejected",
    "message", "sender" },
  { "smtp", RCPT, 450, "4.1.8", "<a@b>: Sender address rejected: Domain not found", "deferred",
    "message", "sender" },
  { "outlook", FINAL, 554, "5.2.0", "STOREDRV.Submission.Exception:SendAsDeniedException",
    "rejected", "message", "sender" },
  { "outlook", MAIL, 550, "5.7.60", "SMTP; Client does not have permissions", "rejected", "message",
    "sender" },
  { "fastmail", FINAL, 551, "5.7.1", "Not authorised to send from this header address", "rejected",
    "message", "sender" },
  { "", MAIL, 501, "5.1.7", "", "rejected", "message", "sender" },
  { "", MAIL, 553, "", "", "rejected", "message", "sender" },
  { "", MAIL, 554, "5.7.1", "", "rejected", "message", "policy" },
  /* the message: size and content */
  { "", MAIL, 552, "5.3.4", "", "rejected", "message", "size" },
  { "", MAIL, 552, "", "", "rejected", "message", "size" },
  { "", FINAL, 552, "5.3.4", "", "rejected", "message", "size" },
  { "", FINAL, 552, "5.2.3", "", "rejected", "message", "size" },
  { "", FINAL, 554, "5.3.4", "", "rejected", "message", "size" },
  { "", RCPT, 552, "5.3.4", "", "rejected", "message", "size" },
  { "", RCPT, 552, "5.2.3", "", "rejected", "recipient", "size" },
  { "gmail", FINAL, 552, "5.7.0", "its content presents a potential security issue", "rejected",
    "message", "blocked-content" },
  { "", FINAL, 554, "5.6.0", "", "rejected", "message", "content" },
  { "icloud", FINAL, 554, "5.7.1", "[CS01] Message rejected due to local policy.", "rejected",
    "message", "policy" },
  { "", FINAL, 554, "", "Transaction failed", "rejected", "message", "" },
  { "", FINAL, 451, "4.3.0", "", "deferred", "message", "" },
  { "", FINAL, 451, "4.7.1", "", "deferred", "message", "policy" },
  { "", MAIL, 452, "4.3.1", "", "deferred", "message", "busy" },
  { "", MAIL, 451, "", "", "deferred", "message", "" },
  { "", DATA, 451, "", "", "deferred", "message", "" },
  { "", DATA, 554, "5.5.1", "no valid recipients", "rejected", "message", "" },
  { "", DATA, 503, "5.5.1", "", "rejected", "message", "protocol" },
  { "", MAIL, 555, "5.5.4", "", "rejected", "message", "protocol" },
  { "", MAIL, 500, "", "", "rejected", "message", "protocol" },
  /* a recipient */
  { "", RCPT, 550, "5.1.1", "", "rejected", "recipient", "recipient" },
  { "icloud", RCPT, 550, "5.1.6", "", "rejected", "recipient", "recipient" },
  { "", RCPT, 550, "", "", "rejected", "recipient", "recipient" },
  { "", RCPT, 501, "5.1.3", "", "rejected", "recipient", "recipient" },
  { "", RCPT, 553, "", "", "rejected", "recipient", "recipient" },
  { "", RCPT, 550, "5.7.1", "", "rejected", "recipient", "policy" },
  { "", RCPT, 554, "5.7.1", "Relay access denied", "rejected", "recipient", "policy" },
  { "", RCPT, 552, "5.2.2", "", "rejected", "recipient", "mailbox-full" },
  { "", RCPT, 452, "4.2.2", "", "deferred", "recipient", "mailbox-full" },
  { "", RCPT, 452, "4.5.3", "", "deferred", "recipient", "too-many-recipients" },
  { "", RCPT, 452, "", "", "deferred", "recipient", "too-many-recipients" },
  { "", RCPT, 552, "", "", "deferred", "recipient", "too-many-recipients" },
  { "", RCPT, 550, "5.5.3", "", "deferred", "recipient", "too-many-recipients" },
  { "", RCPT, 452, "4.3.1", "", "deferred", "recipient", "busy" },
  { "", RCPT, 450, "", "", "deferred", "recipient", "" },
  { "", RCPT, 450, "4.7.1", "greylisted", "deferred", "recipient", "policy" },
  { "", RCPT, 451, "4.1.1", "", "deferred", "recipient", "recipient" },
  { "", RCPT, 599, "", "unknown", "rejected", "recipient", "" },
  { "", RCPT, 499, "", "unknown", "deferred", "recipient", "" },
  /* the enhanced status counts only where its class is the code's */
  { "", MAIL, 550, "4.3.2", "", "rejected", "message", "sender" },
  { "", RCPT, 450, "5.1.1", "", "deferred", "recipient", "" },
};

static SoReplyBook *
shipped_book (void)
{
  g_autoptr (GError) error = NULL;
  SoReplyBook *book
      = so_reply_book_parse (so_config_data_builtin ("replies.conf"), "replies.conf", &error);
  g_assert_no_error (error);
  return book;
}

static void
test_cases (void)
{
  SoReplyBook *book = shipped_book ();
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Case *c = &cases[i];
      g_autoptr (SoReply) reply = so_reply_new (c->code, c->enhanced, c->text);
      g_autoptr (SoVerdict) verdict = so_verdict_judge (book, c->preset, c->stage, reply);
      g_test_message ("%s %d %s %s", so_stage_name (c->stage), c->code, c->enhanced, c->text);
      g_assert_cmpstr (so_outcome_name (verdict->outcome), ==, c->outcome);
      g_assert_cmpstr (so_scope_name (verdict->scope), ==, c->scope);
      g_assert_cmpstr (verdict->cause, ==, c->cause);
      g_assert_cmpint (verdict->stage, ==, c->stage);
      g_assert_cmpstr (verdict->reply->text, ==, c->text);
      g_assert_cmpstr (verdict->note, ==, "");
    }
  so_reply_book_free (book);
}

static void
test_no_reply (void)
{
  g_autoptr (SoVerdict) rcpt = so_verdict_judge (NULL, "", SO_STAGE_RCPT, NULL);
  g_assert_cmpint (rcpt->outcome, ==, SO_OUTCOME_DEFERRED);
  g_assert_null (rcpt->reply);
  g_autoptr (SoVerdict) final = so_verdict_judge (NULL, "", SO_STAGE_FINAL, NULL);
  g_assert_cmpint (final->outcome, ==, SO_OUTCOME_UNCERTAIN);
}

/* Over all codes and stages: refusals are never accepted, temporary never final, and what
 * is accepted has a 2xx or the 354 of DATA. */
static void
test_all_codes (void)
{
  static const char *const details[] = { "", "2.2", "3.2", "3.4", "5.3", "7.1", "7.8", "1.1" };
  for (int code = 0; code < 600; code++)
    for (int stage = SO_STAGE_CONNECT; stage <= SO_STAGE_FINAL; stage++)
      for (gsize i = 0; i < G_N_ELEMENTS (details); i++)
        {
          g_autofree char *enhanced = details[i][0] != '\0'
                                          ? g_strdup_printf ("%d.%s", code / 100, details[i])
                                          : g_strdup ("");
          g_autoptr (SoReply) reply = so_reply_new (code, enhanced, "");
          g_autoptr (SoVerdict) verdict = so_verdict_judge (NULL, "", (SoStage)stage, reply);
          g_assert_cmpint (verdict->outcome, !=, SO_OUTCOME_NONE);
          if (verdict->outcome == SO_OUTCOME_ACCEPTED)
            g_assert_true (stage == SO_STAGE_DATA ? code / 100 == 3 : code / 100 == 2);
          if (verdict->outcome == SO_OUTCOME_REJECTED)
            g_assert_cmpint (code / 100, ==, 5);
          if (verdict->outcome == SO_OUTCOME_UNCERTAIN)
            g_assert_true (stage == SO_STAGE_FINAL && code < 400);
          if (verdict->cause[0] != '\0')
            g_assert_cmpstr (so_cause_explain (verdict->cause), !=, "");
        }
}

static void
test_cause (void)
{
  g_assert_cmpstr (so_cause_explain ("quota"), ==, "the account's own storage is full");
  g_assert_cmpstr (so_cause_remedy ("quota"), !=, "");
  g_assert_cmpstr (so_cause_remedy ("busy"), ==, "");
  g_assert_cmpstr (so_cause_explain ("no-such-cause"), ==, "");
  g_assert_cmpstr (so_cause_remedy ("no-such-cause"), ==, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/verdict/cases", test_cases);
  g_test_add_func ("/verdict/no-reply", test_no_reply);
  g_test_add_func ("/verdict/all-codes", test_all_codes);
  g_test_add_func ("/verdict/cause", test_cause);
  return g_test_run ();
}
