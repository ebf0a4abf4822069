/*
 * password-command.h - run a configured command and take the first line it prints.
 *
 * Split as a shell would, run without one, in a session of its own (no terminal: it can
 * wait for nobody), stdin from /dev/null, at most SO_CREDENTIAL_MAX octets of output.  On
 * a signal, a time-out or too much output its whole process group is killed.
 */
#pragma once

#include "sendoff/secret-text.h"

#define SO_PASSWORD_COMMAND_TIMEOUT 30 /* seconds */

SoSecret *so_password_command_run (const char *command, guint timeout, GError **error);
