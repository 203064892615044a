/* SPDX-License-Identifier: ISC */
/*
 * Goal: the operator's command is run for each edge of usable, once, and with
 * the newest state; nothing but the report makes it say unusable; a run that
 * fails is repeated, and none is lost over a restart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "license/base/child.h"
#include "tests/world.h"

/* Programs that the test ends. */
struct child {
	bool used, ended, freed_running;
	int code;
};

static struct child children[64];
static size_t started;
static char words[64][256]; /* what each was started with, joined */
static bool cannot_start;

struct child *
child_start(const struct child_options *options)
{
	struct child *child = &children[started];
	char *to = words[started];

	if (cannot_start) {
		errno = EAGAIN;
		return NULL;
	}
	to[0] = '\0';
	for (size_t i = 1; options->arguments[i] != NULL; i++)
		snprintf(to + strlen(to), 256 - strlen(to), "%s%s",
		    i == 1 ? "" : " ", options->arguments[i]);
	*child = (struct child){.used = true};
	started++;
	return child;
}

void
child_ask(const struct child *child, struct loop_want *want)
{
	(void)child;
	(void)want;
}

bool
child_tell(struct child *child, const struct loop_got *got)
{
	(void)got;
	return child->ended;
}

void
child_hurry(struct child *child)
{
	child->ended = true;
}

int
child_code(const struct child *child)
{
	return child->code;
}

uint64_t
child_dropped(const struct child *child)
{
	(void)child;
	return 0;
}

void
child_free(struct child *child)
{
	if (child == NULL)
		return;
	child->freed_running = !child->ended;
	child->used = false;
}

static void
finish(size_t i, int code)
{
	assert_true(children[i].used);
	children[i].ended = true;
	children[i].code = code;
}

/* The loop for a while: the jobs are told before the keeper. */
static void
run(int64_t s)
{
	struct loop_source jobs = keeper_jobs_source(world.keeper);

	for (int64_t i = 0; i < s; i++) {
		struct loop_got got = {.now = world.boot};
		struct loop_want want = {.timed = false};

		jobs.ask(jobs.self, &want);
		assert_true(!want.timed || want.at.ns > world.boot.ns);
		jobs.tell(jobs.self, &got);
		struct loop_want round = world_ask();
		world_tell(&round);
		world_run(1);
	}
	assert_false(world.spun);
}

static void
start(void)
{
	assert_true(world_start());
	run(3);
}

static void
restart(int64_t down_s)
{
	world_stop();
	world_crash_to(down_s, NULL);
	start();
}

static void
answer(bool ok)
{
	world_account_of(0)->refusal = ok ? 0 : REFUSAL_SUSPENDED;
}

static void
ignore(void *self, bool ok, const char *sentence)
{
	(void)self;
	(void)ok;
	(void)sentence;
}

static void
renew(void)
{
	struct buf error;

	buf_init(&error, 256);
	assert_true(keeper_renew(world.keeper, "", ignore, NULL, &error));
	buf_fini(&error);
	run(2);
}

static void
commit(void)
{
	struct buf error;

	buf_init(&error, 256);
	assert_true(keeper_commit(world.keeper, "", ignore, NULL, &error));
	buf_fini(&error);
	run(2);
}

static int64_t
shown_code(void)
{
	struct report report;

	world_report(0, &report);
	return report.has[FIELD_ID_ON_CHANGE_EXIT] ? report.on_change_exit : -1;
}

static int
begin(void **state)
{
	(void)state;
	log_open("/dev/null", "test", LOG_LEVEL_ERROR);
	memset(children, 0, sizeof(children));
	started = 0;
	cannot_start = false;
	world_begin(1);
	text_copy(world.licenses[0].on_change, KEEPER_PATH_SIZE,
	    "/bin/hook 'a b'");
	world.licenses[0].on_change_limit_s = 60;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	world_end();
	return 0;
}

static void
each_edge_runs_it_once_with_its_words(void **state)
{
	(void)state;
	start();
	assert_int_equal(started, 1);
	assert_string_equal(words[0], "a b license0 usable valid ok");
	assert_int_equal(shown_code(), -1);
	finish(0, 0);
	run(2);
	assert_int_equal(shown_code(), 0);
	renew();
	run(DAY_S / 100);
	assert_int_equal(started, 1);
	answer(false);
	renew();
	assert_int_equal(started, 2);
	assert_string_equal(words[1], "a b license0 unusable suspended "
				      "critical");
	finish(1, 0);
	answer(true);
	renew();
	assert_int_equal(started, 3);
	assert_string_equal(words[2], "a b license0 usable valid ok");
}

static void
before_the_first_answer_nothing_is_told(void **state)
{
	struct report report;

	(void)state;
	world.mode = WORLD_UNREACHABLE;
	start();
	run(3600);
	world_report(0, &report);
	assert_int_equal(report.state, STATE_MISSING);
	assert_int_equal(started, 0);
	world.mode = WORLD_ANSWERS;
	renew();
	assert_int_equal(started, 1);
	assert_string_equal(words[0], "a b license0 usable valid ok");
}

static void
edges_while_it_runs_are_one_run_after_it_with_the_newest_state(void **state)
{
	(void)state;
	start();
	answer(false);
	renew();
	answer(true);
	renew();
	answer(false);
	renew();
	assert_int_equal(started, 1);
	finish(0, 0);
	run(1);
	assert_int_equal(started, 2);
	assert_string_equal(words[1], "a b license0 unusable suspended "
				      "critical");
	answer(true);
	renew();
	answer(false);
	renew();
	finish(1, 0);
	run(5);
	assert_int_equal(started, 2);
}

static void
a_restart_repeats_no_edge_and_loses_none(void **state)
{
	(void)state;
	start();
	finish(0, 0);
	run(1);
	restart(60);
	assert_int_equal(started, 1);
	assert_int_equal(shown_code(), 0);
	/* The lease ends while the agent is down. */
	world.mode = WORLD_UNREACHABLE;
	world_stop();
	world_crash_to(20 * DAY_S, NULL);
	assert_true(world_start());
	run(5);
	assert_int_equal(started, 2);
	assert_string_equal(words[1], "a b license0 unusable expired critical");
	/* It is stopped before the command ended: whether it was heard? */
	world_stop();
	assert_true(children[1].freed_running);
	assert_true(world_start());
	run(5);
	assert_int_equal(started, 3);
	assert_string_equal(words[2], "a b license0 unusable expired critical");
	finish(2, 0);
	run(1);
	restart(60);
	run(5);
	assert_int_equal(started, 3);
}

static void
an_end_found_at_the_start_is_asked_about_before_it_is_told(void **state)
{
	(void)state;
	start();
	finish(0, 0);
	run(1);
	world_stop();
	world_crash_to(20 * DAY_S, NULL);
	world.mode = WORLD_HOLDS;
	assert_true(world_start());
	run(60);
	assert_int_equal(started, 1);
	world.mode = WORLD_ANSWERS;
	run(5);
	assert_int_equal(started, 1);
	/* An authority that hangs does not hide it for ever. */
	world_stop();
	world_crash_to(20 * DAY_S, NULL);
	world.mode = WORLD_HOLDS;
	assert_true(world_start());
	run(110);
	assert_int_equal(started, 1);
	run(60);
	assert_int_equal(started, 2);
	assert_string_equal(words[1], "a b license0 unusable expired critical");
}

static void
a_run_that_failed_is_repeated_three_times(void **state)
{
	(void)state;
	start();
	finish(0, 1);
	run(2);
	assert_int_equal(shown_code(), 1);
	run(50);
	assert_int_equal(started, 1);
	run(20);
	assert_int_equal(started, 2);
	finish(1, CHILD_LATE);
	run(250);
	assert_int_equal(started, 2);
	run(100);
	assert_int_equal(started, 3);
	finish(2, 1);
	run(1000);
	assert_int_equal(started, 4);
	finish(3, 1);
	run(5000);
	assert_int_equal(started, 4);
	/* The next edge is another matter, and so is what undoes it. */
	answer(false);
	renew();
	assert_int_equal(started, 5);
	finish(4, 9);
	run(1);
	answer(true);
	renew();
	assert_int_equal(started, 6);
	assert_string_equal(words[5], "a b license0 usable valid ok");
}

static void
what_cannot_be_started_is_said_and_repeated(void **state)
{
	(void)state;
	cannot_start = true;
	start();
	run(2);
	assert_int_equal(started, 0);
	assert_int_equal(shown_code(), CHILD_UNSTARTED);
	cannot_start = false;
	run(70);
	assert_int_equal(started, 1);
	finish(0, 0);
	run(1);
	assert_int_equal(shown_code(), 0);
}

static void
a_commit_runs_it_after_the_answer(void **state)
{
	(void)state;
	start();
	finish(0, 0);
	run(1);
	commit();
	assert_int_equal(started, 2);
	assert_string_equal(words[1], "a b license0 usable valid ok");
	finish(1, 0);
	answer(false);
	commit();
	assert_int_equal(started, 3);
	assert_string_equal(words[2], "a b license0 unusable suspended "
				      "critical");
	finish(2, 0);
	run(100);
	assert_int_equal(started, 3);
}

static void
a_license_that_is_configured_no_more_takes_no_run_with_it(void **state)
{
	struct keeper_license other = world.licenses[0];
	struct buf error;

	(void)state;
	start();
	text_copy(other.name, sizeof(other.name), "other");
	text_copy(other.authority_url, sizeof(other.authority_url),
	    "https://authority.example/9");
	buf_init(&error, 256);
	assert_true(keeper_reconfigure(world.keeper, &other, 1, &error));
	buf_fini(&error);
	run(3);
	assert_true(children[0].used);
	assert_int_equal(started, 2);
	assert_string_equal(words[1], "a b other usable valid ok");
	finish(0, 3);
	run(1);
	assert_false(children[0].used);
	assert_int_equal(shown_code(), -1);
}

static void
so_many_run_at_once_and_the_rest_follow(void **state)
{
	(void)state;
	world_end();
	world_begin(20);
	for (size_t i = 0; i < 20; i++) {
		text_copy(world.licenses[i].on_change, KEEPER_PATH_SIZE,
		    "/bin/hook");
		world.licenses[i].on_change_limit_s = 60;
	}
	start();
	run(5);
	assert_int_equal(started, 8);
	for (size_t i = 0; i < 20; i++) {
		finish(i, 0);
		run(1);
	}
	run(5);
	assert_int_equal(started, 20);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_edge_runs_it_once_with_its_words),
		T(before_the_first_answer_nothing_is_told),
		T(edges_while_it_runs_are_one_run_after_it_with_the_newest_state),
		T(a_restart_repeats_no_edge_and_loses_none),
		T(an_end_found_at_the_start_is_asked_about_before_it_is_told),
		T(a_run_that_failed_is_repeated_three_times),
		T(what_cannot_be_started_is_said_and_repeated),
		T(a_commit_runs_it_after_the_answer),
		T(a_license_that_is_configured_no_more_takes_no_run_with_it),
		T(so_many_run_at_once_and_the_rest_follow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
