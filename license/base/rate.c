/* SPDX-License-Identifier: ISC */
/* Only the moment at which an allowance is whole again is kept. */
#include "license/base/rate.h"

static uint64_t
mix(uint64_t hash, const void *bytes, size_t len)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ byte[i]) * UINT64_C(1099511628211);
	hash ^= hash >> 29;
	return hash == 0 ? 1 : hash;
}

int64_t
rate_charge(struct rate *rate, const void *who, size_t len, mono_t now)
{
	uint64_t id = mix(rate->seed, who, len);
	size_t at = id % RATE_ENTRIES;
	int64_t full_ns = rate->entries[at].full_ns;

	if (rate->each_ns == 0)
		return 0;
	if (rate->entries[at].who != id || full_ns < now.ns)
		full_ns = now.ns;
	int64_t wait_ns = full_ns - now.ns -
	    (rate->burst - 1) * rate->each_ns;
	if (wait_ns > 0)
		return wait_ns;
	rate->entries[at].who = id;
	rate->entries[at].full_ns = full_ns + rate->each_ns;
	return 0;
}
