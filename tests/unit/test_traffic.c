/* SPDX-License-Identifier: ISC */
/* Looks at counters and rates, and what follows; the clock is a number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "license/base/buf.h"
#include "license/traffic.h"
#include "license/usage.h"

enum { MBIT = 125000, START_S = 100 };

static mono_t
at(int64_t s)
{
	return (mono_t){s * 1000000000};
}

static bool
parse(const char *text, struct traffic_source *out, char why[static 256])
{
	struct buf buf;

	buf_init(&buf, 256);
	bool good = traffic_source_parse(text, out, &buf);
	snprintf(why, 256, "%s", buf_text(&buf));
	buf_fini(&buf);
	return good;
}

static void
sources_are_read_and_bad_ones_say_why(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{"eth0", "'eth0' is neither none, nor interfaces"},
		{"interfaces", "no interface is named"},
		{"interfaces ,", "no interface is named"},
		{"interfaceseth0", "is neither none"},
		{"interfaces eth0 eth1,eth0", "eth0 is named twice"},
		{"interfaces abcdefghijklmnop",
			"'abcdefghijklmnop' is no name of an interface"},
		{"interfaces ../x", "'../x' is no name of an interface"},
		{"interfaces eth0:1", "'eth0:1' is no name of an interface"},
		{"interfaces a b c d e f g h i j k l m n o p q",
			"there are more than 16 interfaces"},
		{"ftp://x/", "is neither none"},
		{"None", "is neither none"},
	};
	struct traffic_source source;
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(parse(bad[i].text, &source, why));
		assert_non_null(strstr(why, bad[i].why));
	}
	assert_true(parse("none", &source, why));
	assert_int_equal(source.kind, TRAFFIC_NONE);
	assert_true(parse("", &source, why));
	assert_int_equal(source.kind, TRAFFIC_NONE);
	assert_true(parse("https://x/metrics", &source, why));
	assert_int_equal(source.kind, TRAFFIC_PAGE);
	assert_true(parse("interfaces  eth0,abcdefghijklmno ,\tbr0", &source,
	    why));
	assert_int_equal(source.kind, TRAFFIC_INTERFACES);
	assert_int_equal(source.count, 3);
	assert_string_equal(source.interfaces[0], "eth0");
	assert_string_equal(source.interfaces[1], "abcdefghijklmno");
	assert_string_equal(source.interfaces[2], "br0");
}

static void
counters_are_those_of_the_interfaces_named(void **state)
{
	static const char text[] =
	    "Inter-|   Receive                |  Transmit\n"
	    " face |bytes    packets errs drop fifo frame compressed multicast|"
	    "bytes    packets errs drop fifo colls carrier compressed\n"
	    "    lo: 11 1 0 0 0 0 0 0 12 1 0 0 0 0 0 0\n"
	    "  eth0:18446744073709551615 2 0 0 0 0 0 0 22 2 0 0 0 0 0 0\n"
	    " eth01: 31 2 0 0 0 0 0 0 32 2 0 0 0 0 0 0\n"
	    "  eth2: 18446744073709551616 2 0 0 0 0 0 0 22 2 0 0 0 0 0 0\n"
	    "  eth3: 41 2 0 0 0 0 0\n"
	    "  eth4: 41 x 0 0 0 0 0 0 42\n"
	    "  eth5: 51 2 0 0 0 0 0 0 52";
	struct traffic_source source;
	struct traffic_counters got;
	char why[256];

	(void)state;
	assert_true(parse("interfaces eth0 eth2 eth3 eth4 eth5 eth lo", &source,
	    why));
	traffic_read_counters(text, &source, &got);
	assert_int_equal(got.there, 1U << 0 | 1U << 4 | 1U << 6);
	assert_true(got.incoming[0] == UINT64_MAX && got.outgoing[0] == 22);
	assert_true(got.incoming[4] == 51 && got.outgoing[4] == 52);
	assert_true(got.incoming[6] == 11 && got.outgoing[6] == 12);
	traffic_read_counters("", &source, &got);
	assert_int_equal(got.there, 0);
}

static void
a_page_needs_both_directions(void **state)
{
	static const char incoming[] =
	    "fastnetmon_total_traffic_bits{traffic_direction=\"incoming\","
	    "protocol_version=\"ipv4\"} 8000\n"
	    "fastnetmon_total_traffic_bits{traffic_direction=\"incoming\","
	    "protocol_version=\"ipv6\"} 800\n"
	    "fastnetmon_total_traffic_bits{traffic_direction=\"internal\","
	    "protocol_version=\"ipv4\"} 99999\n";
	static const char outgoing[] =
	    "fastnetmon_total_traffic_bits{traffic_direction=\"outgoing\","
	    "protocol_version=\"ipv4\"} 16000\n";
	char both[sizeof(incoming) + sizeof(outgoing)];
	struct usage_page page;
	struct traffic_rates rates;

	(void)state;
	usage_page_read(incoming, strlen(incoming), &page);
	assert_false(traffic_read_page(&page, &rates));
	usage_page_read(outgoing, strlen(outgoing), &page);
	assert_false(traffic_read_page(&page, &rates));
	snprintf(both, sizeof(both), "%s%s", incoming, outgoing);
	usage_page_read(both, strlen(both), &page);
	assert_true(traffic_read_page(&page, &rates));
	assert_int_equal(rates.incoming, 1100);
	assert_int_equal(rates.outgoing, 2000);
}

/* One interface that carries ${in} and ${out} Mbit/s at every look. */
struct line {
	struct traffic traffic;
	struct traffic_counters counters;
	int64_t now_s;
};

static void
look(struct line *l, int64_t after_s, int64_t in, int64_t out)
{
	l->counters.there |= 1;
	l->counters.incoming[0] += (uint64_t)(in * MBIT * after_s);
	l->counters.outgoing[0] += (uint64_t)(out * MBIT * after_s);
	l->now_s += after_s;
	traffic_add_counters(&l->traffic, at(l->now_s), &l->counters);
}

static void
looks(struct line *l, int count, int64_t in, int64_t out)
{
	for (int i = 0; i < count; i++)
		look(l, TRAFFIC_LOOK_S, in, out);
}

static void
is(const struct line *l, int64_t in, int64_t out, int64_t peak)
{
	struct traffic_use use;

	assert_true(traffic_use(&l->traffic, at(l->now_s), &use));
	assert_int_equal(use.mean.incoming, in * MBIT);
	assert_int_equal(use.mean.outgoing, out * MBIT);
	assert_int_equal(use.peak, peak == -1 ? -1 : peak * MBIT);
}

static bool
is_known(const struct line *l, int64_t later_s)
{
	struct traffic_use use;

	return traffic_use(&l->traffic, at(l->now_s + later_s), &use);
}

static void
a_mean_is_there_from_the_second_look_and_is_of_five_minutes(void **state)
{
	struct line l = {.now_s = START_S};

	(void)state;
	assert_false(is_known(&l, 0));
	/* What an interface carried before the agent came is not counted. */
	l.counters.incoming[0] = UINT64_MAX / 2;
	looks(&l, 1, 0, 0);
	assert_false(is_known(&l, 0));
	looks(&l, 1, 10, 4);
	is(&l, 10, 4, -1);
	looks(&l, 1, 20, 8);
	is(&l, 15, 6, -1);
	looks(&l, 8, 15, 6);
	is(&l, 15, 6, 15);
	/* Half of the five minutes, then all. */
	looks(&l, 5, 45, 106);
	is(&l, 30, 56, 56);
	looks(&l, 5, 45, 106);
	is(&l, 45, 106, 106);
	/* Weighed by time: a look may be late. */
	l = (struct line){.now_s = START_S};
	looks(&l, 1, 0, 0);
	look(&l, 30, 10, 0);
	look(&l, 60, 40, 0);
	is(&l, 30, 0, -1);
}

static void
one_burst_is_no_peak_before_five_minutes(void **state)
{
	struct line l = {.now_s = START_S};

	(void)state;
	looks(&l, 2, 90, 0);
	is(&l, 90, 0, -1);
	looks(&l, 7, 0, 0);
	assert_int_equal(l.traffic.slot[(l.now_s / 300 + 1) % 288].number, 0);
	looks(&l, 1, 0, 0);
	is(&l, 10, 0, 10);
}

static void
the_peak_is_forgotten_after_a_day(void **state)
{
	struct line l = {.now_s = START_S};

	(void)state;
	looks(&l, 11, 50, 0);
	int64_t last_s = l.now_s;
	looks(&l, 10, 5, 7);
	is(&l, 5, 7, 50);
	while (l.now_s < last_s + 23 * HOUR_S)
		looks(&l, 1, 5, 7);
	is(&l, 5, 7, 50);
	while (l.now_s < last_s + 24 * HOUR_S + 2 * TRAFFIC_MEAN_S)
		looks(&l, 1, 5, 7);
	is(&l, 5, 7, 7);
}

static void
a_counter_that_goes_back_is_passed_over(void **state)
{
	struct line l = {.now_s = START_S};

	(void)state;
	looks(&l, 3, 10, 10);
	/* Only one of the two: neither is believed. */
	l.counters.outgoing[0] = 5;
	l.counters.incoming[0] += UINT32_MAX;
	looks(&l, 1, 10, 0);
	is(&l, 10, 10, -1);
	assert_int_equal(l.traffic.pieces, 2);
	looks(&l, 1, 10, 10);
	is(&l, 10, 10, -1);
	assert_int_equal(l.traffic.pieces, 3);
	/* All of 64 bits is no wrap, and no more than the bound. */
	l.counters.incoming[0] = 0;
	looks(&l, 1, 0, 0);
	l.counters.incoming[0] = UINT64_MAX;
	looks(&l, 1, 0, 0);
	struct traffic_use use;
	assert_true(traffic_use(&l.traffic, at(l.now_s), &use));
	assert_true(use.mean.incoming > 0 &&
	    use.mean.incoming <= TRAFFIC_RATE_MAX);
}

static void
interfaces_come_and_go(void **state)
{
	struct line l = {.now_s = START_S};

	(void)state;
	looks(&l, 2, 10, 0);
	/* It comes with a past, which is not of this time. */
	l.counters.there |= 2;
	l.counters.incoming[1] = UINT64_MAX / 4;
	looks(&l, 1, 10, 0);
	is(&l, 10, 0, -1);
	l.counters.incoming[1] += 30 * 30 * MBIT;
	looks(&l, 1, 10, 0);
	is(&l, 25, 0, -1);
	/* It goes, and what it carried last is not known. */
	l.counters.there = 1;
	l.counters.incoming[1] = 0;
	looks(&l, 1, 10, 0);
	is(&l, 25, 0, -1);
	looks(&l, 1, 10, 0);
	is(&l, 20, 0, -1);
	/* None is there: the last mean stands for 90 s, not longer. */
	l.counters.there = 0;
	for (int i = 0; i < 3; i++) {
		l.now_s += TRAFFIC_LOOK_S;
		traffic_add_counters(&l.traffic, at(l.now_s), &l.counters);
		is(&l, 20, 0, -1);
	}
	assert_false(is_known(&l, 1));
	/* It is not what it was: two looks are needed again. */
	looks(&l, 1, 10, 0);
	assert_false(is_known(&l, 1));
	looks(&l, 1, 40, 0);
	is(&l, 25, 0, -1);
}

static void
a_gap_is_not_spread_over(void **state)
{
	struct line l = {.now_s = START_S};

	(void)state;
	looks(&l, 12, 10, 0);
	look(&l, 90, 40, 0);
	is(&l, 19, 0, 19);
	/* A machine that slept: nothing is known of the time between. */
	assert_false(is_known(&l, 91));
	look(&l, 91, 1000, 0);
	assert_false(is_known(&l, 0));
	looks(&l, 1, 10, 0);
	assert_true(is_known(&l, 0));
	look(&l, 8 * HOUR_S, 1000, 0);
	looks(&l, 1, 12, 0);
	is(&l, 12, 0, 19);
}

static void
another_boot_begins_anew(void **state)
{
	struct line l = {.now_s = 5000};

	(void)state;
	looks(&l, 12, 10, 0);
	is(&l, 10, 0, 10);
	l.now_s = 7;
	assert_false(is_known(&l, 0));
	l.now_s = 7 - TRAFFIC_LOOK_S;
	looks(&l, 1, 10, 0);
	assert_false(is_known(&l, 0));
	looks(&l, 1, 3, 0);
	is(&l, 3, 0, -1);
}

static void
rates_are_known_from_the_first_look(void **state)
{
	struct line l = {.now_s = START_S};
	struct traffic_rates rates = {10 * MBIT, 20 * MBIT};

	(void)state;
	for (int i = 0; i < 8; i++, l.now_s += TRAFFIC_LOOK_S) {
		traffic_add_rates(&l.traffic, at(l.now_s), &rates);
		is(&l, 10, 20, -1);
	}
	traffic_add_rates(&l.traffic, at(l.now_s), &rates);
	is(&l, 10, 20, 20);
	assert_true(is_known(&l, TRAFFIC_STALE_S));
	assert_false(is_known(&l, TRAFFIC_STALE_S + 1));
	/* What no machine carries is the bound, ten times over. */
	rates = (struct traffic_rates){INT64_MAX, INT64_MAX};
	struct traffic_use use;
	for (int i = 0; i < 10; i++) {
		l.now_s += TRAFFIC_LOOK_S;
		traffic_add_rates(&l.traffic, at(l.now_s), &rates);
	}
	assert_true(traffic_use(&l.traffic, at(l.now_s), &use));
	assert_true(use.mean.incoming == TRAFFIC_RATE_MAX);
	assert_true(use.peak == TRAFFIC_RATE_MAX);
	/* Another boot, here too. */
	l.now_s = 3;
	rates = (struct traffic_rates){MBIT, 2 * MBIT};
	traffic_add_rates(&l.traffic, at(l.now_s), &rates);
	is(&l, 1, 2, -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sources_are_read_and_bad_ones_say_why),
		cmocka_unit_test(counters_are_those_of_the_interfaces_named),
		cmocka_unit_test(a_page_needs_both_directions),
		cmocka_unit_test(
		    a_mean_is_there_from_the_second_look_and_is_of_five_minutes),
		cmocka_unit_test(one_burst_is_no_peak_before_five_minutes),
		cmocka_unit_test(the_peak_is_forgotten_after_a_day),
		cmocka_unit_test(a_counter_that_goes_back_is_passed_over),
		cmocka_unit_test(interfaces_come_and_go),
		cmocka_unit_test(a_gap_is_not_spread_over),
		cmocka_unit_test(another_boot_begins_anew),
		cmocka_unit_test(rates_are_known_from_the_first_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
