/*
 * test-address.c - what is an address, what is a slip of the finger, who stands in a list.
 */
#include <string.h>

#include "sendoff/address.h"
#include "sendoff/edit-distance.h"

#define X8 "xxxxxxxx"
#define X64 X8 X8 X8 X8 X8 X8 X8 X8

static void
test_check (void)
{
  static const struct
  {
    const char *address;
    SoAddressVerdict verdict;
  } cases[] = {
    { "me@icloud.com", SO_ADDRESS_OK },
    { "a.b+c!#$%&'*/=?^_`{|}~-@x-1.example", SO_ADDRESS_OK },
    { "root@localhost", SO_ADDRESS_OK },
    { "\"a b\"@example.org", SO_ADDRESS_OK },
    { "\"a\\\"b@c\"@example.org", SO_ADDRESS_OK },
    { "\"\"@example.org", SO_ADDRESS_OK },
    { "a@[192.0.2.1]", SO_ADDRESS_OK },
    { "a@[IPv6:2001:db8::1]", SO_ADDRESS_OK },
    { "a@例え.jp", SO_ADDRESS_OK },
    { "a@bücher.example", SO_ADDRESS_OK },
    { X64 "@example.org", SO_ADDRESS_OK },
    { "太郎@example.jp", SO_ADDRESS_UTF8 },
    { "太郎@例え.jp", SO_ADDRESS_UTF8 },
    { "", SO_ADDRESS_EMPTY },
    { "root", SO_ADDRESS_NO_AT },
    { "me＠icloud.com", SO_ADDRESS_NO_AT },
    { "@example.org", SO_ADDRESS_NO_LOCAL },
    { "@", SO_ADDRESS_NO_LOCAL },
    { "a@", SO_ADDRESS_NO_DOMAIN },
    { ".a@example.org", SO_ADDRESS_BAD_LOCAL },
    { "a.@example.org", SO_ADDRESS_BAD_LOCAL },
    { "a..b@example.org", SO_ADDRESS_BAD_LOCAL },
    { "a b@example.org", SO_ADDRESS_BAD_LOCAL },
    { " a@example.org", SO_ADDRESS_BAD_LOCAL },
    { "a@b@example.org", SO_ADDRESS_BAD_LOCAL },
    { "a,b@example.org", SO_ADDRESS_BAD_LOCAL },
    { "<a@example.org", SO_ADDRESS_BAD_LOCAL },
    { "\"a@example.org", SO_ADDRESS_BAD_LOCAL },
    { "\"a\"b@example.org", SO_ADDRESS_BAD_LOCAL },
    { "\"a\\\"@example.org", SO_ADDRESS_BAD_LOCAL },
    { "a\\b@example.org", SO_ADDRESS_BAD_LOCAL },
    { "a\u3000b@example.org", SO_ADDRESS_BAD_LOCAL },
    { "a\u202eb@example.org", SO_ADDRESS_BAD_LOCAL },
    { "a@example.org.", SO_ADDRESS_BAD_DOMAIN },
    { "a@.example.org", SO_ADDRESS_BAD_DOMAIN },
    { "a@example..org", SO_ADDRESS_BAD_DOMAIN },
    { "a@-example.org", SO_ADDRESS_BAD_DOMAIN },
    { "a@example-.org", SO_ADDRESS_BAD_DOMAIN },
    { "a@exam_ple.org", SO_ADDRESS_BAD_DOMAIN },
    { "a@example.org ", SO_ADDRESS_BAD_DOMAIN },
    { "a@example.org>", SO_ADDRESS_BAD_DOMAIN },
    { "a@[192.0.2.1", SO_ADDRESS_BAD_DOMAIN },
    { "a@[192.0.2.256]", SO_ADDRESS_BAD_DOMAIN },
    { "a@[2001:db8::1]", SO_ADDRESS_BAD_DOMAIN },
    { "a@[]", SO_ADDRESS_BAD_DOMAIN },
    { "a@例え。jp", SO_ADDRESS_BAD_DOMAIN },
    { "a@例え\u3000.jp", SO_ADDRESS_BAD_DOMAIN },
    { "a@" X64 ".org", SO_ADDRESS_BAD_DOMAIN },
    { X64 "x@example.org", SO_ADDRESS_TOO_LONG },
    { "a\r\nRCPT TO:<b@c>@example.org", SO_ADDRESS_CONTROL },
    { "a@example.org\n", SO_ADDRESS_CONTROL },
    { "a\x7f@example.org", SO_ADDRESS_CONTROL },
    { "a\t@example.org", SO_ADDRESS_CONTROL },
    { "a\xff@example.org", SO_ADDRESS_BAD_UTF8 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%s", cases[i].address);
      g_assert_cmpint (so_address_check (cases[i].address, -1), ==, cases[i].verdict);
      g_assert_cmpstr (so_address_explain (cases[i].verdict), !=, "");
    }
  g_assert_cmpint (so_address_check ("a\0b@c.d", 7), ==, SO_ADDRESS_CONTROL);
  g_assert_cmpint (so_address_check ("a@b.cXXX", 5), ==, SO_ADDRESS_OK);
  g_assert_true (so_address_is_usable (SO_ADDRESS_UTF8));
  g_assert_false (so_address_is_usable (SO_ADDRESS_BAD_SYNTAX));
}

static char *
address_of_length (gsize length)
{
  GString *address = g_string_new ("a@");
  while (address->len < length)
    g_string_append_c (address, address->len % 50 == 49 && address->len + 1 < length ? '.' : 'x');
  return g_string_free (address, FALSE);
}

/* RFC 5321 4.5.3.1.3: a path of 256 octets with its brackets. */
static void
test_length (void)
{
  g_autofree char *longest = address_of_length (254);
  g_autofree char *too_long = address_of_length (255);
  g_assert_cmpint (so_address_check (longest, -1), ==, SO_ADDRESS_OK);
  g_assert_cmpint (so_address_check (too_long, -1), ==, SO_ADDRESS_TOO_LONG);
}

static void
test_domain (void)
{
  g_assert_cmpstr (so_address_domain ("a@b.c"), ==, "b.c");
  g_assert_cmpstr (so_address_domain ("\"a@b\"@c.d"), ==, "c.d");
  g_assert_cmpstr (so_address_domain ("root"), ==, "");
}

static void
test_distance (void)
{
  g_assert_cmpuint (so_edit_distance ("", ""), ==, 0);
  g_assert_cmpuint (so_edit_distance ("abc", ""), ==, 3);
  g_assert_cmpuint (so_edit_distance ("abc", "abc"), ==, 0);
  g_assert_cmpuint (so_edit_distance ("abc", "acb"), ==, 1);
  g_assert_cmpuint (so_edit_distance ("abc", "ab"), ==, 1);
  g_assert_cmpuint (so_edit_distance ("abc", "xabc"), ==, 1);
  g_assert_cmpuint (so_edit_distance ("abc", "axc"), ==, 1);
  g_assert_cmpuint (so_edit_distance ("kitten", "sitting"), ==, 3);
  g_assert_cmpuint (so_edit_distance (X64, X64), ==, 0);
  g_assert_cmpuint (so_edit_distance (X64 "x", "a"), ==, G_MAXUINT);
}

static void
test_typo (void)
{
  static const struct
  {
    const char *domain, *likely;
  } cases[] = {
    { "icluod.com", "icloud.com" },
    { "iclod.com", "icloud.com" },
    { "icloud.co", "icloud.com" },
    { "icloud.con", "icloud.com" },
    { "iCluod.Com", "icloud.com" },
    { "ciloud.com", "icloud.com" },
    { "gmial.com", "gmail.com" },
    { "gmai.com", "gmail.com" },
    { "gmail.cm", "gmail.com" },
    { "gamil.com", "gmail.com" },
    { "gnail.com", "gmail.com" },
    { "gmaill.com", "gmail.com" },
    { "hotmial.com", "hotmail.com" },
    { "hotmailc.om", "hotmail.com" },
    { "outlok.com", "outlook.com" },
    { "otlok.com", "outlook.com" },
    { "yaho.co.jp", "yahoo.co.jp" },
    { "yahoo.co.jo", "yahoo.co.jp" },
    { "docmo.ne.jp", "docomo.ne.jp" },
    { "docomo.ne.jo", "docomo.ne.jp" },
    { "ezewb.ne.jp", "ezweb.ne.jp" },
    { "softbnak.ne.jp", "softbank.ne.jp" },
    { "i.sotfbank.jp", "i.softbank.jp" },
    { "protonmial.com", "protonmail.com" },
    /* right, or real, or too far, or too short to tell */
    { "icloud.com", "" },
    { "ICLOUD.COM", "" },
    { "gmail.com", "" },
    { "mail.com", "" },
    { "email.com", "" },
    { "ymail.com", "" },
    { "me.com", "" },
    { "mac.com", "" },
    { "ms.com", "" },
    { "ne.com", "" },
    { "gol.com", "" },
    { "aol.com", "" },
    { "gmx.com", "" },
    { "hotmail.fr", "" },
    { "yahoo.fr", "" },
    { "yahoo.com", "" },
    { "yahoo.co.uk", "" },
    { "yahoo.com.au", "" },
    { "yahoo.ca", "" },
    { "hotmail.co.uk", "" },
    { "hotmail.ca", "" },
    { "hotmail.de", "" },
    { "outlook.in", "" },
    { "outlook.com.br", "" },
    { "fastmail.org", "" },
    { "gmx.at", "" },
    { "yandex.ua", "" },
    { "outlook.jp", "" },
    { "live.jp", "" },
    { "love.com", "" },
    { "au.com", "" },
    { "softbank.jp", "" },
    { "docomo.co.jp", "" },
    { "example.org", "" },
    { "cloud.com", "" },
    { "hotel.com", "" },
    { "gmailx.org", "" },
    { "localhost", "" },
    { "", "" },
    { "x", "" },
    { "太郎.jp", "" },
    { X64 X64 ".com", "" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%s", cases[i].domain);
      g_assert_cmpstr (so_address_likely_domain (cases[i].domain), ==, cases[i].likely);
    }
}

/* "address/verdict name|…" of a list, so that a case is one line. */
static char *
list_text (const char *value, gssize length)
{
  GString *text = g_string_new (NULL);
  g_autoptr (GPtrArray) list = so_address_list_parse (value, length);
  for (guint i = 0; i < list->len; i++)
    {
      const SoMailbox *mailbox = g_ptr_array_index (list, i);
      g_string_append_printf (text, "%s%s/%d", i > 0 ? "|" : "", mailbox->address,
                              mailbox->verdict);
      if (mailbox->name[0] != '\0')
        g_string_append_printf (text, " %s", mailbox->name);
    }
  return g_string_free (text, FALSE);
}

static void
test_list (void)
{
  G_STATIC_ASSERT (SO_ADDRESS_OK == 0 && SO_ADDRESS_UTF8 == 1 && SO_ADDRESS_EMPTY == 2
                   && SO_ADDRESS_NO_AT == 3 && SO_ADDRESS_BAD_LOCAL == 6
                   && SO_ADDRESS_BAD_DOMAIN == 7 && SO_ADDRESS_CONTROL == 9
                   && SO_ADDRESS_BAD_SYNTAX == 11);
  static const struct
  {
    const char *value, *list;
  } cases[] = {
    { "a@b.c", "a@b.c/0" },
    { " a@b.c \r\n", "a@b.c/0" },
    { "A B <a@b.c>, c@d.e", "a@b.c/0 A B|c@d.e/0" },
    { "J. Smith <a@b.c>", "a@b.c/0 J. Smith" },
    { "\"Smith, J\" <a@b.c>", "a@b.c/0 Smith, J" },
    { "\"a \\\"b\\\"\" <a@b.c>", "a@b.c/0 a \"b\"" },
    { "山田　太郎 <a@b.c>", "a@b.c/0 山田　太郎" },
    { "=?UTF-8?B?5pel?= <a@b.c>", "a@b.c/0 =?UTF-8?B?5pel?=" },
    { "a@b.c (with, comma (and (nested))), d@e.f", "a@b.c/0|d@e.f/0" },
    { "(c) a@b.c", "a@b.c/0" },
    { "X(c)<(d)a@b.c(e)>(f)", "a@b.c/0 X" },
    { "team: a@b.c, X <d@e.f>;, z@y.x", "a@b.c/0|d@e.f/0 X|z@y.x/0" },
    { "undisclosed-recipients:;", "" },
    { "a@b.c,\r\n d@e.f,\n\tg@h.i", "a@b.c/0|d@e.f/0|g@h.i/0" },
    { "a@b.c, ,, d@e.f,", "a@b.c/0|d@e.f/0" },
    { "\"q, @ o\"@b.c", "\"q, @ o\"@b.c/0" },
    { "X <\"q > o\"@b.c>", "\"q > o\"@b.c/0 X" },
    { "<@x,@y:a@b.c>", "a@b.c/0" },
    { "太郎@b.c", "太郎@b.c/1" },
    { "", "" },
    { "  ", "" },
    { "root", "root/3" },
    { "Me <root>, a@b.c", "root/3 Me|a@b.c/0" },
    { "<>", "/2" },
    /* never put together from pieces */
    { "a b@c.d", "a b@c.d/6" },
    { "a @ b.c", "a @ b.c/6" },
    { "a@b.c d@e.f", "a@b.c d@e.f/6" },
    { "a(x)b@c.d", "a b@c.d/6" },
    { "a@b.c;d@e.f", "a@b.c/11|d@e.f/0" },
    { "<a@b.c", "a@b.c/11" },
    { "a@b.c>", "a@b.c>/7" },
    { "X <a@b.c> trailing, d@e.f", "a@b.c/11 X trailing|d@e.f/0" },
    { "<a@b.c> <d@e.f>", "a@b.c d@e.f/11" },
    { "a@b.c (open", "a@b.c/11" },
    { "\"open <a@b.c>", "\"open <a@b.c>/11" },
    { "team: a@b.c, d@e.f", "a@b.c/0|d@e.f/11" },
    { "team: a@b.c", "a@b.c/11" },
    { "team:", "/11" },
    { ": a@b.c;", ": a@b.c/11" },
    { "a@b.c: d@e.f;", "a@b.c: d@e.f/11" },
    { "a@b.c\nBcc: x@y.z", "a@b.c Bcc: x@y.z/11" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%s", cases[i].value);
      g_autofree char *got = list_text (cases[i].value, -1);
      g_strdelimit (got, "\n", ' ');
      g_assert_cmpstr (got, ==, cases[i].list);
    }
  g_autofree char *nul = list_text ("a\0b@c.d", 7);
  g_assert_cmpstr (nul, ==, "a/9");
}

/* Any octets: it ends, stays inside, and what is called usable is. */
static void
test_list_random (void)
{
  static const char alphabet[] = "ab@.,;:<>()\"\\ \r\n\t\xe5\xa4\xaa";
  for (int i = 0; i < 50000; i++)
    {
      gsize n = (gsize)g_test_rand_int_range (0, 24);
      g_autofree char *value = g_malloc (n + 1);
      for (gsize j = 0; j < n; j++)
        value[j] = alphabet[g_test_rand_int_range (0, sizeof alphabet - 1)];
      g_autofree char *exact = g_memdup2 (value, MAX (n, 1));
      g_autoptr (GPtrArray) list = so_address_list_parse (exact, (gssize)n);
      for (guint j = 0; j < list->len; j++)
        {
          const SoMailbox *mailbox = g_ptr_array_index (list, j);
          value[n] = '\0';
          if (so_address_is_usable (mailbox->verdict))
            {
              g_assert_true (so_address_is_usable (so_address_check (mailbox->address, -1)));
              g_assert_nonnull (g_strstr_len (value, (gssize)n, mailbox->address));
            }
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/address/check", test_check);
  g_test_add_func ("/address/length", test_length);
  g_test_add_func ("/address/domain", test_domain);
  g_test_add_func ("/address/distance", test_distance);
  g_test_add_func ("/address/typo", test_typo);
  g_test_add_func ("/address/list", test_list);
  g_test_add_func ("/address/list-random", test_list_random);
  return g_test_run ();
}
