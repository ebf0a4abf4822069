/*
 * libsecret.h - libsecret, loaded when a keyring is asked for and not before.
 *
 * Linked in, it and libgcrypt behind it take a third of every start, also of one that never
 * needs a password or has it from elsewhere.  Each function below is looked up in the library by
 * its name and called through a table; its type is the one of libsecret's own header.
 */
#pragma once

#include <libsecret/secret.h>

#define SO_LIBSECRET_FUNCTIONS(X) \
  X (secret_attributes_build) \
  X (secret_collection_for_alias) \
  X (secret_collection_for_alias_finish) \
  X (secret_collection_get_locked) \
  X (secret_error_get_quark) \
  X (secret_item_delete) \
  X (secret_item_delete_finish) \
  X (secret_item_get_attributes) \
  X (secret_item_get_locked) \
  X (secret_item_get_modified) \
  X (secret_item_get_secret) \
  X (secret_item_load_secret) \
  X (secret_item_load_secret_finish) \
  X (secret_item_set_secret) \
  X (secret_item_set_secret_finish) \
  X (secret_prompt_get_type) \
  X (secret_prompt_perform) \
  X (secret_prompt_perform_finish) \
  X (secret_service_get_type) \
  X (secret_service_open) \
  X (secret_service_open_finish) \
  X (secret_service_search) \
  X (secret_service_search_finish) \
  X (secret_service_store) \
  X (secret_service_store_finish) \
  X (secret_service_unlock) \
  X (secret_service_unlock_finish) \
  X (secret_value_get) \
  X (secret_value_new) \
  X (secret_value_unref)

#define SO_LIBSECRET_MEMBER(name) __typeof__ (&name) name;
typedef struct
{
  SO_LIBSECRET_FUNCTIONS (SO_LIBSECRET_MEMBER)
} SoLibsecret;

/* "" once the library is loaded; else why it cannot be (static). */
const char *so_libsecret_load (void);
/* Only after that has returned "". */
const SoLibsecret *so_libsecret (void);

#ifndef SO_LIBSECRET_PLAIN
#define secret_attributes_build so_libsecret ()->secret_attributes_build
#define secret_collection_for_alias so_libsecret ()->secret_collection_for_alias
#define secret_collection_for_alias_finish so_libsecret ()->secret_collection_for_alias_finish
#define secret_collection_get_locked so_libsecret ()->secret_collection_get_locked
#define secret_error_get_quark so_libsecret ()->secret_error_get_quark
#define secret_item_delete so_libsecret ()->secret_item_delete
#define secret_item_delete_finish so_libsecret ()->secret_item_delete_finish
#define secret_item_get_attributes so_libsecret ()->secret_item_get_attributes
#define secret_item_get_locked so_libsecret ()->secret_item_get_locked
#define secret_item_get_modified so_libsecret ()->secret_item_get_modified
#define secret_item_get_secret so_libsecret ()->secret_item_get_secret
#define secret_item_load_secret so_libsecret ()->secret_item_load_secret
#define secret_item_load_secret_finish so_libsecret ()->secret_item_load_secret_finish
#define secret_item_set_secret so_libsecret ()->secret_item_set_secret
#define secret_item_set_secret_finish so_libsecret ()->secret_item_set_secret_finish
#define secret_prompt_get_type so_libsecret ()->secret_prompt_get_type
#define secret_prompt_perform so_libsecret ()->secret_prompt_perform
#define secret_prompt_perform_finish so_libsecret ()->secret_prompt_perform_finish
#define secret_service_get_type so_libsecret ()->secret_service_get_type
#define secret_service_open so_libsecret ()->secret_service_open
#define secret_service_open_finish so_libsecret ()->secret_service_open_finish
#define secret_service_search so_libsecret ()->secret_service_search
#define secret_service_search_finish so_libsecret ()->secret_service_search_finish
#define secret_service_store so_libsecret ()->secret_service_store
#define secret_service_store_finish so_libsecret ()->secret_service_store_finish
#define secret_service_unlock so_libsecret ()->secret_service_unlock
#define secret_service_unlock_finish so_libsecret ()->secret_service_unlock_finish
#define secret_value_get so_libsecret ()->secret_value_get
#define secret_value_new so_libsecret ()->secret_value_new
#define secret_value_unref so_libsecret ()->secret_value_unref
#endif
