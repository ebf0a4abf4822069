/*
 * check-dns.c - does the system find the server's addresses, and can this network use them?
 *
 * Each family is asked for by itself, beside the name of a control: so a resolver that is
 * dead, one that lies and a name that does not exist are told apart.
 */
#include "config.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "sendoff/i18n.h"
#include "sendoff/resolve.h"

#include "checkup.h"

#define TIMEOUT 3 /* seconds */

typedef struct
{
  const SoCheckup *checkup;
  const char *host;
  int family;
  SoResolved resolved;
} Question;

static gpointer
ask (gpointer data)
{
  Question *question = data;
  SoDeadline deadline;
  so_checkup_deadline (question->checkup, TIMEOUT, &deadline);
  question->resolved = so_resolve (question->host, 443, question->family, &deadline);
  return NULL;
}

typedef enum
{
  ANSWER_YES,
  ANSWER_NO,      /* no such name, or none of that family */
  ANSWER_SINK,    /* 0.0.0.0 or ::, a filter's way of saying no */
  ANSWER_TROUBLE  /* no resolver, no answer */
} Answer;

static gboolean
is_unspecified (const struct addrinfo *address)
{
  if (address->ai_family == AF_INET6)
    return IN6_IS_ADDR_UNSPECIFIED (&((const struct sockaddr_in6 *)(const void *)address->ai_addr)->sin6_addr);
  return address->ai_family == AF_INET
         && ((const struct sockaddr_in *)(const void *)address->ai_addr)->sin_addr.s_addr == 0;
}

static Answer
answer_of (const SoResolved *resolved)
{
  if (resolved->wait != SO_WAIT_READY || resolved->code == EAI_AGAIN
      || resolved->code == EAI_SYSTEM || resolved->code == EAI_FAIL)
    return ANSWER_TROUBLE;
  if (resolved->code != 0 || resolved->addresses == NULL)
    return ANSWER_NO;
  return is_unspecified (resolved->addresses) ? ANSWER_SINK : ANSWER_YES;
}

enum
{
  OWN_IPV4,
  OWN_IPV6,
  CONTROL,
  QUESTIONS
};

/* Addresses there are, but none that this network can reach. */
static gboolean
lacks_family (const SoRoute *route, const Answer answers[])
{
  gboolean ipv4 = answers[OWN_IPV4] == ANSWER_YES, ipv6 = answers[OWN_IPV6] == ANSWER_YES;
  return (route->ipv4 || route->ipv6) && (ipv4 || ipv6) && !(ipv4 && route->ipv4)
         && !(ipv6 && route->ipv6);
}

static void
judge_trouble (const SoCheckup *checkup, const Answer answers[], SoCheckResult *result)
{
  const char *host = checkup->account->smtp.host;
  if (answers[CONTROL] == ANSWER_TROUBLE || *checkup->control_hosts == NULL)
    so_check_set (result, SO_CHECK_FAIL, "no-resolver",
                  _ ("reconnect to the network; set another name server, such as the router's"),
                  _ ("names cannot be looked up: the name server (DNS) does not answer"));
  else
    so_check_set (result, SO_CHECK_FAIL, "no-name", _ ("try again later, or another network"),
                  _ ("the name server (DNS) finds other hosts, but has no answer for %s"), host);
}

static void
judge (const SoCheckup *checkup, const char *control, const Answer answers[],
       SoCheckResult *result)
{
  const char *host = checkup->account->smtp.host;
  Answer ipv4 = answers[OWN_IPV4], ipv6 = answers[OWN_IPV6];
  gboolean found = ipv4 == ANSWER_YES || ipv6 == ANSWER_YES;
  if (!found && (ipv4 == ANSWER_SINK || ipv6 == ANSWER_SINK))
    so_check_set (result, SO_CHECK_FAIL, "sinkhole",
                  _ ("allow the host in the filter (ad blocker, parental control, company)"),
                  _ ("the name server (DNS) hides %s: a filter does not want it to be reached"),
                  host);
  else if (!found && (ipv4 == ANSWER_TROUBLE || ipv6 == ANSWER_TROUBLE))
    judge_trouble (checkup, answers, result);
  else if (!found && answers[CONTROL] == ANSWER_NO && strcmp (host, control) != 0)
    so_check_set (result, SO_CHECK_FAIL, "no-resolver",
                  _ ("reconnect to the network; set another name server, such as the router's"),
                  _ ("the name server (DNS) finds no host at all"));
  else if (!found)
    so_check_set (result, SO_CHECK_FAIL, "no-name",
                  _ ("check smtp-host in the configuration; “sendoff setup” writes it"),
                  _ ("there is no host named %s"), host);
  else if (lacks_family (&checkup->route, answers) && !so_checkup_is_loopback (checkup))
    so_check_set (result, SO_CHECK_FAIL, "family",
                  _ ("use another network; its operator can offer NAT64 or dual stack"),
                  checkup->route.ipv6
                      ? _ ("this network speaks only IPv6, and %s only IPv4")
                      : _ ("this network speaks only IPv4, and %s only IPv6"),
                  host);
  else if (ipv4 == ANSWER_TROUBLE || ipv6 == ANSWER_TROUBLE)
    so_check_set (result, SO_CHECK_WARN, "one-family",
                  _ ("connections may start slowly: another name server may help"),
                  _ ("the name server (DNS) answers for %s, but not for %s"),
                  ipv4 == ANSWER_TROUBLE ? "IPv6" : "IPv4",
                  ipv4 == ANSWER_TROUBLE ? "IPv4" : "IPv6");
  else
    so_check_set (result, SO_CHECK_OK, "", "", _ ("%s is found (%s)"), host,
                  ipv4 != ANSWER_YES   ? "IPv6"
                  : ipv6 != ANSWER_YES ? "IPv4"
                                       : "IPv4, IPv6");
}

void
so_check_dns (SoCheckup *checkup, SoCheckResult *result)
{
  const char *host = checkup->account->smtp.host;
  const char *control = *checkup->control_hosts != NULL ? *checkup->control_hosts : host;
  Question questions[QUESTIONS] = {
    [OWN_IPV4] = { .checkup = checkup, .host = host, .family = AF_INET },
    [OWN_IPV6] = { .checkup = checkup, .host = host, .family = AF_INET6 },
    [CONTROL] = { .checkup = checkup, .host = control, .family = AF_UNSPEC },
  };
  GThread *threads[QUESTIONS];
  Answer answers[QUESTIONS];
  for (int i = 0; i < QUESTIONS; i++)
    threads[i] = g_thread_new ("dns", ask, &questions[i]);
  for (int i = 0; i < QUESTIONS; i++)
    {
      g_thread_join (threads[i]);
      answers[i] = answer_of (&questions[i].resolved);
      if (questions[i].resolved.addresses != NULL)
        freeaddrinfo (questions[i].resolved.addresses);
    }
  so_check_add_fact (result, "name", "%s", host);
  judge (checkup, control, answers, result);
}
