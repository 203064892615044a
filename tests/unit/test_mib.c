/* SPDX-License-Identifier: ISC */
/* The table of the MIB, walked without snmpd. */
#include "agent/mib.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/notices.h"
#include "tests/facts.h"

enum { REPORTS = 4 };

struct sample {
	struct view *view;
	struct mib *mib;
};

/* In the order of a configuration: 7 healthy, 3 ending, 12 absent, 5 fine. */
static void
make_reports(struct view *view)
{
	static const int64_t indexes[REPORTS] = {7, 3, 12, 5};
	static const int64_t days[REPORTS] = {300, 3, 0, 200};
	utc_t now = {FACTS_NOON};

	for (size_t i = 0; i < REPORTS; i++) {
		struct license_facts f;

		facts_healthy(&f);
		if (days[i] == 0)
			facts_bare(&f);
		else
			f.license.term_end = utc_day_end(now, days[i]);
		f.license.lease_end = utc_min(f.license.lease_end,
		    f.license.term_end);
		f.index = indexes[i];
		snprintf(f.name, sizeof(f.name), "number%d", (int)f.index);
		f.attempts = 5000000000;
		f.failures[RESULT_DNS] = 2;
		f.hardware.logical_cpus = i == 3 ? 4 : 2;
		report_make(&f, now, TRUST_TRUSTED, &view->reports[i]);
	}
	view->count = REPORTS;
}

static int
set_up(void **state)
{
	struct sample *s = calloc(1, sizeof(*s));
	struct counters counters = {0};
	struct agent_facts agent = {.start = {FACTS_NOON}, .storage_up = true};

	s->view = calloc(1, sizeof(*s->view) +
		REPORTS * sizeof(s->view->reports[0]));
	s->view->now = (utc_t){FACTS_NOON};
	agent_report_make(&agent, &counters, s->view->now, s->view->now,
	    TRUST_TRUSTED, &s->view->agent);
	make_reports(s->view);
	s->mib = mib_new(s->view);
	*state = s;
	return 0;
}

static int
tear_down(void **state)
{
	struct sample *s = *state;

	mib_free(s->mib);
	free(s->view);
	free(s);
	return 0;
}

/* The OID of "2.9.0" below objects. */
static struct mib_oid
oid_of(const char *below)
{
	struct mib_oid oid = *mib_root();
	char *end = NULL;

	oid.id[oid.len++] = 1;
	for (const char *p = below; *p != '\0'; p = end + (*end == '.'))
		oid.id[oid.len++] = (uint32_t)strtoul(p, &end, 10);
	return oid;
}

static enum mib_rc
get(const struct sample *s, const char *below, struct mib_value *value)
{
	struct mib_oid oid = oid_of(below);

	return mib_get(s->mib, &oid, value);
}

static int64_t
number(const struct sample *s, const char *below)
{
	struct mib_value value;

	assert_int_equal(get(s, below, &value), MIB_FOUND);
	return value.number;
}

static void
assert_octets(const struct sample *s, const char *below, const void *octets,
    size_t len)
{
	struct mib_value value;

	assert_int_equal(get(s, below, &value), MIB_FOUND);
	assert_int_equal(value.len, len);
	assert_memory_equal(value.octets, octets, len);
}

static void
assert_same(const struct mib_value *a, const struct mib_value *b)
{
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->number, b->number);
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->octets, b->octets, a->len);
}

static void
a_walk_is_ordered_and_get_agrees_with_it(void **state)
{
	const struct sample *s = *state;
	struct mib_oid at = {0}, next;
	struct mib_value walked, got;
	size_t count = 0, expected = 7 + 29, objects;
	const struct mib_object *object = mib_objects(&objects);

	for (size_t i = 0; i < objects; i++) {
		for (size_t k = 0; object[i].group == MIB_TABLE && k < REPORTS;
		     k++)
			expected += s->view->reports[k].has[object[i].id];
	}
	while (mib_next(s->mib, &at, &next, &walked)) {
		assert_true(mib_oid_compare(&next, &at) > 0);
		assert_int_equal(mib_get(s->mib, &next, &got), MIB_FOUND);
		assert_same(&walked, &got);
		at = next;
		count++;
	}
	assert_int_equal(count, expected);
}

static void
nothing_lies_between_two_steps_of_a_walk(void **state)
{
	const struct sample *s = *state;
	struct mib_oid at = {0}, next, short_of, again;
	struct mib_value value, other;

	while (mib_next(s->mib, &at, &next, &value)) {
		/* From the parent, and from just before, the same is next. */
		short_of = next;
		if (short_of.id[short_of.len - 1]-- == 0) {
			short_of = next;
			short_of.len--;
		} else {
			short_of.id[short_of.len++] = UINT32_MAX;
		}
		if (mib_oid_compare(&short_of, &at) >= 0) {
			assert_true(mib_next(s->mib, &short_of, &again,
			    &other));
			assert_int_equal(mib_oid_compare(&again, &next), 0);
		}
		/* A longer name is past the instance. */
		short_of = next;
		short_of.id[short_of.len++] = 0;
		assert_int_equal(mib_get(s->mib, &short_of, &other),
		    MIB_NO_INSTANCE);
		if (mib_next(s->mib, &short_of, &again, &other))
			assert_true(mib_oid_compare(&again, &next) > 0);
		at = next;
	}
}

static void
a_walk_may_start_anywhere(void **state)
{
	const struct sample *s = *state;
	struct mib_oid oid = {.len = 3, .id = {1, 3, 6}}, next;
	struct mib_oid first = oid_of("1.1.0");
	struct mib_value value;

	assert_true(mib_next(s->mib, &oid, &next, &value));
	assert_int_equal(mib_oid_compare(&next, &first), 0);
	oid.id[2] = 7;
	assert_false(mib_next(s->mib, &oid, &next, &value));
	oid = oid_of("4.1.0");
	assert_false(mib_next(s->mib, &oid, &next, &value));
	oid = *mib_root();
	oid.id[oid.len++] = 0;
	assert_true(mib_next(s->mib, &oid, &next, &value));
	assert_int_equal(mib_oid_compare(&next, &first), 0);
	/* In place, as the SNMP thread calls it. */
	assert_true(mib_next(s->mib, &next, &next, &value));
	first = oid_of("1.2.0");
	assert_int_equal(mib_oid_compare(&next, &first), 0);
}

static void
rows_come_by_index_not_by_configuration(void **state)
{
	const struct sample *s = *state;
	static const uint32_t order[] = {3, 5, 7, 12};
	struct mib_oid at = oid_of("3.1.2");
	struct mib_value value;

	for (size_t i = 0; i < REPORTS; i++) {
		assert_true(mib_next(s->mib, &at, &at, &value));
		assert_int_equal(at.id[at.len - 1], order[i]);
	}
}

static void
a_column_that_does_not_apply_has_no_instance(void **state)
{
	const struct sample *s = *state;
	struct mib_value value;
	struct mib_oid at = oid_of("3.1.13.7");
	struct mib_oid column_14 = oid_of("3.1.14.3");

	assert_int_equal(get(s, "3.1.13.12", &value), MIB_NO_INSTANCE);
	assert_int_equal(get(s, "3.1.22.7", &value), MIB_NO_INSTANCE);
	assert_int_equal(get(s, "3.1.2.12", &value), MIB_FOUND);
	/* 12 has no days, so the next after 7 is in the next column. */
	assert_true(mib_next(s->mib, &at, &at, &value));
	assert_int_equal(mib_oid_compare(&at, &column_14), 0);
}

static void
names_that_are_not_there_are_told_apart(void **state)
{
	const struct sample *s = *state;
	struct mib_value value;
	static const struct {
		const char *below;
		enum mib_rc rc;
	} rows[] = {
		{"3.1.2.4", MIB_NO_INSTANCE}, {"3.1.2", MIB_NO_INSTANCE},
		{"3.1.2.3.0", MIB_NO_INSTANCE}, {"2.9", MIB_NO_INSTANCE},
		{"2.9.1", MIB_NO_INSTANCE}, {"4.1.0", MIB_NO_INSTANCE},
		{"3.1.1.3", MIB_NO_OBJECT}, {"3.1.47.3", MIB_NO_OBJECT},
		{"2.30.0", MIB_NO_OBJECT}, {"1.8.0", MIB_NO_OBJECT},
		{"5.1.0", MIB_NO_OBJECT}, {"3.2.2.3", MIB_NO_OBJECT},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(get(s, rows[i].below, &value), rows[i].rc);
}

static void
the_summary_is_about_the_worst_license(void **state)
{
	const struct sample *s = *state;

	assert_int_equal(number(s, "2.1.0"), 4);
	assert_int_equal(number(s, "2.2.0"), 3);
	assert_int_equal(number(s, "2.3.0"), 1);
	assert_int_equal(number(s, "2.4.0"), 1);
	assert_int_equal(number(s, "2.5.0"), 3);
	assert_octets(s, "2.6.0", "number3", 7);
	assert_int_equal(number(s, "2.7.0"), SEVERITY_CRITICAL);
	assert_int_equal(number(s, "2.8.0"), REASON_TERM_ENDING);
	assert_int_equal(number(s, "2.20.0"), 3);
}

static void
an_instant_has_three_forms(void **state)
{
	const struct sample *s = *state;
	/* 2025-12-09 23:59:59 UTC */
	static const unsigned char date[] = {0x07, 0xe9, 12, 9, 23, 59, 59, 0,
		'+', 0, 0};

	assert_octets(s, "3.1.17.7", date, sizeof(date));
	assert_int_equal(number(s, "3.1.18.7"), FACTS_DAY + 15 * DAY_S - 1);
	assert_int_equal(number(s, "3.1.16.7"), 14);
}

static void
types_are_those_of_the_mib(void **state)
{
	const struct sample *s = *state;
	static const struct {
		const char *below;
		enum mib_type type;
	} rows[] = {
		{"1.1.0", MIB_OCTETS}, {"1.2.0", MIB_OCTETS},
		{"1.3.0", MIB_UNSIGNED}, {"1.5.0", MIB_INTEGER},
		{"2.1.0", MIB_GAUGE}, {"2.10.0", MIB_INTEGER},
		{"2.23.0", MIB_GAUGE}, {"3.1.23.7", MIB_INTEGER},
		{"3.1.36.7", MIB_COUNTER}, {"3.1.38.7", MIB_BITS},
		{"3.1.45.7", MIB_UNSIGNED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mib_value value;

		assert_int_equal(get(s, rows[i].below, &value), MIB_FOUND);
		assert_int_equal(value.type, rows[i].type);
	}
}

static void
counters_wrap_and_bits_count_from_the_left(void **state)
{
	const struct sample *s = *state;

	assert_int_equal(number(s, "3.1.36.7"), 5000000000 - 4294967296);
	assert_octets(s, "3.1.38.7", "\0", 1);
	assert_octets(s, "3.1.38.5", "\x40", 1); /* logicalCpus(1) */
	assert_int_equal(number(s, "3.1.45.7"), 30);
	assert_int_equal(number(s, "3.1.46.7"), 7);
}

static void
numbers_stop_at_the_range_of_their_type(void **state)
{
	struct sample *s = *state;
	struct report *report = &s->view->reports[0]; /* index 7 */

	report->bandwidth_mbits = 5000000000;
	assert_int_equal(number(s, "3.1.26.7"), UINT32_MAX);
	report->bandwidth_mbits = -1;
	assert_int_equal(number(s, "3.1.26.7"), 0);
	report->expiry.s = INT64_MIN / 2;
	assert_int_equal(number(s, "3.1.13.7"), -INT32_MAX);
	assert_int_equal(number(s, "3.1.15.7"), 0);
	report->expiry.s = INT64_MAX / 2;
	assert_int_equal(number(s, "3.1.13.7"), INT32_MAX);
	assert_int_equal(number(s, "3.1.15.7"), UINT32_MAX);
	memset(report->advice, 'a', sizeof(report->advice) - 1);
	struct mib_value value;
	assert_int_equal(get(s, "3.1.44.7", &value), MIB_FOUND);
	assert_int_equal(value.len, MIB_OCTETS_MAX);
}

static void
scalars_have_a_value_when_nothing_applies(void **state)
{
	struct sample *s = *state;
	static const struct {
		const char *below;
		int64_t number;
	} rows[] = {
		{"1.4.0", UINT32_MAX}, {"1.6.0", INT32_MIN}, {"2.1.0", 0},
		{"2.5.0", 0}, {"2.6.0", 0}, {"2.7.0", SEVERITY_UNKNOWN},
		{"2.8.0", REASON_NONE}, {"2.9.0", STATE_MISSING},
		{"2.10.0", MIB_NO}, {"2.11.0", INT32_MIN}, {"2.12.0", 0},
		{"2.13.0", 0}, {"2.20.0", INT32_MIN}, {"2.23.0", 0},
		{"2.25.0", RESULT_NEVER}, {"2.26.0", REFUSAL_NONE},
		{"2.27.0", 0}, {"2.29.0", 0},
	};

	mib_free(s->mib);
	s->view->count = 0;
	s->mib = mib_new(s->view);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mib_value value;

		assert_int_equal(get(s, rows[i].below, &value), MIB_FOUND);
		assert_int_equal(value.number, rows[i].number);
		assert_int_equal(value.len, 0);
	}
	struct mib_oid last = oid_of("2.29.0"), next;
	struct mib_value value;
	assert_false(mib_next(s->mib, &last, &next, &value));
}

static void
before_the_first_facts_there_is_nothing(void **state)
{
	struct mib_oid oid = oid_of("2.9.0");
	struct mib_value value;

	(void)state;
	assert_int_equal(mib_get(NULL, &oid, &value), MIB_NO_INSTANCE);
	assert_false(mib_next(NULL, &oid, &oid, &value));
}

static void
assert_oid(const struct mib_oid *oid, const char *below)
{
	struct mib_oid expected = oid_of(below);

	assert_int_equal(mib_oid_compare(oid, &expected), 0);
}

static void
a_notification_has_every_varbind_in_order(void **state)
{
	const struct sample *s = *state;
	struct notice notice = {NOTIFICATION_EXPIRING, s->view->reports[1], 3,
		41};
	struct mib_varbind out[MIB_VARBINDS];
	static const char *const names[MIB_VARBINDS] = {"3.1.2.3", "3.1.3.3",
		"3.1.10.3", "3.1.11.3", "3.1.9.3", "3.1.23.3", "3.1.25.3",
		"3.1.15.3", "4.1.0", "3.1.44.3", "4.2.0"};

	mib_varbinds(&notice, out);
	for (size_t i = 0; i < MIB_VARBINDS; i++) {
		struct mib_value value;

		assert_oid(&out[i].oid, names[i]);
		if (get(s, names[i], &value) == MIB_FOUND)
			assert_same(&out[i].value, &value);
	}
	assert_int_equal(out[8].value.number, 3);
	assert_int_equal(out[10].value.number, 41);

	/* A license without a document leaves no varbind out. */
	notice.report = s->view->reports[2];
	mib_varbinds(&notice, out);
	assert_oid(&out[5].oid, "3.1.23.12");
	assert_int_equal(out[5].value.number, INT32_MIN);
	assert_int_equal(out[1].value.len, 0);
}

static void
assert_advice(const struct notice *notice, const char *begin)
{
	struct mib_varbind out[MIB_VARBINDS];

	mib_varbinds(notice, out);
	assert_oid(&out[9].oid, "3.1.44.3");
	assert_in_range(out[9].value.len, strlen(begin), MIB_OCTETS_MAX);
	assert_memory_equal(out[9].value.octets, begin, strlen(begin));
}

static void
a_summary_says_first_how_many_were_left_out(void **state)
{
	const struct sample *s = *state;
	struct notice notice = {NOTIFICATION_SUMMARY_NOTICE,
		s->view->reports[1], 290, 41};
	char begin[400];

	snprintf(begin, sizeof(begin), "290 notifications were left out: read "
		 "the table. %s", notice.report.advice);
	assert_advice(&notice, begin);
	notice.crossed = 1;
	assert_advice(&notice, "1 notification was left out: read the table. ");
	/* It takes what the longest advice leaves of 255 octets. */
	notice.crossed = INT64_MAX;
	memset(notice.report.advice, 'y', sizeof(notice.report.advice) - 1);
	assert_advice(&notice, "9223372036854775807 notifications were left "
			       "out: read the table. yyy");
	notice.number = NOTIFICATION_UNUSABLE;
	assert_advice(&notice, "yyy");
}

static void
a_notification_stands_below_arc_0_of_the_root(void **state)
{
	struct mib_oid oid, expected = *mib_root();

	(void)state;
	expected.id[expected.len++] = 0;
	expected.id[expected.len++] = 15;
	mib_notification(NOTIFICATION_TEST, &oid);
	assert_int_equal(mib_oid_compare(&oid, &expected), 0);
}

/* LEASELINE-CAPABILITY-MIB: below conformance, which is 2. */
static void
the_capabilities_stand_below_conformance(void **state)
{
	static const uint32_t below[] = {2, 3, 1};
	struct mib_oid oid, expected = *mib_root();

	(void)state;
	memcpy(&expected.id[expected.len], below, sizeof(below));
	expected.len += 3;
	mib_capabilities(&oid);
	assert_int_equal(mib_oid_compare(&oid, &expected), 0);
}

/* Every instance there is, found without the code under test's order. */
static size_t
all_instances(const struct sample *s, struct mib_oid out[static 256])
{
	size_t count = 0, objects;
	const struct mib_object *object = mib_objects(&objects);

	for (size_t i = 0; i < objects; i++) {
		bool column = object[i].group == MIB_TABLE;

		for (uint32_t k = 0; k < (column ? 20 : 1); k++) {
			struct mib_oid oid = *mib_root();
			struct mib_value value;

			oid.id[oid.len++] = 1;
			oid.id[oid.len++] = object[i].group;
			if (column)
				oid.id[oid.len++] = 1;
			oid.id[oid.len++] = object[i].sub;
			oid.id[oid.len++] = k;
			if (mib_get(s->mib, &oid, &value) == MIB_FOUND)
				out[count++] = oid;
			assert_true(count < 256);
		}
	}
	return count;
}

/* Mostly near the subtree: few arcs, small, or at an edge of their range. */
static struct mib_oid
some_oid(const struct mib_oid *instance, unsigned *seed)
{
	static const uint32_t arcs[] = {0, 1, 2, 3, 4, 7, 8, 46, 47,
		INT32_MAX, 0x80000000, UINT32_MAX};
	struct mib_oid oid = *instance;
	int changes = rand_r(seed) % 4;

	oid.len -= (size_t)rand_r(seed) % 6;
	for (int i = 0; i < changes; i++) {
		uint32_t arc = arcs[(size_t)rand_r(seed) %
		    (sizeof(arcs) / sizeof(arcs[0]))];

		switch (rand_r(seed) % 3) {
		case 0:
			oid.id[(size_t)rand_r(seed) % oid.len] = arc;
			break;
		case 1:
			oid.id[oid.len - 1] = arc;
			break;
		default:
			oid.id[oid.len++] = arc;
		}
	}
	return oid;
}

static void
from_any_oid_the_next_is_the_least_that_is_greater(void **state)
{
	const struct sample *s = *state;
	struct mib_oid all[256], next;
	size_t count = all_instances(s, all);
	unsigned seed = 1;

	for (int i = 0; i < 200000; i++) {
		struct mib_oid oid = some_oid(&all[(size_t)rand_r(&seed) %
						  count], &seed);
		const struct mib_oid *after = NULL, *from = NULL;
		struct mib_value value;

		for (size_t k = 0; k < count; k++) {
			int order = mib_oid_compare(&all[k], &oid);

			if (order > 0 && (after == NULL ||
				mib_oid_compare(&all[k], after) < 0))
				after = &all[k];
			if (order == 0)
				from = &all[k];
		}
		bool found = mib_next(s->mib, &oid, &next, &value);
		assert_int_equal(found, after != NULL);
		if (found)
			assert_int_equal(mib_oid_compare(&next, after), 0);
		/* A range of AgentX that includes its start asks this first. */
		assert_int_equal(mib_get(s->mib, &oid, &value) == MIB_FOUND,
		    from != NULL);
	}
	/* The longest OID there is. */
	next = oid_of("3.1.46.12");
	while (next.len < MIB_OID_MAX)
		next.id[next.len++] = UINT32_MAX;
	assert_false(mib_next(s->mib, &next, &next, &(struct mib_value){0}));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_walk_is_ordered_and_get_agrees_with_it),
		TEST(nothing_lies_between_two_steps_of_a_walk),
		TEST(a_walk_may_start_anywhere),
		TEST(rows_come_by_index_not_by_configuration),
		TEST(a_column_that_does_not_apply_has_no_instance),
		TEST(names_that_are_not_there_are_told_apart),
		TEST(the_summary_is_about_the_worst_license),
		TEST(an_instant_has_three_forms),
		TEST(types_are_those_of_the_mib),
		TEST(counters_wrap_and_bits_count_from_the_left),
		TEST(numbers_stop_at_the_range_of_their_type),
		TEST(scalars_have_a_value_when_nothing_applies),
		TEST(before_the_first_facts_there_is_nothing),
		TEST(a_notification_has_every_varbind_in_order),
		TEST(a_summary_says_first_how_many_were_left_out),
		TEST(a_notification_stands_below_arc_0_of_the_root),
		TEST(the_capabilities_stand_below_conformance),
		TEST(from_any_oid_the_next_is_the_least_that_is_greater),
	};

	return cmocka_run_group_tests_name("the MIB's values", tests, NULL,
	    NULL);
}
