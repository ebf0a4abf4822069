/*
 * check-outbox.c - what waits, what got stuck, and whether the outbox can take more.
 *
 * Entries are looked at, never locked.  What needs a person most is told first.
 */
#include "config.h"

#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "sendoff/address.h"
#include "sendoff/clock.h"
#include "sendoff/entry.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

#include "checkup.h"

#define ENTRIES_MAX 500         /* read in full; all are counted */
#define OVERDUE 3600            /* s */
#define MANY_ATTEMPTS 3
#define FULL_OCTETS (1 << 20)
#define LOW_OCTETS (50 << 20)

/* What is wrong with an entry; the first ones need a person most. */
typedef enum
{
  TROUBLE_OVERSIZED,
  TROUBLE_SENDER,
  TROUBLE_ACCOUNT,
  TROUBLE_TYPO,
  TROUBLE_REFUSED,
  TROUBLE_EXPIRED,
  TROUBLE_UNCERTAIN,
  TROUBLE_STUCK,
  TROUBLES
} Trouble;

static const struct
{
  const char *code;
  SoCheckStatus status;
  const char *meaning; /* N_(); %u: how many */
  const char *remedy;  /* N_(); %s: the first one's id */
} troubles[TROUBLES] = {
  { "oversized", SO_CHECK_FAIL, N_ ("too large to be sent: %u in the outbox"),
    N_ ("replace an attachment by a link: “sendoff outbox edit %s --link”") },
  { "sender", SO_CHECK_FAIL, N_ ("held, because the sender is not the account's: %u"),
    N_ ("“sendoff outbox edit %s” changes it") },
  { "account-gone", SO_CHECK_FAIL,
    N_ ("their account is not configured any more: %u in the outbox"),
    N_ ("“sendoff outbox edit %s --account NAME” moves it to another account") },
  { "typo", SO_CHECK_WARN, N_ ("a recipient's address looks misspelt: %u in the outbox"),
    N_ ("“sendoff outbox show %s” shows it, “sendoff outbox edit” corrects it") },
  { "refused", SO_CHECK_WARN, N_ ("refused for good and still in the outbox: %u"),
    N_ ("“sendoff outbox show %s” tells why; edit it or remove it") },
  { "expired", SO_CHECK_WARN, N_ ("tried for too long and given up: %u in the outbox"),
    N_ ("“sendoff outbox release %s” tries again") },
  { "uncertain", SO_CHECK_WARN, N_ ("may have arrived or not: %u in the outbox"),
    N_ ("ask the recipient; “sendoff outbox show %s” tells more") },
  { "stuck", SO_CHECK_WARN, N_ ("waiting for long: %u in the outbox"),
    N_ ("“sendoff retry --now” tries, “sendoff outbox show %s” tells why") },
};

typedef struct
{
  SoCheckup *checkup;
  gint64 now;
  guint n[SO_ENTRY_STATES];
  guint n_trouble[TROUBLES];
  char first[TROUBLES][SO_ENTRY_ID_LENGTH + 1];
  guint n_read;
} Survey;

static void
count (Survey *survey, Trouble trouble, const char *id)
{
  if (survey->n_trouble[trouble]++ == 0)
    g_strlcpy (survey->first[trouble], id, sizeof survey->first[trouble]);
}

static gboolean
has_typo (const SoEntry *entry)
{
  const GPtrArray *recipients = so_entry_envelope (entry)->submission->recipients;
  for (guint i = 0; i < recipients->len; i++)
    {
      const SoRecipient *recipient = g_ptr_array_index (recipients, i);
      if (*so_address_likely_domain (so_address_domain (recipient->address)) != '\0')
        return TRUE;
    }
  return FALSE;
}

/* What the server said of the recipient asked about. */
static void
note_refusal (const Survey *survey, const SoEntry *entry)
{
  const char *address = survey->checkup->recipient;
  const SoVerdict *verdict
      = *address != '\0' ? so_attempt_log_verdict (so_entry_log (entry), address) : NULL;
  if (verdict != NULL && verdict->outcome == SO_OUTCOME_REJECTED)
    g_ptr_array_add (survey->checkup->refusals, so_verdict_words (verdict));
}

/* What the next pass would hold for it: the configuration knows neither an account nor, with the
 * sender's address, a preset of that name. */
static gboolean
is_orphan (const SoCheckup *checkup, const SoEntry *entry)
{
  const SoEnvelope *envelope = so_entry_envelope (entry);
  SoEntryState state = so_entry_name (entry)->state;
  if (checkup->accounts == NULL || (state != SO_ENTRY_QUEUED && state != SO_ENTRY_UNCERTAIN))
    return FALSE;
  if (g_strv_contains ((const char *const *)checkup->accounts, envelope->account))
    return FALSE;
  return *envelope->submission->sender == '\0'
         || !g_strv_contains ((const char *const *)checkup->presets, envelope->account);
}

static void
examine (Survey *survey, const SoEntry *entry)
{
  const SoEntryName *name = so_entry_name (entry);
  const SoAccount *account = survey->checkup->account;
  const SoEnvelope *envelope = so_entry_envelope (entry);
  guint64 limit = account->wire_limit;
  gboolean waits = name->state == SO_ENTRY_QUEUED;
  gboolean own = strcmp (envelope->account, account->name) == 0;
  note_refusal (survey, entry);
  if (has_typo (entry))
    count (survey, TROUBLE_TYPO, name->id);
  if (is_orphan (survey->checkup, entry))
    count (survey, TROUBLE_ACCOUNT, name->id);
  else if (waits && own && limit != 0 && envelope->submission->wire_size > limit)
    count (survey, TROUBLE_OVERSIZED, name->id);
  else if (waits && so_entry_log (entry)->n_attempts >= MANY_ATTEMPTS
           && envelope->created + OVERDUE < survey->now)
    count (survey, TROUBLE_STUCK, name->id);
  else if (waits && name->stamp + OVERDUE < survey->now)
    count (survey, TROUBLE_STUCK, name->id);
}

/* What the name alone tells. */
static void
judge_name (Survey *survey, const SoEntryName *name)
{
  static const struct
  {
    const char *reason;
    Trouble trouble;
  } told[] = {
    { SO_REASON_SIZE, TROUBLE_OVERSIZED },   { SO_REASON_SENDER, TROUBLE_SENDER },
    { SO_REASON_ACCOUNT, TROUBLE_ACCOUNT },  { SO_REASON_REFUSED, TROUBLE_REFUSED },
    { SO_REASON_EXPIRED, TROUBLE_EXPIRED },  { SO_REASON_UNCERTAIN, TROUBLE_UNCERTAIN },
  };
  survey->n[name->state]++;
  for (gsize i = 0; i < G_N_ELEMENTS (told); i++)
    if (strcmp (name->reason, told[i].reason) == 0)
      count (survey, told[i].trouble, name->id);
  if (name->state == SO_ENTRY_UNCERTAIN)
    count (survey, TROUBLE_UNCERTAIN, name->id);
}

static gboolean
survey_all (Survey *survey, GError **error)
{
  SoOutbox *outbox = survey->checkup->outbox;
  g_autoptr (SoOutboxScan) scan = so_outbox_scan (outbox, error);
  g_autoptr (GError) problem = NULL;
  SoEntryName name;
  if (scan == NULL)
    return FALSE;
  while (so_outbox_scan_next (scan, &name, &problem))
    {
      judge_name (survey, &name);
      g_autoptr (SoEntry) entry = NULL;
      if (survey->n_read++ < ENTRIES_MAX
          && so_outbox_peek (outbox, &name, &entry, NULL) == SO_LOCK_DONE)
        examine (survey, entry);
    }
  if (problem == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

/* The folder, or what of the path to it is there. */
static char *
nearest_folder (const char *path)
{
  char *folder = g_strdup (path);
  while (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    {
      char *above = g_path_get_dirname (folder);
      g_free (folder);
      folder = above;
      if (strcmp (folder, "/") == 0 || strcmp (folder, ".") == 0)
        break;
    }
  return folder;
}

/* Can it take a message?  Says so where it cannot. */
static gboolean
has_room (const SoCheckup *checkup, SoCheckResult *result)
{
  g_autofree char *folder = nearest_folder (checkup->outbox_path);
  struct statvfs fs;
  if (access (folder, W_OK | X_OK) != 0)
    {
      so_check_set (result, SO_CHECK_FAIL, "unusable",
                    _ ("make the folder yours and writable, or set “outbox” in the configuration"),
                    _ ("the outbox cannot be written: %s"), folder);
      return FALSE;
    }
  if (statvfs (folder, &fs) != 0)
    return TRUE;
  guint64 left = (guint64)fs.f_bavail * fs.f_frsize;
  gboolean no_inodes = fs.f_files > 0 && fs.f_favail == 0;
  so_check_add_fact (result, "free", "%" G_GUINT64_FORMAT, left);
  if (left >= FULL_OCTETS && !no_inodes)
    return TRUE;
  so_check_set (result, SO_CHECK_FAIL, "disk-full", _ ("delete what is not needed any more"),
                _ ("the disk is full, so nothing can be put into the outbox (%s)"), folder);
  return FALSE;
}

static gboolean
is_low (const SoCheckResult *result)
{
  const char *left = so_check_fact (result, "free");
  return *left != '\0' && g_ascii_strtoull (left, NULL, 10) < LOW_OCTETS;
}

static void
say_trouble (const Survey *survey, Trouble trouble, SoCheckResult *result)
{
  /* The table above has one place to be filled in each. */
  g_autofree char *number = g_strdup_printf ("%u", survey->n_trouble[trouble]);
  g_autoptr (GString) meaning = g_string_new (_ (troubles[trouble].meaning));
  g_autoptr (GString) remedy = g_string_new (_ (troubles[trouble].remedy));
  g_string_replace (meaning, "%u", number, 1);
  g_string_replace (remedy, "%s", survey->first[trouble], 1);
  so_check_add_fact (result, "id", "%s", survey->first[trouble]);
  so_check_add_fact (result, "count", "%s", number);
  so_check_set (result, troubles[trouble].status, troubles[trouble].code, remedy->str, "%s",
                meaning->str);
}

static void
say_survey (const Survey *survey, SoCheckResult *result)
{
  guint waiting = survey->n[SO_ENTRY_QUEUED] + survey->n[SO_ENTRY_SENDING]
                  + survey->n[SO_ENTRY_UNCERTAIN];
  guint held = survey->n[SO_ENTRY_HELD];
  so_check_add_fact (result, "waiting", "%u", waiting);
  so_check_add_fact (result, "held", "%u", held);
  so_check_add_fact (result, "failed", "%u", survey->n[SO_ENTRY_FAILED]);
  for (int i = 0; i < TROUBLES; i++)
    if (survey->n_trouble[i] > 0)
      {
        say_trouble (survey, (Trouble)i, result);
        return;
      }
  if (is_low (result))
    so_check_set (result, SO_CHECK_WARN, "disk-low", _ ("delete what is not needed any more"),
                  _ ("the disk is nearly full"));
  else if (waiting + held > 0)
    so_check_set (result, SO_CHECK_OK, "", "", _ ("%u waiting, %u held"), waiting, held);
  else
    so_check_set (result, SO_CHECK_OK, "", "", _ ("nothing waits"));
}

/* The provider's limit makes the account rest: a hold without a mistake. */
static void
say_hold (const SoCheckup *checkup, SoCheckResult *result)
{
  const SoAccountHold *hold = checkup->hold;
  if (hold == NULL || hold->reason != SO_HOLD_LIMIT
      || hold->until < so_clock_wall_us () / G_USEC_PER_SEC)
    return;
  so_check_add_fact (result, "words", "%s", hold->text);
  so_check_set (result, SO_CHECK_WARN, "daily-limit", _ ("what waits goes by itself"),
                _ ("the account waits until the provider's limit is over: %s"), hold->text);
}

void
so_check_outbox (SoCheckup *checkup, SoCheckResult *result)
{
  Survey survey = { .checkup = checkup, .now = so_clock_wall_us () / G_USEC_PER_SEC };
  g_autoptr (GError) problem = NULL;
  gboolean surveyed = checkup->outbox != NULL && survey_all (&survey, &problem);
  checkup->n_waiting = survey.n[SO_ENTRY_QUEUED] + survey.n[SO_ENTRY_UNCERTAIN];
  if (checkup->outbox_problem != NULL)
    problem = g_error_copy (checkup->outbox_problem);
  if (!has_room (checkup, result))
    return;
  if (problem != NULL)
    so_check_set (result, SO_CHECK_FAIL, "unusable", so_error_remedy (problem), "%s",
                  problem->message);
  else if (surveyed)
    {
      say_survey (&survey, result);
      say_hold (checkup, result);
    }
  else
    so_check_set (result, SO_CHECK_OK, "", "", _ ("nothing waits"));
}
