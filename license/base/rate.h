/* SPDX-License-Identifier: ISC */
/*
 * So many at once and then one each so often, for each of those who ask, in a
 * table of fixed size. Who is displaced from it has all of its allowance
 * again: never less. Pure but for the time that it is told; not locked.
 */
#ifndef LICENSE_BASE_RATE_H
#define LICENSE_BASE_RATE_H

#include <stddef.h>
#include <stdint.h>

#include "license/base/utc.h"

enum { RATE_ENTRIES = 1024 };

struct rate {
	uint64_t seed;	/* nobody else knows it */
	int64_t burst;
	int64_t each_ns; /* 0: no limit */
	struct {
		uint64_t who; /* 0: free */
		int64_t full_ns; /* when the allowance is whole again */
	} entries[RATE_ENTRIES];
};

/*
 * rate_charge: one more of ${who}, ${len} bytes. 0, or in how many ns it is
 * allowed: then nothing is charged.
 */
int64_t rate_charge(struct rate *rate, const void *who, size_t len,
    mono_t now);

#endif
