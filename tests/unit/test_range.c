/* SPDX-License-Identifier: ISC */
/* Goal: the ranges of monitoring plugins, and what alerts. */
#include "license/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "license/base/buf.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
ranges_are_read_and_printed(void **state)
{
	static const struct {
		const char *text, *printed; /* NULL: no range */
	} rows[] = {
		{"30", "30:"},
		{"30:", "30:"},
		{"0", "0:"},
		{"-3", "-3:"},
		{":10", "0:10"},
		{"10:20", "10:20"},
		{"~:10", "~:10"},
		{"~:", "~:"},
		{"@10:20", "@10:20"},
		{"@5", "@5:"},
		{"@~:-1", "@~:-1"},
		{"7:7", "7:7"},
		{"", NULL},
		{"@", NULL},
		{":", NULL},
		{"~", NULL},
		{"@:", NULL},
		{"20:10", NULL},
		{"1:2:3", NULL},
		{"1.5", NULL},
		{"a", NULL},
		{"1a", NULL},
		{" 1", NULL},
		{"+1", NULL},
		{"1234567890", NULL},
		{"--1", NULL},
		{"1:~", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct range range;
		struct buf out;
		bool good = range_parse(rows[i].text, &range);

		if (good != (rows[i].printed != NULL))
			fail_msg("'%s'", rows[i].text);
		if (!good)
			continue;
		buf_init(&out, 100);
		range_print(&range, &out);
		assert_string_equal(buf_text(&out), rows[i].printed);
		buf_fini(&out);
	}
}

static void
what_is_outside_alerts_and_with_an_at_what_is_inside(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
		bool alerts;
	} rows[] = {
		{"30", 30, false}, {"30", 29, true}, {"30", 1000000, false},
		{"10:20", 9, true}, {"10:20", 10, false}, {"10:20", 20, false},
		{"10:20", 21, true}, {"@10:20", 9, false}, {"@10:20", 10, true},
		{"@10:20", 21, false}, {"~:10", -99, false}, {"~:10", 11, true},
		{":10", -1, true}, {"0", -1, true},
	};
	struct range none = {.given = false};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct range range;

		assert_true(range_parse(rows[i].text, &range));
		if (range_alerts(&range, rows[i].value) != rows[i].alerts)
			fail_msg("'%s' and %lld", rows[i].text,
			    (long long)rows[i].value);
	}
	assert_false(range_alerts(&none, 5));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_read_and_printed),
		cmocka_unit_test(
		    what_is_outside_alerts_and_with_an_at_what_is_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
