/* SPDX-License-Identifier: ISC */
/*
 * What is told of a license over a year: each step once, the last 7 days
 * daily, at most 14 of an episode, whatever restarts and outages befall it.
 */
#include "license/edges.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/facts.h"

enum { YEAR_D = 365 };

/* A license that is refreshed daily, and what was told of it. */
struct life {
	struct license_facts facts;
	struct alarms alarms;	/* of the agent */
	struct alarms kept;	/* on its disk */
	struct alarms waiting;	/* told by the edges, not heard */
	unsigned cleared;
	utc_t now, end;
	int64_t heard[64];
	int count, renewed;
};

static void
set_up(struct life *l, int64_t days)
{
	*l = (struct life){.now = {FACTS_NOON}};
	facts_healthy(&l->facts);
	l->end = utc_day_end(l->now, days);
	l->facts.license.term_end = l->end;
	l->facts.license.lease_end = l->end;
}

static struct edges
look(struct life *l)
{
	struct report report;

	/* As refreshed as could be. */
	l->facts.last_success = l->facts.last_attempt = l->now;
	report_make(&l->facts, l->now, TRUST_TRUSTED, &report);
	return edges_take(&l->alarms, &report);
}

static void
hear(struct life *l, const struct edges *edges)
{
	if ((edges->set & edge_bit(RENEWED)) != 0) {
		l->count = 0;
		l->renewed++;
	}
	if ((edges->set & edge_bit(EXPIRING)) == 0)
		return;
	for (int i = 0; i < l->count; i++)
		assert_int_not_equal(l->heard[i], edges->crossed_days);
	l->heard[l->count++] = edges->crossed_days;
	assert_in_range(l->count, 1, EXPIRING_MAX);
}

static void
live_to(struct life *l, int64_t days_left, int64_t stride_s)
{
	while (utc_days(l->end, l->now) > days_left) {
		l->now = utc_add(l->now, stride_s);
		struct edges edges = look(l);
		hear(l, &edges);
	}
}

static void
assert_heard(const struct life *l, const int64_t *steps, int count)
{
	assert_int_equal(l->count, count);
	for (int i = 0; i < count; i++)
		assert_int_equal(l->heard[i], steps[i]);
}

static void
an_annual_term_is_told_eleven_times(void **state)
{
	static const int64_t steps[] = {60, 30, 14, 7, 6, 5, 4, 3, 2, 1, 0};
	struct life l;

	(void)state;
	set_up(&l, YEAR_D);
	live_to(&l, -20, 6 * HOUR_S);
	assert_heard(&l, steps, 11);
	assert_int_equal(l.renewed, 0);
}

static void
only_what_applies_is_told(void **state)
{
	static const struct {
		int kind, billing, renews;
		int64_t warning_s;
		int count;
		int64_t steps[EXPIRING_MAX];
	} rows[] = {
		{KIND_TRIAL, 0, RENEWS_MANUAL, -1, 7, {6, 5, 4, 3, 2, 1, 0}},
		{KIND_PRODUCTION, BILLING_MONTHLY, RENEWS_MANUAL, -1, 5,
			{4, 3, 2, 1, 0}},
		{KIND_PRODUCTION, BILLING_MONTHLY, RENEWS_AUTO, -1, 2,
			{1, 0}},
		{KIND_PRODUCTION, BILLING_ANNUAL, RENEWS_MANUAL, 45 * DAY_S, 12,
			{60, 45, 30, 14, 7, 6, 5, 4, 3, 2, 1, 0}},
		{KIND_PRODUCTION, BILLING_ANNUAL, RENEWS_MANUAL, 90 * DAY_S, 12,
			{90, 60, 30, 14, 7, 6, 5, 4, 3, 2, 1, 0}},
		{KIND_PRODUCTION, BILLING_ANNUAL, RENEWS_MANUAL, 60 * DAY_S, 11,
			{60, 30, 14, 7, 6, 5, 4, 3, 2, 1, 0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct life l;

		set_up(&l, YEAR_D);
		l.facts.license.kind = rows[i].kind;
		l.facts.license.billing = rows[i].billing;
		l.facts.license.renews = rows[i].renews;
		l.facts.configured.action_warning_s = rows[i].warning_s;
		live_to(&l, -3, 6 * HOUR_S);
		assert_heard(&l, rows[i].steps, rows[i].count);
	}
}

static void
the_threshold_is_told_when_the_severity_turns(void **state)
{
	struct report report;
	struct life l;

	(void)state;
	set_up(&l, YEAR_D);
	live_to(&l, 40, DAY_S);
	l.now = utc_add(l.end, -30 * DAY_S);
	assert_int_equal(look(&l).set, 0);
	l.now = utc_add(l.now, 1);
	struct edges edges = look(&l);
	assert_int_equal(edges.set, edge_bit(EXPIRING));
	assert_int_equal(edges.crossed_days, 30);
	report_make(&l.facts, l.now, TRUST_TRUSTED, &report);
	assert_int_equal(report.state, STATE_EXPIRING);
	assert_int_equal(report.severity, SEVERITY_WARNING);
}

static void
what_was_crossed_while_down_is_told_once_at_the_next_start(void **state)
{
	static const int64_t steps[] = {60, 5, 4};
	struct life l;

	(void)state;
	set_up(&l, YEAR_D);
	live_to(&l, 58, 6 * HOUR_S);
	/* Down from 58 days to 5; what was told is on the disk. */
	l.kept = l.alarms;
	l.now = utc_add(l.end, -5 * DAY_S - 7 * HOUR_S);
	l.alarms = l.kept;
	struct edges edges = look(&l);
	hear(&l, &edges);
	assert_heard(&l, steps, 2);
	/* Restarts of the same day repeat nothing, the next day is told. */
	for (int i = 0; i < 5; i++) {
		l.kept = l.alarms;
		l.alarms = l.kept;
		assert_int_equal(look(&l).set, 0);
	}
	l.now = utc_add(l.now, DAY_S);
	edges = look(&l);
	hear(&l, &edges);
	assert_heard(&l, steps, 3);
}

static void
another_years_episode_is_not_this_one(void **state)
{
	struct life l;

	(void)state;
	set_up(&l, YEAR_D);
	live_to(&l, 2, 6 * HOUR_S);
	/* Renewed while down, and down for another year less 5 days. */
	l.end = utc_day_end(l.end, YEAR_D);
	l.facts.license.term_end = l.facts.license.lease_end = l.end;
	l.now = utc_add(l.end, -5 * DAY_S - 7 * HOUR_S);
	struct edges edges = look(&l);
	assert_int_equal(edges.set, edge_bit(RENEWED) | edge_bit(EXPIRING));
	assert_int_equal(edges.crossed_days, 5);
}

static void
a_payment_ends_the_episode(void **state)
{
	struct life l;

	(void)state;
	set_up(&l, YEAR_D);
	live_to(&l, 3, 6 * HOUR_S);
	l.end = utc_day_end(l.end, YEAR_D);
	l.facts.license.term_end = l.facts.license.lease_end = l.end;
	assert_int_equal(look(&l).set, edge_bit(RENEWED));
	assert_int_equal(l.alarms.raised, 0);
	assert_int_equal(look(&l).set, 0);
	l.count = 0;
	live_to(&l, -1, 6 * HOUR_S);
	assert_int_equal(l.count, 11);
}

/* All in the same place of the ladder, over and over. */
static void
hours_flap_at_no_step(void **state)
{
	static const int64_t days[] = {60, 30, 14, 7, 3, 1};
	struct life l;

	(void)state;
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		set_up(&l, YEAR_D);
		l.now = utc_add(l.end, -days[i] * DAY_S + 60);
		assert_int_equal(look(&l).set, edge_bit(EXPIRING));
		for (int k = 0; k < 10; k++) {
			/* The clock goes back, and on. */
			l.now = utc_add(l.now, -5 * HOUR_S);
			assert_int_equal(look(&l).set, 0);
			l.now = utc_add(l.now, 5 * HOUR_S);
			assert_int_equal(look(&l).set, 0);
			/* A refresh moves the end by hours. */
			l.facts.license.term_end = l.facts.license.lease_end =
			    utc_add(l.end, (k + 1) * 2 * HOUR_S);
			assert_int_equal(look(&l).set, 0);
			l.facts.license.term_end = l.facts.license.lease_end =
			    l.end;
			/* Thresholds are edited. */
			l.facts.configured.action_warning_s = (k % 2 == 0 ?
			    days[i] + 1 : days[i]) * DAY_S;
			look(&l);
			l.facts.configured.action_warning_s = -1;
			assert_int_equal(look(&l).set, 0);
		}
	}
}

static void
a_clock_that_was_ahead_is_taken_back(void **state)
{
	struct life l;

	(void)state;
	set_up(&l, YEAR_D);
	l.now = utc_add(l.end, -2 * DAY_S);
	assert_int_equal(look(&l).set, edge_bit(EXPIRING));
	l.now = utc_add(l.end, -200 * DAY_S);
	assert_int_equal(look(&l).set, edge_bit(RENEWED));
}

static void
edits_without_end_are_told_fourteen_times(void **state)
{
	struct life l;

	(void)state;
	set_up(&l, YEAR_D);
	l.now = utc_add(l.end, -20 * DAY_S);
	for (int64_t days = 60; days > 20; days--) {
		l.facts.configured.action_warning_s = days * DAY_S;
		struct edges edges = look(&l);
		hear(&l, &edges);
	}
	assert_int_equal(l.count, EXPIRING_MAX - 8);
	live_to(&l, -1, 6 * HOUR_S);
	assert_int_equal(l.count, EXPIRING_MAX);
	/* Of those the last days lack none. */
	for (int i = 0; i < 8; i++)
		assert_int_equal(l.heard[EXPIRING_MAX - 1 - i], i);
}

static void
what_the_vendor_ended_keeps_its_episode(void **state)
{
	struct life l;

	(void)state;
	set_up(&l, YEAR_D);
	live_to(&l, 13, 6 * HOUR_S);
	facts_refuse(&l.facts, REFUSAL_SUSPENDED, l.now);
	unsigned set = look(&l).set;
	assert_int_equal(set & (edge_bit(EXPIRING) | edge_bit(RENEWED)), 0);
	assert_true(set & edge_bit(UNUSABLE));
	l.facts.has_refusal = false;
	l.facts.last_refusal = REFUSAL_NONE;
	l.facts.last_result = RESULT_OK;
	assert_int_equal(look(&l).set & (edge_bit(EXPIRING) |
		edge_bit(RENEWED)), 0);
}

/* Crashes, restarts, and a master that is away, at random. */
static void
random_lives_hear_each_step_once(void **state)
{
	(void)state;
	srand(1);
	for (int n = 0; n < 300; n++) {
		struct life l;
		bool away = false;

		set_up(&l, 100);
		while (utc_days(l.end, l.now) > -2) {
			l.now = utc_add(l.now, 600 + rand() % (6 * HOUR_S));
			if (rand() % 20 == 0)
				away = !away;
			if (rand() % 10 == 0) {
				/* It starts with what was acknowledged. */
				l.alarms = l.kept;
				l.waiting = (struct alarms){0};
			}
			struct edges edges = look(&l);
			if ((edges.set & edge_bit(EXPIRING)) != 0)
				alarms_tell(&l.waiting, NOTIFICATION_EXPIRING,
				    edges.crossed_days, l.end);
			if (away || l.waiting.raised == 0)
				continue;
			/* Of those that waited the lowest counts. */
			edges = (struct edges){.set = edge_bit(EXPIRING),
				.crossed_days = l.waiting.step_days};
			hear(&l, &edges);
			alarms_merge(&l.kept, 0, &l.waiting);
			l.waiting = (struct alarms){0};
		}
		if (!away)
			assert_int_equal(l.heard[l.count - 1], 0);
	}
}

static void
bandwidth_around_its_threshold_is_told_once(void **state)
{
	struct report report = {.usable = true, .bandwidth_warning_pct = 90};
	struct alarms alarms = {0};

	(void)state;
	report.has[FIELD_ID_USED_PERCENT] = true;
	report.used_percent = 91;
	assert_int_equal(edges_take(&alarms, &report).set,
	    edge_bit(BANDWIDTH_HIGH));
	for (int i = 0; i < 10; i++) {
		report.used_percent = i % 2 == 0 ? 86 : 92;
		assert_int_equal(edges_take(&alarms, &report).set, 0);
	}
	/* Not measured after a restart is not normal. */
	report.has[FIELD_ID_USED_PERCENT] = false;
	report.used_percent = 0;
	assert_int_equal(edges_take(&alarms, &report).set, 0);
	report.has[FIELD_ID_USED_PERCENT] = true;
	report.used_percent = 84;
	assert_int_equal(edges_take(&alarms, &report).set,
	    edge_bit(BANDWIDTH_NORMAL));
}

static void
refreshes_that_only_the_threshold_calls_good_are_not_restored(void **state)
{
	struct license_facts f;
	struct alarms alarms = {0};
	struct report report;
	utc_t now = {FACTS_NOON + 2 * DAY_S};

	(void)state;
	facts_healthy(&f);
	facts_fail(&f, RESULT_TIMEOUT, utc_add(now, -HOUR_S));
	report_make(&f, now, TRUST_TRUSTED, &report);
	assert_int_equal(edges_take(&alarms, &report).set,
	    edge_bit(REFRESH_FAILING));
	for (int i = 0; i < 4; i++) {
		f.configured.refresh_warning_s = i % 2 == 0 ? 3 * DAY_S : -1;
		report_make(&f, now, TRUST_TRUSTED, &report);
		assert_int_equal(edges_take(&alarms, &report).set, 0);
	}
	facts_renew(&f, now, utc_day_end(now, 300));
	report_make(&f, now, TRUST_TRUSTED, &report);
	assert_int_equal(edges_take(&alarms, &report).set,
	    edge_bit(REFRESH_RESTORED));
}

static void
before_the_first_answer_nothing_has_ended(void **state)
{
	struct license_facts f;
	struct alarms alarms = {0};
	struct report report;
	utc_t now = {FACTS_NOON};

	(void)state;
	facts_bare(&f);
	report_make(&f, now, TRUST_TRUSTED, &report);
	assert_int_equal(edges_take(&alarms, &report).set, 0);
	/* It came, and was wanted: nobody hears of it. */
	facts_renew(&f, now, utc_day_end(now, 300));
	report_make(&f, now, TRUST_TRUSTED, &report);
	assert_int_equal(edges_take(&alarms, &report).set, 0);
}

static void
nobody_can_say_is_not_usable_again(void **state)
{
	struct license_facts f;
	struct alarms alarms = {0};
	struct report report;

	(void)state;
	facts_bare(&f);
	f.file_state = LICENSE_FILE_REJECTED;
	report_make(&f, (utc_t){FACTS_NOON}, TRUST_TRUSTED, &report);
	assert_int_equal(edges_take(&alarms, &report).set,
	    edge_bit(UNUSABLE));
	f.file_state = LICENSE_FILE_ABSENT;
	report_make(&f, (utc_t){FACTS_NOON}, TRUST_TRUSTED, &report);
	assert_int_equal(edges_standing(&report), STANDING_UNKNOWN);
	assert_int_equal(edges_take(&alarms, &report).set, 0);
}

static void
a_clock_is_not_restored_because_another_state_hides_it(void **state)
{
	struct license_facts f;
	struct alarms alarms = {0};
	struct report report;
	utc_t now = {FACTS_NOON};

	(void)state;
	facts_healthy(&f);
	report_make(&f, now, TRUST_STEPPED_BACK, &report);
	assert_int_equal(edges_take(&alarms, &report).set,
	    edge_bit(CLOCK_ANOMALY));
	facts_refuse(&f, REFUSAL_SUSPENDED, now);
	report_make(&f, now, TRUST_STEPPED_BACK, &report);
	assert_int_equal(report.state, STATE_SUSPENDED);
	assert_int_equal(edges_take(&alarms, &report).set &
	    edge_bit(CLOCK_RESTORED), 0);
	report_make(&f, now, TRUST_TRUSTED, &report);
	assert_int_equal(edges_take(&alarms, &report).set,
	    edge_bit(CLOCK_RESTORED));
}

/* A grace ends at the hour of its refusal, and its days turn at that hour. */
static void
days_that_do_not_turn_at_midnight_are_not_slept_through(void **state)
{
	struct report report;
	struct life l;

	(void)state;
	set_up(&l, 300);
	report_make(&l.facts, l.now, TRUST_TRUSTED, &report);
	report.has[FIELD_ID_ACTION_DEADLINE] = true;
	report.action_deadline = utc_add(l.now, 3 * DAY_S);
	assert_int_equal(edges_next(&report).s, l.now.s + 1);
	report.now = utc_add(l.now, 1);
	report.action_deadline = utc_add(l.now, 2 * DAY_S + HOUR_S);
	assert_int_equal(edges_next(&report).s, l.now.s + HOUR_S + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_annual_term_is_told_eleven_times),
		cmocka_unit_test(
		    days_that_do_not_turn_at_midnight_are_not_slept_through),
		cmocka_unit_test(only_what_applies_is_told),
		cmocka_unit_test(the_threshold_is_told_when_the_severity_turns),
		cmocka_unit_test(
		    what_was_crossed_while_down_is_told_once_at_the_next_start),
		cmocka_unit_test(another_years_episode_is_not_this_one),
		cmocka_unit_test(a_payment_ends_the_episode),
		cmocka_unit_test(hours_flap_at_no_step),
		cmocka_unit_test(a_clock_that_was_ahead_is_taken_back),
		cmocka_unit_test(edits_without_end_are_told_fourteen_times),
		cmocka_unit_test(what_the_vendor_ended_keeps_its_episode),
		cmocka_unit_test(random_lives_hear_each_step_once),
		cmocka_unit_test(bandwidth_around_its_threshold_is_told_once),
		cmocka_unit_test(
		    refreshes_that_only_the_threshold_calls_good_are_not_restored),
		cmocka_unit_test(before_the_first_answer_nothing_has_ended),
		cmocka_unit_test(nobody_can_say_is_not_usable_again),
		cmocka_unit_test(
		    a_clock_is_not_restored_because_another_state_hides_it),
	};

	return cmocka_run_group_tests_name("what is told of a license", tests,
	    NULL, NULL);
}
