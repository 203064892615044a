/* SPDX-License-Identifier: ISC */
/* Goal: the sentence of every state, durations, and nothing unprintable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "license/base/buf.h"
#include "license/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* 2023-03-15T12:00:00Z, and a lease to 2023-03-29. */
static struct report
sample(int state, bool usable)
{
	struct report r = {
		.now = {1678881600},
		.kind = KIND_PRODUCTION,
		.bandwidth_mbits = 10000,
		.expiry = {1680134399},
		.state = state,
		.usable = usable,
		.severity = SEVERITY_OK,
		.reason = REASON_NONE,
		.source = SOURCE_AUTHORITY,
		.refresh_last_result = RESULT_REFUSED,
		.binding_changed = component_bit(CPU_MODEL) |
		    component_bit(MACHINE_KEY),
	};

	r.has[FIELD_ID_KIND] = r.has[FIELD_ID_BANDWIDTH] = true;
	r.has[FIELD_ID_EXPIRY] = r.has[FIELD_ID_REFUSAL_DETAIL] = true;
	r.has[FIELD_ID_BINDING_CHANGED] = r.has[FIELD_ID_LICENSE_FILE] = true;
	text_copy(r.name, sizeof(r.name), "edge1");
	text_copy(r.license_file, sizeof(r.license_file), "/l/license.lic");
	text_copy(r.refusal_detail, sizeof(r.refusal_detail), "Invoice 17.");
	text_copy(r.advice, sizeof(r.advice), "Do it.");
	return r;
}

/* What libcurl says of a connection is no sentence for it. */
static void
why_none_came_is_the_advices_to_say(void **state)
{
	struct report r = sample(STATE_MISSING, false);
	struct buf out;

	(void)state;
	r.refresh_last_result = RESULT_CONNECT;
	buf_init(&out, 1024);
	text_license(&r, &out);
	assert_string_equal(buf_text(&out),
	    "No license is installed: Do it.\n");
	buf_fini(&out);
}

static void
every_state_has_its_sentence(void **state)
{
	static const struct {
		int state;
		bool usable;
		const char *want;
	} rows[] = {
		{STATE_VALID, true,
		    "Production license for 10000 mbits valid until "
		    "2023-03-29\n"},
		{STATE_EXPIRING, true,
		    "Production license for 10000 mbits valid until "
		    "2023-03-29\n"},
		{STATE_CLOCK_UNTRUSTED, true,
		    "Production license for 10000 mbits valid until "
		    "2023-03-29\n"},
		{STATE_EXPIRED, false,
		    "Production license for 10000 mbits expired on "
		    "2023-03-29\n"},
		{STATE_EXPIRED, true,
		    "Production license for 10000 mbits expired on 2023-03-29 "
		    "and may still be used\n"},
		{STATE_NOT_YET_VALID, false,
		    "Production license for 10000 mbits has not begun yet and "
		    "will be valid until 2023-03-29\n"},
		{STATE_SUSPENDED, false, "License suspended: Invoice 17.\n"},
		{STATE_CANCELLED, false, "License cancelled: Invoice 17.\n"},
		{STATE_MISSING, false,
		    "No license is installed: Invoice 17.\n"},
		{STATE_INVALID, false,
		    "License file /l/license.lic is not a good one: Do it.\n"},
		{STATE_HARDWARE_MISMATCH, false,
		    "Production license for 10000 mbits belongs to other "
		    "hardware (different: CPU model, machine key)\n"},
	};
	size_t states;

	(void)state;
	names_rows(NAMES_STATE, &states);
	assert_int_equal(COUNT(rows), states + 1); /* expired is there twice */
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct report r = sample(rows[i].state, rows[i].usable);
		struct buf out;

		buf_init(&out, 1024);
		text_license(&r, &out);
		assert_string_equal(buf_text(&out), rows[i].want);
		buf_fini(&out);
	}
}

static void
a_trial_says_so(void **state)
{
	struct report r = sample(STATE_VALID, true);
	struct buf out;

	(void)state;
	r.kind = KIND_TRIAL;
	buf_init(&out, 1024);
	text_license(&r, &out);
	assert_string_equal(buf_text(&out),
	    "Trial license for 10000 mbits valid until 2023-03-29\n");
	buf_fini(&out);
}

static void
nothing_remote_reaches_a_terminal_as_it_is(void **state)
{
	static const int states[] = {STATE_SUSPENDED, STATE_CANCELLED,
		STATE_MISSING, STATE_VALID};
	struct agent_report agent = {.now = {1678881600}};

	(void)state;
	for (size_t i = 0; i < COUNT(states); i++) {
		struct report r = sample(states[i], false);
		struct buf out;

		r.has[FIELD_ID_ID] = r.has[FIELD_ID_RESULT] = true;
		r.has[FIELD_ID_ISSUER] = r.has[FIELD_ID_EDITION] = true;
		r.has[FIELD_ID_CPU_MODEL] = true;
		r.refresh_last_result = RESULT_REFUSED;
		text_copy(r.refusal_detail, sizeof(r.refusal_detail),
		    "a\x1b[31m\nState: valid\r\x9b\xff");
		text_copy(r.id, sizeof(r.id), "\x1b]0;x\x07");
		text_copy(r.issuer, sizeof(r.issuer), "\x7f\xc2\x9b");
		text_copy(r.edition, sizeof(r.edition), "\nState: valid");
		text_copy(r.cpu_model, sizeof(r.cpu_model), "\x1b[2J");
		buf_init(&out, 65536);
		text_license(&r, &out);
		text_status(&r, &agent, &out);
		for (size_t n = 0; n < out.len; n++) {
			unsigned char c = (unsigned char)out.data[n];

			assert_true(c == '\n' || (c >= 0x20 && c < 0x7f));
		}
		assert_null(strstr(buf_text(&out), "\nState: valid"));
		buf_fini(&out);
	}
}

static void
what_does_not_apply_has_no_line(void **state)
{
	struct report r = {.now = {1678881600}, .state = STATE_MISSING,
		.severity = SEVERITY_WARNING, .source = SOURCE_AUTHORITY};
	struct agent_report agent = {.now = {1678881600}};
	static const char *const absent[] = {"Lease end", "Term end", "Expiry",
		"Rebinds", "Binding", "Overdue", "Storage", "1970", "(null)"};
	struct buf out;

	(void)state;
	buf_init(&out, 65536);
	text_status(&r, &agent, &out);
	for (size_t i = 0; i < COUNT(absent); i++)
		assert_null(strstr(buf_text(&out), absent[i]));
	assert_non_null(strstr(buf_text(&out), "State:         missing"));
	buf_fini(&out);
}

static void
durations_are_told_in_two_units_at_most(void **state)
{
	static const struct {
		int64_t s;
		const char *want;
	} rows[] = {
		{0, "0 s"},
		{59, "59 s"},
		{60, "1 min"},
		{61, "1 min 1 s"},
		{3600, "1 h"},
		{3 * 3600 + 12 * 60 + 5, "3 h 12 min"},
		{2 * 86400 + 4 * 3600 + 59, "2 d 4 h"},
		{86400 + 59, "1 d"},
		{-90, "-1 min 30 s"},
		{INT64_MIN, "-106751991167300 d 15 h"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out;

		buf_init(&out, 100);
		text_duration(rows[i].s, &out);
		assert_string_equal(buf_text(&out), rows[i].want);
		buf_fini(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_has_its_sentence),
		cmocka_unit_test(why_none_came_is_the_advices_to_say),
		cmocka_unit_test(a_trial_says_so),
		cmocka_unit_test(nothing_remote_reaches_a_terminal_as_it_is),
		cmocka_unit_test(what_does_not_apply_has_no_line),
		cmocka_unit_test(durations_are_told_in_two_units_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
