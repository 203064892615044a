/* SPDX-License-Identifier: ISC */
/*
 * Copies of one machine, as the authority's decision sees them: snapshots,
 * clones and what becomes of each. Branches are letters; each speaks with
 * what it holds, and a copy holds what the other held at that moment.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "license/authority/branch.h"
#include "license/authority/decide.h"
#include "license/base/buf.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HERE "192.0.2.1"
#define ELSEWHERE "198.51.100.9"

struct world {
	struct dossier dossier;
	struct request request;
	uint8_t sha256[SHA256_SIZE];
	const char *observed;
	utc_t now;
	int64_t held[26];
	struct decision d;
};

static void
init(struct world *w)
{
	struct subscription *s = &w->dossier.subscription;
	struct request *r = &w->request;
	struct buf error;

	memset(w, 0, sizeof(*w));
	assert_true(utc_parse("2026-11-23T05:06:07Z", &w->now));
	w->observed = HERE;
	w->dossier.lookup = LOOKUP_FOUND;
	text_copy(s->id, sizeof(s->id), "sub-1");
	text_copy(s->product, sizeof(s->product), "P");
	s->status = SUBSCRIPTION_ACTIVE;
	s->kind = KIND_PRODUCTION;
	s->bandwidth_mbits = 10000;
	s->term_end = utc_add(w->now, 3000 * DAY_S);
	buf_init(&error, 128);
	assert_true(prefix_parse(HERE, &w->dossier.allocations[0], &error));
	buf_fini(&error);
	w->dossier.allocation_count = 1;
	memset(r->machine_key, 7, KEY_SIZE);
	text_copy(r->product, sizeof(r->product), "P");
	text_copy(r->cpu_model, sizeof(r->cpu_model), "Xeon A");
	r->logical_cpus = 8;
	r->has = bit(REQUEST_CPU_MODEL) | bit(REQUEST_LOGICAL_CPUS);
}

static void
run(struct world *w)
{
	struct decide_question q = { .policy = &decide_policy_default,
		.issuer = "Issuer", .now = w->now, .observed = w->observed,
		.request = &w->request, .request_sha256 = w->sha256,
		.dossier = &w->dossier };

	decide(&q, &w->d);
}

static void
keep(struct world *w)
{
	const struct change *c = &w->d.change;

	if (c->advanced)
		w->dossier.subscription = c->subscription;
	if (c->rebound)
		w->dossier.rebinds[w->dossier.rebind_count++] = c->rebind;
	if (!c->machine_changed)
		return;
	w->dossier.known = w->dossier.has_live = true;
	w->dossier.machine = w->dossier.live = c->machine;
}

static bool
has_event(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->d.change.event_count; i++)
		if (strcmp(w->d.change.events[i].name, name) == 0)
			return true;
	return false;
}

/* The branch asks anew, an hour later; its answer arrives. */
static void
speak(struct world *w, char branch)
{
	int64_t *held = &w->held[branch - 'A'];

	w->now.s += 3600;
	w->sha256[0]++;
	w->sha256[1] += w->sha256[0] == 0;
	w->request.created = w->now;
	w->request.sequence = *held;
	w->request.has &= ~bit(REQUEST_SEQUENCE);
	if (*held)
		w->request.has |= bit(REQUEST_SEQUENCE);
	run(w);
	keep(w);
	if (w->d.kind == DECISION_LICENSE)
		*held = w->d.license.sequence;
	else if (has_bit(w->d.refusal.has, REFUSED_SEQUENCE))
		*held = w->d.refusal.sequence;
}

/* l: a license, f: one and a fork is audited, c: clone, o: other hardware won */
static char
heard(const struct world *w)
{
	if (w->d.kind == DECISION_REFUSAL)
		return w->d.refusal.reason == REFUSAL_CLONE ? 'c' : '?';
	return has_event(w, "clone-found") ? 'o' :
	    has_event(w, "fork") ? 'f' : 'l';
}

/*
 * Words of a script: "Al" A speaks and hears l; "B=A" B is a copy of A now;
 * "A=0" A lost its state; "+20" days pass; "!" a person clears the mark.
 */
static void
play(struct world *w, const char *script)
{
	for (const char *at = script; *at; at += strcspn(at, " "),
	    at += strspn(at, " ")) {
		if (*at == '+') {
			w->now.s += strtol(at + 1, NULL, 10) * DAY_S;
		} else if (*at == '!') {
			branch_clear(&w->dossier.machine);
			w->dossier.live = w->dossier.machine;
		} else if (at[1] == '=') {
			w->held[at[0] - 'A'] = at[2] == '0' ? 0 :
			    w->held[at[2] - 'A'];
		} else {
			speak(w, at[0]);
			if (heard(w) != at[1])
				fail_msg("%s: %.2s heard %c", script, at,
				    heard(w));
		}
	}
}

static void
no_honest_machine_is_a_clone(void **state)
{
	static const char *const scripts[] = {
		/* A snapshot comes back, again and again. */
		"Al Al S=A Al Al A=S Af Al Al A=S Af Al A=S Af Al",
		/* Every morning, for weeks. */
		"Al S=A Al A=S +1 Af A=S +1 Af A=S +1 Af A=S +1 Af A=S +1 Af",
		/* Back to an old one, and then to the newest after all. */
		"Al S=A Al Al T=A A=S Af Al A=T Af Al Al",
		/* The same once more, long after that. */
		("Al S=A Al T=A A=S Af A=T Af Al +20 S=A Al T=A A=S Af +1 "
		"A=T Af Al"),
		/* All of its state is lost, but not the key. */
		"Al Al Al A=0 Af Al A=0 Af Al",
		/* The copy was made and never started. */
		"Al B=A Al Al Al +30 Al",
		/* The machine was replaced by its copy. */
		"Al B=A Al Bf Bl Bl",
		"Al B=A Al Bf Bl +20 Af Al",
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		init(&w);
		play(&w, scripts[i]);
	}
}

static void
two_living_branches_are_a_clone_and_one_goes_on(void **state)
{
	static const char *const scripts[] = {
		"Al Al B=A Al Bf Af Bc Al Bc Al Al Bc +10 Bc Al",
		"Al Al B=A Al Bf Bl Bl Af Bc Al",
		/* Three, and ten, on one image. */
		"Al B=A C=A Al Bf Cf Af Bc Cc Al Bc Cc Al",
		("Al B=A C=A D=A E=A F=A G=A H=A I=A J=A Al Bf Cf Df Ef Ff Gf "
		"Hf If Jf Af Bc Cc Dc Ec Fc Gc Hc Ic Jc Al Al"),
		/* The clone goes back to its image: it stays refused. */
		"Al S=A B=A Al Bf Af Bc Al B=S Bc Al",
		/* The one that goes on has snapshots of its own. */
		"Al B=A Al Bf Af Bc Al S=A Al Al A=S Af Al Bc Al",
	};
	struct world w;

	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		init(&w);
		play(&w, scripts[i]);
		assert_int_equal(MACHINE_CLONE, w.dossier.machine.state);
	}
}

static void
a_cleared_mark_lets_both_go_on_and_is_found_again(void **state)
{
	struct world w;

	(void)state;
	init(&w);
	play(&w, "Al B=A Al Bf Af Bc Al !");
	assert_int_equal(MACHINE_LIVE, w.dossier.machine.state);
	play(&w, "Bf Af Bc");
	assert_int_equal(MACHINE_CLONE, w.dossier.machine.state);
	assert_true(has_event(&w, "refuse-clone"));
}

static void
the_branch_with_the_hardware_of_before_goes_on(void **state)
{
	struct world w;

	(void)state;
	init(&w);
	play(&w, "Al B=A C=A Al Bf Af");
	/* A third copy, on other hardware, speaks last. */
	text_copy(w.request.cpu_model, TEXT_256, "Xeon Z");
	play(&w, "Cf");
	assert_int_equal(1, w.d.license.rebinds_used);
	text_copy(w.request.cpu_model, TEXT_256, "Xeon A");
	play(&w, "Ao Al Al");
	assert_int_equal(MACHINE_CLONE, w.dossier.machine.state);
	text_copy(w.request.cpu_model, TEXT_256, "Xeon Z");
	play(&w, "Cc");
	text_copy(w.request.cpu_model, TEXT_256, "Xeon A");
	play(&w, "Bc Al");
}

static void
a_copy_elsewhere_takes_nothing_from_the_machine(void **state)
{
	struct world w;

	(void)state;
	init(&w);
	play(&w, "Al B=A");
	/* A's answer is lost; then the copy asks from elsewhere. */
	speak(&w, 'A');
	w.held['A' - 'A']--;
	uint8_t lost = w.sha256[0];
	w.observed = ELSEWHERE;
	speak(&w, 'B');
	assert_int_equal(REFUSAL_ADDRESS_CHANGED, w.d.refusal.reason);
	assert_true(has_event(&w, "refuse-address-changed"));
	assert_non_null(strstr(w.d.change.events[0].detail, "a copy?"));
	assert_non_null(strstr(w.d.change.events[0].detail,
	    "approve-address --external " ELSEWHERE));
	assert_non_null(strstr(w.d.refusal.detail, ELSEWHERE));
	assert_true(w.d.change.keeps_answer);
	speak(&w, 'B'); /* told once */
	assert_int_equal(0, w.d.change.event_count);
	w.observed = "198.51.100.10";
	speak(&w, 'B'); /* and once for each address */
	assert_int_equal(1, w.d.change.event_count);
	w.observed = HERE;
	w.sha256[0] = lost; /* the very bytes again */
	run(&w);
	assert_int_equal(DECISION_REPEAT, w.d.kind);
	w.held['A' - 'A']++;
	w.sha256[0] = 200;
	play(&w, "Al Al");
}

static void
a_refused_clone_takes_no_sequence_with_a_suspension(void **state)
{
	struct world w;

	(void)state;
	init(&w);
	play(&w, "Al B=A Al Bf Af Bc Al");
	w.dossier.subscription.status = SUBSCRIPTION_SUSPENDED;
	speak(&w, 'B');
	assert_int_equal(REFUSAL_SUSPENDED, w.d.refusal.reason);
	assert_false(has_bit(w.d.refusal.has, REFUSED_SEQUENCE));
	speak(&w, 'A');
	assert_true(has_bit(w.d.refusal.has, REFUSED_SEQUENCE));
	w.dossier.subscription.status = SUBSCRIPTION_ACTIVE;
	play(&w, "Bc Al Bc Al");
}

static void
a_retired_key_that_a_person_lets_back_has_no_mark(void **state)
{
	struct world w;

	(void)state;
	init(&w);
	play(&w, "Al B=A Al Bf Af Bc");
	w.dossier.machine.state = MACHINE_RETIRED;
	memset(w.dossier.live.key, 8, KEY_SIZE);
	w.dossier.live.state = MACHINE_LIVE;
	speak(&w, 'A');
	assert_int_equal(REFUSAL_UNKNOWN_MACHINE, w.d.refusal.reason);
	assert_non_null(strstr(w.d.refusal.detail, "took this subscription"));
	memset(w.dossier.live.key, 8, KEY_SIZE);
	w.dossier.subscription.hardware_approved = 1;
	play(&w, "Al");
	assert_int_equal(MACHINE_LIVE, w.dossier.machine.state);
	assert_int_equal(0, w.dossier.machine.fork_sequence);
	play(&w, "Al B=A Al Bf Af Bc Al");
}

static void
the_tips_of_many_branches_are_bounded(void **state)
{
	struct machine m = { .state = MACHINE_LIVE, .sequence = 1 };
	struct branch_question q = { .machine = &m, .life_s = DAY_S };

	(void)state;
	m.sequence = INT64_C(1000000000000000000);
	for (int i = 0; i < 1000; i++) {
		q.now.s++;
		branch_take(&m, BRANCH_FORK, &q);
		m.sequence++;
		assert_true(strlen(m.tips) < sizeof(m.tips));
		/* The newest is there, and one that was never is not. */
		q.held = m.sequence - 1;
		assert_int_equal(BRANCH_LEFT, branch_judge(&q));
		q.held = 1;
		assert_int_equal(BRANCH_FORK, branch_judge(&q));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_honest_machine_is_a_clone),
		cmocka_unit_test(
		    two_living_branches_are_a_clone_and_one_goes_on),
		cmocka_unit_test(
		    a_cleared_mark_lets_both_go_on_and_is_found_again),
		cmocka_unit_test(
		    the_branch_with_the_hardware_of_before_goes_on),
		cmocka_unit_test(
		    a_copy_elsewhere_takes_nothing_from_the_machine),
		cmocka_unit_test(
		    a_refused_clone_takes_no_sequence_with_a_suspension),
		cmocka_unit_test(
		    a_retired_key_that_a_person_lets_back_has_no_mark),
		cmocka_unit_test(the_tips_of_many_branches_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
