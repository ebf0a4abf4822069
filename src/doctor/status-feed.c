/*
 * status-feed.c - Apple's system_status_*.js and Google's incidents.json.
 *
 * Apple: {"services":[{"serviceName","events":[{"eventStatus","statusType","epochStartDate"…}]}]},
 * bare or wrapped in a function call (JSONP).  Google: [{"affected_products":[{"title"}],"begin",
 * "end","status_impact"…}].  None of it is documented, so every word that is not known
 * makes the answer "unknown", never "well".
 */
#include "config.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "sendoff/text.h"

#include "status-feed.h"

#define WORDS_SHOWN 300
#define NESTING_MAX 64 /* real feeds: six */

typedef struct
{
  SoFeedState state;
  gint64 since;
  char *words;
} Finding;

/* The worse of two; what is not known hides nothing that is. */
static void
add (Finding *finding, SoFeedState state, gint64 since, const char *words)
{
  static const int rank[]
      = { [SO_FEED_WELL] = 0, [SO_FEED_UNKNOWN] = 1, [SO_FEED_MAINTENANCE] = 2,
          [SO_FEED_OUTAGE] = 3 };
  if (rank[state] <= rank[finding->state])
    return;
  finding->state = state;
  finding->since = since;
  g_free (finding->words);
  finding->words = so_text_sanitise (words, -1, WORDS_SHOWN);
}

/* Members are looked at with suspicion: absent or of another type is "" or 0. */
static const char *
text_of (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  if (node == NULL || json_node_get_value_type (node) != G_TYPE_STRING)
    return "";
  return json_node_get_string (node);
}

static gint64
number_of (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node)
      || json_node_get_value_type (node) != G_TYPE_INT64)
    return 0;
  return json_node_get_int (node);
}

static JsonArray *
array_of (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  return node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
}

static JsonObject *
object_at (JsonArray *array, guint i)
{
  JsonNode *node = json_array_get_element (array, i);
  return JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static gboolean
is_one_of (const char *word, const char *const *words)
{
  for (; *words != NULL; words++)
    if (g_ascii_strcasecmp (word, *words) == 0)
      return TRUE;
  return FALSE;
}

static void
read_apple_event (JsonObject *event, Finding *finding)
{
  static const char *const over[] = { "resolved", "completed", "upcoming", NULL };
  static const char *const trouble[] = { "Issue", "Outage", NULL };
  const char *status = text_of (event, "eventStatus"), *type = text_of (event, "statusType");
  gint64 since = number_of (event, "epochStartDate") / 1000;
  const char *words = text_of (event, "message");
  if (is_one_of (status, over))
    return;
  if (g_ascii_strcasecmp (status, "ongoing") != 0)
    add (finding, SO_FEED_UNKNOWN, since, words);
  else if (is_one_of (type, trouble))
    add (finding, SO_FEED_OUTAGE, since, words);
  else
    add (finding, g_ascii_strcasecmp (type, "Maintenance") == 0 ? SO_FEED_MAINTENANCE
                                                                : SO_FEED_UNKNOWN,
         since, words);
}

/* TRUE: the service is in the list. */
static gboolean
read_apple (JsonObject *root, const char *service, Finding *finding)
{
  JsonArray *services = array_of (root, "services");
  gboolean found = FALSE;
  for (guint i = 0; services != NULL && i < json_array_get_length (services); i++)
    {
      JsonObject *item = object_at (services, i);
      if (item == NULL || g_ascii_strcasecmp (text_of (item, "serviceName"), service) != 0)
        continue;
      JsonArray *events = array_of (item, "events");
      found = events != NULL;
      for (guint e = 0; events != NULL && e < json_array_get_length (events); e++)
        {
          JsonObject *event = object_at (events, e);
          if (event != NULL)
            read_apple_event (event, finding);
          else
            add (finding, SO_FEED_UNKNOWN, 0, "");
        }
    }
  return found;
}

static gboolean
affects (JsonObject *incident, const char *service)
{
  JsonArray *products = array_of (incident, "affected_products");
  if (g_ascii_strcasecmp (text_of (incident, "service_name"), service) == 0)
    return TRUE;
  for (guint i = 0; products != NULL && i < json_array_get_length (products); i++)
    {
      JsonObject *product = object_at (products, i);
      if (product != NULL && g_ascii_strcasecmp (text_of (product, "title"), service) == 0)
        return TRUE;
    }
  return FALSE;
}

static gint64
time_of (const char *text)
{
  g_autoptr (GDateTime) when = g_date_time_new_from_iso8601 (text, NULL);
  return when != NULL ? g_date_time_to_unix (when) : 0;
}

/* An incident without "end" goes on.  Nothing tells whether the service is known there, so a
 * list that cannot be one of incidents is no answer. */
static gboolean
read_google (JsonArray *root, const char *service, Finding *finding)
{
  static const char *const trouble[] = { "SERVICE_OUTAGE", "SERVICE_DISRUPTION", NULL };
  gboolean is_list = json_array_get_length (root) == 0;
  for (guint i = 0; i < json_array_get_length (root); i++)
    {
      JsonObject *incident = object_at (root, i);
      if (incident == NULL || *text_of (incident, "begin") == '\0')
        continue;
      is_list = TRUE;
      const char *impact = text_of (incident, "status_impact");
      if (*text_of (incident, "end") != '\0' || !affects (incident, service)
          || g_ascii_strcasecmp (impact, "SERVICE_INFORMATION") == 0)
        continue;
      add (finding, is_one_of (impact, trouble) ? SO_FEED_OUTAGE : SO_FEED_UNKNOWN,
           time_of (text_of (incident, "begin")), text_of (incident, "external_desc"));
    }
  return is_list;
}

/* What stands between the first opening and the last closing bracket: JSONP is peeled. */
static gboolean
find_json (const char *text, gsize length, const char **begin, gsize *size)
{
  gsize first = 0, last = length;
  while (first < length && text[first] != '{' && text[first] != '[')
    first++;
  if (first == length)
    return FALSE;
  char closing = text[first] == '{' ? '}' : ']';
  while (last > first && text[last - 1] != closing)
    last--;
  *begin = text + first;
  *size = last - first;
  return last > first + 1;
}

static gboolean
are_hex (const char *p, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (!g_ascii_isxdigit (p[i]))
      return FALSE;
  return TRUE;
}

/* Octets of the escape at p; 0: JSON has none such.  json-glib reads behind a surrogate whatever
 * comes, be it the closing quote, so that one counts with its other half. */
static gsize
escape_length (const char *p, const char *end)
{
  if (end - p >= 2 && p[1] != 'u')
    return p[1] != '\0' && strchr ("\"\\/bfnrt", p[1]) != NULL ? 2 : 0;
  if (end - p < 6 || !are_hex (p + 2, 4))
    return 0;
  if (g_ascii_toupper (p[2]) != 'D' || g_ascii_xdigit_value (p[3]) < 8)
    return 6;
  return end - p >= 12 && p[6] == '\\' && p[7] == 'u' && are_hex (p + 8, 4) ? 12 : 0;
}

/* Behind the string that opens at p; NULL: it is none. */
static const char *
skip_string (const char *p, const char *end)
{
  for (p++; p < end && *p != '"';)
    {
      gsize length = *p == '\\' ? escape_length (p, end) : 1;
      if (length == 0)
        return NULL;
      p += length;
    }
  return p < end ? p + 1 : NULL;
}

/* json-glib parses by recursion, once a level, so a feed of brackets alone would overrun the
 * stack.  It also takes what is no JSON, comments and 'strings' for two, in which a bracket
 * would be counted that is none: such a text is not shallow either. */
static gboolean
is_shallow (const char *text, gsize size)
{
  const char *p = text, *end = text + size;
  guint depth = 0;
  while (p != NULL && p < end && depth <= NESTING_MAX)
    {
      gboolean is_known = g_ascii_isalnum (*p) || g_ascii_isspace (*p)
                          || (*p != '\0' && strchr ("{}[]:,+-.\"", *p) != NULL);
      if (!is_known)
        return FALSE;
      if (*p == '{' || *p == '[')
        depth++;
      if (*p == '}' || *p == ']')
        depth--; /* one too many: far above the maximum */
      p = *p == '"' ? skip_string (p, end) : p + 1;
    }
  return p == end;
}

SoFeedState
so_status_feed_read (const char *text, gsize length, const char *service, gint64 *since,
                     char **words)
{
  Finding finding = { .state = SO_FEED_WELL, .words = g_strdup ("") };
  const char *begin;
  gsize size;
  gboolean known = FALSE;
  g_autoptr (JsonParser) parser = json_parser_new ();
  if (find_json (text, length, &begin, &size) && is_shallow (begin, size)
      && json_parser_load_from_data (parser, begin, (gssize)size, NULL))
    {
      JsonNode *root = json_parser_get_root (parser);
      if (root != NULL && JSON_NODE_HOLDS_OBJECT (root))
        known = read_apple (json_node_get_object (root), service, &finding);
      else if (root != NULL && JSON_NODE_HOLDS_ARRAY (root))
        known = read_google (json_node_get_array (root), service, &finding);
    }
  *since = finding.since;
  *words = finding.words;
  return known ? finding.state : SO_FEED_UNKNOWN;
}
