/*
 * wire.h - a message as it must look on the wire, computed piece by piece.
 *
 * Line ends become CRLF (a bare CR, a bare LF and a missing last line end too: a bare CR
 * or LF that left would let a message smuggle commands), and for DATA a dot at the start
 * of a line is doubled (RFC 5321 4.5.2).  Pure: bytes in, bytes out, state in a struct.
 */
#pragma once

#include <glib.h>

typedef struct
{
  gboolean stuff;         /* double leading dots (DATA; not for BDAT) */
  gboolean at_line_start; /* the next octet starts a line */
  gboolean after_cr;      /* the last octet read was a CR */
} SoWire;

void so_wire_init (SoWire *wire, gboolean stuff);

/* Encodes as much of in as fits: *in_used octets were read, the result says how many
 * were written to out (out_size at least 4). */
gsize so_wire_encode (SoWire *wire, const char *in, gsize in_length, gsize *in_used, char *out,
                      gsize out_size);

/* What must follow the last octet: "" or the missing line end.  At most 2 octets. */
gsize so_wire_finish (SoWire *wire, char *out);

#define SO_WIRE_LINE_MAX 998 /* octets without CRLF: RFC 5321 4.5.3.1.6, RFC 5322 2.1.1 */

typedef struct
{
  guint64 size;    /* canonical octets, without dot-stuffing */
  guint64 stuffed; /* the same with it, without the final ".CRLF" */
  gboolean eight_bit;    /* octets over 127 behind the first empty line */
  gboolean utf8_headers; /* and before it */
  gsize longest_line; /* octets without CRLF */
  gboolean long_lines; /* one behind the first empty line is over SO_WIRE_LINE_MAX, or ends with a bare CR,
                        * which in what is no text is no line end */
} SoWireMeasure;

typedef struct SoWireMeter SoWireMeter;
SoWireMeter *so_wire_meter_new (void);
void so_wire_meter_feed (SoWireMeter *meter, const char *bytes, gsize length);
/* Frees the meter. */
SoWireMeasure so_wire_meter_end (SoWireMeter *meter);
