/* SPDX-License-Identifier: ISC */
/*
 * What stands before a listener: prefixes, rates, places, handed-over sockets
 * and the text of unix sockets. Time is what the test says.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "license/base/buf.h"
#include "license/base/connections.h"
#include "license/base/inherit.h"
#include "license/base/listen_unix.h"
#include "license/base/prefix.h"
#include "license/base/rate.h"

#define S(s) ((mono_t){INT64_C(1000000000) * (s)})

static const struct {
	const char *prefix, *address;
	bool good, holds;
} prefixes[] = {
	{"192.0.2.1", "192.0.2.1", true, true},
	{"192.0.2.1", "192.0.2.2", true, false},
	{"192.0.2.0/24", "192.0.2.255", true, true},
	{"192.0.2.0/24", "192.0.3.0", true, false},
	{"192.0.2.128/25", "192.0.2.127", true, false},
	{"192.0.2.0/24", "::ffff:192.0.2.9", true, true},
	{"::ffff:192.0.2.0/120", "192.0.2.9", true, true},
	{"0.0.0.0/0", "203.0.113.9", true, true},
	{"0.0.0.0/0", "2001:db8::1", true, false},
	{"::/0", "203.0.113.9", true, true},
	{"::/0", "2001:db8::1", true, true},
	{"2001:db8::/33", "2001:db8:7fff::1", true, true},
	{"2001:db8::/33", "2001:db8:8000::1", true, false},
	{"2001:db8::1", "2001:db8::1", true, true},
	{"2001:db8::1", "2001:db8::2", true, false},
	{"192.0.2.0/33", NULL, false, false},
	{"192.0.2.1/24", NULL, false, false},
	{"2001:db8::1/64", NULL, false, false},
	{"2001:db8::/129", NULL, false, false},
	{"192.0.2.0/", NULL, false, false},
	{"192.0.2.0/-1", NULL, false, false},
	{"192.0.2.0/024x", NULL, false, false},
	{"192.0.2.0/1000", NULL, false, false},
	{"192.0.2", NULL, false, false},
	{"", NULL, false, false},
	{"localhost", NULL, false, false},
	{"fe80::1%eth0", NULL, false, false},
};

static void
read_one(const char *text, uint8_t out[static PREFIX_ADDRESS])
{
	struct prefix whole;
	const char *why;

	assert_true(prefix_read(text, &whole, &why));
	memcpy(out, whole.address, PREFIX_ADDRESS);
}

static void
a_prefix_holds_what_begins_with_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		struct prefix prefix;
		uint8_t address[PREFIX_ADDRESS];
		const char *why = NULL;

		if (prefix_read(prefixes[i].prefix, &prefix, &why) !=
		    prefixes[i].good)
			fail_msg("row %zu: %s", i, why);
		if (!prefixes[i].good) {
			assert_true(why[0] != '\0');
			continue;
		}
		read_one(prefixes[i].address, address);
		if (prefix_holds(&prefix, 1, address) != prefixes[i].holds)
			fail_msg("row %zu", i);
	}
}

static void
addresses_of_sockets_are_of_one_form(void **state)
{
	struct sockaddr_in four = {.sin_family = AF_INET,
		.sin_addr = {htonl(0x7f000001)}};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_un file = {.sun_family = AF_UNIX};
	uint8_t address[PREFIX_ADDRESS], network[PREFIX_ADDRESS];
	char text[PREFIX_TEXT];

	(void)state;
	assert_true(prefix_address((struct sockaddr *)&four, address));
	assert_true(prefix_is_loopback(address));
	prefix_print(address, text);
	assert_string_equal(text, "127.0.0.1");
	assert_true(prefix_address((struct sockaddr *)&six, address));
	assert_true(prefix_is_loopback(address));
	assert_false(prefix_address((struct sockaddr *)&file, address));
	read_one("2001:db8:1:2:3:4:5:6", address);
	assert_false(prefix_is_loopback(address));
	prefix_network(address, network);
	prefix_print(network, text);
	assert_string_equal(text, "2001:db8:1:2::");
	read_one("198.51.100.7", address);
	prefix_network(address, network);
	assert_memory_equal(address, network, PREFIX_ADDRESS);
}

static void
a_rate_allows_a_burst_and_then_its_pace(void **state)
{
	static struct rate rate = {.seed = 7, .burst = 3,
		.each_ns = 1000000000};

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(rate_charge(&rate, "a", 1, S(10)), 0);
	assert_int_equal(rate_charge(&rate, "a", 1, S(10)), 1000000000);
	assert_int_equal(rate_charge(&rate, "b", 1, S(10)), 0);
	assert_int_equal(rate_charge(&rate, "a", 1, S(11)), 0);
	assert_int_equal(rate_charge(&rate, "a", 1, S(11)), 1000000000);
	for (int i = 0; i < 3; i++)
		assert_int_equal(rate_charge(&rate, "a", 1, S(60)), 0);
	assert_true(rate_charge(&rate, "a", 1, S(60)) > 0);
	rate.each_ns = 0;
	assert_int_equal(rate_charge(&rate, "a", 1, S(60)), 0);
}

struct client {
	struct connection_place place;
	int fd[2]; /* ours, the listener's */
};

static void
come(struct connections *c, struct client *client, const char *from,
    mono_t now)
{
	uint8_t address[PREFIX_ADDRESS];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, client->fd), 0);
	if (from != NULL)
		read_one(from, address);
	connections_enter(c, &client->place, client->fd[1],
	    from == NULL ? NULL : address, now);
}

static bool
is_shut(const struct client *client)
{
	char byte;

	return recv(client->fd[0], &byte, 1, MSG_DONTWAIT) == 0;
}

static void
go(struct connections *c, struct client *client)
{
	connections_leave(c, &client->place);
	close(client->fd[0]);
	close(client->fd[1]);
}

static bool
admit(struct connections *c, const char *from, mono_t now)
{
	uint8_t address[PREFIX_ADDRESS];

	if (from != NULL)
		read_one(from, address);
	return connections_admit(c, from == NULL ? NULL : address, now);
}

static struct connections *
make(struct connections_limits limits)
{
	limits.first_s = 1000010;
	limits.answer_s = 1000020;
	limits.idle_s = 1000090;
	struct connections *c = connections_new(&limits);

	assert_non_null(c);
	return c;
}

static void
who_waits_longest_makes_room(void **state)
{
	struct connections *c = make((struct connections_limits){.max = 3});
	struct client clients[4];

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(admit(c, "192.0.2.1", S(i)));
		come(c, &clients[i], "192.0.2.1", S(i));
	}
	/* The first has asked: it is being answered to. */
	assert_int_equal(connections_ask(c, &clients[0].place, S(4)), 0);
	assert_true(admit(c, NULL, S(5)));
	assert_true(is_shut(&clients[1]));
	assert_false(is_shut(&clients[0]) || is_shut(&clients[2]));
	come(c, &clients[3], NULL, S(5));
	connections_ask(c, &clients[2].place, S(6));
	connections_ask(c, &clients[3].place, S(6));
	/* All are being answered to: nobody has to go, and nobody comes. */
	assert_false(admit(c, "192.0.2.9", S(6)));
	connections_answered(c, &clients[3].place, S(7));
	assert_true(admit(c, "192.0.2.9", S(8)));
	assert_true(is_shut(&clients[3]));
	for (int i = 0; i < 4; i++)
		go(c, &clients[i]);
	connections_free(c);
}

static void
one_address_has_so_many_places_and_asks_so_often(void **state)
{
	struct connections *c = make((struct connections_limits){.max = 100,
		.per_address = 2, .per_second = 2, .local_free = true});
	struct client clients[5];

	(void)state;
	/* Of one IPv6 network. */
	for (int i = 0; i < 3; i++) {
		char from[32];

		snprintf(from, sizeof(from), "2001:db8::%d", i + 1);
		assert_true(admit(c, from, S(0)));
		come(c, &clients[i], from, S(0));
	}
	assert_true(is_shut(&clients[0]));
	assert_false(is_shut(&clients[1]) || is_shut(&clients[2]));
	/* Three came and one asks: of four at once the last. */
	assert_int_equal(connections_ask(c, &clients[1].place, S(0)), 0);
	assert_int_equal(connections_ask(c, &clients[2].place, S(0)),
	    500000000);
	assert_false(admit(c, "2001:db8::9", S(0)));
	assert_true(admit(c, "2001:db8:0:1::9", S(0)));
	assert_int_equal(connections_ask(c, &clients[2].place, S(1)), 0);
	/* This machine's own are free. */
	for (int i = 0; i < 50; i++)
		assert_true(admit(c, i % 2 ? "127.0.0.1" : NULL, S(1)));
	come(c, &clients[3], "127.0.0.1", S(1));
	come(c, &clients[4], NULL, S(1));
	for (int i = 0; i < 50; i++)
		assert_int_equal(connections_ask(c,
		    &clients[3 + i % 2].place, S(1)), 0);
	for (int i = 0; i < 5; i++)
		go(c, &clients[i]);
	connections_free(c);
}

static void
every_state_has_its_whole_time(void **state)
{
	struct connections *c = make((struct connections_limits){.max = 10});
	struct client clients[3];

	(void)state;
	assert_int_equal(connections_sweep(c, S(0)), INT64_MAX);
	for (int i = 0; i < 3; i++)
		come(c, &clients[i], "192.0.2.1", S(0));
	connections_ask(c, &clients[1].place, S(1));
	connections_ask(c, &clients[2].place, S(1));
	connections_answered(c, &clients[2].place, S(2));
	assert_int_equal(connections_sweep(c, S(1000009)), S(1000010).ns);
	assert_false(is_shut(&clients[0]));
	assert_int_equal(connections_sweep(c, S(1000010)), S(1000021).ns);
	assert_true(is_shut(&clients[0]));
	assert_int_equal(connections_sweep(c, S(1000021)), S(1000092).ns);
	assert_true(is_shut(&clients[1]) && !is_shut(&clients[2]));
	assert_int_equal(connections_sweep(c, S(1000092)), INT64_MAX);
	assert_true(is_shut(&clients[2]));
	for (int i = 0; i < 3; i++)
		go(c, &clients[i]);
	connections_free(c);
}

static const struct {
	const char *pid, *count, *names;
	size_t found;
	const char *first, *last;
} handed[] = {
	{"42", "1", NULL, 1, "unknown", "unknown"},
	{"42", "2", "metrics:admin", 2, "metrics", "admin"},
	{"42", "3", "metrics::", 3, "metrics", "unknown"},
	{"42", "3", "a", 3, "a", "unknown"},
	{"42", "99", "a", INHERIT_MAX, "a", "unknown"},
	{"41", "1", NULL, 0, NULL, NULL},
	{"42", "0", NULL, 0, NULL, NULL},
	{"42", "-1", NULL, 0, NULL, NULL},
	{"42", "1x", NULL, 0, NULL, NULL},
	{"42", "", NULL, 0, NULL, NULL},
	{"42", NULL, NULL, 0, NULL, NULL},
	{NULL, "1", NULL, 0, NULL, NULL},
	{" 42", "1", NULL, 0, NULL, NULL},
	{"99999999999999999999", "1", NULL, 0, NULL, NULL},
};

static void
sockets_that_are_handed_over_are_counted_and_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(handed) / sizeof(handed[0]); i++) {
		struct inherited out;

		inherit_read(handed[i].pid, handed[i].count, handed[i].names,
		    42, &out);
		if (out.count != handed[i].found)
			fail_msg("row %zu: %zu", i, out.count);
		if (out.count == 0)
			continue;
		assert_string_equal(out.name[0], handed[i].first);
		assert_string_equal(out.name[out.count - 1], handed[i].last);
	}
}

static const struct {
	const char *text, *path;
	unsigned mode;
	const char *group;
} files[] = {
	{"unix:/run/a.sock", "/run/a.sock", 0660, ""},
	{"unix:/run/a.sock,mode=0600", "/run/a.sock", 0600, ""},
	{"unix:/a,mode=666,group=noc", "/a", 0666, "noc"},
	{"unix:/a,group=noc,mode=0666", "/a", 0666, "noc"},
	{"unix:a", NULL, 0, NULL},
	{"unix:", NULL, 0, NULL},
	{"unix:/a,mode=8", NULL, 0, NULL},
	{"unix:/a,mode=01777", NULL, 0, NULL},
	{"unix:/a,mode=", NULL, 0, NULL},
	{"unix:/a,group=", NULL, 0, NULL},
	{"unix:/a,", NULL, 0, NULL},
	{"unix:/a,other=1", NULL, 0, NULL},
	{"unix:/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL, 0, NULL},
};

static void
a_unix_socket_is_read_with_mode_and_group(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct listen_unix out;
		const char *why = "";

		if (listen_unix_read(files[i].text, &out, &why) !=
		    (files[i].path != NULL))
			fail_msg("row %zu: %s", i, why);
		if (files[i].path == NULL) {
			assert_true(why[0] != '\0');
			continue;
		}
		assert_string_equal(out.path, files[i].path);
		assert_int_equal(out.mode, files[i].mode);
		assert_string_equal(out.group, files[i].group);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_prefix_holds_what_begins_with_it),
		cmocka_unit_test(addresses_of_sockets_are_of_one_form),
		cmocka_unit_test(a_rate_allows_a_burst_and_then_its_pace),
		cmocka_unit_test(who_waits_longest_makes_room),
		cmocka_unit_test(
		    one_address_has_so_many_places_and_asks_so_often),
		cmocka_unit_test(every_state_has_its_whole_time),
		cmocka_unit_test(
		    sockets_that_are_handed_over_are_counted_and_named),
		cmocka_unit_test(a_unix_socket_is_read_with_mode_and_group),
	};

	return cmocka_run_group_tests_name("before a listener", tests, NULL,
	    NULL);
}
