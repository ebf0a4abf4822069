/*
 * dsn.c - NOTIFY, RET, ENVID and ORCPT, and the xtext they travel in.
 */
#include "config.h"

#include <string.h>

#include "sendoff/dsn.h"

/* RFC 3461 4: "+" and "=" and what is not printable ASCII go as + and two digits. */
static char *
to_xtext (const char *prefix, const char *text)
{
  GString *xtext = g_string_new (prefix);
  for (const char *p = text; *p != '\0'; p++)
    if (*p > ' ' && *p < 127 && *p != '+' && *p != '=')
      g_string_append_c (xtext, *p);
    else
      g_string_append_printf (xtext, "+%02X", (guint)(guchar)*p);
  return g_string_free (xtext, FALSE);
}

static gboolean
is_said (const GPtrArray *words, const char *word)
{
  return g_ptr_array_find_with_equal_func ((GPtrArray *)words, word, g_str_equal, NULL);
}

/* FALSE: no word of NOTIFY, or said twice, or NEVER beside others. */
static gboolean
add_notify (GPtrArray *words, const char *word)
{
  gboolean never = g_str_equal (word, "NEVER");
  gboolean event = g_str_equal (word, "SUCCESS") || g_str_equal (word, "FAILURE")
                   || g_str_equal (word, "DELAY");
  if ((!never && !event) || is_said (words, word) || is_said (words, "NEVER")
      || (never && words->len > 0))
    return FALSE;
  g_ptr_array_add (words, (gpointer)word);
  return TRUE;
}

static char *
joined (GPtrArray *words)
{
  g_ptr_array_add (words, NULL);
  return g_strjoinv (",", (char **)words->pdata);
}

char *
so_dsn_notify (const char *words)
{
  g_autofree char *upper = g_ascii_strup (words, -1);
  g_auto (GStrv) all = g_strsplit (upper, ",", -1);
  g_autoptr (GPtrArray) notify = g_ptr_array_new ();
  for (char **word = all; *word != NULL; word++)
    if (!add_notify (notify, *word))
      return NULL;
  return notify->len > 0 ? joined (notify) : NULL;
}

const char *
so_dsn_ret (const char *word)
{
  if (g_ascii_strcasecmp (word, "full") == 0)
    return "FULL";
  return g_ascii_strcasecmp (word, "hdrs") == 0 ? "HDRS" : NULL;
}

char *
so_dsn_envid (const char *text)
{
  g_autofree char *xtext = to_xtext ("", text);
  gsize length = strlen (xtext);
  return length > 0 && length <= SO_DSN_ENVID_MAX ? g_steal_pointer (&xtext) : NULL;
}

char *
so_dsn_orcpt (const char *address)
{
  g_autofree char *xtext = to_xtext ("rfc822;", address);
  if (!g_str_is_ascii (address) || strlen (xtext) > SO_DSN_ORCPT_MAX)
    return NULL;
  return g_steal_pointer (&xtext);
}
