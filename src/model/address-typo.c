/*
 * address-typo.c - a domain that looks like a slip of a well-known one.
 *
 * A false alarm is worse than a miss: a domain that exists and takes mail is never
 * "corrected", so real neighbours of the famous names stand in the list too, names of
 * few letters are no targets (me.com, aol.com and gol.com are all real), and the first
 * letter must be right or swapped with the second.
 */
#include "config.h"

#include <string.h>

#include "sendoff/address.h"
#include "sendoff/edit-distance.h"

#define TARGET_LETTERS 5    /* of the longest label: shorter names have real neighbours */
#define TWO_SLIPS_LETTERS 7 /* and from here on two slips may be one typo */

/* Mail domains people have; for ties the earlier wins.  Those of other countries (yahoo.fr,
 * hotmail.co.uk) need not stand here: they are too far from these to be taken for one. */
static const char *const well_known[] = {
  "icloud.com",     "gmail.com",     "yahoo.co.jp",     "docomo.ne.jp",   "ezweb.ne.jp",
  "softbank.ne.jp", "i.softbank.jp", "outlook.com",     "outlook.jp",     "hotmail.com",
  "yahoo.com",      "hotmail.co.jp", "live.jp",         "me.com",         "mac.com",
  "au.com",         "uqmobile.jp",   "ymobile.ne.jp",   "yahoo.ne.jp",    "ybb.ne.jp",
  "vodafone.ne.jp", "disney.ne.jp",  "willcom.com",     "rakuten.jp",     "rakumail.jp",
  "nifty.com",      "nifty.ne.jp",   "biglobe.ne.jp",   "ocn.ne.jp",      "so-net.ne.jp",
  "plala.or.jp",    "dion.ne.jp",    "asahi-net.or.jp", "mopera.net",     "spmode.ne.jp",
  "docomo.co.jp",   "nttdocomo.com", "softbank.jp",     "softbank.co.jp", "kddi.com",
  "live.com",       "msn.com",       "aol.com",         "gol.com",        "googlemail.com",
  "google.com",     "fastmail.com",  "fastmail.fm",     "protonmail.com", "proton.me",
  "pm.me",          "zoho.com",      "yandex.com",      "yandex.ru",      "mail.ru",
  "mail.com",       "email.com",     "ymail.com",       "rocketmail.com", "tutanota.com",
  "tuta.io",        "tuta.com",      "hey.com",         "gmx.com",        "gmx.de",
  "gmx.net",        "web.de",        "t-online.de",     "freenet.de",     "posteo.de",
  "mailbox.org",    "orange.fr",     "free.fr",         "laposte.net",    "libero.it",
  "qq.com",         "163.com",       "126.com",         "naver.com",      "hanmail.net",
  "daum.net",       "comcast.net",   "verizon.net",     "att.net",        "sbcglobal.net",
};

static gsize
longest_label (const char *domain)
{
  gsize longest = 0;
  for (const char *p = domain;; p++)
    {
      gsize length = strcspn (p, ".");
      longest = MAX (longest, length);
      p += length;
      if (*p == '\0')
        return longest;
    }
}

static gboolean
starts_alike (const char *a, const char *b)
{
  return a[0] == b[0] || (a[0] == b[1] && a[1] == b[0]);
}

/* The same top-level domain: two slips in the name are a typo, one there and one in the
 * country is another company. */
static gboolean
same_end (const char *a, const char *b)
{
  const char *end_a = strrchr (a, '.'), *end_b = strrchr (b, '.');
  return end_a != NULL && end_b != NULL && strcmp (end_a, end_b) == 0;
}

static gboolean
is_slip_of (const char *domain, const char *target, guint distance)
{
  gsize letters = longest_label (target);
  if (letters < TARGET_LETTERS || !starts_alike (domain, target))
    return FALSE;
  return distance == 1
         || (distance == 2 && letters >= TWO_SLIPS_LETTERS && same_end (domain, target));
}

const char *
so_address_likely_domain (const char *domain)
{
  g_autofree char *lower = g_ascii_strdown (domain, -1);
  const char *likely = "";
  guint best = G_MAXUINT;
  for (gsize i = 0; i < G_N_ELEMENTS (well_known); i++)
    {
      guint distance = so_edit_distance (lower, well_known[i]);
      if (distance == 0)
        return "";
      if (distance < best && is_slip_of (lower, well_known[i], distance))
        {
          best = distance;
          likely = well_known[i];
        }
    }
  return likely;
}
