/* SPDX-License-Identifier: ISC */
/*
 * From a weighing that no rule refused to a license. It makes no decision of
 * its own and signs nothing.
 */
#include "license/authority/grant.h"

#include <string.h>

#include "license/authority/event.h"
#include "license/base/buf.h"

/* The addresses: the first seen is assigned; an approved one replaces. */
static void
settle_address(struct weighing *w)
{
	const char *internal = weigh_internal(w->request);
	struct change *change = &w->out->change;
	struct allocation *added = &change->allocations[0];
	struct buf error;

	if (w->match && w->match->generation >
	    w->dossier->allocations[0].generation)
		change->drop_before = w->match->generation;
	if (w->match && (w->match->internal[0] || !internal[0]))
		return;
	buf_init(&error, 128);
	if (w->match)
		*added = *w->match;
	else if (!prefix_parse(w->q->observed, added, &error))
		goto out;
	text_copy(added->internal, sizeof(added->internal), internal);
	change->allocation_count = 1;
	event_add(change, EVENT_ADDRESS, w->q->now, "%s%s%s", added->prefix,
	    internal[0] ? " internal " : "", internal);
out:
	buf_fini(&error);
}

static const char *
model(const char *cpu_model)
{
	return cpu_model[0] ? cpu_model : "unknown";
}

static void
settle_rebind(struct weighing *w)
{
	const struct machine *from = &w->dossier->live;
	struct change *change = &w->out->change;
	struct rebind *rebind = &change->rebind;
	enum event_kind kind = w->take_over ? EVENT_TAKE_OVER : EVENT_REBIND;

	if (!weigh_counted(w)) {
		if (w->hardware_changed)
			event_add(change, EVENT_REBIND_FREE, w->q->now,
			    "back to %s, %lld CPUs", w->cpu_model,
			    (long long)w->logical_cpus);
		return;
	}
	change->rebound = true;
	*rebind = (struct rebind){ .at = w->q->now, .take_over = w->take_over,
		.from_cpus = from->logical_cpus, .to_cpus = w->logical_cpus };
	memcpy(rebind->key, w->request->machine_key, KEY_SIZE);
	text_copy(rebind->from_model, sizeof(rebind->from_model),
	    from->cpu_model);
	text_copy(rebind->to_model, sizeof(rebind->to_model), w->cpu_model);
	w->rebinds_used++;
	if (w->rebind_oldest.s == 0)
		w->rebind_oldest = w->q->now;
	event_add(change, kind, w->q->now, "%lld of %lld: from %s, %lld CPUs, "
	    "to %s, %lld CPUs", (long long)w->rebinds_used,
	    (long long)w->policy->rebinds_allowed, model(from->cpu_model),
	    (long long)from->logical_cpus, model(w->cpu_model),
	    (long long)w->logical_cpus);
}

static void
settle_machine(struct weighing *w)
{
	const struct request *r = w->request;
	struct change *change = &w->out->change;
	struct machine *m = &change->machine;

	memcpy(m->key, r->machine_key, KEY_SIZE);
	text_copy(m->product, sizeof(m->product), r->product);
	if (!w->speaks) {
		branch_clear(m);
		m->state = MACHINE_LIVE;
	}
	if (!w->dossier->known)
		m->first_seen = w->q->now;
	text_copy(m->subscription, sizeof(m->subscription),
	    w->dossier->subscription.id);
	text_copy(m->cpu_model, sizeof(m->cpu_model), w->cpu_model);
	m->logical_cpus = w->logical_cpus;
	if (has_bit(r->has, REQUEST_MEMORY))
		m->memory_mib = r->memory_mib;
	if (has_bit(r->has, REQUEST_VIRTUALIZATION))
		text_copy(m->virtualization, sizeof(m->virtualization),
		    r->virtualization);
	text_copy(m->agent_version, sizeof(m->agent_version),
	    r->agent_version);
	text_copy(m->external, sizeof(m->external), w->q->observed);
	if (weigh_internal(r)[0])
		text_copy(m->internal, sizeof(m->internal),
		    r->internal_address);
	if (w->take_over) {
		change->has_retired = true;
		memcpy(change->retired, w->dossier->live.key, KEY_SIZE);
		text_copy(change->retired_product,
		    sizeof(change->retired_product),
		    w->dossier->live.product);
	}
}

int64_t
decide_slot(const char *license_id)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *license_id; license_id++)
		hash = (hash ^ (uint8_t)*license_id) * UINT64_C(1099511628211);
	return (int64_t)((hash ^ (hash >> 32)) % DAY_S);
}

int64_t
decide_refresh_after(const struct decide_policy *policy, utc_t now,
    int64_t slot)
{
	int64_t earliest = now.s + policy->refresh_min_s;
	int64_t wait = (slot - earliest % DAY_S + DAY_S) % DAY_S;

	return policy->refresh_min_s + wait;
}

static utc_t
lease_end(const struct weighing *w)
{
	return utc_min(utc_day_end(w->q->now, w->policy->lease_days),
	    w->dossier->subscription.term_end);
}

static void
bind_terms(const struct weighing *w, struct license *l)
{
	const struct machine *m = &w->out->change.machine;

	text_copy(l->bind_cpu_model, sizeof(l->bind_cpu_model),
	    model(m->cpu_model));
	l->bind_logical_cpus = m->logical_cpus ? m->logical_cpus : 1;
	l->bind_grace_s = w->policy->bind_grace_s;
	memcpy(l->machine_key, w->request->machine_key, KEY_SIZE);
	if (address_valid(w->q->observed)) {
		text_copy(l->external_address, sizeof(l->external_address),
		    w->q->observed);
		l->has |= bit(LICENSE_EXTERNAL);
	}
	if (weigh_internal(w->request)[0]) {
		text_copy(l->internal_address, sizeof(l->internal_address),
		    w->request->internal_address);
		l->has |= bit(LICENSE_INTERNAL);
	}
	l->rebinds_used = w->rebinds_used;
	l->rebinds_allowed = w->policy->rebinds_allowed;
	if (w->rebinds_used > 0) {
		l->rebind_window_end = utc_add(w->rebind_oldest,
		    w->policy->rebind_window_s);
		l->has |= bit(LICENSE_REBIND_WINDOW_END);
	}
}

static void
make_license(const struct weighing *w, int64_t sequence, struct license *l)
{
	const struct subscription *s = &w->dossier->subscription;

	*l = (struct license){ .kind = s->kind, .mode = MODE_ONLINE,
		.billing = s->billing,
		/* What was cancelled does not begin again by itself. */
		.renews = s->renews && s->status == SUBSCRIPTION_CANCELLED ?
		    RENEWS_MANUAL : s->renews,
		.on_expiry = s->on_expiry,
		.bandwidth_mbits = s->bandwidth_mbits, .sequence = sequence,
		.issued = w->q->now,
		.not_before = utc_add(w->q->now, -w->policy->early_s),
		.lease_end = lease_end(w), .term_end = s->term_end,
		.refresh_after_s = decide_refresh_after(w->policy, w->q->now,
		    decide_slot(s->id)),
		.refresh_window_s = w->policy->refresh_window_s };
	l->has = bit(LICENSE_FIELD_COUNT) - 1;
	l->has &= ~(bit(LICENSE_MEMORY) | bit(LICENSE_MEMORY_TOLERANCE) |
	    bit(LICENSE_EXTERNAL) | bit(LICENSE_INTERNAL) |
	    bit(LICENSE_REBIND_WINDOW_END));
	if (!s->edition[0])
		l->has &= ~bit(LICENSE_EDITION);
	if (!s->billing)
		l->has &= ~bit(LICENSE_BILLING);
	if (!s->renews)
		l->has &= ~bit(LICENSE_RENEWS);
	text_copy(l->issuer, sizeof(l->issuer), w->q->issuer);
	text_copy(l->id, sizeof(l->id), s->id);
	text_copy(l->product, sizeof(l->product), s->product);
	text_copy(l->edition, sizeof(l->edition), s->edition);
	memcpy(l->request_sha256, w->q->request_sha256, SHA256_SIZE);
	memcpy(l->nonce, w->request->nonce, NONCE_SIZE);
	bind_terms(w, l);
}

void
grant(struct weighing *w)
{
	const struct dossier *d = w->dossier;
	struct change *change = &w->out->change;
	bool first = !w->speaks;
	char until[UTC_DATE_SIZE];
	int64_t sequence;

	w->out->kind = DECISION_LICENSE;
	sequence = weigh_take_sequence(w);
	settle_address(w);
	settle_rebind(w);
	settle_machine(w);
	change->machine.lease_end = lease_end(w);
	if (d->by_coupon && d->subscription.coupon_used.s == 0) {
		change->subscription.coupon_used = w->q->now;
		event_add(change, EVENT_COUPON, w->q->now, "by its first use");
	}
	/* An approval is for one rebind, whichever needed it. */
	if (d->subscription.hardware_approved && change->rebound)
		change->subscription.hardware_approved--;
	utc_date(change->machine.lease_end, until);
	event_add(change, first ? EVENT_ACTIVATE : EVENT_EXTEND, w->q->now,
	    "until %s", until);
	weigh_audit_coupon(w);
	weigh_remember(w, REFUSAL_NONE);
	make_license(w, sequence, &w->out->license);
	w->out->license.coupon_unused = d->coupon_unknown || d->coupon_of[0];
}
