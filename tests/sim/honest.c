/* SPDX-License-Identifier: ISC */
/*
 * The truth about a life, told without the shipped rules: who is entitled to
 * what now, and which refusal has a cause. An honest host is one machine of
 * one state: it may be switched off, restored, rebuilt, moved with approval;
 * it is not, while a second one made from its state exists, or after two
 * restores within a lease's life of states that an earlier restore had left
 * behind (whose documents look exactly like two machines that take turns).
 */
#include <string.h>

#include "tests/sim/sim.h"

enum { ALLOWED = 3, WINDOW_S = 7 * DAY_S, HASTY_S = DAY_S,
	LEASE_LIFE_S = 15 * DAY_S };

static const struct bound *
newest(const struct life *life)
{
	return life->bound_count > 0 ? &life->bound[life->bound_count - 1] :
				       NULL;
}

static bool
same(const struct bound *b, const char *model, int64_t cpus)
{
	return strcmp(b->model, model) == 0 && b->cpus == cpus;
}

enum rebind_rule
honest_rebind(const struct life *life, const char *model, int64_t cpus,
    const uint8_t key[KEY_SIZE])
{
	const struct bound *last = newest(life);
	bool other = life->has_bound_key &&
	    memcmp(life->bound_key, key, KEY_SIZE) != 0;
	bool changed, seen = false, hasty = false;
	int counted = 0;

	if (!last)
		return REBIND_NONE;
	changed = !same(last, model, cpus);
	for (size_t i = 0; i < life->bound_count; i++) {
		const struct bound *b = &life->bound[i];

		if (!b->counted || life->now.s - b->at.s >= WINDOW_S)
			continue;
		counted++;
		hasty |= b->take_over && life->now.s - b->at.s < HASTY_S;
		seen |= same(b, model, cpus) ||
		    (i > 0 && same(&life->bound[i - 1], model, cpus));
	}
	if (!other && !changed)
		return REBIND_NONE;
	if (!other && seen)
		return REBIND_FREE;
	return counted >= ALLOWED || (other && hasty) ? REBIND_OVER :
							REBIND_COUNTED;
}

void
honest_bind(struct life *life, const struct license *l)
{
	enum rebind_rule rule = honest_rebind(life, l->bind_cpu_model,
	    l->bind_logical_cpus, l->machine_key);
	bool other = life->has_bound_key &&
	    memcmp(life->bound_key, l->machine_key, KEY_SIZE) != 0;
	struct bound *b;

	memcpy(life->bound_key, l->machine_key, KEY_SIZE);
	if (rule >= REBIND_COUNTED && life->approvals > 0)
		life->approvals--;
	if (rule == REBIND_NONE && life->has_bound_key)
		return;
	life->has_bound_key = true;
	if (life->bound_count == BOUND_MAX) {
		life->bound_count--;
		memmove(life->bound, life->bound + 1,
		    life->bound_count * sizeof(life->bound[0]));
	}
	b = &life->bound[life->bound_count++];
	*b = (struct bound){ .at = life->now, .cpus = l->bind_logical_cpus,
		.counted = rule >= REBIND_COUNTED, .take_over = other };
	text_copy(b->model, sizeof(b->model), l->bind_cpu_model);
}

/* What the records say now is the first that is known. */
void
honest_forget(struct life *life)
{
	const struct store *store = life->store;
	struct license l = { .has = 0 };
	size_t room = (BOUND_MAX - STORE_MACHINES - 1) / 2;

	life->bound_count = 0;
	life->has_bound_key = false;
	for (size_t i = 0; i < store->machine_count; i++) {
		const struct machine *m = &store->machines[i].machine;

		if (m->state == MACHINE_RETIRED)
			continue;
		text_copy(l.bind_cpu_model, sizeof(l.bind_cpu_model),
		    m->cpu_model);
		l.bind_logical_cpus = m->logical_cpus;
		memcpy(l.machine_key, m->key, KEY_SIZE);
		honest_bind(life, &l);
	}
	/* How often, and when, is read from what is left of them. */
	for (size_t i = store->rebind_count > room ?
		store->rebind_count - room : 0; i < store->rebind_count; i++) {
		struct bound *b = &life->bound[life->bound_count];
		const struct rebind *r = &store->rebinds[i];

		if (life->now.s - r->at.s >= WINDOW_S)
			continue;
		if (life->bound_count + 2 > BOUND_MAX)
			break;
		b[0] = (struct bound){ .at = r->at, .cpus = r->from_cpus };
		text_copy(b[0].model, sizeof(b[0].model), r->from_model);
		b[1] = (struct bound){ .at = r->at, .cpus = r->to_cpus,
			.counted = true, .take_over = r->take_over };
		text_copy(b[1].model, sizeof(b[1].model), r->to_model);
		life->bound_count += 2;
	}
	if (life->has_bound_key && life->bound_count < BOUND_MAX) {
		struct bound *b = &life->bound[life->bound_count++];

		*b = (struct bound){ .at = life->now,
			.cpus = l.bind_logical_cpus };
		text_copy(b->model, sizeof(b->model), l.bind_cpu_model);
	}
}

void
honest_fork(struct life *life)
{
	if (life->now.s - life->last_fork.s > LEASE_LIFE_S)
		life->one_odd = false;
	life->last_fork = life->now;
}

void
honest_restore(struct life *life, int64_t held, int64_t left)
{
	bool odd = false;

	for (int i = 0; i < life->tip_count; i++)
		odd |= life->tips[i] == held;
	if (life->now.s - life->last_fork.s > LEASE_LIFE_S)
		life->one_odd = false;
	if (odd && life->one_odd)
		life->odd = true;
	life->one_odd |= odd;
	if (life->tip_count == TIPS_MAX) {
		life->tip_count--;
		memmove(life->tips, life->tips + 1,
		    (size_t)life->tip_count * sizeof(life->tips[0]));
	}
	life->tips[life->tip_count++] = left;
}

static enum rebind_rule
rule_now(const struct host *h, const struct license_facts *facts)
{
	const struct life *life = h->life;
	const struct bound *last = newest(life);
	const char *model = h->hardware.cpu_model;
	int64_t cpus = h->hardware.logical_cpus;

	/* What cannot be read is no change. */
	if (last && !(h->hardware.known & component_bit(CPU_MODEL)))
		model = last->model;
	if (last && !(h->hardware.known & component_bit(LOGICAL_CPUS)))
		cpus = last->cpus;
	return honest_rebind(life, model, cpus, facts->machine_key);
}

/* A key that was followed by another one speaks no more. */
static bool
is_retired(const struct life *life, const uint8_t key[KEY_SIZE])
{
	const struct store *store = life->store;

	for (size_t i = 0; i < store->machine_count; i++)
		if (memcmp(store->machines[i].machine.key, key,
			KEY_SIZE) == 0)
			return store->machines[i].machine.state ==
			    MACHINE_RETIRED;
	return false;
}

/* Whatever machine it is, its requests are answered with a license. */
static bool
is_served(const struct host *h, const struct license_facts *facts)
{
	const struct life *life = h->life;
	const struct subscription *s = &life->store->subscription;

	if (!policy_refreshes(facts))
		return false;
	if (!h->running || h->off || utc_before(life->now, h->outage_until) ||
	    utc_before(life->now, h->babble_until) ||
	    utc_before(life->now, life->authority_down_until) ||
	    utc_before(life->now, life->busy_until))
		return false;
	if ((s->status != SUBSCRIPTION_ACTIVE &&
	    s->status != SUBSCRIPTION_CANCELLED) || s->offline_issued ||
	    utc_before(s->term_end, life->now))
		return false;
	if (!h->address_ok || is_retired(life, facts->machine_key))
		return false;
	/* Nothing unwritten is sent after a refusal: renew.c says why. */
	if (h->full && facts->last_refusal != REFUSAL_NONE)
		return false;
	return rule_now(h, facts) != REBIND_OVER || life->approvals > 0;
}

bool
honest_well(const struct host *h, const struct license_facts *facts)
{
	return !h->life->cloned && !h->life->odd && is_served(h, facts);
}

bool
honest_both(struct life *life)
{
	const struct license_facts *facts[HOSTS];

	for (int i = 0; i < HOSTS; i++) {
		struct host *h = &life->hosts[i];

		if (!h->exists || !h->running || h->off || h->full)
			return false;
		facts[i] = h->kind->facts(h);
		if (!is_served(h, facts[i]))
			return false;
	}
	return memcmp(facts[0]->machine_key, facts[1]->machine_key,
	    KEY_SIZE) == 0;
}

bool
honest_cause(const struct life *life, const struct host *h,
    const struct message *message, int reason)
{
	const struct subscription *s = &life->store->subscription;
	const struct request *r = &message->request;
	bool retired = is_retired(life, r->machine_key);
	const struct bound *last = newest(life);
	/* What waited for an answer may say the address of before. */
	bool elsewhere = !h->address_ok ||
	    strcmp(r->internal_address, h->internal) != 0;

	switch (reason) {
	case REFUSAL_BUSY:
		return true; /* it changes no state, and well is bounded */
	case REFUSAL_UNKNOWN_MACHINE:
		return retired || elsewhere;
	case REFUSAL_CANCELLED:
		return s->status == SUBSCRIPTION_ENDED;
	case REFUSAL_SUSPENDED:
		return s->status == SUBSCRIPTION_SUSPENDED;
	case REFUSAL_TERM_OVER:
		return utc_before(s->term_end, life->now);
	case REFUSAL_OFFLINE_ISSUED:
		return s->offline_issued;
	case REFUSAL_ADDRESS_CHANGED:
		return elsewhere;
	case REFUSAL_COUPON_USED:
		return elsewhere && s->coupon_used.s != 0;
	case REFUSAL_CLONE:
		return life->cloned || life->odd;
	case REFUSAL_HARDWARE_LIMIT:
		return life->approvals == 0 && honest_rebind(life,
		    has_bit(r->has, REQUEST_CPU_MODEL) || !last ?
			r->cpu_model : last->model,
		    has_bit(r->has, REQUEST_LOGICAL_CPUS) || !last ?
			r->logical_cpus : last->cpus,
		    r->machine_key) == REBIND_OVER;
	default:
		return false;
	}
}
