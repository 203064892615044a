/* SPDX-License-Identifier: ISC */
/*
 * The usage report: what is read from FastNetMon's metrics, what gets into the
 * lines, that no address does, and when a report is due.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "license/base/file.h"
#include "license/text.h"
#include "license/usage.h"
#include "tests/facts.h"
#include "tests/sample.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* As FastNetMon Community prints it, defects included. */
static const char page_text[] =
    "# HELP Total number of hosts\n"
    "# TYPE fastnetmon_total_number_of_hosts gauge\n"
    "fastnetmon_total_number_of_hosts 65536\n"
    "fastnetmon_speed_recalculation_time_seconds 0\n"
    "fastnetmon_speed_recalculation_time_microseconds 12345\n"
    "fastnetmon_influxdb_writes_total 17\n"
    "fastnetmon_sflow_total_packets 4100\n"
    "fastnetmon_sflow_raw_packet_headers_total 9000\n"
    "fastnetmon_netflow_ipfix_total_packets 0\n"
    "fastnetmon_netflow_ipfix_all_protocols_total_flows 500\n"
    "# HELP Total traffic in bits\n"
    "# TYPE fastnetmon_total_traffic_bits gauge\n"
    "fastnetmon_total_traffic_bits{traffic_direction=\"incoming\","
    "protocol_version=\"ipv4\"} 8000000\n"
    "fastnetmon_total_traffic_bits{traffic_direction=\"outgoing\","
    "protocol_version=\"ipv4\"} 1.6e+07\n"
    "fastnetmon_total_traffic_bits{traffic_direction=\"internal\","
    "protocol_version=\"ipv4\"} 777\n"
    "fastnetmon_total_traffic_bits{traffic_direction=\"incoming\","
    "protocol_version=\"ipv6\"} 80\n"
    "fastnetmon_total_traffic_bits{traffic_direction=\"outgoing\","
    "protocol_version=\"ipv6\"} 160\n"
    "fastnetmon_host_traffic_bits{ip=\"198.51.100.7\","
    "traffic_direction=\"incoming\",protocol_version=\"ipv4\"} 4242\n";

static void
read_text(const char *text, struct usage_page *out)
{
	size_t len = strlen(text);
	char *copy = malloc(len + 1);

	assert_non_null(copy);
	memcpy(copy, text, len);
	usage_page_read(copy, len, out);
	free(copy);
}

static void
compose(const struct usage_page *pages, size_t looks, int64_t apart_ms,
    struct buf *out)
{
	struct license_facts facts;
	struct usage_platform platform = {.kernel = "6.1.0-18-amd64",
		.distribution = "debian", .distribution_version = "12",
		.cpu_flags = "fpu vme sse4_2"};
	struct stats stats;

	facts_bare(&facts);
	text_copy(facts.product, sizeof(facts.product), "FastNetMon Advanced");
	text_copy(facts.hardware.internal_address, ADDRESS_SIZE,
	    "203.0.113.99");
	usage_compose(&facts, &platform, (utc_t){FACTS_NOON}, &stats);
	usage_add_pages(pages, looks, apart_ms, &stats);
	buf_init(out, DOCUMENT_MAX);
	assert_true(stats_encode(&stats, out));
}

static void
a_page_becomes_the_lines_of_the_report(void **state)
{
	struct usage_page pages[2];
	struct buf out;

	(void)state;
	read_text(page_text, &pages[0]);
	pages[1] = pages[0];
	pages[1].value[USAGE_FLOWS] += 41000;
	pages[1].value[USAGE_HEADERS] += 3001;
	compose(pages, 2, 2000, &out);
	assert_string_equal(buf_text(&out),
	    "created 2025-11-25T12:00:00Z\n"
	    "agent-version leaseline " LEASELINE_VERSION "\n"
	    "product FastNetMon Advanced\n"
	    "kernel 6.1.0-18-amd64\n"
	    "distribution debian\n"
	    "distribution-version 12\n"
	    "cpu-model AMD EPYC\n"
	    "logical-cpus 2\n"
	    "memory-mib 24576\n"
	    "cpu-flags fpu vme sse4_2\n"
	    "features prometheus influxdb\n"
	    "capture-plugins sflow netflow\n"
	    "incoming-ipv4-bytes-per-s 1000000\n"
	    "incoming-ipv6-bytes-per-s 10\n"
	    "outgoing-ipv4-bytes-per-s 2000000\n"
	    "outgoing-ipv6-bytes-per-s 20\n"
	    "flows-per-s 20500\n"
	    "headers-per-s 1500\n"
	    "speed-calculation-us 12345\n"
	    "total-hosts 65536\n");
	buf_fini(&out);
}

static void
what_is_not_known_has_no_line(void **state)
{
	struct usage_page page = {.has = 0};
	struct license_facts facts;
	struct usage_platform nothing = {.kernel = ""};
	struct stats stats;
	struct buf out;

	(void)state;
	facts_bare(&facts);
	text_copy(facts.product, sizeof(facts.product), "P");
	facts.hardware = (struct hardware){.known = 0};
	usage_compose(&facts, &nothing, (utc_t){FACTS_NOON}, &stats);
	usage_add_pages(&page, 0, 0, &stats);
	buf_init(&out, DOCUMENT_MAX);
	assert_true(stats_encode(&stats, &out));
	assert_string_equal(buf_text(&out), "created 2025-11-25T12:00:00Z\n"
	    "agent-version leaseline " LEASELINE_VERSION "\nproduct P\n");
	buf_fini(&out);
	/* One look has no rates; a counter that was begun anew has none. */
	struct usage_page pages[2];
	read_text(page_text, &pages[0]);
	compose(pages, 1, 0, &out);
	assert_null(strstr(buf_text(&out), "flows-per-s"));
	assert_non_null(strstr(buf_text(&out), "total-hosts"));
	buf_fini(&out);
	pages[1] = pages[0];
	pages[1].value[USAGE_FLOWS] = 3;
	compose(pages, 2, 1000, &out);
	assert_null(strstr(buf_text(&out), "flows-per-s"));
	assert_non_null(strstr(buf_text(&out), "headers-per-s 0\n"));
	buf_fini(&out);
}

/* Every place of a page where an address can stand, and a few where it cannot. */
static void
no_address_gets_into_the_report(void **state)
{
#define ADDRESSES(X) X("192.0.2.77") X("10.1.2.3") X("2001:db8::77")          \
	X("::ffff:192.0.2.77") X("fe80::1%eth0") X("192.0.2.0/24")
#define HOSTILE(a)                                                            \
	"fastnetmon_host_traffic_bits{ip=\"" a "\"} 5\n"                      \
	"fastnetmon_total_traffic_bits{traffic_direction=\"incoming\","       \
	"protocol_version=\"ipv4\",host=\"" a "\"} 6\n"                       \
	"fastnetmon_total_traffic_bits{traffic_direction=\"" a "\","          \
	"protocol_version=\"ipv4\"} 7\n"                                      \
	"fastnetmon_total_number_of_hosts " a "\n"                            \
	"fastnetmon_total_number_of_hosts{network=\"" a "\"} 1\n"             \
	"fastnetmon_sflow_total_packets{agent=\"" a "\"} 1\n"                 \
	"fastnetmon_influxdb_writes_total 1 " a "\n"                          \
	"fastnetmon_version{version=\"" a "\"} 1\n" a " 9\n" a "\n"           \
	"# HELP fastnetmon_total_number_of_hosts " a "\n"
	static const char text[] = ADDRESSES(HOSTILE);
#define ITEM(a) a,
	static const char *const addresses[] = {ADDRESSES(ITEM)
		"203.0.113.99" /* the internal address of this machine */};
	struct usage_page pages[2];
	struct buf out;

	(void)state;
	read_text(text, &pages[0]);
	pages[1] = pages[0];
	compose(pages, 2, 1000, &out);
	for (size_t i = 0; i < COUNT(addresses); i++)
		assert_null(strstr(buf_text(&out), addresses[i]));
	assert_null(strstr(buf_text(&out), "per-s"));
	assert_null(strstr(buf_text(&out), "total-hosts"));
	assert_null(strstr(buf_text(&out), "capture-plugins"));
	buf_fini(&out);
}

/* The list of lines is closed: a new one must be thought about here. */
static void
the_report_has_no_line_that_could_hold_an_address(void **state)
{
	static const char *const names[] = {
#define NAME(id, doc, ...) doc,
		STATS_FIELDS(NAME)
	};
	static const char want[] = "created agent-version product license-id "
	    "kernel distribution distribution-version virtualization "
	    "cpu-model logical-cpus memory-mib cpu-flags cpu-flags-more "
	    "features capture-plugins incoming-ipv4-bytes-per-s "
	    "incoming-ipv6-bytes-per-s outgoing-ipv4-bytes-per-s "
	    "outgoing-ipv6-bytes-per-s flows-per-s headers-per-s "
	    "speed-calculation-us total-hosts ";
	struct buf got;

	(void)state;
	buf_init(&got, 4096);
	for (size_t i = 0; i < COUNT(names); i++)
		buf_printf(&got, "%s ", names[i]);
	assert_string_equal(buf_text(&got), want);
	buf_fini(&got);
}

/* Each line of the list in README.md, in its order, and no other. */
static void
the_readme_lists_the_lines_of_the_report(void **state)
{
	static const char *const names[] = {"leaseline-stats", "machine-key",
		STATS_FIELDS(NAME) "signature"};
	struct buf readme;
	size_t i = 0;

	(void)state;
	buf_init(&readme, 1 << 20);
	assert_int_equal(0, file_read("README.md", &readme));
	const char *line = strstr(buf_text(&readme), "\n    leaseline-stats 1\n");
	assert_non_null(line);
	for (line++; strncmp(line, "    ", 4) == 0; i++) {
		size_t len = strcspn(line + 4, " \n");

		assert_in_range(i, 0, COUNT(names) - 1);
		if (strlen(names[i]) != len ||
		    memcmp(names[i], line + 4, len) != 0)
			fail_msg("README.md: %.*s, not %s", (int)len, line + 4,
			    names[i]);
		line += strcspn(line, "\n") + 1;
	}
	assert_int_equal(i, COUNT(names));
	buf_fini(&readme);
}

static void
switched_off_fcli_says_nothing_of_it(void **state)
{
	struct agent_report agent = {.stats_next = {FACTS_NOON},
		.stats_last_success = {FACTS_DAY}, .stats_failures = 2};
	struct buf out;

	(void)state;
	buf_init(&out, 1024);
	text_usage(&agent, &out);
	assert_int_equal(out.len, 0);
	agent.has[AGENT_ID_STATS_NEXT] = true;
	text_usage(&agent, &out);
	assert_string_equal(buf_text(&out), "\nUsage report:  none was taken "
	    "yet; next 2025-11-25T12:00:00Z; 2 not taken since the agent's "
	    "start (no license depends on it)\n");
	buf_clear(&out);
	agent.has[AGENT_ID_STATS_SUCCESS] = true;
	agent.stats_failures = 0;
	text_usage(&agent, &out);
	assert_string_equal(buf_text(&out), "\nUsage report:  last taken "
	    "2025-11-25T00:00:00Z; next 2025-11-25T12:00:00Z (no license "
	    "depends on it)\n");
	buf_fini(&out);
}

static void
only_plain_numbers_of_known_metrics_are_taken(void **state)
{
	static const struct {
		const char *text;
		bool taken;
		int64_t value;
	} rows[] = {
		{"fastnetmon_total_number_of_hosts 7\n", true, 7},
		{"fastnetmon_total_number_of_hosts\t7.9\n", true, 7},
		{"fastnetmon_total_number_of_hosts 7 1764028800000\n", true, 7},
		{"fastnetmon_total_number_of_hosts 7\r\n", true, 7},
		{"fastnetmon_total_number_of_hosts{} 7\n", true, 7},
		{"fastnetmon_total_number_of_hosts{}7\n", true, 7},
		{"fastnetmon_total_number_of_hosts 1e3\n", true, 1000},
		{"fastnetmon_total_number_of_hosts 7\n"
		 "fastnetmon_total_number_of_hosts 8\n", true, 7},
		{"fastnetmon_total_number_of_hosts 7", false, 0},
		{"fastnetmon_total_number_of_hosts NaN\n", false, 0},
		{"fastnetmon_total_number_of_hosts +Inf\n", false, 0},
		{"fastnetmon_total_number_of_hosts -1\n", false, 0},
		{"fastnetmon_total_number_of_hosts 0x7\n", false, 0},
		{"fastnetmon_total_number_of_hosts 7e\n", false, 0},
		{"fastnetmon_total_number_of_hosts 1e16\n", false, 0},
		{"fastnetmon_total_number_of_hosts 1e999\n", false, 0},
		{"fastnetmon_total_number_of_hosts 192.0.2.1\n", false, 0},
		{"fastnetmon_total_number_of_hosts 7,8\n", false, 0},
		{"fastnetmon_total_number_of_hosts\n", false, 0},
		{"fastnetmon_total_number_of_hosts{a=\"b\"} 7\n", false, 0},
		{"fastnetmon_total_number_of_hosts{a=\"b} 7\n", false, 0},
		{"fastnetmon_total_number_of_hosts{a=\"b\\\"} 7\n", false, 0},
		{"fastnetmon_total_number_of_hosts{a=\"b\\", false, 0},
		{"fastnetmon_total_number_of_hosts{a} 7\n", false, 0},
		{"fastnetmon_total_number_of_hosts{=\"\"} 7\n", false, 0},
		{"fastnetmon_total_number_of_hosts{", false, 0},
		{"fastnetmon_total_number_of_hosts_x 7\n", false, 0},
		{"xfastnetmon_total_number_of_hosts 7\n", false, 0},
		{" fastnetmon_total_number_of_hosts 7\n", false, 0},
		{"#fastnetmon_total_number_of_hosts 7\n", false, 0},
		{"", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct usage_page page;

		read_text(rows[i].text, &page);
		if ((page.has != 0) != rows[i].taken)
			fail_msg("%s", rows[i].text);
		assert_int_equal(page.value[USAGE_HOSTS], rows[i].value);
	}
}

static void
flags_beyond_a_line_go_on_in_the_next_and_whole_words_only(void **state)
{
	struct license_facts facts;
	struct usage_platform platform = {.kernel = ""};
	struct stats stats;
	struct buf words, out;

	(void)state;
	facts_bare(&facts);
	text_copy(facts.product, sizeof(facts.product), "P");
	buf_init(&words, USAGE_FLAGS_SIZE - 1);
	for (int i = 0; i < 340; i++)
		buf_printf(&words, "%sflag%03d", i > 0 ? " " : "", i);
	text_copy(platform.cpu_flags, USAGE_FLAGS_SIZE, buf_text(&words));
	usage_compose(&facts, &platform, (utc_t){FACTS_NOON}, &stats);
	assert_string_equal(stats.cpu_flags + 952, "flag119");
	assert_memory_equal(stats.cpu_flags_more, "flag120 ", 8);
	assert_string_equal(stats.cpu_flags_more + 952, "flag239");
	buf_init(&out, DOCUMENT_MAX);
	assert_true(stats_encode(&stats, &out));
	buf_fini(&out);
	/* One word that fits no line is no line. */
	memset(platform.cpu_flags, 'x', USAGE_FLAGS_SIZE - 1);
	usage_compose(&facts, &platform, (utc_t){FACTS_NOON}, &stats);
	assert_false(has_bit(stats.has, STATS_CPU_FLAGS));
	assert_false(has_bit(stats.has, STATS_CPU_FLAGS_MORE));
	buf_fini(&words);
}

static void
a_text_that_a_document_cannot_hold_is_left_out(void **state)
{
	struct license_facts facts;
	struct usage_platform platform = {.kernel = "6.1\x1b[2J",
		.distribution = "two\nlines", .distribution_version = " 12"};
	struct stats stats;
	struct buf out;

	(void)state;
	facts_bare(&facts);
	text_copy(facts.product, sizeof(facts.product), "P");
	usage_compose(&facts, &platform, (utc_t){FACTS_NOON}, &stats);
	assert_false(has_bit(stats.has, STATS_KERNEL));
	assert_false(has_bit(stats.has, STATS_DISTRIBUTION));
	assert_false(has_bit(stats.has, STATS_DISTRIBUTION_VERSION));
	buf_init(&out, DOCUMENT_MAX);
	assert_true(stats_encode(&stats, &out));
	buf_fini(&out);
}

static void
an_agent_whose_licenses_are_all_offline_does_not_report(void **state)
{
	struct license_facts file, offline, online;
	const struct license_facts *of[] = {&file, &offline, &online};

	(void)state;
	facts_bare(&file);
	file.source = SOURCE_FILE;
	facts_bare(&offline);
	offline.has_license = true;
	offline.license.mode = MODE_OFFLINE;
	facts_bare(&online);
	assert_null(usage_speaker(of, 0));
	assert_null(usage_speaker(of, 2));
	assert_ptr_equal(usage_speaker(of, 3), &online);
}

static void
a_report_is_due_once_a_day_at_the_second_of_the_key(void **state)
{
	uint8_t key[KEY_SIZE] = {0};
	utc_t now = {FACTS_DAY}, next;

	(void)state;
	key[6] = 0x0e;
	key[7] = 0x10; /* 3600 */
	next = usage_next(key, now);
	assert_int_equal(next.s, FACTS_DAY + 3600);
	assert_int_equal(usage_next(key, utc_add(next, -1)).s, next.s);
	assert_int_equal(usage_next(key, next).s, next.s + DAY_S);
	assert_int_equal(usage_next(key, utc_add(next, 1)).s, next.s + DAY_S);
	assert_int_equal(usage_next(key, utc_add(next, DAY_S)).s,
	    next.s + 2 * DAY_S);
}

/* A thousand keys: the busiest minute of the day has not a fleet in it. */
static void
a_fleet_spreads_over_the_day(void **state)
{
	enum { MACHINES = 1000, HOURS = 24 };
	int per_hour[HOURS] = {0}, same_second = 0;
	static uint8_t seen[DAY_S];

	(void)state;
	for (int i = 0; i < MACHINES; i++) {
		struct signing_key *key = signing_key_new();
		uint8_t public_key[KEY_SIZE];

		assert_non_null(key);
		signing_key_public(key, public_key);
		signing_key_free(key);
		utc_t next = usage_next(public_key, (utc_t){FACTS_DAY - 1});
		assert_in_range(next.s, FACTS_DAY, FACTS_DAY + DAY_S - 1);
		int64_t second = next.s - FACTS_DAY;
		per_hour[second / HOUR_S]++;
		same_second += seen[second]++ > 0;
	}
	for (int i = 0; i < HOURS; i++)
		assert_in_range(per_hour[i], 10, 90); /* 42 expected */
	assert_in_range(same_second, 0, 40); /* 6 expected */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_becomes_the_lines_of_the_report),
		cmocka_unit_test(what_is_not_known_has_no_line),
		cmocka_unit_test(no_address_gets_into_the_report),
		cmocka_unit_test(
		    the_report_has_no_line_that_could_hold_an_address),
		cmocka_unit_test(the_readme_lists_the_lines_of_the_report),
		cmocka_unit_test(switched_off_fcli_says_nothing_of_it),
		cmocka_unit_test(only_plain_numbers_of_known_metrics_are_taken),
		cmocka_unit_test(
		    flags_beyond_a_line_go_on_in_the_next_and_whole_words_only),
		cmocka_unit_test(a_text_that_a_document_cannot_hold_is_left_out),
		cmocka_unit_test(
		    an_agent_whose_licenses_are_all_offline_does_not_report),
		cmocka_unit_test(
		    a_report_is_due_once_a_day_at_the_second_of_the_key),
		cmocka_unit_test(a_fleet_spreads_over_the_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
