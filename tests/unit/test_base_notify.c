/* SPDX-License-Identifier: ISC */
/* The notify socket, by path and abstract, and the watchdog variables. */
#include "license/base/notify.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static int
manager(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	size_t len = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	memcpy(at.sun_path, name, len);
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&at, (socklen_t)(
	    offsetof(struct sockaddr_un, sun_path) + len)), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void
a_state_is_one_datagram(void **state)
{
	(void)state;
	char directory[] = "./test_notify.XXXXXX";
	char names[2][100];

	assert_non_null(mkdtemp(directory));
	char *here = realpath(directory, NULL);
	assert_non_null(here);
	snprintf(names[0], sizeof(names[0]), "%s/s", here);
	free(here);
	snprintf(names[1], sizeof(names[1]), "@test_notify.%d", (int)getpid());
	for (int i = 0; i < 2; i++) {
		char got[64] = "";
		int fd = manager(names[i]);
		assert_int_equal(notify_send("READY=1\nSTATUS=fine"), 0);
		assert_int_equal(recv(fd, got, sizeof(got) - 1, 0), 19);
		assert_string_equal(got, "READY=1\nSTATUS=fine");
		close(fd);
	}
	unlink(names[0]);
	rmdir(directory);
}

static void
a_manager_that_does_not_read_never_blocks(void **state)
{
	(void)state;
	char name[64];
	int result = 0;

	snprintf(name, sizeof(name), "@test_notify_full.%d", (int)getpid());
	int fd = manager(name);
	alarm(20);
	for (int i = 0; i < 100000 && result == 0; i++)
		result = notify_send("WATCHDOG=1");
	alarm(0);
	assert_int_equal(result, -1);
	assert_int_equal(errno, EAGAIN);
	close(fd);
}

static void
without_a_manager_nothing_is_done(void **state)
{
	(void)state;
	char longer[300];

	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_send("READY=1"), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	assert_int_equal(notify_send("READY=1"), 0);
	setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
	assert_int_equal(notify_send("READY=1"), -1);
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(notify_send("READY=1"), -1);
	assert_int_equal(errno, EAFNOSUPPORT);
	memset(longer, '/', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	setenv("NOTIFY_SOCKET", longer, 1);
	assert_int_equal(notify_send("READY=1"), -1);
	unsetenv("NOTIFY_SOCKET");
}

static void
the_watchdog_is_half_of_its_time_and_only_ours(void **state)
{
	(void)state;
	static const struct {
		const char *usec;
		int64_t seconds;
	} rows[] = {{"60000000", 30}, {"1000", 1}, {"3000000", 1}, {"0", 0},
		{"-5000000", 0}, {"60s", 0}, {"", 0}, {" 60000000", 0},
		{"99999999999999999999999", 0}};
	char pid[32];

	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
	assert_int_equal(notify_watchdog_s(), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		setenv("WATCHDOG_USEC", rows[i].usec, 1);
		assert_int_equal(notify_watchdog_s(), rows[i].seconds);
	}
	setenv("WATCHDOG_USEC", "60000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(notify_watchdog_s(), 0);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_watchdog_s(), 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_is_one_datagram),
		cmocka_unit_test(a_manager_that_does_not_read_never_blocks),
		cmocka_unit_test(without_a_manager_nothing_is_done),
		cmocka_unit_test(
		    the_watchdog_is_half_of_its_time_and_only_ours),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
