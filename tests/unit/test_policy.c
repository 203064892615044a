/* SPDX-License-Identifier: ISC */
/* When the next refresh is tried, and what an outcome changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "license/edges.h"
#include "license/policy.h"
#include "tests/facts.h"

static utc_t
day(int n)
{
	return (utc_t){FACTS_NOON + n * (int64_t)DAY_S};
}

static void
a_first_start_asks_at_once(void **state)
{
	struct license_facts f;

	(void)state;
	facts_bare(&f);
	assert_int_equal(policy_next(&f, day(0), 0).s, day(0).s);
}

static void
a_success_waits_for_the_second_picked_in_the_window(void **state)
{
	(void)state;
	for (uint32_t random = 0; random < 100000; random += 997) {
		struct license_facts f;
		struct answer answer = {.result = RESULT_OK};
		struct outcome outcome = {.result = RESULT_OK, .at = day(0),
			.started = day(0), .answer = &answer};
		facts_bare(&f);
		facts_lease(&answer.license, day(0), utc_day_end(day(0), 300));
		policy_apply(&f, &outcome, random);
		assert_in_range(f.next_attempt.s - day(0).s, 23 * HOUR_S,
		    25 * HOUR_S);
		/* A restart does not pick again. */
		assert_int_equal(policy_next(&f, day(0), ~random).s,
		    f.next_attempt.s);
	}
}

static void
unreachable_backs_off_within_the_bounds(void **state)
{
	struct license_facts f;

	(void)state;
	facts_healthy(&f);
	for (int i = 0; i < 40; i++) {
		utc_t at = f.next_attempt.s == 0 ? day(1) : f.next_attempt;
		int64_t left = policy_expiry(&f).s - at.s;
		if (left <= 0)
			break;
		facts_fail(&f, RESULT_CONNECT, at);
		int64_t delay = f.next_attempt.s - at.s;
		int64_t cap = left / 8 < 6 * HOUR_S ? left / 8 : 6 * HOUR_S;
		assert_true(delay >= 60);
		/* Once more soon, then as seldom as is allowed. */
		if (i > 0)
			assert_true(delay >= cap - cap / 1440);
		else
			assert_in_range(delay, 200, 400);
		assert_true(delay <= (cap < 60 ? 60 : cap));
	}
	assert_int_equal(f.license.lease_end.s, utc_day_end(day(0), 14).s);
}

/* A fleet that all tried again soon would be five times its mean and more. */
static void
two_in_three_wait_the_longest_at_once_and_no_two_the_same(void **state)
{
	int soon = 0;
	int64_t shortest = INT64_MAX, longest = 0;

	(void)state;
	for (uint32_t random = 0; random < 3000; random++) {
		struct license_facts f;
		struct outcome outcome = {.result = RESULT_TIMEOUT,
			.at = day(1), .started = day(1)};

		facts_healthy(&f);
		policy_apply(&f, &outcome, random * 1431655);
		int64_t delay = f.next_attempt.s - day(1).s;
		if (delay < HOUR_S) {
			soon++;
			continue;
		}
		shortest = delay < shortest ? delay : shortest;
		longest = delay > longest ? delay : longest;
	}
	assert_in_range(soon, 900, 1100);
	assert_int_equal(longest, 6 * HOUR_S);
	assert_int_equal(shortest, 6 * HOUR_S - 15);
}

static void
retry_after_is_clamped(void **state)
{
	struct license_facts f;
	struct outcome outcome = {.result = RESULT_HTTP, .at = day(13),
		.started = day(13), .retry_after_s = 30 * DAY_S};

	(void)state;
	facts_healthy(&f);
	policy_apply(&f, &outcome, 12345);
	int64_t left = policy_expiry(&f).s - day(13).s;
	assert_true(f.next_attempt.s - day(13).s <= left / 8);
	outcome.retry_after_s = 1;
	policy_apply(&f, &outcome, 12345);
	assert_true(f.next_attempt.s - day(13).s >= 60);
}

static void
a_signed_busy_is_kept_to_the_second_and_clamped(void **state)
{
	static const struct {
		int64_t asked, expected;
	} rows[] = {{3601, 3601}, {5, 60}, {21599, 21599},
		{30 * DAY_S, 6 * HOUR_S}};
	struct license_facts f;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct answer answer = {.result = RESULT_REFUSED,
			.refusal = {.reason = REFUSAL_BUSY,
			    .retry_after_s = rows[i].asked}};
		struct outcome outcome = {.result = RESULT_REFUSED,
			.at = day(1), .started = day(1), .answer = &answer};

		facts_healthy(&f);
		policy_apply(&f, &outcome, 0x12345678);
		assert_int_equal(f.next_attempt.s - day(1).s,
		    rows[i].expected);
		assert_int_equal(f.license.lease_end.s,
		    utc_day_end(day(0), 14).s);
		assert_false(policy_failing(&f, day(1)));
	}
}

static void
what_was_slept_through_is_made_up_for_within_six_hours(void **state)
{
	struct license_facts f;
	utc_t due;
	int64_t latest = 0;

	(void)state;
	facts_healthy(&f);
	due = f.refresh_at;
	for (uint32_t random = 0; random < 100; random++) {
		utc_t now = utc_add(due, 11 * HOUR_S);
		int64_t wait = policy_next(&f, now, random * 42949672).s -
		    now.s;

		assert_in_range(wait, 0, 6 * HOUR_S);
		latest = wait > latest ? wait : latest;
	}
	assert_true(latest > 5 * HOUR_S);
	/* What is later than a day does not wait, nor what was lost. */
	assert_int_equal(policy_next(&f, utc_add(due, DAY_S + 1), 12345).s,
	    due.s + DAY_S + 1);
	assert_int_equal(policy_next(&f, utc_add(due, 20 * DAY_S), 12345).s,
	    due.s + 20 * DAY_S);
}

static void
a_dead_license_is_asked_for_slowly_for_ever(void **state)
{
	struct license_facts f;
	utc_t at = day(0);

	(void)state;
	facts_bare(&f);
	for (int i = 0; i < 1000; i++) {
		facts_refuse(&f, REFUSAL_NO_SUBSCRIPTION, at);
		int64_t delay = f.next_attempt.s - at.s;
		assert_in_range(delay, i == 0 ? 600 : 900, 6 * HOUR_S);
		at = f.next_attempt;
	}
	facts_healthy(&f);
	facts_refuse(&f, REFUSAL_SUSPENDED, day(1));
	assert_in_range(f.next_attempt.s - day(1).s, 600, 6 * HOUR_S);
}

static void
the_last_48_hours_of_a_term_are_watched_hourly(void **state)
{
	struct license_facts f;
	utc_t end;

	(void)state;
	facts_healthy(&f);
	end = f.license.term_end;
	facts_renew(&f, utc_add(end, -49 * HOUR_S), end);
	assert_true(policy_next(&f, utc_add(end, -48 * HOUR_S), 0).s <=
	    end.s - 47 * HOUR_S);
	/* Also when the last refresh before them planned a day ahead. */
	facts_renew(&f, utc_add(end, -50 * HOUR_S), end);
	assert_in_range(f.next_attempt.s, end.s - 48 * HOUR_S,
	    end.s - 47 * HOUR_S);
	for (uint32_t random = 0; random < 100000; random += 997)
		assert_in_range(policy_next(&f, utc_add(end, -50 * HOUR_S),
		    random).s, end.s - 48 * HOUR_S, end.s - 47 * HOUR_S);
	facts_renew(&f, utc_add(end, -20 * HOUR_S), end);
	assert_int_equal(f.next_attempt.s, end.s - 19 * HOUR_S);
	facts_fail(&f, RESULT_DNS, utc_add(end, -19 * HOUR_S));
	assert_true(f.next_attempt.s <= end.s - 18 * HOUR_S);
}

static void
an_offline_license_never_asks(void **state)
{
	struct license_facts f;

	(void)state;
	facts_healthy(&f);
	f.license.mode = MODE_OFFLINE;
	assert_int_equal(policy_next(&f, day(0), 0).s, 0);
	facts_bare(&f);
	f.source = SOURCE_FILE;
	assert_int_equal(policy_next(&f, day(0), 0).s, 0);
}

static void
an_older_refusal_does_not_hold_against_a_newer_license(void **state)
{
	struct license_facts f;

	(void)state;
	facts_healthy(&f);
	facts_refuse(&f, REFUSAL_SUSPENDED, day(1));
	assert_int_equal(policy_refused(&f), REFUSAL_SUSPENDED);
	assert_int_equal(policy_highest(&f), 2);
	f.license.sequence = 3;
	assert_int_equal(policy_refused(&f), 0);
}

static void
a_license_copied_from_another_machine_is_of_another_chain(void **state)
{
	struct license_facts f;

	(void)state;
	facts_healthy(&f);
	f.license.sequence = 40;
	assert_int_equal(policy_highest(&f), 40);
	f.license.machine_key[0] ^= 1;
	assert_int_equal(policy_highest(&f), f.sequence);
	f.license.mode = MODE_OFFLINE;
	assert_int_equal(policy_highest(&f), 40);
}

static void
the_grace_runs_from_the_first_refusal(void **state)
{
	struct license_facts f;

	(void)state;
	facts_healthy(&f);
	f.hardware.logical_cpus = 64;
	facts_refuse(&f, REFUSAL_HARDWARE_LIMIT, day(1));
	facts_refuse(&f, REFUSAL_HARDWARE_LIMIT, day(2));
	facts_fail(&f, RESULT_TIMEOUT, day(3));
	assert_int_equal(policy_grace_end(&f).s, day(4).s);
	facts_renew(&f, day(3), utc_day_end(day(0), 300));
	assert_int_equal(policy_grace_end(&f).s, 0);
}

static void
a_license_that_cannot_be_stored_is_in_force_and_failing(void **state)
{
	struct license_facts f;
	struct answer answer = {.result = RESULT_OK};
	struct outcome outcome = {.result = RESULT_STORAGE, .at = day(1),
		.started = day(1), .answer = &answer};

	(void)state;
	facts_healthy(&f);
	facts_lease(&answer.license, day(1), utc_day_end(day(0), 300));
	answer.license.sequence = 2;
	policy_apply(&f, &outcome, 0);
	assert_int_equal(f.license.sequence, 2);
	assert_int_equal(f.last_result, RESULT_STORAGE);
	assert_int_equal(f.failures_in_row, 1);
	assert_true(f.next_attempt.s - day(1).s <= 120);
}

static unsigned
edges_of(const struct license_facts *f, utc_t before, utc_t after)
{
	struct alarms alarms = {0};
	struct report a, b;

	report_make(f, before, TRUST_TRUSTED, &a);
	report_make(f, after, TRUST_TRUSTED, &b);
	edges_take(&alarms, &a);
	return edges_take(&alarms, &b).set;
}

static void
edges_come_once_where_they_belong(void **state)
{
	struct license_facts f;
	utc_t end;

	(void)state;
	facts_healthy(&f);
	end = f.license.lease_end;
	assert_int_equal(edges_of(&f, day(0), day(1)), 0);
	assert_int_equal(edges_of(&f, day(1), day(2)) &
		edge_bit(REFRESH_FAILING), edge_bit(REFRESH_FAILING));
	assert_int_equal(edges_of(&f, end, utc_add(end, 1)) &
		edge_bit(UNUSABLE), edge_bit(UNUSABLE));
	/* The ladder of an annual term begins at 60 days. */
	end = f.license.term_end;
	f.license.lease_end = end;
	f.last_success = utc_add(end, -61 * DAY_S);
	assert_int_equal(edges_of(&f, utc_add(end, -61 * DAY_S),
		utc_add(end, -60 * DAY_S)), edge_bit(EXPIRING));
	assert_int_equal(edges_of(&f, utc_add(end, -60 * DAY_S),
		utc_add(end, 1 - 60 * DAY_S)), 0);
}

static void
the_next_edge_is_where_the_report_changes(void **state)
{
	struct license_facts f;
	struct report before, after;
	utc_t now = day(0);

	(void)state;
	facts_healthy(&f);
	for (int i = 0; i < 60; i++) {
		report_make(&f, now, TRUST_TRUSTED, &before);
		utc_t next = edges_next(&before);
		assert_true(utc_before(now, next));
		/* Nothing but the days left changes in between. */
		report_make(&f, utc_add(next, -1), TRUST_TRUSTED, &after);
		assert_int_equal(after.state, before.state);
		assert_int_equal(after.severity, before.severity);
		assert_int_equal(after.usable, before.usable);
		now = next;
	}
}

static void
what_a_clock_ahead_left_behind_does_not_hide_that_it_fails(void **state)
{
	struct license_facts facts;
	utc_t now = {FACTS_NOON};

	(void)state;
	facts_bare(&facts);
	facts.last_success = utc_add(now, 2000 * DAY_S);
	facts.last_attempt = facts.last_success;
	facts.since = utc_add(now, -DAY_S);
	policy_forget_future(&facts, now);
	assert_int_equal(facts.last_success.s, now.s);
	assert_int_equal(facts.last_attempt.s, now.s);
	assert_int_equal(facts.since.s, now.s - DAY_S);
	assert_true(policy_failing(&facts, utc_add(now, 2 * DAY_S)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_start_asks_at_once),
		cmocka_unit_test(
		    a_success_waits_for_the_second_picked_in_the_window),
		cmocka_unit_test(unreachable_backs_off_within_the_bounds),
		cmocka_unit_test(
		    two_in_three_wait_the_longest_at_once_and_no_two_the_same),
		cmocka_unit_test(retry_after_is_clamped),
		cmocka_unit_test(
		    a_signed_busy_is_kept_to_the_second_and_clamped),
		cmocka_unit_test(
		    what_was_slept_through_is_made_up_for_within_six_hours),
		cmocka_unit_test(a_dead_license_is_asked_for_slowly_for_ever),
		cmocka_unit_test(
		    the_last_48_hours_of_a_term_are_watched_hourly),
		cmocka_unit_test(an_offline_license_never_asks),
		cmocka_unit_test(
		    an_older_refusal_does_not_hold_against_a_newer_license),
		cmocka_unit_test(
		    a_license_copied_from_another_machine_is_of_another_chain),
		cmocka_unit_test(the_grace_runs_from_the_first_refusal),
		cmocka_unit_test(
		    a_license_that_cannot_be_stored_is_in_force_and_failing),
		cmocka_unit_test(edges_come_once_where_they_belong),
		cmocka_unit_test(the_next_edge_is_where_the_report_changes),
		cmocka_unit_test(
		    what_a_clock_ahead_left_behind_does_not_hide_that_it_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
