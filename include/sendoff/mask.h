/*
 * mask.h - text for strangers: mail addresses without their names.
 */
#pragma once

#include <glib.h>

/* "me@icloud.com" becomes "m…@icloud.com", wherever it stands in text (and "a@b.example"
 * "…@b.example"); owned by the caller. */
char *so_mask_addresses (const char *text);
