/*
 * secret-text.h - a password or token in memory that is wiped.
 *
 * The bytes live in a locked page where the system allows it and are overwritten when
 * freed.  Nothing prints one; -v traces mask the AUTH exchange instead.
 */
#pragma once

#include <glib.h>

typedef struct SoSecret SoSecret;

/* Copies length bytes (-1: NUL-terminated); the copy is NUL-terminated. */
SoSecret *so_secret_new (const char *bytes, gssize length);
const char *so_secret_peek (const SoSecret *secret);
gsize so_secret_length (const SoSecret *secret);
void so_secret_free (SoSecret *secret);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoSecret, so_secret_free)

/* text with "****" in its place, for a server may repeat what it was told; NULL for secret: as it
 * is.  Owned by the caller. */
char *so_secret_strike_out (const SoSecret *secret, const char *text);

/* Overwrites memory in a way the compiler keeps. */
void so_secret_wipe (void *bytes, gsize length);

/* No core dumps and no ptrace by the same user (PR_SET_DUMPABLE 0, RLIMIT_CORE 0). */
void so_secret_protect_process (void);
