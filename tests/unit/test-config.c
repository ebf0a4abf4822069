/*
 * test-config.c - accounts out of a key file, and the line named for every mistake.
 */
#include <string.h>

#include "sendoff/config-data.h"
#include "sendoff/config-key.h"
#include "sendoff/config.h"
#include "sendoff/error.h"

#define ICLOUD "[account icloud]\npreset = icloud\naddress = me@icloud.com\n"
#define LOCAL "[account local]\naddress = a@b.c\nsmtp-host = localhost\n"

static SoConfig *
parse (const char *text, GError **error)
{
  return so_config_parse (text, "file", so_config_data_builtin ("providers.conf"), error);
}

static SoAccount *
account (const char *text, const char *name, const char *from)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SoConfig) config = parse (text, &error);
  g_assert_no_error (error);
  SoAccount *result = so_config_account (config, name, from, &error);
  g_assert_no_error (error);
  return result;
}

static void
test_preset (void)
{
  g_autoptr (SoAccount) a = account (ICLOUD, "", "");
  g_assert_cmpstr (a->name, ==, "icloud");
  g_assert_cmpstr (a->preset, ==, "icloud");
  g_assert_cmpstr (a->title, ==, "iCloud Mail");
  g_assert_cmpstr (a->smtp.host, ==, "smtp.mail.me.com");
  g_assert_cmpuint (a->smtp.port, ==, 587);
  g_assert_cmpint (a->smtp.security, ==, SO_SECURITY_STARTTLS);
  g_assert_cmpstr (a->smtp.user, ==, "me@icloud.com");
  g_assert_cmpstr (a->imap.host, ==, "imap.mail.me.com");
  g_assert_cmpuint (a->imap.port, ==, 993);
  g_assert_cmpint (a->imap.security, ==, SO_SECURITY_TLS);
  g_assert_cmpstr (a->imap.user, ==, "me@icloud.com");
  g_assert_cmpuint (a->message_limit, ==, 20000000);
  g_assert_cmpuint (a->wire_limit, ==, 28319744);
  g_assert_cmpuint (a->daily_messages, ==, 1000);
  g_assert_cmpuint (a->daily_recipients, ==, 1000);
  g_assert_cmpuint (a->max_recipients, ==, 500);
  g_assert_cmpint (a->auth, ==, SO_AUTH_AUTO);
  g_assert_cmpuint (a->connections, ==, 1);
  g_assert_cmpuint (a->retry_initial, ==, 60);
  g_assert_cmpuint (a->retry_max, ==, 3600);
  g_assert_cmpuint (a->retry_expire, ==, 5 * 86400);
  g_assert_cmpuint (a->n_oversize, ==, 3);
  g_assert_cmpint (a->oversize[2], ==, SO_OVERSIZE_HOLD);
  g_assert_cmpstr (a->save_sent, ==, "no");
  g_assert_false (a->hold_uncertain);
  g_assert_cmpint (a->rewrite_from, ==, SO_REWRITE_NEVER);
}

static void
test_no_file (void)
{
  g_autoptr (SoAccount) a = account ("", "icloud", "me@icloud.com");
  g_assert_cmpstr (a->name, ==, "icloud");
  g_assert_cmpstr (a->preset, ==, "icloud");
  g_assert_cmpstr (a->address, ==, "me@icloud.com");
  g_assert_cmpstr (a->smtp.user, ==, "me@icloud.com");
  g_assert_cmpuint (a->smtp.port, ==, 587);

  g_autoptr (GError) error = NULL;
  g_autoptr (SoConfig) config = parse ("", &error);
  g_assert_no_error (error);
  const char *const *presets = so_config_presets (config);
  g_assert_cmpuint (g_strv_length ((char **)presets), ==, 5);
  g_assert_cmpstr (presets[0], ==, "icloud");
  for (; *presets != NULL; presets++)
    {
      g_autoptr (GError) failure = NULL;
      g_autoptr (SoAccount) made = so_config_account (config, *presets, "me@x.org", &failure);
      g_assert_true ((made != NULL) == (strcmp (*presets, "smtp") != 0));
    }
  g_assert_null (so_config_names (config)[0]);
  g_assert_cmpstr (so_config_default_name (config), ==, "");
  g_assert_cmpstr (so_config_control_hosts (config)[0], ==, "www.apple.com");
  g_assert_true (g_str_has_prefix (so_config_captive_portal (config), "http://"));
}

static void
test_keys (void)
{
  g_autoptr (SoAccount) a = account (
      ICLOUD "aliases = me@me.com, me@mac.com\nfrom-name = 山田 太郎\nsmtp-host = 127.0.0.1\n"
             "smtp-port = 65535\nsmtp-security = tls\nsmtp-user = me\nimap-host = ::1\n"
             "imap-security = starttls\nimap-port = 143\nimap-user = you\n"
             "message-limit = 27 MiB\nwire-limit = 0\nauth = oauthbearer\n"
             "tls-ca-file = /ca.pem\npassword-command = printf '%s' x\nehlo-name = [192.0.2.1]\n"
             "timeout = 90\noversize = link;refuse\nlink-command = a b\nretry-initial = 90s\n"
             "retry-max = 5m\nretry-expire = 1h\nuncertain = hold\nsave-sent = maildir:/m\n"
             "daily-messages = 0\ndaily-recipients = 7\nmax-recipients = 8\nconnections = 2\n"
             "on-failure = c\nrewrite-from = always\naliases-file = /etc/aliases\n"
             "tls-fingerprint = "
             "AA:bb:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99:"
             "AA:BB:CC:DD\n",
      "icloud", "me@mac.com");
  g_assert_cmpstr (a->aliases[1], ==, "me@mac.com");
  g_assert_cmpstr (a->from_name, ==, "山田 太郎");
  g_assert_cmpstr (a->smtp.host, ==, "127.0.0.1");
  g_assert_cmpuint (a->smtp.port, ==, 65535);
  g_assert_cmpint (a->smtp.security, ==, SO_SECURITY_TLS);
  g_assert_cmpstr (a->smtp.user, ==, "me");
  g_assert_cmpstr (a->imap.user, ==, "you");
  g_assert_cmpuint (a->message_limit, ==, 27 * 1024 * 1024);
  g_assert_cmpuint (a->wire_limit, ==, 0);
  g_assert_cmpint (a->auth, ==, SO_AUTH_OAUTHBEARER);
  g_assert_cmpstr (a->password_command, ==, "printf '%s' x");
  g_assert_cmpstr (a->ehlo_name, ==, "[192.0.2.1]");
  g_assert_cmpuint (a->timeout, ==, 90);
  g_assert_cmpuint (a->n_oversize, ==, 2);
  g_assert_cmpint (a->oversize[0], ==, SO_OVERSIZE_LINK);
  g_assert_cmpuint (a->retry_initial, ==, 90);
  g_assert_cmpuint (a->retry_max, ==, 300);
  g_assert_cmpuint (a->retry_expire, ==, 3600);
  g_assert_true (a->hold_uncertain);
  g_assert_cmpstr (a->save_sent, ==, "maildir:/m");
  g_assert_cmpuint (a->daily_messages, ==, 0);
  g_assert_cmpuint (a->connections, ==, 2);
  g_assert_cmpint (a->rewrite_from, ==, SO_REWRITE_ALWAYS);
  g_assert_cmpuint (strlen (a->tls_fingerprint), ==, 64);
  g_assert_true (g_str_has_prefix (a->tls_fingerprint, "aabb0011"));
}

static void
test_ports_follow_security (void)
{
  g_autoptr (SoAccount) tls = account (LOCAL "smtp-security = tls\nimap-host = x.org\n", "", "");
  g_assert_cmpuint (tls->smtp.port, ==, 465);
  g_assert_cmpuint (tls->imap.port, ==, 993);
  g_autoptr (SoAccount) starttls = account (LOCAL, "", "");
  g_assert_cmpuint (starttls->smtp.port, ==, 587);
  g_assert_cmpuint (starttls->imap.port, ==, 0);
  g_autoptr (SoAccount) none = account (LOCAL "smtp-security = none\n", "", "");
  g_assert_cmpuint (none->smtp.port, ==, 25);
  g_assert_cmpint (none->auth, ==, SO_AUTH_NONE);
}

static void
test_default (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SoConfig) one = parse (ICLOUD, &error);
  g_assert_cmpstr (so_config_default_name (one), ==, "icloud");
  g_autoptr (SoConfig) named
      = parse ("[defaults]\naccount = local\noutbox = /o\n" ICLOUD LOCAL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (so_config_default_name (named), ==, "local");
  g_assert_cmpstr (so_config_outbox (named), ==, "/o");
  g_assert_cmpstr (so_config_names (named)[0], ==, "icloud");
  g_assert_cmpstr (so_config_names (named)[1], ==, "local");
  g_autoptr (SoConfig) two = parse (ICLOUD LOCAL, &error);
  g_assert_cmpstr (so_config_default_name (two), ==, "");
  g_assert_cmpstr (so_config_outbox (two), ==, "");
}

static void
test_choice_fails (void)
{
  static const struct
  {
    const char *text, *name, *from, *in_message, *in_remedy;
    int code;
  } cases[] = {
    { "", "", "", "no account is configured", "setup", SO_ERROR_CONFIG },
    { "", "nosuch", "", "nosuch", "icloud, gmail", SO_ERROR_CONFIG },
    { "", "icloud", "", "needs an address", "--from", SO_ERROR_USAGE },
    { "", "icloud", "me", "no @", "", SO_ERROR_USAGE },
    { "", "icloud", "a@b\nc", "control", "", SO_ERROR_USAGE },
    { "", "smtp", "a@b.c", "no outgoing mail server", "smtp-host", SO_ERROR_CONFIG },
    { ICLOUD LOCAL, "", "", "which account", "icloud, local", SO_ERROR_CONFIG },
    { ICLOUD LOCAL, "lokal", "", "lokal", "icloud, local", SO_ERROR_CONFIG },
    { ICLOUD, "", "you@icloud.com", "you@icloud.com", "aliases", SO_ERROR_USAGE },
    { ICLOUD, "\033[1m", "", "\\x1B[1m", "icloud", SO_ERROR_CONFIG },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SoConfig) config = parse (cases[i].text, &error);
      g_assert_no_error (error);
      g_assert_null (so_config_account (config, cases[i].name, cases[i].from, &error));
      g_assert_error (error, SO_ERROR_DOMAIN, cases[i].code);
      g_test_message ("%s | %s", error->message, so_error_remedy (error));
      g_assert_nonnull (strstr (error->message, cases[i].in_message));
      g_assert_nonnull (strstr (so_error_remedy (error), cases[i].in_remedy));
    }
}

/* Each mistake: the place named, and a word of the remedy. */
static void
test_bad (void)
{
  static const struct
  {
    const char *text, *where, *remedy;
  } cases[] = {
    { ICLOUD "smtp-port = 0\n", "file:4: smtp-port: ", "65535" },
    { ICLOUD "smtp-port = 70000\n", "file:4: smtp-port: ", "65535" },
    { ICLOUD "smtp-port = 5 87\n", "file:4: smtp-port: ", "" },
    { ICLOUD "smtp-port = -1\n", "file:4: smtp-port: ", "" },
    { ICLOUD "\n# x\nsmtp-prot = 587\n", "file:6: smtp-prot: ", "smtp-port" },
    { ICLOUD "colour = red\n", "file:4: colour: ", "" },
    { ICLOUD "password = hunter2\n", "file:4: password: ", "sendoff login" },
    { ICLOUD "smtp-security = ssl\n", "file:4: smtp-security: ", "starttls" },
    { ICLOUD "smtp-security = none\n", "file:4: smtp-security: ", "tls" },
    { LOCAL "smtp-security = none\nauth = plain\n", "file:5: auth: ", "none" },
    { LOCAL "imap-host = x.org\nimap-security = none\n", "file:5: imap-security: ", "tls" },
    { ICLOUD "auth = cram-md5\n", "file:4: auth: ", "plain" },
    { ICLOUD "smtp-host = smtps://x.org\n", "file:4: smtp-host: ", "port" },
    { ICLOUD "smtp-host = x.org:587\n", "file:4: smtp-host: ", "port" },
    { ICLOUD "smtp-host = a b\n", "file:4: smtp-host: ", "" },
    { ICLOUD "smtp-host =\n", "file:4: smtp-host: ", "" },
    { ICLOUD "smtp-user =\n", "file:4: smtp-user: ", "" },
    { ICLOUD "timeout = 0\n", "file:4: timeout: ", "1h" },
    { ICLOUD "timeout = 2h\n", "file:4: timeout: ", "" },
    { ICLOUD "timeout = s\n", "file:4: timeout: ", "" },
    { ICLOUD "timeout = 5 m\n", "file:4: timeout: ", "" },
    { ICLOUD "retry-initial = 5w\n", "file:4: retry-initial: ", "5m" },
    { ICLOUD "retry-expire = 59s\n", "file:4: retry-expire: ", "at least 1m" },
    { ICLOUD "retry-initial = 99999999999h\n", "file:4: retry-initial: ", "" },
    { ICLOUD "retry-initial = 2h\n", "file:1: retry-max: ", "" },
    { ICLOUD "retry-max = 30\n", "file:4: retry-max: ", "retry-initial" },
    { ICLOUD "retry-expire = 30m\n", "file:4: retry-expire: ", "retry-max" },
    { ICLOUD "message-limit = many\n", "file:4: message-limit: ", "MB" },
    { ICLOUD "message-limit = -1\n", "file:4: message-limit: ", "" },
    { ICLOUD "message-limit = 20 Mio\n", "file:4: message-limit: ", "" },
    { ICLOUD "tls-fingerprint = aa:bb\n", "file:4: tls-fingerprint: ", "64" },
    { ICLOUD "tls-ca-file = ca.pem\n", "file:4: tls-ca-file: ", "/" },
    { ICLOUD "aliases = me@me.com, me\n", "file:4: aliases: ", "" },
    { "[account a]\npreset = icloud\naddress = me\n", "file:3: address: ", "@" },
    { "[account a]\npreset = icloud\n", "file:1: address: ", "address" },
    { "[account a]\naddress = a@b.c\n", "file:1: smtp-host: ", "preset" },
    { "[account a]\npreset = iclod\naddress = a@b.c\n", "file:2: preset: ", "icloud" },
    { ICLOUD "oversize = zip, shrink\n", "file:4: oversize: ", "zip" },
    { ICLOUD "oversize = zip, zip\n", "file:4: oversize: ", "" },
    { ICLOUD "oversize = hold, zip\n", "file:4: oversize: ", "" },
    { ICLOUD "oversize =\n", "file:4: oversize: ", "" },
    { ICLOUD "uncertain = maybe\n", "file:4: uncertain: ", "hold" },
    { ICLOUD "save-sent = maildir:x\n", "file:4: save-sent: ", "imap" },
    { ICLOUD "rewrite-from = yes\n", "file:4: rewrite-from: ", "always" },
    { ICLOUD "connections = 0\n", "file:4: connections: ", "20" },
    { ICLOUD "max-connections = 3\nconnections = 4\n", "file:5: connections: ", "3" },
    { ICLOUD "ehlo-name = localhost\n", "file:4: ehlo-name: ", "" },
    { ICLOUD "ehlo-name = [1.2.3]\n", "file:4: ehlo-name: ", "" },
    { ICLOUD "password-command = echo 'hunter2\n", "file:4: password-command: ", "shell" },
    { ICLOUD "support-page = example.org\n", "file:4: support-page: ", "https" },
    { ICLOUD "title =\n", "file:4: title: ", "" },
    { ICLOUD ICLOUD, "file:4: account icloud: ", "" },
    { ICLOUD "[account  icloud]\naddress = a@b.c\n", "file:4: account  icloud: ", "" },
    { ICLOUD "address = a@b.c\n", "file:4: address: ", "" },
    { "[acount icloud]\n", "file:1: acount icloud: ", "[account NAME]" },
    { "[account]\n", "file:1: account: ", "" },
    { "[account ../x]\naddress = a@b.c\n", "file:1: account ../x: ", "letters" },
    { "[defaults]\naccount = x\n", "file:2: account: ", "NAME" },
    { "[defaults]\noutbox = here\n", "file:2: outbox: ", "/" },
    { "[defaults]\ncontrol-hosts = a b\n", "file:2: control-hosts: ", "" },
    { "[defaults]\ncaptive-portal-url = https://x.org/\n", "file:2: captive-portal-url: ", "" },
    { "[defaults]\nsmtp-host = x.org\n", "file:2: smtp-host: ", "" },
    { ICLOUD "from-name = a\rb\n", "file:4: ", "" },
    { ICLOUD "from-name = a\xff\n", "file:4: ", "UTF-8" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (SoConfig) config = parse (cases[i].text, &error);
      g_assert_null (config);
      g_assert_error (error, SO_ERROR_DOMAIN, SO_ERROR_CONFIG);
      g_test_message ("%s | %s", error->message, so_error_remedy (error));
      g_assert_true (g_str_has_prefix (error->message, cases[i].where));
      g_assert_cmpstr (so_error_remedy (error), !=, "");
      g_assert_nonnull (strstr (so_error_remedy (error), cases[i].remedy));
      g_assert_null (strstr (error->message, "hunter2"));
    }
}

static void
test_bad_providers (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SoConfig) config = so_config_parse ("", "file", "[x]\naddress = a@b.c\n", &error);
  g_assert_null (config);
  g_assert_true (g_str_has_prefix (error->message, "providers.conf:2: address: "));
}

/* The example is right as it stands and with every commented key switched on, and it
 * shows every key there is. */
static void
test_example (void)
{
  g_autoptr (GError) error = NULL;
  const char *example = so_config_data_builtin ("example.conf");
  g_autoptr (SoConfig) config = parse (example, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (so_config_default_name (config), ==, "icloud");

  g_autoptr (GRegex) regex = g_regex_new ("^#(?=[a-z[])", G_REGEX_MULTILINE, 0, NULL);
  g_autofree char *full = g_regex_replace_literal (regex, example, -1, 0, "", 0, NULL);
  g_autoptr (SoConfig) all = parse (full, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length ((char **)so_config_names (all)), ==, 2);

  for (const SoConfigKey *key = so_config_keys; key->name != NULL; key++)
    {
      g_autofree char *line = g_strdup_printf ("\n%s = ", key->name);
      g_assert_nonnull (strstr (full, line));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/preset", test_preset);
  g_test_add_func ("/config/no-file", test_no_file);
  g_test_add_func ("/config/keys", test_keys);
  g_test_add_func ("/config/ports-follow-security", test_ports_follow_security);
  g_test_add_func ("/config/default", test_default);
  g_test_add_func ("/config/choice-fails", test_choice_fails);
  g_test_add_func ("/config/bad", test_bad);
  g_test_add_func ("/config/bad-providers", test_bad_providers);
  g_test_add_func ("/config/example", test_example);
  return g_test_run ();
}
