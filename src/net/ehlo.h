/*
 * ehlo.h - what a server's EHLO answer offers (RFC 5321 4.1.1.1).
 */
#pragma once

#include "sendoff/reply.h"

typedef enum
{
  SO_MECHANISM_PLAIN = 1 << 0,
  SO_MECHANISM_LOGIN = 1 << 1,
  SO_MECHANISM_XOAUTH2 = 1 << 2,
  SO_MECHANISM_OAUTHBEARER = 1 << 3,
  SO_MECHANISM_OTHER = 1 << 4
} SoMechanism;

typedef struct
{
  GHashTable *keywords; /* upper case → parameters, "" for none */
  gboolean pipelining, chunking, eight_bit, smtputf8, dsn, starttls, size_offered;
  guint64 size; /* 0: offered without a limit, or not at all */
  guint mechanisms;
  char *mechanism_names; /* as offered, sanitised; "" */
} SoEhlo;

void so_ehlo_parse (SoEhlo *ehlo, const SoReply *reply);
void so_ehlo_clear (SoEhlo *ehlo);
