/*
 * check-network.c - is there a connection at all, and does it lead to the internet?
 *
 * Asked of this machine (interfaces, routes), of a page that a captive portal would change, and of
 * control hosts on port 443.  A network that lets mail through and nothing else is possible, and
 * one that alters or blocks pages (a filter of names, a company's proxy) and nothing else is, too:
 * both are a warning, and the rules of causes.conf look whether mail passes.
 */
#include "config.h"

#include <string.h>

#include "sendoff/clock.h"
#include "sendoff/fetch.h"
#include "sendoff/i18n.h"
#include "sendoff/port-probe.h"

#include "checkup.h"

#define TIMEOUT 3       /* seconds */
#define PAGE_MAX 65536  /* octets */
#define PROBE_SUCCESS "Success"

typedef enum
{
  PORTAL_NONE,
  PORTAL_THERE,
  PORTAL_UNKNOWN
} Portal;

typedef struct
{
  const char *url;
  int stop_fd;
  Portal portal;
  gint64 date; /* the page's; 0 not known */
  gint64 own;  /* our clock at that time */
} Page;

/* Apple's page says Success; other probes answer 204 without a word. */
static Portal
judge_page (const SoFetched *fetched)
{
  if (fetched->status == 204 || (fetched->status == 200 && strstr (fetched->body, PROBE_SUCCESS)))
    return PORTAL_NONE;
  if (fetched->status == 200 || fetched->status == 511
      || (fetched->status >= 300 && fetched->status < 400))
    return PORTAL_THERE;
  return PORTAL_UNKNOWN;
}

static gpointer
fetch_page (gpointer data)
{
  Page *page = data;
  SoFetched fetched;
  page->portal = PORTAL_UNKNOWN;
  if (*page->url != '\0'
      && so_fetch (page->url, PAGE_MAX, TIMEOUT, FALSE, page->stop_fd, &fetched, NULL))
    {
      page->portal = judge_page (&fetched);
      page->date = fetched.date;
      page->own = so_clock_wall_us () / G_USEC_PER_SEC;
      so_fetched_clear (&fetched);
    }
  return NULL;
}

typedef enum
{
  CONTROL_REACHED,
  CONTROL_SILENT,
  CONTROL_UNKNOWN /* no names, none configured */
} Control;

static Control
try_controls (const SoCheckup *checkup)
{
  guint n = g_strv_length (checkup->control_hosts);
  g_autofree SoPortProbe *probes = g_new0 (SoPortProbe, MAX (n, 1));
  Control control = n > 0 ? CONTROL_SILENT : CONTROL_UNKNOWN;
  for (guint i = 0; i < n; i++)
    probes[i] = (SoPortProbe){ .host = checkup->control_hosts[i], .port = 443 };
  if (n > 0)
    so_port_probe (probes, n, TIMEOUT, checkup->stop_fd);
  for (guint i = 0; i < n; i++)
    if (probes[i].state == SO_PORT_NO_NAME || probes[i].state == SO_PORT_UNKNOWN)
      control = CONTROL_UNKNOWN;
  for (guint i = 0; i < n; i++)
    if (so_port_connected (probes[i].state) || probes[i].state == SO_PORT_REFUSED)
      control = CONTROL_REACHED;
  so_port_probe_clear (probes, n);
  return control;
}

static void
add_facts (SoCheckup *checkup, SoCheckResult *result)
{
  const SoRoute *route = &checkup->route;
  so_check_add_fact (result, "interface", "%s", route->interface);
  if (*route->interface != '\0')
    so_check_add_fact (result, "kind", "%s", so_route_kind (route->interface));
  so_check_add_fact (result, "gateway", "%s", route->gateway);
  so_check_add_fact (result, "families", "%s%s%s", route->ipv4 ? "IPv4" : "",
                     route->ipv4 && route->ipv6 ? ", " : "", route->ipv6 ? "IPv6" : "");
}

static void
take_clock (SoCheckup *checkup, const Page *page, SoCheckResult *result)
{
  if (page->date == 0 || page->portal != PORTAL_NONE)
    return;
  checkup->knows_clock = TRUE;
  checkup->clock_off = page->own - page->date;
  so_check_add_fact (result, "clock-off", "%" G_GINT64_FORMAT, checkup->clock_off);
}

static void
judge (const SoCheckup *checkup, Portal portal, Control control, SoCheckResult *result)
{
  const SoRoute *route = &checkup->route;
  if (portal == PORTAL_THERE)
    so_check_set (result, SO_CHECK_WARN, "captive-portal",
                  _ ("if mail does not pass, open any page in a web browser and sign in"),
                  _ ("a well-known page comes back altered: this network wants you to sign in "
                     "first (a captive portal), or filters the web"));
  else if (control == CONTROL_SILENT)
    so_check_set (result, SO_CHECK_WARN, "no-control",
                  _ ("look whether a web browser gets anywhere"),
                  _ ("connected by %s, but well-known hosts on the internet do not answer"),
                  route->interface);
  else if (control == CONTROL_UNKNOWN)
    so_check_set (result, SO_CHECK_SKIPPED, "unknown", "",
                  _ ("connected by %s; whether it leads to the internet could not be told"),
                  route->interface);
  else
    so_check_set (result, SO_CHECK_OK, "", "", _ ("connected to the internet by %s (%s)"),
                  route->interface, so_check_fact (result, "families"));
}

void
so_check_network (SoCheckup *checkup, SoCheckResult *result)
{
  const SoRoute *route = &checkup->route;
  add_facts (checkup, result);
  if (so_checkup_is_loopback (checkup))
    so_check_set (result, SO_CHECK_SKIPPED, "", "",
                  _ ("the server is on this machine: no network is needed"));
  else if (!route->link)
    so_check_set (result, SO_CHECK_FAIL, "no-link",
                  _ ("switch Wi-Fi or mobile data on, or plug the cable in"),
                  _ ("this machine has no network connection"));
  else if (!route->ipv4 && !route->ipv6)
    so_check_set (result, SO_CHECK_FAIL, "no-route",
                  _ ("reconnect to the network, or restart the router"),
                  _ ("the network has no way out (no default route)"));
  else
    {
      Page page = { .url = checkup->captive_portal, .stop_fd = checkup->stop_fd };
      GThread *thread = g_thread_new ("page", fetch_page, &page);
      Control control = try_controls (checkup);
      g_thread_join (thread);
      take_clock (checkup, &page, result);
      judge (checkup, page.portal, control, result);
    }
}
