/*
 * commands.c - the table of commands: a name, a function, a line for --help.
 */
#include "config.h"

#include "sendoff/commands.h"
#include "sendoff/i18n.h"

const SoCommand so_commands[] = {
  { NULL, NULL, NULL },
};
