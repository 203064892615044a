/* SPDX-License-Identifier: ISC */
/*
 * What a usage report says of this machine beyond what a license is bound to:
 * kernel, distribution, CPU flags. What cannot be read stays empty.
 */
#ifndef LICENSE_KEEPER_PLATFORM_H
#define LICENSE_KEEPER_PLATFORM_H

#include "license/usage.h"

void platform_inspect(struct usage_platform *out);

/* platform_release: ID and VERSION_ID of the text of os-release(5). */
void platform_release(const char *text, struct usage_platform *out);

/* platform_flags: "flags" or "Features" of the text of /proc/cpuinfo. */
void platform_flags(const char *text, struct usage_platform *out);

#endif
