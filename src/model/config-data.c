/*
 * config-data.c - finds a built-in text by its name.
 */
#include "config.h"

#include <string.h>

#include "sendoff/config-data.h"

const char *
so_config_data_builtin (const char *name)
{
  for (const SoConfigData *data = so_config_data_texts; data->name != NULL; data++)
    if (strcmp (data->name, name) == 0)
      return data->text;
  return NULL;
}
