/* SPDX-License-Identifier: ISC */
/*
 * Offline licenses: each condition of their issue and its sentence, what is
 * in one, the same request twice, the license that follows. And trials: what
 * one is made of, and when a machine leaves it for what was bought.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "license/authority/offline.h"
#include "license/authority/trial.h"
#include "license/base/buf.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PRODUCT "FastNetMon Advanced"

struct world {
	struct dossier dossier;
	struct request request;
	uint8_t sha256[SHA256_SIZE], signer[KEY_SIZE];
	struct offline issued[OFFLINES_MAX];
	struct offline_question q;
	struct offline_answer a;
	struct buf error;
};

static utc_t
at(const char *text)
{
	utc_t t;

	assert_true(utc_parse(text, &t));
	return t;
}

/* All conditions hold. */
static void
world_init(struct world *w)
{
	struct subscription *s = &w->dossier.subscription;
	struct request *r = &w->request;

	memset(w, 0, sizeof(*w));
	buf_init(&w->error, 4096);
	w->dossier.lookup = LOOKUP_FOUND;
	text_copy(s->id, sizeof(s->id), "sub-1");
	text_copy(s->product, sizeof(s->product), PRODUCT);
	s->status = SUBSCRIPTION_ACTIVE;
	s->kind = KIND_PRODUCTION;
	s->billing = BILLING_ANNUAL;
	s->renews = RENEWS_MANUAL;
	s->on_expiry = ON_EXPIRY_STOP;
	s->bandwidth_mbits = 100000;
	s->checked = 1;
	s->sequence = 4;
	s->revision = 9;
	s->term_end = at("2027-11-24T23:59:59Z");
	r->ask = ASK_OFFLINE;
	memset(r->machine_key, 7, KEY_SIZE);
	memset(r->nonce, 3, NONCE_SIZE);
	text_copy(r->product, sizeof(r->product), PRODUCT);
	text_copy(r->cpu_model, sizeof(r->cpu_model), "Xeon A");
	r->logical_cpus = 8;
	r->memory_mib = 65536;
	r->has = bit(REQUEST_PURPOSE) | bit(REQUEST_NONCE) |
	    bit(REQUEST_PRODUCT) | bit(REQUEST_CPU_MODEL) |
	    bit(REQUEST_LOGICAL_CPUS) | bit(REQUEST_MEMORY);
	w->q = (struct offline_question){ .policy = &decide_policy_default,
		.issuer = "Issuer", .now = at("2026-11-25T05:06:07Z"),
		.signer = w->signer, .signer_until =
		at("2028-11-24T23:59:59Z"), .request = r,
		.request_sha256 = w->sha256, .dossier = &w->dossier,
		.issued = w->issued };
}

static bool
judge(struct world *w)
{
	buf_clear(&w->error);
	return offline_judge(&w->q, &w->a, &w->error);
}

/* What the database does with it. */
static void
store(struct world *w)
{
	w->dossier.subscription = w->a.change.subscription;
	w->issued[w->q.count++] = w->a.record;
}

static void
world_fini(struct world *w)
{
	buf_fini(&w->error);
}

#define BREAK(name, statement)                                                \
	static void name(struct world *w)                                     \
	{                                                                     \
		struct subscription *s = &w->dossier.subscription;            \
		struct request *r = &w->request;                              \
		statement;                                                    \
		(void)s;                                                      \
		(void)r;                                                      \
	}
BREAK(purpose, r->ask = ASK_REFRESH)
BREAK(product, text_copy(r->product, TEXT_64, "Other"))
BREAK(suspended, s->status = SUBSCRIPTION_SUSPENDED)
BREAK(cancelled, s->status = SUBSCRIPTION_CANCELLED)
BREAK(ended, s->status = SUBSCRIPTION_ENDED)
BREAK(over, s->term_end.s = w->q.now.s - 1)
BREAK(monthly, s->billing = BILLING_MONTHLY)
BREAK(trial, s->kind = KIND_TRIAL; s->billing = 0)
BREAK(small, s->bandwidth_mbits = 99999)
BREAK(unchecked, s->checked = 0)
BREAK(no_model, r->has &= ~bit(REQUEST_CPU_MODEL))
BREAK(no_cpus, r->has &= ~bit(REQUEST_LOGICAL_CPUS))
BREAK(no_memory, r->has &= ~(bit(REQUEST_MEMORY) | bit(REQUEST_CPU_MODEL)))
BREAK(leap, r->sequence = INT64_C(1000000005); r->has |= bit(REQUEST_SEQUENCE))
BREAK(yesterday, w->q.not_before = at("2026-11-24T00:00:00Z"))
BREAK(behind, w->q.not_before = at("2027-11-25T00:00:00Z"))
BREAK(signer, w->q.signer_until.s = w->q.now.s - 1)

static void
each_condition_has_its_sentence(void **state)
{
	static const struct {
		void (*break_it)(struct world *w);
		const char *says;
	} rows[] = {
		{ purpose, "fcli show license_hardware_data > hw_data.lic" },
		{ product, "is for Other, and the subscription for " PRODUCT },
		{ suspended, "is suspended; run `subscription reinstate sub-1" },
		{ cancelled, "is cancelled; run `subscription reinstate" },
		{ ended, "is cancelled; run `subscription reinstate" },
		{ over, "over on 2026-11-25; run `subscription extend sub-1" },
		{ monthly, "annual billing only" },
		{ trial, "annual billing only" },
		{ small, "for 99999 mbits, and offline licenses begin at 100000" },
		{ unchecked, "`subscription set sub-1 --checked yes`" },
		{ no_model, "does not tell the CPU model, which" },
		{ no_cpus, "does not tell the number of logical CPUs, which" },
		{ no_memory, "the CPU model and the amount of memory, which" },
		{ leap, "was never issued" },
		{ yesterday, "--not-before is before today" },
		{ behind, "after the end of the term, 2027-11-24" },
		{ signer, "the signer's time was over on 2026-11-25" },
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		world_init(&w);
		assert_true(judge(&w));
		rows[i].break_it(&w);
		assert_false(judge(&w));
		if (!strstr(buf_text(&w.error), rows[i].says))
			fail_msg("%s", buf_text(&w.error));
		assert_int_equal(0, w.a.change.event_count);
		world_fini(&w);
	}
}

static void
it_runs_to_the_end_of_the_term_and_is_bound_to_three_parts(void **state)
{
	const struct license *l;
	struct buf out;
	struct world w;

	(void)state;
	world_init(&w);
	w.request.sequence = 6;
	w.request.has |= bit(REQUEST_SEQUENCE);
	assert_true(judge(&w));
	l = &w.a.license;
	assert_int_equal(MODE_OFFLINE, l->mode);
	assert_int_equal(7, l->sequence);
	assert_int_equal(at("2027-11-24T23:59:59Z").s, l->lease_end.s);
	assert_int_equal(l->term_end.s, l->lease_end.s);
	assert_int_equal(w.q.now.s - 86400, l->not_before.s);
	assert_string_equal("Xeon A", l->bind_cpu_model);
	assert_int_equal(8, l->bind_logical_cpus);
	assert_int_equal(65536, l->bind_memory_mib);
	assert_int_equal(4096, l->bind_memory_tolerance_mib);
	assert_memory_equal(w.request.nonce, l->nonce, NONCE_SIZE);
	assert_memory_equal(w.request.machine_key, l->machine_key, KEY_SIZE);
	assert_int_equal(1, w.a.change.subscription.offline_issued);
	assert_int_equal(10, w.a.change.subscription.revision);
	assert_int_equal(7, w.a.change.subscription.sequence);
	assert_string_equal("offline-issue", w.a.change.events[0].name);
	buf_init(&out, 8192);
	w.a.license.signer_until = w.q.signer_until;
	assert_true(license_encode(&w.a.license, &out));
	buf_fini(&out);
	w.request.memory_mib = 8192;
	assert_true(judge(&w));
	assert_int_equal(512, w.a.license.bind_memory_tolerance_mib);
	world_fini(&w);
}

static void
the_same_request_gets_the_same_license(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	assert_true(judge(&w) && !w.a.repeat);
	store(&w);
	w.q.now.s += 3600;
	assert_true(judge(&w));
	assert_true(w.a.repeat);
	assert_int_equal(5, w.a.record.sequence);
	w.q.not_before = at("2027-01-01T00:00:00Z");
	assert_true(judge(&w) && !w.a.repeat);
	w.q.not_before.s = 0;
	w.sha256[0]++;
	assert_true(judge(&w) && !w.a.repeat);
	w.sha256[0]--;
	w.signer[0]++;
	assert_true(judge(&w) && !w.a.repeat);
	w.signer[0]--;
	w.issued[0].released = w.q.now;
	assert_true(judge(&w) && !w.a.repeat);
	w.issued[0].released.s = 0;
	w.dossier.subscription.revision++;
	assert_true(judge(&w) && !w.a.repeat);
	assert_int_equal(6, w.a.license.sequence);
	world_fini(&w);
}

static void
another_machine_gets_none_until_it_is_released(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	assert_true(judge(&w));
	store(&w);
	w.sha256[0]++;
	memset(w.request.machine_key, 8, KEY_SIZE);
	assert_true(judge(&w)); /* reinstalled: the same hardware */
	w.request.memory_mib = 131072;
	assert_false(judge(&w));
	assert_non_null(strstr(buf_text(&w.error), "(Xeon A, 8 CPUs, 65536 "
	    "MiB) has an offline license of it until 2027-11-24; if it was "
	    "replaced, run `offline release sub-1`"));
	memset(w.request.machine_key, 7, KEY_SIZE);
	assert_true(judge(&w)); /* the same machine with more memory */
	memset(w.request.machine_key, 8, KEY_SIZE);
	w.issued[0].released = w.q.now;
	assert_true(judge(&w));
	world_fini(&w);
}

static void
a_gap_and_what_else_still_runs_is_told(void **state)
{
	struct buf out;
	struct world w;

	(void)state;
	world_init(&w);
	buf_init(&out, 4096);
	assert_true(judge(&w));
	store(&w);
	w.dossier.subscription.term_end = at("2028-11-24T23:59:59Z");
	w.q.not_before = at("2027-11-25T00:00:00Z");
	assert_true(judge(&w));
	offline_remark(&w.q, &w.a, &out);
	assert_string_equal("", buf_text(&out));
	w.q.not_before = at("2027-11-26T00:00:00Z");
	assert_true(judge(&w));
	assert_int_equal(w.q.not_before.s, w.a.license.not_before.s);
	offline_remark(&w.q, &w.a, &out);
	assert_string_equal("the license before it ends on 2027-11-24: "
	    "between them none is valid\n", buf_text(&out));
	buf_clear(&out);
	w.q.not_before.s = 0;
	w.sha256[0]++;
	w.request.logical_cpus = 16;
	w.dossier.has_live = true;
	w.dossier.live.lease_end = at("2026-12-09T23:59:59Z");
	assert_true(judge(&w));
	offline_remark(&w.q, &w.a, &out);
	assert_string_equal("sequence 5, for other hardware (Xeon A, 8 CPUs, "
	    "65536 MiB), stays valid there until 2027-11-24\n"
	    "another machine keeps its online lease until 2026-12-09 at the "
	    "latest\n", buf_text(&out));
	buf_fini(&out);
	world_fini(&w);
}

static void
decide_trial(struct world *w, const char *observed, struct decision *out)
{
	struct decide_question q = { .policy = &decide_policy_default,
		.issuer = "Issuer", .now = w->q.now, .observed = observed,
		.request = &w->request, .request_sha256 = w->sha256,
		.dossier = &w->dossier };

	decide(&q, out);
}

static void
offer(struct world *w)
{
	world_init(w);
	memset(&w->dossier, 0, sizeof(w->dossier));
	w->request.ask = ASK_ACTIVATE;
	w->dossier.trial_state = TRIAL_OFFERED;
	text_copy(w->dossier.trial_id, TEXT_64, "trial-1");
	w->dossier.trial = (struct trial){ .product = PRODUCT, .days = 30,
		.mbits = 500, .on_expiry = ON_EXPIRY_STOP };
}

static void
a_trial_is_a_subscription_of_its_own(void **state)
{
	static const struct {
		const char *observed, *prefix;
	} rows[] = {
		{ "192.0.2.9", "192.0.2.9/32" },
		{ "2001:db8::9:1", "2001:db8::/64" },
	};
	const struct license *l;
	struct decision d;
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		offer(&w);
		decide_trial(&w, rows[i].observed, &d);
		l = &d.license;
		assert_int_equal(DECISION_LICENSE, d.kind);
		assert_int_equal(KIND_TRIAL, l->kind);
		assert_false(has_bit(l->has, LICENSE_BILLING));
		assert_int_equal(500, l->bandwidth_mbits);
		assert_string_equal("trial-1", l->id);
		assert_int_equal(at("2026-12-25T23:59:59Z").s, l->term_end.s);
		assert_int_equal(at("2026-12-09T23:59:59Z").s, l->lease_end.s);
		assert_true(d.change.subscription_changed);
		assert_true(d.change.tried);
		assert_int_equal(1, d.change.allocation_count);
		assert_string_equal(rows[i].prefix,
		    d.change.allocations[0].prefix);
		assert_int_equal(1, d.change.subscription.sequence);
		assert_int_equal(1, d.change.machine.revision);
		world_fini(&w);
	}
}

static void
without_an_offer_there_is_no_trial(void **state)
{
	struct decision d;
	struct world w;

	(void)state;
	offer(&w);
	w.dossier.trial_state = TRIAL_NONE;
	decide_trial(&w, "192.0.2.9", &d);
	assert_int_equal(REFUSAL_UNKNOWN_MACHINE, d.refusal.reason);
	assert_false(d.change.subscription_changed || d.change.tried);
	assert_null(strstr(d.refusal.detail, "trial"));
	w.dossier.trial_state = TRIAL_TAKEN;
	decide_trial(&w, "192.0.2.9", &d);
	assert_int_equal(REFUSAL_UNKNOWN_MACHINE, d.refusal.reason);
	assert_non_null(strstr(d.refusal.detail,
	    "The trial of this address was used before"));
	world_fini(&w);
}

static void
a_machine_leaves_a_trial_or_what_is_over_for_what_is_bought(void **state)
{
	static const struct {
		int kind, status;
		int64_t left;
		bool leaves;
	} from[] = {
		{ KIND_TRIAL, SUBSCRIPTION_ACTIVE, 5, true },
		{ KIND_TRIAL, SUBSCRIPTION_ACTIVE, -1, true },
		{ KIND_PRODUCTION, SUBSCRIPTION_ACTIVE, 0, false },
		{ KIND_PRODUCTION, SUBSCRIPTION_CANCELLED, 0, false },
		{ KIND_PRODUCTION, SUBSCRIPTION_SUSPENDED, 5, false },
		{ KIND_PRODUCTION, SUBSCRIPTION_ACTIVE, -1, true },
		{ KIND_PRODUCTION, SUBSCRIPTION_ENDED, 5, true },
	};
	struct subscription old = { .id = "old" };
	struct dossier *to;
	struct world w;
	utc_t now;

	(void)state;
	world_init(&w);
	now = w.q.now;
	for (size_t i = 0; i < COUNT(from); i++) {
		old.kind = from[i].kind;
		old.status = from[i].status;
		old.term_end = utc_add(now, from[i].left);
		assert_int_equal(from[i].leaves, trial_may_leave(&old, now));
	}
	to = &w.dossier;
	assert_true(trial_may_take(&old, to, PRODUCT, now));
	assert_false(trial_may_take(&old, to, "Other", now));
	to->has_live = true;
	assert_false(trial_may_take(&old, to, PRODUCT, now));
	to->has_live = false;
	to->subscription.status = SUBSCRIPTION_SUSPENDED;
	assert_false(trial_may_take(&old, to, PRODUCT, now));
	to->subscription.status = SUBSCRIPTION_ACTIVE;
	to->subscription.offline_issued = 1;
	assert_false(trial_may_take(&old, to, PRODUCT, now));
	to->subscription.offline_issued = 0;
	to->subscription.kind = KIND_TRIAL;
	assert_false(trial_may_take(&old, to, PRODUCT, now));
	to->subscription.kind = KIND_PRODUCTION;
	to->subscription.term_end.s = now.s - 1;
	assert_false(trial_may_take(&old, to, PRODUCT, now));
	to->lookup = LOOKUP_COUPON_UNKNOWN;
	assert_false(trial_may_take(&old, to, PRODUCT, now));
	world_fini(&w);
}

/* An offline license is later than what the machine's record has. */
static void
a_machine_back_from_offline_is_no_rollback(void **state)
{
	struct decision d;
	struct world w;

	(void)state;
	world_init(&w);
	w.dossier.known = w.dossier.has_live = true;
	memcpy(w.dossier.machine.key, w.request.machine_key, KEY_SIZE);
	w.dossier.machine.state = MACHINE_LIVE;
	w.dossier.machine.sequence = 3;
	w.dossier.live = w.dossier.machine;
	w.request.ask = ASK_REFRESH;
	w.request.sequence = 4;
	w.request.has |= bit(REQUEST_SEQUENCE);
	decide_trial(&w, "192.0.2.9", &d);
	assert_int_equal(DECISION_LICENSE, d.kind);
	assert_int_equal(5, d.license.sequence);
	for (size_t i = 0; i < d.change.event_count; i++) {
		assert_string_not_equal("rollback", d.change.events[i].name);
		assert_string_not_equal("fork", d.change.events[i].name);
	}
	world_fini(&w);
}

/* hw_data.lic goes by mail: who posts it gets nothing and changes nothing. */
static void
a_request_for_an_offline_license_is_not_answered_online(void **state)
{
	struct decision d;
	struct world w;

	(void)state;
	world_init(&w);
	w.dossier.known = w.dossier.has_live = true;
	w.dossier.machine.state = MACHINE_LIVE;
	w.dossier.machine.sequence = 4;
	w.dossier.live = w.dossier.machine;
	decide_trial(&w, "192.0.2.9", &d);
	assert_int_equal(DECISION_REFUSAL, d.kind);
	assert_int_equal(REFUSAL_MALFORMED, d.refusal.reason);
	assert_false(has_bit(d.refusal.has, REFUSED_SEQUENCE));
	assert_false(d.change.advanced || d.change.subscription_changed);
	assert_true(d.change.keeps_answer);
	world_fini(&w);
	offer(&w);
	w.request.ask = ASK_OFFLINE;
	decide_trial(&w, "192.0.2.9", &d);
	assert_int_equal(REFUSAL_MALFORMED, d.refusal.reason);
	assert_false(d.change.tried || d.change.machine_changed);
	world_fini(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_condition_has_its_sentence),
		cmocka_unit_test(
		    it_runs_to_the_end_of_the_term_and_is_bound_to_three_parts),
		cmocka_unit_test(the_same_request_gets_the_same_license),
		cmocka_unit_test(
		    another_machine_gets_none_until_it_is_released),
		cmocka_unit_test(a_gap_and_what_else_still_runs_is_told),
		cmocka_unit_test(a_trial_is_a_subscription_of_its_own),
		cmocka_unit_test(without_an_offer_there_is_no_trial),
		cmocka_unit_test(
		    a_machine_leaves_a_trial_or_what_is_over_for_what_is_bought),
		cmocka_unit_test(a_machine_back_from_offline_is_no_rollback),
		cmocka_unit_test(
		    a_request_for_an_offline_license_is_not_answered_online),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
