/*
 * cause-book.h - config/causes.conf: rules from what the checks found to a cause.
 */
#pragma once

#include "sendoff/check.h"
#include "sendoff/doctor.h"

/* Other ways meanwhile that a rule may name. */
typedef enum
{
  SO_WAY_PORT = 1 << 0,
  SO_WAY_NETWORK = 1 << 1,
  SO_WAY_ACCOUNT = 1 << 2,
  SO_WAY_WAIT = 1 << 3
} SoWay;

typedef struct
{
  char *cause;
  GPtrArray *when;   /* conditions */
  GPtrArray *unless; /* the same */
  SoConfidence confidence;
  int exit_status;
  char *meaning, *first, *second; /* English: the msgid; "" */
  guint others;                   /* of SoWay */
} SoCauseRule;

typedef struct SoCauseBook SoCauseBook;

/* Errors are SO_ERROR_CONFIG and name file, line and key. */
SoCauseBook *so_cause_book_parse (const char *text, const char *origin, GError **error);
void so_cause_book_free (SoCauseBook *book);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SoCauseBook, so_cause_book_free)

/* Those that hold, in the order of the book; of const SoCauseRule, owned by the book. */
GPtrArray *so_cause_book_match (const SoCauseBook *book, const GPtrArray *results);

/* The results that the rule's conditions speak of, in their order; the array is the caller's. */
GPtrArray *so_cause_rule_evidence (const SoCauseRule *rule, const GPtrArray *results);
