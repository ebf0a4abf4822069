/*
 * ehlo.c - reads the keywords of an EHLO answer.
 *
 * The first line is the server's name; "AUTH=LOGIN" (an old draft's form, still seen) is
 * read as "AUTH LOGIN".
 */
#include "config.h"

#include <string.h>

#include "ehlo.h"
#include "sendoff/text.h"

static guint
mechanism_bit (const char *name)
{
  static const struct { const char *name; SoMechanism bit; } known[] = {
    { "PLAIN", SO_MECHANISM_PLAIN },
    { "LOGIN", SO_MECHANISM_LOGIN },
    { "XOAUTH2", SO_MECHANISM_XOAUTH2 },
    { "OAUTHBEARER", SO_MECHANISM_OAUTHBEARER },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_ascii_strcasecmp (name, known[i].name) == 0)
      return known[i].bit;
  return *name != '\0' ? SO_MECHANISM_OTHER : 0;
}

static void
read_mechanisms (SoEhlo *ehlo, const char *parameters)
{
  g_auto (GStrv) names = g_strsplit (parameters, " ", -1);
  for (char **name = names; *name != NULL; name++)
    ehlo->mechanisms |= mechanism_bit (*name);
  g_autofree char *before = ehlo->mechanism_names;
  g_autofree char *clean = so_text_sanitise (parameters, -1, 200);
  ehlo->mechanism_names = before != NULL && *before != '\0' ? g_strconcat (before, " ", clean, NULL)
                                                            : g_strdup (clean);
}

static void
read_line (SoEhlo *ehlo, char *line)
{
  g_strstrip (line);
  gsize keyword_length = strcspn (line, " =");
  g_autofree char *keyword = g_ascii_strup (line, (gssize) keyword_length);
  const char *parameters = line + keyword_length + (line[keyword_length] != '\0' ? 1 : 0);
  if (*keyword == '\0')
    return;
  if (strcmp (keyword, "AUTH") == 0)
    read_mechanisms (ehlo, parameters);
  if (strcmp (keyword, "SIZE") == 0)
    {
      ehlo->size_offered = TRUE;
      ehlo->size = g_ascii_strtoull (parameters, NULL, 10);
    }
  g_hash_table_replace (ehlo->keywords, g_steal_pointer (&keyword), g_strdup (parameters));
}

void
so_ehlo_parse (SoEhlo *ehlo, const SoReply *reply)
{
  so_ehlo_clear (ehlo);
  ehlo->keywords = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  ehlo->mechanism_names = g_strdup ("");
  g_auto (GStrv) lines = g_strsplit (reply->text, "\n", 200);
  for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++)
    read_line (ehlo, lines[i]);

  ehlo->pipelining = g_hash_table_contains (ehlo->keywords, "PIPELINING");
  ehlo->chunking = g_hash_table_contains (ehlo->keywords, "CHUNKING");
  ehlo->eight_bit = g_hash_table_contains (ehlo->keywords, "8BITMIME");
  ehlo->smtputf8 = g_hash_table_contains (ehlo->keywords, "SMTPUTF8");
  ehlo->dsn = g_hash_table_contains (ehlo->keywords, "DSN");
  ehlo->starttls = g_hash_table_contains (ehlo->keywords, "STARTTLS");
}

void
so_ehlo_clear (SoEhlo *ehlo)
{
  g_clear_pointer (&ehlo->keywords, g_hash_table_unref);
  g_free (ehlo->mechanism_names);
  *ehlo = (SoEhlo){ 0 };
}
