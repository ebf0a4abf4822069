/*
 * usage.h - the overview that `sendoff --help` prints.
 */
#pragma once

#include <stdio.h>

void so_usage_print (FILE *out);
void so_usage_print_version (FILE *out);
