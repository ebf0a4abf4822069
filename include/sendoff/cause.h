/*
 * cause.h - the causes a verdict can have, in words for a person.
 *
 * The ids stand in files and JSON and are never translated; config/replies.conf may bring
 * ids of its own, which have no words here.
 */
#pragma once

#include <glib.h>

/* One translated sentence on what it means ("the recipient's mailbox is full"), without
 * capital and full stop; "" for an unknown id.  Static. */
const char *so_cause_explain (const char *cause);

/* One translated sentence on what to do; "" where nothing is to be done but wait, and for
 * an unknown id.  Static. */
const char *so_cause_remedy (const char *cause);
