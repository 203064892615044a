/* SPDX-License-Identifier: ISC */
/* The clock rule, case by case; no clock is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "license/timekeeping.h"

#define NOON 1764072000 /* 2025-11-25T12:00:00Z */

static struct clock_reading
reading(int64_t wall_s, int64_t boot_s, const char *boot_id)
{
	struct clock_reading r = {{wall_s}, {boot_s * 1000000000}, ""};

	strncpy(r.boot_id, boot_id, sizeof(r.boot_id) - 1);
	return r;
}

static struct clock_verdict
judge(struct clock_memory *m, int64_t wall_s, int64_t boot_s, const char *id)
{
	struct clock_reading r = reading(wall_s, boot_s, id);
	struct clock_verdict v = timekeeping_judge(m, &r);

	timekeeping_learn(m, &r, &v);
	return v;
}

static void
sign(struct clock_memory *m, int64_t issued, int64_t wall, int64_t boot_s,
    const char *id)
{
	struct clock_reading r = reading(wall, boot_s, id);

	timekeeping_learn_signed(m, &r, (utc_t){issued}, true);
}

static void
the_first_reading_is_believed_but_not_verified(void **state)
{
	struct clock_memory m = {0};
	struct clock_verdict v = judge(&m, NOON, 100, "a");

	(void)state;
	assert_int_equal(v.now.s, NOON);
	assert_int_equal(v.trust, TRUST_UNVERIFIED);
	assert_int_equal(m.high_water.at.s, 0);
}

static void
a_signed_time_makes_it_trusted_in_this_boot_only(void **state)
{
	struct clock_memory m = {0};

	(void)state;
	sign(&m, NOON, NOON, 100, "a");
	assert_int_equal(judge(&m, NOON + 60, 160, "a").trust, TRUST_TRUSTED);
	m.seen = (struct clock_anchor){0};
	struct clock_verdict v = judge(&m, NOON + 3600, 10, "b");
	assert_int_equal(v.trust, TRUST_UNVERIFIED);
	assert_int_equal(v.now.s, NOON + 3600);
}

static void
an_hour_back_is_tolerated_and_more_is_not(void **state)
{
	struct clock_memory m = {0};

	(void)state;
	sign(&m, NOON, NOON, 100, "a");
	struct clock_verdict v = judge(&m, NOON - 3600, 100, "a");
	assert_int_equal(v.trust, TRUST_TRUSTED);
	assert_int_equal(v.now.s, NOON);
	v = judge(&m, NOON - 7 * DAY_S, 200, "a");
	assert_int_equal(v.trust, TRUST_STEPPED_BACK);
	assert_int_equal(v.now.s, NOON + 100);
}

static void
a_week_back_across_boots_is_seen_from_the_mark(void **state)
{
	struct clock_memory m = {0};

	(void)state;
	sign(&m, NOON, NOON, 100, "a");
	judge(&m, NOON + DAY_S, 100 + DAY_S, "a");
	m.seen = (struct clock_anchor){0};
	struct clock_verdict v = judge(&m, NOON - 6 * DAY_S, 50, "b");
	assert_int_equal(v.trust, TRUST_STEPPED_BACK);
	assert_int_equal(v.now.s, NOON + DAY_S + 50);
}

static void
a_jump_ahead_in_one_boot_is_not_believed(void **state)
{
	struct clock_memory m = {0};

	(void)state;
	judge(&m, NOON, 100, "a");
	struct clock_verdict v = judge(&m, NOON + 30 * DAY_S, 160, "a");
	assert_int_equal(v.trust, TRUST_STEPPED_FORWARD);
	assert_int_equal(v.now.s, NOON + 60);
	v = judge(&m, NOON + 120, 220, "a");
	assert_int_equal(v.trust, TRUST_UNVERIFIED);
}

static void
a_jump_ahead_across_boots_is_believed_but_poisons_nothing(void **state)
{
	struct clock_memory m = {0};

	(void)state;
	sign(&m, NOON, NOON, 100, "a");
	m.seen = (struct clock_anchor){0};
	/* A broken RTC says 2038 for one boot. */
	struct clock_verdict v = judge(&m, NOON + 4000LL * DAY_S, 30, "b");
	assert_int_equal(v.now.s, NOON + 4000LL * DAY_S);
	/* What is proven goes on with the uptime, no more. */
	assert_int_equal(m.high_water.at.s, NOON + 30);
	m.seen = (struct clock_anchor){0};
	v = judge(&m, NOON + DAY_S, 30, "c");
	assert_int_equal(v.trust, TRUST_UNVERIFIED);
	assert_int_equal(v.now.s, NOON + DAY_S);
}

static void
a_day_of_uptime_proves_a_jump_across_boots(void **state)
{
	struct clock_memory m = {0};
	int64_t later = NOON + 90 * DAY_S;

	(void)state;
	sign(&m, NOON, NOON, 100, "a");
	m.seen = (struct clock_anchor){0};
	judge(&m, later, 30, "b");
	judge(&m, later + DAY_S, 30 + DAY_S, "b");
	assert_int_equal(m.high_water.at.s, later + DAY_S);
}

static void
a_dead_rtc_is_healed_by_a_signed_time(void **state)
{
	struct clock_memory m = {0};

	(void)state;
	sign(&m, NOON, NOON, 100, "a");
	m.seen = (struct clock_anchor){0};
	struct clock_verdict v = judge(&m, 20, 20, "b");
	assert_int_equal(v.trust, TRUST_STEPPED_BACK);
	assert_int_equal(v.now.s, NOON + 20);
	sign(&m, NOON + DAY_S, 60, 60, "b");
	v = judge(&m, 70, 70, "b");
	assert_int_equal(v.now.s, NOON + DAY_S + 10);
	/* NTP sets the clock: it fits what was signed. */
	v = judge(&m, NOON + DAY_S + 20, 80, "b");
	assert_int_equal(v.trust, TRUST_TRUSTED);
}

static void
a_mark_too_high_is_healed_by_a_fresh_answer_only(void **state)
{
	struct clock_memory m = {0};
	struct clock_reading r = reading(NOON, 200, "b");

	(void)state;
	m.high_water = (struct clock_anchor){{NOON + 4000LL * DAY_S}, {0}, "a"};
	timekeeping_learn_signed(&m, &r, (utc_t){NOON}, false);
	assert_int_equal(timekeeping_judge(&m, &r).trust, TRUST_STEPPED_BACK);
	timekeeping_learn_signed(&m, &r, (utc_t){NOON}, true);
	assert_int_equal(timekeeping_judge(&m, &r).trust, TRUST_TRUSTED);
	assert_int_equal(timekeeping_judge(&m, &r).now.s, NOON);
}

static void
an_uptime_of_decades_is_another_clock_and_no_elapsed_time(void **state)
{
	struct clock_memory m = {0};
	int64_t other = NOON + 2 * DAY_S;

	(void)state;
	sign(&m, NOON, NOON, 100, "a");
	m.seen = (struct clock_anchor){0};
	struct clock_verdict v = judge(&m, other, other, "a");
	assert_int_equal(v.now.s, other);
	assert_int_equal(v.trust, TRUST_UNVERIFIED);
	/* Its differences count: a jump is a jump. */
	v = judge(&m, other + 60, other + 60, "a");
	assert_int_equal(v.now.s, other + 60);
	v = judge(&m, other + 30 * DAY_S, other + 120, "a");
	assert_int_equal(v.trust, TRUST_STEPPED_FORWARD);
	assert_int_equal(v.now.s, other + 120);
}

static void
bound_by(struct clock_memory *m, int64_t issued, int64_t wall, int64_t boot_s,
    const char *id)
{
	struct clock_reading r = reading(wall, boot_s, id);

	timekeeping_learn_bound(m, &r, (utc_t){issued});
}

static void
a_document_in_hand_is_a_lower_bound_and_tells_of_no_jump_ahead(void **state)
{
	struct clock_memory m = {0};

	(void)state;
	/* 1970, and the wrong time was believed before the file was read. */
	judge(&m, 60, 60, "a");
	bound_by(&m, NOON, 61, 61, "a");
	struct clock_verdict v = judge(&m, 70, 70, "a");
	assert_int_equal(v.trust, TRUST_STEPPED_BACK);
	assert_int_equal(v.now.s, NOON + 9);
	/* The clock is set right, months after the document. */
	v = judge(&m, NOON + 90 * DAY_S, 80, "a");
	assert_int_equal(v.trust, TRUST_UNVERIFIED);
	assert_int_equal(v.now.s, NOON + 90 * DAY_S);
	/* An older document takes nothing back. */
	bound_by(&m, NOON - DAY_S, NOON + 90 * DAY_S, 81, "a");
	v = judge(&m, 90, 90, "a");
	assert_int_equal(v.trust, TRUST_STEPPED_BACK);
	assert_int_equal(v.now.s, NOON + 90 * DAY_S + 10);
	/* A fresh answer is the time, whatever a document says. */
	sign(&m, NOON - 30 * DAY_S, 100, 100, "a");
	v = judge(&m, NOON - 30 * DAY_S + 5, 105, "a");
	assert_int_equal(v.trust, TRUST_TRUSTED);
}

static void
a_clock_kept_back_wins_no_time_by_reboots(void **state)
{
	static const char *const boots[] = {"b", "c", "d", "e"};
	struct clock_memory m = {0};
	struct clock_verdict v = {{0}, TRUST_TRUSTED};

	(void)state;
	sign(&m, NOON, NOON, 100, "a");
	for (int i = 0; i < 4; i++) {
		m.seen = (struct clock_anchor){0};
		for (int64_t up = 30; up <= 5 * DAY_S; up += 30)
			v = judge(&m, NOON - 30 * DAY_S, up, boots[i]);
	}
	assert_int_equal(v.trust, TRUST_STEPPED_BACK);
	assert_int_equal(v.now.s, NOON + 20 * DAY_S);
	assert_int_equal(m.high_water.at.s, NOON + 20 * DAY_S);
}

static void
time_away_is_believed_again_after_a_restart_in_the_same_boot(void **state)
{
	struct clock_memory m = {0};

	(void)state;
	sign(&m, NOON, NOON, 100, "a");
	/* Off for 60 days; nobody confirms the time after the boot. */
	struct clock_verdict v = judge(&m, NOON + 60 * DAY_S, 30, "b");
	assert_int_equal(v.trust, TRUST_UNVERIFIED);
	/* The agent restarts: what it saw is forgotten, the mark is not. */
	m.seen = (struct clock_anchor){0};
	v = judge(&m, NOON + 60 * DAY_S + 600, 630, "b");
	assert_int_equal(v.trust, TRUST_UNVERIFIED);
	assert_int_equal(v.now.s, NOON + 60 * DAY_S + 600);
}

static void
a_mark_that_is_carried_loses_no_parts_of_a_second(void **state)
{
	struct clock_memory m = {0};
	struct clock_reading r = reading(NOON, 100, "a");

	(void)state;
	timekeeping_learn_signed(&m, &r, (utc_t){NOON}, true);
	r.wall.s = NOON - 30 * DAY_S;
	for (int i = 0; i < 1000; i++) {
		r.boot.ns += 1900000000;
		struct clock_verdict v = timekeeping_judge(&m, &r);
		timekeeping_learn(&m, &r, &v);
	}
	assert_int_equal(m.high_water.at.s, NOON + 1900);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_reading_is_believed_but_not_verified),
		cmocka_unit_test(a_signed_time_makes_it_trusted_in_this_boot_only),
		cmocka_unit_test(an_hour_back_is_tolerated_and_more_is_not),
		cmocka_unit_test(a_week_back_across_boots_is_seen_from_the_mark),
		cmocka_unit_test(a_jump_ahead_in_one_boot_is_not_believed),
		cmocka_unit_test(
		    a_jump_ahead_across_boots_is_believed_but_poisons_nothing),
		cmocka_unit_test(a_day_of_uptime_proves_a_jump_across_boots),
		cmocka_unit_test(a_clock_kept_back_wins_no_time_by_reboots),
		cmocka_unit_test(
		    time_away_is_believed_again_after_a_restart_in_the_same_boot),
		cmocka_unit_test(
		    a_mark_that_is_carried_loses_no_parts_of_a_second),
		cmocka_unit_test(a_dead_rtc_is_healed_by_a_signed_time),
		cmocka_unit_test(
		    an_uptime_of_decades_is_another_clock_and_no_elapsed_time),
		cmocka_unit_test(
		    a_mark_too_high_is_healed_by_a_fresh_answer_only),
		cmocka_unit_test(
		    a_document_in_hand_is_a_lower_bound_and_tells_of_no_jump_ahead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
