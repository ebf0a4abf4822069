/*
 * commands.h - one function a command; see SoCommandFunc in app.h.
 */
#pragma once

#include "sendoff/app.h"

int so_cmd_test (SoApp *app, int argc, char **argv, GError **error);
