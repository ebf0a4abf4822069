/* test-received.c - the way of a message, and what its receiver found, out of untrusted headers. */
#include <string.h>

#include "sendoff/received.h"

static const char *const ours[] = { "icloud.com", "me.com", "", NULL };

#define NOON 1795608000 /* 25 November 2026, 12:00 UTC */

static void
expect_hop (const GPtrArray *hops, guint i, const char *from, const char *by, gint64 when)
{
  const SoHop *hop = g_ptr_array_index (hops, i);
  g_assert_cmpstr (hop->from, ==, from);
  g_assert_cmpstr (hop->by, ==, by);
  g_assert_cmpint (hop->when, ==, when);
}

static void
test_hops (void)
{
  g_autoptr (GPtrArray) hops = so_received_hops (
      "Received: from  a.example (unknown [192.0.2.1] (may; be forged))\r\n"
      "\tby  mx.icloud.com (Postfix) with ESMTPS id 1;\r\n Wed, 25 Nov 2026 21:00:03 +0900 (JST)\r\n"
      "Subject: by the way\r\n"
      "Received: by a.example; Wed, 25 Nov 2026 08:30:01 -0330\r\n"
      "Received: from laptop by a.example id x; no date at all\r\n"
      "Received: by \x1b[31m\r\n"
      "\r\nReceived: from body by body; Wed, 25 Nov 2026 12:00:00 +0000\r\n");
  g_assert_cmpuint (hops->len, ==, 4);
  expect_hop (hops, 0, "", "\\x1B[31m", 0);
  expect_hop (hops, 1, "laptop", "a.example", 0);
  expect_hop (hops, 2, "", "a.example", NOON + 1);
  expect_hop (hops, 3, "a.example", "mx.icloud.com", NOON + 3);
}

static void
test_hops_are_bounded (void)
{
  g_autoptr (GString) headers = g_string_new (NULL);
  for (guint i = 0; i < 1000; i++)
    g_string_append (headers, "Received: from a by b; Wed, 25 Nov 2026 12:00:00 +0000\r\n");
  g_autoptr (GPtrArray) hops = so_received_hops (headers->str);
  g_assert_cmpuint (hops->len, ==, SO_HOPS_MAX);
  g_autoptr (GPtrArray) none = so_received_hops ("");
  g_assert_cmpuint (none->len, ==, 0);
}

/* As iCloud writes them: one field each, under names of its own; what the sender brought along
 * stands under another's name. */
static void
test_findings (void)
{
  g_auto (SoAuthFindings) findings = so_received_findings (
      "Authentication-Results: dmarc.icloud.com; dmarc=pass header.from=example.org\r\n"
      "Authentication-Results: dkim-verifier.icloud.com;\r\n dkim=fail (2048-bit key; bad) header.d=list.example;\r\n"
      " dkim = PASS (2048-bit key) header.d=example.org\r\n"
      "authentication-results: spf.icloud.com 1; spf=softfail (spf.icloud.com: domain; of x)\r\n"
      "Authentication-Results: noticloud.com; spf=pass; dkim=pass\r\n"
      "Authentication-Results: mx.attacker.example (icloud.com); spf=pass\r\n"
      "Authentication-Results: spf=pass smtp.mailfrom=x\r\n"
      "\r\nAuthentication-Results: icloud.com; spf=pass\r\n",
      ours);
  g_assert_cmpstr (findings.spf, ==, "softfail");
  g_assert_cmpstr (findings.dkim, ==, "pass");
  g_assert_cmpstr (findings.dmarc, ==, "pass");
  g_assert_cmpstr (findings.server, ==, "dmarc.icloud.com, dkim-verifier.icloud.com, spf.icloud.com");
}

static void
test_nothing_found (void)
{
  static const char *const texts[] = { "", "Subject: x\r\n", "Authentication-Results:\r\n",
                                       "Authentication-Results: other.example; spf=pass\r\n",
                                       "Authentication-Results: ;;;=;(((\r\n" };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_auto (SoAuthFindings) findings = so_received_findings (texts[i], ours);
      g_assert_cmpstr (findings.server, ==, "");
      g_assert_cmpstr (findings.spf, ==, "");
    }
  g_auto (SoAuthFindings) odd
      = so_received_findings ("Authentication-Results: icloud.com; spf=\x1b[31m; dkim=; dmarc\r\n", ours);
  g_assert_cmpstr (odd.spf, ==, "\\x1b[31m");
  g_assert_cmpstr (odd.dkim, ==, "");
  g_assert_cmpstr (odd.dmarc, ==, "");
}

static void
test_owner (void)
{
  static const char *const cases[][2] = {
    { "imap.mail.me.com", "me.com" },         { "Mail.Example.CO.JP", "example.co.jp" },
    { "imap.mail.de", "mail.de" },            { "co.jp", "co.jp" },
    { "localhost", "localhost" },             { "", "" },
    { "mx.google.com", "google.com" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *owner = so_received_owner (cases[i][0]);
      g_assert_cmpstr (owner, ==, cases[i][1]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/received/hops", test_hops);
  g_test_add_func ("/received/hops-are-bounded", test_hops_are_bounded);
  g_test_add_func ("/received/findings", test_findings);
  g_test_add_func ("/received/nothing-found", test_nothing_found);
  g_test_add_func ("/received/owner", test_owner);
  return g_test_run ();
}
