/* SPDX-License-Identifier: ISC */
/*
 * The service manager's notify socket (sd_notify(3)): one datagram. Our own
 * few lines instead of libsystemd, so that a licensing daemon does not map a
 * library with decompressors in it for one sendto(2).
 */
#ifndef LICENSE_BASE_NOTIFY_H
#define LICENSE_BASE_NOTIFY_H

#include "license/base/utc.h"

/*
 * notify_send: "READY=1", "WATCHDOG=1", "STATUS=...", newline-separated.
 * Never blocks; without NOTIFY_SOCKET it does nothing. Returns 0, or -1 with
 * errno.
 */
int notify_send(const char *state);

/*
 * notify_watchdog_s: half of WATCHDOG_USEC in seconds (at least 1), 0 when no
 * watchdog is asked for, or it is for another process (WATCHDOG_PID).
 */
int64_t notify_watchdog_s(void);

#endif
