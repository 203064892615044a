/* SPDX-License-Identifier: ISC */
/*
 * The records of one subscription in memory: what find() of writer.c and
 * database.c do with tables, done with arrays. It decides nothing.
 */
#include <string.h>

#include "license/base/encode.h"
#include "license/verify.h"
#include "tests/sim/sim.h"

struct stored *
store_machine(struct store *store, const uint8_t key[KEY_SIZE])
{
	for (size_t i = 0; i < store->machine_count; i++)
		if (memcmp(store->machines[i].machine.key, key, KEY_SIZE) == 0)
			return &store->machines[i];
	return NULL;
}

/* Retired ones go first, when the room is used up. */
static struct stored *
make_machine(struct store *store, const uint8_t key[KEY_SIZE])
{
	struct stored *place = store_machine(store, key);

	for (size_t i = 0; !place && i < store->machine_count; i++)
		if (store->machine_count == STORE_MACHINES &&
		    store->machines[i].machine.state == MACHINE_RETIRED)
			place = &store->machines[i];
	if (!place)
		place = &store->machines[store->machine_count++];
	return place;
}

static void
load_rest(const struct store *store, utc_t since, struct dossier *out)
{
	out->lookup = LOOKUP_FOUND;
	out->subscription = store->subscription;
	out->allocation_count = store->allocation_count;
	memcpy(out->allocations, store->allocations,
	    store->allocation_count * sizeof(out->allocations[0]));
	out->rebind_count = 0;
	for (size_t i = store->rebind_count; i-- > 0 &&
	    out->rebind_count < REBINDS_MAX;)
		if (utc_before(since, store->rebinds[i].at))
			out->rebinds[out->rebind_count++] = store->rebinds[i];
	out->has_live = out->known && out->machine.state != MACHINE_RETIRED;
	if (out->has_live)
		out->live = out->machine;
	for (size_t i = 0; !out->has_live && i < store->machine_count; i++) {
		if (store->machines[i].machine.state == MACHINE_RETIRED)
			continue;
		out->live = store->machines[i].machine;
		out->has_live = true;
	}
}

static int
choose(const struct store *store, const struct request *request,
    const char *observed, utc_t now, enum lookup *lookup)
{
	struct candidate candidates[ALLOCATIONS_MAX];
	const struct subscription *s = &store->subscription;
	size_t n = 0;

	for (size_t i = 0; i < store->allocation_count; i++) {
		struct candidate *c = &candidates[n];

		if (!prefix_contains(&store->allocations[i], observed))
			continue;
		*c = (struct candidate){ .status = s->status,
			.term_end = s->term_end,
			.allocation = store->allocations[i] };
		text_copy(c->subscription, sizeof(c->subscription), s->id);
		text_copy(c->product, sizeof(c->product), s->product);
		for (size_t k = 0; k < store->machine_count; k++)
			c->has_live |= store->machines[k].machine.state !=
			    MACHINE_RETIRED;
		n++;
	}
	return decide_choose(candidates, n, request, now, lookup);
}

bool
store_find(const struct store *store, const struct request *r,
    const char *observed, utc_t now, const struct decide_policy *policy,
    struct dossier *out)
{
	utc_t since = utc_add(now, -policy->rebind_window_s);
	const struct stored *stored = store_machine(
	    (struct store *)(uintptr_t)store, r->machine_key);

	out->lookup = LOOKUP_NOTHING;
	out->by_coupon = out->known = out->has_live = false;
	out->allocation_count = out->rebind_count = 0;
	if (stored) {
		out->machine = stored->machine;
		out->known = true;
	} else if (has_bit(r->has, REQUEST_COUPON)) {
		char coupon[HEX_SIZE(SHA256_SIZE)];
		uint8_t hash[SHA256_SIZE];

		sha256(r->coupon, strlen(r->coupon), hash);
		hex_encode(hash, sizeof(hash), coupon);
		out->by_coupon = true;
		if (strcmp(coupon, store->subscription.coupon_sha256) != 0) {
			out->lookup = LOOKUP_COUPON_UNKNOWN;
			return false;
		}
	} else if (choose(store, r, observed, now, &out->lookup) == -1) {
		return false;
	}
	load_rest(store, since, out);
	return true;
}

static void
apply_subscription(struct store *store, const struct change *c)
{
	struct subscription *s = &store->subscription;

	if (c->subscription_changed) {
		*s = c->subscription;
	} else if (c->advanced) {
		s->sequence = c->subscription.sequence;
		s->coupon_used = c->subscription.coupon_used;
		s->hardware_approved = c->subscription.hardware_approved;
	}
}

static void
apply_machine(struct store *store, const struct change *c,
    const struct reply *answer)
{
	struct stored *stored;

	if (c->has_retired) {
		stored = store_machine(store, c->retired);
		if (stored) {
			stored->machine.state = MACHINE_RETIRED;
			stored->machine.answered = 0;
			stored->machine.last_reason = REFUSAL_NONE;
		}
	}
	if (!c->machine_changed)
		return;
	stored = make_machine(store, c->machine.key);
	stored->machine = c->machine;
	if (c->keeps_answer || !answer)
		return;
	stored->refused = answer->status == 403;
	if (stored->refused)
		stored->refusal = answer->refusal;
	else
		stored->license = answer->license;
	stored->bytes.len = answer->bytes.len;
	memcpy(stored->bytes.data, answer->bytes.data, answer->bytes.len);
}

static void
put_allocation(struct store *store, const struct allocation *a)
{
	size_t at = 0;

	/* In the order of (generation, prefix), one of each. */
	while (at < store->allocation_count) {
		const struct allocation *there = &store->allocations[at];
		int order = there->generation != a->generation ?
		    (there->generation < a->generation ? -1 : 1) :
		    strcmp(there->prefix, a->prefix);

		if (order == 0) {
			store->allocations[at] = *a;
			return;
		}
		if (order > 0)
			break;
		at++;
	}
	if (store->allocation_count == ALLOCATIONS_MAX)
		return;
	memmove(&store->allocations[at + 1], &store->allocations[at],
	    (store->allocation_count - at) * sizeof(*a));
	store->allocations[at] = *a;
	store->allocation_count++;
}

static void
apply_allocations(struct store *store, const struct change *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < store->allocation_count; i++)
		if (store->allocations[i].generation >= c->drop_before)
			store->allocations[kept++] = store->allocations[i];
	store->allocation_count = kept;
	for (size_t i = 0; i < c->allocation_count; i++)
		put_allocation(store, &c->allocations[i]);
}

void
store_apply(struct store *store, const struct change *c,
    const struct reply *answer)
{
	apply_subscription(store, c);
	apply_machine(store, c, answer);
	if (c->drop_before > 0 || c->allocation_count > 0)
		apply_allocations(store, c);
	if (!c->rebound)
		return;
	if (store->rebind_count == STORE_REBINDS) {
		store->rebind_count--;
		memmove(&store->rebinds[0], &store->rebinds[1],
		    store->rebind_count * sizeof(store->rebinds[0]));
	}
	store->rebinds[store->rebind_count++] = c->rebind;
}
