/*
 * config-key.h - the keys of an account or preset: one table, one reader a kind of value.
 */
#pragma once

#include "sendoff/account.h"

typedef struct SoConfigKey SoConfigKey;

struct SoConfigKey
{
  const char *name;
  gsize offset; /* of the field in SoAccount */
  /* Writes the field if the value is right; changes nothing if it is not. */
  gboolean (*read) (const SoConfigKey *key, const char *value, gpointer field);
  gint64 min, max;    /* of a number, in its unit */
  const char *remedy; /* N_(): what a right value looks like */
  gboolean in_preset; /* may stand in providers.conf, too */
  gboolean private;   /* a bad value is not repeated in the error */
};

extern const SoConfigKey so_config_keys[]; /* ends with name NULL */

/* NULL if there is none. */
const SoConfigKey *so_config_key_find (const char *name);

/* A key that name is probably a slip of; "" if none.  Static. */
const char *so_config_key_like (const char *name);

/* What the keys of [defaults] need, too. */
gboolean so_config_is_host (const char *value);
gboolean so_config_is_url (const char *value);
