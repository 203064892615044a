/* SPDX-License-Identifier: ISC */
/* Goal: a test says what became of it, and sets the metric whatever that is. */
#include "agent/tester.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/notices.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/keeper/view.h"
#include "tests/facts.h"

static int64_t boot_s, wall_s;

utc_t
clock_wall(void)
{
	return (utc_t){wall_s};
}

int64_t
clock_wall_ms(void)
{
	return wall_s * 1000;
}

mono_t
clock_boot(void)
{
	return (mono_t){boot_s * 1000000000};
}

void
clock_boot_id(char out[static CLOCK_BOOT_ID_SIZE])
{
	memset(out, 'b', CLOCK_BOOT_ID_SIZE - 1);
	out[CLOCK_BOOT_ID_SIZE - 1] = '\0';
}

static struct board board;
static struct tester tester;
static struct buf text;

static int
set_up(void **state)
{
	struct facts *facts = facts_new(1);
	struct license_facts f;

	(void)state;
	boot_s = 1000;
	wall_s = FACTS_NOON;
	facts_healthy(&f);
	facts->count = 1;
	facts->licenses[0] = license_facts_new(&f);
	board_init(&board);
	board_publish(&board, facts);
	tester = (struct tester){.board = &board, .notices = notices_new(),
		.master = "/var/agentx/master"};
	buf_init(&text, 1024);
	return tester.notices == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	notices_free(tester.notices);
	board_fini(&board);
	buf_fini(&text);
	return 0;
}

static int64_t
ask(const char *name)
{
	buf_clear(&text);
	return tester_ask(&tester, name, &text);
}

static void
assert_says(const char *part)
{
	if (strstr(buf_text(&text), part) == NULL)
		fail_msg("'%s' lacks '%s'", buf_text(&text), part);
}

static bool
alerts(void)
{
	struct view *view = view_take(&board);
	bool alert = view->agent.test_alert;

	view_free(view);
	return alert;
}

static void
a_test_is_sent_about_a_license_and_says_that_it_is_one(void **state)
{
	struct notice notice;

	(void)state;
	atomic_store(&board.counters.agentx_up, 1);
	assert_false(alerts());
	assert_int_equal(ask(""), 1);
	assert_says("number 1, of license main");
	assert_says("leaseline_test_alert is 1 until 2025-11-25T12:05:00Z");
	assert_true(notices_peek(tester.notices, &notice));
	assert_int_equal(notice.number, NOTIFICATION_TEST);
	assert_memory_equal(notice.report.advice, "This is a test", 14);
	assert_string_equal(notice.report.id, "L-1");
	assert_true(alerts());
	wall_s += 299;
	assert_true(alerts());
	wall_s += 1;
	assert_false(alerts());
	/* A clock that was set back does not bring it back. */
	wall_s -= DAY_S;
	assert_false(alerts());
}

static void
without_a_master_it_waits_once(void **state)
{
	(void)state;
	atomic_store(&board.counters.agentx_up, 0);
	assert_int_equal(ask(""), 0);
	assert_says("No SNMP master answers at /var/agentx/master");
	assert_says("number 1, waits");
	assert_true(alerts());
	boot_s += 10;
	assert_int_equal(ask(""), 0);
	assert_says("number 1, waits");
	assert_int_equal(notices_pending(tester.notices), 1);
	tester_sent(&tester, 1);
	boot_s += 10;
	ask("");
	assert_int_equal(notices_pending(tester.notices), 2);
}

static void
with_snmp_switched_off_only_the_metric_is_set(void **state)
{
	(void)state;
	tester.master = NULL;
	assert_int_equal(ask(""), 0);
	assert_says("SNMP is switched off");
	assert_says("leaseline_test_alert is 1");
	assert_true(alerts());
	assert_int_equal(notices_pending(tester.notices), 0);
}

static void
one_in_ten_seconds_is_enough(void **state)
{
	(void)state;
	atomic_store(&board.counters.agentx_up, 1);
	assert_int_equal(ask("main"), 1);
	tester_sent(&tester, 1);
	boot_s += 4;
	assert_int_equal(ask("main"), 0);
	assert_says("4 s ago; wait another 6 s");
	assert_int_equal(notices_pending(tester.notices), 1);
	boot_s += 6;
	assert_int_equal(ask("main"), 2);
}

static void
a_license_that_is_not_there_is_named(void **state)
{
	(void)state;
	assert_int_equal(ask("other"), 0);
	assert_says("there is no license 'other'");
	assert_false(alerts());
	/* It used up nothing. */
	tester.master = NULL;
	ask("main");
	assert_says("switched off");
}

static void
what_takes_too_long_is_said(void **state)
{
	(void)state;
	atomic_store(&board.counters.agentx_up, 1);
	int64_t sequence = ask("");
	buf_clear(&text);
	tester_late(&tester, sequence, &text);
	assert_says("number 1, still waits, the last of 1");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_test_is_sent_about_a_license_and_says_that_it_is_one),
		TEST(without_a_master_it_waits_once),
		TEST(with_snmp_switched_off_only_the_metric_is_set),
		TEST(one_in_ten_seconds_is_enough),
		TEST(a_license_that_is_not_there_is_named),
		TEST(what_takes_too_long_is_said),
	};

	return cmocka_run_group_tests_name("a test of the way to people",
	    tests, NULL, NULL);
}
