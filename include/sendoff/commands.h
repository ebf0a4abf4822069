/*
 * commands.h - one function a command; see SoCommandFunc in app.h.
 */
#pragma once

#include "sendoff/app.h"

/* NULL if there is none of that name. */
const SoCommand *so_command_find (const char *name);

int so_cmd_accounts (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_doctor (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_log (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_login (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_logout (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_outbox (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_retry (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_schedule (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_send (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_sendmail (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_setup (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_test (SoApp *app, int argc, char **argv, GError **error);
