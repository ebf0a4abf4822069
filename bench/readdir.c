/*
 * readdir.c - reads the names in a folder and does nothing with them: the least that a look at
 * a queue can cost.
 */
#include "config.h"

#include <dirent.h>
#include <stdio.h>

int
main (int argc, char **argv)
{
  DIR *folder = argc == 2 ? opendir (argv[1]) : NULL;
  if (folder == NULL)
    return 66;
  unsigned long names = 0;
  while (readdir (folder) != NULL)
    names++;
  printf ("%lu\n", names);
  return closedir (folder) == 0 ? 0 : 74;
}
