/* SPDX-License-Identifier: ISC */
/* The queue between the keeper and the SNMP thread, also with both running. */
#include "agent/notices.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int
set_up(void **state)
{
	*state = notices_new();
	return *state == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	notices_free(*state);
	return 0;
}

static bool
post(struct notices *n, enum notification number, int64_t index)
{
	struct report report = {.index = index};

	return notices_post(n, number, &report, index * 10);
}

static bool
is_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void
assert_next(struct notices *n, enum notification number, int64_t index)
{
	struct notice notice;

	assert_true(notices_peek(n, &notice));
	assert_int_equal(notice.number, number);
	assert_int_equal(notice.report.index, index);
	notices_pop(n);
}

static void
notices_come_out_in_order_with_rising_numbers(void **state)
{
	struct notices *n = *state;
	struct notice notice, again;

	assert_false(is_readable(notices_fd(n)));
	assert_false(notices_peek(n, &notice));
	assert_true(post(n, NOTIFICATION_EXPIRING, 1));
	assert_true(post(n, NOTIFICATION_UNUSABLE, 2));
	assert_int_equal(notices_pending(n), 2);
	for (int64_t i = 1; i <= 2; i++) {
		assert_true(is_readable(notices_fd(n)));
		assert_true(notices_peek(n, &notice));
		assert_true(notices_peek(n, &again));
		assert_int_equal(again.sequence, notice.sequence);
		assert_int_equal(notice.sequence, i);
		assert_int_equal(notice.report.index, i);
		assert_int_equal(notice.crossed, i * 10);
		notices_pop(n);
	}
	assert_false(is_readable(notices_fd(n)));
	notices_pop(n); /* nothing there: nothing happens */
	assert_int_equal(notices_pending(n), 0);
}

/* A step above the warning: the report has nothing to do yet. */
static void
a_step_to_the_end_says_what_to_do(void **state)
{
	struct report report = {.reason = REASON_NONE,
		.advice = "Nothing to do."};
	struct notice notice;

	assert_true(notices_post(*state, NOTIFICATION_EXPIRING, &report, 60));
	assert_true(notices_peek(*state, &notice));
	assert_string_equal(notice.report.advice,
	    "Renew the subscription before the term ends.");
}

static void
what_was_sent_is_acknowledged_once_for_each_license(void **state)
{
	struct notices *n = *state;
	struct notice_ack ack;

	post(n, NOTIFICATION_EXPIRING, 1);
	post(n, NOTIFICATION_UNUSABLE, 1);
	post(n, NOTIFICATION_EXPIRING, 2);
	post(n, NOTIFICATION_RENEWED, 1);
	assert_false(is_readable(notices_ack_fd(n)));
	assert_false(notices_take_ack(n, &ack));
	for (int i = 0; i < 4; i++)
		notices_pop(n);
	for (int i = 0; i < 2; i++) {
		assert_true(is_readable(notices_ack_fd(n)));
		assert_true(notices_take_ack(n, &ack));
		if (ack.index == 2) {
			assert_int_equal(ack.raised.raised, edge_bit(EXPIRING));
			assert_int_equal(ack.raised.step_days, 20);
			assert_int_equal(ack.cleared, 0);
			continue;
		}
		/* RENEWED ended EXPIRING; UNUSABLE stands. */
		assert_int_equal(ack.index, 1);
		assert_int_equal(ack.raised.raised, edge_bit(UNUSABLE));
		assert_int_equal(ack.cleared, edge_bit(EXPIRING));
	}
	assert_false(notices_take_ack(n, &ack));
	assert_false(is_readable(notices_ack_fd(n)));
}

static void
what_nothing_clears_is_not_acknowledged(void **state)
{
	struct notices *n = *state;
	struct notice_ack ack;

	post(n, NOTIFICATION_SUMMARY_NOTICE, 1);
	post(n, NOTIFICATION_AGENT_STARTED, 1);
	notices_pop(n);
	notices_pop(n);
	assert_false(notices_take_ack(n, &ack));
	assert_false(is_readable(notices_ack_fd(n)));
}

static void
a_replay_is_asked_for_once(void **state)
{
	struct notices *n = *state;
	struct notice_ack ack;

	notices_ask_replay(n);
	notices_ask_replay(n);
	assert_true(is_readable(notices_ack_fd(n)));
	assert_true(notices_take_ack(n, &ack));
	assert_int_equal(ack.index, NOTICE_REPLAY);
	assert_int_equal(ack.raised.raised | ack.cleared, 0);
	assert_false(notices_take_ack(n, &ack));
}

static void
nothing_is_sent_before_what_was_told_is_repeated(void **state)
{
	struct notices *n = *state;
	struct notice_ack ack;
	struct notice notice;
	struct report report = {.index = 1};

	post(n, NOTIFICATION_REFRESH_FAILING, 1);
	notices_pop(n);
	/* The master goes, more happens, the master is back. */
	post(n, NOTIFICATION_UNUSABLE, 2);
	post(n, NOTIFICATION_USABLE_AGAIN, 3);
	notices_ask_replay(n);
	assert_false(notices_peek(n, &notice));
	assert_false(is_readable(notices_fd(n)));
	post(n, NOTIFICATION_TEST, 4);
	assert_false(is_readable(notices_fd(n)));
	assert_true(notices_take_ack(n, &ack));
	assert_int_equal(ack.index, 1);
	assert_true(notices_take_ack(n, &ack));
	assert_int_equal(ack.index, NOTICE_REPLAY);
	notices_repeat(n, NOTIFICATION_REFRESH_FAILING, &report, 0);
	/* The queue has a later word on these. */
	report.index = 2;
	notices_repeat(n, NOTIFICATION_UNUSABLE, &report, 0);
	report.index = 3;
	notices_repeat(n, NOTIFICATION_UNUSABLE, &report, 0);
	notices_replayed(n);
	assert_true(is_readable(notices_fd(n)));
	assert_int_equal(notices_pending(n), 4);
	assert_next(n, NOTIFICATION_UNUSABLE, 2);
	assert_next(n, NOTIFICATION_USABLE_AGAIN, 3);
	assert_next(n, NOTIFICATION_TEST, 4);
	assert_next(n, NOTIFICATION_REFRESH_FAILING, 1);
}

static void
the_replay_is_asked_between_what_was_sent_before_and_after(void **state)
{
	struct notices *n = *state;
	struct notice_ack ack;

	for (int64_t i = 1; i <= 6; i++)
		post(n, NOTIFICATION_UNUSABLE, i);
	for (int i = 0; i < 3; i++)
		notices_pop(n);
	notices_ask_replay(n);
	for (int i = 0; i < 3; i++) {
		assert_true(notices_take_ack(n, &ack));
		assert_in_range(ack.index, 1, 3);
	}
	assert_true(is_readable(notices_ack_fd(n)));
	assert_true(notices_take_ack(n, &ack));
	assert_int_equal(ack.index, NOTICE_REPLAY);
	assert_false(is_readable(notices_ack_fd(n)));
	notices_replayed(n);
	for (int i = 0; i < 3; i++)
		notices_pop(n);
	for (int i = 0; i < 3; i++) {
		assert_true(notices_take_ack(n, &ack));
		assert_in_range(ack.index, 4, 6);
	}
	assert_false(is_readable(notices_ack_fd(n)));
}

static void
the_lowest_step_is_acknowledged_and_a_repetition_counts_for_nothing(
    void **state)
{
	struct notices *n = *state;
	struct alarms kept = {0};
	struct notice_ack ack;
	struct report report = {.index = 1, .action_deadline = {1000}};

	for (int i = 0; i < 3; i++)
		notices_post(n, NOTIFICATION_EXPIRING, &report,
		    (const int64_t[]){60, 30, 30}[i]);
	for (int i = 0; i < 3; i++)
		notices_pop(n);
	assert_true(notices_take_ack(n, &ack));
	alarms_merge(&kept, ack.cleared, &ack.raised);
	assert_int_equal(kept.step_days, 30);
	assert_int_equal(kept.steps, 2);
	assert_int_equal(kept.deadline.s, 1000);
	notices_post(n, NOTIFICATION_EXPIRING, &report, 30);
	notices_pop(n);
	assert_true(notices_take_ack(n, &ack));
	alarms_merge(&kept, ack.cleared, &ack.raised);
	assert_int_equal(kept.steps, 2);
	/* Its end, and the next one, in one acknowledgement. */
	notices_post(n, NOTIFICATION_RENEWED, &report, 0);
	report.action_deadline.s = 2000;
	notices_post(n, NOTIFICATION_EXPIRING, &report, 60);
	notices_pop(n);
	notices_pop(n);
	assert_true(notices_take_ack(n, &ack));
	alarms_merge(&kept, ack.cleared, &ack.raised);
	assert_int_equal(kept.step_days, 60);
	assert_int_equal(kept.steps, 1);
	assert_int_equal(kept.deadline.s, 2000);
}

static void
a_test_is_acknowledged_by_its_number(void **state)
{
	struct notices *n = *state;
	struct notice_ack ack;

	post(n, NOTIFICATION_AGENT_STARTED, 1);
	post(n, NOTIFICATION_TEST, 1);
	notices_pop(n);
	notices_pop(n);
	assert_true(notices_take_ack(n, &ack));
	assert_int_equal(ack.tested, 2);
	assert_int_equal(ack.raised.raised | ack.cleared, 0);
}

static void
a_raise_after_its_clear_stands(void **state)
{
	struct notices *n = *state;
	struct notice_ack ack;

	post(n, NOTIFICATION_USABLE_AGAIN, 1);
	post(n, NOTIFICATION_UNUSABLE, 1);
	notices_pop(n);
	notices_pop(n);
	assert_true(notices_take_ack(n, &ack));
	struct alarms kept = {0};
	alarms_merge(&kept, ack.cleared, &ack.raised);
	assert_int_equal(kept.raised, edge_bit(UNUSABLE));
}

/* Fill with first raises of licenses 1, 2, ... */
static void
fill(struct notices *n, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_true(post(n, NOTIFICATION_UNUSABLE, (int64_t)i + 1));
}

static void
a_full_queue_drops_a_clear_or_a_repetition_that_comes(void **state)
{
	struct notices *n = *state;

	fill(n, NOTICES_MAX);
	assert_false(post(n, NOTIFICATION_RENEWED, 999));
	assert_false(post(n, NOTIFICATION_UNUSABLE, 5));
	assert_int_equal(notices_left_out(n), 2);
	assert_int_equal(notices_pending(n), NOTICES_MAX);
	for (int64_t i = 1; i <= NOTICES_MAX; i++)
		assert_next(n, NOTIFICATION_UNUSABLE, i);
}

static void
a_raise_takes_the_place_of_the_newest_clear(void **state)
{
	struct notices *n = *state;

	assert_true(post(n, NOTIFICATION_RENEWED, 1000));
	fill(n, 100);
	assert_true(post(n, NOTIFICATION_RENEWED, 1001));
	for (int64_t i = 101; i <= NOTICES_MAX - 2; i++)
		assert_true(post(n, NOTIFICATION_UNUSABLE, i));
	assert_int_equal(notices_pending(n), NOTICES_MAX);
	assert_true(post(n, NOTIFICATION_UNUSABLE, 500));
	assert_next(n, NOTIFICATION_RENEWED, 1000);
	for (int64_t i = 1; i <= NOTICES_MAX - 2; i++)
		assert_next(n, NOTIFICATION_UNUSABLE, i);
	assert_next(n, NOTIFICATION_UNUSABLE, 500);
}

static void
what_is_being_sent_is_never_dropped(void **state)
{
	struct notices *n = *state;
	struct notice notice;

	post(n, NOTIFICATION_RENEWED, 1000);
	fill(n, NOTICES_MAX - 1);
	assert_true(notices_peek(n, &notice));
	assert_false(post(n, NOTIFICATION_UNUSABLE, 500));
	notices_pop(n);
	assert_int_equal(notice.report.index, 1000);
	assert_next(n, NOTIFICATION_UNUSABLE, 1);
}

static void
a_queue_of_first_raises_keeps_the_oldest(void **state)
{
	struct notices *n = *state;

	fill(n, NOTICES_MAX);
	assert_false(post(n, NOTIFICATION_UNUSABLE, NOTICES_MAX + 1));
	assert_next(n, NOTIFICATION_UNUSABLE, 1);
}

static void
what_found_no_room_is_one_summary(void **state)
{
	struct notices *n = *state;
	struct notice notice;

	fill(n, NOTICES_MAX);
	for (int i = 0; i < 40; i++)
		post(n, NOTIFICATION_UNUSABLE, 7);
	for (int i = 0; i < NOTICES_MAX; i++)
		notices_pop(n);
	assert_true(is_readable(notices_fd(n)));
	assert_true(notices_peek(n, &notice));
	assert_int_equal(notice.number, NOTIFICATION_SUMMARY_NOTICE);
	assert_int_equal(notice.crossed, 40);
	assert_int_equal(notice.report.index, 7);
	/* The gap tells how many numbers were used up. */
	assert_int_equal(notice.sequence, NOTICES_MAX + 40 + 1);
	notices_pop(n);
	assert_false(notices_peek(n, &notice));
	assert_int_equal(notices_left_out(n), 40);
}

static size_t
count_acks(struct notices *n, uint64_t raised)
{
	struct notice_ack ack;
	size_t count = 0;

	while (notices_take_ack(n, &ack))
		count += ack.raised.raised == raised;
	return count;
}

static void
assert_summary(struct notices *n, int64_t left_out, int64_t index)
{
	struct notice notice;

	assert_true(is_readable(notices_fd(n)));
	assert_true(notices_peek(n, &notice));
	assert_int_equal(notice.number, NOTIFICATION_SUMMARY_NOTICE);
	assert_int_equal(notice.crossed, left_out);
	assert_int_equal(notice.report.index, index);
}

enum { LIMIT = 10 };

static void
what_a_second_does_not_take_is_one_summary(void **state)
{
	struct notices *n = *state;

	fill(n, 30);
	notices_condense(n, LIMIT, false);
	for (int64_t i = 1; i <= LIMIT; i++)
		assert_next(n, NOTIFICATION_UNUSABLE, i);
	assert_int_equal(count_acks(n, edge_bit(UNUSABLE)), LIMIT);
	notices_condense(n, LIMIT, true);
	assert_int_equal(notices_pending(n), 20 + 1);
	/* Equal severities: the lowest index is the worst. */
	assert_summary(n, 20, 11);
	assert_int_equal(count_acks(n, edge_bit(UNUSABLE)), 0);
	/* What comes meanwhile is told after it. */
	post(n, NOTIFICATION_UNUSABLE, 500);
	assert_summary(n, 20, 11);
	notices_pop(n);
	assert_int_equal(count_acks(n, edge_bit(UNUSABLE)), 20);
	assert_next(n, NOTIFICATION_UNUSABLE, 500);
	assert_int_equal(notices_pending(n), 0);
	assert_false(is_readable(notices_fd(n)));
	assert_int_equal(notices_left_out(n), 20);
}

static void
what_two_seconds_take_is_no_storm(void **state)
{
	struct notices *n = *state;

	fill(n, 2 * LIMIT);
	for (int64_t i = 1; i <= 2 * LIMIT; i++) {
		assert_next(n, NOTIFICATION_UNUSABLE, i);
		if (i == LIMIT)
			notices_condense(n, LIMIT, true);
	}
	assert_int_equal(notices_pending(n), 0);
}

static void
a_summary_is_about_the_worst_and_counts_what_found_no_room(void **state)
{
	struct notices *n = *state;
	struct report report = {.index = 900, .severity = SEVERITY_CRITICAL};

	fill(n, 100);
	notices_post(n, NOTIFICATION_REFRESH_FAILING, &report, 0);
	for (int64_t i = 102; i <= NOTICES_MAX; i++)
		post(n, NOTIFICATION_UNUSABLE, i);
	for (int64_t i = 0; i < 44; i++)
		assert_false(post(n, NOTIFICATION_UNUSABLE, 300 + i));
	notices_condense(n, LIMIT, true);
	assert_summary(n, NOTICES_MAX + 44, 900);
	assert_int_equal(notices_left_out(n), NOTICES_MAX + 44);
	/* What found no room is not taken for told. */
	notices_pop(n);
	assert_int_equal(count_acks(n, edge_bit(UNUSABLE)), NOTICES_MAX - 1);
	assert_int_equal(notices_pending(n), 0);
}

/* One license whose refreshes failed and did not, again and again. */
static void
of_an_alarm_that_came_and_went_the_first_and_the_last_are_told(void **state)
{
	struct notices *n = *state;
	struct alarms kept = {0};
	struct notice_ack ack;

	for (int i = 0; i < 20; i++) {
		post(n, NOTIFICATION_REFRESH_FAILING, 1);
		post(n, NOTIFICATION_REFRESH_RESTORED, 1);
	}
	post(n, NOTIFICATION_UNUSABLE, 1);
	notices_condense(n, LIMIT, false);
	assert_next(n, NOTIFICATION_REFRESH_FAILING, 1);
	assert_next(n, NOTIFICATION_REFRESH_RESTORED, 1);
	assert_next(n, NOTIFICATION_UNUSABLE, 1);
	assert_summary(n, 38, 1);
	notices_pop(n);
	while (notices_take_ack(n, &ack))
		alarms_merge(&kept, ack.cleared, &ack.raised);
	assert_int_equal(kept.raised, edge_bit(UNUSABLE));
}

static void
a_test_is_no_part_of_a_storm(void **state)
{
	struct notices *n = *state;
	struct notice_ack ack;

	fill(n, 20);
	post(n, NOTIFICATION_TEST, 1);
	fill(n, 1);
	notices_condense(n, LIMIT, true);
	assert_next(n, NOTIFICATION_TEST, 1);
	assert_true(notices_take_ack(n, &ack));
	assert_int_equal(ack.tested, 21);
	assert_summary(n, 21, 1);
}

static void
a_storm_that_a_replay_interrupts_is_told_after_it(void **state)
{
	struct notices *n = *state;
	struct report report = {.index = 12};
	struct notice notice;

	fill(n, 15);
	notices_condense(n, LIMIT, true);
	assert_summary(n, 15, 1);
	/* The master went before it was sent. */
	notices_ask_replay(n);
	assert_false(is_readable(notices_fd(n)));
	assert_false(notices_peek(n, &notice));
	/* Of these it never heard; of another it did. */
	notices_repeat(n, NOTIFICATION_UNUSABLE, &report, 0);
	report.index = 99;
	notices_repeat(n, NOTIFICATION_UNUSABLE, &report, 0);
	notices_condense(n, LIMIT, true);
	notices_replayed(n);
	assert_summary(n, 15, 1);
	notices_pop(n);
	assert_next(n, NOTIFICATION_UNUSABLE, 99);
	assert_int_equal(notices_pending(n), 0);
}

enum { POSTS = 20000 };

static void *
keeper_side(void *arg)
{
	struct notices *n = arg;
	struct notice_ack ack;

	for (int i = 0; i < POSTS; i++) {
		post(n, i % 2 == 0 ? NOTIFICATION_UNUSABLE :
			NOTIFICATION_USABLE_AGAIN, 1 + i % 7);
		while (notices_take_ack(n, &ack))
			;
	}
	return NULL;
}

static void
two_threads_lose_nothing_but_what_is_counted(void **state)
{
	struct notices *n = *state;
	struct notice notice = {0};
	size_t got = 0, told = 0;
	int64_t last = 0;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, keeper_side, n), 0);
	/* The last post, or the summary after it, has the highest number. */
	while (got + told < POSTS) {
		struct pollfd p = {.fd = notices_fd(n), .events = POLLIN};

		assert_int_equal(poll(&p, 1, 10000), 1);
		notices_condense(n, LIMIT, last % 3 == 0);
		while (notices_peek(n, &notice)) {
			assert_true(notice.sequence > last);
			last = notice.sequence;
			if (notice.number == NOTIFICATION_SUMMARY_NOTICE)
				told += (size_t)notice.crossed;
			else
				got++;
			notices_pop(n);
		}
	}
	pthread_join(thread, NULL);
	assert_int_equal(got + told, POSTS);
	assert_int_equal(notices_left_out(n), told);
	assert_int_equal(notices_pending(n), 0);
	assert_false(is_readable(notices_fd(n)));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(notices_come_out_in_order_with_rising_numbers),
		TEST(a_step_to_the_end_says_what_to_do),
		TEST(what_was_sent_is_acknowledged_once_for_each_license),
		TEST(what_nothing_clears_is_not_acknowledged),
		TEST(a_replay_is_asked_for_once),
		TEST(nothing_is_sent_before_what_was_told_is_repeated),
		TEST(the_replay_is_asked_between_what_was_sent_before_and_after),
		TEST(the_lowest_step_is_acknowledged_and_a_repetition_counts_for_nothing),
		TEST(a_test_is_acknowledged_by_its_number),
		TEST(a_raise_after_its_clear_stands),
		TEST(a_full_queue_drops_a_clear_or_a_repetition_that_comes),
		TEST(a_raise_takes_the_place_of_the_newest_clear),
		TEST(what_is_being_sent_is_never_dropped),
		TEST(a_queue_of_first_raises_keeps_the_oldest),
		TEST(what_found_no_room_is_one_summary),
		TEST(what_a_second_does_not_take_is_one_summary),
		TEST(what_two_seconds_take_is_no_storm),
		TEST(a_summary_is_about_the_worst_and_counts_what_found_no_room),
		TEST(of_an_alarm_that_came_and_went_the_first_and_the_last_are_told),
		TEST(a_test_is_no_part_of_a_storm),
		TEST(a_storm_that_a_replay_interrupts_is_told_after_it),
		TEST(two_threads_lose_nothing_but_what_is_counted),
	};

	return cmocka_run_group_tests_name("the queue of notices", tests,
	    NULL, NULL);
}
