/*
 * scan.h - a finished message on its way in: looked at, completed, otherwise not touched.
 *
 * A stream in, a stream out, in constant memory; how the stream is cut makes no difference.
 *   added      Date, Message-ID, From where they are missing (RFC 5322 3.6)
 *   taken out  Bcc, Resent-Bcc (RFC 5322 3.6.3), Return-Path (RFC 5321 4.4), an mbox "From " line
 *   rewritten  From, only where asked for
 * Everything else stays as it is, octet for octet, line ends included, so signatures stay valid.
 * An address list of From that the rule makes foreign becomes one address; who it was stays in
 * the name, and in Reply-To if there is none.
 *
 * Errors: SO_ERROR_DATA for a header block over SO_SCAN_HEAD_MAX, a bare CR in it, a NUL octet (with
 * their places), an address that is none (with its field); and what head and sink fail with.
 */
#pragma once

#include "sendoff/account.h"
#include "sendoff/byte-sink.h"

#define SO_SCAN_HEAD_MAX (1024 * 1024) /* octets of header fields; ours */

typedef struct
{
  GPtrArray *recipients; /* of char *, without repetition; empty unless they were asked for */
  char *sender;          /* the first address of From, as it will stand there */
  guint n_from;          /* From fields as it came; RFC 5322 3.6 allows one */
  char *message_id;      /* with brackets */
  gboolean has_fields;   /* it came with a header, however short */
  gboolean is_sealed;    /* signed or encrypted: nothing in it may change */
} SoScanHead;

/* Called once, when the header block is complete and before any of it goes out. */
typedef gboolean (*SoScanHeadFunc) (gpointer data, const SoScanHead *head, GError **error);

typedef struct SoScanSpec SoScanSpec;

struct SoScanSpec
{
  const char *address; /* for a missing From, a rewritten one and the Message-ID's domain */
  const char *name;    /* for a missing From; "" */
  const SoAccount *account; /* whose addresses count as its own; NULL: none is foreign */
  SoRewriteFrom rewrite; /* a From without a domain is rewritten in any case with allow_local */
  gboolean take_recipients; /* -t: Resent-To, -Cc, -Bcc if there are any, else To, Cc, Bcc */
  gboolean allow_local;     /* a name without domain may be a recipient */
  guint64 limit;            /* octets of the stream at most, 0: none */
  gboolean dot_ends;        /* a line with a single dot ends the message (sendmail without -i) */
  gint64 now_us;            /* wall clock, for Date */
  /* Called before anything else with From's first address ("" for none): may change address, name,
   * account and rewrite in the scan's own copy.  NULL: they stay as they are. */
  void (*choose) (gpointer data, const char *from, SoScanSpec *spec);
  SoScanHeadFunc head;
  SoByteSink sink;
  gpointer data; /* for all three */
};

typedef struct SoScan SoScan;

SoScan *so_scan_new (const SoScanSpec *spec); /* spec is copied, what it points to is not */
void so_scan_free (SoScan *scan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoScan, so_scan_free)

gboolean so_scan_write (SoScan *scan, const char *bytes, gsize length, GError **error);
/* The single dot has come: what follows is none of the message. */
gboolean so_scan_is_over (const SoScan *scan);
/* To be called at the end of the stream, also of an empty one. */
gboolean so_scan_finish (SoScan *scan, GError **error);
