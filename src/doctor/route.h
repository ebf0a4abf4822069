/*
 * route.h - by which interface packets leave this machine, as far as it tells without asking
 * anybody.
 */
#pragma once

#include <glib.h>

typedef struct
{
  gboolean link;         /* an interface but loopback is up and has an address */
  gboolean ipv4, ipv6;   /* there is a way out */
  char *interface;       /* of the way out: "wlan0"; "" none */
  char *gateway;         /* "192.168.1.1"; "" not known */
} SoRoute;

void so_route_look (SoRoute *route);
void so_route_clear (SoRoute *route);

/* The interface with that address of ours; "" if there is none.  Owned by the caller. */
char *so_route_interface_of (const char *address);

/* "Wi-Fi", "mobile data", "VPN", "cable": translated; static. */
const char *so_route_kind (const char *interface);
