/* test-envelope.c - the envelope in front of a waiting message, written and read. */
#include <string.h>

#include "sendoff/envelope.h"

static SoEnvelope *
sample (void)
{
  SoSubmission *submission = so_submission_new ("me@icloud.com", -1);
  g_free (submission->message_id);
  submission->message_id = g_strdup ("<1@icloud.com>");
  so_submission_add (submission, "a@example.org");
  SoRecipient *second = so_submission_add (submission, "\"b c\"@example.org");
  g_free (second->dsn_notify);
  second->dsn_notify = g_strdup ("FAILURE");
  g_free (second->dsn_orcpt);
  second->dsn_orcpt = g_strdup ("rfc822;b+20c@example.org");
  so_submission_add (submission, "用户@例え.jp");
  submission->wire_size = 1270;
  submission->eight_bit = TRUE;
  SoEnvelope *envelope = so_envelope_new ("icloud", "sendmail", 1795580164, submission);
  envelope->length = 1234;
  memset (envelope->crc32, 'a', 8);
  strcpy (envelope->id, "k3v9w2hd7m0q4xtz");
  return envelope;
}

static void
test_text (void)
{
  g_autoptr (SoEnvelope) envelope = sample ();
  g_autoptr (GString) text = so_envelope_format (envelope);
  g_assert_cmpstr (text->str, ==,
                   "sendoff entry 1\nid: k3v9w2hd7m0q4xtz\naccount: icloud\norigin: sendmail\n"
                   "created: 20261125T041604Z\nmessage-id: <1@icloud.com>\nfrom: me@icloud.com\n"
                   "to: a@example.org\nto: \"b c\"@example.org\nnotify: FAILURE\n"
                   "orcpt: rfc822;b+20c@example.org\nto: 用户@例え.jp\n"
                   "length: 0000000000001234\nwire-size: 0000000000001270\neight-bit: yes\n"
                   "utf8-headers: no \nlong-lines: no \ncrc32: aaaaaaaa\n\n");
}

static void
test_round_trip (void)
{
  g_autoptr (SoEnvelope) envelope = sample ();
  g_autoptr (GString) text = so_envelope_format (envelope);
  gsize head = text->len;
  g_string_append (text, "Subject: x\n\nbody\n");
  g_autoptr (SoEnvelope) read = NULL;
  guint line;
  g_assert_cmpint (so_envelope_parse (text->str, text->len, &read, &line), ==, SO_ENVELOPE_OK);
  g_assert_true (read->submission->offset == (goffset)head);
  g_autoptr (GString) again = so_envelope_format (read);
  g_string_truncate (text, head);
  g_assert_cmpstr (again->str, ==, text->str);
  SoRecipient *second = g_ptr_array_index (read->submission->recipients, 1);
  g_assert_cmpstr (second->dsn_orcpt, ==, "rfc822;b+20c@example.org");
}

/* What is written before the facts are known is as long as what is written over it. */
static void
test_fixed_width (void)
{
  g_autoptr (SoEnvelope) envelope = sample ();
  g_autoptr (GString) after = so_envelope_format (envelope);
  envelope->length = 0;
  envelope->crc32[0] = '\0';
  envelope->submission->wire_size = 0;
  envelope->submission->eight_bit = FALSE;
  g_autoptr (GString) before = so_envelope_format (envelope);
  g_assert_cmpuint (before->len, ==, after->len);
}

/* Cut anywhere, it is short; it never passes for a whole one. */
static void
test_every_cut (void)
{
  g_autoptr (SoEnvelope) envelope = sample ();
  g_autoptr (GString) text = so_envelope_format (envelope);
  for (gsize n = 0; n < text->len; n++)
    {
      SoEnvelope *read = NULL;
      guint line;
      g_assert_cmpint (so_envelope_parse (text->str, n, &read, &line), ==, SO_ENVELOPE_SHORT);
      g_assert_null (read);
    }
}

/* Any octet changed to a NUL or any line left out is noticed. */
static void
test_damage (void)
{
  g_autoptr (SoEnvelope) envelope = sample ();
  g_autoptr (GString) text = so_envelope_format (envelope);
  for (gsize i = 0; i < text->len; i++)
    {
      char kept = text->str[i];
      SoEnvelope *read = NULL;
      guint line;
      text->str[i] = '\0';
      g_assert_cmpint (so_envelope_parse (text->str, text->len, &read, &line), !=, SO_ENVELOPE_OK);
      text->str[i] = kept;
    }
}

static void
test_missing_lines (void)
{
  static const char *const keys[] = { "id",   "account", "origin",    "created",   "message-id",
                                      "from", "length",  "wire-size", "eight-bit", "crc32" };
  g_autoptr (SoEnvelope) envelope = sample ();
  g_autoptr (GString) text = so_envelope_format (envelope);
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *pattern = g_strdup_printf ("\n%s: ", keys[i]);
      const char *from = strstr (text->str, pattern);
      const char *to = strchr (from + 1, '\n');
      g_autoptr (GString) without = g_string_new_len (text->str, from - text->str);
      g_string_append (without, to);
      SoEnvelope *read = NULL;
      guint line = 0;
      g_assert_cmpint (so_envelope_parse (without->str, without->len, &read, &line), ==,
                       SO_ENVELOPE_BAD);
      g_assert_cmpuint (line, >, 0);
    }
}

static void
test_versions (void)
{
  SoEnvelope *read = NULL;
  guint line;
  static const struct
  {
    const char *text;
    SoEnvelopeVerdict verdict;
  } cases[] = {
    { "sendoff entry 2\nanything", SO_ENVELOPE_LATER },
    { "sendoff entry 10\n", SO_ENVELOPE_LATER },
    { "From: me\n", SO_ENVELOPE_BAD },
    { "sendoff", SO_ENVELOPE_SHORT },
    { "\n", SO_ENVELOPE_BAD },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (so_envelope_parse (cases[i].text, strlen (cases[i].text), &read, &line), ==,
                     cases[i].verdict);
}

static void
test_faults (void)
{
  g_autoptr (SoEnvelope) envelope = sample ();
  g_assert_cmpstr (so_envelope_fault (envelope), ==, "");
  SoRecipient *recipient = g_ptr_array_index (envelope->submission->recipients, 0);
  strcpy (recipient->address, "a\nto: x@y");
  g_assert_cmpstr (so_envelope_fault (envelope), !=, "");
  strcpy (recipient->address, "a@y");
  strcpy (envelope->submission->sender, "m\r");
  g_assert_cmpstr (so_envelope_fault (envelope), !=, "");
  strcpy (envelope->submission->sender, ""); /* the null sender */
  g_assert_cmpstr (so_envelope_fault (envelope), ==, "");
  strcpy (envelope->account, "");
  g_assert_cmpstr (so_envelope_fault (envelope), !=, "");
  strcpy (envelope->account, "x");
  g_ptr_array_set_size (envelope->submission->recipients, 0);
  g_assert_cmpstr (so_envelope_fault (envelope), !=, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/envelope/text", test_text);
  g_test_add_func ("/envelope/round-trip", test_round_trip);
  g_test_add_func ("/envelope/fixed-width", test_fixed_width);
  g_test_add_func ("/envelope/every-cut", test_every_cut);
  g_test_add_func ("/envelope/damage", test_damage);
  g_test_add_func ("/envelope/missing-lines", test_missing_lines);
  g_test_add_func ("/envelope/versions", test_versions);
  g_test_add_func ("/envelope/faults", test_faults);
  return g_test_run ();
}
