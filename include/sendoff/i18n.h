/* i18n.h - every word a person reads goes through these. */
#pragma once

#include <libintl.h>

#define _(text) gettext (text)
#define N_(text) (text)
#define P_(one, many, n) ngettext (one, many, n)
