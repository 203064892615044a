/* SPDX-License-Identifier: ISC */
/*
 * The decision. One table of rules, in the order of documents.md section 4;
 * when none refuses, a license. It knows only its arguments.
 */
#include "license/authority/decide.h"

#include <string.h>

#include "license/authority/event.h"
#include "license/authority/explain.h"
#include "license/authority/grant.h"
#include "license/authority/trial.h"
#include "license/authority/weigh.h"
#include "license/base/buf.h"

const struct decide_policy decide_policy_default = {
	.lease_days = 14,
	.early_s = DAY_S,
	.refresh_min_s = 6 * HOUR_S,
	.refresh_window_s = HOUR_S,
	.bind_grace_s = 72 * HOUR_S,
	.rebinds_allowed = 3,
	.rebind_window_s = 7 * DAY_S,
	.take_over_s = DAY_S,
	.busy_retry_s = 30,
	.sequence_leap_max = 1000000000,
	.offline_mbits_min = 100000,
	/*
	 * Without memory blocks a kernel tells what it left of the memory, which
	 * leaves about this. From 64 GiB on its blocks may become 2 GiB with an
	 * update, and both ends of the hole below 4 GiB are then rounded up.
	 */
	.memory_tolerance_mib = 512,
	.memory_tolerance_part = 16,
};

/* Clocks are read in seconds, and a machine's may be corrected by some. */
enum { REPLAY_TOLERANCE_S = 60 };

static bool
is_leap(const struct weighing *w)
{
	return w->dossier->lookup == LOOKUP_FOUND && w->held -
	    w->dossier->subscription.sequence > w->policy->sequence_leap_max;
}

/* It goes by mail, so anyone may have it: no answer to it is of any use. */
static bool
is_for_offline(const struct weighing *w)
{
	return w->request->ask == ASK_OFFLINE;
}

static bool
is_unknown_machine(const struct weighing *w)
{
	const struct dossier *d = w->dossier;

	if (d->lookup == LOOKUP_NOTHING)
		return true;
	return d->lookup == LOOKUP_FOUND && d->known && !w->speaks &&
	    !d->subscription.hardware_approved;
}

static bool
is_no_subscription(const struct weighing *w)
{
	return w->dossier->lookup != LOOKUP_FOUND ||
	    strcmp(w->dossier->subscription.product, w->request->product) != 0;
}

static bool
is_coupon_used(const struct weighing *w)
{
	return w->dossier->by_coupon && !w->match &&
	    w->dossier->subscription.coupon_used.s != 0;
}

static bool
is_cancelled(const struct weighing *w)
{
	return w->dossier->subscription.status == SUBSCRIPTION_ENDED;
}

static bool
is_suspended(const struct weighing *w)
{
	return w->dossier->subscription.status == SUBSCRIPTION_SUSPENDED;
}

static bool
is_term_over(const struct weighing *w)
{
	return utc_before(w->dossier->subscription.term_end, w->q->now);
}

static bool
is_offline_issued(const struct weighing *w)
{
	return w->dossier->subscription.offline_issued;
}

static bool
is_address_changed(const struct weighing *w)
{
	return !w->match && w->dossier->allocation_count > 0;
}

static bool
is_clone(const struct weighing *w)
{
	return w->branch == BRANCH_CLONE;
}

/*
 * An old request that someone kept: it would re-seat the chain for nothing. A
 * snapshot may come back with its clock, too: the answer sets that right.
 */
static bool
is_replay(const struct weighing *w)
{
	const struct machine *m = &w->dossier->machine;

	return w->speaks && w->held < m->sequence &&
	    w->request->created.s < m->last_created.s - REPLAY_TOLERANCE_S;
}

static bool
is_over_limit(const struct weighing *w)
{
	bool hasty = w->take_over && w->last_take_over.s != 0 &&
	    w->q->now.s - w->last_take_over.s < w->policy->take_over_s;

	return weigh_counted(w) &&
	    (hasty || w->rebinds_used >= w->policy->rebinds_allowed);
}

static bool
is_hardware_limit(const struct weighing *w)
{
	return is_over_limit(w) &&
	    !w->dossier->subscription.hardware_approved;
}

/*
 * sticks: it takes a sequence. apart: the machine's stored answer stays, since
 * another machine may have asked. The detail is for a person there.
 */
struct rule {
	enum refusal_reason reason;
	bool (*applies)(const struct weighing *w);
	bool sticks, apart;
	const char *detail;
};

static const struct rule rules[] = {
	{ REFUSAL_BUSY, NULL, false, false,
	    "The authority is busy; the request will be sent again." },
	{ REFUSAL_UNSUPPORTED_VERSION, NULL, false, false,
	    "This authority does not speak the version of the request; "
	    "please update one of them." },
	{ REFUSAL_MALFORMED, is_for_offline, false, true,
	    "The request is one for an offline license; please send it to "
	    "the vendor." },
	{ REFUSAL_MALFORMED, is_leap, false, false,
	    "The sequence number in the request was never issued." },
	{ REFUSAL_UNKNOWN_MACHINE, is_unknown_machine, false, false,
	    "No subscription is assigned to this machine and address; "
	    "please send both to support." },
	{ REFUSAL_NO_SUBSCRIPTION, is_no_subscription, false, false,
	    "There is no subscription for this product and coupon here; "
	    "please check both." },
	{ REFUSAL_COUPON_USED, is_coupon_used, false, false,
	    "The coupon was used before, at another address; "
	    "please ask support for a new one." },
	/* Before what takes a sequence: a replay moves nothing. */
	{ REFUSAL_BUSY, is_replay, false, true,
	    "The request is older than one that was answered; "
	    "a new one will be sent." },
	{ REFUSAL_CANCELLED, is_cancelled, true, false,
	    "The subscription was cancelled; please contact sales." },
	{ REFUSAL_SUSPENDED, is_suspended, true, false,
	    "The subscription is suspended; please contact support." },
	{ REFUSAL_TERM_OVER, is_term_over, false, false,
	    "The paid term is over; please renew the subscription." },
	{ REFUSAL_OFFLINE_ISSUED, is_offline_issued, false, false,
	    "An offline license was issued for this subscription; "
	    "online requests are closed." },
	{ REFUSAL_ADDRESS_CHANGED, is_address_changed, false, true,
	    "The external or internal address is not the assigned one; "
	    "support will contact you." },
	{ REFUSAL_CLONE, is_clone, false, true,
	    "Another machine uses the same machine key; "
	    "support will contact you." },
	{ REFUSAL_HARDWARE_LIMIT, is_hardware_limit, true, false,
	    "The hardware was changed too often; support will contact you." },
};

enum { RULE_COUNT = sizeof(rules) / sizeof(*rules) };

static const char *
refusal_detail(enum refusal_reason reason)
{
	if (reason == REFUSAL_MALFORMED)
		return "The request could not be read.";
	for (size_t i = 0; i < RULE_COUNT; i++)
		if (rules[i].reason == reason)
			return rules[i].detail;
	return names_sentence(NAMES_REFUSAL, (int)reason);
}

void
decide_refuse(const struct decide_question *q, enum refusal_reason reason,
    struct refusal *out)
{
	*out = (struct refusal){ .reason = (int)reason, .issued = q->now };
	out->has = bit(REFUSED_REASON) | bit(REFUSED_DETAIL) |
	    bit(REFUSED_MACHINE_KEY) | bit(REFUSED_ISSUED) |
	    bit(REFUSED_REQUEST_SHA256) | bit(REFUSED_NONCE);
	text_copy(out->detail, sizeof(out->detail), refusal_detail(reason));
	memcpy(out->machine_key, q->request->machine_key, KEY_SIZE);
	memcpy(out->request_sha256, q->request_sha256, SHA256_SIZE);
	memcpy(out->nonce, q->request->nonce, NONCE_SIZE);
	if (reason == REFUSAL_BUSY) {
		out->retry_after_s = q->policy->busy_retry_s;
		out->has |= bit(REFUSED_RETRY_AFTER);
	}
	if (address_valid(q->observed)) {
		text_copy(out->external_address,
		    sizeof(out->external_address), q->observed);
		out->has |= bit(REFUSED_EXTERNAL);
	}
}

/* The same refusal again changes nothing: one event. */
static bool
is_news(const struct weighing *w, const struct rule *rule)
{
	const struct machine *m = &w->dossier->machine;

	if (!w->dossier->known || m->last_reason != (int)rule->reason)
		return true;
	return rule->reason == REFUSAL_ADDRESS_CHANGED &&
	    (strcmp(m->external, w->q->observed) != 0 ||
	    strcmp(m->internal, weigh_internal(w->request)) != 0);
}

static void
audit_refusal(struct weighing *w, const struct rule *rule)
{
	struct change *change = &w->out->change;
	char text[EVENT_DETAIL_SIZE];

	explain_event(w, rule->reason, rule->detail, text);
	if (rule->reason == REFUSAL_UNKNOWN_MACHINE)
		event_add(change, EVENT_OLD_KEY, w->q->now, "%s", text);
	if (rule->reason == REFUSAL_BUSY)
		event_add(change, EVENT_REPLAY, w->q->now,
		    "an older request was sent again");
	event_add_refusal(change, rule->reason, w->q->now, text);
	weigh_audit_coupon(w);
}

/* Where there is room. */
static void
add_sentence(const char *sentence, char detail[static DETAIL_SIZE])
{
	size_t len = strlen(detail);

	if (len + strlen(sentence) < DETAIL_SIZE)
		text_copy(detail + len, DETAIL_SIZE - len, sentence);
}

static void
refuse(struct weighing *w, const struct rule *rule)
{
	const struct dossier *d = w->dossier;
	struct refusal *refusal = &w->out->refusal;

	w->out->kind = DECISION_REFUSAL;
	decide_refuse(w->q, rule->reason, refusal);
	explain_detail(w, rule->reason, rule->detail, refusal->detail);
	if (d->coupon_unknown)
		add_sentence(" The coupon in the request is unknown.",
		    refusal->detail);
	if (d->lookup != LOOKUP_FOUND)
		return;
	if (w->speaks || rule->sticks) {
		text_copy(refusal->license_id, sizeof(refusal->license_id),
		    d->subscription.id);
		refusal->has |= bit(REFUSED_LICENSE_ID);
	}
	/* A clone takes none: it would then hold the last one of the chain. */
	if (rule->sticks && w->branch != BRANCH_CLONE) {
		refusal->sequence = weigh_take_sequence(w);
		refusal->has |= bit(REFUSED_SEQUENCE);
	}
	if (rule->reason == REFUSAL_CLONE)
		branch_mark(&w->out->change.machine);
	if (is_news(w, rule))
		audit_refusal(w, rule);
	if (d->known && rule->apart)
		weigh_note(w, rule->reason);
	else if (d->known)
		weigh_remember(w, rule->reason);
}

/*
 * The same bytes get the same answer, unless a person changed the
 * subscription since.
 */
static bool
is_repeat(const struct decide_question *q)
{
	const struct dossier *d = q->dossier;

	return d->lookup == LOOKUP_FOUND && d->known && d->machine.answered &&
	    d->machine.revision == d->subscription.revision &&
	    memcmp(d->machine.request_sha256, q->request_sha256,
	    SHA256_SIZE) == 0;
}

void
decide(const struct decide_question *q, struct decision *out)
{
	const struct dossier *d = q->dossier;
	struct change *change = &out->change;
	const struct rule *rule = NULL;
	struct decide_question with_trial;
	struct dossier opened;
	struct weighing w;
	int64_t sequence;

	memset(out, 0, sizeof(*out));
	if (is_repeat(q)) {
		out->kind = DECISION_REPEAT;
		return;
	}
	if (d->trial_state == TRIAL_OFFERED) {
		trial_open(d, q->observed, q->now, &opened);
		with_trial = *q;
		with_trial.dossier = d = &opened;
		q = &with_trial;
	}
	if (d->lookup == LOOKUP_FOUND) {
		change->subscription = d->subscription;
		if (d->known)
			change->machine = d->machine;
	}
	weigh(q, out, &w);
	for (size_t i = 0; i < RULE_COUNT && !rule; i++)
		if (rules[i].applies && rules[i].applies(&w))
			rule = &rules[i];
	if (rule)
		refuse(&w, rule);
	else
		grant(&w);
	if (!rule && d == &opened)
		trial_grant(d, q->now, change);
	sequence = rule ? out->refusal.sequence : out->license.sequence;
	for (size_t i = 0; i < change->event_count; i++) {
		struct event *event = &change->events[i];

		event->sequence = sequence;
		memcpy(event->key, q->request->machine_key, KEY_SIZE);
		text_copy(event->address, sizeof(event->address), q->observed);
	}
}

/* A subscription that can be used, then what the request says of itself. */
static int
candidate_rank(const struct candidate *c, const struct request *r, utc_t now)
{
	const char *internal = weigh_internal(r);
	int rank = 1;

	if (internal[0] && c->allocation.internal[0]) {
		if (strcmp(internal, c->allocation.internal) != 0)
			return 0;
		rank += 2;
	}
	if (c->status != SUBSCRIPTION_ENDED && !utc_before(c->term_end, now))
		rank += 8;
	if (has_bit(r->has, REQUEST_LICENSE_ID) &&
	    strcmp(r->license_id, c->subscription) == 0)
		rank += 4;
	return c->has_live ? rank : rank + 1;
}

int
decide_choose(const struct candidate *candidates, size_t count,
    const struct request *request, utc_t now, enum lookup *lookup)
{
	int best = -1, best_rank = 0;

	*lookup = LOOKUP_NOTHING;
	for (size_t i = 0; i < count; i++) {
		int rank = candidate_rank(&candidates[i], request, now);

		if (rank == 0)
			continue;
		if (strcmp(candidates[i].product, request->product) != 0) {
			if (*lookup == LOOKUP_NOTHING)
				*lookup = LOOKUP_OTHER_PRODUCT;
			continue;
		}
		*lookup = LOOKUP_FOUND;
		if (rank > best_rank) {
			best = (int)i;
			best_rank = rank;
		}
	}
	return best;
}
