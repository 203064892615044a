/* SPDX-License-Identifier: ISC */
/* The metric writer: its text, its escapes, and the mistakes it refuses. */
#include "license/base/exposition.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "license/base/buf.h"

static const struct metric_family gauge = {"x_seconds", METRIC_GAUGE,
	"Back\\slash, \"quote\" and\nline."};
static const struct metric_family counter = {"x_total", METRIC_COUNTER, "C."};
static const struct metric_family histogram = {"x_size_bytes",
	METRIC_HISTOGRAM, "H."};

static void
a_page_is_text_of_the_format(void **state)
{
	(void)state;
	struct exposition e;
	struct buf b;
	const struct metric_label labels[] = {{"license", "a\"b\\c\nd"},
		{"p", NULL}};
	const double bounds[] = {0.1, 1, 2.5};
	const uint64_t counts[] = {1, 0, 2, 4};

	buf_init(&b, 10000);
	exposition_begin(&e, EXPOSITION_TEXT, &b);
	exposition_family(&e, &gauge);
	exposition_sample(&e, labels, 2, 1.5);
	exposition_sample(&e, NULL, 0, -3);
	exposition_family(&e, &counter);
	exposition_count(&e, labels, 1, INT64_MAX);
	exposition_family(&e, &histogram);
	exposition_histogram(&e, bounds, counts, 3, 12.25);
	exposition_end(&e);
	assert_false(b.failed);
	assert_string_equal(buf_text(&b),
	    "# HELP x_seconds Back\\\\slash, \"quote\" and\\nline.\n"
	    "# TYPE x_seconds gauge\n"
	    "x_seconds{license=\"a\\\"b\\\\c\\nd\",p=\"\"} 1.5\n"
	    "x_seconds -3\n"
	    "# HELP x_total C.\n"
	    "# TYPE x_total counter\n"
	    "x_total{license=\"a\\\"b\\\\c\\nd\"} 9223372036854775807\n"
	    "# HELP x_size_bytes H.\n"
	    "# TYPE x_size_bytes histogram\n"
	    "x_size_bytes_bucket{le=\"0.1\"} 1\n"
	    "x_size_bytes_bucket{le=\"1\"} 1\n"
	    "x_size_bytes_bucket{le=\"2.5\"} 3\n"
	    "x_size_bytes_bucket{le=\"+Inf\"} 7\n"
	    "x_size_bytes_sum 12.25\n"
	    "x_size_bytes_count 7\n");
	buf_fini(&b);
}

static const struct metric_family
	rate = {"x_bytes_per_second", METRIC_GAUGE, "R."},
	spent = {"cpu_seconds_total", METRIC_COUNTER, "S."},
	unitless = {"seconds", METRIC_GAUGE, "U."};

static void
a_page_is_openmetrics_too(void **state)
{
	(void)state;
	struct exposition e;
	struct buf b;
	const double bounds[] = {0.1, 1};
	const uint64_t counts[] = {1, 0, 2};

	buf_init(&b, 10000);
	exposition_begin(&e, EXPOSITION_OPENMETRICS, &b);
	exposition_family(&e, &gauge);
	exposition_sample(&e, NULL, 0, 1.5);
	exposition_family(&e, &counter);
	exposition_count(&e, NULL, 0, 3);
	exposition_family(&e, &rate);
	exposition_count(&e, NULL, 0, INT64_MIN);
	exposition_family(&e, &spent);
	exposition_sample(&e, NULL, 0, 0.25);
	exposition_family(&e, &unitless);
	exposition_family(&e, &histogram);
	exposition_histogram(&e, bounds, counts, 2, 4);
	exposition_end(&e);
	assert_false(b.failed);
	assert_string_equal(buf_text(&b),
	    "# HELP x_seconds Back\\\\slash, \\\"quote\\\" and\\nline.\n"
	    "# TYPE x_seconds gauge\n"
	    "# UNIT x_seconds seconds\n"
	    "x_seconds 1.5\n"
	    "# HELP x C.\n"
	    "# TYPE x counter\n"
	    "x_total 3\n"
	    "# HELP x_bytes_per_second R.\n"
	    "# TYPE x_bytes_per_second gauge\n"
	    "# UNIT x_bytes_per_second bytes_per_second\n"
	    "x_bytes_per_second -9223372036854775808\n"
	    "# HELP cpu_seconds S.\n"
	    "# TYPE cpu_seconds counter\n"
	    "# UNIT cpu_seconds seconds\n"
	    "cpu_seconds_total 0.25\n"
	    "# HELP seconds U.\n"
	    "# TYPE seconds gauge\n"
	    "# HELP x_size_bytes H.\n"
	    "# TYPE x_size_bytes histogram\n"
	    "# UNIT x_size_bytes bytes\n"
	    "x_size_bytes_bucket{le=\"0.1\"} 1\n"
	    "x_size_bytes_bucket{le=\"1.0\"} 1\n"
	    "x_size_bytes_bucket{le=\"+Inf\"} 3\n"
	    "x_size_bytes_sum 4\n"
	    "x_size_bytes_count 3\n"
	    "# EOF\n");
	buf_fini(&b);
}

static const struct {
	double value;
	const char *text;
} numbers[] = {
	{0, "0"}, {-0.5, "-0.5"}, {0.1, "0.1"},
	{1.0 / 3, "0.33333333333333331"},
	{1680134399, "1680134399"}, {9007199254740992.0, "9007199254740992"},
	{1e300, "1e+300"}, {INFINITY, "+Inf"},
	{-INFINITY, "-Inf"}, {NAN, "NaN"},
};

static void
numbers_are_short_and_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct exposition e;
		struct buf b;
		char line[64] = "x_seconds ";
		buf_init(&b, 1000);
		exposition_begin(&e, EXPOSITION_TEXT, &b);
		exposition_family(&e, &gauge);
		size_t head = b.len;
		exposition_sample(&e, NULL, 0, numbers[i].value);
		strncat(line, numbers[i].text, sizeof(line) - 20);
		size_t len = strlen(line);
		assert_int_equal(b.len, head + len + 1);
		assert_memory_equal(b.data + head, line, len);
		buf_fini(&b);
	}
}

static void
label_values_are_bounded_and_made_utf8(void **state)
{
	(void)state;
	struct exposition e;
	struct buf b;
	char big[1000];
	const struct metric_label labels[] = {{"a", "x\xFFy\xC3"}, {"b", big}};

	memset(big, 'z', sizeof(big));
	memcpy(big + 255, "\xE2\x82\xAC", 3);
	big[999] = '\0';
	buf_init(&b, 10000);
	exposition_begin(&e, EXPOSITION_TEXT, &b);
	exposition_family(&e, &gauge);
	exposition_sample(&e, labels, 2, 1);
	const char *a = strstr(buf_text(&b), "a=\"");
	assert_non_null(a);
	assert_memory_equal(a, "a=\"x\xEF\xBF\xBDy\xEF\xBF\xBD\"", 12);
	const char *value = strstr(a, "b=\"") + 3;
	/* The euro sign begins at byte 255 and would end past 256. */
	assert_int_equal(strchr(value, '"') - value, 255);
	buf_fini(&b);
}

static void
a_page_that_does_not_fit_says_so(void **state)
{
	(void)state;
	struct exposition e;
	struct buf b;

	buf_init(&b, 100);
	exposition_begin(&e, EXPOSITION_TEXT, &b);
	exposition_family(&e, &gauge);
	for (int i = 0; i < 10; i++)
		exposition_sample(&e, NULL, 0, i);
	assert_true(b.failed);
	buf_fini(&b);
}

static const struct metric_family bad[] = {
	{"x", METRIC_COUNTER, "A counter without _total."},
	{"x_total", METRIC_GAUGE, "A gauge with it."},
	{"x-y", METRIC_GAUGE, "A bad name."},
	{"9x", METRIC_GAUGE, "A bad first character."},
	{"a:b", METRIC_GAUGE, "A rule's name."},
	{"", METRIC_GAUGE, "No name."},
};

/* Make mistake ${which} in a child; true when an assertion stopped it. */
static bool
is_refused(size_t which)
{
	static const size_t bads = sizeof(bad) / sizeof(bad[0]);
	const struct rlimit no_core = {0, 0};
	const struct metric_label label = {"a-b", "v"};
	int status;
	pid_t child = fork();

	if (child == 0) {
		struct exposition e;
		struct buf b;
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		buf_init(&b, 10000);
		exposition_begin(&e, EXPOSITION_TEXT, &b);
		if (which < bads)
			exposition_family(&e, &bad[which]);
		else if (which == bads)
			exposition_count(&e, NULL, 0, 1);
		exposition_family(&e, &gauge);
		if (which == bads + 1)
			exposition_family(&e, &gauge);
		if (which == bads + 2)
			exposition_count(&e, &label, 1, 1);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void
our_mistakes_stop_the_program(void **state)
{
	(void)state;
	size_t mistakes = sizeof(bad) / sizeof(bad[0]) + 3;

	for (size_t i = 0; i < mistakes; i++)
		assert_true(is_refused(i));
	assert_false(is_refused(mistakes)); /* none */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_is_text_of_the_format),
		cmocka_unit_test(a_page_is_openmetrics_too),
		cmocka_unit_test(numbers_are_short_and_exact),
		cmocka_unit_test(label_values_are_bounded_and_made_utf8),
		cmocka_unit_test(a_page_that_does_not_fit_says_so),
		cmocka_unit_test(our_mistakes_stop_the_program),
	};

	return cmocka_run_group_tests_name("metric writer", tests, NULL, NULL);
}
