/* SPDX-License-Identifier: ISC */
/*
 * Goal: the configuration means what its page says: the example parses, what
 * is printed parses again to the same, and the keeper gets what was written.
 * The errors are in tests/golden/config-*.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/config.h"
#include "license/base/buf.h"
#include "license/base/file.h"

#define SMALL                                                                 \
	"[license edge1]\n"                                                   \
	"license-file = /l/edge1.lic\n"                                       \
	"authority-url = https://licensing.example.net\n"                     \
	"authority-root = /r\n"

static void
load_good(const char *text, struct config *config)
{
	struct buf error;

	buf_init(&error, 4096);
	if (!config_parse("test.conf", text, config, &error))
		fail_msg("%s", buf_text(&error));
	assert_int_equal(error.len, 0);
	buf_fini(&error);
}

static void
print_again(const char *text)
{
	struct config first, second;
	struct buf a, b;

	buf_init(&a, CONFIG_MAX);
	buf_init(&b, CONFIG_MAX);
	load_good(text, &first);
	config_print(&first, &a);
	load_good(buf_text(&a), &second);
	config_print(&second, &b);
	assert_string_equal(buf_text(&a), buf_text(&b));
	assert_int_equal(first.license_count, second.license_count);
	assert_memory_equal(first.licenses, second.licenses,
	    first.license_count * sizeof(first.licenses[0]));
	config_fini(&first);
	config_fini(&second);
	buf_fini(&a);
	buf_fini(&b);
}

static void
the_example_parses_and_its_print_parses_again(void **state)
{
	struct config config;
	struct buf error, printed;

	(void)state;
	buf_init(&error, 4096);
	buf_init(&printed, CONFIG_MAX);
	if (!config_load("agent/leaseline.conf.example", &config, &error))
		fail_msg("%s", buf_text(&error));
	assert_int_equal(config.license_count, 1);
	assert_string_equal(config.licenses[0].name, "main");
	config_print(&config, &printed);
	config_fini(&config);
	print_again(buf_text(&printed));
	buf_fini(&printed);
	buf_fini(&error);
}

static void
the_smallest_configuration_has_the_defaults(void **state)
{
	struct config c;

	(void)state;
	load_good(SMALL, &c);
	assert_string_equal(c.agent.state_dir, "/var/lib/leaseline");
	assert_string_equal(c.agent.control_socket,
	    "/run/leaseline/control.sock");
	assert_string_equal(c.agent.user_group, "leaseline");
	assert_string_equal(c.agent.log_file,
	    access(VENDOR_PROGRAM, F_OK) == 0 ? OWN_LOG : VENDOR_LOG);
	assert_int_equal(c.exporter.listen.count, 1);
	assert_string_equal(c.exporter.listen.item[0], "127.0.0.1:10014");
	assert_true(c.snmp.enabled);
	assert_string_equal(c.snmp.agentx_socket, "/var/agentx/master");
	assert_int_equal(c.snmp.ping_interval_s, 12);
	assert_false(c.stats.enabled);
	assert_string_equal(c.licenses[0].product, "FastNetMon Advanced");
	assert_int_equal(c.licenses[0].source, SOURCE_AUTHORITY);
	assert_int_equal(c.licenses[0].index, 0);
	assert_int_equal(c.licenses[0].thresholds.action_warning_s, -1);
	assert_int_equal(c.licenses[0].thresholds.bandwidth_critical_pct, -1);
	config_fini(&c);
}

static void
the_keeper_gets_what_was_written(void **state)
{
	struct config c;

	(void)state;
	load_good(SMALL
	    "index = 9\ncoupon = A-1\naddress-family = ipv6\n"
	    "proxy = environment\n"
	    "threshold-action-warning-d = 45\n"
	    "threshold-refresh-critical-h = 72\n"
	    "threshold-bandwidth-warning-pct = 80\n"
	    "[license lab]\nsource = file\nlicense-file = /l/lab.lic\n"
	    "authority-root = /r\n", &c);
	const struct keeper_license *l = &c.licenses[0];
	assert_int_equal(c.license_count, 2);
	assert_int_equal(l->index, 9);
	assert_string_equal(l->coupon, "A-1");
	assert_int_equal(l->address_family, 6);
	assert_string_equal(l->proxy, "environment");
	assert_int_equal(l->thresholds.action_warning_s, 45 * 86400);
	assert_int_equal(l->thresholds.refresh_critical_s, 72 * 3600);
	assert_int_equal(l->thresholds.bandwidth_warning_pct, 80);
	assert_int_equal(c.licenses[1].source, SOURCE_FILE);
	assert_string_equal(c.licenses[1].name, "lab");
	config_fini(&c);
}

static void
what_is_printed_parses_again_to_the_same(void **state)
{
	(void)state;
	print_again(SMALL);
	print_again("[exporter]\nlisten = 127.0.0.1:1\nlisten = [::1]:2\n"
	    "[agent]\nlog-file = syslog\nlog-level = error\n"
	    "[snmp]\nenabled = off\n" SMALL
	    "threshold-action-warning-d = 45\nindex = 3\ncoupon = a;b #c\n");
}

static void
a_loopback_authority_may_be_without_tls(void **state)
{
	static const struct {
		const char *url;
		bool good;
	} rows[] = {
		{"http://127.0.0.1:8443", true},
		{"http://[::1]:8443/x", true},
		{"http://localhost", true},
		{"http://127.8.9.1/a", true},
		{"https://a.example.net/x", true},
		{"http://localhost.example.net", false},
		{"http://127.0.0.1@example.net/", false},
		{"http://10.0.0.1", false},
		{"http://[::2]", false},
		{"https://", false},
		{"ftp://127.0.0.1", false},
		{"licensing.example.net", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config config;
		struct buf text, error;

		buf_init(&text, 4096);
		buf_init(&error, 4096);
		buf_printf(&text, "[license a]\nauthority-root = /r\n"
		    "license-file = /l\nauthority-url = %s\n", rows[i].url);
		assert_int_equal(rows[i].good, config_parse("t",
			buf_text(&text), &config, &error));
		if (!rows[i].good)
			assert_non_null(strstr(buf_text(&error), rows[i].url));
		config_fini(&config);
		buf_fini(&text);
		buf_fini(&error);
	}
}

static void
a_file_that_cannot_be_read_is_named(void **state)
{
	struct config config;
	struct buf error;

	(void)state;
	buf_init(&error, 4096);
	assert_false(config_load("/nonexistent/l.conf", &config, &error));
	assert_non_null(strstr(buf_text(&error), "/nonexistent/l.conf"));
	assert_int_equal(config.license_count, 0);
	buf_clear(&error);
	assert_false(config_load("/dev/zero", &config, &error));
	assert_non_null(strstr(buf_text(&error), "/dev/zero"));
	buf_fini(&error);
}

/* Each key of the echo is a word of an item of the manual. */
static void
the_manual_has_every_key(void **state)
{
	struct config config;
	struct buf printed, manual;
	size_t keys = 0;

	(void)state;
	buf_init(&printed, CONFIG_MAX);
	buf_init(&manual, CONFIG_MAX);
	assert_int_equal(0, file_read("agent/leaseline.conf.5", &manual));
	load_good(SMALL, &config);
	config_print(&config, &printed);
	for (const char *p = buf_text(&printed); *p != '\0';) {
		size_t n = strcspn(p, "\n");
		const char *key = p + (p[0] == '#');
		size_t len = strcspn(key, " \n");
		char word[64];

		p += n + (p[n] == '\n');
		if (len == 0 || key[0] == '[')
			continue; /* a comment, a heading, an empty line */
		assert_true(len < sizeof(word));
		memcpy(word, key, len);
		word[len] = '\0';
		if (strstr(buf_text(&manual), word) == NULL)
			fail_msg("%s is not in the manual", word);
		keys++;
	}
	assert_true(keys > 40);
	config_fini(&config);
	buf_fini(&printed);
	buf_fini(&manual);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_parses_and_its_print_parses_again),
		cmocka_unit_test(the_smallest_configuration_has_the_defaults),
		cmocka_unit_test(the_keeper_gets_what_was_written),
		cmocka_unit_test(what_is_printed_parses_again_to_the_same),
		cmocka_unit_test(a_loopback_authority_may_be_without_tls),
		cmocka_unit_test(a_file_that_cannot_be_read_is_named),
		cmocka_unit_test(the_manual_has_every_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
