/*
 * commands.c - the table of commands: a name, a function, a line for --help.
 */
#include "config.h"

#include <string.h>

#include "sendoff/commands.h"
#include "sendoff/i18n.h"

const SoCommand so_commands[] = {
  { "accounts", so_cmd_accounts, N_("list the accounts and whether they have a password") },
  { "doctor", so_cmd_doctor, N_("find out why mail does not leave") },
  { "log", so_cmd_log, N_("what was sent, to whom, when, and with which reply") },
  { "login", so_cmd_login, N_("put the account's password into the keyring") },
  { "logout", so_cmd_logout, N_("take it out again") },
  { "outbox", so_cmd_outbox, N_("see and change what waits") },
  { "retry", so_cmd_retry, N_("send what is due in the outbox") },
  { "schedule", so_cmd_schedule, N_("have what waits sent by itself") },
  { "send", so_cmd_send, N_("send a message, or keep it until it can be sent") },
  { "sendmail", so_cmd_sendmail, N_("take a message as sendmail does, for programs") },
  { "setup", so_cmd_setup, N_("set up an account, step by step") },
  { "test", so_cmd_test, N_("send a real test message and show each step") },
  { NULL, NULL, NULL },
};

const SoCommand *
so_command_find (const char *name)
{
  for (const SoCommand *command = so_commands; command->name != NULL; command++)
    if (strcmp (command->name, name) == 0)
      return command;
  return NULL;
}
