/*
 * compose-private.h - what a message is made of, for the files that gather and write it.
 */
#pragma once

#include <sys/types.h>

#include "sendoff/address.h"
#include "sendoff/compose.h"

typedef struct
{
  SoComposeFile file; /* path "" for a note */
  char *type;
  dev_t device; /* to notice a file that has changed since */
  ino_t inode;
  gint64 modified_ns;
  gboolean as_it_is; /* message/rfc822, which may not be base64 (RFC 2046 5.2.1) */
  char *text, *html; /* of a note */
} SoComposePart;

struct SoCompose
{
  char *from, *from_name, *date, *message_id, *boundary;
  GPtrArray *fields[SO_COMPOSE_FIELDS]; /* of SoMailbox */
  GPtrArray *recipients;                /* of char */
  char *subject;
  GPtrArray *headers; /* of char: "Name: value" */
  char *text, *html;  /* lines end with LF */
  GPtrArray *parts;   /* of SoComposePart */
};

/* file-name.c: without folders, control and direction characters, in NFC; never "". */
char *so_file_name_clean (const char *name);
/* "; filename*0*=UTF-8''..." in lines of their own, as a parameter of Content-Disposition. */
void so_file_name_disposition (GString *out, const char *name);
/* The same name in RFC 2047 words, as "name" of Content-Type. */
void so_file_name_type (GString *out, const char *name);

/* compose-write.c: octets, without the line end. */
gsize so_compose_longest_line (const char *text);

/* compose-write.c: a whole field; of SoMailbox, nothing if there is none. */
void so_compose_write_addresses (GString *head, const char *name, const GPtrArray *mailboxes);

/* compose-write.c: Content-Type with the parameters ("; format=flowed"), the encoding, the empty
 * line and the text.  base64: whatever would be shorter. */
gboolean so_compose_write_words (const char *type, const char *parameters, const char *text,
                                 gboolean base64, SoByteSink sink, gpointer data, GError **error);

/* compose-write.c: one part alone, header and body, for a message that is there already. */
gboolean so_compose_write_note (const char *text, const char *html, SoByteSink sink, gpointer data,
                                GError **error);
gboolean so_compose_write_file (const char *path, const char *name, SoByteSink sink, gpointer data,
                                GError **error);

/* compose-file.c: a file to be attached, looked at. */
SoComposePart *so_compose_part_new (const char *path, const char *name, const char *type,
                                    GError **error);
void so_compose_part_free (gpointer part);
/* A descriptor of the same file as then, or -1 with error. */
int so_compose_part_open (const SoComposePart *part, GError **error);
void so_compose_part_changed (const SoComposePart *part, GError **error);
