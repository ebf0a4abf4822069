/*
 * edit-distance.c - optimal string alignment with three rows of the usual matrix.
 */
#include "config.h"

#include <string.h>

#include "sendoff/edit-distance.h"

guint
so_edit_distance (const char *a, const char *b)
{
  gsize la = strlen (a), lb = strlen (b);
  if (la > SO_EDIT_MAX || lb > SO_EDIT_MAX)
    return G_MAXUINT;

  guint rows[3][SO_EDIT_MAX + 1];
  for (guint j = 0; j <= lb; j++)
    rows[0][j] = j;
  for (guint i = 1; i <= la; i++)
    {
      const guint *before = rows[(i + 1) % 3], *last = rows[(i + 2) % 3];
      guint *row = rows[i % 3];
      row[0] = i;
      for (guint j = 1; j <= lb; j++)
        {
          guint replaced = last[j - 1] + (a[i - 1] != b[j - 1] ? 1 : 0);
          row[j] = MIN (MIN (last[j], row[j - 1]) + 1, replaced);
          if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            row[j] = MIN (row[j], before[j - 2] + 1);
        }
    }
  return rows[la % 3][lb];
}
