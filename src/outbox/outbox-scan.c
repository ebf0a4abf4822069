/*
 * outbox-scan.c - looking through the outbox by names alone.
 *
 * A pass over many entries of which none is due costs one readdir() and nothing else; only
 * when something is due is the rest looked at for a second file of the same id.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outbox-private.h"
#include "sendoff/budget.h"
#include "sendoff/durable.h"
#include "sendoff/error.h"
#include "sendoff/i18n.h"

struct SoOutboxScan
{
  SoOutbox *outbox;
  DIR *dir;
  guint foreign;
};

SoOutboxScan *
so_outbox_scan (SoOutbox *outbox, GError **error)
{
  int fd = openat (outbox->entries, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL)
    {
      so_durable_error (error, errno, "%s/entries", outbox->path);
      return NULL;
    }
  SoOutboxScan *scan = g_new0 (SoOutboxScan, 1);
  scan->outbox = outbox;
  scan->dir = dir;
  return scan;
}

/* Names with a dot in front are the system's (NFS's .nfs…) or an editor's: none of our business. */
gboolean
so_outbox_scan_next (SoOutboxScan *scan, SoEntryName *name, GError **error)
{
  const struct dirent *found;
  while (errno = 0, (found = readdir (scan->dir)) != NULL)
    {
      if (found->d_name[0] == '.')
        continue;
      if (so_entry_name_parse (found->d_name, name))
        return TRUE;
      scan->foreign++;
    }
  if (errno != 0)
    so_durable_error (error, errno, "%s/entries", scan->outbox->path);
  else
    scan->outbox->n_foreign = (int)scan->foreign;
  return FALSE;
}

guint
so_outbox_scan_foreign (const SoOutboxScan *scan)
{
  return scan->foreign;
}

void
so_outbox_scan_free (SoOutboxScan *scan)
{
  if (scan == NULL)
    return;
  closedir (scan->dir);
  g_free (scan);
}

static gboolean
waits (const SoEntryName *name)
{
  return name->state == SO_ENTRY_QUEUED || name->state == SO_ENTRY_UNCERTAIN
         || name->state == SO_ENTRY_SENT;
}

static void
sort_in (SoOutboxPass *pass, const SoEntryName *name, gint64 now, gint64 horizon)
{
  pass->n[name->state]++;
  /* A reason to wait (the sender's budget) may reach a day ahead. */
  if (name->reason[0] != '\0')
    horizon += SO_BUDGET_WINDOW;
  gboolean due = name->state == SO_ENTRY_SENDING
                 || (waits (name) && (name->stamp <= now || name->stamp > now + horizon));
  if (due)
    g_array_append_val (pass->due, *name);
  else if (waits (name))
    pass->next = MIN (pass->next, name->stamp);
}

/* Half the id: who shares it is looked at more closely. */
static guint64
short_id (const SoEntryName *name)
{
  guint64 value;
  memcpy (&value, name->id, sizeof value);
  return value;
}

static gint
by_value (gconstpointer a, gconstpointer b)
{
  const guint64 *x = a, *y = b;
  return *x < *y ? -1 : *x > *y;
}

static gboolean
any_twice (GArray *ids)
{
  g_array_sort (ids, by_value);
  for (guint i = 1; i < ids->len; i++)
    if (g_array_index (ids, guint64, i) == g_array_index (ids, guint64, i - 1))
      return TRUE;
  return FALSE;
}

static SoOutboxPass *
look_through (SoOutbox *outbox, gint64 now, gint64 horizon, gboolean *twice, GError **error)
{
  g_autoptr (SoOutboxScan) scan = so_outbox_scan (outbox, error);
  if (scan == NULL)
    return NULL;
  g_autoptr (SoOutboxPass) pass = g_new0 (SoOutboxPass, 1);
  pass->due = g_array_new (FALSE, FALSE, sizeof (SoEntryName));
  pass->next = G_MAXINT64;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_autoptr (GError) problem = NULL;
  SoEntryName name;
  while (so_outbox_scan_next (scan, &name, &problem))
    {
      guint64 id = short_id (&name);
      g_array_append_val (ids, id);
      sort_in (pass, &name, now, horizon);
    }
  if (problem != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
  *twice = pass->due->len > 0 && any_twice (ids);
  g_array_sort (pass->due, so_entry_name_compare);
  return g_steal_pointer (&pass);
}

SoOutboxPass *
so_outbox_pass (SoOutbox *outbox, gint64 now, gint64 horizon, GError **error)
{
  gboolean twice;
  SoOutboxPass *pass = look_through (outbox, now, horizon, &twice, error);
  if (pass == NULL || !twice || !so_outbox_part_twins (outbox))
    return pass;
  so_outbox_pass_free (pass);
  return look_through (outbox, now, horizon, &twice, error);
}

void
so_outbox_pass_free (SoOutboxPass *pass)
{
  if (pass == NULL)
    return;
  if (pass->due != NULL)
    g_array_unref (pass->due);
  g_free (pass);
}

static gboolean
judge_matches (const char *prefix, const GString *matches, guint n, GError **error)
{
  if (n == 0)
    so_error_set (error, SO_ERROR_NO_INPUT, _ ("“sendoff outbox list” shows what there is"),
                  _ ("no entry of the outbox begins with “%s”"), prefix);
  else if (n > 1)
    so_error_set (error, SO_ERROR_USAGE, _ ("give more of the id"),
                  _ ("several entries of the outbox begin with “%s”:%s"), prefix, matches->str);
  return n == 1;
}

gboolean
so_outbox_find (SoOutbox *outbox, const char *prefix, SoEntryName *name, GError **error)
{
  g_autoptr (SoOutboxScan) scan = so_outbox_scan (outbox, error);
  if (scan == NULL)
    return FALSE;
  g_autoptr (GString) matches = g_string_new ("");
  g_autoptr (GError) problem = NULL;
  guint n = 0;
  SoEntryName found;
  while (so_outbox_scan_next (scan, &found, &problem))
    if (prefix[0] != '\0' && g_str_has_prefix (found.id, prefix))
      {
        *name = found;
        if (n++ < 5)
          g_string_append_printf (matches, " %s", found.id);
      }
  if (problem == NULL)
    return judge_matches (prefix, matches, n, error);
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}
