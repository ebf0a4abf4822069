/*
 * cause.c - one table: id, meaning, remedy.
 */
#include "config.h"

#include <string.h>

#include "sendoff/cause.h"
#include "sendoff/i18n.h"

static const struct
{
  const char *id;
  const char *meaning;
  const char *remedy;
} causes[] = {
  { "8bit", N_ ("the server takes only 7-bit messages"),
    N_ ("send it through another server, or without the signature that forbids to convert it") },
  { "app-password", N_ ("the server wants an app-specific password, not the account's own"),
    N_ ("make an app-specific password on the provider's account page, then run “sendoff "
        "login”") },
  { "auth", N_ ("the server refused the user name or password"),
    N_ ("run “sendoff login” with a valid password; most providers want an app-specific one") },
  { "auth-mechanism", N_ ("the server does not take this way of signing in"),
    N_ ("set “auth” for the account to a mechanism the server offers") },
  { "auth-temporary", N_ ("the server cannot check passwords at the moment"), "" },
  { "blocked", N_ ("the provider has shut off sending for this account"),
    N_ ("sign in on the provider's web page and follow what it says") },
  { "blocked-content", N_ ("the server does not take a file of this type"),
    N_ ("send a link to the file instead") },
  { "busy", N_ ("the server is busy or closing down"), "" },
  { "content", N_ ("the server objects to the form of the message"),
    N_ ("look at the server's words and compose the message anew") },
  { "daily-limit", N_ ("the provider's sending limit for a day has been reached"),
    N_ ("wait until tomorrow: the message goes by itself") },
  { "lost", N_ ("the connection ended before the server answered"), "" },
  { "mailbox-full", N_ ("the recipient's mailbox is full"),
    N_ ("tell the recipient in another way") },
  { "oauth-only", N_ ("the server takes no passwords, only OAuth"),
    N_ ("set “auth = xoauth2” and a “password-command” that prints an access token") },
  { "policy", N_ ("the server refuses it by its own rules"),
    N_ ("look at the server's words; the provider's support can tell more") },
  { "protocol", N_ ("the server and this program did not understand each other"),
    N_ ("run “sendoff doctor”: something on the way may be changing the conversation") },
  { "quota", N_ ("the account's own storage is full"),
    N_ ("free some space or enlarge the storage: the message then goes by itself") },
  { "recipient", N_ ("the server does not know the recipient's address"),
    N_ ("check the address; “sendoff outbox edit” corrects that of a waiting message") },
  { "refused", N_ ("the server takes no mail from here"), N_ ("run “sendoff doctor”") },
  { "sender", N_ ("the sender's address is not one this account may use"),
    N_ ("use the account's own address or one of its aliases") },
  { "size", N_ ("the message is too large for the server"),
    N_ ("send a link instead of the attachment: “sendoff outbox edit --link”") },
  { "throttled", N_ ("the server wants fewer connections or messages at a time"), "" },
  { "too-many-recipients", N_ ("too many recipients for one message"), "" },
  { "web-login", N_ ("the provider wants a sign-in with a web browser first"),
    N_ ("sign in on the provider's web page, then run “sendoff login”") },
};

const char *
so_cause_explain (const char *cause)
{
  for (gsize i = 0; i < G_N_ELEMENTS (causes); i++)
    if (strcmp (causes[i].id, cause) == 0)
      return _ (causes[i].meaning);
  return "";
}

const char *
so_cause_remedy (const char *cause)
{
  for (gsize i = 0; i < G_N_ELEMENTS (causes); i++)
    if (strcmp (causes[i].id, cause) == 0)
      return causes[i].remedy[0] != '\0' ? _ (causes[i].remedy) : "";
  return "";
}
