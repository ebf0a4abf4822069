/* test-smtp.c - the session against servers that say exactly what a case needs. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "script-server.h"
#include "sendoff/error.h"
#include "sendoff/smtp.h"

#define HELLO "S: 220 test", "E: EHLO "
#define PIPELINED HELLO, "S: 250-test", "S: 250-8BITMIME", "S: 250 PIPELINING"
#define LOCK_STEP HELLO, "S: 250-test", "S: 250 8BITMIME"
#define ENVELOPE "E: MAIL FROM:<me@example.org>", "E: RCPT TO:<you@example.org>", "E: DATA"
#define GO_AHEAD "S: 250 ok", "S: 250 ok", "S: 354 go"

typedef struct
{
  guint messages;
  guint asked;
  const char *const *recipients;
  const char *text;
  gboolean stop; /* completing() says no */
  GString *verdicts; /* "accepted,rejected;…" in the order of done() */
  GString *order;    /* n(ext) and d(one) */
} Feed;

static int
file_with (const char *text)
{
  char name[] = "/tmp/test-smtp-XXXXXX";
  int fd = g_mkstemp (name);
  unlink (name);
  g_assert_cmpint (write (fd, text, strlen (text)), ==, (gssize) strlen (text));
  return fd;
}

static SoSubmission *
next (gpointer data)
{
  Feed *feed = data;
  if (feed->asked == feed->messages)
    return NULL;
  feed->asked++;
  g_string_append_c (feed->order, 'n');
  SoSubmission *submission = so_submission_new ("me@example.org", file_with (feed->text));
  for (const char *const *to = feed->recipients; *to != NULL; to++)
    so_submission_add (submission, *to);
  submission->wire_size = strlen (feed->text);
  return submission;
}

static gboolean
completing (gpointer data, SoSubmission *submission)
{
  const Feed *feed = data;
  g_assert_nonnull (submission);
  return !feed->stop;
}

static void
done (gpointer data, SoSubmission *submission)
{
  Feed *feed = data;
  g_string_append_c (feed->order, 'd');
  for (guint i = 0; i < submission->recipients->len; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (submission->recipients, i);
      g_assert_nonnull (recipient->verdict);
      g_string_append_printf (feed->verdicts, "%s%s", i > 0 ? "," : "",
                              so_outcome_name (recipient->verdict->outcome));
    }
  g_string_append_c (feed->verdicts, ';');
  so_submission_free (submission);
}

static SoSecret *
no_secret (gpointer data, GError **error)
{
  (void) data;
  (void) error;
  g_assert_not_reached ();
}

static SoAccount *
local_account (guint16 port)
{
  static char *no_aliases[] = { NULL };
  char *none = (char *) "";
  const SoAccount account = {
    .name = none, .preset = none, .title = none, .address = none, .from_name = none, .aliases = no_aliases,
    .smtp = { (char *) "127.0.0.1", port, SO_SECURITY_NONE, none }, .imap = { none, 0, SO_SECURITY_TLS, none },
    .auth = SO_AUTH_NONE, .tls_ca_file = none, .tls_fingerprint = none, .password_command = none,
    .ehlo_name = (char *) "client.example.org", .timeout = 1, .link_command = none, .save_sent = none,
    .on_failure = none, .password_page = none, .support_page = none, .storage_page = none, .status_feed = none, .authserv_id = none,
  };
  return so_account_copy (&account);
}

typedef struct
{
  const char *const *const *scripts;
  guint messages;
  const char *const *recipients;
  const char *text;
  gboolean stop;
  const char *verdicts;
  const char *order;
  int code; /* of the error, 0: none */
  gint64 within_us; /* the session ends in; 0: whenever */
} Case;

/* Runs a case; returns what the server read. */
static char *
run (const Case *c)
{
  static const char *const one[] = { "you@example.org", NULL };
  ScriptServer *server = script_server_start (c->scripts);
  g_autoptr (SoAccount) account = local_account (script_server_port (server));
  const SoSmtpOptions options = { .interrupt_fd = -1 };
  Feed feed = { .messages = MAX (c->messages, 1),
                .recipients = c->recipients != NULL ? c->recipients : one,
                .text = c->text != NULL ? c->text : "Subject: x\r\n\r\nbody\r\n",
                .stop = c->stop,
                .verdicts = g_string_new (NULL),
                .order = g_string_new (NULL) };
  const SoFeed calls = { .next = next, .completing = completing, .done = done, .data = &feed };
  g_autoptr (GError) error = NULL;
  g_autoptr (SoVerdict) trouble = NULL;
  gint64 began = g_get_monotonic_time ();
  SoSmtp *smtp = so_smtp_open (account, no_secret, NULL, &options, &trouble, &error);
  if (smtp != NULL)
    so_smtp_run (smtp, &calls, &error);
  else
    g_assert_nonnull (trouble);
  so_smtp_close (smtp);
  if (c->within_us > 0)
    g_assert_cmpint (g_get_monotonic_time () - began, <, c->within_us);
  char *seen = script_server_finish (server);
  g_assert_cmpint (error != NULL ? error->code : 0, ==, c->code);
  g_assert_cmpstr (feed.verdicts->str, ==, c->verdicts);
  if (c->order != NULL)
    g_assert_cmpstr (feed.order->str, ==, c->order);
  g_string_free (feed.verdicts, TRUE);
  g_string_free (feed.order, TRUE);
  return seen;
}

static void
test_lock_step (void)
{
  static const char *const script[] = { LOCK_STEP, "E: MAIL", "P:", "S: 250 ok", "E: RCPT", "P:", "S: 250 ok",
                                        "E: DATA", "P:", "S: 354 go", "D:", "P:", "S: 250 kept", "E: QUIT", NULL };
  static const char *const *const scripts[] = { script, NULL };
  g_autofree char *seen = run (&(Case){ .scripts = scripts, .verdicts = "accepted;" });
  g_assert_nonnull (strstr (seen, "EHLO client.example.org\r\n"));
}

/* The end of a message and the commands of the next arrive without an answer between. */
static void
test_pipelined (void)
{
  static const char *const script[]
      = { PIPELINED, ENVELOPE, GO_AHEAD, "D:", ENVELOPE, "P:", "S: 250 kept", GO_AHEAD, "D:",
          ENVELOPE,  "P:",     "S: 250 kept", GO_AHEAD, "D:", "S: 250 kept", "E: QUIT", NULL };
  static const char *const *const scripts[] = { script, NULL };
  g_autofree char *seen = run (&(Case){
      .scripts = scripts, .messages = 3, .verdicts = "accepted;accepted;accepted;", .order = "nndndd" });
}

static void
test_mixed_recipients (void)
{
  static const char *const to[] = { "a@example.org", "b@example.org", "c@example.org", NULL };
  static const char *const script[]
      = { PIPELINED, "E: MAIL", "E: RCPT", "E: RCPT", "E: RCPT", "E: DATA", "S: 250 ok", "S: 250 ok",
          "S: 550 5.1.1 unknown", "S: 451 4.3.0 later", "S: 354 go", "D:", "S: 250 kept", "E: QUIT", NULL };
  static const char *const *const scripts[] = { script, NULL };
  g_autofree char *seen
      = run (&(Case){ .scripts = scripts, .recipients = to, .verdicts = "accepted,rejected,deferred;" });
}

/* RFC 2920 3.1: 354 though nobody is left must be answered with an empty message. */
static void
test_354_for_nobody (void)
{
  static const char *const script[]
      = { PIPELINED,  ENVELOPE, "S: 250 ok", "S: 550 5.1.1 unknown", "S: 354 go", "E: .", "S: 554 no recipients",
          "E: MAIL", "E: RCPT", "E: DATA", GO_AHEAD, "D:", "S: 250 kept", "E: QUIT", NULL };
  static const char *const *const scripts[] = { script, NULL };
  g_autofree char *seen
      = run (&(Case){ .scripts = scripts, .messages = 2, .verdicts = "rejected;accepted;" });
}

static void
test_refused_transaction_is_reset (void)
{
  static const char *const script[]
      = { PIPELINED, ENVELOPE, "S: 250 ok", "S: 550 5.1.1 unknown", "S: 503 5.5.1 no recipients", "E: RSET",
          ENVELOPE, "S: 250 ok", GO_AHEAD, "D:", "S: 250 kept", "E: QUIT", NULL };
  static const char *const *const scripts[] = { script, NULL };
  g_autofree char *seen
      = run (&(Case){ .scripts = scripts, .messages = 2, .verdicts = "rejected;accepted;" });
}

/* Exactly one message is uncertain: the one whose dot was sent. */
/* Whatever a message holds, its data ends where we end it: nothing in it is a command. */
static void
test_no_smuggling (void)
{
#define SMUGGLED "MAIL FROM:<evil@example.org>"
  static const char *const texts[] = {
    "a\n.\n" SMUGGLED "\n",         "a\r.\r" SMUGGLED "\r",     "a\r\n.\r\n" SMUGGLED "\r\n",
    "a\n.\r\n" SMUGGLED "\r\n",     "a\r\n.\n" SMUGGLED "\n",   "a\r\n.\r" SMUGGLED "\r\n",
    "a\r\r\n.\r\r\n" SMUGGLED "\r", "a\n\r.\n\r" SMUGGLED "\r", ".\r\n" SMUGGLED "\r\n",
  };
  static const char *const script[] = { LOCK_STEP, "E: MAIL", "S: 250 ok", "E: RCPT", "S: 250 ok", "E: DATA",
                                        "S: 354 go", "D:", "P:", "S: 250 kept", "E: QUIT", NULL };
  static const char *const *const scripts[] = { script, NULL };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *seen = run (&(Case){ .scripts = scripts, .text = texts[i], .verdicts = "accepted;" });
      const char *smuggled = strstr (seen, SMUGGLED);
      g_assert_nonnull (smuggled);
      g_assert_nonnull (strstr (smuggled, "\r\n.\r\n")); /* the first end of data stands behind it */
    }
}

static void
test_lost_after_dot (void)
{
  static const char *const script[] = { PIPELINED, ENVELOPE, GO_AHEAD, "D:", ENVELOPE, "X:", NULL };
  static const char *const *const scripts[] = { script, NULL };
  g_autofree char *seen = run (&(Case){ .scripts = scripts, .messages = 5, .verdicts = "uncertain;deferred;",
                                        .code = SO_ERROR_TEMPORARY });
}

static void
test_silent_after_dot (void)
{
  static const char *const script[] = { LOCK_STEP, "E: MAIL", "S: 250 ok", "E: RCPT", "S: 250 ok", "E: DATA",
                                        "S: 354 go", "D:", "W: 2300", NULL };
  static const char *const *const scripts[] = { script, NULL };
  g_autofree char *seen
      = run (&(Case){ .scripts = scripts, .verdicts = "uncertain;", .code = SO_ERROR_TEMPORARY });
}

static void
test_lost_before_dot (void)
{
  static const char *const script[] = { PIPELINED, ENVELOPE, "S: 250 ok", "S: 250 ok", "S: 354 go", "R:", NULL };
  static const char *const *const scripts[] = { script, NULL };
  const gsize length = 20 * 1000 * 1000;
  g_autofree char *text = g_strnfill (length, 'x');
  for (gsize i = 76; i < length; i += 76)
    text[i] = '\n';
  g_autofree char *seen = run (
      &(Case){ .scripts = scripts, .text = text, .verdicts = "deferred;", .code = SO_ERROR_TEMPORARY });
}

/* A 250 that comes before the message has ended is no acceptance. */
static void
test_accepted_too_early (void)
{
  static const char *const script[] = { PIPELINED, ENVELOPE, "S: 250 ok", "S: 250 ok",
                                        "s: 354 go\r\n250 kept\r\n", "W: 200", NULL };
  static const char *const *const scripts[] = { script, NULL };
  g_autofree char *seen
      = run (&(Case){ .scripts = scripts, .verdicts = "deferred;", .code = SO_ERROR_PROTOCOL });
  g_assert_null (strstr (seen, "\r\n.\r\n"));
}

static void
test_data_answered_250 (void)
{
  static const char *const script[]
      = { PIPELINED, ENVELOPE, "S: 250 ok", "S: 250 ok", "S: 250 kept already", "W: 100", NULL };
  static const char *const *const scripts[] = { script, NULL };
  g_autofree char *seen
      = run (&(Case){ .scripts = scripts, .verdicts = "deferred;", .code = SO_ERROR_PROTOCOL });
}

static void
test_stopped_by_feed (void)
{
  static const char *const script[] = { PIPELINED, ENVELOPE, GO_AHEAD, "W: 100", NULL };
  static const char *const *const scripts[] = { script, NULL };
  g_autofree char *seen = run (
      &(Case){ .scripts = scripts, .stop = TRUE, .verdicts = "deferred;", .code = SO_ERROR_PROTOCOL });
  g_assert_null (strstr (seen, "\r\n.\r\n"));
}

/* Offers PIPELINING, forgets all but the first command of a flight: asked again in lock-step. */
static void
test_broken_pipelining (void)
{
  static const char *const first[] = { PIPELINED, ENVELOPE, "S: 250 ok", "W: 800", NULL };
  static const char *const second[] = { PIPELINED, "E: MAIL", "P:", "S: 250 ok", "E: RCPT", "P:", "S: 250 ok",
                                        "E: DATA", "S: 354 go", "D:", "P:", "S: 250 kept", "E: QUIT", NULL };
  static const char *const *const scripts[] = { first, second, NULL };
  g_autofree char *seen = run (&(Case){ .scripts = scripts, .verdicts = "accepted;" });
}

/* Protests in the answer to MAIL and hangs up: a refusal only if lock-step hears it too. */
static void
test_hangs_up_on_pipelining (void)
{
  static const char *const protest[] = { PIPELINED, ENVELOPE, "S: 554 one at a time", NULL };
  static const char *const taken[] = { PIPELINED, "E: MAIL", "P:", "S: 250 ok", "E: RCPT", "P:", "S: 250 ok",
                                       "E: DATA", "S: 354 go", "D:", "P:", "S: 250 kept", "E: QUIT", NULL };
  static const char *const *const misled[] = { protest, taken, NULL };
  g_autofree char *seen = run (&(Case){ .scripts = misled, .verdicts = "accepted;" });
  static const char *const refused[] = { PIPELINED, "E: MAIL", "S: 554 not you", NULL };
  static const char *const *const meant[] = { protest, refused, NULL };
  g_autofree char *again = run (&(Case){ .scripts = meant, .verdicts = "rejected;" });
}

/* MAIL of the second message is refused and the connection ends: its answer stands. */
static void
test_refused_and_closed (void)
{
  static const char *const script[] = { PIPELINED, ENVELOPE, GO_AHEAD, "D:", ENVELOPE, "S: 250 kept",
                                        "S: 550 enough of you", NULL };
  static const char *const *const scripts[] = { script, NULL };
  g_autofree char *seen = run (&(Case){
      .scripts = scripts, .messages = 2, .verdicts = "accepted;rejected;", .code = SO_ERROR_TEMPORARY });
}

static void
test_chunking (void)
{
#define CHUNKED HELLO, "S: 250-test", "S: 250-CHUNKING", "S: 250 PIPELINING"
  static const char *const script[]
      = { CHUNKED, "E: MAIL", "E: RCPT", "P:", "S: 250 ok", "S: 250 ok", "E: BDAT 22 LAST", "N: 22",
          "E: MAIL", "E: RCPT", "P:", "S: 250 kept", "S: 250 ok", "S: 250 ok", "E: BDAT 22 LAST", "N: 22",
          "P:", "S: 250 kept", "E: QUIT", NULL };
  static const char *const *const scripts[] = { script, NULL };
  g_autofree char *seen = run (&(Case){ .scripts = scripts,
                                        .messages = 2,
                                        .text = "Subject: x\r\n\r\n.dot\r\n\r\n",
                                        .verdicts = "accepted;accepted;" });
  g_assert_nonnull (strstr (seen, "\r\n.dot\r\n")); /* BDAT stuffs no dots */
}

static void
test_421 (void)
{
  static const char *const script[] = { PIPELINED, ENVELOPE, "S: 421 4.3.2 shutting down", NULL };
  static const char *const *const scripts[] = { script, NULL };
  g_autofree char *seen = run (
      &(Case){ .scripts = scripts, .messages = 3, .verdicts = "deferred;", .code = SO_ERROR_TEMPORARY });
}

static void
test_too_large_for_server (void)
{
  static const char *const script[] = { HELLO, "S: 250-test", "S: 250-PIPELINING", "S: 250 SIZE 10", "E: QUIT", NULL };
  static const char *const *const scripts[] = { script, NULL };
  g_autofree char *seen = run (&(Case){ .scripts = scripts, .verdicts = "rejected;" });
  g_assert_null (strstr (seen, "MAIL"));
}

static void
test_silence_is_bounded (void)
{
  static const char *const script[] = { "W: 2500", NULL };
  static const char *const *const scripts[] = { script, NULL };
  gint64 began = g_get_monotonic_time ();
  g_autofree char *seen = run (&(Case){ .scripts = scripts, .verdicts = "", .code = SO_ERROR_TEMPORARY });
  g_assert_cmpint (g_get_monotonic_time () - began, <, 4 * G_USEC_PER_SEC);
}

/* Once the answer to a message has not come, none to the next one is waited for. */
static void
test_silence_in_backlog (void)
{
  static const char *const script[] = { PIPELINED, ENVELOPE, GO_AHEAD, "D:", ENVELOPE, "W: 2500", NULL };
  static const char *const *const scripts[] = { script, NULL };
  g_autofree char *seen = run (&(Case){ .scripts = scripts,
                                        .messages = 2,
                                        .verdicts = "uncertain;deferred;",
                                        .code = SO_ERROR_TEMPORARY,
                                        .within_us = 2400 * 1000 });
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/smtp/lock-step", test_lock_step);
  g_test_add_func ("/smtp/pipelined", test_pipelined);
  g_test_add_func ("/smtp/mixed-recipients", test_mixed_recipients);
  g_test_add_func ("/smtp/354-for-nobody", test_354_for_nobody);
  g_test_add_func ("/smtp/reset", test_refused_transaction_is_reset);
  g_test_add_func ("/smtp/no-smuggling", test_no_smuggling);
  g_test_add_func ("/smtp/lost-after-dot", test_lost_after_dot);
  g_test_add_func ("/smtp/silent-after-dot", test_silent_after_dot);
  g_test_add_func ("/smtp/lost-before-dot", test_lost_before_dot);
  g_test_add_func ("/smtp/accepted-too-early", test_accepted_too_early);
  g_test_add_func ("/smtp/data-answered-250", test_data_answered_250);
  g_test_add_func ("/smtp/stopped-by-feed", test_stopped_by_feed);
  g_test_add_func ("/smtp/broken-pipelining", test_broken_pipelining);
  g_test_add_func ("/smtp/hangs-up-on-pipelining", test_hangs_up_on_pipelining);
  g_test_add_func ("/smtp/refused-and-closed", test_refused_and_closed);
  g_test_add_func ("/smtp/chunking", test_chunking);
  g_test_add_func ("/smtp/421", test_421);
  g_test_add_func ("/smtp/too-large", test_too_large_for_server);
  g_test_add_func ("/smtp/silence", test_silence_is_bounded);
  g_test_add_func ("/smtp/silence-in-backlog", test_silence_in_backlog);
  return g_test_run ();
}
