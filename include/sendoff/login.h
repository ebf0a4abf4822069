/*
 * login.h - what login and setup share: get a password from a person, put it away.
 */
#pragma once

#include "sendoff/app.h"
#include "sendoff/secret-text.h"

/* From the first line of standard input, or asked for on the terminal with an
 * explanation of app-specific passwords.  One that looks wrong is warned about; on the
 * terminal the person decides. */
SoSecret *so_login_ask (const SoApp *app, const SoAccount *account, gboolean from_stdin,
                        GError **error);

/* FALSE before anybody is asked if the account takes no password, or the keyring could not
 * keep the answer. */
gboolean so_login_prepare (const SoApp *app, const SoAccount *account, GError **error);

gboolean so_login_store (const SoApp *app, const SoAccount *account, const SoSecret *secret,
                         GError **error);
