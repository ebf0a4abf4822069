/* test-dsn.c - what may be asked of delivery reports, and the xtext it travels in. */
#include <string.h>

#include "sendoff/dsn.h"

static void
test_notify (void)
{
  static const struct
  {
    const char *words, *notify; /* notify NULL: refused */
  } cases[] = {
    { "failure", "FAILURE" },       { "Success,Failure,DELAY", "SUCCESS,FAILURE,DELAY" },
    { "never", "NEVER" },           { "", NULL },
    { "always", NULL },             { "never,failure", NULL },
    { "failure,never", NULL },      { "failure,failure", NULL },
    { "never,never", NULL },        { "failure,", NULL },
    { "failure, delay", NULL },     { "failure\r\nRSET", NULL },
    { "hdrs", NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *notify = so_dsn_notify (cases[i].words);
      g_assert_cmpstr (notify, ==, cases[i].notify);
    }
  g_assert_cmpstr (so_dsn_ret ("Full"), ==, "FULL");
  g_assert_cmpstr (so_dsn_ret ("hdrs"), ==, "HDRS");
  g_assert_null (so_dsn_ret ("half"));
}

static void
test_xtext (void)
{
  g_autofree char *envid = so_dsn_envid ("a+b=c d\r\n\xe3\x81\x82~");
  g_assert_cmpstr (envid, ==, "a+2Bb+3Dc+20d+0D+0A+E3+81+82~");
  g_autofree char *orcpt = so_dsn_orcpt ("a+tag=\"x y\"@example.org");
  g_assert_cmpstr (orcpt, ==, "rfc822;a+2Btag+3D\"x+20y\"@example.org");
  g_assert_null (so_dsn_orcpt ("\xe7\x94\xa8@example.org"));
  g_assert_null (so_dsn_envid (""));
}

static void
test_lengths (void)
{
  char text[SO_DSN_ENVID_MAX + 2] = "";
  memset (text, 'x', SO_DSN_ENVID_MAX);
  g_autofree char *longest = so_dsn_envid (text);
  g_assert_cmpstr (longest, ==, text);
  text[SO_DSN_ENVID_MAX] = 'x';
  g_assert_null (so_dsn_envid (text));
  text[SO_DSN_ENVID_MAX] = '\0';
  text[0] = '+';
  g_assert_null (so_dsn_envid (text));

  g_autofree char *address = g_strnfill (SO_DSN_ORCPT_MAX - 7, 'a');
  g_autofree char *just = so_dsn_orcpt (address);
  g_assert_cmpuint (strlen (just), ==, SO_DSN_ORCPT_MAX);
  g_autofree char *more = g_strconcat (address, "a", NULL);
  g_assert_null (so_dsn_orcpt (more));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dsn/notify", test_notify);
  g_test_add_func ("/dsn/xtext", test_xtext);
  g_test_add_func ("/dsn/lengths", test_lengths);
  return g_test_run ();
}
