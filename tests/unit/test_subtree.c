/* SPDX-License-Identifier: ISC */
/* The SNMP thread without a master: its cache, its pace, its bounded end. */
#include "agent/subtree.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/snmp.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/log.h"
#include "tests/facts.h"

static struct board board;

static void
publish(int64_t index)
{
	struct facts *facts = facts_new(1);
	struct license_facts f;

	facts_healthy(&f);
	f.index = index;
	facts->count = 1;
	facts->licenses[0] = license_facts_new(&f);
	board_publish(&board, facts);
}

static int
set_up(void **state)
{
	(void)state;
	board_init(&board);
	return log_open("/dev/null", "test", LOG_LEVEL_ERROR);
}

static int
tear_down(void **state)
{
	(void)state;
	board_fini(&board);
	return 0;
}

static int64_t
worst_index(const struct mib *mib)
{
	struct mib_oid oid = *mib_root();
	struct mib_value value = {0};

	memcpy(&oid.id[oid.len], (const uint32_t[]){1, 2, 5, 0},
	    4 * sizeof(oid.id[0]));
	oid.len += 4;
	assert_int_equal(mib_get(mib, &oid, &value), MIB_FOUND);
	return value.number;
}

static void
the_view_is_made_again_for_new_facts_only(void **state)
{
	struct subtree s = {.board = &board};
	utc_t before, after;
	const struct view *first;

	(void)state;
	assert_null(subtree_mib(&s));
	publish(4);
	/* Within one second: again if one passed just there. */
	do {
		before = clock_wall();
		assert_int_equal(worst_index(subtree_mib(&s)), 4);
		first = s.view;
		subtree_mib(&s);
		after = clock_wall();
	} while (before.s != after.s);
	assert_ptr_equal(s.view, first);
	publish(5);
	assert_int_equal(worst_index(subtree_mib(&s)), 5);
	mib_free(s.mib);
	view_free(s.view);
}

static void
a_message_is_news_once_for_each_state_of_the_connection(void **state)
{
	struct subtree s = {0};
	char message[16];

	(void)state;
	assert_true(subtree_is_news(&s, "failed to connect"));
	assert_false(subtree_is_news(&s, "failed to connect"));
	assert_true(subtree_is_news(&s, "something else"));
	s.heard_count = 0;
	assert_true(subtree_is_news(&s, "failed to connect"));
	/* Ever new messages do not flood the log either. */
	for (int i = 1; i < SUBTREE_HEARD_MAX; i++) {
		snprintf(message, sizeof(message), "number %d", i);
		assert_true(subtree_is_news(&s, message));
	}
	assert_false(subtree_is_news(&s, "one more"));
}

static void
ten_notices_go_at_once_and_the_next_waits(void **state)
{
	struct subtree s = {0};

	(void)state;
	for (int i = 0; i < SUBTREE_NOTICES_PER_S; i++) {
		assert_int_equal(subtree_pace_ns(&s), 0);
		subtree_count_sent(&s);
	}
	assert_in_range(subtree_pace_ns(&s), 1, 1000000000);
	/* The oldest of the ten is a second old: one may go. */
	s.sent_ns[0] -= 1000000000;
	assert_int_equal(subtree_pace_ns(&s), 0);
	subtree_count_sent(&s);
	assert_in_range(subtree_pace_ns(&s), 1, 1000000000);
}

static void
an_absent_master_is_no_error_and_the_end_is_prompt(void **state)
{
	char directory[] = P_tmpdir "/subtree.XXXXXX", made[64];
	struct notices *notices = notices_new();
	struct buf error;
	sigset_t before, after;

	(void)state;
	assert_non_null(mkdtemp(directory));
	buf_init(&error, 256);
	publish(1);
	struct subtree_options options = {
		.master = "/nonexistent/agentx",
		.ping_interval_s = 10,
		.state_directory = directory,
		.board = &board,
		.notices = notices,
	};
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	struct subtree *subtree = subtree_start(&options, &error);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	assert_non_null(subtree);
	assert_int_equal(sigismember(&before, SIGTERM),
	    sigismember(&after, SIGTERM));
	assert_null(subtree_start(&options, &error));
	assert_string_equal(buf_text(&error), "the SNMP thread runs already");
	assert_int_equal(subtree_stop(subtree, 5000), 0);
	assert_int_equal(atomic_load(&board.counters.agentx_up), 0);
	assert_int_equal(atomic_load(&board.counters.agentx_connects), 0);
	notices_free(notices);
	buf_fini(&error);
	snprintf(made, sizeof(made), "%s/cert_indexes", directory);
	rmdir(made);
	assert_int_equal(rmdir(directory), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_view_is_made_again_for_new_facts_only),
		TEST(a_message_is_news_once_for_each_state_of_the_connection),
		TEST(ten_notices_go_at_once_and_the_next_waits),
		TEST(an_absent_master_is_no_error_and_the_end_is_prompt),
	};

	return cmocka_run_group_tests_name("the SNMP thread", tests, NULL,
	    NULL);
}
