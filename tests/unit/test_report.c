/* SPDX-License-Identifier: ISC */
/* The report: state, severity, horizons, for facts and an instant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "license/advice.h"
#include "license/base/buf.h"
#include "license/text.h"
#include "license/report.h"
#include "tests/facts.h"

static utc_t
day(int n)
{
	return (utc_t){FACTS_NOON + n * (int64_t)DAY_S};
}

static struct report
report_at(const struct license_facts *f, utc_t now)
{
	struct report r;

	report_make(f, now, TRUST_TRUSTED, &r);
	return r;
}

static void
check(const struct license_facts *f, utc_t now, int state, bool usable,
    int severity, int reason)
{
	struct report r = report_at(f, now);

	assert_string_equal(names_label(NAMES_STATE, r.state),
	    names_label(NAMES_STATE, state));
	assert_int_equal(r.usable, usable);
	assert_string_equal(names_label(NAMES_SEVERITY, r.severity),
	    names_label(NAMES_SEVERITY, severity));
	assert_string_equal(names_label(NAMES_REASON, r.reason),
	    names_label(NAMES_REASON, reason));
}

static void
a_fresh_lease_is_valid_for_14_days(void **state)
{
	struct license_facts f;

	(void)state;
	facts_healthy(&f);
	check(&f, day(0), STATE_VALID, true, SEVERITY_OK, REASON_NONE);
	struct report r = report_at(&f, day(0));
	assert_int_equal(utc_days(r.expiry, r.now), 14);
	assert_int_equal(utc_days(r.action_deadline, r.now), 300);
	/* It turns at midnight UTC and not before. */
	r = report_at(&f, (utc_t){FACTS_DAY + DAY_S - 1});
	assert_int_equal(utc_days(r.expiry, r.now), 14);
	r = report_at(&f, (utc_t){FACTS_DAY + DAY_S});
	assert_int_equal(utc_days(r.expiry, r.now), 13);
}

static void
the_authority_gone_fails_then_expires_on_the_15th_day(void **state)
{
	struct license_facts f;

	(void)state;
	facts_healthy(&f);
	check(&f, utc_add(day(0), 36 * HOUR_S), STATE_VALID, true, SEVERITY_OK,
	    REASON_NONE);
	check(&f, utc_add(day(0), 36 * HOUR_S + 1), STATE_VALID, true,
	    SEVERITY_WARNING, REASON_REFRESH_OVERDUE);
	struct report r = report_at(&f, day(2));
	assert_true(r.failing);
	assert_int_equal(r.action_deadline.s, r.lease_end.s);
	utc_t ten = utc_add(f.license.lease_end, -10 * DAY_S);
	check(&f, ten, STATE_VALID, true, SEVERITY_WARNING,
	    REASON_REFRESH_OVERDUE);
	check(&f, utc_add(ten, 1), STATE_EXPIRING, true, SEVERITY_WARNING,
	    REASON_LEASE_ENDING);
	check(&f, utc_add(f.license.lease_end, 1 - 5 * DAY_S), STATE_EXPIRING,
	    true, SEVERITY_CRITICAL, REASON_LEASE_ENDING);
	check(&f, f.license.lease_end, STATE_EXPIRING, true, SEVERITY_CRITICAL,
	    REASON_LEASE_ENDING);
	check(&f, utc_add(f.license.lease_end, 1), STATE_EXPIRED, false,
	    SEVERITY_CRITICAL, REASON_EXPIRED);
	f.license.on_expiry = ON_EXPIRY_WARN;
	check(&f, utc_add(f.license.lease_end, 1), STATE_EXPIRED, true,
	    SEVERITY_CRITICAL, REASON_EXPIRED);
}

static void
the_term_is_announced_by_the_kind_of_license(void **state)
{
	static const struct {
		int kind, billing, renews;
		int64_t warning_d, critical_d;
	} rows[] = {
		{KIND_PRODUCTION, BILLING_ANNUAL, RENEWS_MANUAL, 30, 7},
		{KIND_PRODUCTION, BILLING_ANNUAL, RENEWS_AUTO, 30, 7},
		{KIND_PRODUCTION, BILLING_MONTHLY, RENEWS_MANUAL, 5, 2},
		{KIND_PRODUCTION, BILLING_MONTHLY, 0, 5, 2},
		{KIND_PRODUCTION, BILLING_MONTHLY, RENEWS_AUTO, 2, 1},
		{KIND_TRIAL, 0, 0, 7, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct license_facts f;
		facts_healthy(&f);
		f.license.kind = rows[i].kind;
		f.license.billing = rows[i].billing;
		f.license.renews = rows[i].renews;
		utc_t end = f.license.term_end;
		utc_t warn = utc_add(end, -rows[i].warning_d * DAY_S);
		utc_t critical = utc_add(end, -rows[i].critical_d * DAY_S);
		f.license.lease_end = end;
		f.last_success = warn;
		check(&f, warn, STATE_VALID, true, SEVERITY_OK, REASON_NONE);
		check(&f, utc_add(warn, 1), STATE_EXPIRING, true,
		    SEVERITY_WARNING, REASON_TERM_ENDING);
		f.last_success = critical;
		check(&f, utc_add(critical, 1), STATE_EXPIRING, true,
		    SEVERITY_CRITICAL, REASON_TERM_ENDING);
	}
}

static void
refusals_that_stick_end_it_at_once_and_a_newer_license_heals(void **state)
{
	struct license_facts f;

	(void)state;
	facts_healthy(&f);
	facts_refuse(&f, REFUSAL_SUSPENDED, day(1));
	check(&f, day(1), STATE_SUSPENDED, false, SEVERITY_CRITICAL,
	    REASON_SUSPENDED);
	facts_refuse(&f, REFUSAL_BUSY, day(2));
	check(&f, day(2), STATE_SUSPENDED, false, SEVERITY_CRITICAL,
	    REASON_SUSPENDED);
	facts_renew(&f, day(3), utc_day_end(day(0), 300));
	check(&f, day(3), STATE_VALID, true, SEVERITY_OK, REASON_NONE);
	facts_refuse(&f, REFUSAL_CANCELLED, day(4));
	check(&f, day(4), STATE_CANCELLED, false, SEVERITY_CRITICAL,
	    REASON_CANCELLED);
}

static void
other_refusals_leave_the_lease_to_its_end(void **state)
{
	static const struct {
		int refusal, severity, reason;
	} rows[] = {
		{REFUSAL_BUSY, SEVERITY_OK, REASON_NONE},
		{REFUSAL_ADDRESS_CHANGED, SEVERITY_WARNING,
			REASON_ADDRESS_CHANGED},
		{REFUSAL_CLONE, SEVERITY_WARNING, REASON_CLONE},
		{REFUSAL_UNKNOWN_MACHINE, SEVERITY_WARNING,
			REASON_REFRESH_OVERDUE},
		{REFUSAL_TERM_OVER, SEVERITY_WARNING, REASON_REFRESH_OVERDUE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct license_facts f;
		facts_healthy(&f);
		facts_refuse(&f, rows[i].refusal, day(1));
		check(&f, day(1), STATE_VALID, true, rows[i].severity,
		    rows[i].reason);
	}
}

static void
changed_hardware_runs_on_until_the_signed_grace_is_over(void **state)
{
	struct license_facts f;

	(void)state;
	facts_healthy(&f);
	f.hardware.logical_cpus = 4;
	check(&f, day(1), STATE_VALID, true, SEVERITY_OK, REASON_NONE);
	struct report r = report_at(&f, day(1));
	assert_int_equal(r.binding_changed, component_bit(LOGICAL_CPUS));
	assert_false(r.has[FIELD_ID_GRACE_END]);
	facts_refuse(&f, REFUSAL_HARDWARE_LIMIT, day(1));
	r = report_at(&f, day(1));
	assert_true(r.has[FIELD_ID_GRACE_END]);
	assert_int_equal(r.grace_end.s, day(4).s);
	assert_int_equal(r.expiry.s, day(4).s);
	assert_true(r.usable);
	check(&f, utc_add(day(4), 1), STATE_HARDWARE_MISMATCH, false,
	    SEVERITY_CRITICAL, REASON_HARDWARE_MISMATCH);
	/* Changed back: as before. */
	f.hardware.logical_cpus = 2;
	assert_true(report_at(&f, day(5)).usable);
}

static void
the_advice_names_what_differs(void **state)
{
	struct license_facts f;
	struct report r;

	(void)state;
	facts_healthy(&f);
	f.hardware.logical_cpus = 4;
	assert_string_equal(report_at(&f, day(1)).advice,
	    "Nothing to do: the hardware changed (number of logical CPUs: 2 "
	    "in the license, 4 here), and a license for it is asked for.");
	facts_refuse(&f, REFUSAL_HARDWARE_LIMIT, day(1));
	assert_string_equal(report_at(&f, day(1)).advice,
	    "The hardware changed too often (number of logical CPUs: 2 in the "
	    "license, 4 here): contact the vendor before the grace ends.");
	assert_string_equal(report_at(&f, utc_add(day(4), 1)).advice,
	    "The hardware changed (number of logical CPUs: 2 in the license, "
	    "4 here): put the licensed one back or contact the vendor.");
	/* Too long to be told: the part is named. */
	memset(f.license.bind_cpu_model, 'x', 200);
	f.license.bind_cpu_model[200] = '\0';
	assert_string_equal(report_at(&f, day(1)).advice,
	    "The hardware changed too often (CPU model, number of logical "
	    "CPUs): contact the vendor before the grace ends.");
	/* What the license says came from elsewhere. */
	text_copy(f.license.bind_cpu_model, TEXT_256, "\x1b[31mred");
	r = report_at(&f, day(1));
	assert_null(strchr(r.advice, '\x1b'));
	/* Put back, and not yet confirmed. */
	facts_healthy(&f);
	facts_refuse(&f, REFUSAL_HARDWARE_LIMIT, day(1));
	assert_string_equal(report_at(&f, day(1)).advice,
	    "The hardware is the licensed one again; a refresh confirms it.");
	/* A new machine that is not let in has nothing to lose. */
	f.has_license = false;
	r = report_at(&f, day(1));
	assert_non_null(strstr(r.advice, "ask the vendor to approve this one"));
}

static void
the_advice_names_the_refusal_and_its_mend(void **state)
{
	char advice[ADVICE_SIZE];
	struct license_facts f;
	struct report r;
	const char *why;

	(void)state;
	facts_healthy(&f);
	facts_refuse(&f, REFUSAL_OFFLINE_ISSUED, day(1));
	r = report_at(&f, day(1));
	assert_string_equal(r.advice, "An offline license was issued: put it at "
	    "/etc/fastnetmon/license.lic and run 'fcli commit'.");
	/* Not even a path that leaves no room for the rest. */
	memset(r.license_file, 'x', sizeof(r.license_file) - 1);
	advice_failing(&r, &why, advice);
	assert_string_equal(advice, "Put a license file at the license path, "
	    "then run 'fcli commit'.");
	/* The most urgent, then what keeps refreshes from it. */
	f.license.term_end = utc_day_end(day(1), 3);
	f.license.lease_end = f.license.term_end;
	facts_refuse(&f, REFUSAL_ADDRESS_CHANGED, day(1));
	r = report_at(&f, day(1));
	assert_int_equal(r.reason, REASON_TERM_ENDING);
	assert_string_equal(r.advice, "Renew the subscription before the term "
	    "ends. Also: Ask the vendor to approve this machine's new address, "
	    "which 'fcli show license_status' tells under Result.");
	advice_failing(&r, &why, advice);
	assert_string_equal(why, "the address of this machine changed");
	assert_string_equal(advice, "Ask the vendor to approve this machine's "
	    "new address, which 'fcli show license_status' tells under "
	    "Result.");
	facts_fail(&f, RESULT_TIMEOUT, day(1));
	r = report_at(&f, day(1));
	advice_failing(&r, &why, advice);
	assert_string_equal(why, "the server did not answer in time");
}

static void
the_advice_before_and_after_the_end_of_a_trial(void **state)
{
	char advice[ADVICE_SIZE];
	struct license_facts f;
	struct report r;

	(void)state;
	facts_healthy(&f);
	/* A step of the ladder above the warning: nothing is wrong yet. */
	r = report_at(&f, day(0));
	assert_string_equal(r.advice, "Nothing to do.");
	advice_expiring(&r, advice);
	assert_string_equal(advice,
	    "Renew the subscription before the term ends.");
	f.license.kind = KIND_TRIAL;
	f.license.term_end = f.license.lease_end = utc_day_end(day(0), 5);
	r = report_at(&f, day(0));
	assert_string_equal(r.advice, "Buy a license before the trial ends, "
	    "set its coupon if it has one, and run 'fcli commit'.");
	advice_expiring(&r, advice);
	assert_string_equal(advice, r.advice);
	r = report_at(&f, day(7));
	assert_int_equal(r.state, STATE_EXPIRED);
	assert_string_equal(r.advice, "The trial is over: buy a license, set "
	    "its coupon if it has one, and run 'fcli commit'.");
}

static void
expect_row(const struct report *r, const char *row)
{
	struct agent_report agent = {.now = r->now};
	struct buf text;

	buf_init(&text, 16384);
	text_status(r, &agent, &text);
	if (strstr(buf_text(&text), row) == NULL)
		fail_msg("'%s' is not in:\n%s", row, buf_text(&text));
	buf_fini(&text);
}

/* The number stays the contract's; a person must not read it as time left. */
static void
what_stopped_leaves_no_days_to_act(void **state)
{
	struct license_facts f;
	struct report r;

	(void)state;
	facts_healthy(&f);
	facts_refuse(&f, REFUSAL_SUSPENDED, day(1));
	r = report_at(&f, day(2));
	assert_int_equal(r.action_deadline.s, r.expiry.s);
	expect_row(&r, "\nAct before:    NOW: it is not usable; by its document "
	    "2025-12-09T23:59:59Z (12 days)\n");
	expect_row(&r, "\nResult:        refused, suspended: because\n");
	facts_healthy(&f);
	f.license.mode = MODE_OFFLINE;
	f.revoked_from = day(1);
	r = report_at(&f, day(2));
	assert_int_equal(r.state, STATE_INVALID);
	expect_row(&r, "\nAct before:    OVER since 2025-11-26T12:00:00Z (1 d "
	    "ago)\n");
}

static void
an_unreadable_component_is_unknown_and_no_mismatch(void **state)
{
	struct license_facts f;

	(void)state;
	facts_healthy(&f);
	f.hardware.known = 0;
	f.hardware.cpu_model[0] = '\0';
	f.hardware.logical_cpus = 0;
	struct report r = report_at(&f, day(0));
	assert_int_equal(r.binding_changed, 0);
	assert_int_equal(r.binding_known, component_bit(MACHINE_KEY));
	assert_true(r.usable);
}

static void
another_machines_key_is_a_mismatch(void **state)
{
	struct license_facts f;

	(void)state;
	facts_healthy(&f);
	f.license.machine_key[0] ^= 1;
	check(&f, day(0), STATE_HARDWARE_MISMATCH, false, SEVERITY_CRITICAL,
	    REASON_HARDWARE_MISMATCH);
}

static void
nothing_installed_is_missing_and_a_bad_file_invalid(void **state)
{
	struct license_facts f;

	(void)state;
	facts_bare(&f);
	check(&f, day(0), STATE_MISSING, false, SEVERITY_WARNING,
	    REASON_MISSING);
	f.answered = true;
	check(&f, day(0), STATE_MISSING, false, SEVERITY_CRITICAL,
	    REASON_MISSING);
	struct report r = report_at(&f, day(0));
	assert_false(r.has[FIELD_ID_EXPIRY]);
	assert_false(r.has[FIELD_ID_BANDWIDTH]);
	assert_true(r.has[FIELD_ID_REFRESH_DUE]);
	f.file_state = LICENSE_FILE_REJECTED;
	check(&f, day(0), STATE_INVALID, false, SEVERITY_CRITICAL,
	    REASON_INVALID);
}

static void
the_clock_is_distrusted_only_before_the_end(void **state)
{
	struct license_facts f;
	struct report r;

	(void)state;
	facts_healthy(&f);
	report_make(&f, day(0), TRUST_STEPPED_BACK, &r);
	assert_int_equal(r.state, STATE_CLOCK_UNTRUSTED);
	assert_true(r.usable);
	report_make(&f, day(20), TRUST_STEPPED_BACK, &r);
	assert_int_equal(r.state, STATE_EXPIRED);
	check(&f, day(-2), STATE_NOT_YET_VALID, false, SEVERITY_CRITICAL,
	    REASON_NOT_YET_VALID);
}

static void
a_strangers_file_is_a_warning_about_storage(void **state)
{
	struct license_facts f;

	(void)state;
	facts_healthy(&f);
	f.file_state = LICENSE_FILE_STRANGER;
	check(&f, day(0), STATE_VALID, true, SEVERITY_WARNING, REASON_STORAGE);
}

static void
the_successor_of_an_offline_license_moves_the_deadline(void **state)
{
	struct license_facts f;

	(void)state;
	facts_healthy(&f);
	f.source = SOURCE_FILE;
	f.license.mode = MODE_OFFLINE;
	f.license.lease_end = f.license.term_end = utc_day_end(day(0), 20);
	f.license.bind_memory_mib = 24576;
	check(&f, day(0), STATE_EXPIRING, true, SEVERITY_WARNING,
	    REASON_TERM_ENDING);
	f.has_successor = true;
	f.successor_not_before = utc_add(f.license.term_end, 1);
	f.successor_expiry = utc_day_end(day(0), 385);
	check(&f, day(0), STATE_VALID, true, SEVERITY_OK, REASON_NONE);
	/* A gap breaks the chain. */
	f.successor_not_before = utc_add(f.license.term_end, 2);
	check(&f, day(0), STATE_EXPIRING, true, SEVERITY_WARNING,
	    REASON_TERM_ENDING);
}

static void
the_worst_license_is_critical_then_earliest_then_lowest(void **state)
{
	struct license_facts f;
	struct report r[3];

	(void)state;
	facts_healthy(&f);
	for (int i = 0; i < 3; i++) {
		f.index = 3 - i;
		r[i] = report_at(&f, day(0));
	}
	assert_int_equal(report_worst(r, 0), -1);
	assert_int_equal(report_worst(r, 3), 2);
	r[1].action_deadline.s -= 1;
	assert_int_equal(report_worst(r, 3), 1);
	r[0].severity = SEVERITY_WARNING;
	assert_int_equal(report_worst(r, 3), 0);
	r[2].severity = SEVERITY_CRITICAL;
	assert_int_equal(report_worst(r, 3), 2);
	r[1].severity = SEVERITY_UNKNOWN;
	r[2].severity = SEVERITY_WARNING;
	assert_int_equal(report_worst(r, 3), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_lease_is_valid_for_14_days),
		cmocka_unit_test(
		    the_authority_gone_fails_then_expires_on_the_15th_day),
		cmocka_unit_test(the_term_is_announced_by_the_kind_of_license),
		cmocka_unit_test(
		    refusals_that_stick_end_it_at_once_and_a_newer_license_heals),
		cmocka_unit_test(other_refusals_leave_the_lease_to_its_end),
		cmocka_unit_test(
		    changed_hardware_runs_on_until_the_signed_grace_is_over),
		cmocka_unit_test(the_advice_names_what_differs),
		cmocka_unit_test(the_advice_names_the_refusal_and_its_mend),
		cmocka_unit_test(
		    the_advice_before_and_after_the_end_of_a_trial),
		cmocka_unit_test(what_stopped_leaves_no_days_to_act),
		cmocka_unit_test(
		    an_unreadable_component_is_unknown_and_no_mismatch),
		cmocka_unit_test(another_machines_key_is_a_mismatch),
		cmocka_unit_test(
		    nothing_installed_is_missing_and_a_bad_file_invalid),
		cmocka_unit_test(the_clock_is_distrusted_only_before_the_end),
		cmocka_unit_test(a_strangers_file_is_a_warning_about_storage),
		cmocka_unit_test(
		    the_successor_of_an_offline_license_moves_the_deadline),
		cmocka_unit_test(
		    the_worst_license_is_critical_then_earliest_then_lowest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
