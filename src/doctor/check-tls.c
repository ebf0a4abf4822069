/*
 * check-tls.c - is it the server at the other end, and can it be talked to in private?
 *
 * Whose certificate it is tells inspection (antivirus, company) from an old machine, and a clock
 * that is wrong by days from a certificate that is.
 */
#include "config.h"

#include <string.h>

#include "sendoff/clock.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

#include "checkup.h"

#define DAY 86400
#define CLOCK_SLACK (2 * 3600) /* s: a wrong time zone is annoying, but no certificate minds */

/* Parts of issuers' names.  Inspectors: what their vendors call the CA they install. */
static const char *const inspectors[]
    = { "avast",   "avg ",      "kaspersky", "eset ",    "bitdefender", "zscaler",   "fortinet",
        "fortigate", "palo alto", "blue coat", "bluecoat", "sophos",    "umbrella",  "cisco",
        "mcafee",  "trellix",   "netskope",  "norton",   "symantec web", "drweb",    "dr.web",
        "f-secure", "g data",   "adguard",   "squid",    "mitmproxy",   "trend micro", "checkpoint",
        "check point", "barracuda", "sonicwall", "watchguard", "inspection", "web shield",
        "mail shield", "proxy" };
/* CAs that every up-to-date machine knows. */
static const char *const public_cas[]
    = { "apple",    "digicert", "let's encrypt", "isrg",       "google trust", "globalsign",
        "sectigo",  "amazon",   "entrust",       "comodo",     "geotrust",     "verisign",
        "baltimore", "thawte",  "quovadis",      "identrust",  "godaddy",      "starfield" };

static gboolean
names_one_of (const char *issuer, const char *const names[], gsize n)
{
  g_autofree char *folded = g_utf8_casefold (issuer, -1);
  for (gsize i = 0; i < n; i++)
    if (strstr (folded, names[i]) != NULL)
      return TRUE;
  return FALSE;
}

static void
add_facts (const SoTalk *talk, SoCheckResult *result)
{
  static const char *const names[] = { "not-before", "not-after" };
  const gint64 times[] = { talk->tls.not_before, talk->tls.not_after };
  if (!talk->has_tls)
    return; /* no handshake, so the texts are not even there */
  so_check_add_fact (result, "version", "%s", talk->tls.version);
  so_check_add_fact (result, "issuer", "%s", talk->tls.issuer);
  so_check_add_fact (result, "subject", "%s", talk->tls.subject);
  for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
    if (times[i] != 0)
      {
        g_autofree char *text = so_clock_rfc3339 (times[i] * G_USEC_PER_SEC);
        so_check_add_fact (result, names[i], "%s", text);
      }
}

static void
say_problem (const SoTalk *talk, const char *code, SoCheckResult *result)
{
  so_check_set (result, SO_CHECK_FAIL, code, so_error_remedy (talk->problem), "%s",
                talk->problem->message);
}

static void
judge_untrusted (const SoTalk *talk, SoCheckResult *result)
{
  const char *issuer = talk->tls.issuer;
  if (names_one_of (issuer, inspectors, G_N_ELEMENTS (inspectors)))
    so_check_set (result, SO_CHECK_FAIL, "inspected",
                  _ ("exclude mail from its inspection, or trust it knowingly with tls-ca-file"),
                  _ ("%s reads along: it answers in place of the server with its own certificate"),
                  issuer);
  else if (names_one_of (issuer, public_cas, G_N_ELEMENTS (public_cas)))
    so_check_set (result, SO_CHECK_FAIL, "old-cas",
                  _ ("bring the system up to date (package ca-certificates)"),
                  _ ("this machine does not know %s, which issued the server's certificate"),
                  issuer);
  else
    say_problem (talk, talk->tls.trouble == SO_TLS_SELF_SIGNED ? "self-signed" : "untrusted",
                 result);
}

static guint
hours_off (const SoCheckup *checkup)
{
  return (guint)(ABS (checkup->clock_off) / 3600);
}

static gboolean
clock_is_wrong (const SoCheckup *checkup, gint64 slack)
{
  return checkup->knows_clock && ABS (checkup->clock_off) > slack;
}

/* Outside its time: the certificate's fault or this machine's. */
static void
judge_date (const SoCheckup *checkup, SoCheckResult *result)
{
  const SoTalk *talk = &checkup->talk;
  gint64 real = so_clock_wall_us () / G_USEC_PER_SEC - checkup->clock_off;
  gboolean would_do = real >= talk->tls.not_before && real <= talk->tls.not_after;
  if (clock_is_wrong (checkup, CLOCK_SLACK) && would_do)
    so_check_set (result, SO_CHECK_FAIL, "clock", _ ("set the clock, best from the network"),
                  _ ("this machine's clock is wrong by %u hours, so certificates look out of date"),
                  hours_off (checkup));
  else
    say_problem (talk, talk->tls.trouble == SO_TLS_EXPIRED ? "expired" : "not-yet-valid", result);
}

static void
judge_handshake (const SoCheckup *checkup, SoCheckResult *result)
{
  static const char *const codes[] = {
    [SO_TLS_WRONG_HOST] = "wrong-host",   [SO_TLS_FINGERPRINT] = "fingerprint",
    [SO_TLS_CERTIFICATE] = "certificate", [SO_TLS_HANDSHAKE] = "handshake",
    [SO_TLS_LOST] = "lost",               [SO_TLS_SETUP] = "ca-file",
  };
  const SoTalk *talk = &checkup->talk;
  switch (talk->tls.trouble)
    {
    case SO_TLS_EXPIRED:
    case SO_TLS_NOT_YET_VALID:
      judge_date (checkup, result);
      break;
    case SO_TLS_SELF_SIGNED:
    case SO_TLS_UNTRUSTED:
      judge_untrusted (talk, result);
      break;
    default:
      say_problem (talk, codes[talk->tls.trouble], result);
    }
}

/* It did not come to a handshake. */
static void
judge_before (const SoTalk *talk, SoCheckResult *result)
{
  const SoReply *reply = talk->trouble != NULL ? talk->trouble->reply : NULL;
  if (talk->phase == SO_PHASE_STARTTLS && talk->problem->code == SO_ERROR_PROTOCOL)
    say_problem (talk, "no-starttls", result);
  else if (reply != NULL && reply->code >= 500)
    say_problem (talk, "refused", result);
  else if (reply != NULL && reply->code >= 400)
    say_problem (talk, "busy", result);
  else if (reply != NULL)
    say_problem (talk, "strange", result);
  else
    say_problem (talk, talk->begun ? "lost" : "no-connection", result);
}

static void
judge_well (const SoCheckup *checkup, SoCheckResult *result)
{
  const SoTalk *talk = &checkup->talk;
  g_autoptr (GDateTime) end = g_date_time_new_from_unix_utc (talk->tls.not_after);
  g_autofree char *date = end != NULL ? g_date_time_format (end, "%Y-%m-%d") : g_strdup ("?");
  if (clock_is_wrong (checkup, DAY))
    so_check_set (result, SO_CHECK_WARN, "clock-off", _ ("set the clock, best from the network"),
                  _ ("this machine's clock is wrong by %u hours: messages get wrong dates"),
                  hours_off (checkup));
  else if (*checkup->account->tls_ca_file == '\0'
           && names_one_of (talk->tls.issuer, inspectors, G_N_ELEMENTS (inspectors)))
    so_check_set (result, SO_CHECK_WARN, "inspected-trusted",
                  _ ("if that is not wanted, exclude mail from its inspection"),
                  _ ("%s reads along, and this machine trusts it"), talk->tls.issuer);
  else
    so_check_set (result, SO_CHECK_OK, "", "", _ ("%s, certificate by %s until %s"),
                  talk->tls.version, talk->tls.issuer, date);
}

void
so_check_tls (SoCheckup *checkup, SoCheckResult *result)
{
  SoTalk *talk = &checkup->talk;
  so_checkup_talk (checkup);
  add_facts (talk, result);
  if (talk->problem != NULL && talk->problem->code == SO_ERROR_INTERRUPTED)
    so_check_set (result, SO_CHECK_SKIPPED, "timeout", "", _ ("no answer in time"));
  else if (talk->has_tls && talk->tls.trouble != SO_TLS_WELL)
    judge_handshake (checkup, result);
  else if (talk->has_tls)
    judge_well (checkup, result);
  else if (talk->problem != NULL && checkup->account->smtp.security == SO_SECURITY_NONE
           && talk->phase > SO_PHASE_EHLO)
    so_check_set (result, SO_CHECK_SKIPPED, "", "", _ ("the account uses no encryption"));
  else if (talk->problem != NULL)
    judge_before (talk, result);
  else
    so_check_set (result, SO_CHECK_SKIPPED, "", "", _ ("the account uses no encryption"));
}
