/* SPDX-License-Identifier: ISC */
/*
 * The authority's decision: each refusal and their order, the chain of
 * sequences, rebinds, addresses, the ends of leases. A dossier in memory
 * stands for the database.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "license/authority/decide.h"
#include "license/base/buf.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HERE "192.0.2.1"
#define INSIDE "10.0.0.5"
#define ELSEWHERE "198.51.100.9"
#define PRODUCT "FastNetMon Advanced"
#define OTHER "Leaseline"

struct world {
	struct dossier dossier;
	struct request request;
	uint8_t sha256[SHA256_SIZE];
	const char *observed;
	utc_t now;
	struct decision d;
};

static utc_t
at(const char *text)
{
	utc_t t;

	assert_true(utc_parse(text, &t));
	return t;
}

static void
world_allocate(struct world *w, const char *prefix, const char *internal,
    int64_t generation)
{
	struct dossier *d = &w->dossier;
	struct allocation *a = &d->allocations[d->allocation_count++];
	struct buf error;

	buf_init(&error, 128);
	assert_true(prefix_parse(prefix, a, &error));
	buf_fini(&error);
	text_copy(a->internal, sizeof(a->internal), internal);
	a->generation = generation;
}

/* An allocated subscription and a machine that was never heard of. */
static void
world_init(struct world *w)
{
	struct subscription *s = &w->dossier.subscription;
	struct request *r = &w->request;

	memset(w, 0, sizeof(*w));
	w->now = at("2026-11-23T05:06:07Z");
	w->observed = HERE;
	w->dossier.lookup = LOOKUP_FOUND;
	text_copy(s->id, sizeof(s->id), "sub-1");
	text_copy(s->product, sizeof(s->product), PRODUCT);
	s->status = SUBSCRIPTION_ACTIVE;
	s->kind = KIND_PRODUCTION;
	s->billing = BILLING_ANNUAL;
	s->renews = RENEWS_MANUAL;
	s->on_expiry = ON_EXPIRY_STOP;
	s->bandwidth_mbits = 10000;
	s->term_end = at("2027-03-29T23:59:59Z");
	s->revision = 1;
	world_allocate(w, HERE, INSIDE, 0);
	memset(r->machine_key, 7, KEY_SIZE);
	r->ask = ASK_REFRESH;
	text_copy(r->product, sizeof(r->product), PRODUCT);
	text_copy(r->agent_version, sizeof(r->agent_version), "0.1.0");
	text_copy(r->cpu_model, sizeof(r->cpu_model), "Xeon A");
	r->logical_cpus = 8;
	text_copy(r->internal_address, sizeof(r->internal_address), INSIDE);
	r->has = bit(REQUEST_PURPOSE) | bit(REQUEST_CREATED) |
	    bit(REQUEST_NONCE) | bit(REQUEST_PRODUCT) |
	    bit(REQUEST_AGENT_VERSION) | bit(REQUEST_CPU_MODEL) |
	    bit(REQUEST_LOGICAL_CPUS) | bit(REQUEST_INTERNAL);
}

static void
world_decide(struct world *w)
{
	struct decide_question q = { .policy = &decide_policy_default,
		.issuer = "Issuer", .now = w->now, .observed = w->observed,
		.request = &w->request, .request_sha256 = w->sha256,
		.dossier = &w->dossier };

	decide(&q, &w->d);
}

/* What the database does with a change, for one subscription. */
static void
world_store(struct world *w)
{
	const struct change *c = &w->d.change;
	struct dossier *d = &w->dossier;
	size_t kept = 0;

	if (c->advanced || c->subscription_changed)
		d->subscription = c->subscription;
	for (size_t i = 0; i < d->allocation_count; i++)
		if (d->allocations[i].generation >= c->drop_before)
			d->allocations[kept++] = d->allocations[i];
	d->allocation_count = kept;
	for (size_t i = 0; i < c->allocation_count; i++) {
		size_t j = 0;

		while (j < d->allocation_count &&
		    (strcmp(d->allocations[j].prefix,
		    c->allocations[i].prefix) != 0 ||
		    d->allocations[j].generation !=
		    c->allocations[i].generation))
			j++;
		d->allocations[j] = c->allocations[i];
		d->allocation_count += j == d->allocation_count;
	}
	if (c->rebound)
		d->rebinds[d->rebind_count++] = c->rebind;
	if (c->machine_changed) {
		d->known = true;
		d->machine = c->machine;
		if (c->machine.state != MACHINE_RETIRED) {
			d->live = c->machine;
			d->has_live = true;
		}
	}
}

/* A fresh request that holds what the machine got last, decided and stored. */
static void
world_ask(struct world *w)
{
	w->sha256[0]++;
	w->request.created = w->now;
	world_decide(w);
	world_store(w);
	if (w->d.kind == DECISION_LICENSE)
		w->request.sequence = w->d.license.sequence;
	if (w->d.kind == DECISION_REFUSAL &&
	    has_bit(w->d.refusal.has, REFUSED_SEQUENCE))
		w->request.sequence = w->d.refusal.sequence;
	if (w->request.sequence)
		w->request.has |= bit(REQUEST_SEQUENCE);
}

static bool
has_event(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->d.change.event_count; i++)
		if (strcmp(w->d.change.events[i].name, name) == 0)
			return true;
	return false;
}

static void
hardware(struct world *w, const char *model, int64_t cpus)
{
	text_copy(w->request.cpu_model, sizeof(w->request.cpu_model), model);
	w->request.logical_cpus = cpus;
}

static void
expect_license(const struct world *w, int64_t sequence)
{
	assert_int_equal(DECISION_LICENSE, w->d.kind);
	assert_int_equal(sequence, w->d.license.sequence);
}

static void
expect_refusal(const struct world *w, enum refusal_reason reason)
{
	assert_int_equal(DECISION_REFUSAL, w->d.kind);
	assert_int_equal(reason, w->d.refusal.reason);
}

static void
the_first_request_activates(void **state)
{
	const struct license *l;
	struct world w;

	(void)state;
	world_init(&w);
	world_ask(&w);
	expect_license(&w, 1);
	l = &w.d.license;
	assert_true(has_event(&w, "activate"));
	assert_string_equal("sub-1", l->id);
	assert_string_equal("Xeon A", l->bind_cpu_model);
	assert_int_equal(8, l->bind_logical_cpus);
	assert_int_equal(w.now.s - 86400, l->not_before.s);
	assert_int_equal(at("2026-12-07T23:59:59Z").s, l->lease_end.s);
	assert_int_equal(259200, l->bind_grace_s);
	assert_string_equal(HERE, l->external_address);
	assert_string_equal(INSIDE, l->internal_address);
	assert_int_equal(0, l->rebinds_used);
	assert_int_equal(3, l->rebinds_allowed);
	assert_false(has_bit(l->has, LICENSE_REBIND_WINDOW_END));
	assert_false(has_bit(l->has, LICENSE_EDITION));
	assert_true(has_bit(l->has, LICENSE_BILLING));
	world_ask(&w);
	expect_license(&w, 2);
	assert_true(has_event(&w, "extend"));
	assert_int_equal(1, w.d.change.event_count);
}

static void
the_lease_ends_fourteen_days_on_and_never_past_the_term(void **state)
{
	static const struct {
		const char *now, *term, *end;
	} rows[] = {
		{ "2027-01-31T00:00:00Z", "2028-12-31T23:59:59Z",
		    "2027-02-14T23:59:59Z" },
		{ "2027-12-31T23:59:59Z", "2028-12-31T23:59:59Z",
		    "2028-01-14T23:59:59Z" },
		{ "2028-02-15T12:00:00Z", "2028-12-31T23:59:59Z",
		    "2028-02-29T23:59:59Z" },
		{ "2028-02-29T12:00:00Z", "2028-12-31T23:59:59Z",
		    "2028-03-14T23:59:59Z" },
		{ "2027-02-15T12:00:00Z", "2028-12-31T23:59:59Z",
		    "2027-03-01T23:59:59Z" },
		{ "2028-12-20T12:00:00Z", "2028-12-31T23:59:59Z",
		    "2028-12-31T23:59:59Z" },
		{ "2028-12-31T23:59:59Z", "2028-12-31T23:59:59Z",
		    "2028-12-31T23:59:59Z" },
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		world_init(&w);
		w.now = at(rows[i].now);
		w.dossier.subscription.term_end = at(rows[i].term);
		world_ask(&w);
		expect_license(&w, 1);
		assert_int_equal(at(rows[i].end).s, w.d.license.lease_end.s);
	}
	w.now.s++;
	world_ask(&w);
	expect_refusal(&w, REFUSAL_TERM_OVER);
}

static void
the_refresh_window_is_the_slot_at_least_six_hours_on(void **state)
{
	struct world w;

	(void)state;
	for (int64_t hour = 0; hour < 48; hour++) {
		const struct license *l = &w.d.license;

		world_init(&w);
		w.now.s += hour * 3600 + hour;
		world_ask(&w);
		assert_true(l->refresh_after_s >= 6 * 3600);
		assert_true(l->refresh_after_s + l->refresh_window_s <=
		    31 * 3600);
		assert_int_equal(decide_slot("sub-1"),
		    (w.now.s + l->refresh_after_s) % 86400);
		assert_int_equal(3600, l->refresh_window_s);
	}
}

static void
the_slots_of_many_licenses_are_spread_over_the_day(void **state)
{
	int hours[24] = { 0 };
	char id[16];

	(void)state;
	for (int i = 0; i < 24000; i++) {
		snprintf(id, sizeof(id), "sub-%d", i);
		hours[decide_slot(id) / 3600]++;
	}
	for (int i = 0; i < 24; i++)
		assert_in_range(hours[i], 800, 1200);
}

/* Each makes its refusal true; none hides one before it. */
static void
make_unknown(struct world *w)
{
	w->dossier.known = true;
	w->dossier.machine.state = MACHINE_RETIRED;
}

static void
make_no_subscription(struct world *w)
{
	text_copy(w->dossier.subscription.product, TEXT_64, "Other");
}

static void
make_coupon_used(struct world *w)
{
	w->dossier.by_coupon = true;
	w->dossier.subscription.coupon_used.s = 1;
	w->observed = ELSEWHERE;
}

static void
make_cancelled(struct world *w)
{
	w->dossier.subscription.status = SUBSCRIPTION_ENDED;
}

static void
make_suspended(struct world *w)
{
	w->dossier.subscription.status = SUBSCRIPTION_SUSPENDED;
}

static void
make_term_over(struct world *w)
{
	w->dossier.subscription.term_end.s = w->now.s - 1;
}

static void
make_offline_issued(struct world *w)
{
	w->dossier.subscription.offline_issued = 1;
}

static void
make_address_changed(struct world *w)
{
	w->observed = ELSEWHERE;
}

static void
make_clone(struct world *w)
{
	w->dossier.machine.sequence = 9;
	w->dossier.machine.state = MACHINE_CLONE;
	w->dossier.machine.fork_sequence = w->request.sequence;
}

static void
make_hardware_limit(struct world *w)
{
	hardware(w, "Xeon Z", 64);
	for (int i = 0; i < 3; i++)
		w->dossier.rebinds[w->dossier.rebind_count++] =
		    (struct rebind){ .at = { w->now.s - 3600 } };
}

static const struct {
	enum refusal_reason reason;
	void (*make)(struct world *w);
	bool sticks;
} refusals[] = {
	{ REFUSAL_UNKNOWN_MACHINE, make_unknown, false },
	{ REFUSAL_NO_SUBSCRIPTION, make_no_subscription, false },
	{ REFUSAL_COUPON_USED, make_coupon_used, false },
	{ REFUSAL_CANCELLED, make_cancelled, true },
	{ REFUSAL_SUSPENDED, make_suspended, true },
	{ REFUSAL_TERM_OVER, make_term_over, false },
	{ REFUSAL_OFFLINE_ISSUED, make_offline_issued, false },
	{ REFUSAL_ADDRESS_CHANGED, make_address_changed, false },
	{ REFUSAL_CLONE, make_clone, false },
	{ REFUSAL_HARDWARE_LIMIT, make_hardware_limit, true },
};

static void
each_refusal_is_given_and_only_those_that_stick_take_a_sequence(void **state)
{
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		world_init(&w);
		world_ask(&w);
		expect_license(&w, 1);
		refusals[i].make(&w);
		world_ask(&w);
		expect_refusal(&w, refusals[i].reason);
		assert_int_equal(refusals[i].sticks ? 2 : 0,
		    w.d.refusal.sequence);
		assert_int_equal(refusals[i].sticks,
		    has_bit(w.d.refusal.has, REFUSED_SEQUENCE));
		assert_int_equal(refusals[i].sticks, w.d.change.advanced);
		assert_true(w.d.change.event_count >= 1);
		assert_string_equal(w.observed, w.d.refusal.external_address);
		world_ask(&w);
		expect_refusal(&w, refusals[i].reason);
		assert_int_equal(0, w.d.change.event_count);
	}
}

static void
of_two_refusals_the_one_earlier_in_the_table_is_given(void **state)
{
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		for (size_t j = i + 1; j < COUNT(refusals); j++) {
			world_init(&w);
			world_ask(&w);
			refusals[j].make(&w);
			refusals[i].make(&w);
			world_ask(&w);
			expect_refusal(&w, refusals[i].reason);
		}
	}
}

static void
without_an_allocation_a_machine_is_unknown(void **state)
{
	static const struct {
		enum lookup lookup;
		enum refusal_reason reason;
	} rows[] = {
		{ LOOKUP_NOTHING, REFUSAL_UNKNOWN_MACHINE },
		{ LOOKUP_OTHER_PRODUCT, REFUSAL_NO_SUBSCRIPTION },
		{ LOOKUP_COUPON_UNKNOWN, REFUSAL_NO_SUBSCRIPTION },
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		world_init(&w);
		memset(&w.dossier, 0, sizeof(w.dossier));
		w.dossier.lookup = rows[i].lookup;
		world_decide(&w);
		expect_refusal(&w, rows[i].reason);
		/* Strangers must not be able to fill the database. */
		assert_int_equal(0, w.d.change.event_count);
		assert_false(w.d.change.machine_changed);
		assert_false(w.d.change.advanced);
	}
}

static void
the_same_bytes_are_answered_alike_until_a_person_changes_something(
    void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_ask(&w);
	world_decide(&w);
	assert_int_equal(DECISION_REPEAT, w.d.kind);
	assert_int_equal(0, w.d.change.event_count);
	assert_false(w.d.change.machine_changed);
	/* Answered anew, they are the same request still: not a fork. */
	w.dossier.subscription.revision++;
	world_decide(&w);
	expect_license(&w, 2);
	assert_string_equal("", w.d.change.machine.tips);
	for (size_t i = 0; i < w.d.change.event_count; i++)
		assert_string_not_equal("fork", w.d.change.events[i].name);
	world_store(&w);
	world_decide(&w);
	assert_int_equal(DECISION_REPEAT, w.d.kind);
	w.sha256[5]++;
	world_decide(&w);
	expect_license(&w, 3);
}

static void
a_suspension_is_ordered_against_the_licenses(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_ask(&w);
	make_suspended(&w);
	w.dossier.subscription.revision++;
	world_ask(&w);
	expect_refusal(&w, REFUSAL_SUSPENDED);
	assert_int_equal(2, w.d.refusal.sequence);
	w.dossier.subscription.status = SUBSCRIPTION_ACTIVE;
	w.dossier.subscription.revision++;
	world_ask(&w);
	expect_license(&w, 3);
	assert_false(has_event(&w, "fork"));
	assert_false(has_event(&w, "rollback"));
}

static void
a_subscription_cancelled_the_normal_way_ends_with_its_term(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.dossier.subscription.status = SUBSCRIPTION_CANCELLED;
	world_ask(&w);
	expect_license(&w, 1);
	make_term_over(&w);
	world_ask(&w);
	expect_refusal(&w, REFUSAL_TERM_OVER);
}

static void
an_authority_from_a_backup_goes_on_above_what_the_machine_holds(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_ask(&w);
	w.request.sequence = 40;
	world_ask(&w);
	expect_license(&w, 41);
	assert_true(has_event(&w, "rollback"));
	world_ask(&w);
	expect_license(&w, 42);
	assert_int_equal(1, w.d.change.event_count);
	w.request.sequence = INT64_MAX;
	world_ask(&w);
	expect_refusal(&w, REFUSAL_MALFORMED);
}

static void
a_restored_snapshot_goes_on_and_is_audited(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	for (int i = 0; i < 5; i++)
		world_ask(&w);
	w.request.sequence = 3;
	world_ask(&w);
	expect_license(&w, 6);
	assert_true(has_event(&w, "fork"));
	world_ask(&w);
	expect_license(&w, 7);
	assert_false(has_event(&w, "fork"));
	w.request.has &= ~bit(REQUEST_SEQUENCE); /* the state was lost */
	w.request.sequence = 0;
	world_ask(&w);
	expect_license(&w, 8);
	assert_true(has_event(&w, "fork"));
}

static void
an_old_request_sent_again_moves_nothing(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	for (int i = 0; i < 4; i++) {
		world_ask(&w);
		w.now.s += 86400;
	}
	w.request.sequence = 2;
	w.request.created.s = w.now.s - 3 * 86400;
	w.sha256[9]++;
	world_decide(&w);
	expect_refusal(&w, REFUSAL_BUSY);
	assert_int_equal(30, w.d.refusal.retry_after_s);
	assert_true(has_event(&w, "replay"));
	assert_false(w.d.change.advanced);
	assert_int_equal(MACHINE_LIVE, w.d.change.machine.state);
	world_store(&w);
	w.request.sequence = 4;
	world_ask(&w);
	expect_license(&w, 5);
	/* A clock that was corrected by some seconds is no replay. */
	w.request.sequence = 2;
	w.request.created.s = w.now.s - 59;
	w.sha256[9]++;
	world_decide(&w);
	expect_license(&w, 6);
}

static void
the_fourth_change_of_hardware_in_a_week_is_refused(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_ask(&w);
	for (int i = 1; i <= 3; i++) {
		w.now.s += 3600;
		hardware(&w, "Xeon B", 8 + i);
		world_ask(&w);
		expect_license(&w, 1 + i);
		assert_true(has_event(&w, "rebind"));
		assert_int_equal(i, w.d.license.rebinds_used);
		assert_int_equal(at("2026-11-30T06:06:07Z").s,
		    w.d.license.rebind_window_end.s);
		assert_int_equal(8 + i, w.d.license.bind_logical_cpus);
	}
	w.now.s += 3600;
	hardware(&w, "Xeon B", 12);
	world_ask(&w);
	expect_refusal(&w, REFUSAL_HARDWARE_LIMIT);
	assert_int_equal(5, w.d.refusal.sequence);
	assert_int_equal(11, w.dossier.live.logical_cpus);
	/* The first one leaves the window one second later. */
	w.now = at("2026-11-30T06:06:06Z");
	world_ask(&w);
	expect_refusal(&w, REFUSAL_HARDWARE_LIMIT);
	w.now.s++;
	world_ask(&w);
	expect_license(&w, 7);
	assert_int_equal(3, w.d.license.rebinds_used);
}

static void
going_back_to_hardware_of_the_same_window_is_free(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_ask(&w);
	for (int i = 0; i < 10; i++) {
		w.now.s += 3600;
		hardware(&w, i % 2 ? "Xeon A" : "Xeon B", 8);
		world_ask(&w);
		assert_int_equal(DECISION_LICENSE, w.d.kind);
		assert_int_equal(1, w.d.license.rebinds_used);
		assert_int_equal(i > 0, has_event(&w, "rebind-free"));
	}
	w.now.s += 8 * 86400;
	hardware(&w, "Xeon B", 8);
	world_ask(&w);
	assert_true(has_event(&w, "rebind"));
}

static void
what_cannot_be_read_is_never_a_change(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.request.has &= ~(bit(REQUEST_CPU_MODEL) | bit(REQUEST_LOGICAL_CPUS));
	world_ask(&w);
	expect_license(&w, 1);
	assert_string_equal("unknown", w.d.license.bind_cpu_model);
	assert_int_equal(1, w.d.license.bind_logical_cpus);
	w.request.has |= bit(REQUEST_CPU_MODEL) | bit(REQUEST_LOGICAL_CPUS);
	world_ask(&w);
	assert_int_equal(0, w.d.license.rebinds_used);
	assert_string_equal("Xeon A", w.d.license.bind_cpu_model);
	w.request.has &= ~(bit(REQUEST_CPU_MODEL) | bit(REQUEST_LOGICAL_CPUS));
	world_ask(&w);
	assert_int_equal(0, w.d.license.rebinds_used);
	assert_string_equal("Xeon A", w.d.license.bind_cpu_model);
	assert_int_equal(8, w.d.license.bind_logical_cpus);
}

/* Another key asks from the same place; it has no record. */
static void
reinstall(struct world *w, uint8_t key)
{
	memset(w->request.machine_key, key, KEY_SIZE);
	w->request.has &= ~bit(REQUEST_SEQUENCE);
	w->request.sequence = 0;
	w->dossier.known = false;
	memset(&w->dossier.machine, 0, sizeof(w->dossier.machine));
}

static void
a_new_key_on_the_allocation_takes_over_and_retires_the_old_one(void **state)
{
	struct machine old;
	struct world w;

	(void)state;
	world_init(&w);
	world_ask(&w);
	old = w.dossier.live;
	reinstall(&w, 8);
	world_ask(&w);
	expect_license(&w, 2);
	assert_true(has_event(&w, "take-over"));
	assert_false(has_event(&w, "fork"));
	assert_true(w.d.change.has_retired);
	assert_memory_equal(old.key, w.d.change.retired, KEY_SIZE);
	assert_string_equal(PRODUCT, w.d.change.retired_product);
	assert_int_equal(1, w.d.license.rebinds_used);
	assert_int_equal(8, w.d.license.machine_key[0]);

	w.dossier.machine = old; /* the old key speaks */
	w.dossier.machine.state = MACHINE_RETIRED;
	w.dossier.machine.answered = 0;
	memset(w.request.machine_key, 7, KEY_SIZE);
	world_ask(&w);
	expect_refusal(&w, REFUSAL_UNKNOWN_MACHINE);
	assert_true(has_event(&w, "old-key"));
	assert_false(w.d.change.advanced);
}

static void
a_second_take_over_within_a_day_needs_approval(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_ask(&w);
	reinstall(&w, 8);
	world_ask(&w);
	w.now.s += 3600;
	reinstall(&w, 9);
	world_ask(&w);
	expect_refusal(&w, REFUSAL_HARDWARE_LIMIT);
	assert_false(w.d.change.machine_changed);
	w.dossier.subscription.hardware_approved = 1;
	world_ask(&w);
	assert_int_equal(DECISION_LICENSE, w.d.kind);
	assert_int_equal(0, w.dossier.subscription.hardware_approved);
	w.now.s += 86400;
	reinstall(&w, 10);
	world_ask(&w);
	assert_int_equal(DECISION_LICENSE, w.d.kind);
}

static void
a_refused_stranger_does_not_disturb_the_chain_of_the_machine(void **state)
{
	struct machine old;
	struct world w;

	(void)state;
	world_init(&w);
	world_ask(&w);
	old = w.dossier.machine;
	make_suspended(&w);
	reinstall(&w, 8);
	world_ask(&w);
	expect_refusal(&w, REFUSAL_SUSPENDED);
	w.dossier.subscription.status = SUBSCRIPTION_ACTIVE;
	w.dossier.known = true;
	w.dossier.machine = old;
	memset(w.request.machine_key, 7, KEY_SIZE);
	w.request.sequence = 1;
	world_ask(&w);
	expect_license(&w, 3);
	assert_int_equal(1, w.d.change.event_count);
}

static void
addresses_match_as_they_should(void **state)
{
	static const struct {
		const char *prefix, *internal, *observed, *reported;
		bool good;
	} rows[] = {
		{ "192.0.2.1", INSIDE, "192.0.2.1", INSIDE, true },
		{ "192.0.2.1", INSIDE, "192.0.2.2", INSIDE, false },
		{ "192.0.2.1", INSIDE, "192.0.2.1", "10.0.0.6", false },
		{ "192.0.2.1", INSIDE, "192.0.2.1", "", true },
		{ "192.0.2.1", "", "192.0.2.1", "10.0.0.6", true },
		{ "192.0.2.0/24", "", "192.0.2.200", INSIDE, true },
		{ "192.0.2.0/24", "", "192.0.3.1", INSIDE, false },
		{ "2001:db8::7", "", "2001:db8::ffff:1", INSIDE, true },
		{ "2001:db8::7", "", "2001:db8:0:1::1", INSIDE, false },
		{ "2001:db8::/48", "", "2001:db8:0:1::1", INSIDE, true },
		{ "192.0.2.1", "", "2001:db8::1", INSIDE, false },
		/* An IPv4 address is in no IPv6 prefix, mapped or not. */
		{ "::1", "", "192.0.2.1", INSIDE, false },
		{ "::fffe:0:0/95", "", "192.0.2.1", INSIDE, false },
		{ "::1", "", "::2", INSIDE, true },
		/* No NAT between: it moves in the pool, or in its /64. */
		{ "192.0.2.0/24", "192.0.2.9", "192.0.2.8", "192.0.2.8", true },
		{ "192.0.2.0/24", "192.0.2.9", "192.0.2.8", INSIDE, false },
		{ "192.0.2.0/24", INSIDE, "192.0.2.8", "192.0.2.8", false },
		{ "2001:db8::7", "2001:db8::7", "2001:db8::a1b2",
		    "2001:db8::a1b2", true },
		{ "2001:db8::7", "2001:db8::7", "2001:db8::7",
		    "2001:db8:1::7", false },
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		world_init(&w);
		w.dossier.allocation_count = 0;
		world_allocate(&w, rows[i].prefix, rows[i].internal, 0);
		w.observed = rows[i].observed;
		text_copy(w.request.internal_address, ADDRESS_SIZE,
		    rows[i].reported);
		if (!rows[i].reported[0])
			w.request.has &= ~bit(REQUEST_INTERNAL);
		world_ask(&w);
		assert_int_equal(rows[i].good, w.d.kind == DECISION_LICENSE);
		if (!rows[i].good)
			expect_refusal(&w, REFUSAL_ADDRESS_CHANGED);
	}
}

static void
the_first_internal_address_is_taken_and_then_kept(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.dossier.allocation_count = 0;
	world_allocate(&w, HERE, "", 0);
	world_ask(&w);
	assert_true(has_event(&w, "address-taken"));
	assert_int_equal(1, w.dossier.allocation_count);
	assert_string_equal(INSIDE, w.dossier.allocations[0].internal);
	text_copy(w.request.internal_address, ADDRESS_SIZE, "10.0.0.6");
	world_ask(&w);
	expect_refusal(&w, REFUSAL_ADDRESS_CHANGED);
}

static void
a_coupon_assigns_the_addresses_at_its_first_use(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.dossier.allocation_count = 0;
	w.dossier.by_coupon = true;
	world_ask(&w);
	expect_license(&w, 1);
	assert_true(has_event(&w, "coupon-used"));
	assert_int_equal(w.now.s, w.dossier.subscription.coupon_used.s);
	assert_string_equal(HERE "/32", w.dossier.allocations[0].prefix);
	assert_string_equal(INSIDE, w.dossier.allocations[0].internal);
	/* Reinstalled at the same place, the coupon still in its file. */
	reinstall(&w, 8);
	world_ask(&w);
	expect_license(&w, 2);
	assert_true(has_event(&w, "take-over"));
	reinstall(&w, 9);
	w.observed = ELSEWHERE;
	world_ask(&w);
	expect_refusal(&w, REFUSAL_COUPON_USED);
}

static void
an_approved_address_is_good_beside_the_old_one_until_it_is_used(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_ask(&w);
	world_allocate(&w, ELSEWHERE, "", 1);
	w.dossier.subscription.revision++;
	world_ask(&w);
	expect_license(&w, 2);
	assert_int_equal(2, w.dossier.allocation_count);
	w.observed = ELSEWHERE;
	world_ask(&w);
	expect_license(&w, 3);
	assert_int_equal(1, w.dossier.allocation_count);
	w.observed = HERE;
	world_ask(&w);
	expect_refusal(&w, REFUSAL_ADDRESS_CHANGED);
}

static void
an_allocation_is_chosen_by_what_the_request_says(void **state)
{
	struct candidate c[3];
	enum lookup lookup;
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < COUNT(c); i++) {
		c[i] = (struct candidate){ .status = SUBSCRIPTION_ACTIVE,
			.term_end = w.dossier.subscription.term_end,
			.allocation = w.dossier.allocations[0] };
		text_copy(c[i].product, TEXT_64, PRODUCT);
	}
	text_copy(c[0].allocation.internal, ADDRESS_SIZE, "10.0.0.9");
	c[1].allocation.internal[0] = '\0';
	assert_int_equal(2, decide_choose(c, 3, &w.request, w.now, &lookup));
	assert_int_equal(LOOKUP_FOUND, lookup);
	assert_int_equal(1, decide_choose(c, 2, &w.request, w.now, &lookup));
	assert_int_equal(-1, decide_choose(c, 1, &w.request, w.now, &lookup));
	assert_int_equal(LOOKUP_NOTHING, lookup);
	assert_int_equal(-1, decide_choose(c, 0, &w.request, w.now, &lookup));
	text_copy(c[2].product, TEXT_64, "Other");
	assert_int_equal(-1, decide_choose(&c[2], 1, &w.request, w.now,
	    &lookup));
	assert_int_equal(LOOKUP_OTHER_PRODUCT, lookup);
	text_copy(c[2].product, TEXT_64, PRODUCT);
	c[0] = c[2];
	c[0].has_live = true; /* a free one comes before it */
	assert_int_equal(2, decide_choose(c, 3, &w.request, w.now, &lookup));
	c[2].has_live = true;
	assert_int_equal(0, decide_choose(c, 3, &w.request, w.now, &lookup));
	text_copy(w.request.license_id, TEXT_64, "sub-3");
	text_copy(c[2].subscription, TEXT_64, "sub-3");
	w.request.has |= bit(REQUEST_LICENSE_ID);
	assert_int_equal(2, decide_choose(c, 3, &w.request, w.now, &lookup));
	c[0].status = c[2].status = SUBSCRIPTION_ENDED;
	assert_int_equal(1, decide_choose(c, 3, &w.request, w.now, &lookup));
}

static bool
has_trouble(const struct world *w)
{
	return has_event(w, "fork") || has_event(w, "rollback") ||
	    has_event(w, "refuse-clone") || has_event(w, "take-over");
}

/* Another product's subscription at the same address, the same key. */
static void
world_init_other(struct world *w)
{
	struct subscription *s = &w->dossier.subscription;

	world_init(w);
	text_copy(s->id, sizeof(s->id), "sub-2");
	text_copy(s->product, sizeof(s->product), OTHER);
	text_copy(w->request.product, sizeof(w->request.product), OTHER);
	w->sha256[1] = 1;
}

static void
one_key_has_a_chain_of_its_own_for_each_product(void **state)
{
	struct world w[2];

	(void)state;
	world_init(&w[0]);
	world_init_other(&w[1]);
	for (int i = 1; i <= 40; i++) {
		for (int j = 0; j < 2; j++) {
			/* The second asks less often: its numbers differ. */
			if (j == 1 && i % 4 != 0)
				continue;
			world_ask(&w[j]);
			expect_license(&w[j], j == 0 ? i : i / 4);
			assert_false(has_trouble(&w[j]));
			assert_false(w[j].d.change.has_retired);
			assert_string_equal(j == 0 ? PRODUCT : OTHER,
			    w[j].d.change.machine.product);
			assert_string_equal(j == 0 ? "sub-1" : "sub-2",
			    w[j].d.license.id);
			world_decide(&w[j]);
			assert_int_equal(DECISION_REPEAT, w[j].d.kind);
		}
	}
	make_suspended(&w[1]);
	world_ask(&w[1]);
	expect_refusal(&w[1], REFUSAL_SUSPENDED);
	world_ask(&w[0]);
	expect_license(&w[0], 41);
}

static void
of_two_products_at_one_address_each_request_finds_its_own(void **state)
{
	struct candidate c[2] = { 0 };
	enum lookup lookup;
	struct world w;

	(void)state;
	world_init(&w);
	for (int i = 0; i < 2; i++) {
		c[i].allocation = w.dossier.allocations[0];
		c[i].status = SUBSCRIPTION_ACTIVE;
		c[i].term_end = w.dossier.subscription.term_end;
		text_copy(c[i].product, TEXT_64, i == 0 ? PRODUCT : OTHER);
		/* The other has a live machine; its key may be this one. */
		c[i].has_live = i == 0;
	}
	assert_int_equal(0, decide_choose(c, 2, &w.request, w.now, &lookup));
	text_copy(w.request.product, TEXT_64, OTHER);
	assert_int_equal(1, decide_choose(c, 2, &w.request, w.now, &lookup));
	text_copy(w.request.product, TEXT_64, "Third");
	assert_int_equal(-1, decide_choose(c, 2, &w.request, w.now, &lookup));
	assert_int_equal(LOOKUP_OTHER_PRODUCT, lookup);
}

static void
prefixes_are_read_strictly(void **state)
{
	static const struct {
		const char *text, *prefix; /* NULL: refused */
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1/32" },
		{ "192.0.2.0/24", "192.0.2.0/24" },
		{ "192.0.2.1/24", NULL },
		{ "192.0.2.1/33", NULL },
		{ "192.0.2.1/0", NULL },
		{ "192.0.2.1/", NULL },
		{ "192.0.2.1/024", NULL },
		{ "2001:db8::1", "2001:db8::/64" },
		{ "2001:db8::1/128", "2001:db8::1/128" },
		{ "2001:db8::1/64", NULL },
		{ "::ffff:192.0.2.1", "192.0.2.1/32" },
		{ "host", NULL }, { "", NULL }, { "/24", NULL },
		{ "0.0.0.0", NULL }, { "0.0.0.0/8", NULL },
		{ "224.0.0.1", NULL }, { "255.255.255.255", NULL },
		{ "::", NULL }, { "ff02::1", NULL }, { "::1", "::/64" },
		{ "127.0.0.1", "127.0.0.1/32" },
	};
	struct allocation a;
	struct buf error;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_init(&error, 128);
		assert_int_equal(rows[i].prefix != NULL,
		    prefix_parse(rows[i].text, &a, &error));
		assert_int_equal(rows[i].prefix == NULL, error.len > 0);
		if (rows[i].prefix)
			assert_string_equal(rows[i].prefix, a.prefix);
		buf_fini(&error);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_request_activates),
		cmocka_unit_test(
		    the_lease_ends_fourteen_days_on_and_never_past_the_term),
		cmocka_unit_test(
		    the_refresh_window_is_the_slot_at_least_six_hours_on),
		cmocka_unit_test(
		    the_slots_of_many_licenses_are_spread_over_the_day),
		cmocka_unit_test(
    each_refusal_is_given_and_only_those_that_stick_take_a_sequence),
		cmocka_unit_test(
		    of_two_refusals_the_one_earlier_in_the_table_is_given),
		cmocka_unit_test(without_an_allocation_a_machine_is_unknown),
		cmocka_unit_test(
    the_same_bytes_are_answered_alike_until_a_person_changes_something),
		cmocka_unit_test(a_suspension_is_ordered_against_the_licenses),
		cmocka_unit_test(
		    a_subscription_cancelled_the_normal_way_ends_with_its_term),
		cmocka_unit_test(
    an_authority_from_a_backup_goes_on_above_what_the_machine_holds),
		cmocka_unit_test(a_restored_snapshot_goes_on_and_is_audited),
		cmocka_unit_test(an_old_request_sent_again_moves_nothing),
		cmocka_unit_test(
		    the_fourth_change_of_hardware_in_a_week_is_refused),
		cmocka_unit_test(
		    going_back_to_hardware_of_the_same_window_is_free),
		cmocka_unit_test(what_cannot_be_read_is_never_a_change),
		cmocka_unit_test(
    a_new_key_on_the_allocation_takes_over_and_retires_the_old_one),
		cmocka_unit_test(
		    a_second_take_over_within_a_day_needs_approval),
		cmocka_unit_test(
    a_refused_stranger_does_not_disturb_the_chain_of_the_machine),
		cmocka_unit_test(addresses_match_as_they_should),
		cmocka_unit_test(
		    the_first_internal_address_is_taken_and_then_kept),
		cmocka_unit_test(
		    a_coupon_assigns_the_addresses_at_its_first_use),
		cmocka_unit_test(
    an_approved_address_is_good_beside_the_old_one_until_it_is_used),
		cmocka_unit_test(
		    an_allocation_is_chosen_by_what_the_request_says),
		cmocka_unit_test(
		    one_key_has_a_chain_of_its_own_for_each_product),
		cmocka_unit_test(
    of_two_products_at_one_address_each_request_finds_its_own),
		cmocka_unit_test(prefixes_are_read_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
