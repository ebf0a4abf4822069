/*
 * checkup.h - what the checks of one run share.
 *
 * Everything in it is its own copy, for a check that is left behind when time is over may still
 * look at it.  Written before the checks start, or by one check and read by those that come after
 * it (needs, after).
 */
#pragma once

#include "sendoff/account-state.h"
#include "sendoff/check.h"
#include "sendoff/config.h"
#include "sendoff/credential.h"
#include "sendoff/deadline.h"
#include "sendoff/doctor.h"
#include "sendoff/observer.h"
#include "sendoff/smtp.h"

#include "route.h"

/* One session with the server of mail, from DNS to AUTH and what may be asked after it. */
typedef struct
{
  gboolean begun; /* TCP came through */
  SoPhase phase;  /* the last one begun */
  gboolean has_tls;
  SoTlsInfo tls;
  SoVerdict *trouble; /* NULL: none */
  GError *problem;    /* NULL: it was open to the end */
  gboolean logged_in;
  gboolean asked_secret; /* AUTH was about to be sent */
  gboolean has_secret;
  SoPasswordShape shape;
  GError *secret_problem;
  guint64 size;      /* announced; 0 none */
  SoVerdict *sender; /* the answer to MAIL and RCPT; NULL: not asked */
  gint64 elapsed_us;
  GPtrArray *lines; /* of the conversation */
} SoTalk;

struct SoCheckup
{
  SoAccount *account; /* the configured one, or a guess */
  SoAccount *preset; /* as its provider publishes it; NULL unknown */
  char **accounts;   /* configured names; NULL: the configuration could not be read */
  char **presets;    /* names that do as an account with an address of theirs */
  gboolean is_guess;
  GError *config_problem;
  char **control_hosts;      /* answer on 443 when the network is well */
  char **control_mail_hosts; /* servers of mail of others */
  char *captive_portal;
  SoReplyBook *book;
  char *recipient;
  gboolean try_password, may_prompt;
  int stop_fd; /* readable: stop waiting */
  SoOutbox *outbox; /* NULL: there is none, or outbox_problem; used by outbox, schedule, recipient */
  char *outbox_path;
  GError *outbox_problem;
  SoAccountHold *hold; /* of the account; NULL none */
  SoRoute route;       /* how packets leave this machine */

  gboolean keyring_failed; /* by keyring: no need to ask again */
  gint64 clock_off;        /* by network: s this machine is ahead of the server's Date */
  gboolean knows_clock;
  guint n_waiting;     /* by outbox */
  char *mail_local;    /* by ports: our address towards the server of mail; "" */
  SoTalk talk;         /* by tls */
  gboolean has_quota;  /* by receive */
  guint64 quota_used, quota_limit;
  GPtrArray *refusals; /* by outbox: of char *, what servers said of the recipient asked about */
};

SoCheckup *so_checkup_new (const SoDoctorOptions *options, GError **error);
SoCheckup *so_checkup_ref (SoCheckup *checkup);
void so_checkup_unref (SoCheckup *checkup);

/* A deadline for all waiting of a check together. */
void so_checkup_deadline (const SoCheckup *checkup, guint seconds, SoDeadline *deadline);

/* Runs the session; called once, by tls. */
void so_checkup_talk (SoCheckup *checkup);
void so_talk_clear (SoTalk *talk);

/* The same machine of somebody without a network: a server on this machine. */
gboolean so_checkup_is_loopback (const SoCheckup *checkup);

void so_check_config (SoCheckup *checkup, SoCheckResult *result);
void so_check_keyring (SoCheckup *checkup, SoCheckResult *result);
void so_check_network (SoCheckup *checkup, SoCheckResult *result);
void so_check_dns (SoCheckup *checkup, SoCheckResult *result);
void so_check_ports (SoCheckup *checkup, SoCheckResult *result);
void so_check_tls (SoCheckup *checkup, SoCheckResult *result);
void so_check_auth (SoCheckup *checkup, SoCheckResult *result);
void so_check_sender (SoCheckup *checkup, SoCheckResult *result);
void so_check_size (SoCheckup *checkup, SoCheckResult *result);
void so_check_receive (SoCheckup *checkup, SoCheckResult *result);
void so_check_storage (SoCheckup *checkup, SoCheckResult *result);
void so_check_outbox (SoCheckup *checkup, SoCheckResult *result);
void so_check_schedule (SoCheckup *checkup, SoCheckResult *result);
void so_check_status (SoCheckup *checkup, SoCheckResult *result);
void so_check_recipient (SoCheckup *checkup, SoCheckResult *result);
