/*
 * tls.c - the TLS handshake: who is at the other end, and how to say that it is not whom we want.
 *
 * One verify callback for all three ways to trust (system CAs, tls-ca-file, pinned
 * fingerprint); it also notes whose certificate it was, because a person behind an
 * inspecting proxy needs to read that name.
 */
#include "config.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"
#include "transport-private.h"

/* What the verify callback needs and leaves behind. */
typedef struct
{
  const char *fingerprint; /* wanted, "" for a chain of CAs */
  SoTlsInfo *info;
  int verify_error; /* X509_V_… */
} Verification;

static char *
name_part (X509_NAME *name, int nid)
{
  int at = X509_NAME_get_index_by_NID (name, nid, -1);
  if (at < 0)
    return g_strdup ("");
  unsigned char *utf8 = NULL;
  int length = ASN1_STRING_to_UTF8 (&utf8, X509_NAME_ENTRY_get_data (X509_NAME_get_entry (name, at)));
  char *clean = length > 0 ? so_text_sanitise ((const char *) utf8, length, 200) : g_strdup ("");
  OPENSSL_free (utf8);
  return clean;
}

/* "R3 (Let's Encrypt)", whatever of both there is. */
static char *
display_name (X509_NAME *name)
{
  g_autofree char *common = name_part (name, NID_commonName);
  g_autofree char *organisation = name_part (name, NID_organizationName);
  if (*common == '\0')
    return g_steal_pointer (&organisation);
  if (*organisation == '\0')
    return g_steal_pointer (&common);
  return g_strdup_printf ("%s (%s)", common, organisation);
}

static char *
digest_of (X509 *certificate)
{
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (X509_digest (certificate, EVP_sha256 (), digest, &length) != 1)
    return g_strdup ("");
  GString *hex = g_string_new (NULL);
  for (unsigned int i = 0; i < length; i++)
    g_string_append_printf (hex, "%02x", digest[i]);
  return g_string_free (hex, FALSE);
}

static void
describe (X509 *certificate, SoTlsInfo *info)
{
  struct tm begin = { 0 }, end = { 0 };
  info->issuer = display_name (X509_get_issuer_name (certificate));
  info->subject = display_name (X509_get_subject_name (certificate));
  info->fingerprint = digest_of (certificate);
  if (ASN1_TIME_to_tm (X509_get0_notBefore (certificate), &begin) == 1)
    info->not_before = (gint64) timegm (&begin);
  if (ASN1_TIME_to_tm (X509_get0_notAfter (certificate), &end) == 1)
    info->not_after = (gint64) timegm (&end);
}

static int
verify (X509_STORE_CTX *store, void *data)
{
  Verification *verification = data;
  X509 *certificate = X509_STORE_CTX_get0_cert (store);
  if (certificate != NULL && verification->info->issuer == NULL)
    describe (certificate, verification->info);

  int trusted;
  if (*verification->fingerprint != '\0')
    {
      trusted = g_strcmp0 (verification->info->fingerprint, verification->fingerprint) == 0;
      X509_STORE_CTX_set_error (store, trusted ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
    }
  else
    trusted = X509_verify_cert (store) > 0;
  verification->verify_error = X509_STORE_CTX_get_error (store);
  return trusted;
}

static gboolean
load_trust (SSL_CTX *context, const SoAccount *account, GError **error)
{
  if (*account->tls_ca_file == '\0')
    return SSL_CTX_set_default_verify_paths (context) == 1;
  if (SSL_CTX_load_verify_file (context, account->tls_ca_file) == 1)
    return TRUE;
  so_error_set (error, SO_ERROR_CONFIG, _("tls-ca-file must name a readable file with PEM certificates"),
                _("no certificates could be read from %s"), account->tls_ca_file);
  return FALSE;
}

static SSL_CTX *
new_context (const SoAccount *account, Verification *verification, GError **error)
{
  SSL_CTX *context = SSL_CTX_new (TLS_client_method ());
  if (context == NULL || !load_trust (context, account, error))
    {
      if (context == NULL)
        so_error_set (error, SO_ERROR_BUG, "", _("OpenSSL could not be set up"));
      SSL_CTX_free (context);
      return NULL;
    }
  SSL_CTX_set_min_proto_version (context, TLS1_2_VERSION);
  SSL_CTX_set_security_level (context, 2); /* 112 bits: RSA >= 2048 (NIST SP 800-57) */
  SSL_CTX_set_options (context, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode (context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify (context, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_cert_verify_callback (context, verify, verification);
  return context;
}

static gboolean
is_address_literal (const char *host)
{
  unsigned char octets[16];
  return inet_pton (AF_INET, host, octets) == 1 || inet_pton (AF_INET6, host, octets) == 1;
}

/* The identity to be verified; RFC 9525: subjectAltName only, whole labels only. */
static gboolean
expect_host (SSL *ssl, const char *host)
{
  X509_VERIFY_PARAM *param = SSL_get0_param (ssl);
  if (is_address_literal (host))
    return X509_VERIFY_PARAM_set1_ip_asc (param, host) == 1;
  X509_VERIFY_PARAM_set_hostflags (param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT
                                              | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  g_autofree char *ascii = g_hostname_to_ascii (host);
  return ascii != NULL && X509_VERIFY_PARAM_set1_host (param, ascii, 0) == 1
         && SSL_set_tlsext_host_name (ssl, ascii) == 1;
}

static SoTlsTrouble
verify_trouble (int verify_error)
{
  switch (verify_error)
    {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return SO_TLS_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return SO_TLS_NOT_YET_VALID;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return SO_TLS_WRONG_HOST;
    case X509_V_ERR_CERT_REJECTED:
      return SO_TLS_FINGERPRINT;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return SO_TLS_SELF_SIGNED;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return SO_TLS_UNTRUSTED;
    default:
      return SO_TLS_CERTIFICATE;
    }
}

static SoTlsTrouble
handshake_trouble (const SoTransport *transport, const Verification *verification)
{
  if (verification->verify_error != X509_V_OK)
    return verify_trouble (verification->verify_error);
  return transport->state == SO_TRANSPORT_BROKEN ? SO_TLS_HANDSHAKE : SO_TLS_LOST;
}

static void
set_verify_error (const Verification *verification, const char *host, GError **error)
{
  const SoTlsInfo *info = verification->info;
  const char *issuer = info->issuer != NULL ? info->issuer : "?";
  switch (verification->verify_error)
    {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      so_error_set (error, SO_ERROR_PROTOCOL, _("check this machine's clock; if it is right, the server's operator must renew it"),
                    _("the certificate of %s has expired (issuer: %s)"), host, issuer);
      break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      so_error_set (error, SO_ERROR_PROTOCOL, _("check this machine's clock: it is probably behind"),
                    _("the certificate of %s is not valid yet (issuer: %s)"), host, issuer);
      break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      so_error_set (error, SO_ERROR_PROTOCOL, _("check smtp-host in the configuration; something between may be answering in its place"),
                    _("the certificate is not for %s (it is for %s, issuer: %s)"), host, info->subject, issuer);
      break;
    case X509_V_ERR_CERT_REJECTED:
      so_error_set (error, SO_ERROR_PROTOCOL, _("if the server's operator confirms the new certificate, set tls-fingerprint to it"),
                    _("the certificate of %s has another fingerprint than the one configured: %s"), host,
                    info->fingerprint);
      break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      so_error_set (error, SO_ERROR_PROTOCOL, _("if it is your own server, set tls-ca-file or tls-fingerprint"),
                    _("the certificate of %s is self-signed (by %s)"), host, issuer);
      break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      so_error_set (error, SO_ERROR_PROTOCOL, _("an antivirus or company proxy may inspect mail: exclude it, or set tls-ca-file knowingly"),
                    _("the certificate of %s was issued by %s, which this machine does not trust"), host, issuer);
      break;
    default:
      so_error_set (error, SO_ERROR_PROTOCOL, _("the server's operator must replace the certificate"),
                    _("the certificate of %s cannot be trusted: %s (issuer: %s)"), host,
                    X509_verify_cert_error_string (verification->verify_error), issuer);
    }
}

static void
set_handshake_error (const SoTransport *transport, const Verification *verification, const char *host,
                     unsigned long code, GError **error)
{
  if (verification->verify_error != X509_V_OK)
    set_verify_error (verification, host, error);
  else if (transport->state == SO_TRANSPORT_INTERRUPTED)
    so_error_set (error, SO_ERROR_INTERRUPTED, "", _("interrupted"));
  else if (transport->state == SO_TRANSPORT_TIMEOUT)
    so_error_set (error, SO_ERROR_TEMPORARY, _("try again later; another network may help"),
                  _("%s did not answer during the TLS handshake"), host);
  else if (transport->state != SO_TRANSPORT_BROKEN)
    so_error_set (error, SO_ERROR_TEMPORARY, _("try again later; another network may help"),
                  _("%s closed the connection during the TLS handshake"), host);
  else
    {
      const char *reason = ERR_reason_error_string (code);
      so_error_set (error, SO_ERROR_PROTOCOL, _("check smtp-port and smtp-security: 587 is starttls, 465 is tls"),
                    _("the TLS handshake with %s failed: %s"), host, reason != NULL ? reason : "?");
    }
}

static gboolean
handshake (SoTransport *transport, unsigned long *code)
{
  for (;;)
    {
      ERR_clear_error ();
      int result = SSL_connect (transport->ssl);
      if (result == 1)
        return TRUE;
      *code = ERR_peek_error ();
      if (!so_transport_await_ssl (transport, result))
        return FALSE;
    }
}

gboolean
so_transport_start_tls (SoTransport *transport, const SoAccount *account, const char *host,
                        SoTlsInfo *info, GError **error)
{
  Verification verification = { .fingerprint = account->tls_fingerprint, .info = info, .verify_error = X509_V_OK };
  SSL_CTX *context = new_context (account, &verification, error);
  if (context == NULL)
    {
      info->trouble = SO_TLS_SETUP;
      return FALSE;
    }
  transport->ssl = SSL_new (context);
  gboolean ready = transport->ssl != NULL && SSL_set_fd (transport->ssl, transport->fd) == 1
                   && expect_host (transport->ssl, host);
  if (!ready)
    so_error_set (error, SO_ERROR_BUG, "", _("OpenSSL could not be set up"));

  unsigned long code = 0;
  gboolean well = ready && handshake (transport, &code);
  info->trouble = well ? SO_TLS_WELL : ready ? handshake_trouble (transport, &verification) : SO_TLS_SETUP;
  if (ready && !well)
    set_handshake_error (transport, &verification, host, code, error);
  if (well && !so_transport_gather_records (transport))
    g_error ("out of memory");
  info->version = g_strdup (well ? SSL_get_version (transport->ssl) : "");
  if (transport->ssl != NULL)
    SSL_CTX_set_cert_verify_callback (context, NULL, NULL); /* `verification` ends here */
  SSL_CTX_free (context);
  return well;
}

void
so_tls_info_clear (SoTlsInfo *info)
{
  g_clear_pointer (&info->version, g_free);
  g_clear_pointer (&info->issuer, g_free);
  g_clear_pointer (&info->subject, g_free);
  g_clear_pointer (&info->fingerprint, g_free);
}
