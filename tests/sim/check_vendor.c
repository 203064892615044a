/* SPDX-License-Identifier: ISC */
/*
 * The invariants of the authority: what it issues is what was paid for, what
 * it refuses has a cause, and two living machines are found.
 */
#include <inttypes.h>
#include <string.h>

#include "tests/sim/sim.h"

enum { LEASE_DAYS = 14 };

#define CHECK(h, id, holds, ...)                                              \
	do {                                                                  \
		figures.checked[INVARIANT_##id]++;                            \
		if (!(holds))                                                 \
			life_broken(h, INVARIANT_##id, __VA_ARGS__);          \
	} while (0)

static void
check_license(struct life *life, struct host *from, const struct request *r,
    const struct license *l, const struct change *change)
{
	const struct subscription *s = &life->store->subscription;
	enum rebind_rule rule;

	CHECK(from, TERM, l->term_end.s == s->term_end.s &&
	    l->lease_end.s <= s->term_end.s && l->lease_end.s <=
	    utc_day_end(life->now, LEASE_DAYS).s, "a lease too long");
	CHECK(from, ENTITLED, (s->status == SUBSCRIPTION_ACTIVE ||
		s->status == SUBSCRIPTION_CANCELLED) &&
	    life->now.s <= s->term_end.s && !s->offline_issued,
	    "a license for a subscription that is %s",
	    subscription_status_label(s->status));
	CHECK(from, ENTITLED, from->address_ok,
	    "a license for an address that nobody approved");
	CHECK(from, ENTITLED, l->bandwidth_mbits == s->bandwidth_mbits &&
	    l->billing == s->billing && l->kind == s->kind,
	    "a license for something else than was sold");
	CHECK(from, ENTITLED, !has_bit(r->has, REQUEST_COUPON) ||
	    store_machine(life->store, r->machine_key) ||
	    change->subscription.coupon_used.s != 0,
	    "a license for a coupon that stays unused");
	CHECK(from, ONCE, l->sequence > (has_bit(r->has, REQUEST_SEQUENCE) ?
		r->sequence : 0), "sequence %" PRId64 " for one that holds "
	    "%" PRId64, l->sequence, r->sequence);
	rule = honest_rebind(life, l->bind_cpu_model, l->bind_logical_cpus,
	    l->machine_key);
	CHECK(from, COUNTED, rule != REBIND_OVER || life->approvals > 0,
	    "one rebind too many");
	honest_bind(life, l);
	life_trace(life, from, "is granted %" PRId64 " by the authority",
	    l->sequence);
}

/* What a person changed is not undone by an answer of before. */
static void
check_repeat(struct life *life, struct host *from, const struct request *r)
{
	const struct subscription *s = &life->store->subscription;
	const struct stored *stored = store_machine(life->store,
	    r->machine_key);

	CHECK(from, ENTITLED, stored->refused ||
	    ((s->status == SUBSCRIPTION_ACTIVE ||
	    s->status == SUBSCRIPTION_CANCELLED) &&
	    stored->license.bandwidth_mbits == s->bandwidth_mbits),
	    "an answer of before a change");
}

void
check_decision(struct life *life, struct host *from,
    const struct message *message, const struct decision *d)
{
	if (d->kind == DECISION_REPEAT) {
		check_repeat(life, from, &message->request);
		return;
	}
	for (size_t i = 0; i < d->change.event_count; i++)
		if (strcmp(d->change.events[i].name, "fork") == 0)
			honest_fork(life);
	if (d->kind == DECISION_LICENSE) {
		check_license(life, from, &message->request, &d->license,
		    &d->change);
		return;
	}
	int reason = d->refusal.reason;
	life_trace(life, from, "is refused by the authority: %s",
	    names_label(NAMES_REFUSAL, reason));
	if (reason == REFUSAL_CLONE) {
		CHECK(from, HONEST, honest_cause(life, from, message, reason),
		    "refused as a clone");
		life->clone_found = life->now;
	}
	CHECK(from, CAUSE, life->thief || honest_cause(life, from, message, reason),
	    "%s", names_label(NAMES_REFUSAL, reason));
}
