/* SPDX-License-Identifier: ISC */
/*
 * From records and a request to what a decision rests on. Pure; it neither
 * refuses nor grants.
 */
#include "license/authority/weigh.h"

#include <string.h>

#include "license/authority/event.h"
#include "license/base/buf.h"

const char *
weigh_internal(const struct request *request)
{
	return has_bit(request->has, REQUEST_INTERNAL) ?
	    request->internal_address : "";
}

/*
 * 0: not this one; 1: nothing speaks against it; 2: the very address. Where no
 * NAT is between, the internal address is the external one and may move in
 * its prefix as that may.
 */
static int
internal_match(const struct allocation *allocation,
    const struct request *request)
{
	const char *internal = weigh_internal(request);

	if (!internal[0] || !allocation->internal[0])
		return 1;
	if (strcmp(internal, allocation->internal) == 0)
		return 2;
	return prefix_contains(allocation, internal) &&
	    prefix_contains(allocation, allocation->internal);
}

static const struct allocation *
find_allocation(const struct weighing *w)
{
	const struct allocation *best = NULL;
	int best_rank = 0;

	for (size_t i = 0; i < w->dossier->allocation_count; i++) {
		const struct allocation *a = &w->dossier->allocations[i];
		int rank = prefix_contains(a, w->q->observed) ?
		    internal_match(a, w->request) : 0;

		if (rank > best_rank) {
			best = a;
			best_rank = rank;
		}
	}
	return best;
}

static bool
same_hardware(const struct weighing *w, const char *model, int64_t cpus)
{
	return strcmp(model, w->cpu_model) == 0 && cpus == w->logical_cpus;
}

/* An unknown component keeps what is bound and is never a change. */
static void
weigh_hardware(struct weighing *w)
{
	const struct machine *bound = &w->dossier->live;
	const struct request *r = w->request;

	if (w->dossier->has_live) {
		text_copy(w->cpu_model, sizeof(w->cpu_model),
		    bound->cpu_model);
		w->logical_cpus = bound->logical_cpus;
	}
	if (has_bit(r->has, REQUEST_CPU_MODEL)) {
		w->hardware_changed = w->cpu_model[0] &&
		    strcmp(w->cpu_model, r->cpu_model) != 0;
		text_copy(w->cpu_model, sizeof(w->cpu_model), r->cpu_model);
	}
	if (has_bit(r->has, REQUEST_LOGICAL_CPUS)) {
		w->hardware_changed |= w->logical_cpus > 0 &&
		    w->logical_cpus != r->logical_cpus;
		w->logical_cpus = r->logical_cpus;
	}
}

static void
weigh_rebinds(struct weighing *w)
{
	utc_t since = utc_add(w->q->now, -w->policy->rebind_window_s);

	for (size_t i = 0; i < w->dossier->rebind_count; i++) {
		const struct rebind *b = &w->dossier->rebinds[i];

		if (!utc_before(since, b->at))
			continue;
		w->rebinds_used++;
		if (w->rebind_oldest.s == 0 ||
		    utc_before(b->at, w->rebind_oldest))
			w->rebind_oldest = b->at;
		if (b->take_over)
			w->last_take_over = utc_max(w->last_take_over, b->at);
		w->hardware_seen |=
		    same_hardware(w, b->from_model, b->from_cpus) ||
		    same_hardware(w, b->to_model, b->to_cpus);
	}
}

/* The branch that speaks has what another one was bound away from. */
static bool
has_old_hardware(const struct weighing *w)
{
	const struct machine *bound = &w->dossier->live;

	for (size_t i = 0; i < w->dossier->rebind_count &&
	    w->hardware_changed; i++) {
		const struct rebind *b = &w->dossier->rebinds[i];

		if (same_hardware(w, b->from_model, b->from_cpus) &&
		    strcmp(b->to_model, bound->cpu_model) == 0 &&
		    b->to_cpus == bound->logical_cpus)
			return true;
	}
	return false;
}

static void
weigh_branch(struct weighing *w)
{
	if (!w->speaks)
		return;
	w->branch_question = (struct branch_question){
		.machine = &w->dossier->machine, .now = w->q->now,
		.held = w->held, .life_s = (w->policy->lease_days + 1) * DAY_S,
		.old_hardware = has_old_hardware(w) };
	w->branch = branch_judge(&w->branch_question);
	/*
	 * The bytes that were answered last, answered anew because a person
	 * changed the subscription: a retry is never a fork (documents.md 5).
	 */
	if (w->branch != BRANCH_CLONE && w->dossier->machine.answered &&
	    memcmp(w->dossier->machine.request_sha256, w->q->request_sha256,
	    SHA256_SIZE) == 0)
		w->branch = BRANCH_GOES_ON;
}

void
weigh(const struct decide_question *q, struct decision *out,
    struct weighing *w)
{
	const struct dossier *d = q->dossier;

	*w = (struct weighing){ .q = q, .policy = q->policy,
		.request = q->request, .dossier = d, .out = out };
	if (has_bit(q->request->has, REQUEST_SEQUENCE))
		w->held = q->request->sequence;
	if (d->lookup != LOOKUP_FOUND)
		return;
	w->speaks = d->known && d->machine.state != MACHINE_RETIRED;
	w->take_over = !w->speaks && d->has_live;
	w->match = find_allocation(w);
	weigh_hardware(w);
	weigh_rebinds(w);
	weigh_branch(w);
}

bool
weigh_counted(const struct weighing *w)
{
	return w->take_over || (w->hardware_changed && !w->hardware_seen);
}

static void
audit_branch(struct weighing *w, int64_t last)
{
	static const char *const says[] = {
		[BRANCH_FORK] = "a snapshot came back, or a copy of the "
		    "machine asks, too",
		[BRANCH_LEFT] = "this branch was left behind: if the other "
		    "one speaks again, it is a clone",
	};
	struct change *change = &w->out->change;

	if (w->branch == BRANCH_ORIGINAL)
		event_add(change, EVENT_CLONE_FOUND, w->q->now, "this one "
		    "holds sequence %lld and has the hardware of before: it "
		    "goes on; find the other, then `machine clear-clone`",
		    (long long)w->held);
	else if (w->branch == BRANCH_FORK || w->branch == BRANCH_LEFT)
		event_add(change, EVENT_FORK, w->q->now, "it holds sequence "
		    "%lld, the last one issued was %lld: %s",
		    (long long)w->held, (long long)last, says[w->branch]);
	branch_take(&change->machine, w->branch, &w->branch_question);
}

static bool
is_of_another(const struct weighing *w)
{
	return has_bit(w->request->has, REQUEST_LICENSE_ID) &&
	    strcmp(w->request->license_id, w->dossier->subscription.id) != 0;
}

int64_t
weigh_take_sequence(struct weighing *w)
{
	const struct dossier *d = w->dossier;
	struct change *change = &w->out->change;
	int64_t last = w->speaks ? d->machine.sequence :
	    d->subscription.sequence;
	int64_t highest = d->subscription.sequence > last ?
	    d->subscription.sequence : last;

	/* What it holds may be of the subscription that it had before. */
	if (w->held > highest && !is_of_another(w))
		event_add(change, EVENT_ROLLBACK, w->q->now,
		    "the machine holds sequence %lld, the last one known "
		    "here was %lld: the database is older than the license",
		    (long long)w->held, (long long)last);
	if (w->speaks)
		audit_branch(w, last);
	if (w->held > highest)
		highest = w->held;
	change->subscription.sequence = highest + 1;
	change->advanced = true;
	if (w->speaks || w->out->kind == DECISION_LICENSE)
		change->machine.sequence = highest + 1;
	return highest + 1;
}

void
weigh_note(struct weighing *w, enum refusal_reason reason)
{
	struct change *change = &w->out->change;
	struct machine *m = &change->machine;

	change->machine_changed = true;
	change->keeps_answer = true;
	m->last_seen = w->q->now;
	m->last_reason = (int)reason;
	text_copy(m->external, sizeof(m->external), w->q->observed);
	if (weigh_internal(w->request)[0])
		text_copy(m->internal, sizeof(m->internal),
		    w->request->internal_address);
}

void
weigh_remember(struct weighing *w, enum refusal_reason reason)
{
	struct machine *m = &w->out->change.machine;

	w->out->change.machine_changed = true;
	m->last_seen = w->q->now;
	/* A clock that was ahead must not make replays of all that follow. */
	m->last_created = utc_max(m->last_created,
	    utc_min(w->request->created, w->q->now));
	m->last_reason = (int)reason;
	m->revision = w->dossier->subscription.revision;
	m->answered = 1;
	memcpy(m->request_sha256, w->q->request_sha256, SHA256_SIZE);
}

void
weigh_audit_coupon(struct weighing *w)
{
	const struct dossier *d = w->dossier;
	struct change *change = &w->out->change;

	if (d->coupon_unknown)
		event_add(change, EVENT_COUPON_UNKNOWN, w->q->now,
		    "the coupon in the request is none of ours");
	if (d->coupon_of[0])
		event_add(change, EVENT_COUPON_UNUSED, w->q->now,
		    "the coupon in the request is that of %s, which does not "
		    "take over from this one", d->coupon_of);
}
