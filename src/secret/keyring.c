/*
 * keyring.c - look up, store, remove, and look without touching.
 *
 * A service that keeps attributes readable while locked (gnome-keyring) finds the entry
 * and says it is locked; one that does not (KeePassXC) finds nothing.  So "nothing" means
 * "no such entry" only while the default collection is open.
 */
#include "config.h"

#include <gio/gio.h>

#include "sendoff/i18n.h"
#include "sendoff/keyring-call.h"
#include "sendoff/keyring.h"

static const SecretSchema schema = {
  .name = "de.marlam.msmtp.password",
  .flags = SECRET_SCHEMA_DONT_MATCH_NAME,
  .attributes = { { "host", SECRET_SCHEMA_ATTRIBUTE_STRING },
                  { "service", SECRET_SCHEMA_ATTRIBUTE_STRING },
                  { "user", SECRET_SCHEMA_ATTRIBUTE_STRING },
                  { NULL, 0 } },
};

typedef GList ItemList; /* of SecretItem */

static void
free_items (ItemList *items)
{
  g_list_free_full (items, g_object_unref);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ItemList, free_items)

static GHashTable *
attributes_of (const SoKeyringQuery *query)
{
  return secret_attributes_build (&schema, "host", query->host, "service", query->service, "user",
                                  query->user, NULL);
}

/* Unlocked before locked, then the newest first. */
static gint
compare_items (gconstpointer a, gconstpointer b)
{
  SecretItem *left = (SecretItem *) a, *right = (SecretItem *) b;
  if (secret_item_get_locked (left) != secret_item_get_locked (right))
    return secret_item_get_locked (left) ? 1 : -1;
  guint64 left_time = secret_item_get_modified (left);
  guint64 right_time = secret_item_get_modified (right);
  return left_time < right_time ? 1 : left_time > right_time ? -1 : 0;
}

static ItemList *
search (SoKeyringCall *call, const SoKeyringQuery *query)
{
  if (so_keyring_call_state (call) != SO_KEYRING_FOUND)
    return NULL;
  g_autoptr (GHashTable) attributes = attributes_of (query);
  SecretService *service = so_keyring_call_service (call);
  secret_service_search (service, &schema, attributes, SECRET_SEARCH_ALL,
                         so_keyring_call_cancellable (call), so_keyring_call_done,
                         so_keyring_call_expect (call));
  g_autoptr (GAsyncResult) result = so_keyring_call_wait (call);
  if (result == NULL)
    return NULL;
  GError *problem = NULL;
  ItemList *items = secret_service_search_finish (service, result, &problem);
  so_keyring_call_judge (call, problem);
  return g_list_sort (items, compare_items);
}

/* NULL if there is none (or trouble, kept in call). */
static SecretCollection *
default_collection (SoKeyringCall *call)
{
  if (so_keyring_call_state (call) != SO_KEYRING_FOUND)
    return NULL;
  secret_collection_for_alias (so_keyring_call_service (call), SECRET_COLLECTION_DEFAULT,
                               SECRET_COLLECTION_NONE, so_keyring_call_cancellable (call),
                               so_keyring_call_done, so_keyring_call_expect (call));
  g_autoptr (GAsyncResult) result = so_keyring_call_wait (call);
  if (result == NULL)
    return NULL;
  GError *problem = NULL;
  SecretCollection *collection = secret_collection_for_alias_finish (result, &problem);
  so_keyring_call_judge (call, problem);
  return collection;
}

/* An item or a collection; a service may do it without asking (an empty password). */
static void
unlock (SoKeyringCall *call, gpointer object)
{
  SecretService *service = so_keyring_call_service (call);
  g_autoptr (GList) objects = g_list_prepend (NULL, object);
  secret_service_unlock (service, objects, so_keyring_call_cancellable (call),
                         so_keyring_call_done, so_keyring_call_expect (call));
  g_autoptr (GAsyncResult) result = so_keyring_call_wait (call);
  if (result == NULL)
    return;
  GError *problem = NULL;
  gint unlocked = secret_service_unlock_finish (service, result, NULL, &problem);
  so_keyring_call_judge (call, problem);
  if (unlocked < 1)
    so_keyring_call_fail (call, SO_KEYRING_LOCKED);
}

/* What matches, with what hides it unlocked. */
static ItemList *
search_unlocked (SoKeyringCall *call, const SoKeyringQuery *query)
{
  g_autoptr (ItemList) items = search (call, query);
  if (items != NULL && !secret_item_get_locked (items->data))
    return g_steal_pointer (&items);
  if (items != NULL)
    {
      unlock (call, items->data);
      return search (call, query);
    }
  g_autoptr (SecretCollection) collection = default_collection (call);
  if (collection == NULL || !secret_collection_get_locked (collection))
    return NULL;
  unlock (call, collection);
  return search (call, query);
}

static SoSecret *
fetch (SoKeyringCall *call, SecretItem *item)
{
  secret_item_load_secret (item, so_keyring_call_cancellable (call), so_keyring_call_done,
                           so_keyring_call_expect (call));
  g_autoptr (GAsyncResult) result = so_keyring_call_wait (call);
  if (result == NULL)
    return NULL;
  GError *problem = NULL;
  gboolean loaded = secret_item_load_secret_finish (item, result, &problem);
  so_keyring_call_judge (call, problem);
  SecretValue *value = loaded ? secret_item_get_secret (item) : NULL;
  if (value == NULL)
    {
      so_keyring_call_fail (call, SO_KEYRING_LOCKED);
      return NULL;
    }
  gsize length;
  const char *bytes = secret_value_get (value, &length);
  SoSecret *secret = so_secret_new (bytes, (gssize) length);
  secret_value_unref (value);
  return secret;
}

SoSecret *
so_keyring_lookup (const SoKeyringQuery *query, GError **error)
{
  g_autoptr (SoKeyringCall) call = so_keyring_call_begin (query);
  g_autoptr (ItemList) items = search_unlocked (call, query);
  g_autoptr (SoSecret) secret = NULL;
  if (items != NULL && so_keyring_call_state (call) == SO_KEYRING_FOUND)
    secret = fetch (call, items->data);
  if (secret == NULL)
    so_keyring_call_fail (call, SO_KEYRING_NO_ENTRY);
  so_keyring_call_explain (call, error);
  return g_steal_pointer (&secret);
}

/* No attribute but ours: nobody gave the entry a narrower meaning. */
static gboolean
is_plain (SecretItem *item)
{
  g_autoptr (GHashTable) attributes = secret_item_get_attributes (item);
  guint known = g_hash_table_contains (attributes, "xdg:schema") ? 4 : 3;
  return g_hash_table_size (attributes) == known;
}

/* TRUE if there were entries to be changed; a second reader finds the same password. */
static gboolean
change_entries (SoKeyringCall *call, ItemList *items, SecretValue *value)
{
  gboolean changed = FALSE;
  for (GList *at = items; at != NULL && so_keyring_call_state (call) == SO_KEYRING_FOUND;
       at = at->next)
    {
      if (secret_item_get_locked (at->data) || !is_plain (at->data))
        continue;
      secret_item_set_secret (at->data, value, so_keyring_call_cancellable (call),
                              so_keyring_call_done, so_keyring_call_expect (call));
      g_autoptr (GAsyncResult) result = so_keyring_call_wait (call);
      if (result == NULL)
        return TRUE;
      GError *problem = NULL;
      secret_item_set_secret_finish (at->data, result, &problem);
      so_keyring_call_judge (call, problem);
      changed = TRUE;
    }
  return changed;
}

static void
create_entry (SoKeyringCall *call, const SoKeyringQuery *query, const char *label,
              SecretValue *value)
{
  g_autoptr (SecretCollection) collection = default_collection (call);
  if (so_keyring_call_state (call) != SO_KEYRING_FOUND)
    return;
  if (collection != NULL && secret_collection_get_locked (collection))
    unlock (call, collection);
  else if (collection == NULL && !query->may_prompt) /* making one asks for its password */
    so_keyring_call_fail (call, SO_KEYRING_NO_COLLECTION);
  if (so_keyring_call_state (call) != SO_KEYRING_FOUND)
    return;

  SecretService *service = so_keyring_call_service (call);
  g_autoptr (GHashTable) attributes = attributes_of (query);
  secret_service_store (service, &schema, attributes, SECRET_COLLECTION_DEFAULT, label, value,
                        so_keyring_call_cancellable (call), so_keyring_call_done,
                        so_keyring_call_expect (call));
  g_autoptr (GAsyncResult) result = so_keyring_call_wait (call);
  if (result == NULL)
    return;
  GError *problem = NULL;
  gboolean stored = secret_service_store_finish (service, result, &problem);
  if (!stored && collection == NULL && !g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    so_keyring_call_fail (call, SO_KEYRING_NO_COLLECTION);
  so_keyring_call_judge (call, problem);
}

gboolean
so_keyring_store (const SoKeyringQuery *query, const char *label, const SoSecret *secret,
                  GError **error)
{
  g_autoptr (SoKeyringCall) call = so_keyring_call_begin (query);
  g_autoptr (ItemList) items = search_unlocked (call, query);
  if (so_keyring_call_state (call) == SO_KEYRING_FOUND)
    {
      SecretValue *value
          = secret_value_new (so_secret_peek (secret), (gssize) so_secret_length (secret),
                              "text/plain");
      if (!change_entries (call, items, value))
        create_entry (call, query, label, value);
      secret_value_unref (value);
    }
  return so_keyring_call_explain (call, error);
}

gboolean
so_keyring_unlock (const SoKeyringQuery *query, GError **error)
{
  g_autoptr (SoKeyringCall) call = so_keyring_call_begin (query);
  g_autoptr (ItemList) items = search_unlocked (call, query);
  return so_keyring_call_explain (call, error);
}

gboolean
so_keyring_remove (const SoKeyringQuery *query, guint *removed, GError **error)
{
  *removed = 0;
  g_autoptr (SoKeyringCall) call = so_keyring_call_begin (query);
  g_autoptr (ItemList) items = search_unlocked (call, query);
  for (GList *at = items; at != NULL && so_keyring_call_state (call) == SO_KEYRING_FOUND;
       at = at->next)
    {
      if (secret_item_get_locked (at->data))
        unlock (call, at->data);
      if (so_keyring_call_state (call) != SO_KEYRING_FOUND)
        break;
      secret_item_delete (at->data, so_keyring_call_cancellable (call), so_keyring_call_done,
                          so_keyring_call_expect (call));
      g_autoptr (GAsyncResult) result = so_keyring_call_wait (call);
      GError *problem = NULL;
      if (result != NULL && secret_item_delete_finish (at->data, result, &problem))
        (*removed)++;
      so_keyring_call_judge (call, problem);
    }
  return so_keyring_call_explain (call, error);
}

SoKeyringState
so_keyring_state (const SoKeyringQuery *query, guint *entries, GError **error)
{
  SoKeyringQuery quiet = *query;
  quiet.may_prompt = FALSE;
  g_autoptr (SoKeyringCall) call = so_keyring_call_begin (&quiet);
  g_autoptr (ItemList) items = search (call, &quiet);
  if (entries != NULL)
    *entries = g_list_length (items);
  if (items != NULL && secret_item_get_locked (items->data))
    so_keyring_call_fail (call, SO_KEYRING_LOCKED);
  else if (items == NULL)
    {
      g_autoptr (SecretCollection) collection = default_collection (call);
      gboolean hidden = collection != NULL && secret_collection_get_locked (collection);
      so_keyring_call_fail (call, hidden ? SO_KEYRING_LOCKED : SO_KEYRING_NO_ENTRY);
    }
  so_keyring_call_explain (call, error);
  return so_keyring_call_state (call);
}
