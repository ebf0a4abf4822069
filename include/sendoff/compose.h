/*
 * compose.h - a message made of words and files, written as a stream.
 *
 * Gather first, then measure (nothing is read, nothing is built in memory), then write.  Input
 * is UTF-8; a setter says what is wrong with a value and changes nothing, nothing is mended.
 * Out come 7-bit octets with CRLF (headers with UTF-8 only where an address needs SMTPUTF8):
 * RFC 5322, MIME (RFC 2045-2047), file names by RFC 2231 with an RFC 2047 name beside it for
 * Outlook and Apple Mail, lines of at most 76 octets, headers folded at 78.
 *
 * Errors: SO_ERROR_DATA (65) a value that cannot be, a file that changed meanwhile;
 * SO_ERROR_NO_INPUT (66) a file that is not there, not readable, or no file.
 */
#pragma once

#include "sendoff/byte-sink.h"

typedef struct SoCompose SoCompose;

/* from: a checked address; name "" for none; now_us: wall clock, for Date. */
SoCompose *so_compose_new (const char *from, const char *name, gint64 now_us);
void so_compose_free (SoCompose *compose);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoCompose, so_compose_free)

typedef enum
{
  SO_COMPOSE_TO,
  SO_COMPOSE_CC,
  SO_COMPOSE_BCC, /* in recipients only, never written */
  SO_COMPOSE_REPLY_TO
} SoComposeField;
#define SO_COMPOSE_FIELDS 4

/* list: "Taro <taro@example.jp>, Team: a@b.c, d@e.f;" */
gboolean so_compose_add_addresses (SoCompose *compose, SoComposeField field, const char *list,
                                   GError **error);
gboolean so_compose_set_subject (SoCompose *compose, const char *subject, GError **error);
/* "Name: value"; fields that sendoff writes itself, Bcc and the like are refused. */
gboolean so_compose_add_header (SoCompose *compose, const char *line, GError **error);
/* Line ends in any way; no NUL.  html "" for none. */
gboolean so_compose_set_text (SoCompose *compose, const char *text, GError **error);
gboolean so_compose_set_html (SoCompose *compose, const char *html, GError **error);

/* Looked at now, read while writing.  name: as the recipient is to see it, NULL for the
 * file's own; type: NULL to find out. */
gboolean so_compose_add_file (SoCompose *compose, const char *path, const char *name,
                              const char *type, GError **error);
/* Shown in place of an attachment: text and HTML of a link. */
void so_compose_add_note (SoCompose *compose, const char *text, const char *html);

/* To, Cc and Bcc without repetition: of char *, owned by compose. */
const GPtrArray *so_compose_recipients (const SoCompose *compose);
const char *so_compose_from (const SoCompose *compose);
const char *so_compose_message_id (const SoCompose *compose); /* with brackets */

typedef struct
{
  char *path;
  char *name; /* as it is shown */
  guint64 size;
} SoComposeFile;
/* The attachments, in their order; owned by compose. */
guint so_compose_n_files (const SoCompose *compose);
const SoComposeFile *so_compose_file (const SoCompose *compose, guint i);
/* In place of the i-th, a note. */
void so_compose_replace_file (SoCompose *compose, guint i, const char *text, const char *html);
/* In place of all, the archive at path. */
gboolean so_compose_pack (SoCompose *compose, const char *path, const char *name, GError **error);

/* Octets of text and attachments before encoding, and on the wire. */
void so_compose_measure (const SoCompose *compose, guint64 *content, guint64 *wire);

/* The same, if all files were packed into one of that name and size. */
void so_compose_measure_packed (const SoCompose *compose, const char *name, guint64 size,
                                guint64 *content, guint64 *wire);

/* Exactly as many octets as measured. */
gboolean so_compose_write (const SoCompose *compose, SoByteSink sink, gpointer data,
                           GError **error);
