/*
 * measure.h - how large a message file will be on the wire, without sending it.
 */
#pragma once

#include "sendoff/wire.h"

/* Reads fd from offset to its end with pread(); the file position is left alone. */
gboolean so_measure_fd (int fd, goffset offset, SoWireMeasure *measure, GError **error);
