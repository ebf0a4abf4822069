/*
 * entry-name.c - names of waiting messages, read and written.
 *
 * Reading is done for every entry of every pass: no allocation, no time zone, no format
 * strings.  Nothing is repaired: a name that this file would not write is not a name.
 */
#include "config.h"

#include <string.h>

#include "sendoff/entry-name.h"

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

static const char *const state_names[SO_ENTRY_STATES]
    = { "queued", "sending", "uncertain", "held", "failed", "sent" };

/* Within a day that C and POSIX agree on. */
#define LAST_SECOND G_GINT64_CONSTANT (253402300799) /* 9999-12-31T23:59:59Z */

const char *
so_entry_state_name (SoEntryState state)
{
  return state_names[state];
}

static gboolean
state_from (const char *word, gsize length, SoEntryState *state)
{
  for (guint i = 0; i < SO_ENTRY_STATES; i++)
    if (strlen (state_names[i]) == length && memcmp (state_names[i], word, length) == 0)
      {
        *state = (SoEntryState)i;
        return TRUE;
      }
  return FALSE;
}

gboolean
so_entry_state_parse (const char *word, SoEntryState *state)
{
  return state_from (word, strlen (word), state);
}

static gboolean
reason_is_valid (const char *reason, gsize length)
{
  if (length > SO_ENTRY_REASON_MAX)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_islower (reason[i]))
      return FALSE;
  return TRUE;
}

gboolean
so_entry_reason_is_valid (const char *reason)
{
  return reason_is_valid (reason, strlen (reason));
}

gboolean
so_entry_id_is_valid (const char *id)
{
  return strspn (id, alphabet) == SO_ENTRY_ID_LENGTH && id[SO_ENTRY_ID_LENGTH] == '\0';
}

void
so_entry_id_format (const guint8 bits[10], char id[SO_ENTRY_ID_LENGTH + 1])
{
  guint held = 0, value = 0;
  gsize at = 0;
  for (gsize i = 0; i < 10; i++)
    {
      value = (value << 8 | bits[i]) & 0xfff;
      for (held += 8; held >= 5; held -= 5)
        id[at++] = alphabet[value >> (held - 5) & 31];
    }
  id[at] = '\0';
}

/* Days since 1970-01-01 of a date of the Gregorian calendar, counted from March. */
static gint64
days_from_date (int year, int month, int day)
{
  int y = month <= 2 ? year - 1 : year;
  int era = y / 400, of_era = y - era * 400;
  int of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return (gint64)era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int
digits (const char *text, gsize count)
{
  int value = 0;
  for (gsize i = 0; i < count; i++)
    {
      if (!g_ascii_isdigit (text[i]))
        return -1;
      value = value * 10 + (text[i] - '0');
    }
  return value;
}

static gboolean
stamp_from (const char *text, gint64 *seconds)
{
  int year = digits (text, 4), month = digits (text + 4, 2), day = digits (text + 6, 2);
  int hour = digits (text + 9, 2), minute = digits (text + 11, 2), second = digits (text + 13, 2);
  if (text[8] != 'T' || text[15] != 'Z' || year < 1970 || month < 1 || month > 12 || day < 1
      || day > g_date_get_days_in_month ((GDateMonth)month, (GDateYear)year) || hour < 0
      || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
    return FALSE;
  *seconds = days_from_date (year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
  return TRUE;
}

gboolean
so_entry_stamp_parse (const char *text, gint64 *seconds)
{
  return strlen (text) == 16 && stamp_from (text, seconds);
}

static void
put_digits (char *out, int value, int count)
{
  for (int i = count - 1; i >= 0; i--, value /= 10)
    out[i] = (char)('0' + value % 10);
}

void
so_entry_stamp_format (gint64 seconds, char out[17])
{
  gint64 at = CLAMP (seconds, 0, LAST_SECOND);
  int of_day = (int)(at % 86400);
  GDate date;
  g_date_clear (&date, 1);
  g_date_set_julian (&date, (guint32)(at / 86400 + 719163)); /* 1970-01-01 in GLib's count */
  put_digits (out, g_date_get_year (&date), 4);
  put_digits (out + 4, g_date_get_month (&date), 2);
  put_digits (out + 6, g_date_get_day (&date), 2);
  out[8] = 'T';
  put_digits (out + 9, of_day / 3600, 2);
  put_digits (out + 11, of_day / 60 % 60, 2);
  put_digits (out + 13, of_day % 60, 2);
  out[15] = 'Z';
  out[16] = '\0';
}

gboolean
so_entry_name_parse (const char *text, SoEntryName *name)
{
  const char *dot = strchr (text, '.');
  if (dot == NULL || strlen (dot) != 1 + 16 + 1 + SO_ENTRY_ID_LENGTH || dot[17] != '.')
    return FALSE;
  const char *dash = memchr (text, '-', (gsize)(dot - text));
  const char *state_end = dash != NULL ? dash : dot;
  const char *reason = dash != NULL ? dash + 1 : dot;
  gsize reason_length = (gsize)(dot - reason);
  if (!state_from (text, (gsize)(state_end - text), &name->state)
      || (dash != NULL && reason_length == 0) || !reason_is_valid (reason, reason_length)
      || !stamp_from (dot + 1, &name->stamp) || !so_entry_id_is_valid (dot + 18))
    return FALSE;
  memcpy (name->reason, reason, reason_length);
  name->reason[reason_length] = '\0';
  memcpy (name->id, dot + 18, SO_ENTRY_ID_LENGTH + 1);
  return TRUE;
}

void
so_entry_name_format (const SoEntryName *name, char out[SO_ENTRY_NAME_MAX])
{
  char stamp[17];
  so_entry_stamp_format (name->stamp, stamp);
  g_snprintf (out, SO_ENTRY_NAME_MAX, "%s%s%s.%s.%s", so_entry_state_name (name->state),
              name->reason[0] != '\0' ? "-" : "", name->reason, stamp, name->id);
}

gint
so_entry_name_compare (gconstpointer a, gconstpointer b)
{
  const SoEntryName *x = a, *y = b;
  if (x->stamp != y->stamp)
    return x->stamp < y->stamp ? -1 : 1;
  return strcmp (x->id, y->id);
}
