/*
 * check.c - the table of checks, and the results they fill.
 *
 * Needs keep a check from saying what its cause has said already; that tls comes after keyring
 * and receive after auth keeps the keyring from being asked twice at once, and a refused
 * password from being tried twice.
 */
#include "config.h"

#include <stdarg.h>
#include <string.h>

#include "sendoff/i18n.h"
#include "sendoff/mask.h"
#include "sendoff/text.h"

#include "checkup.h"

const SoCheck so_checks[] = {
  { "config", N_ ("configuration"), "", "", 1, so_check_config },
  { "keyring", N_ ("keyring"), "", "", 3, so_check_keyring },
  { "network", N_ ("network"), "", "", 3, so_check_network },
  { "dns", N_ ("names (DNS)"), "", "", 3, so_check_dns },
  { "ports", N_ ("ports"), "", "", 3, so_check_ports },
  { "tls", N_ ("encryption"), "ports", "keyring network", 2, so_check_tls },
  { "auth", N_ ("password"), "ports tls", "", 1, so_check_auth },
  { "sender", N_ ("sender"), "ports tls auth", "", 1, so_check_sender },
  { "size", N_ ("size"), "ports tls auth", "", 1, so_check_size },
  { "receive", N_ ("receiving"), "", "auth", 3, so_check_receive },
  { "storage", N_ ("storage"), "", "receive", 1, so_check_storage },
  { "outbox", N_ ("outbox"), "", "", 2, so_check_outbox },
  { "schedule", N_ ("schedule"), "", "outbox", 1, so_check_schedule },
  { "status", N_ ("provider"), "", "", 5, so_check_status },
  { "recipient", N_ ("recipient"), "", "outbox", 4, so_check_recipient },
  { NULL, NULL, NULL, NULL, 0, NULL },
};

const char *
so_check_status_name (SoCheckStatus status)
{
  static const char *const names[] = { "ok", "warn", "fail", "skipped" };
  return names[status];
}

const char *
so_check_status_title (SoCheckStatus status)
{
  static const char *const words[] = { N_ ("ok"), N_ ("warn"), N_ ("FAIL"), N_ ("skipped") };
  return _ (words[status]);
}

const char *
so_check_title (const char *id)
{
  for (const SoCheck *check = so_checks; check->id != NULL; check++)
    if (strcmp (check->id, id) == 0)
      return _ (check->title);
  return id;
}

static void
fact_free (gpointer data)
{
  SoCheckFact *fact = data;
  g_free (fact->name);
  g_free (fact->value);
  g_free (fact);
}

SoCheckResult *
so_check_result_new (const char *id)
{
  SoCheckResult *result = g_new0 (SoCheckResult, 1);
  result->id = id;
  result->status = SO_CHECK_SKIPPED;
  result->code = g_strdup ("");
  result->meaning = g_strdup ("");
  result->remedy = g_strdup ("");
  result->facts = g_ptr_array_new_with_free_func (fact_free);
  return result;
}

void
so_check_result_free (SoCheckResult *result)
{
  if (result == NULL)
    return;
  g_free (result->code);
  g_free (result->meaning);
  g_free (result->remedy);
  g_ptr_array_unref (result->facts);
  g_free (result);
}

/* Fit for anybody's eyes. */
static char *
clean (const char *text)
{
  g_autofree char *line = so_text_sanitise (text, -1, SO_TEXT_LINE_MAX);
  return so_mask_addresses (line);
}

void
so_check_set (SoCheckResult *result, SoCheckStatus status, const char *code, const char *remedy,
              const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *meaning = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  result->status = status;
  g_free (result->code);
  result->code = g_strdup (code);
  g_free (result->meaning);
  result->meaning = clean (meaning);
  g_free (result->remedy);
  result->remedy = clean (remedy);
}

void
so_check_add_fact (SoCheckResult *result, const char *name, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *value = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  if (*value == '\0')
    return;
  SoCheckFact *fact = g_new (SoCheckFact, 1);
  fact->name = g_strdup (name);
  fact->value = clean (value);
  g_ptr_array_add (result->facts, fact);
}

const char *
so_check_fact (const SoCheckResult *result, const char *name)
{
  for (guint i = 0; i < result->facts->len; i++)
    {
      const SoCheckFact *fact = g_ptr_array_index (result->facts, i);
      if (strcmp (fact->name, name) == 0)
        return fact->value;
    }
  return "";
}
