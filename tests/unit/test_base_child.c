/* SPDX-License-Identifier: ISC */
/*
 * Goal: a program beside the loop ends as it says, is ended when its time is
 * up with all that it started, and cannot fill a log or hold a descriptor.
 */
#include "license/base/child.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "license/base/buf.h"
#include "license/base/clock.h"

static struct run {
	struct loop *loop;
	struct child *child;
	struct buf lines;
	int line_count;
} run;

static void
on_line(void *self, const char *text)
{
	struct run *r = self;

	r->line_count++;
	buf_printf(&r->lines, "[%s]", text);
}

static void
ask(void *self, struct loop_want *want)
{
	child_ask(((struct run *)self)->child, want);
}

static void
tell(void *self, const struct loop_got *got)
{
	struct run *r = self;

	if (child_tell(r->child, got))
		loop_stop(r->loop);
}

/* The exit code of a shell that runs ${script}. */
static int
shell(const char *script, int64_t limit_s)
{
	const char *const arguments[] = {"/bin/sh", "-c", script, "zero",
		"one", NULL};
	const char *const environment[] = {"PATH=/usr/bin:/bin", "A=b", NULL};
	const struct child_options options = {
		.arguments = arguments,
		.environment = environment,
		.limit_s = limit_s,
		.line = on_line,
		.self = &run,
	};

	buf_clear(&run.lines);
	run.line_count = 0;
	child_free(run.child);
	run.child = child_start(&options);
	assert_non_null(run.child);
	assert_int_equal(loop_run(run.loop), 0);
	return child_code(run.child);
}

static int
begin(void **state)
{
	(void)state;
	buf_init(&run.lines, 1 << 20);
	run.loop = loop_new();
	loop_add(run.loop, (struct loop_source){ask, tell, &run});
	return 0;
}

static int
end(void **state)
{
	(void)state;
	child_free(run.child);
	loop_free(run.loop);
	buf_fini(&run.lines);
	run = (struct run){.child = NULL};
	return 0;
}

static void
it_ends_as_it_says_and_with_128_more_by_a_signal(void **state)
{
	(void)state;
	assert_int_equal(shell("exit 0", 10), 0);
	assert_int_equal(shell("exit 255", 10), 255);
	assert_int_equal(shell("kill -USR1 $$", 10), 128 + SIGUSR1);
}

static void
it_sees_its_words_and_environment_and_nothing_else(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	setenv("OF_OURS", "secret", 1);
	assert_int_equal(shell("echo $0 $1 $A \"$OF_OURS\"; pwd; cat; "
			       "ls /proc/$$/fd; kill -PIPE $$", 10), 128 + SIGPIPE);
	assert_string_equal(buf_text(&run.lines), "[zero one b ][/][0][1][2]");
}

static void
its_output_is_lines_that_end_somewhere(void **state)
{
	(void)state;
	assert_int_equal(shell("printf 'a\\n\\nb\\000c\\nno end'; echo d >&2",
			     10), 0);
	assert_string_equal(buf_text(&run.lines), "[a][b c][no endd]");
	assert_int_equal(child_dropped(run.child), 0);
	assert_int_equal(shell("head -c 1000 /dev/zero | tr '\\0' x", 10), 0);
	assert_int_equal(run.lines.len, CHILD_LINE_MAX + 2);
	assert_int_equal(child_dropped(run.child), 1000 - CHILD_LINE_MAX);
	assert_int_equal(shell("yes | head -n 100000", 10), 0);
	assert_int_equal(run.line_count, CHILD_LINES_MAX);
	assert_int_equal(child_dropped(run.child), 100000 - CHILD_LINES_MAX);
}

static void
its_end_is_its_end_whoever_holds_its_output(void **state)
{
	(void)state;
	mono_t start = clock_boot();
	assert_int_equal(shell("sleep 5 & exit 3", 10), 3);
	assert_true(clock_boot().ns - start.ns < 3 * INT64_C(1000000000));
}

static bool
lives(int pid)
{
	char path[64], letter = 'X';

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	FILE *stat = fopen(path, "r");
	if (stat == NULL)
		return false;
	assert_int_equal(fscanf(stat, "%*d %*s %c", &letter), 1);
	fclose(stat);
	return letter != 'X' && letter != 'Z';
}

static void
when_its_time_is_up_the_whole_group_is_ended(void **state)
{
	int pid, tries = 100;

	(void)state;
	assert_int_equal(shell("(trap '' TERM; exec sleep 60) & "
			       "echo $!; wait", 1), CHILD_LATE);
	assert_int_equal(sscanf(buf_text(&run.lines), "[%d]", &pid), 1);
	/* It is told to end before we are back; it may take a moment. */
	while (lives(pid) && --tries > 0)
		poll(NULL, 0, 20);
	assert_true(tries > 0);
}

static void
what_cannot_be_started_says_why(void **state)
{
	static const struct {
		const char *program;
		int error;
	} rows[] = {{"/nonexistent/program", ENOENT}, {"/etc/passwd", EACCES}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const char *const arguments[] = {rows[i].program, NULL};
		const char *const environment[] = {NULL};
		const struct child_options options = {
			.arguments = arguments,
			.environment = environment,
			.limit_s = 1,
			.line = on_line,
		};

		assert_null(child_start(&options));
		assert_int_equal(errno, rows[i].error);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    it_ends_as_it_says_and_with_128_more_by_a_signal, begin,
		    end),
		cmocka_unit_test_setup_teardown(
		    it_sees_its_words_and_environment_and_nothing_else, begin,
		    end),
		cmocka_unit_test_setup_teardown(
		    its_output_is_lines_that_end_somewhere, begin, end),
		cmocka_unit_test_setup_teardown(
		    its_end_is_its_end_whoever_holds_its_output, begin, end),
		cmocka_unit_test_setup_teardown(
		    when_its_time_is_up_the_whole_group_is_ended, begin, end),
		cmocka_unit_test(what_cannot_be_started_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
