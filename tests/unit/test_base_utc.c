/* SPDX-License-Identifier: ISC */
/* Civil time: every day of the document range, and what is refused. */
#include "license/base/utc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *text;
	int64_t s;
} known[] = {
	{"1970-01-01T00:00:00Z", 0},
	{"1999-12-31T23:59:59Z", 946684799},
	{"2000-02-29T12:00:00Z", 951825600},
	{"2023-03-29T23:59:59Z", 1680134399},
	{"2038-01-19T03:14:08Z", 2147483648},
	{"2100-02-28T23:59:59Z", 4107542399},
	{"2100-03-01T00:00:00Z", 4107542400},
	{"2105-12-31T23:59:59Z", 4291747199},
};

static void
known_instants_are_read_and_printed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		char text[UTC_TEXT_SIZE], date[UTC_DATE_SIZE];
		utc_t t = {-1};
		assert_true(utc_parse(known[i].text, &t));
		assert_int_equal(t.s, known[i].s);
		utc_text(t, text);
		assert_string_equal(text, known[i].text);
		utc_date(t, date);
		assert_memory_equal(date, known[i].text, 10);
		assert_int_equal(date[10], '\0');
	}
	assert_int_equal(UTC_MAX.s, 4291747199);
}

static const char *const refused[] = {
	"", "2023-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
	"2023-04-31T00:00:00Z", "2023-13-01T00:00:00Z", "2023-00-01T00:00:00Z",
	"2023-01-00T00:00:00Z", "2023-01-01T24:00:00Z", "2023-01-01T23:60:00Z",
	"2016-12-31T23:59:60Z", "1969-12-31T23:59:59Z", "2106-01-01T00:00:00Z",
	"2023-01-01T00:00:00", "2023-01-01T00:00:00z", "2023-01-01 00:00:00Z",
	"2023-01-01T00:00:00Z ", " 2023-01-01T00:00:00Z", "2023-1-01T00:00:00Z",
	"+023-01-01T00:00:00Z", "2023-01-01T00:00:00+00:00",
	"2023-01-01T00:00:0\xB2Z",
};

static void
what_is_not_an_instant_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		utc_t t = {-7};
		assert_false(utc_parse(refused[i], &t));
		assert_int_equal(t.s, -7);
	}
	utc_t t;
	assert_false(utc_parse_date("2023-02-29", &t));
	assert_false(utc_parse_date("2023-02-28T", &t));
	assert_true(utc_parse_date("2024-02-29", &t));
	assert_int_equal(t.s, 1709164800);
}

static void
every_day_of_the_range_follows_the_one_before(void **state)
{
	(void)state;
	struct utc_civil before = utc_to_civil((utc_t){-DAY_S});

	for (int64_t s = 0; s <= UTC_MAX.s; s += DAY_S) {
		struct utc_civil c = utc_to_civil((utc_t){s + 86399});
		utc_t back = {-1};
		assert_true(utc_from_civil(&c, &back));
		assert_int_equal(back.s, s + 86399);
		bool next_day = c.day == before.day + 1 &&
		    c.month == before.month && c.year == before.year;
		bool next_month = c.day == 1 && before.day >= 28 &&
		    (c.month == before.month + 1 ||
			(c.month == 1 && before.month == 12 &&
			    c.year == before.year + 1));
		assert_true(next_day || next_month);
		before = c;
	}
	assert_int_equal(before.year, 2105);
}

static void
instants_outside_the_range_print_as_its_ends(void **state)
{
	(void)state;
	char text[UTC_TEXT_SIZE];

	utc_text((utc_t){-1}, text);
	assert_string_equal(text, "1970-01-01T00:00:00Z");
	utc_text((utc_t){INT64_MAX}, text);
	assert_string_equal(text, "2105-12-31T23:59:59Z");
}

static void
days_turn_at_midnight_and_round_down(void **state)
{
	(void)state;
	utc_t end = utc_day_end((utc_t){1000000}, 14);
	static const struct {
		int64_t before_end, days;
	} rows[] = {{0, 0}, {86399, 0}, {86400, 1}, {-1, -1}, {-86400, -1},
		{-86401, -2}, {14 * 86400, 14}};

	assert_int_equal((end.s + 1) % DAY_S, 0);
	assert_int_equal(end.s / DAY_S, 1000000 / DAY_S + 14);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(utc_days(end, utc_add(end,
		    -rows[i].before_end)), rows[i].days);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_instants_are_read_and_printed),
		cmocka_unit_test(what_is_not_an_instant_is_refused),
		cmocka_unit_test(every_day_of_the_range_follows_the_one_before),
		cmocka_unit_test(instants_outside_the_range_print_as_its_ends),
		cmocka_unit_test(days_turn_at_midnight_and_round_down),
	};

	return cmocka_run_group_tests_name("civil time", tests, NULL, NULL);
}
