/* test-entry-name.c - names of waiting messages: written, read, and nothing else taken. */
#include <string.h>

#include "sendoff/entry-name.h"

static void
test_round_trip (void)
{
  static const struct
  {
    SoEntryName name;
    const char *text;
  } cases[] = {
    { { SO_ENTRY_QUEUED, "", 1795580164, "k3v9w2hd7m0q4xtz" },
      "queued.20261125T041604Z.k3v9w2hd7m0q4xtz" },
    { { SO_ENTRY_HELD, "size", 0, "0000000000000000" },
      "held-size.19700101T000000Z.0000000000000000" },
    { { SO_ENTRY_FAILED, "expired", G_GINT64_CONSTANT (253402300799), "zzzzzzzzzzzzzzzz" },
      "failed-expired.99991231T235959Z.zzzzzzzzzzzzzzzz" },
    { { SO_ENTRY_UNCERTAIN, "", 951782400, "0123456789abcdef" },
      "uncertain.20000229T000000Z.0123456789abcdef" },
    { { SO_ENTRY_SENDING, "", 4107542399, "0123456789abcdef" },
      "sending.21000228T235959Z.0123456789abcdef" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char text[SO_ENTRY_NAME_MAX];
      SoEntryName name;
      so_entry_name_format (&cases[i].name, text);
      g_assert_cmpstr (text, ==, cases[i].text);
      g_assert_true (so_entry_name_parse (text, &name));
      g_assert_cmpint (name.state, ==, cases[i].name.state);
      g_assert_cmpstr (name.reason, ==, cases[i].name.reason);
      g_assert_cmpint (name.stamp, ==, cases[i].name.stamp);
      g_assert_cmpstr (name.id, ==, cases[i].name.id);
    }
}

static void
test_refused (void)
{
  static const char *const names[] = {
    "",
    ".",
    "queued",
    "queued.20261125T041604Z",
    "queued.20261125T041604Z.",
    "queued.20261125T041604Z.k3v9w2hd7m0q4xt",   /* short id */
    "queued.20261125T041604Z.k3v9w2hd7m0q4xtzz", /* long id */
    "queued.20261125T041604Z.k3v9w2hd7m0q4xti",  /* no letter of ours */
    "queued.20261125T041604Z.K3V9W2HD7M0Q4XTZ",
    "waiting.20261125T041604Z.k3v9w2hd7m0q4xtz",
    "queue.20261125T041604Z.k3v9w2hd7m0q4xtz",
    "held-.20261125T041604Z.k3v9w2hd7m0q4xtz",
    "held-Size.20261125T041604Z.k3v9w2hd7m0q4xtz",
    "held-abcdefghijklmnopq.20261125T041604Z.k3v9w2hd7m0q4xtz", /* 17 letters */
    "queued.20261325T041604Z.k3v9w2hd7m0q4xtz",                 /* month 13 */
    "queued.20270229T041604Z.k3v9w2hd7m0q4xtz",                 /* no leap year */
    "queued.20261125T241604Z.k3v9w2hd7m0q4xtz",
    "queued.20261125t041604Z.k3v9w2hd7m0q4xtz",
    "queued.19691231T235959Z.k3v9w2hd7m0q4xtz",
    "queued.2026112 T041604Z.k3v9w2hd7m0q4xtz",
    "queued.20261125T041604Z.k3v9w2hd7m0q4xtz.bak",
    "queued.20261125T041604Z.k3v9w2hd7m0q4xtz~",
  };
  SoEntryName name;
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_false (so_entry_name_parse (names[i], &name));
}

/* The stamp agrees with GLib's calendar on every day for 200 years. */
static void
test_calendar (void)
{
  for (gint64 day = 0; day < 73000; day++)
    {
      char stamp[17];
      gint64 back;
      g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (day * 86400 + 12345);
      g_autofree char *expected = g_date_time_format (date, "%Y%m%dT%H%M%SZ");
      so_entry_stamp_format (day * 86400 + 12345, stamp);
      g_assert_cmpstr (stamp, ==, expected);
      g_assert_true (so_entry_stamp_parse (stamp, &back));
      g_assert_cmpint (back, ==, day * 86400 + 12345);
    }
}

static void
test_id (void)
{
  static const guint8 ones[10] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };
  static const guint8 steps[10] = { 0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf };
  char id[SO_ENTRY_ID_LENGTH + 1];
  so_entry_id_format (ones, id);
  g_assert_cmpstr (id, ==, "zzzzzzzzzzzzzzzz");
  so_entry_id_format (steps, id);
  g_assert_cmpstr (id, ==, "0123456789abcdef");
  g_assert_true (so_entry_id_is_valid (id));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/entry-name/round-trip", test_round_trip);
  g_test_add_func ("/entry-name/refused", test_refused);
  g_test_add_func ("/entry-name/calendar", test_calendar);
  g_test_add_func ("/entry-name/id", test_id);
  return g_test_run ();
}
