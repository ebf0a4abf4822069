/*
 * watch-claim.h - whether somebody stays with the outbox (retry --watch).
 *
 * The file `watched` is locked by who watches, so it says so for as long as that one lives.
 */
#pragma once

#include "sendoff/outbox.h"

/* A descriptor that holds the claim, to be closed; -1 where there is another one already, or no locks:
 * that keeps nobody from watching. */
int so_outbox_claim_watch (SoOutbox *outbox);

gboolean so_outbox_is_watched (SoOutbox *outbox);
