/*
 * check-ports.c - does the way to the server of mail lead there, and nowhere else?
 *
 * Side by side: the account's port, the other submission ports of its server, the same port of
 * somebody else's server (is it the port or the host?), and a port of a host that does not exist
 * (RFC 5737): whatever connects there is a transparent proxy.
 */
#include "config.h"

#include <string.h>

#include "sendoff/i18n.h"
#include "sendoff/port-probe.h"

#include "checkup.h"

#define TIMEOUT 3 /* seconds */
#define NOWHERE "192.0.2.1"
#define PROBES_MAX 8

typedef struct
{
  const SoCheckup *checkup;
  SoPortProbe probes[PROBES_MAX]; /* the account's own port first */
  guint n;
  const SoPortProbe *control, *nowhere, *published; /* NULL: not asked */
} Round;

static const SoPortProbe *
add (Round *round, const char *host, guint16 port, gboolean greets)
{
  SoPortProbe *probe = &round->probes[round->n++];
  *probe = (SoPortProbe){ .host = host, .port = port, .greets = greets };
  return probe;
}

static const char *
other_mail_host (const SoCheckup *checkup)
{
  for (char **host = checkup->control_mail_hosts; *host != NULL; host++)
    if (g_ascii_strcasecmp (*host, checkup->account->smtp.host) != 0)
      return *host;
  return NULL;
}

static void
line_up (Round *round)
{
  static const guint16 ports[] = { 587, 465, 25 };
  const SoCheckup *checkup = round->checkup;
  const SoEndpoint *smtp = &checkup->account->smtp;
  const SoAccount *preset = checkup->preset;
  add (round, smtp->host, smtp->port, smtp->security != SO_SECURITY_TLS);
  if (so_checkup_is_loopback (checkup))
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (ports); i++)
    if (ports[i] != smtp->port)
      {
        const SoPortProbe *probe = add (round, smtp->host, ports[i], ports[i] != 465);
        if (preset != NULL && ports[i] == preset->smtp.port)
          round->published = probe;
      }
  const char *other = other_mail_host (checkup);
  guint16 port = smtp->port == 465 || smtp->port == 25 ? smtp->port : 587;
  if (other != NULL)
    round->control = add (round, other, port, FALSE);
  round->nowhere = add (round, NOWHERE, smtp->port, FALSE);
}

static void
add_facts (const Round *round, SoCheckResult *result)
{
  const char *host = round->checkup->account->smtp.host;
  so_check_add_fact (result, "host", "%s", host);
  so_check_add_fact (result, "port", "%u", round->checkup->account->smtp.port);
  for (guint i = 0; i < round->n; i++)
    {
      const SoPortProbe *probe = &round->probes[i];
      g_autofree char *name = g_strdup_printf ("%s:%u", probe->host, probe->port);
      so_check_add_fact (result, name, "%s", so_port_state_name (probe->state));
    }
  const SoPortProbe *own = &round->probes[0];
  g_autofree char *interface = so_route_interface_of (own->local);
  const char *used = *interface != '\0' ? interface : round->checkup->route.interface;
  so_check_add_fact (result, "interface", "%s", used);
  if (*used != '\0')
    so_check_add_fact (result, "kind", "%s", so_route_kind (used));
  if (so_port_connected (own->state))
    so_check_add_fact (result, "ms", "%" G_GINT64_FORMAT, own->elapsed_us / 1000);
  so_check_add_fact (result, "greeting", "%s", own->greeting);
}

/* Another port of the same server that would do: 465 and 587 go with a password, 25 does not. */
static void
note_open_port (const Round *round, SoCheckResult *result)
{
  for (guint i = 1; i < round->n; i++)
    {
      const SoPortProbe *probe = &round->probes[i];
      gboolean same = strcmp (probe->host, round->probes[0].host) == 0;
      if (same && probe->state == SO_PORT_OPEN && probe->port != 25)
        so_check_add_fact (result, "open-port", "%u", probe->port);
    }
}

static const char *
what_happens (SoPortState state)
{
  if (state == SO_PORT_REFUSED)
    return _ ("is refused");
  return state == SO_PORT_UNREACHABLE ? _ ("cannot be reached") : _ ("gives no answer");
}

/* Nobody came through on the account's port: whose doing is it? */
static void
judge_closed (const Round *round, SoCheckResult *result)
{
  const SoPortProbe *own = &round->probes[0], *control = round->control;
  const char *happens = what_happens (own->state);
  note_open_port (round, result);
  if (round->published != NULL && round->published->state == SO_PORT_OPEN)
    {
      g_autofree char *remedy
          = g_strdup_printf (_ ("set smtp-port = %u"), round->published->port);
      so_check_set (result, SO_CHECK_FAIL, "wrong-port", remedy,
                    _ ("port %u of %s %s, but port %u answers"), own->port, own->host, happens,
                    round->published->port);
    }
  else if (control != NULL && !so_port_connected (control->state)
           && control->state != SO_PORT_NO_NAME && control->state != SO_PORT_UNKNOWN)
    so_check_set (result, SO_CHECK_FAIL, "blocked",
                  _ ("use another network; ask the operator of this one to open the port"),
                  _ ("port %u %s, with %s as with other providers: this network blocks it"),
                  own->port, happens, own->host);
  else
    so_check_set (result, SO_CHECK_FAIL, so_port_state_name (own->state),
                  _ ("try again in some minutes; another network tells whose fault it is"),
                  control != NULL && so_port_connected (control->state)
                      ? _ ("port %u of %s %s, while another provider's is open")
                      : _ ("port %u of %s %s"),
                  own->port, own->host, happens);
}

/* A control that shows no more than "there is something" is not enough: on a machine that cannot
 * reach anything, nowhere is silent as well. */
static gboolean
has_proxy (const Round *round)
{
  return round->nowhere != NULL && so_port_connected (round->nowhere->state);
}

static void
judge_odd (const SoPortProbe *own, SoCheckResult *result)
{
  if (own->state == SO_PORT_REWRITTEN)
    so_check_set (result, SO_CHECK_FAIL, "rewritten",
                  _ ("switch the mail inspection of the router or firewall off, or use port 465"),
                  _ ("something on the way rewrites what the server says (“%s”)"), own->greeting);
  else if (own->state == SO_PORT_SILENT)
    so_check_set (result, SO_CHECK_FAIL, "silent",
                  _ ("check smtp-port and smtp-security: 587 is starttls, 465 is tls"),
                  _ ("port %u of %s takes the connection, but says nothing"), own->port, own->host);
  else
    so_check_set (result, SO_CHECK_FAIL, "strange", _ ("check smtp-host and smtp-port"),
                  _ ("what answers on port %u of %s is no server of mail: “%s”"), own->port,
                  own->host, own->greeting);
}

static void
judge (const Round *round, SoCheckResult *result)
{
  const SoPortProbe *own = &round->probes[0];
  gboolean proxy = has_proxy (round);
  if (own->state == SO_PORT_NO_NAME)
    so_check_set (result, SO_CHECK_SKIPPED, "no-name", "", _ ("%s has no address to be tried"),
                  own->host);
  else if (own->state == SO_PORT_UNKNOWN)
    so_check_set (result, SO_CHECK_SKIPPED, "unknown", "", _ ("the ports could not be tried"));
  else if (proxy)
    so_check_set (result, own->state == SO_PORT_OPEN ? SO_CHECK_WARN : SO_CHECK_FAIL, "proxy",
                  _ ("exclude mail from the proxy, or use another network"),
                  _ ("a proxy answers for everybody on port %u, even for hosts that do not exist"),
                  own->port);
  else if (own->state == SO_PORT_OPEN)
    so_check_set (result, SO_CHECK_OK, "", "", _ ("port %u of %s is open"), own->port, own->host);
  else if (so_port_connected (own->state))
    judge_odd (own, result);
  else
    judge_closed (round, result);
}

void
so_check_ports (SoCheckup *checkup, SoCheckResult *result)
{
  Round round = { .checkup = checkup };
  line_up (&round);
  so_port_probe (round.probes, round.n, TIMEOUT, checkup->stop_fd);
  g_free (checkup->mail_local);
  checkup->mail_local = g_strdup (round.probes[0].local);
  add_facts (&round, result);
  judge (&round, result);
  so_port_probe_clear (round.probes, round.n);
}
