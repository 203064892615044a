/* SPDX-License-Identifier: ISC */
/*
 * The only file that asks the machine what time it is. Tests of whole
 * programs use faketime; unit tests replace this file at link time.
 */
#ifndef LICENSE_BASE_CLOCK_H
#define LICENSE_BASE_CLOCK_H

#include "license/base/utc.h"

enum { CLOCK_BOOT_ID_SIZE = 37 };

/* clock_wall: CLOCK_REALTIME in whole seconds, rounded down. */
utc_t clock_wall(void);

/* clock_wall_ms: CLOCK_REALTIME in milliseconds, for log lines. */
int64_t clock_wall_ms(void);

/* clock_boot: CLOCK_BOOTTIME: elapsed since boot, suspend included. */
mono_t clock_boot(void);

/*
 * clock_boot_id: the kernel's random id of this boot (36 characters and NUL);
 * the empty string when it cannot be read. Read once, then remembered.
 */
void clock_boot_id(char out[static CLOCK_BOOT_ID_SIZE]);

#endif
