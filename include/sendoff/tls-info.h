/*
 * tls-info.h - who was at the other end of a TLS handshake, and why it was not trusted.
 */
#pragma once

#include <glib.h>

typedef enum
{
  SO_TLS_WELL,
  SO_TLS_EXPIRED,
  SO_TLS_NOT_YET_VALID,
  SO_TLS_WRONG_HOST,
  SO_TLS_SELF_SIGNED,
  SO_TLS_UNTRUSTED,   /* issued by somebody this machine does not know */
  SO_TLS_FINGERPRINT, /* not the one configured */
  SO_TLS_CERTIFICATE, /* bad in another way */
  SO_TLS_HANDSHAKE,   /* no TLS at the other end, or none that both can */
  SO_TLS_LOST,        /* connection closed, time over, interrupted */
  SO_TLS_SETUP        /* our own side: tls-ca-file */
} SoTlsTrouble;

typedef struct
{
  SoTlsTrouble trouble;
  char *version;     /* "TLSv1.3" */
  char *issuer;      /* organisation or name of who issued the certificate, sanitised */
  char *subject;     /* its name, sanitised */
  char *fingerprint; /* SHA-256, 64 hex digits */
  gint64 not_before; /* seconds since 1970 */
  gint64 not_after;
} SoTlsInfo;

void so_tls_info_clear (SoTlsInfo *info);
