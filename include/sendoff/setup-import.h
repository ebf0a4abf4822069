/*
 * setup-import.h - accounts of another program, for `sendoff setup --import`.
 */
#pragma once

#include "sendoff/app.h"

/* what: "msmtp", or "msmtp:PATH" for a file elsewhere.  65 if some could not be taken over. */
int so_setup_import (SoApp *app, const char *what, GError **error);
