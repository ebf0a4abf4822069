/*
 * notice.h - tells by the account's on-failure command of an entry that has failed, and on the
 * desktop (notify.h).
 *
 * Gathered while a pass goes on and sent at its end, so that no session waits for a command.  At
 * most once: a runner that dies between has still left the entry in its state, where `outbox
 * list` shows it.
 */
#pragma once

#include "sendoff/account.h"
#include "sendoff/entry.h"
#include "sendoff/observer.h"

#define SO_NOTICE_TIMEOUT 30 /* seconds a command gets; ours */

/* notices: of what is to be sent, made by so_notice_list(). */
GPtrArray *so_notice_list (void);
/* Of an entry that has failed: who has not got it, and why, stands in its log. */
void so_notice_add (GPtrArray *notices, const SoAccount *account, const SoEntry *entry);

/* Runs the commands, each with a message on its standard input; one that fails is told of
 * through the observer.  Empties the list.  attended: a person is told already, so the desktop is not. */
void so_notice_send (GPtrArray *notices, const SoObserver *observer, gboolean attended);
