/*
 * smtp.c - a session from DNS to AUTH, and its end.
 *
 *   dial -> [TLS] -> greeting -> EHLO -> [STARTTLS -> TLS -> EHLO] -> [AUTH] -> ready
 *
 * Nothing secret leaves before the certificate is verified; whatever arrives in the
 * clear behind the answer to STARTTLS is an injection and ends the session.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sendoff/clock.h"
#include "sendoff/dial.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "smtp-private.h"

static void
set_trouble (SoVerdict **trouble, SoVerdict *verdict)
{
  if (trouble != NULL && *trouble == NULL)
    *trouble = verdict;
  else
    so_verdict_free (verdict);
}

static void
connection_trouble (SoVerdict **trouble, const GError *error)
{
  set_trouble (trouble, so_verdict_new (SO_OUTCOME_DEFERRED, SO_SCOPE_CONNECTION, SO_STAGE_CONNECT,
                                        error->message));
}

static const char *
auth_remedy (const SoSmtp *smtp)
{
  if (*smtp->account->password_page != '\0')
    return _("make a new app-specific password, then “sendoff login”");
  return _("check the user name and the password, then “sendoff login”");
}

/* The server refused to log us in. */
static void
set_auth_error (const SoSmtp *smtp, const SoVerdict *verdict, const char *line, GError **error)
{
  const char *host = smtp->account->smtp.host;
  if (verdict->outcome != SO_OUTCOME_REJECTED && verdict->reply != NULL && verdict->reply->code < 500)
    so_error_set (error, SO_ERROR_TEMPORARY, _("try again later; the password need not be wrong"),
                  _("%s cannot log in %s now: %s"), host, smtp->account->smtp.user, line);
  else
    {
      g_autofree char *remedy = *smtp->account->password_page != '\0'
                                    ? g_strdup_printf ("%s (%s)", auth_remedy (smtp), smtp->account->password_page)
                                    : g_strdup (auth_remedy (smtp));
      so_error_set (error, SO_ERROR_CREDENTIALS, remedy, _("%s refused the password of %s: %s"), host,
                    smtp->account->smtp.user, line);
    }
}

static void
set_refusal (const SoSmtp *smtp, const SoVerdict *verdict, const char *line, GError **error)
{
  int code = verdict->reply->code;
  const char *host = smtp->account->smtp.host;
  if (code >= 500)
    so_error_set (error, SO_ERROR_REFUSED, _("the server's words say why; “sendoff doctor” looks for the cause"),
                  _("%s refuses to talk: %s"), host, line);
  else if (code >= 400)
    so_error_set (error, SO_ERROR_TEMPORARY, _("try again later"), _("%s is not ready: %s"), host, line);
  else
    so_error_set (error, SO_ERROR_PROTOCOL, _("check smtp-host and smtp-port: is this a mail server?"),
                  _("%s gave an answer that makes no sense (phase %s): %s"), host,
                  so_phase_name (smtp->phase), line);
}

void
so_smtp_refused (SoSmtp *smtp, SoStage stage, const SoReply *reply, SoVerdict **trouble, GError **error)
{
  if (reply == NULL)
    {
      g_autoptr (GError) lost = NULL;
      so_smtp_lost (smtp, &lost);
      connection_trouble (trouble, lost);
      g_propagate_error (error, g_steal_pointer (&lost));
      return;
    }
  SoVerdict *verdict = so_verdict_judge (smtp->options.book, smtp->account->preset, stage, reply);
  if (verdict->outcome == SO_OUTCOME_ACCEPTED) /* a good answer, to another question */
    {
      verdict->outcome = SO_OUTCOME_DEFERRED;
      verdict->scope = SO_SCOPE_CONNECTION;
      g_strlcpy (verdict->cause, "protocol", sizeof verdict->cause);
    }
  g_autofree char *line = so_reply_line (reply);
  if (stage == SO_STAGE_AUTH && reply->code >= 400 && reply->code != 421)
    set_auth_error (smtp, verdict, line, error);
  else
    set_refusal (smtp, verdict, line, error);
  set_trouble (trouble, verdict);
}

/* Our name for EHLO: configured, or this host's if it is a full one, or an address
 * literal (RFC 5321 4.1.3). */
static char *
own_name (const SoSmtp *smtp)
{
  if (*smtp->account->ehlo_name != '\0')
    return g_strdup (smtp->account->ehlo_name);
  char host[256] = "";
  if (gethostname (host, sizeof host - 1) == 0 && strchr (host, '.') != NULL
      && !g_str_has_prefix (host, "localhost") && g_hostname_is_non_ascii (host) == FALSE
      && strspn (host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == strlen (host))
    return g_strdup (host);
  struct sockaddr_storage own;
  socklen_t length = sizeof own;
  char text[INET6_ADDRSTRLEN] = "127.0.0.1";
  if (getsockname (so_transport_fd (smtp->transport), (struct sockaddr *) &own, &length) != 0)
    return g_strdup ("[127.0.0.1]");
  if (own.ss_family == AF_INET6)
    {
      inet_ntop (AF_INET6, &((struct sockaddr_in6 *) &own)->sin6_addr, text, sizeof text);
      return g_strdup_printf ("[IPv6:%s]", text);
    }
  inet_ntop (AF_INET, &((struct sockaddr_in *) &own)->sin_addr, text, sizeof text);
  return g_strdup_printf ("[%s]", text);
}

static char *
describe_offer (const SoEhlo *ehlo)
{
  GString *text = g_string_new (NULL);
  if (ehlo->size > 0)
    g_string_append_printf (text, "SIZE %" G_GUINT64_FORMAT, ehlo->size);
  static const char *const told[] = { "PIPELINING", "CHUNKING", "8BITMIME", "SMTPUTF8", "DSN", "STARTTLS" };
  for (gsize i = 0; i < G_N_ELEMENTS (told); i++)
    if (g_hash_table_contains (ehlo->keywords, told[i]))
      g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", told[i]);
  if (*ehlo->mechanism_names != '\0')
    g_string_append_printf (text, "%sAUTH %s", text->len > 0 ? ", " : "", ehlo->mechanism_names);
  return g_string_free (text, FALSE);
}

static gboolean
greet (SoSmtp *smtp, SoVerdict **trouble, GError **error)
{
  so_smtp_phase_begin (smtp, SO_PHASE_GREETING);
  g_autoptr (SoReply) reply = so_smtp_read_reply (smtp);
  if (reply == NULL || reply->code != 220)
    {
      so_smtp_refused (smtp, SO_STAGE_CONNECT, reply, trouble, error);
      return FALSE;
    }
  g_autofree char *line = so_reply_line (reply);
  so_smtp_phase_end (smtp, line);
  return TRUE;
}

static gboolean
say_ehlo (SoSmtp *smtp, SoVerdict **trouble, GError **error)
{
  g_autofree char *name = own_name (smtp);
  g_autofree char *command = g_strdup_printf ("EHLO %s", name);
  so_smtp_phase_begin (smtp, SO_PHASE_EHLO);
  g_autoptr (SoReply) reply = so_smtp_ask (smtp, command, NULL);
  if (reply == NULL || reply->code != 250)
    {
      so_smtp_refused (smtp, SO_STAGE_CONNECT, reply, trouble, error);
      return FALSE;
    }
  so_ehlo_parse (&smtp->ehlo, reply);
  smtp->lock_step = smtp->lock_step || !smtp->ehlo.pipelining;
  g_autofree char *offer = describe_offer (&smtp->ehlo);
  so_smtp_phase_end (smtp, offer);
  return TRUE;
}

static char *
describe_tls (const SoTlsInfo *info)
{
  g_autoptr (GDateTime) end = g_date_time_new_from_unix_utc (info->not_after);
  g_autofree char *date = end != NULL ? g_date_time_format (end, "%Y-%m-%d") : g_strdup ("?");
  /* TRANSLATORS: "TLSv1.3, certificate by ISSUER until 2027-01-31" */
  return g_strdup_printf (_("%s, certificate by %s until %s"), info->version,
                          info->issuer != NULL && *info->issuer != '\0' ? info->issuer : "?", date);
}

static gboolean
start_tls (SoSmtp *smtp, SoVerdict **trouble, GError **error)
{
  SoTlsInfo info = { 0 };
  g_autoptr (GError) problem = NULL;
  so_smtp_phase_begin (smtp, SO_PHASE_TLS);
  gboolean well = so_transport_start_tls (smtp->transport, smtp->account, smtp->account->smtp.host, &info, &problem);
  so_observer_tls (smtp->options.observer, &info);
  if (well)
    {
      g_autofree char *learned = describe_tls (&info);
      so_smtp_phase_end (smtp, learned);
    }
  else
    {
      connection_trouble (trouble, problem);
      g_propagate_error (error, g_steal_pointer (&problem));
    }
  so_tls_info_clear (&info);
  return well;
}

static gboolean
refuse_session (SoVerdict **trouble, GError *problem, GError **error)
{
  connection_trouble (trouble, problem);
  g_propagate_error (error, problem);
  return FALSE;
}

/* STARTTLS (RFC 3207) from the command to the handshake. */
static gboolean
upgrade (SoSmtp *smtp, SoVerdict **trouble, GError **error)
{
  const char *host = smtp->account->smtp.host;
  GError *problem = NULL;
  so_smtp_phase_begin (smtp, SO_PHASE_STARTTLS);
  if (!smtp->ehlo.starttls)
    {
      so_error_set (&problem, SO_ERROR_PROTOCOL,
                    _("something between may strip it: try another network; for port 465 set smtp-security = tls"),
                    _("%s does not offer encryption (no STARTTLS): nothing was sent"), host);
      return refuse_session (trouble, problem, error);
    }
  g_autoptr (SoReply) reply = so_smtp_ask (smtp, "STARTTLS", NULL);
  if (reply == NULL || reply->code != 220)
    {
      so_smtp_refused (smtp, SO_STAGE_CONNECT, reply, trouble, error);
      return FALSE;
    }
  if (so_smtp_has_input (smtp))
    {
      so_error_set (&problem, SO_ERROR_PROTOCOL, _("somebody may be tampering with this network: use another one"),
                    _("%s sent more in clear text after agreeing to encrypt: nothing was sent"), host);
      return refuse_session (trouble, problem, error);
    }
  so_smtp_phase_end (smtp, "");
  so_ehlo_clear (&smtp->ehlo); /* RFC 3207 4.2: what was learned in clear is forgotten */
  smtp->lock_step = smtp->broken_pipelining;
  return start_tls (smtp, trouble, error) && say_ehlo (smtp, trouble, error);
}

static gboolean
negotiate (SoSmtp *smtp, SoVerdict **trouble, GError **error)
{
  SoSecurity security = smtp->account->smtp.security;
  if (security == SO_SECURITY_TLS && !start_tls (smtp, trouble, error))
    return FALSE;
  if (!greet (smtp, trouble, error) || !say_ehlo (smtp, trouble, error))
    return FALSE;
  if (security == SO_SECURITY_STARTTLS && !upgrade (smtp, trouble, error))
    return FALSE;
  if (smtp->account->auth == SO_AUTH_NONE || !so_transport_is_tls (smtp->transport))
    return TRUE;
  return so_smtp_authenticate (smtp, trouble, error);
}

gboolean
so_smtp_connect (SoSmtp *smtp, SoVerdict **trouble, GError **error)
{
  SoDial dial;
  g_autoptr (GError) problem = NULL;
  so_smtp_hang_up (smtp);
  smtp->phase = SO_PHASE_DNS;
  if (!so_dial (smtp->account->smtp.host, smtp->account->smtp.port, &smtp->deadline, smtp->options.observer,
                &dial, &problem))
    {
      so_dial_clear (&dial);
      return refuse_session (trouble, g_steal_pointer (&problem), error);
    }
  smtp->transport = so_transport_new (dial.fd, &smtp->deadline);
  dial.fd = -1;
  so_dial_clear (&dial);
  smtp->stream = so_transport_stream (smtp->transport);
  smtp->parser = so_reply_parser_new ();
  smtp->lock_step = smtp->broken_pipelining;
  smtp->pipelining_proven = FALSE;
  smtp->mail_open = FALSE;
  smtp->said_421 = FALSE;
  smtp->usable = TRUE;
  smtp->usable = negotiate (smtp, trouble, error);
  return smtp->usable;
}

void
so_smtp_hang_up (SoSmtp *smtp)
{
  so_ehlo_clear (&smtp->ehlo);
  g_clear_pointer (&smtp->parser, so_reply_parser_free);
  g_clear_pointer (&smtp->transport, so_transport_free);
  smtp->stream = NULL;
  smtp->usable = FALSE;
  g_ptr_array_set_size (smtp->told, 0);
}

static guint
timeout_of (const SoAccount *account, const SoSmtpOptions *options)
{
  if (account->timeout > 0)
    return account->timeout;
  return options->timeout > 0 ? options->timeout : SO_TIMEOUT_PERSON;
}

static void
free_secret (gpointer secret)
{
  so_secret_free (secret);
}

SoSmtp *
so_smtp_open (const SoAccount *account, SoSecretFunc secret, gpointer secret_data,
              const SoSmtpOptions *options, SoVerdict **trouble, GError **error)
{
  g_autoptr (SoSmtp) smtp = g_new0 (SoSmtp, 1);
  smtp->account = so_account_copy (account);
  smtp->told = g_ptr_array_new_with_free_func (free_secret);
  smtp->secret = secret;
  smtp->secret_data = secret_data;
  smtp->options = *options;
  smtp->timeout = timeout_of (account, options);
  so_deadline_init (&smtp->deadline, smtp->timeout, options->interrupt_fd);
  if (!so_smtp_connect (smtp, trouble, error))
    return NULL;
  return g_steal_pointer (&smtp);
}

guint64
so_smtp_size_limit (const SoSmtp *smtp)
{
  return smtp->ehlo.size;
}

gboolean
so_smtp_offers (const SoSmtp *smtp, const char *keyword)
{
  return smtp->ehlo.keywords != NULL && g_hash_table_contains (smtp->ehlo.keywords, keyword);
}

void
so_smtp_close (SoSmtp *smtp)
{
  if (smtp == NULL)
    return;
  if (smtp->transport != NULL && smtp->usable)
    {
      /* A peer that takes nothing any more must not hold us up for a farewell. */
      so_deadline_phase_within (&smtp->deadline, 0);
      (void) (so_smtp_put (smtp, "QUIT", NULL) && so_smtp_flush (smtp));
    }
  so_smtp_hang_up (smtp);
  g_ptr_array_unref (smtp->told);
  so_account_free (smtp->account);
  g_free (smtp);
}
