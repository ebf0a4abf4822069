/*
 * app.h - what every command shares: the global options, the configuration, the output.
 *
 * A command is one function in src/cmd/cmd-<verb>.c and one line in the table of
 * commands.c.  It returns an exit status; with *error set, main renders the error (with --json as
 * the result, so none may have been printed) and exits with so_error_exit_status() instead.
 * Results go to stdout, talk to stderr.
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

#include "sendoff/account.h"
#include "sendoff/config.h"
#include "sendoff/verdict.h"

typedef struct
{
  char *account_name; /* --account, "" if not given */
  char *from;         /* --from, "" */
  char *config_path;  /* --config, NULL */
  gboolean json;
  gboolean names_json; /* --json is among the words, read or not: a wrong usage is told in it */
  gboolean verbose;
  gboolean quiet;
  gboolean talks_to_terminal; /* stderr is a terminal: progress, colours */
  gboolean can_prompt;        /* stdin and stderr are: questions may be asked */
  SoConfig *config;           /* loaded when first asked for */
} SoApp;

typedef int (*SoCommandFunc) (SoApp *app, int argc, char **argv, GError **error);

typedef struct
{
  const char *name;
  SoCommandFunc run;
  const char *summary; /* N_() */
} SoCommand;

extern const SoCommand so_commands[]; /* ends with name NULL */

/* main's part: fills app from the options before the command, leaves argv at the command. */
gboolean so_app_begin (SoApp *app, int *argc, char ***argv, GError **error);
void so_app_end (SoApp *app);

/* Parses a command's options (and the global ones, which may stand behind the command
 * too) and takes them out of argv; argv[0] is the command's name.  usage is what follows it in the
 * synopsis ("TO… [FILE]"), help the text under it.  --help prints and exits 0. */
gboolean so_app_parse (SoApp *app, int *argc, char ***argv, const GOptionEntry *entries,
                       const char *usage, const char *help, GError **error);

const SoConfig *so_app_config (SoApp *app, GError **error);
SoAccount *so_app_account (SoApp *app, GError **error);

/* The reply dictionary, config/replies.conf. */
SoReplyBook *so_app_reply_book (GError **error);

/* FALSE with SO_ERROR_DATA for what is no mail address. */
gboolean so_app_check_address (const char *address, GError **error);

/* "sendoff: what" and, behind an arrow, what to do; to stderr. */
void so_app_print_error (const SoApp *app, const GError *error);

/* How a run ends that has an error and no result: the error is printed, with --json the result
 * that has it, too.  The exit status; main's part. */
int so_app_fail (const SoApp *app, const GError *error);

/* How a command ends that has printed its result, and has an error all the same: a second result
 * is none.  Takes the error over; the exit status, for the command to return. */
int so_app_fail_after_result (const SoApp *app, GError *error);

/* A line of talk to stderr, unless --quiet. */
void so_app_say (const SoApp *app, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* One JSON object on a line of stdout; takes the builder's root. */
void so_app_json (JsonBuilder *builder);

/* Asks on the terminal; "" at end of input.  Owned by the caller. */
char *so_app_ask (const SoApp *app, const char *question);
gboolean so_app_confirm (const SoApp *app, const char *question, gboolean preset);
