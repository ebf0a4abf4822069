/*
 * config-data.h - the texts of config/ that are built into the program.
 *
 * config/data.c is generated from the files by config/embed.awk; what a user or a system
 * puts in their place is looked for by so_config_data() in config-file.h.
 */
#pragma once

#include <glib.h>

typedef struct
{
  const char *name; /* "providers.conf" */
  const char *text;
} SoConfigData;

extern const SoConfigData so_config_data_texts[]; /* ends with name NULL */

/* The built-in text; NULL if there is none of that name. */
const char *so_config_data_builtin (const char *name);
