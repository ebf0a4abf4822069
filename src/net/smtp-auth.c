/*
 * smtp-auth.c - AUTH (RFC 4954), only ever inside verified TLS.
 *
 * The mechanism is chosen here, not by a library: PLAIN, then LOGIN; a token mechanism
 * only where the account asks for it.  PLAIN is not followed by LOGIN after "wrong password":
 * the second try would fail as well and count against the account.
 */
#include "config.h"

#include <string.h>

#include "sendoff/clock.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "smtp-private.h"

#define COMMAND_MAX 510 /* RFC 5321 4.5.3.1.4: 512 with CRLF; RFC 4954 4: longer goes without initial response */
#define MASK "****"

typedef struct
{
  const char *name;
  SoMechanism bit;
  SoAuth auth; /* the account's word for it */
} Mechanism;

static const Mechanism mechanisms[] = {
  { "PLAIN", SO_MECHANISM_PLAIN, SO_AUTH_PLAIN },
  { "LOGIN", SO_MECHANISM_LOGIN, SO_AUTH_LOGIN },
  { "XOAUTH2", SO_MECHANISM_XOAUTH2, SO_AUTH_XOAUTH2 },
  { "OAUTHBEARER", SO_MECHANISM_OAUTHBEARER, SO_AUTH_OAUTHBEARER },
};

static const Mechanism *
choose (const SoSmtp *smtp, guint except)
{
  SoAuth wanted = smtp->account->auth;
  for (gsize i = 0; i < G_N_ELEMENTS (mechanisms); i++)
    {
      const Mechanism *m = &mechanisms[i];
      gboolean fits = wanted == SO_AUTH_AUTO ? (m->bit & (SO_MECHANISM_PLAIN | SO_MECHANISM_LOGIN)) != 0
                                             : m->auth == wanted;
      if (fits && (smtp->ehlo.mechanisms & m->bit & ~except) != 0)
        return m;
    }
  return NULL;
}

/* Nothing was asked of the server: there is no password for it (a person has to act), or none that
 * can be had or used now. */
static void
give_up (GError *problem, SoVerdict **trouble, GError **error)
{
  gboolean missing = g_error_matches (problem, SO_ERROR_DOMAIN, SO_ERROR_CREDENTIALS);
  if (trouble != NULL)
    *trouble = so_verdict_new (missing ? SO_OUTCOME_REJECTED : SO_OUTCOME_DEFERRED, SO_SCOPE_ACCOUNT,
                               SO_STAGE_AUTH, problem->message);
  g_propagate_error (error, problem);
}

static void
no_mechanism (const SoSmtp *smtp, SoVerdict **trouble, GError **error)
{
  GError *problem = NULL;
  const char *host = smtp->account->smtp.host;
  guint oauth = SO_MECHANISM_XOAUTH2 | SO_MECHANISM_OAUTHBEARER;
  if (smtp->ehlo.mechanisms == 0)
    so_error_set (&problem, SO_ERROR_PROTOCOL, _("check smtp-host and smtp-port: submission is port 587 or 465"),
                  _("%s does not offer to log in (no AUTH): nothing was sent"), host);
  else if ((smtp->ehlo.mechanisms & oauth) != 0 && smtp->account->auth == SO_AUTH_AUTO)
    so_error_set (&problem, SO_ERROR_PROTOCOL, _("set auth = xoauth2 and a password-command that prints a token"),
                  _("%s takes tokens only (%s), no password"), host, smtp->ehlo.mechanism_names);
  else
    so_error_set (&problem, SO_ERROR_PROTOCOL, _("set “auth” in the configuration to one that it offers"),
                  _("%s offers no way to log in that sendoff may use, only: %s"), host,
                  smtp->ehlo.mechanism_names);
  give_up (problem, trouble, error);
}

/* Base64 of octets, as a secret; wipes the octets. */
static SoSecret *
encode (GString *octets)
{
  char *text = g_base64_encode ((const guchar *) octets->str, octets->len);
  SoSecret *secret = so_secret_new (text, -1);
  so_secret_wipe (text, strlen (text));
  g_free (text);
  so_secret_wipe (octets->str, octets->allocated_len);
  g_string_free (octets, TRUE);
  return secret;
}

/* The client's first response, in base64: RFC 4616 (PLAIN), RFC 7628 (OAUTHBEARER), Google's XOAUTH2. */
static SoSecret *
first_response (const SoSmtp *smtp, SoMechanism mechanism, const SoSecret *password)
{
  const char *user = smtp->account->smtp.user;
  /* One allocation: a string that grows leaves copies of the secret behind. */
  GString *octets = g_string_sized_new (so_secret_length (password) + strlen (user)
                                        + strlen (smtp->account->smtp.host) + 200);
  if (mechanism == SO_MECHANISM_PLAIN)
    {
      g_string_append_c (octets, '\0');
      g_string_append (octets, user);
      g_string_append_c (octets, '\0');
      g_string_append_len (octets, so_secret_peek (password), (gssize) so_secret_length (password));
    }
  else if (mechanism == SO_MECHANISM_XOAUTH2)
    g_string_append_printf (octets, "user=%s\001auth=Bearer %s\001\001", user, so_secret_peek (password));
  else
    g_string_append_printf (octets, "n,a=%s,\001host=%s\001port=%u\001auth=Bearer %s\001\001", user,
                            smtp->account->smtp.host, smtp->account->smtp.port, so_secret_peek (password));
  return encode (octets);
}

static void
remember (SoSmtp *smtp, const SoSecret *secret)
{
  if (so_secret_length (secret) > 0)
    g_ptr_array_add (smtp->told,
                     so_secret_new (so_secret_peek (secret), (gssize) so_secret_length (secret)));
}

static SoReply *
ask_secretly (SoSmtp *smtp, const SoSecret *line)
{
  return so_smtp_ask (smtp, so_secret_peek (line), MASK);
}

static SoReply *
with_first_response (SoSmtp *smtp, const Mechanism *mechanism, const SoSecret *response)
{
  g_autofree char *bare = g_strdup_printf ("AUTH %s", mechanism->name);
  if (strlen (bare) + 1 + so_secret_length (response) <= COMMAND_MAX)
    {
      gsize size = strlen (bare) + so_secret_length (response) + 2;
      char *command = g_malloc (size);
      g_snprintf (command, size, "%s %s", bare, so_secret_peek (response));
      g_autofree char *shown = g_strdup_printf ("%s %s", bare, MASK);
      SoReply *reply = so_smtp_ask (smtp, command, shown);
      so_secret_wipe (command, size);
      g_free (command);
      return reply;
    }
  g_autoptr (SoReply) go_on = so_smtp_ask (smtp, bare, NULL);
  if (go_on == NULL || go_on->code != 334)
    return g_steal_pointer (&go_on);
  return ask_secretly (smtp, response);
}

/* The de facto LOGIN: user and password, each in base64 after a 334. */
static SoReply *
login (SoSmtp *smtp, const SoSecret *password)
{
  const char *user = smtp->account->smtp.user;
  g_autofree char *user64 = g_base64_encode ((const guchar *) user, strlen (user));
  g_autoptr (SoReply) reply = so_smtp_ask (smtp, "AUTH LOGIN", NULL);
  if (reply == NULL || reply->code != 334)
    return g_steal_pointer (&reply);
  g_clear_pointer (&reply, so_reply_free);
  reply = so_smtp_ask (smtp, user64, NULL);
  if (reply == NULL || reply->code != 334)
    return g_steal_pointer (&reply);
  GString *octets = g_string_sized_new (so_secret_length (password) + 1);
  g_string_append_len (octets, so_secret_peek (password), (gssize) so_secret_length (password));
  g_autoptr (SoSecret) response = encode (octets);
  remember (smtp, response);
  return ask_secretly (smtp, response);
}

static SoReply *
converse (SoSmtp *smtp, const Mechanism *mechanism, const SoSecret *password)
{
  if (mechanism->bit == SO_MECHANISM_LOGIN)
    return login (smtp, password);
  g_autoptr (SoSecret) response = first_response (smtp, mechanism->bit, password);
  remember (smtp, response);
  SoReply *reply = with_first_response (smtp, mechanism, response);
  if (reply != NULL && reply->code == 334 && mechanism->bit != SO_MECHANISM_PLAIN)
    {
      /* A refused token is explained in the 334; an empty line (XOAUTH2) or a lone
       * control-A (RFC 7628 3.2.3) asks for the verdict. */
      so_reply_free (reply);
      reply = so_smtp_ask (smtp, mechanism->bit == SO_MECHANISM_OAUTHBEARER ? "AQ==" : "", NULL);
    }
  return reply;
}

static gboolean
unknown_mechanism (const SoReply *reply)
{
  return reply->code == 504 || strcmp (reply->enhanced, "5.5.4") == 0;
}

gboolean
so_smtp_authenticate (SoSmtp *smtp, SoVerdict **trouble, GError **error)
{
  const Mechanism *mechanism = choose (smtp, 0);
  if (mechanism == NULL)
    {
      no_mechanism (smtp, trouble, error);
      return FALSE;
    }
  gint64 asked_us = so_clock_monotonic_us ();
  GError *problem = NULL;
  g_autoptr (SoSecret) password = smtp->secret (smtp->secret_data, &problem);
  so_deadline_credit (&smtp->deadline, asked_us); /* a person unlocking the keyring is not the server's delay */
  if (password == NULL)
    {
      give_up (problem, trouble, error);
      return FALSE;
    }
  remember (smtp, password);
  so_smtp_phase_begin (smtp, SO_PHASE_AUTH);
  g_autoptr (SoReply) reply = converse (smtp, mechanism, password);
  const Mechanism *second = choose (smtp, (guint) mechanism->bit);
  if (reply != NULL && unknown_mechanism (reply) && second != NULL && smtp->usable)
    {
      mechanism = second;
      g_clear_pointer (&reply, so_reply_free);
      reply = converse (smtp, mechanism, password);
    }
  if (reply == NULL || reply->code != 235)
    {
      so_smtp_refused (smtp, SO_STAGE_AUTH, reply, trouble, error);
      return FALSE;
    }
  so_smtp_phase_end (smtp, mechanism->name);
  return TRUE;
}
