/* SPDX-License-Identifier: ISC */
/* FastNetMon's object: what is read from it, and what follows from it. */
#include "license/fastnetmon.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "license/base/buf.h"
#include "license/edges.h"
#include "license/report.h"
#include "tests/facts.h"

/* As a user of version 2.0.138 published it (research/fastnetmon.md 2.2). */
#define PUBLISHED                                                             \
	"{ \"address_ipv4\": \"192.168.1.100\", "                             \
	"\"total_memory_size\": 7973, \"logical_cpus_number\": 4, "           \
	"\"cpu_model\": \"Intel(R) Core(TM)2 Quad CPU    Q8200  @ "           \
	"2.33GHz\", \"expiration_date\": \"2019-04-13\", "                    \
	"\"licensed_bandwidth\": 10000, \"issuer_type\": \"automatic\" }"

static bool
read_text(const char *text, struct fastnetmon_license *out, const char *why)
{
	struct buf said;

	buf_init(&said, 1024);
	bool good = fastnetmon_read(text, strlen(text), out, &said);
	if (strstr(buf_text(&said), why) == NULL)
		fail_msg("'%s' of %s", buf_text(&said), text);
	buf_fini(&said);
	return good;
}

static void
assert_published(const struct fastnetmon_license *said)
{
	assert_string_equal(said->date, "2019-04-13");
	assert_int_equal(said->bandwidth_mbits, 10000);
	assert_string_equal(said->cpu_model,
	    "Intel(R) Core(TM)2 Quad CPU Q8200 @ 2.33GHz");
	assert_int_equal(said->logical_cpus, 4);
	assert_string_equal(said->issuer, "automatic");
}

static void
the_object_and_its_envelope_say_the_same(void **state)
{
	struct fastnetmon_license said;

	(void)state;
	assert_true(read_text(PUBLISHED, &said, ""));
	assert_published(&said);
	assert_true(read_text("{\"success\": true, \"error_text\": \"\", "
		"\"object\": " PUBLISHED "}\n", &said, ""));
	assert_published(&said);
}

static void
no_bandwidth_is_no_license_and_what_is_not_said_is_left_open(void **state)
{
	struct fastnetmon_license said;

	(void)state;
	assert_true(read_text("{\"licensed_bandwidth\": 0, "
		"\"expiration_date\": \"1970-01-01\"}", &said, ""));
	assert_int_equal(said.bandwidth_mbits, 0);
	assert_string_equal(said.date, "");
	assert_true(read_text("{\"licensed_bandwidth\": 1, \"cpu_model\": 7, "
		"\"logical_cpus_number\": \"many\", \"business_type\": {}, "
		"\"expiration_date\": \"2027-03-31\"}", &said, ""));
	assert_string_equal(said.cpu_model, "");
	assert_int_equal(said.logical_cpus, 0);
}

static void
what_tells_no_license_is_refused_in_a_clause(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{"", "no JSON object"},
		{"Please run this tool with root rights\n", "no JSON object"},
		{"[1, 2]", "no JSON object"},
		{PUBLISHED " trailing", "no JSON object"},
		{"{}", "no licensed_bandwidth"},
		{"{\"licensed_bandwidth\": -1}", "no licensed_bandwidth"},
		{"{\"licensed_bandwidth\": 99999999999}",
			"no licensed_bandwidth"},
		{"{\"licensed_bandwidth\": 10.5}", "no licensed_bandwidth"},
		{"{\"licensed_bandwidth\": 10000}", "no expiration_date"},
		{"{\"licensed_bandwidth\": 10000, \"expiration_date\": "
		 "\"2019-02-30\"}", "no expiration_date"},
		{"{\"licensed_bandwidth\": 10000, \"expiration_date\": "
		 "\"2019-04-13T00:00:00Z\"}", "no expiration_date"},
		{"{\"success\": false, \"error_text\": \"no \\u001b[31mway\"}",
			"FastNetMon says: no \\x1B[31mway"},
		{"{\"success\": false}", "FastNetMon says: no reason"},
		{"{\"licensed_bandwidth\": 10000, \"expiration_date\": "
		 "\"2019-04-13\", \"refresh_last_result\": \"ok\"}",
			"the answer is Leaseline's own"},
		{"{\"licensed_bandwidth\": NaN, \"expiration_date\": "
		 "\"2019-04-13\"}", "no JSON object"},
		{"{\"licensed_bandwidth\": 1e999, \"expiration_date\": "
		 "\"2019-04-13\"}", "no JSON object"},
		{"{\"licensed_bandwidth\": 99999999999999999999}",
			"no JSON object"},
		{"{\"licensed_bandwidth\": 1, \"expiration_date\": \"\xff\"}",
			"no JSON object"},
		{"{\"success\": true, \"object\": [], \"value\": 1}",
			"no licensed_bandwidth"},
	};
	struct fastnetmon_license said;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_false(read_text(rows[i].text, &said, rows[i].why));
}

static void
a_zone_is_utc_local_or_an_offset(void **state)
{
	static const struct {
		const char *text;
		int64_t offset_s;
	} good[] = {{"UTC", 0}, {"local", FASTNETMON_LOCAL}, {"+02:00", 7200},
		{"-03:30", -12600}, {"+14:00", 50400}, {"+00:00", 0}};
	static const char *const bad[] = {"", "utc", "Europe/London", "+2:00",
		"02:00", "+02:60", "+15:00", "+02:000", "+ 2:00", "+02-00"};
	int64_t offset_s;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(fastnetmon_zone(good[i].text, &offset_s));
		assert_int_equal(offset_s, good[i].offset_s);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(fastnetmon_zone(bad[i], &offset_s));
	assert_int_equal(fastnetmon_end("1970-01-02", 0).s, 2 * DAY_S - 1);
	assert_int_equal(fastnetmon_end("1970-01-02", 7200).s,
	    2 * DAY_S - 1 - 7200);
	assert_int_equal(fastnetmon_end("1970-01-32", 0).s, 0);
}

static void
bare(struct license_facts *f)
{
	facts_bare(f);
	f->source = SOURCE_FASTNETMON;
	f->poll_interval_s = 300;
}

/* A look at ${at} that finds a license with ${days} days after FACTS_DAY. */
static enum result
look(struct license_facts *f, int64_t at, int64_t days)
{
	struct fastnetmon_license said = {.bandwidth_mbits = 10000,
		.cpu_model = "AMD EPYC", .logical_cpus = 2};
	utc_t end = utc_day_end((utc_t){FACTS_DAY}, days);

	utc_date(end, said.date);
	return fastnetmon_take(f, &said, end, true, (utc_t){at});
}

static void
report(const struct license_facts *f, int64_t at, struct report *out)
{
	report_make(f, (utc_t){at}, TRUST_TRUSTED, out);
}

static void
a_date_that_moves_every_day_is_good(void **state)
{
	struct license_facts f;
	struct alarms alarms = {0};
	struct report r;
	unsigned edges = 0;

	(void)state;
	bare(&f);
	for (int64_t at = FACTS_NOON; at < FACTS_NOON + 60 * DAY_S;
	     at += 6 * HOUR_S) {
		int64_t day = (at - FACTS_DAY) / DAY_S;

		assert_int_equal(look(&f, at, day + 14), RESULT_OK);
		assert_int_equal(f.next_attempt.s, at + 300);
		report(&f, at, &r);
		assert_int_equal(r.state, STATE_VALID);
		assert_int_equal(r.severity, SEVERITY_OK);
		assert_true(r.has[FIELD_ID_LEASE_END]);
		assert_false(r.has[FIELD_ID_TERM_END]);
		assert_false(r.has[FIELD_ID_MODE]);
		edges |= edges_take(&alarms, &r).set;
	}
	assert_int_equal(edges, 0);
}

static void
a_date_that_stands_still_is_told_before_the_lease_ends(void **state)
{
	struct license_facts f;
	struct alarms alarms = {0};
	struct report r;
	int64_t failing = 0, warned = 0, critical = 0, ended = 0;

	(void)state;
	bare(&f);
	for (int64_t h = 0; h < 20 * 24; h++) {
		int64_t at = FACTS_NOON + h * HOUR_S;
		enum result result = look(&f, at, 14);

		assert_int_equal(result, h <= 36 ? RESULT_OK : RESULT_STALE);
		report(&f, at, &r);
		unsigned set = edges_take(&alarms, &r).set;
		if ((set & edge_bit(REFRESH_FAILING)) != 0)
			failing = h;
		if (warned == 0 && r.severity == SEVERITY_WARNING)
			warned = h;
		if (critical == 0 && r.severity == SEVERITY_CRITICAL)
			critical = h;
		if ((set & edge_bit(UNUSABLE)) != 0)
			ended = h;
	}
	assert_int_equal(failing, 37);
	assert_int_equal(warned, 37);
	/* Five days without news, long before the end. */
	assert_int_equal(critical, 5 * 24 + 1);
	assert_int_equal(ended, 14 * 24 + 12);
	assert_non_null(strstr(r.advice, "FastNetMon does not extend"));
	/* It moves again: over. */
	assert_int_equal(look(&f, FACTS_NOON + 20 * DAY_S, 34), RESULT_OK);
	report(&f, FACTS_NOON + 20 * DAY_S, &r);
	assert_int_equal(r.severity, SEVERITY_OK);
	assert_int_equal(edges_take(&alarms, &r).set, edge_bit(USABLE_AGAIN) |
	    edge_bit(REFRESH_RESTORED) | edge_bit(RENEWED));
}

static void
a_term_is_fixed_to_its_last_day(void **state)
{
	struct license_facts f;
	struct report r;

	(void)state;
	bare(&f);
	for (int64_t day = 0; day < 300; day++) {
		int64_t at = FACTS_NOON + day * DAY_S;

		assert_int_equal(look(&f, at, 299), RESULT_OK);
		report(&f, at, &r);
		assert_true(r.has[FIELD_ID_TERM_END]);
		assert_false(r.has[FIELD_ID_LEASE_END]);
		assert_false(r.failing);
		assert_int_equal(r.severity, 299 - day >= 30 ? SEVERITY_OK :
			299 - day >= 7 ? SEVERITY_WARNING : SEVERITY_CRITICAL);
	}
	/* The next one is a lease, from that day on. */
	look(&f, FACTS_NOON + 299 * DAY_S, 299 + 14);
	assert_false(f.fixed_term);
	assert_int_equal(f.last_success.s, FACTS_NOON + 299 * DAY_S);
}

static void
not_licensed_is_critical_once_it_is_known(void **state)
{
	const struct fastnetmon_license none = {.bandwidth_mbits = 0};
	struct license_facts f;
	struct report r;

	(void)state;
	bare(&f);
	report(&f, FACTS_NOON, &r);
	assert_int_equal(r.state, STATE_MISSING);
	assert_int_equal(r.severity, SEVERITY_WARNING);
	assert_string_equal(r.advice,
	    "Nothing to do yet: FastNetMon is asked for its license.");
	look(&f, FACTS_NOON, 14);
	fastnetmon_take(&f, &none, (utc_t){0}, true,
	    (utc_t){FACTS_NOON + 300});
	report(&f, FACTS_NOON + 300, &r);
	assert_int_equal(r.state, STATE_MISSING);
	assert_int_equal(r.severity, SEVERITY_CRITICAL);
	assert_false(r.has[FIELD_ID_EXPIRY]);
	assert_non_null(strstr(r.advice, "FastNetMon has no license"));
	/* Later nobody can say. */
	fastnetmon_fail(&f, RESULT_MALFORMED, "no JSON",
	    (utc_t){FACTS_NOON + 600});
	report(&f, FACTS_NOON + 600, &r);
	assert_int_equal(r.severity, SEVERITY_CRITICAL);
	assert_non_null(strstr(r.advice, "what answers there tells no"));
}

static void
silence_ends_no_license_but_is_told_after_an_hour(void **state)
{
	struct license_facts f;
	struct report r;

	(void)state;
	bare(&f);
	look(&f, FACTS_NOON, 14);
	for (int64_t s = 300; s <= 2 * HOUR_S; s += 300) {
		fastnetmon_fail(&f, RESULT_CONNECT, "connection \x1b refused",
		    (utc_t){FACTS_NOON + s});
		report(&f, FACTS_NOON + s, &r);
		assert_true(r.usable);
		assert_int_equal(r.data_age_s, s);
		assert_int_equal(r.severity, s <= HOUR_S ? SEVERITY_OK :
							   SEVERITY_WARNING);
		assert_int_equal(r.reason, s <= HOUR_S ? REASON_NONE :
							 REASON_DATA_STALE);
		assert_non_null(strstr(r.advice, "Check that FastNetMon runs"));
	}
	assert_non_null(strstr(r.refusal_detail, "\\x1B"));
	assert_int_equal(f.failures[RESULT_CONNECT], 24);
	assert_int_equal(f.failures_in_row, 24);
	/* Slow looks are not old at once. */
	f.poll_interval_s = 2 * HOUR_S;
	report(&f, FACTS_NOON + 6 * HOUR_S, &r);
	assert_int_equal(r.reason, REASON_NONE);
	look(&f, FACTS_NOON + 7 * HOUR_S, 14);
	assert_int_equal(f.failures_in_row, 0);
}

static void
other_hardware_is_told_but_ends_nothing(void **state)
{
	struct license_facts f;
	struct report r;

	(void)state;
	bare(&f);
	look(&f, FACTS_NOON, 14);
	f.hardware.logical_cpus = 64;
	report(&f, FACTS_NOON, &r);
	assert_int_equal(r.binding_changed, component_bit(LOGICAL_CPUS));
	assert_true(r.usable);
	assert_int_equal(r.severity, SEVERITY_OK);
	/* Of another machine nothing can be compared. */
	f.vendor_local = false;
	report(&f, FACTS_NOON, &r);
	assert_false(r.has[FIELD_ID_BINDING_CHANGED]);
	assert_int_equal(r.binding_changed, 0);
}

static void
what_was_known_before_a_restart_is_known_after_it(void **state)
{
	const struct fastnetmon_license said = {.date = "2025-12-09",
		.bandwidth_mbits = 10000};
	struct license_facts f;
	struct report r;

	(void)state;
	bare(&f);
	f.data_at = (utc_t){FACTS_NOON};
	fastnetmon_recall(&f, &said, fastnetmon_end(said.date, 0));
	report(&f, FACTS_NOON + 60, &r);
	assert_int_equal(r.state, STATE_VALID);
	assert_int_equal(r.data_age_s, 60);
	/* A clock that was ahead leaves no age below zero. */
	report(&f, FACTS_NOON - 60, &r);
	assert_int_equal(r.data_age_s, 0);
	assert_int_equal(policy_next(&f, (utc_t){FACTS_NOON}, 0).s,
	    FACTS_NOON);
}

/* Whether a date stands is seen by the date, not by where it is read. */
static void
another_zone_is_no_other_date(void **state)
{
	struct fastnetmon_license said = {.date = "2025-12-09",
		.bandwidth_mbits = 10000};
	struct license_facts f;

	(void)state;
	bare(&f);
	fastnetmon_take(&f, &said, fastnetmon_end(said.date, 0), false,
	    (utc_t){FACTS_NOON});
	assert_int_equal(fastnetmon_take(&f, &said,
		fastnetmon_end(said.date, 7200), false,
		(utc_t){FACTS_NOON + 37 * HOUR_S}), RESULT_STALE);
	assert_int_equal(f.last_success.s, FACTS_NOON);
	assert_int_equal(f.license.lease_end.s,
	    fastnetmon_end(said.date, 7200).s);
}

/* The name had an authority once, and what that revoked is kept for it. */
static void
what_an_authority_revoked_is_nothing_to_fastnetmon(void **state)
{
	struct license_facts f;
	struct report r;

	(void)state;
	bare(&f);
	f.revoked_from = f.grace_from = (utc_t){FACTS_NOON - 90 * DAY_S};
	f.mismatch_confirmed = true;
	assert_int_equal(look(&f, FACTS_NOON, 14), RESULT_OK);
	fastnetmon_fail(&f, RESULT_TIMEOUT, "", (utc_t){FACTS_NOON + 60});
	report(&f, FACTS_NOON + 60, &r);
	assert_int_equal(r.state, STATE_VALID);
	assert_int_equal(r.severity, SEVERITY_OK);
	assert_int_equal(r.expiry.s, f.license.lease_end.s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_object_and_its_envelope_say_the_same),
		cmocka_unit_test(
		    no_bandwidth_is_no_license_and_what_is_not_said_is_left_open),
		cmocka_unit_test(what_tells_no_license_is_refused_in_a_clause),
		cmocka_unit_test(a_zone_is_utc_local_or_an_offset),
		cmocka_unit_test(a_date_that_moves_every_day_is_good),
		cmocka_unit_test(
		    a_date_that_stands_still_is_told_before_the_lease_ends),
		cmocka_unit_test(a_term_is_fixed_to_its_last_day),
		cmocka_unit_test(not_licensed_is_critical_once_it_is_known),
		cmocka_unit_test(
		    silence_ends_no_license_but_is_told_after_an_hour),
		cmocka_unit_test(other_hardware_is_told_but_ends_nothing),
		cmocka_unit_test(
		    what_was_known_before_a_restart_is_known_after_it),
		cmocka_unit_test(another_zone_is_no_other_date),
		cmocka_unit_test(
		    what_an_authority_revoked_is_nothing_to_fastnetmon),
	};

	return cmocka_run_group_tests_name("FastNetMon's license", tests,
	    NULL, NULL);
}
