/* SPDX-License-Identifier: ISC */
/*
 * Numbers and labels that checks, dashboards and people rely on, written here
 * a second time: whoever changes one must see this file fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "license/names.h"

struct row {
	int number;
	const char *label;
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct row states[] = {{1, "missing"}, {2, "valid"},
	{3, "expiring"}, {4, "expired"}, {5, "invalid"},
	{6, "hardware_mismatch"}, {7, "suspended"}, {8, "cancelled"},
	{9, "clock_untrusted"}, {10, "not_yet_valid"}};
static const struct row results[] = {{1, "never"}, {2, "ok"}, {3, "dns"},
	{4, "connect"}, {5, "timeout"}, {6, "tls"}, {7, "http"},
	{8, "bad_signature"}, {9, "unknown_key"}, {10, "replayed"},
	{11, "malformed"}, {12, "refused"}, {13, "storage"}, {14, "auth"},
	{15, "stale"}};
static const struct row refusals[] = {{1, "none"}, {2, "malformed"},
	{3, "unsupported_version"}, {4, "busy"}, {5, "unknown_machine"},
	{6, "no_subscription"}, {7, "coupon_used"}, {8, "cancelled"},
	{9, "suspended"}, {10, "term_over"}, {11, "offline_issued"},
	{12, "address_changed"}, {13, "clone"}, {14, "hardware_limit"}};
static const struct row severities[] = {{1, "ok"}, {2, "warning"},
	{3, "critical"}, {4, "unknown"}};
static const struct row reasons[] = {{1, "none"}, {2, "missing"},
	{3, "invalid"}, {4, "cancelled"}, {5, "suspended"},
	{6, "not_yet_valid"}, {7, "expired"}, {8, "hardware_mismatch"},
	{9, "clock_untrusted"}, {10, "term_ending"}, {11, "lease_ending"},
	{12, "refresh_overdue"}, {13, "rebind_refused"},
	{14, "address_changed"}, {15, "clone"}, {16, "bandwidth"},
	{17, "storage"}, {18, "data_stale"}};
static const struct row sources[] = {{1, "authority"}, {2, "file"},
	{3, "fastnetmon"}};
static const struct row modes[] = {{1, "online"}, {2, "offline"}};
static const struct row kinds[] = {{1, "production"}, {2, "trial"}};
static const struct row components[] = {{0, "cpu_model"},
	{1, "logical_cpus"}, {2, "memory"}, {3, "machine_key"},
	{4, "external_address"}, {5, "internal_address"}};
static const struct row trusts[] = {{1, "trusted"}, {2, "unverified"},
	{3, "stepped_back"}, {4, "stepped_forward"}};

static const struct {
	enum names which;
	const struct row *rows;
	size_t count;
} fixed[] = {
	{NAMES_STATE, states, COUNT(states)},
	{NAMES_RESULT, results, COUNT(results)},
	{NAMES_REFUSAL, refusals, COUNT(refusals)},
	{NAMES_SEVERITY, severities, COUNT(severities)},
	{NAMES_REASON, reasons, COUNT(reasons)},
	{NAMES_SOURCE, sources, COUNT(sources)},
	{NAMES_MODE, modes, COUNT(modes)},
	{NAMES_KIND, kinds, COUNT(kinds)},
	{NAMES_COMPONENT, components, COUNT(components)},
	{NAMES_TRUST, trusts, COUNT(trusts)},
};

static void
numbers_and_labels_are_the_published_ones(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(fixed); i++) {
		size_t count;

		names_rows(fixed[i].which, &count);
		assert_int_equal(count, fixed[i].count);
		for (size_t k = 0; k < count; k++)
			assert_string_equal(names_label(fixed[i].which,
						fixed[i].rows[k].number),
			    fixed[i].rows[k].label);
	}
}

static void
no_number_and_no_label_is_used_twice(void **state)
{
	(void)state;
	for (int which = 0; which < NAMES_COUNT; which++) {
		size_t n;
		const struct name_row *rows = names_rows((enum names)which, &n);

		assert_in_range(n, 1, NAMES_ROWS_MAX);
		for (size_t i = 0; i < n; i++) {
			for (size_t k = 0; k < i; k++) {
				assert_int_not_equal(rows[i].number,
				    rows[k].number);
				assert_string_not_equal(rows[i].label,
				    rows[k].label);
			}
		}
	}
}

static void
every_document_form_parses_to_its_number(void **state)
{
	(void)state;
	for (int which = 0; which < NAMES_COUNT; which++) {
		size_t n;
		const struct name_row *rows = names_rows((enum names)which, &n);

		for (size_t i = 0; i < n; i++) {
			assert_null(strchr(rows[i].document, '_'));
			assert_int_equal(rows[i].number,
			    names_parse((enum names)which, rows[i].document));
			assert_ptr_equal(&rows[i],
			    names_row((enum names)which, rows[i].number));
			assert_true(strlen(rows[i].sentence) > 0);
			assert_int_not_equal('.',
			    rows[i].sentence[strlen(rows[i].sentence) - 1]);
		}
	}
}

static void
forms_come_from_the_label(void **state)
{
	const struct name_row *row = names_row(NAMES_STATE,
	    STATE_HARDWARE_MISMATCH);

	(void)state;
	assert_string_equal(row->document, "hardware-mismatch");
	assert_string_equal(row->smi, "hardwareMismatch");
	row = names_row(NAMES_STATE, STATE_NOT_YET_VALID);
	assert_string_equal(row->smi, "notYetValid");
	row = names_row(NAMES_RESULT, RESULT_OK);
	assert_string_equal(row->smi, "ok");
}

static void
what_is_not_there_has_no_name(void **state)
{
	(void)state;
	assert_null(names_row(NAMES_STATE, 0));
	assert_null(names_row(NAMES_STATE, 11));
	assert_null(names_row(NAMES_STATE, -1));
	assert_string_equal(names_label(NAMES_STATE, 99), "unknown");
	assert_string_equal(names_sentence(NAMES_STATE, 99), "unknown");
	assert_int_equal(names_parse(NAMES_STATE, "hardware_mismatch"), 0);
	assert_int_equal(names_parse(NAMES_STATE, "Valid"), 0);
	assert_int_equal(names_parse(NAMES_STATE, ""), 0);
}

static void
states_are_listed_in_order_of_precedence(void **state)
{
	static const int order[] = {STATE_MISSING, STATE_INVALID,
		STATE_CANCELLED, STATE_SUSPENDED, STATE_NOT_YET_VALID,
		STATE_EXPIRED, STATE_HARDWARE_MISMATCH, STATE_CLOCK_UNTRUSTED,
		STATE_EXPIRING, STATE_VALID};
	size_t n;
	const struct name_row *rows = names_rows(NAMES_STATE, &n);

	(void)state;
	assert_int_equal(n, COUNT(order));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(rows[i].number, order[i]);
}

static void
critical_is_worse_than_unknown_than_warning_than_ok(void **state)
{
	static const enum severity order[] = {SEVERITY_OK, SEVERITY_WARNING,
		SEVERITY_UNKNOWN, SEVERITY_CRITICAL};

	(void)state;
	for (size_t i = 0; i < COUNT(order); i++) {
		for (size_t k = 0; k < COUNT(order); k++) {
			int c = severity_compare(order[i], order[k]);

			assert_int_equal((c > 0) - (c < 0),
			    (i > k) - (i < k));
		}
	}
}

static void
the_largest_numbers_are_the_constants(void **state)
{
	(void)state;
	assert_non_null(names_row(NAMES_RESULT, RESULT_MAX));
	assert_null(names_row(NAMES_RESULT, RESULT_MAX + 1));
	assert_non_null(names_row(NAMES_REFUSAL, REFUSAL_MAX));
	assert_null(names_row(NAMES_REFUSAL, REFUSAL_MAX + 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_labels_are_the_published_ones),
		cmocka_unit_test(no_number_and_no_label_is_used_twice),
		cmocka_unit_test(every_document_form_parses_to_its_number),
		cmocka_unit_test(forms_come_from_the_label),
		cmocka_unit_test(what_is_not_there_has_no_name),
		cmocka_unit_test(states_are_listed_in_order_of_precedence),
		cmocka_unit_test(
		    critical_is_worse_than_unknown_than_warning_than_ok),
		cmocka_unit_test(the_largest_numbers_are_the_constants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
