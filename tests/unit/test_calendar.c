/* SPDX-License-Identifier: ISC */
/* The calendar: its lines as RFC 5545 wants them, whatever a license says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "license/base/buf.h"
#include "license/calendar.h"
#include "tests/facts.h"

static struct license_facts facts;
static struct report report;

static void
make(struct buf *out)
{
	report_make(&facts, (utc_t){FACTS_NOON}, TRUST_TRUSTED, &report);
	buf_init(out, 65536);
	calendar_begin(out);
	assert_true(calendar_event(&report, out));
	calendar_end(out);
	assert_false(out->failed);
}

static int
begin(void **state)
{
	(void)state;
	utc_t now = {FACTS_NOON};

	facts_bare(&facts);
	facts.has_license = true;
	facts_lease(&facts.license, now, utc_day_end(now, 300));
	facts.last_success = now;
	facts.last_result = RESULT_OK;
	return 0;
}

/* Lines without their folds, as a reader sees them; "" when it is not there. */
static void
value_of(const struct buf *text, const char *name, char out[2048])
{
	char whole[32768];
	size_t n = 0;

	for (const char *p = buf_text(text); *p != '\0'; p++) {
		if (strncmp(p, "\r\n ", 3) == 0)
			p += 2;
		else
			whole[n++] = *p;
	}
	whole[n] = '\0';
	const char *at = strstr(whole, name);
	out[0] = '\0';
	if (at != NULL)
		snprintf(out, 2048, "%.*s", (int)strcspn(at, "\r"), at);
}

static void
a_term_is_an_all_day_event_with_four_reminders(void **state)
{
	static const char *const alarms[] = {"TRIGGER:-P60D", "TRIGGER:-P30D",
		"TRIGGER:-P7D", "TRIGGER:-P1D"};
	char value[2048], want[64], date[UTC_DATE_SIZE];
	struct buf text;

	(void)state;
	make(&text);
	utc_date(facts.license.term_end, date);
	snprintf(want, sizeof(want), "DTSTART;VALUE=DATE:%.4s%.2s%.2s", date,
	    date + 5, date + 8);
	value_of(&text, "DTSTART", value);
	assert_string_equal(value, want);
	for (size_t i = 0; i < 4; i++)
		assert_non_null(strstr(buf_text(&text), alarms[i]));
	value_of(&text, "SUMMARY", value);
	assert_non_null(strstr(value, "License term of "));
	buf_fini(&text);
}

static void
a_reminder_that_is_past_is_left_out(void **state)
{
	struct buf text;

	(void)state;
	facts.license.term_end = utc_day_end(report.now, 12);
	make(&text);
	assert_null(strstr(buf_text(&text), "TRIGGER:-P60D"));
	assert_null(strstr(buf_text(&text), "TRIGGER:-P30D"));
	assert_non_null(strstr(buf_text(&text), "TRIGGER:-P7D"));
	assert_non_null(strstr(buf_text(&text), "TRIGGER:-P1D"));
	buf_fini(&text);
}

/* Its document may have weeks left: they are of no use to anyone. */
static void
what_was_suspended_is_of_today(void **state)
{
	char value[2048], want[64], date[UTC_DATE_SIZE];
	struct buf text;

	(void)state;
	facts.has_refusal = true;
	facts.refusal.reason = facts.last_refusal = REFUSAL_SUSPENDED;
	facts.refusal.sequence = facts.license.sequence + 1;
	make(&text);
	assert_int_equal(report.state, STATE_SUSPENDED);
	utc_date(report.now, date);
	snprintf(want, sizeof(want), "DTSTART;VALUE=DATE:%.4s%.2s%.2s", date,
	    date + 5, date + 8);
	value_of(&text, "DTSTART", value);
	assert_string_equal(value, want);
	value_of(&text, "SUMMARY", value);
	assert_non_null(strstr(value, " is not usable"));
	assert_null(strstr(buf_text(&text), "VALARM"));
	buf_fini(&text);
}

static void
a_lease_that_is_not_refreshed_ends_before_its_term(void **state)
{
	char value[2048];
	struct buf text;

	(void)state;
	facts.last_result = RESULT_CONNECT;
	facts.last_success.s -= 2 * DAY_S;
	make(&text);
	value_of(&text, "SUMMARY", value);
	assert_non_null(strstr(value, "License lease of "));
	buf_fini(&text);
}

static void
its_uid_stays_when_the_day_moves(void **state)
{
	char before[2048], after[2048];
	struct buf text;

	(void)state;
	make(&text);
	value_of(&text, "UID:", before);
	buf_fini(&text);
	facts.license.sequence++;
	facts.license.term_end = utc_add(facts.license.term_end, 365 * DAY_S);
	make(&text);
	value_of(&text, "UID:", after);
	buf_fini(&text);
	assert_string_equal(before, after);
	assert_true(strlen(before) > strlen("UID:@leaseline"));
}

static void
lines_are_folded_by_octets_between_characters(void **state)
{
	char long_text[TEXT_64];
	struct buf text;

	(void)state;
	memset(long_text, 0, sizeof(long_text));
	for (int i = 0; i < 21; i++)
		memcpy(long_text + i * 3, "\xE2\x82\xAC", 3); /* euro signs */
	memcpy(facts.license.product, long_text, sizeof(long_text));
	make(&text);
	for (const char *line = buf_text(&text); *line != '\0';) {
		const char *end = strstr(line, "\r\n");

		assert_non_null(end);
		assert_true(end - line <= 75);
		/* No line begins within a character. */
		assert_true(((unsigned char)line[*line == ' '] & 0xC0) != 0x80);
		line = end + 2;
	}
	char value[2048];
	value_of(&text, "DESCRIPTION", value);
	assert_non_null(strstr(value, long_text));
	buf_fini(&text);
}

static void
nothing_remote_makes_a_line_of_its_own(void **state)
{
	char value[2048];
	struct buf text;

	(void)state;
	text_copy(facts.license.product, TEXT_64, "a;b,c\\d\r\nATTACH:file");
	make(&text);
	value_of(&text, "DESCRIPTION", value);
	assert_non_null(strstr(value, "a\\;b\\,c\\\\d"));
	assert_null(strstr(buf_text(&text), "\nATTACH"));
	buf_fini(&text);
}

static void
without_a_license_there_is_no_event(void **state)
{
	struct buf text;

	(void)state;
	facts.has_license = false;
	report_make(&facts, (utc_t){FACTS_NOON}, TRUST_TRUSTED, &report);
	buf_init(&text, 65536);
	assert_false(calendar_event(&report, &text));
	assert_int_equal(text.len, 0);
	buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, begin)
		TEST(a_term_is_an_all_day_event_with_four_reminders),
		TEST(a_reminder_that_is_past_is_left_out),
		TEST(what_was_suspended_is_of_today),
		TEST(a_lease_that_is_not_refreshed_ends_before_its_term),
		TEST(its_uid_stays_when_the_day_moves),
		TEST(lines_are_folded_by_octets_between_characters),
		TEST(nothing_remote_makes_a_line_of_its_own),
		TEST(without_a_license_there_is_no_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
