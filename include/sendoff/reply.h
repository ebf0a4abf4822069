/*
 * reply.h - an SMTP reply (RFC 5321 4.2) and a parser that cannot be flooded.
 *
 * Lines over 512 octets are taken (RFC 5321 4.5.3.1.5 sets that as the normal maximum),
 * a reply of over 64 KiB is not: SO_REPLY_TOO_LONG.  text keeps the lines joined by
 * "\n", without code and enhanced status, as the server sent them (a NUL as \x00):
 * sanitise before showing.
 */
#pragma once

#include <glib.h>

#define SO_REPLY_MAX 65536 /* octets of one reply, ours: RFC 5321 gives no total */

typedef struct
{
  int code;          /* 200..599; 0: no reply came */
  char enhanced[16]; /* "5.7.1" (RFC 3463), "" if none */
  char *text;
} SoReply;

typedef enum { SO_REPLY_MORE, SO_REPLY_DONE, SO_REPLY_GARBAGE, SO_REPLY_TOO_LONG } SoReplyState;

typedef struct SoReplyParser SoReplyParser;

SoReplyParser *so_reply_parser_new (void);
void so_reply_parser_free (SoReplyParser *parser);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoReplyParser, so_reply_parser_free)

/* Eats bytes up to the end of one reply; *used says how many.  After DONE, take() gives
 * the reply and the parser starts the next one.  GARBAGE (no code, codes that differ)
 * and TOO_LONG stay; after GARBAGE take() gives the line as text with code 0. */
SoReplyState so_reply_parser_feed (SoReplyParser *parser, const char *bytes, gsize length,
                                   gsize *used);
/* NULL after MORE and TOO_LONG. */
SoReply *so_reply_parser_take (SoReplyParser *parser);

SoReply *so_reply_new (int code, const char *enhanced, const char *text);
SoReply *so_reply_copy (const SoReply *reply); /* NULL gives NULL */
void so_reply_free (SoReply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoReply, so_reply_free)

/* "550 5.1.1 no such user" on one sanitised line; owned by the caller. */
char *so_reply_line (const SoReply *reply);
