/* SPDX-License-Identifier: ISC */
/*
 * Too many requests of one machine: looked up before its signature is
 * checked, charged only after, so that nobody can use up what is another's.
 * Safe from any thread. It knows no document and no clock.
 */
#ifndef LICENSE_AUTHORITY_LIMIT_H
#define LICENSE_AUTHORITY_LIMIT_H

#include <stdbool.h>
#include <stddef.h>

#include "license/authority/records.h"

/*
 * What is counted is a key at an address: for each product LIMIT_BURST
 * requests at once and then one every LIMIT_PACE_MS; for all its products
 * (an agent may keep 2000) together LIMIT_ALL_BURST and one every
 * LIMIT_ALL_PACE_MS. What was sent before (the same or an older request) is
 * counted apart: bytes that someone else recorded and sends again take
 * nothing from what is new.
 */
enum {
	LIMIT_BURST = 300,
	LIMIT_PACE_MS = 20000,
	LIMIT_ALL_BURST = 4096,
	LIMIT_ALL_PACE_MS = 100,
	LIMIT_ENTRIES = 32768,
};

struct limit;

/* limit_new: NULL without memory. ${seed}: nobody else knows it. */
struct limit *limit_new(uint64_t seed);
void limit_free(struct limit *limit);

/*
 * limit_wait_s: 0, or for how many seconds this key at this address is not
 * heard, whatever it sends. Nothing of it needs to be verified.
 */
int64_t limit_wait_s(struct limit *limit, const uint8_t key[KEY_SIZE],
    const char *address, mono_t now);

/*
 * limit_charge: one more request, verified; of ${request} the key, the
 * product and the time of its making count. 0, or the seconds to wait: then
 * it is not to be decided.
 */
int64_t limit_charge(struct limit *limit, const struct request *request,
    const char *address, mono_t now);

#endif
