/*
 * route.c - interfaces and routes, from getifaddrs(), connect() on a datagram socket (which
 * sends nothing) and /proc.
 */
#include "config.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sendoff/i18n.h"

#include "route.h"

/* Far away and nobody's (RFC 5737, RFC 3849): only the route to them is looked up. */
#define FAR_IPV4 "192.0.2.1"
#define FAR_IPV6 "2001:db8::1"

static gboolean
is_up (const struct ifaddrs *entry)
{
  return entry->ifa_addr != NULL && (entry->ifa_flags & IFF_UP) != 0
         && (entry->ifa_flags & IFF_RUNNING) != 0 && (entry->ifa_flags & IFF_LOOPBACK) == 0;
}

/* An IPv6 address of the link alone comes with every interface, network or not. */
static gboolean
is_useful (const struct sockaddr *address)
{
  if (address->sa_family == AF_INET6)
    return !IN6_IS_ADDR_LINKLOCAL (&((const struct sockaddr_in6 *)address)->sin6_addr);
  return address->sa_family == AF_INET;
}

static gboolean
has_link (void)
{
  struct ifaddrs *list = NULL;
  gboolean found = FALSE;
  if (getifaddrs (&list) != 0)
    return FALSE;
  for (const struct ifaddrs *entry = list; entry != NULL && !found; entry = entry->ifa_next)
    found = is_up (entry) && is_useful (entry->ifa_addr);
  freeifaddrs (list);
  return found;
}

static char *
address_text (const struct sockaddr *address, socklen_t length)
{
  char text[NI_MAXHOST] = "";
  (void)getnameinfo (address, length, text, sizeof text, NULL, 0, NI_NUMERICHOST);
  return g_strdup (text);
}

/* Our own address on the way there; NULL: there is none. */
static char *
source_towards (int family, const char *far)
{
  struct addrinfo *there = NULL;
  const struct addrinfo hints
      = { .ai_family = family, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST };
  struct sockaddr_storage own;
  socklen_t length = sizeof own;
  char *source = NULL;
  if (getaddrinfo (far, "587", &hints, &there) != 0)
    return NULL;
  int fd = socket (family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect (fd, there->ai_addr, there->ai_addrlen) == 0
      && getsockname (fd, (struct sockaddr *)&own, &length) == 0)
    source = address_text ((struct sockaddr *)&own, length);
  if (fd >= 0)
    close (fd);
  freeaddrinfo (there);
  return source;
}

char *
so_route_interface_of (const char *address)
{
  struct ifaddrs *list = NULL;
  char *name = NULL;
  if (*address == '\0' || getifaddrs (&list) != 0)
    return g_strdup ("");
  for (const struct ifaddrs *entry = list; entry != NULL && name == NULL; entry = entry->ifa_next)
    {
      if (entry->ifa_addr == NULL
          || (entry->ifa_addr->sa_family != AF_INET && entry->ifa_addr->sa_family != AF_INET6))
        continue;
      g_autofree char *text = address_text (
          entry->ifa_addr, entry->ifa_addr->sa_family == AF_INET ? sizeof (struct sockaddr_in)
                                                                 : sizeof (struct sockaddr_in6));
      if (strcmp (text, address) == 0)
        name = g_strdup (entry->ifa_name);
    }
  freeifaddrs (list);
  return name != NULL ? name : g_strdup ("");
}

/* The default route's gateway, for telling one network from another; "" if not known. */
static char *
gateway (void)
{
  g_autofree char *table = NULL;
  if (!g_file_get_contents ("/proc/net/route", &table, NULL, NULL))
    return g_strdup ("");
  g_auto (GStrv) lines = g_strsplit (table, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      unsigned int to = 1, via = 0;
      if (sscanf (*line, "%*s %x %x", &to, &via) == 2 && to == 0 && via != 0)
        {
          char text[INET_ADDRSTRLEN] = "";
          const struct in_addr address = { .s_addr = via };
          inet_ntop (AF_INET, &address, text, sizeof text);
          return g_strdup (text);
        }
    }
  return g_strdup ("");
}

void
so_route_look (SoRoute *route)
{
  g_autofree char *ipv4 = source_towards (AF_INET, FAR_IPV4);
  g_autofree char *ipv6 = source_towards (AF_INET6, FAR_IPV6);
  route->link = has_link ();
  route->ipv4 = ipv4 != NULL;
  route->ipv6 = ipv6 != NULL;
  route->interface = so_route_interface_of (ipv4 != NULL ? ipv4 : ipv6 != NULL ? ipv6 : "");
  route->gateway = gateway ();
}

void
so_route_clear (SoRoute *route)
{
  g_clear_pointer (&route->interface, g_free);
  g_clear_pointer (&route->gateway, g_free);
}

static gboolean
has_file (const char *interface, const char *name)
{
  g_autofree char *path = g_build_filename ("/sys/class/net", interface, name, NULL);
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

const char *
so_route_kind (const char *interface)
{
  static const char *const mobile[] = { "wwan", "rmnet", "ppp", "wwp" };
  static const char *const vpn[] = { "tun", "tap", "wg", "ipsec", "utun" };
  if (has_file (interface, "wireless") || has_file (interface, "phy80211")
      || g_str_has_prefix (interface, "wl"))
    return _ ("Wi-Fi");
  for (gsize i = 0; i < G_N_ELEMENTS (mobile); i++)
    if (g_str_has_prefix (interface, mobile[i]))
      return _ ("mobile data");
  for (gsize i = 0; i < G_N_ELEMENTS (vpn); i++)
    if (g_str_has_prefix (interface, vpn[i]))
      return _ ("VPN");
  return _ ("cable");
}
