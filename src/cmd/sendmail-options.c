/*
 * sendmail-options.c - the flags that callers of sendmail give, of forty years.
 *
 * Single letters, some with a value that may stand in the same word or the next; flags may stand
 * behind recipients, up to "--".  What only a mail server can do is refused; what has no
 * meaning here is passed over, silently where it is known and with a warning where not, for a
 * caller that is turned away loses its message.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "sendmail.h"
#include "sendoff/charset.h"
#include "sendoff/dsn.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/text.h"

/* Letters whose value is the rest of the word or, if there is none, the next word. */
#define WITH_VALUE "BbCDeFfhLMmNOopRrVX"
/* Letters whose value can only be the rest of the word. */
#define WITH_REST "AdqQ"
/* Letters without one, that mean nothing here. */
#define WITHOUT_MEANING "cGnsTUvx"

static gboolean
fail_mode (const char *flag, const char *why, GError **error)
{
  so_error_set (error, SO_ERROR_USAGE, _ ("sendoff passes mail on; for this, run a mail server"),
                _ ("sendmail %s: %s"), flag, why);
  return FALSE;
}

static gboolean
set_mode (SoSendmailOptions *options, const char *value, GError **error)
{
  g_autofree char *shown = so_text_sanitise (value, -1, 20);
  g_autofree char *flag = g_strconcat ("-b", shown, NULL);
  switch (value[0])
    {
    case 'm':
      options->mode = SO_SENDMAIL_SEND;
      return TRUE;
    case 'p':
      options->mode = SO_SENDMAIL_LIST;
      return TRUE;
    case 'i':
      options->mode = SO_SENDMAIL_ALIASES;
      return TRUE;
    case 's':
      return fail_mode (flag, _ ("there is no SMTP server in here"), error);
    case 'd':
    case 'D':
      return fail_mode (flag, _ ("this is no daemon that takes mail"), error);
    case 'v':
    case 't':
      return fail_mode (flag, _ ("addresses are not tested in here"), error);
    default:
      return fail_mode (flag, _ ("there is no such mode"), error);
    }
}

static void
set_delivery (SoSendmailOptions *options, char how)
{
  if (how == 'i')
    options->delivery = SO_SENDMAIL_FOREGROUND;
  else if (how == 'q' || how == 'd')
    options->delivery = SO_SENDMAIL_QUEUE;
  else
    options->delivery = SO_SENDMAIL_BACKGROUND;
}

/* -oX and -OName=value: of the many there are, three have a meaning here. */
static void
set_option (SoSendmailOptions *options, const char *value)
{
  if (value[0] == 'i' && value[1] == '\0')
    options->dot_ends = FALSE;
  else if (value[0] == 'd')
    set_delivery (options, value[1]);
}

static void
set_long_option (SoSendmailOptions *options, const char *value)
{
  const char *equals = strchr (value, '=');
  if (g_ascii_strncasecmp (value, "DeliveryMode=", strlen ("DeliveryMode=")) == 0)
    set_delivery (options, equals[1]);
  else if (g_ascii_strncasecmp (value, "IgnoreDots", strlen ("IgnoreDots")) == 0)
    options->dot_ends = equals != NULL && g_ascii_tolower (equals[1]) == 'f';
}

static gboolean
set_notify (SoSendmailOptions *options, const char *value, GError **error)
{
  char *notify = so_dsn_notify (value);
  if (notify == NULL)
    {
      g_autofree char *shown = so_text_sanitise (value, -1, 60);
      so_error_set (error, SO_ERROR_USAGE, _ ("write never, or success,failure,delay"),
                    _ ("“%s” is not a value for %s"), shown, "-N");
      return FALSE;
    }
  g_free (options->notify);
  options->dsn_notify = options->notify = notify;
  return TRUE;
}

static gboolean
set_ret (SoSendmailOptions *options, const char *value, GError **error)
{
  const char *ret = so_dsn_ret (value);
  options->dsn_ret = ret != NULL ? ret : "";
  if (ret != NULL)
    return TRUE;
  g_autofree char *shown = so_text_sanitise (value, -1, 60);
  so_error_set (error, SO_ERROR_USAGE, _ ("write full or hdrs"), _ ("“%s” is not a value for %s"),
                shown, "-R");
  return FALSE;
}

static gboolean
set_envid (SoSendmailOptions *options, const char *value, GError **error)
{
  g_free (options->envid);
  options->envid = *value != '\0' ? so_dsn_envid (value) : g_strdup ("");
  options->dsn_envid = options->envid != NULL ? options->envid : "";
  if (options->envid != NULL)
    return TRUE;
  so_error_set (error, SO_ERROR_USAGE, "", _ ("the envelope id given with -V is too long"));
  return FALSE;
}

/* "" and "<>" are the null sender; brackets around an address are not part of it. */
static const char *
bare_sender (char *value)
{
  gsize length = strlen (value);
  if (length < 2 || value[0] != '<' || value[length - 1] != '>')
    return value;
  value[length - 1] = '\0';
  return value + 1;
}

/* The text of a caller in whatever character set; the name is not worth the message. */
static void
set_full_name (SoSendmailOptions *options, const char *value)
{
  g_free (options->utf8_name);
  options->utf8_name = so_charset_to_utf8 (value, strlen (value), "", "-F", NULL);
  if (options->utf8_name == NULL)
    options->utf8_name = g_utf8_make_valid (value, -1);
  options->full_name = options->utf8_name;
}

static gboolean
take_value (SoSendmailOptions *options, char letter, char *value, GError **error)
{
  switch (letter)
    {
    case 'b':
      return set_mode (options, value, error);
    case 'F':
      set_full_name (options, value);
      return TRUE;
    case 'f':
    case 'r':
      options->sender = bare_sender (value);
      return TRUE;
    case 'N':
      return set_notify (options, value, error);
    case 'R':
      return set_ret (options, value, error);
    case 'V':
      return set_envid (options, value, error);
    case 'o':
      set_option (options, value);
      return TRUE;
    case 'O':
      set_long_option (options, value);
      return TRUE;
    case 'q':
      options->mode = SO_SENDMAIL_RETRY;
      return TRUE;
    default: /* -B7BIT: the message itself is looked at; the rest is a mail server's */
      return TRUE;
    }
}

static void
warn_of (const SoSendmailOptions *options, const char *flag)
{
  g_autofree char *shown = so_text_sanitise (flag, -1, 60);
  fprintf (stderr, _ ("%s: warning: the flag %s is not known and passed over\n"), options->name,
           shown);
}

typedef struct
{
  char **next; /* the word behind this one; *next NULL at the end */
} Words;

/* "-tioem": letters up to one that takes the rest. */
static gboolean
take_letters (SoSendmailOptions *options, char *word, Words *words, GError **error)
{
  for (char *p = word + 1; *p != '\0'; p++)
    {
      const char shown[] = { '-', *p, '\0' };
      if (*p == 't')
        options->take_recipients = TRUE;
      else if (*p == 'i')
        options->dot_ends = FALSE;
      else if (*p == 'I')
        options->mode = SO_SENDMAIL_ALIASES;
      else if (strchr (WITH_REST, *p) != NULL)
        return take_value (options, *p, p + 1, error);
      else if (strchr (WITH_VALUE, *p) != NULL)
        {
          /* -m and -e are also seen without a value. */
          gboolean may_lack = *p == 'm' || *p == 'e';
          char *value = p[1] != '\0' || may_lack ? p + 1 : *words->next;
          if (value == NULL)
            {
              so_error_set (error, SO_ERROR_USAGE, "", _ ("%s needs a value"), shown);
              return FALSE;
            }
          words->next += value == *words->next ? 1 : 0;
          return take_value (options, *p, value, error);
        }
      else if (strchr (WITHOUT_MEANING, *p) == NULL)
        warn_of (options, shown);
    }
  return TRUE;
}

/* "--account NAME", "--account=NAME"; FALSE if word is not this one. */
static gboolean
is_long (const char *word, const char *name, Words *words, const char **value)
{
  gsize length = strlen (name);
  if (strncmp (word, name, length) != 0 || (word[length] != '\0' && word[length] != '='))
    return FALSE;
  if (word[length] == '=')
    *value = word + length + 1;
  else if (*words->next != NULL)
    *value = *words->next++;
  return TRUE;
}

static void
take_long (SoSendmailOptions *options, const char *word, Words *words)
{
  if (strcmp (word, "--help") == 0)
    options->mode = SO_SENDMAIL_HELP;
  else if (strcmp (word, "--version") == 0)
    options->mode = SO_SENDMAIL_VERSION;
  else if (!is_long (word, "--account", words, &options->account)
           && !is_long (word, "--from", words, &options->from)
           && !is_long (word, "--config", words, &options->config_path))
    warn_of (options, word);
}

gboolean
so_sendmail_parse (SoSendmailOptions *options, const SoSendmailCall *call, int argc, char **argv,
                   GError **error)
{
  *options = (SoSendmailOptions){ .name = call->name,
                                  .dot_ends = TRUE,
                                  .config_path = call->config_path,
                                  .account = call->account,
                                  .from = call->from,
                                  .dsn_notify = "",
                                  .dsn_ret = "",
                                  .dsn_envid = "",
                                  .recipients = g_ptr_array_new () };
  Words words = { argv + (argc > 0 ? 1 : 0) };
  gboolean only_recipients = FALSE;
  while (*words.next != NULL)
    {
      char *word = *words.next++;
      if (only_recipients || word[0] != '-' || word[1] == '\0')
        g_ptr_array_add (options->recipients, word);
      else if (strcmp (word, "--") == 0)
        only_recipients = TRUE;
      else if (word[1] == '-')
        take_long (options, word, &words);
      else if (!take_letters (options, word, &words, error))
        return FALSE;
    }
  return TRUE;
}

void
so_sendmail_options_clear (SoSendmailOptions *options)
{
  g_clear_pointer (&options->recipients, g_ptr_array_unref);
  g_clear_pointer (&options->notify, g_free);
  g_clear_pointer (&options->envid, g_free);
  g_clear_pointer (&options->utf8_name, g_free);
}

void
so_sendmail_print_help (void)
{
  g_autofree char *text = so_text_wrap (
      _ ("Usage: sendmail [FLAG…] [RECIPIENT…]\n       sendoff sendmail [FLAG…] [RECIPIENT…]\n"
         "\n"
         "Takes a message on standard input as sendmail does, puts it into the outbox, and "
         "delivers it in the background. Exit status 0: it is safe in the outbox.\n"
         "\n"
         "  -t               recipients also from To, Cc and Bcc; Bcc is taken out\n"
         "  -i, -oi          a line with a single dot does not end the message\n"
         "  -f ADDRESS       the envelope's sender; '' is the null sender\n"
         "  -F NAME          the name in a From that is lacking\n"
         "  -odi, -odb, -odq deliver before exiting, in the background, or later\n"
         "  -N -R -V         delivery status notification (RFC 3461)\n"
         "  -bp, -q          list the outbox, try what is due in it\n"
         "  --account NAME   the account to use\n"
         "  --from ADDRESS   the sender where neither -f nor From says one\n"
         "  --config FILE    another configuration file\n"
         "\n"
         "sendoff-sendmail(1) has the rest.\n"),
      SO_TEXT_WIDTH);
  fputs (text, stdout);
}
