/*
 * outbox-verbs.h - what `sendoff outbox` can do; see SoCommandFunc in app.h.
 */
#pragma once

#include "sendoff/app.h"

int so_cmd_outbox_list (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_outbox_show (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_outbox_hold (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_outbox_release (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_outbox_remove (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_outbox_edit (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_outbox_export (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_outbox_import (SoApp *app, int argc, char **argv, GError **error);
int so_cmd_outbox_verify (SoApp *app, int argc, char **argv, GError **error);
