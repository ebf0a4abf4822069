/*
 * diagnose.c - the first rule that holds is the cause; facts of the checks fill its texts.
 */
#include "config.h"

#include <string.h>

#include "sendoff/i18n.h"

#include "diagnose.h"
#include "notes.h"

typedef struct
{
  const SoDiagnosis *diagnosis;
  const SoCheckup *checkup;
  const GPtrArray *evidence; /* of SoCheckResult */
} Source;

const char *
so_confidence_name (SoConfidence confidence)
{
  static const char *const names[] = { "possible", "likely", "certain" };
  return names[confidence];
}

/* --- texts --- */

static const char *
fact_in (const GPtrArray *results, const char *name)
{
  for (guint i = 0; i < results->len; i++)
    {
      const char *value = so_check_fact (g_ptr_array_index (results, i), name);
      if (*value != '\0')
        return value;
    }
  return "";
}

static char *
value_of (const Source *source, const char *name)
{
  const SoAccount *account = source->checkup->account;
  const struct
  {
    const char *name, *value;
  } known[] = {
    { "account", account->name },
    { "title", account->title },
    { "host", account->smtp.host },
    { "password-page", account->password_page },
    { "storage-page", account->storage_page },
    { "support-page", account->support_page },
  };
  if (strcmp (name, "port") == 0)
    return g_strdup_printf ("%u", account->smtp.port);
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (strcmp (name, known[i].name) == 0)
      return g_strdup (known[i].value);
  const char *fact = fact_in (source->evidence, name);
  return g_strdup (*fact != '\0' ? fact : fact_in (source->diagnosis->results, name));
}

/* {name} is replaced; TRUE if all of them had something to say. */
static gboolean
fill (const Source *source, const char *text, gsize length, GString *out)
{
  gboolean complete = TRUE;
  for (const char *p = text; p < text + length;)
    {
      const char *end = *p == '{' ? memchr (p, '}', (gsize)(text + length - p)) : NULL;
      if (end == NULL)
        {
          g_string_append_c (out, *p++);
          continue;
        }
      g_autofree char *name = g_strndup (p + 1, (gsize)(end - p - 1));
      g_autofree char *value = value_of (source, name);
      complete = complete && *value != '\0';
      g_string_append (out, value);
      p = end + 1;
    }
  return complete;
}

/* The translated text with its facts; a [part] without one is left out. */
static char *
expand (const Source *source, const char *english)
{
  if (*english == '\0')
    return g_strdup ("");
  GString *out = g_string_new (NULL);
  const char *text = _ (english);
  while (*text != '\0')
    {
      gsize plain = strcspn (text, "[");
      (void)fill (source, text, plain, out);
      text += plain;
      const char *end = *text == '[' ? strchr (text, ']') : NULL;
      if (*text == '[' && end == NULL)
        end = text + strlen (text) - 1;
      if (end == NULL)
        continue;
      gsize before = out->len;
      if (!fill (source, text + 1, (gsize)(end - text - 1), out))
        g_string_truncate (out, before);
      text = end + 1;
    }
  return g_string_free (out, FALSE);
}

/* --- other ways --- */

static void
add (GPtrArray *lines, char *line)
{
  g_ptr_array_add (lines, line);
}

static void
suggest_network (const Source *source, GPtrArray *lines)
{
  SoGoodRun run;
  const char *interface = fact_in (source->diagnosis->results, "interface");
  so_notes_good_run (source->checkup->account->name, &run);
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_local (run.when);
  g_autofree char *date = when != NULL ? g_date_time_format (when, "%Y-%m-%d %H:%M") : NULL;
  gboolean moved = strcmp (run.interface, interface) != 0
                   || strcmp (run.gateway, source->checkup->route.gateway) != 0;
  if (run.when > 0 && moved && date != NULL)
    add (lines, g_strdup_printf (_ ("it last worked on %s over another network (%s, %s); now "
                                    "it is %s: go back to that one"),
                                 date, so_route_kind (run.interface), run.interface,
                                 *interface != '\0' ? interface : _ ("none")));
  else
    add (lines, g_strdup (_ ("another network: mobile data instead of Wi-Fi, or the reverse")));
  so_good_run_clear (&run);
}

static void
suggest_port (const Source *source, GPtrArray *lines)
{
  const char *port = fact_in (source->diagnosis->results, "open-port");
  if (*port != '\0')
    add (lines,
         g_strdup_printf (_ ("port %s of the same server is open: set smtp-port = %s and "
                             "smtp-security = %s"),
                          port, port, strcmp (port, "465") == 0 ? "tls" : "starttls"));
}

/* Another account that is configured, for new messages and for those that wait. */
static void
suggest_account (const Source *source, const SoConfig *config, GPtrArray *lines)
{
  const char *own = source->checkup->account->name;
  const char *id = fact_in (source->diagnosis->results, "id");
  for (const char *const *name = so_config_names (config); *name != NULL; name++)
    {
      if (strcmp (*name, own) == 0)
        continue;
      add (lines, g_strdup_printf (_ ("another account: “sendoff --account %s send …”"), *name));
      if (source->checkup->n_waiting > 0 || *id != '\0')
        add (lines, g_strdup_printf (_ ("what waits may move: “sendoff outbox edit %s --account "
                                        "%s”"),
                                     *id != '\0' ? id : "ID", *name));
      return;
    }
}

static void
suggest (const Source *source, const SoConfig *config, guint ways, GPtrArray *lines)
{
  const SoCheckResult *receive = so_diagnosis_result (source->diagnosis, "receive");
  gboolean receives = receive != NULL && receive->status == SO_CHECK_OK;
  if (receives && source->diagnosis->exit_status != 0)
    add (lines, g_strdup (_ ("receiving works: only sending is concerned")));
  if ((ways & SO_WAY_PORT) != 0)
    suggest_port (source, lines);
  if ((ways & SO_WAY_NETWORK) != 0)
    suggest_network (source, lines);
  if ((ways & SO_WAY_ACCOUNT) != 0)
    suggest_account (source, config, lines);
  if ((ways & SO_WAY_WAIT) != 0)
    add (lines, g_strdup (_ ("what you send meanwhile waits in the outbox and goes by itself")));
}

/* --- all is well --- */

static void
add_hints (const SoDiagnosis *diagnosis, const SoCheckup *checkup)
{
  const SoCheckResult *schedule = so_diagnosis_result (diagnosis, "schedule");
  const char *kind = schedule != NULL ? so_check_fact (schedule, "kind") : "";
  const char *percent = fact_in (diagnosis->results, "percent");
  if (strcmp (kind, "none") == 0)
    add (diagnosis->hints, g_strdup (_ ("“sendoff schedule install” sends what waits by itself")));
  if (*percent == '\0')
    add (diagnosis->hints, g_strdup (_ ("keep the account's storage under 80 %")));
  add (diagnosis->hints, g_strdup (_ ("send large files as links")));
  if (*checkup->account->password_page != '\0')
    add (diagnosis->hints, g_strdup (_ ("after a change of the account's password make a new "
                                        "app-specific one; keep two-factor authentication on")));
  add (diagnosis->hints, g_strdup (_ ("keep the system up to date: its certificates age")));
}

/* --- putting it together --- */

static gboolean
is_listed (const SoDiagnosis *diagnosis, const char *cause)
{
  for (guint i = 0; i < diagnosis->also->len; i++)
    if (strcmp (g_ptr_array_index (diagnosis->also, i), cause) == 0)
      return TRUE;
  return strcmp (diagnosis->cause, cause) == 0;
}

static char *
meaning_of (const SoDiagnosis *diagnosis, const SoCauseRule *rule, const SoCheckup *checkup)
{
  g_autoptr (GPtrArray) evidence = so_cause_rule_evidence (rule, diagnosis->results);
  const Source source = { diagnosis, checkup, evidence };
  return expand (&source, rule->meaning);
}

/* Adds what the rule rests on to explained; FALSE if all of it was there. */
static gboolean
explain (GHashTable *explained, const SoCauseRule *rule, const GPtrArray *results)
{
  g_autoptr (GPtrArray) evidence = so_cause_rule_evidence (rule, results);
  gboolean is_new = FALSE;
  for (guint i = 0; i < evidence->len; i++)
    is_new |= g_hash_table_add (explained, g_ptr_array_index (evidence, i));
  return is_new;
}

/* What rests on nothing that is not explained yet is no further cause: a rule that catches
 * whatever is left of a check, for one. */
static void
list_others (const SoDiagnosis *diagnosis, const GPtrArray *matches, const SoCheckup *checkup)
{
  g_autoptr (GHashTable) explained = g_hash_table_new (NULL, NULL);
  explain (explained, g_ptr_array_index (matches, 0), diagnosis->results);
  for (guint i = 1; i < matches->len; i++)
    {
      const SoCauseRule *rule = g_ptr_array_index (matches, i);
      gboolean is_catch_all
          = strcmp (rule->cause, "unknown") == 0 || strcmp (rule->cause, "untold") == 0;
      if (is_catch_all || is_listed (diagnosis, rule->cause)
          || !explain (explained, rule, diagnosis->results))
        continue;
      add (diagnosis->also, g_strdup (rule->cause));
      add (diagnosis->also_meaning, meaning_of (diagnosis, rule, checkup));
    }
}

static const char *
remedy_in (const GPtrArray *evidence)
{
  for (guint i = 0; i < evidence->len; i++)
    {
      const SoCheckResult *result = g_ptr_array_index (evidence, i);
      if (*result->remedy != '\0')
        return result->remedy;
    }
  return "";
}

static void
set_text (char **field, char *text)
{
  g_free (*field);
  *field = text;
}

static void
name_cause (SoDiagnosis *diagnosis, const SoCauseRule *rule, const SoCheckup *checkup,
            const SoConfig *config)
{
  g_autoptr (GPtrArray) evidence = so_cause_rule_evidence (rule, diagnosis->results);
  const Source source = { diagnosis, checkup, evidence };
  set_text (&diagnosis->cause, g_strdup (rule->cause));
  diagnosis->confidence = rule->confidence;
  diagnosis->exit_status = rule->exit_status;
  set_text (&diagnosis->meaning, expand (&source, rule->meaning));
  set_text (&diagnosis->first, *rule->first != '\0' ? expand (&source, rule->first)
                                                    : g_strdup (remedy_in (evidence)));
  set_text (&diagnosis->second, expand (&source, rule->second));
  suggest (&source, config, rule->others, diagnosis->others);
}

void
so_diagnose (SoDiagnosis *diagnosis, const SoCauseBook *book, const SoCheckup *checkup,
             const SoConfig *config)
{
  g_autoptr (GPtrArray) matches = so_cause_book_match (book, diagnosis->results);
  if (matches->len == 0)
    {
      add_hints (diagnosis, checkup);
      return;
    }
  name_cause (diagnosis, g_ptr_array_index (matches, 0), checkup, config);
  list_others (diagnosis, matches, checkup);
}
