/*
 * commands.h - one function a command; see SoCommandFunc in app.h.
 */
#pragma once

#include "sendoff/app.h"

int so_cmd_accounts (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_login (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_logout (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_test (SoApp *app, int argc, char **argv, GError **error);
