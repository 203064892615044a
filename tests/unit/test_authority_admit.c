/* SPDX-License-Identifier: ISC */
/*
 * How many are granted in a second, who goes first, when the others come
 * back, and what one machine may ask.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "license/authority/admit.h"
#include "license/authority/gate.h"
#include "license/authority/limit.h"
#include "license/base/buf.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { START = 1000020, MILLION = 1000000 };

static int64_t
ask_many(struct admit *a, int64_t second, enum admit_class class, int many,
    int64_t counts[3])
{
	memset(counts, 0, 3 * sizeof(*counts));
	for (int i = 0; i < many; i++)
		counts[admit_ask(a, second, class, 0)]++;
	return counts[ADMIT_GRANT];
}

static void
a_large_fleet_gets_one_and_a_half_times_its_daily_mean(void **state)
{
	struct admit a;
	int64_t counts[3];

	(void)state;
	admit_init(&a, 0, START);
	admit_fleet(&a, MILLION);
	/* 1.5 * 10^6 / 86400 = 17.36; nothing of a quiet hour is kept. */
	assert_int_equal(17, ask_many(&a, START + 3600, ADMIT_ORDINARY, 100,
	    counts));
	assert_int_equal(17, counts[ADMIT_HOLD]);
	assert_int_equal(66, counts[ADMIT_BUSY]);
}

static void
a_small_fleet_and_its_first_day_are_not_refused(void **state)
{
	static const int64_t machines[] = {0, 1, 1000, 500000};

	(void)state;
	for (size_t i = 0; i < COUNT(machines); i++) {
		struct admit a;
		int64_t counts[3];

		admit_init(&a, 0, START);
		admit_fleet(&a, machines[i]);
		assert_int_equal(1000, ask_many(&a, START, ADMIT_PROMPT, 1000,
		    counts));
		/* Afterwards the floor, and in time all of it again. */
		ask_many(&a, START + 1, ADMIT_PROMPT, 1000, counts);
		ask_many(&a, START + 2, ADMIT_ORDINARY, 1000, counts);
		assert_int_equal(ADMIT_FLOOR_PER_S, counts[ADMIT_GRANT]);
		assert_int_equal(1000, ask_many(&a, START + 1000,
		    ADMIT_ORDINARY, 1000, counts));
	}
}

static void
a_configured_limit_ignores_the_fleet(void **state)
{
	struct admit a;
	int64_t counts[3];

	(void)state;
	admit_init(&a, 3, START);
	admit_fleet(&a, 100 * MILLION);
	assert_int_equal(3, ask_many(&a, START, ADMIT_ORDINARY, 50, counts));
	assert_int_equal(3, ask_many(&a, START + 50, ADMIT_ORDINARY, 50,
	    counts));
}

static void
the_limit_holds_after_a_fleet_shrank_and_over_a_clock_that_stands(
    void **state)
{
	struct admit a;
	int64_t counts[3];

	(void)state;
	admit_init(&a, 0, START);
	admit_fleet(&a, 10 * MILLION);
	admit_ask(&a, START + 1, ADMIT_ORDINARY, 0);
	admit_fleet(&a, MILLION);
	assert_int_equal(17, ask_many(&a, START + 1, ADMIT_ORDINARY, 500,
	    counts));
	assert_int_equal(0, ask_many(&a, START, ADMIT_ORDINARY, 500, counts));
	assert_int_equal(17, ask_many(&a, INT64_MAX / 2, ADMIT_ORDINARY, 500,
	    counts));
}

static void
the_last_day_of_a_lease_is_never_told_busy(void **state)
{
	struct admit a;
	int64_t counts[3];

	(void)state;
	admit_init(&a, 1, START);
	ask_many(&a, START, ADMIT_URGENT, 5000, counts);
	assert_int_equal(ADMIT_HELD_MAX, counts[ADMIT_HOLD]);
	assert_int_equal(0, counts[ADMIT_BUSY]);
	assert_int_equal(ADMIT_GRANT, admit_ask(&a, START + 1, ADMIT_URGENT,
	    1));
	assert_int_equal(ADMIT_HOLD, admit_ask(&a, START + 1, ADMIT_URGENT,
	    1));
	assert_int_equal(ADMIT_GRANT, admit_ask(&a, START + 1, ADMIT_URGENT,
	    ADMIT_HELD_S));
	/* It owes nothing in the next second. */
	assert_int_equal(1, ask_many(&a, START + 2, ADMIT_ORDINARY, 1,
	    counts));
}

static void
who_is_held_comes_before_who_is_new_and_not_for_ever(void **state)
{
	struct admit a;
	int64_t counts[3];

	(void)state;
	admit_init(&a, 2, START);
	ask_many(&a, START, ADMIT_ORDINARY, 2, counts);
	assert_int_equal(ADMIT_HOLD, admit_ask(&a, START, ADMIT_PROMPT, 0));
	assert_int_equal(ADMIT_GRANT, admit_ask(&a, START + 1, ADMIT_PROMPT,
	    1));
	assert_int_equal(ADMIT_GRANT, admit_ask(&a, START + 1, ADMIT_ORDINARY,
	    0));
	assert_int_equal(ADMIT_HOLD, admit_ask(&a, START + 1, ADMIT_PROMPT,
	    0));
	/* While someone is held, a new one does not take his place. */
	a.left = 1;
	assert_int_equal(ADMIT_HOLD, admit_ask(&a, START + 1, ADMIT_ORDINARY,
	    0));
	assert_int_equal(ADMIT_BUSY, admit_ask(&a, START + 1, ADMIT_ORDINARY,
	    0));
	a.left = 0;
	assert_int_equal(ADMIT_BUSY, admit_ask(&a, START + 1, ADMIT_PROMPT,
	    ADMIT_HELD_S));
	/* A person finds a place where a machine does not. */
	assert_int_equal(ADMIT_HOLD, admit_ask(&a, START + 1, ADMIT_PROMPT,
	    0));
}

static void
who_would_gain_nothing_leaves_half_to_the_others(void **state)
{
	struct admit a;
	int64_t counts[3];

	(void)state;
	admit_init(&a, 10, START);
	assert_int_equal(5, ask_many(&a, START, ADMIT_IDLE, 100, counts));
	assert_int_equal(0, counts[ADMIT_HOLD]);
	assert_int_equal(5, ask_many(&a, START, ADMIT_ORDINARY, 100, counts));
}

/* What the minutes of the next hours get, when ${many} are told to return. */
static void
book(struct admit *a, int64_t second, int many, int by_minute[362])
{
	memset(by_minute, 0, 362 * sizeof(*by_minute));
	for (int i = 0; i < many; i++) {
		int64_t after = admit_retry_after(a, second);

		assert_in_range(after, 60, 6 * HOUR_S);
		by_minute[after / 60]++;
	}
}

static void
the_refused_come_back_soon_when_there_is_room(void **state)
{
	struct admit a;
	int by_minute[362];

	(void)state;
	admit_init(&a, 17, START);
	book(&a, START, 900, by_minute);
	assert_int_equal(900, by_minute[1] + by_minute[2]);
	/* The minute is full: the next one, not the same. */
	book(&a, START, 900, by_minute);
	assert_in_range(by_minute[1] + by_minute[2], 0, 70);
}

static void
the_refused_of_one_moment_are_spread_over_six_hours(void **state)
{
	struct admit a;
	int by_minute[362];

	(void)state;
	admit_init(&a, 17, START);
	book(&a, START, MILLION, by_minute);
	for (int i = 2; i < 360; i++)
		/* A million in 358 minutes: 2793 in each; 5 x 11.57 x 60. */
		assert_in_range(by_minute[i], 900, 3472);
}

static void
while_newcomers_take_all_the_refused_come_late(void **state)
{
	struct admit a;
	int by_minute[362];
	int64_t counts[3];

	(void)state;
	admit_init(&a, 17, START);
	for (int s = 0; s < 1800; s++)
		ask_many(&a, START + s, ADMIT_ORDINARY, 46, counts);
	book(&a, START + 1800, 1000, by_minute);
	assert_int_equal(1000, by_minute[358] + by_minute[359] +
	    by_minute[360]);
}

static void
a_small_fleet_that_starts_at_once_is_not_sent_away_for_hours(void **state)
{
	struct admit a;
	int by_minute[362];
	int64_t counts[3];

	(void)state;
	admit_init(&a, 0, START);
	ask_many(&a, START, ADMIT_PROMPT, 1500, counts);
	assert_in_range(counts[ADMIT_BUSY], 400, 500);
	book(&a, START, (int)counts[ADMIT_BUSY], by_minute);
	for (int i = 0; i < 10; i++)
		counts[ADMIT_BUSY] -= by_minute[i];
	assert_int_equal(0, counts[ADMIT_BUSY]);
}

static void
after_a_day_of_silence_nothing_is_remembered(void **state)
{
	struct admit a;
	int by_minute[362];

	(void)state;
	admit_init(&a, 17, START);
	book(&a, START, MILLION, by_minute);
	book(&a, START + DAY_S, 10, by_minute);
	assert_int_equal(10, by_minute[1] + by_minute[2]);
}

static void
need_decides_who_goes_first(void **state)
{
	static const struct {
		bool known, attended, rebound;
		int reason;
		int64_t left_h, revision, gain_h;
		enum admit_class expected;
		int64_t seen_h;
	} rows[] = {
		/* nothing in hand */
		{false, false, false, REFUSAL_NONE, 300, 1, 24, ADMIT_PROMPT, 0},
		{true, false, false, REFUSAL_TERM_OVER, 300, 1, 24,
			ADMIT_PROMPT, 0},
		{true, false, false, REFUSAL_NONE, -1, 1, 300, ADMIT_PROMPT, 0},
		/* near its end, and this is longer */
		{true, false, false, REFUSAL_NONE, 23, 1, 300, ADMIT_URGENT, 0},
		{true, false, false, REFUSAL_NONE, 47, 1, 300, ADMIT_PROMPT, 0},
		{true, false, false, REFUSAL_NONE, 49, 1, 300, ADMIT_ORDINARY, 0},
		/* so it is after a refusal, which a replay may have brought */
		{true, false, false, REFUSAL_ADDRESS_CHANGED, 23, 1, 300,
			ADMIT_URGENT, 0},
		{true, false, false, REFUSAL_TERM_OVER, 5, 1, 300,
			ADMIT_URGENT, 0},
		/* the term's end: there is no more to get */
		{true, false, false, REFUSAL_NONE, 5, 1, 0, ADMIT_IDLE, 0},
		{true, false, false, REFUSAL_NONE, 300, 1, 0, ADMIT_IDLE, 0},
		{true, false, false, REFUSAL_NONE, 300, 1, 0, ADMIT_ORDINARY,
			6},
		/* a person waits, or changed it; other hardware */
		{true, true, false, REFUSAL_NONE, 300, 1, 0, ADMIT_PROMPT, 0},
		{true, true, false, REFUSAL_NONE, 12, 1, 24, ADMIT_URGENT, 0},
		{true, false, false, REFUSAL_NONE, 5, 2, 0, ADMIT_PROMPT, 0},
		{true, false, true, REFUSAL_NONE, 300, 1, 0, ADMIT_PROMPT, 0},
	};
	utc_t now = {1764028800};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct dossier d = {.lookup = LOOKUP_FOUND,
			.known = rows[i].known, .subscription.revision = 1,
			.machine = {.last_reason = rows[i].reason,
			    .revision = rows[i].revision,
			    .last_seen = utc_add(now,
				-rows[i].seen_h * HOUR_S),
			    .lease_end = utc_add(now,
				rows[i].left_h * HOUR_S)}};
		struct decision decision = {.kind = DECISION_LICENSE,
			.license.lease_end = utc_add(d.machine.lease_end,
			    rows[i].gain_h * HOUR_S),
			.change.rebound = rows[i].rebound};

		if (gate_class(&d, &decision, rows[i].attended, now) !=
		    rows[i].expected)
			fail_msg("row %zu", i);
	}
}

static void
a_person_is_known_by_a_whole_line(void **state)
{
	static const char yes[] = "nonce 0\noptional-attended yes\nsignature ";
	static const char no[] = "nonce 0\noptional-attended yes, \nx";

	(void)state;
	assert_true(gate_attended(yes, strlen(yes)));
	assert_false(gate_attended(no, strlen(no)));
	assert_false(gate_attended("", 0));
}

static mono_t
second(int64_t s)
{
	return (mono_t){s * 1000000000};
}

static struct request
request_of(int key, const char *product, int64_t created)
{
	struct request r = {.created = {created}};

	memset(r.machine_key, key, KEY_SIZE);
	text_copy(r.product, sizeof(r.product), product);
	return r;
}

static void
a_machine_that_hammers_is_not_heard_and_nobody_else_is_touched(void **state)
{
	struct limit *l = limit_new(1);
	struct request mad = request_of(1, "P", 100), good;
	int heard = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		heard += limit_charge(l, &mad, "192.0.2.1", second(5)) == 0;
	/* One was new, the same again is counted apart. */
	assert_int_equal(LIMIT_BURST + 1, heard);
	assert_in_range(limit_charge(l, &mad, "192.0.2.1", second(5)), 1, 20);
	good = request_of(2, "P", 100);
	assert_int_equal(0, limit_charge(l, &good, "192.0.2.1", second(5)));
	/* The same key: elsewhere, of another product, with a new request. */
	assert_int_equal(0, limit_charge(l, &mad, "192.0.2.2", second(5)));
	good = request_of(1, "Q", 100);
	assert_int_equal(0, limit_charge(l, &good, "192.0.2.1", second(5)));
	good = request_of(1, "P", 101);
	assert_int_equal(0, limit_charge(l, &good, "192.0.2.1", second(5)));
	/* In time it is heard again. */
	assert_int_equal(0, limit_charge(l, &mad, "192.0.2.1", second(30)));
	limit_free(l);
}

static void
only_what_is_verified_is_charged(void **state)
{
	struct limit *l = limit_new(1);
	struct request r = request_of(1, "P", 100);

	(void)state;
	for (int i = 0; i < 100000; i++)
		assert_int_equal(0, limit_wait_s(l, r.machine_key,
		    "192.0.2.1", second(5)));
	assert_int_equal(0, limit_charge(l, &r, "192.0.2.1", second(5)));
	limit_free(l);
}

static void
a_hammer_of_all_kinds_is_refused_before_its_signature_is_checked(void **state)
{
	struct limit *l = limit_new(1);
	struct request r = request_of(1, "P", 100);

	(void)state;
	for (int i = 0; i < 2 * LIMIT_ALL_BURST; i++) {
		limit_charge(l, &r, "192.0.2.1", second(5));
		/* Every one of these is newer than the last. */
		r.created.s++;
	}
	r.created.s = 0;
	assert_int_equal(0, limit_wait_s(l, r.machine_key, "192.0.2.1",
	    second(5)));
	for (int i = 0; i < LIMIT_ALL_BURST; i++)
		limit_charge(l, &r, "192.0.2.1", second(5));
	assert_int_equal(1, limit_wait_s(l, r.machine_key, "192.0.2.1",
	    second(5)));
	assert_int_equal(0, limit_wait_s(l, r.machine_key, "192.0.2.2",
	    second(5)));
	assert_int_equal(0, limit_wait_s(l, r.machine_key, "192.0.2.1",
	    second(6)));
	limit_free(l);
}

static void
two_thousand_licenses_of_one_agent_are_heard_at_once(void **state)
{
	struct limit *l = limit_new(1);
	char product[] = "P....";

	(void)state;
	for (int i = 0; i < 2000; i++) {
		for (int k = 4, n = i; k > 0; k--, n /= 10)
			product[k] = (char)('0' + n % 10);
		struct request r = request_of(1, product, 100);

		assert_int_equal(0, limit_charge(l, &r, "192.0.2.1",
		    second(5)));
	}
	limit_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_large_fleet_gets_one_and_a_half_times_its_daily_mean),
		cmocka_unit_test(a_small_fleet_and_its_first_day_are_not_refused),
		cmocka_unit_test(a_configured_limit_ignores_the_fleet),
		cmocka_unit_test(
    the_limit_holds_after_a_fleet_shrank_and_over_a_clock_that_stands),
		cmocka_unit_test(the_last_day_of_a_lease_is_never_told_busy),
		cmocka_unit_test(
		    who_is_held_comes_before_who_is_new_and_not_for_ever),
		cmocka_unit_test(
		    who_would_gain_nothing_leaves_half_to_the_others),
		cmocka_unit_test(the_refused_come_back_soon_when_there_is_room),
		cmocka_unit_test(
		    the_refused_of_one_moment_are_spread_over_six_hours),
		cmocka_unit_test(while_newcomers_take_all_the_refused_come_late),
		cmocka_unit_test(
		a_small_fleet_that_starts_at_once_is_not_sent_away_for_hours),
		cmocka_unit_test(after_a_day_of_silence_nothing_is_remembered),
		cmocka_unit_test(need_decides_who_goes_first),
		cmocka_unit_test(a_person_is_known_by_a_whole_line),
		cmocka_unit_test(
    a_machine_that_hammers_is_not_heard_and_nobody_else_is_touched),
		cmocka_unit_test(only_what_is_verified_is_charged),
		cmocka_unit_test(
    a_hammer_of_all_kinds_is_refused_before_its_signature_is_checked),
		cmocka_unit_test(
		    two_thousand_licenses_of_one_agent_are_heard_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
