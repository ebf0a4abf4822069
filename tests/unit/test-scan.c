/* test-scan.c - finished messages: completed, otherwise untouched, however they are cut. */
#include <string.h>

#include "sendoff/error.h"
#include "sendoff/scan.h"

typedef struct
{
  GString *out;
  char *recipients, *sender, *message_id;
  gboolean is_sealed;
  guint heads;
} Seen;

static gboolean
take_head (gpointer data, const SoScanHead *head, GError **error)
{
  Seen *seen = data;
  GString *all = g_string_new (NULL);
  (void)error;
  for (guint i = 0; i < head->recipients->len; i++)
    g_string_append_printf (all, "%s%s", i > 0 ? " " : "",
                            (char *)g_ptr_array_index (head->recipients, i));
  g_assert_cmpuint (seen->out->len, ==, 0);
  seen->recipients = g_string_free (all, FALSE);
  seen->sender = g_strdup (head->sender);
  seen->message_id = g_strdup (head->message_id);
  seen->is_sealed = head->is_sealed;
  seen->heads++;
  return TRUE;
}

static gboolean
take (gpointer data, const char *bytes, gsize length, GError **error)
{
  (void)error;
  g_string_append_len (((Seen *)data)->out, bytes, (gssize)length);
  return TRUE;
}

static void
seen_clear (Seen *seen)
{
  g_string_free (seen->out, TRUE);
  g_free (seen->recipients);
  g_free (seen->sender);
  g_free (seen->message_id);
}

/* In pieces of step octets. */
static gboolean
scan (SoScanSpec spec, const char *message, gsize length, gsize step, Seen *seen, GError **error)
{
  *seen = (Seen){ .out = g_string_new (NULL) };
  spec.address = "me@icloud.com";
  spec.name = spec.name != NULL ? spec.name : "";
  spec.now_us = (gint64)1764000000 * 1000000;
  spec.head = take_head;
  spec.sink = take;
  spec.data = seen;
  g_autoptr (SoScan) it = so_scan_new (&spec);
  for (gsize at = 0; at < length; at += step)
    if (!so_scan_write (it, message + at, MIN (step, length - at), error))
      return FALSE;
  return so_scan_finish (it, error);
}

typedef struct
{
  const char *in, *out; /* out: NULL as in */
  SoScanSpec spec;
  const char *recipients;
} Case;

#define WHOLE "Date: x\nFrom: a@b.c\nMessage-ID: <1@b.c>\n"

static void
test_cases (void)
{
  static const Case cases[] = {
    { WHOLE "To: x@y.z\n\nbody\n", NULL, { 0 }, "" },
    { "Date: x\r\nFrom: a@b.c\r\nMessage-ID: <1@b.c>\r\n\r\nbody", NULL, { 0 }, "" },
    { WHOLE "Bcc: h@y.z,\n i@y.z\nReturn-Path: <q@r.s>\nTo: x@y.z\n\n.\nbody\n",
      WHOLE "To: x@y.z\n\n.\nbody\n", { .take_recipients = TRUE }, "h@y.z i@y.z x@y.z" },
    { WHOLE "To: x@y.z\nResent-To: n@o.p\nResent-Bcc: h@o.p\n\nb",
      WHOLE "To: x@y.z\nResent-To: n@o.p\n\nb", { .take_recipients = TRUE }, "n@o.p h@o.p" },
    { "From x@y Mon\n" WHOLE "\nbody\n", WHOLE "\nbody\n", { 0 }, "" },
    { WHOLE "\nFrom here\n.\nafter\n", WHOLE "\nFrom here\n", { .dot_ends = TRUE }, "" },
    { WHOLE "\n..\n.x\n.\r\nafter\n", WHOLE "\n..\n.x\n", { .dot_ends = TRUE }, "" },
    { WHOLE "\nend\n.", WHOLE "\nend\n.", { .dot_ends = TRUE }, "" },
    { WHOLE "no field\nmore\n", WHOLE "\nno field\nmore\n", { 0 }, "" },
    { WHOLE, WHOLE "\n", { 0 }, "" },
    { "Subject: a\r\n \r\n\tb\r\nDate: x\r\nFrom: a@b.c\r\nMessage-ID: <1@b.c>\r\n\r\nbody\r\n", NULL,
      { 0 }, "" },
    { WHOLE "To: x@y.z,\n \n\t\n q@y.z\nSubject: a\n\nb", NULL, { .take_recipients = TRUE },
      "x@y.z q@y.z" },
    { "\xEF\xBB\xBF" WHOLE "\nbody\n", WHOLE "\nbody\n", { 0 }, "" },
    { "\xEF\xBB\xBF" "From x@y Mon\n" WHOLE "\nbody\n", WHOLE "\nbody\n", { 0 }, "" },
    { WHOLE "X: y", WHOLE "X: y\n\n", { 0 }, "" },
    { WHOLE "To: root, root\n\n", WHOLE "To: root, root\n\n",
      { .take_recipients = TRUE, .allow_local = TRUE }, "root" },
    { "From: Root <root@host>\nDate: x\nMessage-ID: <1@b.c>\n\n",
      "From: Root <me@icloud.com>\nReply-To: root@host\nDate: x\nMessage-ID: <1@b.c>\n\n",
      { .rewrite = SO_REWRITE_ALWAYS }, "" },
    { "From: root (Cron Daemon)\nDate: x\nMessage-ID: <1@b.c>\n\n",
      "From: Cron Daemon <me@icloud.com>\nDate: x\nMessage-ID: <1@b.c>\n\n",
      { .rewrite = SO_REWRITE_ALWAYS }, "" },
    { "From: root\nDate: x\nMessage-ID: <1@b.c>\n\n",
      "From: root <me@icloud.com>\nDate: x\nMessage-ID: <1@b.c>\n\n", { .allow_local = TRUE },
      "" },
    { "From: root@host\nDate: x\nMessage-ID: <1@b.c>\n\n", NULL, { .allow_local = TRUE }, "" },
    { WHOLE ".\r\nX: after\n\nb", WHOLE "\n", { .dot_ends = TRUE }, "" },
    { WHOLE "\nlong enough\n", NULL, { .limit = 53 }, "" },
    { WHOLE "\na bare\rCR in the body\r\r\n", NULL, { 0 }, "" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize step = 1; step <= strlen (cases[i].in); step++)
      {
        Seen seen;
        g_autoptr (GError) error = NULL;
        g_assert_true (
            scan (cases[i].spec, cases[i].in, strlen (cases[i].in), step, &seen, &error));
        g_assert_cmpstr (seen.out->str, ==, cases[i].out != NULL ? cases[i].out : cases[i].in);
        g_assert_cmpstr (seen.recipients, ==, cases[i].recipients);
        g_assert_cmpuint (seen.heads, ==, 1);
        g_assert_cmpstr (seen.message_id, ==, "<1@b.c>");
        seen_clear (&seen);
      }
}

static void
test_missing (void)
{
  Seen seen;
  g_assert_true (scan ((SoScanSpec){ .name = "太郎" }, "hello\n", 6, 2, &seen, NULL));
  g_assert_true (g_str_has_prefix (seen.out->str, "Date: "));
  g_assert_nonnull (strstr (seen.out->str, "\nFrom: =?UTF-8?"));
  g_assert_nonnull (strstr (seen.out->str, " <me@icloud.com>\n"));
  g_assert_nonnull (strstr (seen.out->str, "@icloud.com>\n\nhello\n"));
  g_assert_null (strchr (seen.out->str, '\r'));
  g_assert_cmpstr (seen.sender, ==, "me@icloud.com");
  seen_clear (&seen);
  g_assert_true (scan ((SoScanSpec){ 0 }, "", 0, 1, &seen, NULL));
  g_assert_true (g_str_has_suffix (seen.out->str, "\r\n\r\n"));
  seen_clear (&seen);
}

/* One line of more than a header may have, without line end: text, as any other. */
static void
test_one_long_line (void)
{
  g_autoptr (GString) message = g_string_new ("{\"json\" ");
  while (message->len < SO_SCAN_HEAD_MAX + 5000)
    g_string_append (message, "0123456789");
  static const gsize steps[] = { 1000, 65536, G_MAXSIZE / 2 };
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      Seen seen;
      g_assert_true (scan ((SoScanSpec){ 0 }, message->str, message->len, steps[i], &seen, NULL));
      g_assert_true (g_str_has_prefix (seen.out->str, "Date: "));
      g_assert_true (g_str_has_suffix (seen.out->str, message->str));
      seen_clear (&seen);
    }
}

static void
choose_other (gpointer data, const char *from, SoScanSpec *spec)
{
  (void)data;
  g_assert_cmpstr (from, ==, "a@b.c");
  spec->address = "other@icloud.com";
  spec->rewrite = SO_REWRITE_ALWAYS;
}

static void
test_choose (void)
{
  Seen seen;
  g_assert_true (scan ((SoScanSpec){ .choose = choose_other }, WHOLE "\n", strlen (WHOLE "\n"), 3,
                       &seen, NULL));
  g_assert_nonnull (strstr (seen.out->str, "<other@icloud.com>\nReply-To: a@b.c\n"));
  g_assert_cmpstr (seen.sender, ==, "other@icloud.com");
  seen_clear (&seen);
}

static void
test_sealed (void)
{
  Seen seen;
  const char *message = WHOLE "Content-Type: Multipart/Signed;\n boundary=x\n\nbody\n";
  g_assert_true (scan ((SoScanSpec){ 0 }, message, strlen (message), 7, &seen, NULL));
  g_assert_true (seen.is_sealed);
  g_assert_cmpstr (seen.out->str, ==, message);
  seen_clear (&seen);
}

static void
test_bad (void)
{
  static const char nul[] = WHOLE "\nab\0c";
  static const char to[] = WHOLE "To: x@y.z, nobody\n\n";
  static const char cr[] = WHOLE "Subject: x\rBcc: hidden@y.z\nTo: x@y.z\n\n";
  static const char cr_cr[] = WHOLE "Subject: x\r\r\nTo: x@y.z\r\n\r\n";
  static const char last[] = WHOLE "Subject: x\r";
  g_autoptr (GString) endless = g_string_new (WHOLE);
  for (guint i = 0; i < 40000; i++)
    g_string_append (endless, "X-Field: some more of that\n");
  const struct
  {
    const char *message;
    gsize length;
    const char *says;
    guint64 limit;
  } cases[] = { { WHOLE "\nlong enough\n", strlen (WHOLE) + 13, "longer than 52 B", 52 },
                { nul, sizeof nul - 1, "NUL", 0 },
                { to, sizeof to - 1, "To: “nobody”", 0 },
                { cr, sizeof cr - 1, "bare CR in the header of the message (octet 51)", 0 },
                { cr_cr, sizeof cr_cr - 1, "(octet 51)", 0 },
                { last, sizeof last - 1, "(octet 51)", 0 },
                { endless->str, endless->len, "1024 KiB", 0 } };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Seen seen;
      g_autoptr (GError) error = NULL;
      g_assert_false (scan ((SoScanSpec){ .take_recipients = TRUE, .limit = cases[i].limit }, cases[i].message,
                            cases[i].length, 1000, &seen, &error));
      g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_DATA);
      g_assert_nonnull (strstr (error->message, cases[i].says));
      seen_clear (&seen);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scan/cases", test_cases);
  g_test_add_func ("/scan/missing", test_missing);
  g_test_add_func ("/scan/one-long-line", test_one_long_line);
  g_test_add_func ("/scan/choose", test_choose);
  g_test_add_func ("/scan/sealed", test_sealed);
  g_test_add_func ("/scan/bad", test_bad);
  return g_test_run ();
}
