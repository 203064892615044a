/* SPDX-License-Identifier: ISC */
/*
 * X-Forwarded-For, honest and hostile: what counts is what proxies of ours
 * wrote, and nothing to the left of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "license/authority/forwarded.h"
#include "license/base/buf.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NEAR "10.0.0.2"
#define FAR "203.0.113.80"
#define SIX "2001:db8:f::1"
#define CLIENT "198.51.100.7"

static struct allocation proxies[4];

static int
set_up(void **state)
{
	static const char *const texts[] = { "10.0.0.0/24", FAR, SIX, "::1" };
	struct buf error;

	(void)state;
	buf_init(&error, 128);
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_true(forwarded_proxy_parse(texts[i], &proxies[i],
		    &error));
	buf_fini(&error);
	return 0;
}

static const struct {
	const char *what, *peer, *header, *observed;
} rows[] = {
	{ "no header", NEAR, NULL, NEAR },
	{ "an empty header", NEAR, "", NEAR },
	{ "only commas", NEAR, " , ,, ", NEAR },
	{ "one proxy", NEAR, CLIENT, CLIENT },
	{ "spaces and tabs", NEAR, " \t" CLIENT " \t ", CLIENT },
	{ "two proxies", NEAR, CLIENT ", " FAR, CLIENT },
	{ "no space", NEAR, CLIENT "," FAR, CLIENT },
	{ "three, of two families", SIX, CLIENT ", " FAR ", " NEAR, CLIENT },
	{ "an empty element between", NEAR, CLIENT ",, " FAR ",", CLIENT },
	{ "IPv6", NEAR, "2001:db8::7", "2001:db8::7" },
	{ "IPv6 in another form", NEAR, "2001:DB8:0:0::7", "2001:db8::7" },
	{ "IPv4 as IPv6", NEAR, "::ffff:198.51.100.7", CLIENT },
	{ "a proxy as IPv6", NEAR, CLIENT ", ::ffff:10.0.0.9", CLIENT },
	{ "a port", NEAR, CLIENT ":4711", CLIENT },
	{ "a port behind a proxy", NEAR, CLIENT ", 10.0.0.9:80", CLIENT },
	{ "brackets", NEAR, "[2001:db8::7]", "2001:db8::7" },
	{ "brackets and a port", NEAR, "[2001:db8::7]:4711", "2001:db8::7" },
	{ "a chain of proxies alone", NEAR, FAR, FAR },
	{ "the same proxy again and again", NEAR, NEAR ", " NEAR ", " NEAR,
	    NEAR },

	{ "a stranger's header", CLIENT, "192.0.2.1", CLIENT },
	{ "a stranger's chain of our proxies", CLIENT, "192.0.2.1, " FAR
	    ", " NEAR, CLIENT },
	{ "a neighbor of an IPv6 proxy", "2001:db8:f::2", CLIENT,
	    "2001:db8:f::2" },
	{ "what the client claimed", NEAR, "192.0.2.1, " CLIENT, CLIENT },
	{ "a claimed proxy", NEAR, "192.0.2.1, " NEAR ", " CLIENT, CLIENT },
	{ "claimed through two", NEAR, "192.0.2.1, " CLIENT ", " FAR, CLIENT },
	{ "garbage claimed", NEAR, "<script>, " CLIENT, CLIENT },

	{ "a name", NEAR, "licensing.example.net", NEAR },
	{ "unknown", NEAR, "unknown", NEAR },
	{ "an obfuscated hop", NEAR, CLIENT ", _hidden", NEAR },
	{ "garbage after a good hop", NEAR, CLIENT ", x, " FAR, FAR },
	{ "quotes", NEAR, "\"198.51.100.7\"", NEAR },
	{ "an open bracket", NEAR, "[2001:db8::7", NEAR },
	{ "a closing bracket", NEAR, "2001:db8::7]", NEAR },
	{ "IPv4 in brackets", NEAR, "[198.51.100.7]", NEAR },
	{ "nothing in brackets", NEAR, "[]", NEAR },
	{ "something after brackets", NEAR, "[2001:db8::7]x", NEAR },
	{ "a port of letters", NEAR, CLIENT ":http", NEAR },
	{ "a port of nothing", NEAR, CLIENT ":", NEAR },
	{ "a port too long", NEAR, CLIENT ":123456", NEAR },
	{ "a scope", NEAR, "fe80::1%eth0", NEAR },
	{ "a prefix", NEAR, "198.51.100.0/24", NEAR },
	{ "leading zeros", NEAR, "198.051.100.007", NEAR },
	{ "three numbers", NEAR, "198.51.100", NEAR },
	{ "one number", NEAR, "3325256711", NEAR },
	{ "two in one element", NEAR, CLIENT " 192.0.2.1", NEAR },
	{ "Forwarded's form", NEAR, "for=198.51.100.7", NEAR },
	{ "escapes", NEAR, "198.51.100.7\x1b[2J", NEAR },
};

static void
the_first_hop_from_the_right_that_is_no_proxy_counts(void **state)
{
	char out[ADDRESS_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		forwarded_observe(proxies, COUNT(proxies), rows[i].peer,
		    rows[i].header, out);
		if (strcmp(rows[i].observed, out) != 0)
			fail_msg("%s: %s", rows[i].what, out);
	}
}

static void
without_proxies_no_header_counts(void **state)
{
	char out[ADDRESS_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		forwarded_observe(NULL, 0, rows[i].peer, rows[i].header, out);
		assert_string_equal(rows[i].peer, out);
	}
}

static void
a_very_long_header_is_read_as_any_other(void **state)
{
	enum { HOPS = 2000 };
	char *header = malloc(HOPS * 16 + 100000), out[ADDRESS_SIZE];
	size_t len = 0;

	(void)state;
	assert_non_null(header);
	memcpy(header, "192.0.2.1", 9);
	len = 9;
	for (int i = 0; i < HOPS; i++, len += 10)
		memcpy(header + len, ", " NEAR, 10);
	header[len] = '\0';
	forwarded_observe(proxies, COUNT(proxies), NEAR, header, out);
	assert_string_equal("192.0.2.1", out);
	/* One hop of 100000 bytes is none. */
	memset(header, '1', 100000);
	header[100000] = '\0';
	forwarded_observe(proxies, COUNT(proxies), NEAR, header, out);
	assert_string_equal(NEAR, out);
	free(header);
}

static void
a_proxy_is_an_address_or_a_prefix(void **state)
{
	static const struct {
		const char *text, *prefix; /* NULL: refused */
	} texts[] = {
		{ "127.0.0.1", "127.0.0.1/32" },
		{ "10.0.0.0/8", "10.0.0.0/8" },
		{ "::1", "::1/128" },
		{ "2001:db8::1", "2001:db8::1/128" },
		{ "2001:db8::/48", "2001:db8::/48" },
		{ "::ffff:10.0.0.1", "10.0.0.1/32" },
		{ "0.0.0.0/0", NULL }, { "::/0", NULL }, { "", NULL },
		{ "10.0.0.1/8", NULL }, { "proxy.example.net", NULL },
		{ "2001:db8:1111:2222:3333:4444:5555:6666:7777:8888:9999:1",
		    NULL },
	};
	struct allocation a;
	struct buf error;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		buf_init(&error, 128);
		assert_int_equal(texts[i].prefix != NULL,
		    forwarded_proxy_parse(texts[i].text, &a, &error));
		assert_int_equal(texts[i].prefix == NULL, error.len > 0);
		if (texts[i].prefix)
			assert_string_equal(texts[i].prefix, a.prefix);
		buf_fini(&error);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_first_hop_from_the_right_that_is_no_proxy_counts),
		cmocka_unit_test(without_proxies_no_header_counts),
		cmocka_unit_test(a_very_long_header_is_read_as_any_other),
		cmocka_unit_test(a_proxy_is_an_address_or_a_prefix),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
