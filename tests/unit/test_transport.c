/* SPDX-License-Identifier: ISC */
/* The socket to the SNMP master: nothing about it waits without bound. */
#include "agent/transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/snmp_transport.h>

#include "agent/master.h"
#include "license/base/buf.h"
#include "license/base/clock.h"

enum { CLIENTS = 16 };

static char directory[64], path[80];
static struct master master;

static void
set_master(const char *text)
{
	struct buf error;

	buf_init(&error, 512);
	assert_true(master_parse(text, &master, &error));
	buf_fini(&error);
	transport_init(&master);
}

/* Where the next transport_init() points; accepts nobody by itself. */
static int
listen_there(int backlog)
{
	int fd = socket(master.address.ss_family, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&master.address,
	    master.len), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static netsnmp_transport *
connect_it(void)
{
	return netsnmp_tdomain_transport(TRANSPORT_NAME, 0, NULL);
}

static void
close_it(netsnmp_transport *t)
{
	t->f_close(t);
	netsnmp_transport_free(t);
}

static int64_t
now_ms(void)
{
	return clock_boot().ns / 1000000;
}

static int
set_up(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/transport.XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/master", directory);
	set_master(path);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	unlink(path);
	netsnmp_clear_tdomain_list();
	return rmdir(directory);
}

static void
why_it_does_not_connect_is_told(void **state)
{
	(void)state;
	assert_null(connect_it());
	assert_int_equal(transport_error(), ENOENT);
	close(listen_there(1));
	assert_null(connect_it());
	assert_int_equal(transport_error(), ECONNREFUSED);
}

static void
a_full_queue_is_not_waited_for(void **state)
{
	netsnmp_transport *t[CLIENTS];
	int listener = listen_there(1), count = 0;
	int64_t before = now_ms();

	(void)state;
	while (count < CLIENTS && (t[count] = connect_it()) != NULL)
		count++;
	assert_in_range(count, 1, CLIENTS - 1);
	assert_int_equal(transport_error(), EAGAIN);
	assert_in_range(now_ms() - before, 0, 1000);
	while (count > 0)
		close_it(t[--count]);
	close(listener);
}

/* A queue of TCP drops what it has no room for, in silence. */
static void
a_silent_address_is_left_after_two_seconds(void **state)
{
	netsnmp_transport *t[CLIENTS];
	char text[40];
	socklen_t len = sizeof(master.address);
	int count = 0;

	(void)state;
	memset(&master, 0, sizeof(master));
	master.address.ss_family = AF_INET;
	master.len = sizeof(struct sockaddr_in);
	((struct sockaddr_in *)&master.address)->sin_addr.s_addr =
	    htonl(INADDR_LOOPBACK);
	int listener = listen_there(0);
	getsockname(listener, (struct sockaddr *)&master.address, &len);
	snprintf(text, sizeof(text), "tcp:127.0.0.1:%d",
	    ntohs(((struct sockaddr_in *)&master.address)->sin_port));
	netsnmp_clear_tdomain_list();
	set_master(text);

	int64_t before = now_ms();
	while (count < CLIENTS && (t[count] = connect_it()) != NULL) {
		count++;
		before = now_ms();
	}
	assert_in_range(count, 1, CLIENTS - 1);
	assert_int_equal(transport_error(), ETIMEDOUT);
	assert_in_range(now_ms() - before, 1900, 6000);
	while (count > 0)
		close_it(t[--count]);
	close(listener);
}

static void
a_full_buffer_ends_the_session_after_a_second(void **state)
{
	static char pdu[20000];
	void *opaque = NULL;
	int listener = listen_there(1), len = 0, sent = 0;
	netsnmp_transport *t = connect_it();
	int64_t before = now_ms();

	(void)state;
	assert_non_null(t);
	while (t->f_send(t, pdu, sizeof(pdu), &opaque, &len) ==
	    sizeof(pdu)) {
		before = now_ms();
		assert_in_range(++sent, 1, 10000);
	}
	assert_in_range(now_ms() - before, 900, 5000);
	/* What was cut off must not be followed by another PDU. */
	assert_int_equal(t->f_recv(t, pdu, sizeof(pdu), &opaque, &len), 0);
	assert_int_equal(t->flags & NETSNMP_TRANSPORT_FLAG_EMPTY_PKT, 0);
	assert_int_equal(t->f_send(t, pdu, 1, &opaque, &len), -1);
	close_it(t);
	close(listener);
}

static void
reading_without_need_is_not_the_end(void **state)
{
	char got[10];
	void *opaque = NULL;
	int listener = listen_there(1), len = 0;
	netsnmp_transport *t = connect_it();
	int peer = accept(listener, NULL, NULL);

	(void)state;
	assert_int_equal(t->f_recv(t, got, sizeof(got), &opaque, &len), 0);
	assert_int_not_equal(t->flags & NETSNMP_TRANSPORT_FLAG_EMPTY_PKT, 0);
	t->flags &= ~(unsigned)NETSNMP_TRANSPORT_FLAG_EMPTY_PKT;
	assert_int_equal(send(peer, "abc", 3, 0), 3);
	assert_int_equal(t->f_recv(t, got, sizeof(got), &opaque, &len), 3);
	close(peer);
	assert_int_equal(t->f_recv(t, got, sizeof(got), &opaque, &len), 0);
	assert_int_equal(t->flags & NETSNMP_TRANSPORT_FLAG_EMPTY_PKT, 0);
	close_it(t);
	close(listener);
}

static void
another_socket_on_the_path_is_noticed(void **state)
{
	int first = listen_there(1);
	netsnmp_transport *t = connect_it();

	(void)state;
	assert_false(transport_replaced());
	assert_int_equal(chmod(path, 0600), 0);
	assert_false(transport_replaced());
	unlink(path);
	assert_false(transport_replaced()); /* the first still answers */
	int second = listen_there(1);
	assert_true(transport_replaced());
	close_it(t);
	t = connect_it();
	assert_false(transport_replaced());
	close_it(t);
	close(first);
	close(second);
}

static void *
forbid(void *unused)
{
	usleep(200000);
	transport_forbid();
	return unused;
}

/* As a thread that waits for an answer is freed at the end. */
static void
another_thread_can_end_it(void **state)
{
	pthread_t thread;
	char got[10];
	int listener = listen_there(1);
	netsnmp_transport *t = connect_it();

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, forbid, NULL), 0);
	assert_int_equal(fcntl(t->sock, F_SETFL, 0), 0);
	assert_int_equal(recv(t->sock, got, sizeof(got), 0), 0);
	pthread_join(thread, NULL);
	close_it(t);
	transport_cut(); /* of nothing */
	assert_null(connect_it());
	assert_int_equal(transport_error(), ECANCELED);
	close(listener);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_A_PATH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		WITH_A_PATH(why_it_does_not_connect_is_told),
		WITH_A_PATH(a_full_queue_is_not_waited_for),
		WITH_A_PATH(a_silent_address_is_left_after_two_seconds),
		WITH_A_PATH(a_full_buffer_ends_the_session_after_a_second),
		WITH_A_PATH(reading_without_need_is_not_the_end),
		WITH_A_PATH(another_socket_on_the_path_is_noticed),
		WITH_A_PATH(another_thread_can_end_it),
	};

	return cmocka_run_group_tests_name("transport", tests, NULL, NULL);
}
