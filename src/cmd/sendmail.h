/*
 * sendmail.h - what the front program and the command `sendmail` share.
 *
 * Linked into both; the front program has GLib alone, so nothing here may need more.
 */
#pragma once

#include <glib.h>

typedef struct
{
  const char *name;        /* it was called by, for warnings: "sendmail" */
  const char *config_path; /* --config, NULL */
  const char *account;     /* --account, "" */
  const char *from;        /* --from, "" */
} SoSendmailCall;

/* argv[0] is the name, the rest sendmail's flags and recipients.  The exit status; *error
 * says why where it is none of a child's. */
int so_sendmail (const SoSendmailCall *call, int argc, char **argv, GError **error);

typedef enum
{
  SO_SENDMAIL_SEND,
  SO_SENDMAIL_LIST,    /* -bp */
  SO_SENDMAIL_RETRY,   /* -q */
  SO_SENDMAIL_ALIASES, /* -bi */
  SO_SENDMAIL_HELP,
  SO_SENDMAIL_VERSION
} SoSendmailMode;

typedef enum
{
  SO_SENDMAIL_BACKGROUND, /* -odb: a process of its own delivers */
  SO_SENDMAIL_FOREGROUND, /* -odi: before exiting */
  SO_SENDMAIL_QUEUE       /* -odq: whoever comes by next */
} SoSendmailDelivery;

typedef struct
{
  const char *name;
  SoSendmailMode mode;
  SoSendmailDelivery delivery;
  gboolean take_recipients; /* -t */
  gboolean dot_ends;        /* no -i */
  const char *sender;       /* -f, -r: "" is the null sender; NULL not given */
  const char *full_name;    /* -F, NULL */
  const char *config_path;  /* NULL */
  const char *account;      /* "" */
  const char *from;         /* where neither -f nor the message says; "" */
  const char *dsn_notify;   /* -N, "" */
  const char *dsn_ret;      /* -R: "FULL", "HDRS", "" */
  const char *dsn_envid;    /* -V, xtext, "" */
  char *notify, *envid;     /* what the two above point to */
  char *utf8_name;          /* what full_name points to */
  GPtrArray *recipients;    /* of char *, as given */
} SoSendmailOptions;

/* Flags it does not know are warned of and passed over; those that ask for a mail server are
 * SO_ERROR_USAGE. */
gboolean so_sendmail_parse (SoSendmailOptions *options, const SoSendmailCall *call, int argc,
                            char **argv, GError **error);
void so_sendmail_options_clear (SoSendmailOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SoSendmailOptions, so_sendmail_options_clear)

void so_sendmail_print_help (void);

/* Runs sendoff-main with these words behind the options that name account and configuration.
 * In the background: returns at once.  Otherwise its exit status, *error if it cannot be run. */
int so_sendmail_run_main (const SoSendmailOptions *options, gboolean background,
                          const char *const *words, GError **error);
