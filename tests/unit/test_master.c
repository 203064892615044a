/* SPDX-License-Identifier: ISC */
/* Where the SNMP master listens: every form, and what is none. */
#include "agent/master.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "license/base/buf.h"

static bool
parse(const char *text, struct master *out)
{
	struct buf error;

	buf_init(&error, 512);
	bool good = master_parse(text, out, &error);
	assert_int_equal(good, buf_text(&error)[0] == '\0');
	buf_fini(&error);
	return good;
}

static void
a_path_is_a_unix_socket(void **state)
{
	struct master m;

	(void)state;
	assert_true(parse("/var/agentx/master", &m));
	assert_string_equal(master_path(&m), "/var/agentx/master");
	assert_true(parse("unix:/run/a", &m));
	assert_string_equal(master_path(&m), "/run/a");
	assert_false(parse("unix:run/a", &m));
	assert_false(parse("", &m));
}

static void
a_path_has_at_most_107_bytes(void **state)
{
	char path[120];
	struct master m;

	(void)state;
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[107] = '\0';
	assert_true(parse(path, &m));
	path[107] = 'a';
	path[108] = '\0';
	assert_false(parse(path, &m));
}

static void
tcp_takes_numbers_and_localhost(void **state)
{
	const struct sockaddr_in *v4;
	const struct sockaddr_in6 *v6;
	struct master m;

	(void)state;
	v4 = (const struct sockaddr_in *)&m.address;
	v6 = (const struct sockaddr_in6 *)&m.address;
	assert_true(parse("tcp:localhost:705", &m));
	assert_null(master_path(&m));
	assert_int_equal(m.len, sizeof(*v4));
	assert_int_equal(ntohs(v4->sin_port), 705);
	assert_int_equal(ntohl(v4->sin_addr.s_addr), INADDR_LOOPBACK);
	assert_true(parse("tcp:192.0.2.1:65535", &m));
	assert_true(parse("tcp6:[2001:db8::1]:705", &m));
	assert_int_equal(m.address.ss_family, AF_INET6);
	assert_int_equal(ntohs(v6->sin6_port), 705);
	assert_true(parse("tcp6:localhost:705", &m));
}

static void
what_is_no_place_is_refused(void **state)
{
	static const char *const bad[] = {"705", "tcp:705", "tcp:host:705",
		"tcp:127.0.0.1", "tcp:127.0.0.1:", "tcp:127.0.0.1:0",
		"tcp:127.0.0.1:65536", "tcp:127.0.0.1:7x", "tcp6:127.0.0.1:1",
		"tcp:[::1]:705", "udp:127.0.0.1:705", "localhost:705",
		"tcp::705", "tcp:127.0.0.1:705 ",
		"tcp:1111111111111111111111111111111111111111111111111111:1"};
	struct master m;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(parse(bad[i], &m));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_is_a_unix_socket),
		cmocka_unit_test(a_path_has_at_most_107_bytes),
		cmocka_unit_test(tcp_takes_numbers_and_localhost),
		cmocka_unit_test(what_is_no_place_is_refused),
	};

	return cmocka_run_group_tests_name("master", tests, NULL, NULL);
}
