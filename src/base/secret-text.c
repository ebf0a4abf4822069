/*
 * secret-text.c - memory for passwords: locked if possible, overwritten when freed.
 */
#include "config.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "sendoff/secret-text.h"

struct SoSecret
{
  gsize length;
  char bytes[];
};

SoSecret *
so_secret_new (const char *bytes, gssize length)
{
  gsize n = length < 0 ? strlen (bytes) : (gsize) length;
  SoSecret *secret = g_malloc0 (sizeof *secret + n + 1);
  (void) mlock (secret, sizeof *secret + n + 1); /* a limit of 0 pages is no reason to fail */
  secret->length = n;
  memcpy (secret->bytes, bytes, n);
  return secret;
}

const char *
so_secret_peek (const SoSecret *secret)
{
  return secret->bytes;
}

gsize
so_secret_length (const SoSecret *secret)
{
  return secret->length;
}

char *
so_secret_strike_out (const SoSecret *secret, const char *text)
{
  if (secret == NULL || secret->length == 0)
    return g_strdup (text);
  g_autoptr (GString) struck = g_string_new (text);
  g_string_replace (struck, secret->bytes, "****", 0);
  return g_string_free (g_steal_pointer (&struck), FALSE);
}

void
so_secret_wipe (void *bytes, gsize length)
{
  explicit_bzero (bytes, length);
}

void
so_secret_free (SoSecret *secret)
{
  if (secret == NULL)
    return;
  gsize size = sizeof *secret + secret->length + 1;
  so_secret_wipe (secret, size);
  (void) munlock (secret, size);
  g_free (secret);
}

void
so_secret_protect_process (void)
{
  const struct rlimit none = { 0, 0 };
  (void) setrlimit (RLIMIT_CORE, &none);
  (void) prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
}
