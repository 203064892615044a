/* SPDX-License-Identifier: ISC */
/* The log: its format, forged lines, rotation, and disks that are full. */
#include "license/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "license/base/buf.h"
#include "license/base/file.h"

static char directory[64];
static char path[96];

static int
set_up(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "%s", "test_log.XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/log", directory);
	return log_open(path, "test", LOG_LEVEL_INFO);
}

static int
tear_down(void **state)
{
	(void)state;
	char moved[128];

	log_open("stderr", "test", LOG_LEVEL_INFO);
	snprintf(moved, sizeof(moved), "%s.1", path);
	unlink(moved);
	unlink(path);
	return rmdir(directory);
}

static char *
contents(const char *of)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	assert_int_equal(file_read(of, &b), 0);
	return buf_take(&b);
}

/* ${line} must be "YYYY-MM-DD HH:MM:SS,mmm " and then ${rest}. */
static void
assert_line(const char *line, const char *rest)
{
	static const char shape[] = "0000-00-00 00:00:00,000 ";

	for (size_t i = 0; shape[i] != '\0'; i++) {
		if (shape[i] == '0')
			assert_in_range(line[i], '0', '9');
		else
			assert_int_equal(line[i], shape[i]);
	}
	assert_string_equal(line + sizeof(shape) - 1, rest);
}

static void
a_line_has_the_format_of_the_product(void **state)
{
	(void)state;
	struct stat st;

	log_debug("not shown at this level");
	log_info("days %d", 14);
	char *text = contents(path);
	assert_line(text, "[INFO] days 14\n");
	free(text);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0137, 0);
	log_warn("w");
	log_error("e");
	text = contents(path);
	assert_non_null(strstr(text, " [WARN] w\n"));
	assert_non_null(strstr(text, " [ERROR] e\n"));
	free(text);
}

static void
a_newline_cannot_forge_a_second_line(void **state)
{
	(void)state;
	log_info("%s", "a\nb\x1B[2J\x7F\xC2\x9B\xFF\xC3\xA9");
	char *text = contents(path);
	assert_line(text, "[INFO] a?b?[2J????\xC3\xA9\n");
	free(text);
}

static void
a_long_line_is_cut_and_stays_one_line(void **state)
{
	(void)state;
	char big[5000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_info("%s", big);
	log_info("next");
	char *text = contents(path);
	char *end = strchr(text, '\n');
	assert_non_null(end);
	assert_true(end - text < 4096);
	assert_memory_equal(end - 3, "...", 3);
	assert_line(end + 1, "[INFO] next\n");
	free(text);
}

static void
a_rotated_file_is_opened_again(void **state)
{
	(void)state;
	char moved[128];

	snprintf(moved, sizeof(moved), "%s.1", path);
	log_info("one");
	assert_int_equal(rename(path, moved), 0);
	log_info("two");
	assert_int_equal(log_reopen(), 0);
	log_info("three");
	char *text = contents(moved);
	assert_non_null(strstr(text, "two\n"));
	free(text);
	text = contents(path);
	assert_line(text, "[INFO] three\n");
	free(text);
	assert_int_equal(truncate(path, 0), 0);
	log_info("after copytruncate");
	text = contents(path);
	assert_line(text, "[INFO] after copytruncate\n");
	free(text);
}

static void
a_target_that_cannot_be_opened_leaves_the_old_one(void **state)
{
	(void)state;
	assert_int_equal(log_open("/nonexistent/log", "t", LOG_LEVEL_DEBUG),
	    -1);
	assert_int_equal(errno, ENOENT);
	log_info("still here");
	char *text = contents(path);
	assert_line(text, "[INFO] still here\n");
	free(text);
}

static void
a_full_disk_is_counted_and_the_next_line_begins_afresh(void **state)
{
	(void)state;
	struct rlimit old, small = {.rlim_cur = 60};
	uint64_t before = log_lost();

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	errno = 77;
	log_info("%050d", 0); /* stops in the middle */
	log_info("nothing of this");
	int kept = errno;
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(kept, 77);
	assert_int_equal(log_lost(), before + 2);
	log_info("room again");
	char *text = contents(path);
	assert_int_equal(text[60], '\n');
	assert_line(text + 61, "[INFO] room again\n");
	free(text);
}

static void
a_stuck_pipe_never_makes_the_caller_wait(void **state)
{
	(void)state;
	int pipes[2];
	uint64_t before = log_lost();
	int kept = dup(STDERR_FILENO);

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(log_open("stderr", "t", LOG_LEVEL_INFO), 0);
	dup2(pipes[1], STDERR_FILENO);
	alarm(20);
	for (int i = 0; i < 5000; i++)
		log_info("%0500d", i);
	close(pipes[0]);
	log_info("nobody reads");
	alarm(0);
	dup2(kept, STDERR_FILENO);
	close(pipes[1]);
	close(kept);
	assert_true(log_lost() > before + 1000);
}

static void
a_fifo_without_a_reader_is_an_error_and_not_a_hang(void **state)
{
	(void)state;
	char fifo[128];

	snprintf(fifo, sizeof(fifo), "%s/fifo", directory);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	alarm(20);
	int result = log_open(fifo, "t", LOG_LEVEL_INFO);
	int why = errno;
	alarm(0);
	unlink(fifo);
	assert_int_equal(result, -1);
	assert_int_equal(why, ENXIO);
}

#define WITH_FILE(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FILE(a_line_has_the_format_of_the_product),
		WITH_FILE(a_newline_cannot_forge_a_second_line),
		WITH_FILE(a_long_line_is_cut_and_stays_one_line),
		WITH_FILE(a_rotated_file_is_opened_again),
		WITH_FILE(a_target_that_cannot_be_opened_leaves_the_old_one),
		WITH_FILE(
		    a_full_disk_is_counted_and_the_next_line_begins_afresh),
		WITH_FILE(a_stuck_pipe_never_makes_the_caller_wait),
		WITH_FILE(a_fifo_without_a_reader_is_an_error_and_not_a_hang),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
