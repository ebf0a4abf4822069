/*
 * random-word.c - letters from the kernel's random octets.
 */
#include "config.h"

#include <sys/random.h>

#include "sendoff/random-word.h"

char *
so_random_word (gsize length)
{
  static const char alphabet[] = "23456789abcdefghjkmnpqrstvwxyzAB";
  guint8 octets[32];
  g_assert (length <= sizeof octets);
  if (getrandom (octets, sizeof octets, 0) != (ssize_t)sizeof octets)
    for (gsize i = 0; i < sizeof octets; i++)
      octets[i] = (guint8)g_random_int_range (0, 256);
  char *word = g_malloc (length + 1);
  for (gsize i = 0; i < length; i++)
    word[i] = alphabet[octets[i] & 31];
  word[length] = '\0';
  return word;
}
