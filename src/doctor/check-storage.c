/*
 * check-storage.c - is there room in the account's mailbox?  A full one neither sends nor receives.
 */
#include "config.h"

#include "sendoff/i18n.h"
#include "sendoff/size-text.h"

#include "checkup.h"

#define LOW_PERCENT 80

void
so_check_storage (SoCheckup *checkup, SoCheckResult *result)
{
  if (!checkup->has_quota || checkup->quota_limit == 0)
    {
      so_check_set (result, SO_CHECK_SKIPPED, "unknown", "",
                    _ ("how full the storage is could not be told"));
      return;
    }
  double percent = 100.0 * (double)checkup->quota_used / (double)checkup->quota_limit;
  g_autofree char *used = so_size_format (checkup->quota_used);
  g_autofree char *limit = so_size_format (checkup->quota_limit);
  const char *page = checkup->account->storage_page;
  g_autofree char *remedy
      = *page != '\0' ? g_strdup_printf (_ ("free some space or enlarge the storage: %s"), page)
                      : g_strdup (_ ("free some space or enlarge the storage"));
  so_check_add_fact (result, "percent", "%.0f", percent);
  so_check_add_fact (result, "used", "%s", used);
  so_check_add_fact (result, "limit", "%s", limit);
  if (percent >= 99.95)
    so_check_set (result, SO_CHECK_FAIL, "full", remedy, _ ("the storage is full: %s of %s"), used,
                  limit);
  else if (percent >= LOW_PERCENT)
    so_check_set (result, SO_CHECK_WARN, "low", remedy,
                  _ ("the storage is %.0f %% full: %s of %s"), percent, used, limit);
  else
    so_check_set (result, SO_CHECK_OK, "", "", _ ("the storage is %.0f %% full: %s of %s"),
                  percent, used, limit);
}
