/*
 * libsecret.c - finds the library and the functions in it, once.
 */
#include "config.h"

#include <dlfcn.h>

#define SO_LIBSECRET_PLAIN
#include "sendoff/libsecret.h"

#define LIBRARY "libsecret-1.so.0"

typedef struct
{
  SoLibsecret calls;
  const char *fault; /* "" if all is there */
} Loaded;

/* The library is never closed: GObject knows its types from then on. */
static void
load (Loaded *loaded)
{
  gpointer library = dlopen (LIBRARY, RTLD_NOW | RTLD_LOCAL);
  loaded->fault = "";
  if (library == NULL)
    {
      loaded->fault = g_strdup (dlerror ());
      return;
    }
#define SO_LIBSECRET_LOOK_UP(name) \
  *(gpointer *)(gpointer)&loaded->calls.name = dlsym (library, #name); \
  if (loaded->calls.name == NULL) \
    loaded->fault = LIBRARY ": no " #name;
  SO_LIBSECRET_FUNCTIONS (SO_LIBSECRET_LOOK_UP)
}

static const Loaded *
loaded_once (void)
{
  static Loaded loaded;
  static gsize ready = 0;
  if (g_once_init_enter (&ready))
    {
      load (&loaded);
      g_once_init_leave (&ready, 1);
    }
  return &loaded;
}

const char *
so_libsecret_load (void)
{
  return loaded_once ()->fault;
}

const SoLibsecret *
so_libsecret (void)
{
  return &loaded_once ()->calls;
}
