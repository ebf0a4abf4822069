/*
 * test-doctor.c - what the doctor knows without a network: masking, status feeds, the cause
 * table and its rules.
 */
#include "config.h"

#include <string.h>

#include "sendoff/config-data.h"
#include "sendoff/error.h"
#include "sendoff/mask.h"

#include "cause-book.h"
#include "status-feed.h"

static void
test_mask (void)
{
  static const struct
  {
    const char *text, *masked;
  } cases[] = {
    { "nobody is named", "nobody is named" },
    { "me@icloud.com", "m…@icloud.com" },
    { "RCPT TO:<first.last+tag@example.org>", "RCPT TO:<f…@example.org>" },
    { "a@b.example, cd@e.example", "…@b.example, c…@e.example" },
    { "refused “ich@example.org”: no", "refused “i…@example.org”: no" },
    { "日本@example.jp", "日…@example.jp" },
    { "@ alone, a@", "@ alone, a@" },
    { "\"very odd\"@example.org", "…@example.org" },
    { "to <\"very odd\"@example.org>", "to <…@example.org>" },
    { "odd\"@example.org", "odd\"@example.org" },
    { "smtp:me@host/path", "smtp:m…@host/path" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *masked = so_mask_addresses (cases[i].text);
      g_assert_cmpstr (masked, ==, cases[i].masked);
    }
}

#define SERVICE(events) "{\"services\":[{\"serviceName\":\"iCloud Mail\",\"events\":[" events "]}]}"
#define EVENT(status, type)                                                                       \
  "{\"eventStatus\":\"" status "\",\"statusType\":\"" type                                        \
  "\",\"epochStartDate\":1790000000000,\"message\":\"some users are affected\"}"
#define INCIDENT(end, impact)                                                                     \
  "{\"begin\":\"2026-11-25T01:00:00+00:00\"," end                                                 \
  "\"affected_products\":[{\"title\":\"Gmail\"}],\"status_impact\":\"" impact "\"}"

static void
test_feed (void)
{
  static const struct
  {
    const char *text, *service;
    SoFeedState state;
  } cases[] = {
    { SERVICE (""), "iCloud Mail", SO_FEED_WELL },
    { SERVICE (EVENT ("ongoing", "Outage")), "iCloud Mail", SO_FEED_OUTAGE },
    { SERVICE (EVENT ("ongoing", "Issue")), "iCloud Mail", SO_FEED_OUTAGE },
    { SERVICE (EVENT ("resolved", "Outage")), "iCloud Mail", SO_FEED_WELL },
    { SERVICE (EVENT ("completed", "Maintenance")), "iCloud Mail", SO_FEED_WELL },
    { SERVICE (EVENT ("ongoing", "Maintenance")), "iCloud Mail", SO_FEED_MAINTENANCE },
    { SERVICE (EVENT ("ongoing", "Weather")), "iCloud Mail", SO_FEED_UNKNOWN },
    { SERVICE (EVENT ("exploded", "Outage")), "iCloud Mail", SO_FEED_UNKNOWN },
    { SERVICE (EVENT ("resolved", "Issue") "," EVENT ("ongoing", "Outage")), "iCloud Mail",
      SO_FEED_OUTAGE },
    { SERVICE ("5"), "iCloud Mail", SO_FEED_UNKNOWN },
    { "jsonCallback(" SERVICE (EVENT ("ongoing", "Outage")) ");", "iCloud Mail", SO_FEED_OUTAGE },
    { SERVICE (""), "Gmail", SO_FEED_UNKNOWN },
    { "{\"services\":7}", "iCloud Mail", SO_FEED_UNKNOWN },
    { "{\"services\":[null,3,{\"serviceName\":{}}]}", "iCloud Mail", SO_FEED_UNKNOWN },
    { "{\"services\":[{\"serviceName\":\"iCloud Mail\"}]}", "iCloud Mail", SO_FEED_UNKNOWN },
    { "<html>{not found}</html>", "iCloud Mail", SO_FEED_UNKNOWN },
    { "<html>no brackets</html>", "iCloud Mail", SO_FEED_UNKNOWN },
    { "}{", "iCloud Mail", SO_FEED_UNKNOWN },
    { "{", "iCloud Mail", SO_FEED_UNKNOWN },
    { "", "iCloud Mail", SO_FEED_UNKNOWN },
    { "[]", "Gmail", SO_FEED_WELL },
    { "[" INCIDENT ("", "SERVICE_OUTAGE") "]", "Gmail", SO_FEED_OUTAGE },
    { "[" INCIDENT ("", "SERVICE_DISRUPTION") "]", "Gmail", SO_FEED_OUTAGE },
    { "[" INCIDENT ("", "SERVICE_INFORMATION") "]", "Gmail", SO_FEED_WELL },
    { "[" INCIDENT ("", "SERVICE_MYSTERY") "]", "Gmail", SO_FEED_UNKNOWN },
    { "[" INCIDENT ("\"end\":\"2026-11-25T02:00:00+00:00\",", "SERVICE_OUTAGE") "]", "Gmail",
      SO_FEED_WELL },
    { "[" INCIDENT ("", "SERVICE_OUTAGE") "]", "Google Chat", SO_FEED_WELL },
    { "[1,2,3]", "Gmail", SO_FEED_UNKNOWN },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gint64 since = -1;
      g_autofree char *words = NULL;
      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (so_status_feed_read (cases[i].text, strlen (cases[i].text),
                                            cases[i].service, &since, &words),
                       ==, cases[i].state);
      g_assert_cmpint (since, >=, 0);
      g_assert_nonnull (words);
    }
}

/* Text that puts brackets where a parser that knows more than JSON sees them, or does not. */
static void
test_feed_nesting (void)
{
  static const struct
  {
    const char *before, *again;
    guint times;
    const char *after;
    SoFeedState state;
  } cases[] = {
    { "{\"services\":[{\"serviceName\":\"iCloud Mail\",\"events\":[]},", "[", 60, "]",
      SO_FEED_WELL },
    { "{\"services\":", "[", 80000, "]", SO_FEED_UNKNOWN },
    { "", "[", 1000000, "]", SO_FEED_UNKNOWN },
    { "", "{\"a\":", 80000, "}", SO_FEED_UNKNOWN },
    { "[", "[/*]*/", 80000, "]", SO_FEED_UNKNOWN },
    { "[", "[']',", 80000, "]", SO_FEED_UNKNOWN },
    { "[", "[\"\\u\",\"]\",", 80000, "]", SO_FEED_UNKNOWN },
    { "[", "[\"\\ud800\",][\",", 80000, "]", SO_FEED_UNKNOWN },
    { SERVICE ("") "}", "[", 80000, "]", SO_FEED_UNKNOWN },
    { SERVICE (EVENT ("ongoing", "Outage") ",{\"x\":\"[\\\"[{\\ud83d\\ude00[\"}"), "", 1, "",
      SO_FEED_OUTAGE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) text = g_string_new (cases[i].before);
      for (guint n = 0; n < cases[i].times; n++)
        g_string_append (text, cases[i].again);
      for (guint n = 0; n < cases[i].times; n++)
        g_string_append (text, cases[i].after);
      if (cases[i].state == SO_FEED_WELL)
        g_string_append (text, "]}");
      gint64 since = 0;
      g_autofree char *words = NULL;
      g_test_message ("%s%s…", cases[i].before, cases[i].again);
      g_assert_cmpint (so_status_feed_read (text->str, text->len, "iCloud Mail", &since, &words),
                       ==, cases[i].state);
    }
}

static void
test_feed_tells_since_when (void)
{
  const char *text = SERVICE (EVENT ("ongoing", "Outage"));
  gint64 since = 0;
  g_autofree char *words = NULL;
  so_status_feed_read (text, strlen (text), "iCloud Mail", &since, &words);
  g_assert_cmpint (since, ==, 1790000000);
  g_assert_cmpstr (words, ==, "some users are affected");
}

static void
result_free (gpointer result)
{
  so_check_result_free (result);
}

/* "ports=blocked:fail" and so on. */
static GPtrArray *
results_of (const char *text)
{
  GPtrArray *results = g_ptr_array_new_with_free_func (result_free);
  g_auto (GStrv) items = g_strsplit (text, " ", -1);
  for (char **item = items; *item != NULL; item++)
    {
      g_auto (GStrv) parts = g_strsplit_set (*item, "=:", 3);
      for (const SoCheck *check = so_checks; check->id != NULL; check++)
        if (strcmp (check->id, parts[0]) == 0)
          {
            SoCheckResult *result = so_check_result_new (check->id);
            SoCheckStatus status = strcmp (parts[2], "fail") == 0   ? SO_CHECK_FAIL
                                   : strcmp (parts[2], "warn") == 0 ? SO_CHECK_WARN
                                                                    : SO_CHECK_OK;
            so_check_set (result, status, parts[1], "", "%s", parts[1]);
            g_ptr_array_add (results, result);
          }
    }
  return results;
}

static void
assert_cause (const SoCauseBook *book, const char *found, const char *cause)
{
  g_autoptr (GPtrArray) results = results_of (found);
  g_autoptr (GPtrArray) matches = so_cause_book_match (book, results);
  g_test_message ("%s", found);
  if (*cause == '\0')
    {
      g_assert_cmpuint (matches->len, ==, 0);
      return;
    }
  g_assert_cmpuint (matches->len, >, 0);
  g_assert_cmpstr (((const SoCauseRule *)g_ptr_array_index (matches, 0))->cause, ==, cause);
}

static void
test_builtin_book (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SoCauseBook) book
      = so_cause_book_parse (so_config_data_builtin ("causes.conf"), "causes.conf", &error);
  g_assert_no_error (error);
  assert_cause (book, "config=:ok ports=:ok tls=:ok", "");
  assert_cause (book, "config=host-differs:warn ports=:ok", "");
  assert_cause (book, "ports=blocked:fail", "port-blocked");
  assert_cause (book, "network=no-control:warn ports=blocked:fail", "no-network");
  assert_cause (book, "network=no-control:warn ports=:ok", "");
  assert_cause (book, "network=captive-portal:warn ports=:ok tls=:ok sender=:ok", "");
  assert_cause (book, "network=captive-portal:warn ports=:ok tls=clock-off:warn", "clock");
  assert_cause (book, "network=captive-portal:warn tls=:ok auth=password:fail", "password");
  assert_cause (book, "network=captive-portal:warn tls=self-signed:fail", "captive-portal");
  assert_cause (book, "network=captive-portal:warn dns=no-resolver:fail", "captive-portal");
  assert_cause (book, "network=captive-portal:warn ports=blocked:fail", "captive-portal");
  assert_cause (book, "ports=refused:fail status=outage:fail", "outage");
  assert_cause (book, "ports=:ok status=outage:fail", "outage");
  assert_cause (book, "keyring=locked:fail ports=blocked:fail", "port-blocked");
  assert_cause (book, "auth=something-new:fail", "unknown");
}

static void
test_bad_books (void)
{
  static const char *const bad[] = {
    "[a]\nwhen = ports=blocked\nexit = 75\nmeaning = x\n",
    "[a]\nconfidence = certain\nexit = 75\nmeaning = x\n",
    "[a]\nwhen = ports=blocked\nconfidence = certain\nexit = 75\n",
    "[a]\nwhen = ports=blocked\nconfidence = sure\nexit = 75\nmeaning = x\n",
    "[a]\nwhen = ports=blocked\nconfidence = certain\nexit = 1\nmeaning = x\n",
    "[a]\nwhen = harbours=blocked\nconfidence = certain\nexit = 75\nmeaning = x\n",
    "[a]\nwhen = ports\nconfidence = certain\nexit = 75\nmeaning = x\n",
    "[a]\nwhen = ports=Blocked\nconfidence = certain\nexit = 75\nmeaning = x\n",
    "[a]\nwhen = \nconfidence = certain\nexit = 75\nmeaning = x\n",
    "[A b]\nwhen = ports=blocked\nconfidence = certain\nexit = 75\nmeaning = x\n",
    "[a]\nwhen = ports=blocked\nconfidence = certain\nexit = 75\nmeaning = x\nothers = magic\n",
    "[a]\nwhen = ports=blocked\nconfidence = certain\nexit = 75\nmeaning = x\nwhy = y\n",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_test_message ("%s", bad[i]);
      g_assert_null (so_cause_book_parse (bad[i], "causes.conf", &error));
      g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_CONFIG);
    }
}

static void
test_order_and_conditions (void)
{
  const char *text = "[first]\nwhen = tls=expired|untrusted, config=pair\nconfidence = certain\n"
                     "exit = 78\nmeaning = the first\n"
                     "[second]\nwhen = tls=fail\nunless = config=pair\nconfidence = likely\n"
                     "exit = 75\nmeaning = the second\n"
                     "[again]\ncause = first\nwhen = any=warn\nconfidence = possible\nexit = 0\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (SoCauseBook) book = so_cause_book_parse (text, "causes.conf", &error);
  g_assert_no_error (error);
  assert_cause (book, "tls=untrusted:fail config=pair:warn", "first");
  assert_cause (book, "tls=untrusted:fail config=:ok", "second");
  assert_cause (book, "tls=lost:fail config=pair:warn", "first"); /* by the last rule */
  assert_cause (book, "tls=:ok", "");
  g_autoptr (GPtrArray) results = results_of ("ports=proxy:warn");
  g_autoptr (GPtrArray) matches = so_cause_book_match (book, results);
  const SoCauseRule *rule = g_ptr_array_index (matches, 0);
  g_assert_cmpstr (rule->meaning, ==, "the first");
  g_assert_cmpint (rule->exit_status, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/doctor/mask", test_mask);
  g_test_add_func ("/doctor/feed", test_feed);
  g_test_add_func ("/doctor/feed/nesting", test_feed_nesting);
  g_test_add_func ("/doctor/feed/since", test_feed_tells_since_when);
  g_test_add_func ("/doctor/causes/builtin", test_builtin_book);
  g_test_add_func ("/doctor/causes/bad", test_bad_books);
  g_test_add_func ("/doctor/causes/order", test_order_and_conditions);
  return g_test_run ();
}
