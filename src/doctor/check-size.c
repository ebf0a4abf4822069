/*
 * check-size.c - how large may a message be, by the server's own word?
 */
#include "config.h"

#include "sendoff/i18n.h"
#include "sendoff/size-text.h"

#include "checkup.h"

void
so_check_size (SoCheckup *checkup, SoCheckResult *result)
{
  const SoTalk *talk = &checkup->talk;
  guint64 known = checkup->account->wire_limit;
  g_autofree char *announced = so_size_format (talk->size);
  g_autofree char *expected = so_size_format (known);
  if (talk->size > 0)
    so_check_add_fact (result, "size", "%" G_GUINT64_FORMAT, talk->size);
  if (talk->problem != NULL && !talk->logged_in)
    so_check_set (result, SO_CHECK_SKIPPED, "", "", _ ("not asked: nobody was logged in"));
  else if (talk->size == 0)
    so_check_set (result, SO_CHECK_OK, "", "", _ ("the server names no limit"));
  else if (known != 0 && talk->size < known)
    so_check_set (result, SO_CHECK_WARN, "smaller",
                  _ ("send large files as links: “sendoff send --link”"),
                  _ ("the server takes messages of up to %s, less than the usual %s"), announced,
                  expected);
  else
    so_check_set (result, SO_CHECK_OK, "", "", _ ("the server takes messages of up to %s"),
                  announced);
}
