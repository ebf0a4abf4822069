/*
 * out.h - the octets of a message being written, gathered for a sink, or only counted.
 *
 * The same code writes a message and computes its size: without a sink nothing is kept and
 * so_out_skip() stands in for a body whose size is known.  The first error stays; later
 * writes do nothing, so a writer need look only once, at the end.
 */
#pragma once

#include "sendoff/byte-sink.h"

typedef struct SoOut SoOut;

#define SO_OUT_BUFFER (128 * 1024) /* octets so_out_reserve() can give at once */

SoOut *so_out_new (SoByteSink sink, gpointer data); /* NULL: count only */
void so_out_free (SoOut *out);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoOut, so_out_free)

gboolean so_out_counts_only (const SoOut *out);
void so_out_write (SoOut *out, const char *bytes, gsize length);
void so_out_text (SoOut *out, const char *text);

/* Room for length (at most SO_OUT_BUFFER) octets, to be filled and committed. */
char *so_out_reserve (SoOut *out, gsize length);
void so_out_commit (SoOut *out, gsize length);

/* Counts octets that are not written; only when counting. */
void so_out_skip (SoOut *out, guint64 length);

guint64 so_out_total (const SoOut *out);

/* Something outside has gone wrong; takes the error, the first one stays. */
void so_out_fail (SoOut *out, GError *error);
gboolean so_out_is_well (const SoOut *out);

/* Everything so far is with the sink. */
gboolean so_out_flush (SoOut *out, GError **error);
