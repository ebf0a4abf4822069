/*
 * test-message.c - the words of the test message, and its size.
 *
 * Its size is brought up exactly: composed once to be measured, then again with an attachment
 * that leaves a few octets, which a header field fills.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sendoff/clock.h"
#include "sendoff/compose.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"
#include "sendoff/program.h"
#include "sendoff/random-word.h"
#include "sendoff/size-text.h"
#include "sendoff/test-message.h"
#include "sendoff/text.h"

#define PAD_LINE 76 /* characters of a line of padding (RFC 5322 2.1.1 advises 78 at most) */
#define PAD_FIELD "X-Padding: "
#define PAD_FIELD_MIN (sizeof PAD_FIELD + 2) /* octets of the field: one character, CRLF */
/* base64 (RFC 2045 6.8): 57 octets are a line of 76 and CRLF */
#define ENCODED_LINE 57
#define ENCODED_LINE_WIRE 78

/* --- small parts --- */

static int
unnamed_file (GError **error)
{
  int fd = so_durable_unnamed_file (g_get_tmp_dir ());
  if (fd < 0)
    so_error_set (
        error, SO_ERROR_CANNOT_CREATE, _ ("set TMPDIR to a folder that can be written to"),
        _ ("no temporary file can be made in %s: %s"), g_get_tmp_dir (), g_strerror (errno));
  return fd;
}

static char *
body_text (const SoTestMessageSpec *spec, const char *token)
{
  const SoAccount *account = spec->account;
  g_autofree char *date = so_clock_rfc5322 (spec->now_us);
  g_autofree char *host = so_text_sanitise (g_get_host_name (), -1, 200);
  return g_strdup_printf (_ ("This is a test message. It shows that mail can leave this machine\n"
                             "through this account.\n"
                             "\n"
                             "Account:  %s (%s)\n"
                             "Server:   %s port %u\n"
                             "Machine:  %s\n"
                             "Time:     %s\n"
                             "Program:  sendoff %s\n"
                             "Token:    %s\n"
                             "\n"
                             "Nobody needs to answer it, and it may be deleted.\n"),
                          spec->from, so_account_title (account),
                          account->smtp.host, account->smtp.port, host, date, SO_PROGRAM_VERSION,
                          token);
}

static gboolean
fail_to_write (GError **error)
{
  so_error_set (error, SO_ERROR_IO, _ ("free some space, or set TMPDIR to another folder"),
                _ ("the test message cannot be written: %s"), g_strerror (errno));
  return FALSE;
}

/* fd becomes a text of that many octets. */
static gboolean
fill_with_lines (int fd, guint64 octets, GError **error)
{
  FILE *out
      = ftruncate (fd, 0) == 0 && lseek (fd, 0, SEEK_SET) == 0 ? fdopen (dup (fd), "w") : NULL;
  gboolean well = out != NULL;
  for (; well && octets > 0; octets -= MIN (octets, PAD_LINE + 1))
    for (guint64 i = 0; well && i < MIN (octets, PAD_LINE + 1); i++)
      well = putc (i < PAD_LINE ? (int)('0' + i % 10) : '\n', out) != EOF;
  well = out != NULL && fclose (out) == 0 && well;
  return well || fail_to_write (error);
}

/* --- the whole --- */

typedef struct
{
  const SoTestMessageSpec *spec;
  const SoTestMessage *message;
  const char *text;
  int padding; /* fd of the padding, -1 for none */
  gsize field; /* octets of the field that pads, 0: none */
} Plan;

static gboolean
add_padding (const Plan *plan, SoCompose *compose, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", plan->padding);
  if (plan->padding >= 0
      && !so_compose_add_file (compose, path, "padding.txt", "text/plain", error))
    return FALSE;
  if (plan->field == 0)
    return TRUE;
  g_autofree char *value = g_strnfill (plan->field - PAD_FIELD_MIN + 1, 'x');
  g_autofree char *line = g_strconcat (PAD_FIELD, value, NULL);
  return so_compose_add_header (compose, line, error);
}

static SoCompose *
build (const Plan *plan, GError **error)
{
  const SoTestMessageSpec *spec = plan->spec;
  g_autoptr (SoCompose) compose
      = so_compose_new (spec->from, spec->account->from_name, spec->now_us);
  /* RFC 3834 5: no vacation notice needs to answer it. */
  if (!so_compose_add_addresses (compose, SO_COMPOSE_TO, spec->to, error)
      || !so_compose_set_subject (compose, plan->message->subject, error)
      || !so_compose_add_header (compose, "Auto-Submitted: auto-generated", error)
      || !so_compose_set_text (compose, plan->text, error))
    return NULL;
  for (const char *const *file = spec->files; file != NULL && *file != NULL; file++)
    if (!so_compose_add_file (compose, *file, NULL, NULL, error))
      return NULL;
  return add_padding (plan, compose, error) ? g_steal_pointer (&compose) : NULL;
}

static guint64
wire_size_of (const SoCompose *compose)
{
  guint64 content, wire;
  so_compose_measure (compose, &content, &wire);
  return wire;
}

/* Octets of a file that take at most room on the wire, and leave less than a line. */
static guint64
file_for_room (guint64 room)
{
  guint64 rest = room % ENCODED_LINE_WIRE;
  return room / ENCODED_LINE_WIRE * ENCODED_LINE + (rest > 2 ? (rest - 2) / 4 * 3 : 0);
}

/* Composed with an empty padding, then with one that leaves what a field can fill. */
static SoCompose *
build_padded (Plan *plan, GError **error)
{
  plan->padding = unnamed_file (error);
  g_autoptr (SoCompose) least = plan->padding >= 0 ? build (plan, error) : NULL;
  if (least == NULL)
    return NULL;
  guint64 wanted = plan->spec->size, smallest = wire_size_of (least) + PAD_FIELD_MIN;
  if (wanted < smallest)
    {
      g_autofree char *shown = so_size_format (smallest);
      so_error_set (error, SO_ERROR_USAGE, _ ("ask for more, or leave --size out"),
                    _ ("a test message of this kind has at least %s"), shown);
      return NULL;
    }
  if (!fill_with_lines (plan->padding, file_for_room (wanted - smallest), error))
    return NULL;
  g_autoptr (SoCompose) nearly = build (plan, error);
  if (nearly == NULL)
    return NULL;
  plan->field = (gsize)(wanted - wire_size_of (nearly));
  return build (plan, error);
}

/* The composed message in an unnamed file, -1. */
static int
write_out (const SoCompose *compose, GError **error)
{
  int fd = unnamed_file (error);
  if (fd < 0 || so_compose_write (compose, so_durable_sink, &fd, error))
    return fd;
  close (fd);
  return -1;
}

int
so_test_message_write (const SoTestMessageSpec *spec, SoTestMessage *message, GError **error)
{
  message->token = so_random_word (8);
  message->subject = g_strdup_printf ("sendoff test %s", message->token);
  g_autofree char *text = body_text (spec, message->token);
  Plan plan = { spec, message, text, -1, 0 };
  g_autoptr (SoCompose) compose
      = spec->size > 0 ? build_padded (&plan, error) : build (&plan, error);
  int fd = compose != NULL ? write_out (compose, error) : -1;
  if (fd >= 0)
    message->message_id = g_strdup (so_compose_message_id (compose));
  else
    so_test_message_clear (message);
  if (plan.padding >= 0)
    close (plan.padding);
  return fd;
}

void
so_test_message_clear (SoTestMessage *message)
{
  g_clear_pointer (&message->message_id, g_free);
  g_clear_pointer (&message->token, g_free);
  g_clear_pointer (&message->subject, g_free);
}
