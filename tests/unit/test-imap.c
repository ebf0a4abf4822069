/* test-imap.c - the IMAP session against servers that say exactly what a case needs. */
#include <string.h>

#include "imap-guard.h"
#include "script-server.h"
#include "sendoff/error.h"
#include "sendoff/imap-folder.h"

#define HELLO "S: * OK ready"
#define LOGIN HELLO, "E: 1 LOGIN ", "S: 1 OK in", "E: 2 CAPABILITY"
#define PLAIN_LOGIN LOGIN, "S: * CAPABILITY IMAP4rev1 UIDPLUS QUOTA IDLE", "S: 2 OK done"
#define BARE_LOGIN LOGIN, "S: * CAPABILITY IMAP4rev1", "S: 2 OK done"

static SoSecret *
secret (gpointer data, GError **error)
{
  (void) error;
  return so_secret_new (data, -1);
}

static SoSecret *
no_secret (gpointer data, GError **error)
{
  (void) data;
  so_error_set (error, SO_ERROR_TEMPORARY, "", "locked");
  return NULL;
}

static SoAccount *
local_account (guint16 port)
{
  SoAccount *account = so_account_new ("test");
  g_free (account->imap.host);
  account->imap.host = g_strdup ("127.0.0.1");
  account->imap.port = port;
  account->imap.security = SO_SECURITY_NONE;
  g_free (account->imap.user);
  account->imap.user = g_strdup ("me@example.org");
  account->timeout = 1;
  return account;
}

typedef struct
{
  const char *const **scripts; /* the server borrows it */
  ScriptServer *server;
  SoImap *imap;
  SoImapTrouble trouble;
  GError *error;
} Visit;

static Visit
visit (const char *const *script, SoSecretFunc get_secret)
{
  Visit v = { 0 };
  v.scripts = g_new0 (const char *const *, 2);
  v.scripts[0] = script;
  v.server = script_server_start (v.scripts);
  g_autoptr (SoAccount) account = local_account (script_server_port (v.server));
  const SoImapOptions options = { .interrupt_fd = -1 };
  v.imap = so_imap_open (account, get_secret, (gpointer) "abcd-efgh", &options, &v.trouble, &v.error);
  return v;
}

/* Ends it; returns what the server read. */
static char *
leave (Visit *v)
{
  so_imap_close (v->imap);
  g_clear_error (&v->error);
  char *seen = script_server_finish (v->server);
  g_free (v->scripts);
  return seen;
}

static void
expect_refusal (const char *const *script, SoImapTrouble trouble, int code)
{
  Visit v = visit (script, secret);
  g_assert_null (v.imap);
  g_assert_cmpint (v.trouble, ==, trouble);
  g_assert_error (v.error, SO_ERROR_DOMAIN, code);
  g_assert_null (strstr (v.error->message, "abcd-efgh"));
  g_free (leave (&v));
}

static void
test_login (void)
{
  static const char *const good[] = { PLAIN_LOGIN, "E: Z LOGOUT", NULL };
  Visit v = visit (good, secret);
  g_assert_no_error (v.error);
  g_assert_cmpint (v.trouble, ==, SO_IMAP_WELL);
  g_assert_true (so_imap_has (v.imap, "QUOTA"));
  g_assert_false (so_imap_has (v.imap, "MOVE"));
  g_autofree char *seen = leave (&v);
  g_assert_nonnull (strstr (seen, "abcd-efgh"));
}

/* Whatever comes for CAPABILITY, it is a server without extensions. */
static void
test_no_capabilities (void)
{
  static const char *const nothing[] = { LOGIN, "S: 2 OK done", "E: Z LOGOUT", NULL };
  static const char *const refused[] = { LOGIN, "S: 2 BAD what", "E: Z LOGOUT", NULL };
  const char *const *scripts[] = { nothing, refused };
  for (gsize i = 0; i < G_N_ELEMENTS (scripts); i++)
    {
      Visit v = visit (scripts[i], secret);
      g_assert_no_error (v.error);
      g_assert_false (so_imap_has (v.imap, "IDLE"));
      g_free (leave (&v));
    }
}

static void
test_login_refused (void)
{
  static const char *const wrong[]
      = { HELLO, "E: 1 LOGIN ", "S: 1 NO [AUTHENTICATIONFAILED] Authentication Failed", "E: Z LOGOUT", NULL };
  static const char *const unspecified[] = { HELLO, "E: 1 LOGIN ", "S: 1 NO no", "E: Z LOGOUT", NULL };
  static const char *const busy[]
      = { HELLO, "E: 1 LOGIN ", "S: 1 BAD [UNAVAILABLE] Temporary authentication failure", "E: Z LOGOUT", NULL };
  static const char *const off[] = { HELLO, "E: 1 LOGIN ", "S: 1 NO [NOPERM] IMAP is off", "E: Z LOGOUT", NULL };
  static const char *const hung_up[] = { HELLO, "E: 1 LOGIN ", "X:", NULL };
  static const char *const http[] = { "S: HTTP/1.1 400 Bad Request", "X:", NULL };
  static const char *const silent[] = { "W: 1500", NULL };
  expect_refusal (wrong, SO_IMAP_REFUSED, SO_ERROR_CREDENTIALS);
  expect_refusal (unspecified, SO_IMAP_REFUSED, SO_ERROR_CREDENTIALS);
  expect_refusal (busy, SO_IMAP_TEMPORARY, SO_ERROR_TEMPORARY);
  expect_refusal (off, SO_IMAP_DISABLED, SO_ERROR_CREDENTIALS);
  expect_refusal (hung_up, SO_IMAP_TEMPORARY, SO_ERROR_TEMPORARY);
  expect_refusal (http, SO_IMAP_STRANGE, SO_ERROR_PROTOCOL);
  expect_refusal (silent, SO_IMAP_STRANGE, SO_ERROR_TEMPORARY);
}

static void
test_no_secret (void)
{
  static const char *const script[] = { HELLO, "E: Z LOGOUT", NULL };
  Visit v = visit (script, no_secret);
  g_assert_null (v.imap);
  g_assert_cmpint (v.trouble, ==, SO_IMAP_NO_SECRET);
  g_autofree char *seen = leave (&v);
  g_assert_null (strstr (seen, "LOGIN"));
}

static void
test_folders (void)
{
  static const char *const script[] = { PLAIN_LOGIN,
                                        "E: 3 LIST \"\" \"*\"",
                                        "S: * LIST (\\HasNoChildren) \"/\" Archive",
                                        "S: * LIST (\\HasNoChildren) \"/\" Junk",
                                        "S: * LIST (\\Noselect \\HasChildren) \"/\" Old",
                                        "S: * LIST (\\HasNoChildren) \"/\" \"Sent Messages\"",
                                        "S: * LIST (\\HasNoChildren) \"/\" &MNcwqw-",
                                        "S: * LIST (\\HasNoChildren) \"/\" INBOX",
                                        "S: 3 OK done",
                                        "E: Z LOGOUT",
                                        NULL };
  Visit v = visit (script, secret);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) folders = so_imap_folders (v.imap, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (folders->len, ==, 5);
  g_assert_cmpint (((SoImapFolder *) folders->pdata[0])->use, ==, SO_FOLDER_INBOX);
  g_assert_cmpstr (so_imap_folder_of (folders, SO_FOLDER_SENT)->name, ==, "Sent Messages");
  g_assert_cmpstr (so_imap_folder_of (folders, SO_FOLDER_JUNK)->name, ==, "Junk");
  g_assert_null (so_imap_folder_of (folders, SO_FOLDER_TRASH));
  g_assert_cmpstr (((SoImapFolder *) folders->pdata[4])->title, ==, "プカ");
  g_free (leave (&v));
}

/* A folder that is marked wins over one that is only named so. */
static void
test_special_use (void)
{
  static const char *const script[] = { PLAIN_LOGIN,
                                        "E: 3 LIST \"\" \"*\"",
                                        "S: * LIST () \".\" INBOX.Sent",
                                        "S: * LIST (\\Sent) \".\" INBOX.Outgoing",
                                        "S: 3 OK done",
                                        "E: Z LOGOUT",
                                        NULL };
  Visit v = visit (script, secret);
  g_autoptr (GPtrArray) folders = so_imap_folders (v.imap, NULL);
  g_assert_cmpstr (so_imap_folder_of (folders, SO_FOLDER_SENT)->name, ==, "INBOX.Outgoing");
  g_free (leave (&v));
}

static void
test_find_and_delete (void)
{
  static const char *const script[] = { PLAIN_LOGIN,
                                        "E: 3 SELECT INBOX",
                                        "S: * 200000 EXISTS",
                                        "S: 3 OK [READ-WRITE] done",
                                        "E: 4 UID SEARCH UID 190001:* SINCE 24-Nov-2026 HEADER Message-ID ",
                                        "S: * SEARCH 7 9",
                                        "S: 4 OK done",
                                        "E: 5 UID FETCH 9 BODY.PEEK[HEADER]",
                                        "S: * 2 FETCH (UID 9 BODY[HEADER] {21}",
                                        "S: Message-ID: <a@b>",
                                        "S: ",
                                        "S: )",
                                        "S: 5 OK done",
                                        "E: 6 UID STORE 9 +FLAGS.SILENT (\\Deleted)",
                                        "S: 6 OK done",
                                        "E: 7 UID EXPUNGE 9",
                                        "S: * 2 EXPUNGE",
                                        "S: 7 OK done",
                                        "E: Z LOGOUT",
                                        NULL };
  /* Noon of 25 November 2026. */
  const SoImapRange range = { .first_uid = 190001, .since = 1795608000 };
  Visit v = visit (script, secret);
  g_autoptr (GError) error = NULL;
  g_assert_true (so_imap_select (v.imap, "INBOX", TRUE, &error));
  g_autoptr (GArray) uids = so_imap_find (v.imap, &range, "Message-ID", "<a@b>", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (uids->len, ==, 2);
  g_autofree char *headers = so_imap_headers (v.imap, 9, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (headers, ==, "Message-ID: <a@b>\r\n\r\n");
  gboolean gone = FALSE;
  g_assert_true (so_imap_delete (v.imap, 9, &gone, &error));
  g_assert_true (gone);
  g_free (leave (&v));
}

/* Without UIDPLUS no EXPUNGE, which would take along other messages. */
static void
test_delete_marks_only (void)
{
  static const char *const script[] = { BARE_LOGIN, "E: 3 SELECT ", "S: 3 OK done", "E: 4 UID STORE 9 ",
                                        "S: 4 OK done", "E: Z LOGOUT", NULL };
  Visit v = visit (script, secret);
  gboolean gone = TRUE;
  g_assert_true (so_imap_select (v.imap, "INBOX", TRUE, NULL));
  g_assert_true (so_imap_delete (v.imap, 9, &gone, NULL));
  g_assert_false (gone);
  g_autofree char *seen = leave (&v);
  g_assert_null (strstr (seen, "EXPUNGE"));
}

static void
test_append (void)
{
  static const char *const script[] = { PLAIN_LOGIN, "E: 3 APPEND \"Sent Messages\" (\\Seen) {12}", "S: + go", "N: 14",
                                        "S: 3 OK [APPENDUID 1 2] done", "E: Z LOGOUT", NULL };
  static const char *const full[] = { PLAIN_LOGIN, "E: 3 APPEND ", "S: 3 NO [OVERQUOTA] full", "E: Z LOGOUT", NULL };
  g_autoptr (GError) error = NULL;
  Visit v = visit (script, secret);
  g_assert_true (so_imap_append (v.imap, "Sent Messages", "A: b\r\n\r\nhi\r\n", 12, &error));
  g_assert_no_error (error);
  g_free (leave (&v));
  v = visit (full, secret);
  g_assert_false (so_imap_append (v.imap, "Sent", "A: b\r\n\r\nhi\r\n", 12, &error));
  g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_TEMPORARY);
  g_free (leave (&v));
}

static void
test_quota (void)
{
  static const char *const script[] = { PLAIN_LOGIN, "E: 3 GETQUOTAROOT INBOX", "S: * QUOTAROOT INBOX \"User quota\"",
                                        "S: * QUOTA \"User quota\" (STORAGE 850 1000)", "S: 3 OK done", "E: Z LOGOUT",
                                        NULL };
  static const char *const none[] = { BARE_LOGIN, "E: Z LOGOUT", NULL };
  guint64 used = 0, limit = 0;
  g_autoptr (GError) error = NULL;
  Visit v = visit (script, secret);
  g_assert_true (so_imap_quota (v.imap, &used, &limit, &error));
  g_assert_cmpuint (used, ==, 850 * 1024);
  g_assert_cmpuint (limit, ==, 1000 * 1024);
  g_free (leave (&v));
  v = visit (none, secret);
  g_assert_false (so_imap_quota (v.imap, &used, &limit, &error));
  g_assert_no_error (error);
  g_free (leave (&v));
}

/* Data come before the verdict, which may be a NO; and with an OK there may be none. */
static void
test_data_beside_the_verdict (void)
{
  static const char *const script[] = { PLAIN_LOGIN,
                                        "E: 3 LIST ",
                                        "S: * LIST () \"/\" INBOX",
                                        "S: 3 NO not all",
                                        "E: 4 LIST ",
                                        "S: 4 OK none",
                                        "E: 5 STATUS ",
                                        "S: * STATUS INBOX (UIDNEXT 7)",
                                        "S: 5 NO not now",
                                        "E: 6 STATUS ",
                                        "S: 6 OK none",
                                        "E: 7 GETQUOTAROOT ",
                                        "S: * QUOTAROOT INBOX \"\"",
                                        "S: * QUOTA \"\" (STORAGE 850 1000)",
                                        "S: 7 NO not for you",
                                        "E: 8 SELECT ",
                                        "S: 8 OK done",
                                        "E: 9 UID SEARCH ",
                                        "S: * SEARCH 4 5",
                                        "S: 9 NO tired",
                                        "E: 10 UID SEARCH ",
                                        "S: * SEARCH 4 5",
                                        "S: 10 OK done",
                                        "E: 11 UID SEARCH ",
                                        "S: 11 OK none",
                                        "E: Z LOGOUT",
                                        NULL };
  Visit v = visit (script, secret);
  guint32 next = 99;
  guint64 used = 0, limit = 0;
  g_assert_null (so_imap_folders (v.imap, NULL));
  g_autoptr (GPtrArray) folders = so_imap_folders (v.imap, NULL);
  g_assert_cmpuint (folders->len, ==, 0);
  g_assert_false (so_imap_status (v.imap, "INBOX", &next, NULL));
  g_assert_cmpuint (next, ==, 0);
  g_assert_true (so_imap_status (v.imap, "INBOX", &next, NULL));
  g_assert_cmpuint (next, ==, 0);
  g_assert_false (so_imap_quota (v.imap, &used, &limit, NULL));
  g_assert_true (so_imap_select (v.imap, "INBOX", TRUE, NULL));
  g_assert_null (so_imap_find (v.imap, NULL, "Message-ID", "<a@b>", NULL));
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) uids = so_imap_find (v.imap, NULL, "Message-ID", "<a@b>", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (uids->len, ==, 2);
  g_autoptr (GArray) none = so_imap_find (v.imap, NULL, "Message-ID", "<a@b>", NULL);
  g_assert_cmpuint (none->len, ==, 0);
  g_free (leave (&v));
}

static void
test_wait (void)
{
  static const char *const news[] = { PLAIN_LOGIN, "E: 3 EXAMINE ", "S: 3 OK done", "E: 4 IDLE", "S: + idling", "W: 50",
                                      "S: * 1 EXISTS", "E: DONE", "S: 4 OK done", "E: Z LOGOUT", NULL };
  static const char *const liar[] = { PLAIN_LOGIN, "E: 3 EXAMINE ", "S: 3 OK done", "E: 4 IDLE", "S: + idling", "E: DONE",
                                      "S: 4 OK done", "E: Z LOGOUT", NULL };
  static const char *const no_idle[] = { BARE_LOGIN, "E: 3 EXAMINE ", "S: 3 OK done", "E: 4 NOOP", "S: * 1 EXISTS",
                                         "S: 4 OK done", "E: Z LOGOUT", NULL };
  const char *const *const scripts[] = { news, liar, no_idle };
  const gint64 at_least_us[] = { 0, 200000, 200000 };
  for (gsize i = 0; i < G_N_ELEMENTS (scripts); i++)
    {
      g_autoptr (GError) error = NULL;
      Visit v = visit (scripts[i], secret);
      g_assert_true (so_imap_select (v.imap, "INBOX", FALSE, NULL));
      gint64 began = g_get_monotonic_time ();
      g_assert_true (so_imap_wait (v.imap, i == 0 ? 20000000 : 200000, &error));
      g_assert_no_error (error);
      gint64 took = g_get_monotonic_time () - began;
      g_assert_cmpint (took, >=, at_least_us[i]);
      g_assert_cmpint (took, <, 5000000);
      g_free (leave (&v));
    }
}

/* Bounds: a list that nests, a line without end, a dripping answer. */
static void
test_hostile (void)
{
  g_autofree char *nest = g_strnfill (5000, '(');
  g_autofree char *nesting = g_strdup_printf ("S: * 1 FETCH (BODYSTRUCTURE %s", nest);
  g_autofree char *octets = g_strnfill (300 * 1024, 'x');
  g_autofree char *flood = g_strdup_printf ("s: * OK %s", octets);
  const char *const deep[] = { PLAIN_LOGIN, "E: 3 ", nesting, "W: 300", NULL };
  const char *const endless[] = { PLAIN_LOGIN, "E: 3 ", flood, "W: 300", NULL };
  const char *const drip[] = { PLAIN_LOGIN, "E: 3 ", "s: *", "W: 400", "s:  ", "W: 400", "s: O", "W: 400", NULL };
  const char *const *const scripts[] = { deep, endless, drip };
  const int codes[] = { SO_ERROR_PROTOCOL, SO_ERROR_PROTOCOL, SO_ERROR_TEMPORARY };
  for (gsize i = 0; i < G_N_ELEMENTS (scripts); i++)
    {
      g_autoptr (GError) error = NULL;
      Visit v = visit (scripts[i], secret);
      g_assert_false (so_imap_select (v.imap, "INBOX", FALSE, &error));
      g_assert_error (error, SO_ERROR_DOMAIN, codes[i]);
      g_free (leave (&v));
    }
}

/* What comes out of the guard, in one piece or octet by octet; NULL: it has ended the stream. */
static char *
guarded (const char *octets)
{
  SoGuardScan one = { 0 }, split = { 0 };
  g_autofree char *whole = g_strdup (octets);
  g_autofree char *parts = g_strdup (octets);
  gboolean passes = so_guard_scan (&one, whole, strlen (octets)), passes_too = TRUE;
  for (char *p = parts; *p != '\0' && passes_too; p++)
    passes_too = so_guard_scan (&split, p, 1);
  g_assert_cmpint (passes, ==, passes_too);
  if (!passes)
    return NULL;
  g_assert_cmpstr (whole, ==, parts);
  return g_steal_pointer (&whole);
}

static gboolean
scan (const char *octets)
{
  g_autofree char *out = guarded (octets);
  return out != NULL;
}

/* Response codes where libetpan cannot read them, and everywhere else. */
static void
test_codes (void)
{
  static const char *const in
      = "* OK [A (b)] hi\r\n* OK [C] x\r\n+ [D \"e\"] go\r\n* X BODY[HEADER] {8}\r\n+ [f]\r\n\n)\r\n+ [g]\r\n";
  static const char *const out
      = "* OK <A (b)] hi\r\n* OK [C] x\r\n+ <D \"e\"] go\r\n* X BODY[HEADER] {8}\r\n+ [f]\r\n\n)\r\n+ <g]\r\n";
  g_autofree char *seen = guarded (in);
  g_assert_cmpstr (seen, ==, out);
  static const char *const script[] = { "S: * OK [PERMANENTFLAGS (\\*)] hello",
                                        "E: 1 LOGIN ",
                                        "S: 1 OK in",
                                        "E: 2 CAPABILITY",
                                        "S: * CAPABILITY IMAP4rev1 IDLE",
                                        "S: 2 OK done",
                                        "E: 3 SELECT ",
                                        "S: * OK [PERMANENTFLAGS (\\*)] x",
                                        "S: 3 OK done",
                                        "E: 4 APPEND ",
                                        "S: + [BADCHARSET (\"x\")] go",
                                        "N: 14",
                                        "S: 4 OK done",
                                        "E: Z LOGOUT",
                                        NULL };
  Visit v = visit (script, secret);
  g_assert_no_error (v.error);
  g_assert_true (so_imap_select (v.imap, "INBOX", TRUE, NULL));
  g_assert_true (so_imap_append (v.imap, "Sent", "A: b\r\n\r\nhi\r\n", 12, NULL));
  g_free (leave (&v));
}

static void
test_guard (void)
{
  g_autofree char *many = g_strnfill (SO_GUARD_DEPTH + 1, '(');
  g_autofree char *allowed = g_strnfill (SO_GUARD_DEPTH, '(');
  g_autofree char *literal = g_strdup_printf ("* 1 FETCH (X {%d}\r\n%s)\r\n", SO_GUARD_DEPTH + 1, many);
  g_autofree char *behind = g_strdup_printf ("* 1 FETCH (X {2}\r\nab%s)\r\n", many);
  g_autofree char *spread = g_strdup_printf ("%s\r\n%s\r\n", allowed, allowed);
  g_assert_true (scan (allowed));
  g_assert_false (scan (many));
  g_assert_true (scan (literal));
  g_assert_false (scan (behind));
  g_assert_true (scan (spread));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/login", test_login);
  g_test_add_func ("/imap/no-capabilities", test_no_capabilities);
  g_test_add_func ("/imap/login-refused", test_login_refused);
  g_test_add_func ("/imap/no-secret", test_no_secret);
  g_test_add_func ("/imap/folders", test_folders);
  g_test_add_func ("/imap/special-use", test_special_use);
  g_test_add_func ("/imap/data-beside-the-verdict", test_data_beside_the_verdict);
  g_test_add_func ("/imap/find-and-delete", test_find_and_delete);
  g_test_add_func ("/imap/delete-marks-only", test_delete_marks_only);
  g_test_add_func ("/imap/append", test_append);
  g_test_add_func ("/imap/quota", test_quota);
  g_test_add_func ("/imap/wait", test_wait);
  g_test_add_func ("/imap/hostile", test_hostile);
  g_test_add_func ("/imap/guard", test_guard);
  g_test_add_func ("/imap/codes", test_codes);
  return g_test_run ();
}
