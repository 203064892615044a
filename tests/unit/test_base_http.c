/* SPDX-License-Identifier: ISC */
/* The listener, asked through plain sockets on loopback. */
#include "license/base/http.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "license/base/buf.h"

static void
serve_hello(void *self, struct http_exchange *exchange)
{
	static const struct http_header_line line = {"X-Extra", "yes"};

	http_reply(exchange, 200, "text/plain", self, strlen(self), &line, 1);
}

static void
serve_echo(void *self, struct http_exchange *exchange)
{
	char text[200];
	size_t len;
	const char *body = http_body(exchange, &len);
	const char *header = http_header(exchange, "x-ask");

	(void)self;
	int n = snprintf(text, sizeof(text), "%zu|%s|%s|%s", len, body,
	    header == NULL ? "none" : header, http_peer(exchange));
	http_reply(exchange, 201, "text/plain", text, (size_t)n, NULL, 0);
}

static void
serve_joined(void *self, struct http_exchange *exchange)
{
	struct buf text;

	(void)self;
	buf_init(&text, 400);
	if (!http_header_join(exchange, "x-many", &text))
		buf_puts(&text, "none");
	http_reply(exchange, 200, "text/plain", text.data, text.len, NULL, 0);
	buf_fini(&text);
}

static void *
answer_later(void *exchange)
{
	usleep(30000);
	serve_echo(NULL, exchange);
	return NULL;
}

static void
serve_later(void *self, struct http_exchange *exchange)
{
	pthread_t thread;

	(void)self;
	pthread_create(&thread, NULL, answer_later, exchange);
	pthread_detach(thread);
}

static char hello[] = "hello\n";
static const struct http_route routes[] = {
	{.path = "/hello", .serve = serve_hello, .self = hello},
	{.path = "/joined", .serve = serve_joined},
	{.path = "/echo", .post = true, .body_max = 10, .serve = serve_echo},
	{.path = "/later", .post = true, .deferred = true, .body_max = 10,
	    .serve = serve_later},
	{.path = "/now", .post = true, .deferred = true, .body_max = 10,
	    .serve = serve_echo},
	{.path = "/wait", .deferred = true, .serve = serve_later},
};

static struct http_listener *listener;
static unsigned short port;

static int
listen_with(struct http_options options)
{
	struct buf error;

	options.routes = routes;
	options.route_count = sizeof(routes) / sizeof(routes[0]);
	buf_init(&error, 500);
	listener = http_listen(&options, &error);
	if (listener == NULL)
		print_error("%s\n", buf_text(&error));
	buf_fini(&error);
	if (listener == NULL)
		return -1;
	port = (unsigned short)strtoul(strrchr(http_address(listener), ':') + 1,
	    NULL, 10);
	return 0;
}

static int
set_up(void **state)
{
	(void)state;
	return listen_with((struct http_options){.listen = "127.0.0.1:0"});
}

static int
tear_down(void **state)
{
	(void)state;
	http_stop(listener);
	listener = NULL;
	return 0;
}

static int
dial(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct timeval bound = {.tv_sec = 15};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof(bound));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* All that comes until the other side closes; false when it does not. */
static bool
drain(int fd, char *out, size_t size)
{
	size_t len = 0;
	ssize_t n = 0;

	while (len + 1 < size &&
	    (n = recv(fd, out + len, size - 1 - len, 0)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	return n <= 0 && strlen(out) == len;
}

static void
ask(const char *request, char *out, size_t size)
{
	int fd = dial();

	send(fd, request, strlen(request), MSG_NOSIGNAL);
	assert_true(drain(fd, out, size));
	close(fd);
}

#define HOST "Host: x\r\n"
#define LAST HOST "Connection: close\r\n"

/* Each answer begins with ${status}, has ${part}, has not ${absent}. */
static const struct {
	const char *request, *status, *part, *absent;
} rows[] = {
	{"GET /hello HTTP/1.1\r\n" LAST "\r\n", "HTTP/1.1 200 ",
	    "\r\n\r\nhello\n", "Date:"},
	{"GET /hello?a=%00b HTTP/1.1\r\n" LAST "\r\n", "HTTP/1.1 200 ",
	    "X-Extra: yes\r\n", NULL},
	{"HEAD /hello HTTP/1.1\r\n" LAST "\r\n", "HTTP/1.1 200 ",
	    "Content-Length: 6\r\n", "\r\n\r\nhello"},
	{"GET /nope HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404 ",
	    "Connection: close", "Allow:"},
	{"GET /%68ello HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404 ", NULL, NULL},
	{"GET /hello/ HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404 ", NULL, NULL},
	{"DELETE /hello HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 405 ",
	    "Allow: GET, HEAD\r\n", NULL},
	{"BREW /hello HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 405 ",
	    "Connection: close", NULL},
	{"POST /hello HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx",
	    "HTTP/1.1 405 ", "Allow: GET, HEAD\r\n", NULL},
	{"GET /echo HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 405 ",
	    "Allow: POST\r\n", NULL},
	{"GET /hello HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx",
	    "HTTP/1.1 413 ", "Connection: close", NULL},
	{"POST /echo HTTP/1.1\r\n" LAST
	 "X-Ask: q\r\nContent-Length: 10\r\n\r\n0123456789",
	    "HTTP/1.1 201 ", "10|0123456789|q|127.0.0.1", NULL},
	{"POST /echo HTTP/1.1\r\n" LAST "Content-Length: 0\r\n\r\n",
	    "HTTP/1.1 201 ", "0||none|127.0.0.1", NULL},
	{"POST /echo HTTP/1.1\r\n" LAST "Content-Length: 11\r\n\r\n01234567890",
	    "HTTP/1.1 413 ", "Connection: close", NULL},
	{"POST /echo HTTP/1.1\r\n" LAST "Content-Length: 9999999999999\r\n\r\n",
	    "HTTP/1.1 413 ", NULL, NULL},
	{"POST /echo HTTP/1.1\r\n" LAST "Transfer-Encoding: chunked\r\n\r\n"
	 "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "HTTP/1.1 201 ", "5|abcde|", NULL},
	{"POST /echo HTTP/1.1\r\n" LAST "Transfer-Encoding: chunked\r\n\r\n"
	 "8\r\nabcdefgh\r\n8\r\nabcdefgh\r\n0\r\n\r\n", "HTTP/1.1 413 ", NULL,
	    "abcd"},
	{"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1\r\n"
	 "Content-Length: 2\r\n\r\nxy", "HTTP/1.1 400 ", "Connection: close",
	    NULL},
	{"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1\r\n"
	 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400 ",
	    "Connection: close", NULL},
	{"POST /later HTTP/1.1\r\n" LAST "Content-Length: 2\r\n\r\nab",
	    "HTTP/1.1 201 ", "2|ab|none|127.0.0.1", NULL},
	{"POST /now HTTP/1.1\r\n" LAST "Content-Length: 2\r\n\r\nab",
	    "HTTP/1.1 201 ", "2|ab|none|127.0.0.1", NULL},
	{"GET /wait HTTP/1.1\r\n" LAST "\r\n", "HTTP/1.1 201 ", "0||none|",
	    NULL},
	{"GET /hello HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", NULL, "hello"},
};

static void
every_request_gets_its_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[4096];
		ask(rows[i].request, out, sizeof(out));
		if (strncmp(out, rows[i].status, strlen(rows[i].status)) != 0 ||
		    (rows[i].part && strstr(out, rows[i].part) == NULL) ||
		    (rows[i].absent && strstr(out, rows[i].absent) != NULL))
			fail_msg("row %zu: %s", i, out);
	}
}

static void
a_connection_is_kept_over_good_requests(void **state)
{
	(void)state;
	char out[4096];
	int count = 0;

	ask("GET /hello HTTP/1.1\r\n" HOST "\r\n"
	    "POST /later HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nz"
	    "GET /wait HTTP/1.1\r\n" HOST "\r\n"
	    "GET /hello HTTP/1.1\r\n" LAST "\r\n", out, sizeof(out));
	for (const char *p = out; (p = strstr(p, "HTTP/1.1 20")) != NULL; p++)
		count++;
	assert_int_equal(count, 4);
}

static void
what_follows_a_refused_request_is_not_read(void **state)
{
	(void)state;
	char out[4096];

	ask("POST /hello HTTP/1.1\r\n" HOST "Content-Length: 40\r\n\r\n"
	    "GET /hello HTTP/1.1\r\n" LAST "\r\n", out, sizeof(out));
	assert_memory_equal(out, "HTTP/1.1 405 ", 13);
	assert_null(strstr(out + 1, "HTTP/1.1"));
}

static void
the_lines_of_a_header_are_joined_in_their_order(void **state)
{
	(void)state;
	char out[4096];

	ask("GET /joined HTTP/1.1\r\n" HOST "X-Many: 1, 2\r\nX-Other: no\r\n"
	    "x-many: 3\r\nX-MANY:\r\nX-Many: 4\r\n" LAST "\r\n", out,
	    sizeof(out));
	assert_non_null(strstr(out, "\r\n\r\n1, 2,3,,4"));
	ask("GET /joined HTTP/1.1\r\n" LAST "\r\n", out, sizeof(out));
	assert_non_null(strstr(out, "\r\n\r\nnone"));
}

static void
a_header_too_large_is_refused(void **state)
{
	(void)state;
	char out[4096];
	char *request = malloc(70000);

	assert_non_null(request);
	int n = snprintf(request, 100, "GET /hello HTTP/1.1\r\n" HOST "X: ");
	memset(request + n, 'a', 40000);
	memcpy(request + n + 40000, "\r\n\r\n", 5);
	ask(request, out, sizeof(out));
	free(request);
	assert_true(out[0] == '\0' || strncmp(out, "HTTP/1.1 4", 10) == 0);
	ask("GET /hello HTTP/1.1\r\n" LAST "\r\n", out, sizeof(out));
	assert_memory_equal(out, "HTTP/1.1 200 ", 13);
}

static void
an_endless_body_is_cut_off(void **state)
{
	(void)state;
	static const char head[] = "POST /echo HTTP/1.1\r\n" LAST
	    "Transfer-Encoding: chunked\r\n\r\n";
	char chunk[1024 + 8] = "400\r\n";
	int fd = dial();
	int sent = 0;

	memset(chunk + 5, 'x', 1024);
	memcpy(chunk + 5 + 1024, "\r\n", 2);
	assert_int_equal(send(fd, head, strlen(head), 0), strlen(head));
	while (sent < 100000 && send(fd, chunk, 1031, MSG_NOSIGNAL) == 1031)
		sent++;
	close(fd);
	assert_true(sent < 100000);
}

static void
a_silent_client_is_dropped_and_does_not_hold_up_others(void **state)
{
	(void)state;
	char out[4096];

	tear_down(NULL);
	assert_int_equal(listen_with((struct http_options){
	    .listen = "127.0.0.1:0", .timeout_s = 1}), 0);
	int slow = dial();
	assert_int_equal(send(slow, "GET /hel", 8, 0), 8);
	ask("GET /hello HTTP/1.1\r\n" LAST "\r\n", out, sizeof(out));
	assert_memory_equal(out, "HTTP/1.1 200 ", 13);
	assert_true(drain(slow, out, sizeof(out)));
	assert_null(strstr(out, "hello"));
	close(slow);
}

static void
connections_of_one_address_are_limited(void **state)
{
	(void)state;
	char out[4096];
	int fds[2];

	tear_down(NULL);
	assert_int_equal(listen_with((struct http_options){
	    .listen = "127.0.0.1:0", .connections_per_address = 2}), 0);
	for (int i = 0; i < 2; i++) {
		fds[i] = dial();
		assert_int_equal(send(fds[i], "GET", 3, 0), 3);
	}
	/* Who has waited longest makes room; the other goes on. */
	ask("GET /hello HTTP/1.1\r\n" LAST "\r\n", out, sizeof(out));
	assert_memory_equal(out, "HTTP/1.1 200 ", 13);
	assert_true(drain(fds[0], out, sizeof(out)));
	assert_string_equal(out, "");
	static const char rest[] = " /hello HTTP/1.1\r\n" LAST "\r\n";
	assert_int_equal(send(fds[1], rest, sizeof(rest) - 1, 0),
	    sizeof(rest) - 1);
	assert_true(drain(fds[1], out, sizeof(out)));
	assert_memory_equal(out, "HTTP/1.1 200 ", 13);
	close(fds[0]);
	close(fds[1]);
}

static void *
ask_often(void *arg)
{
	int *good = arg;

	for (int i = 0; i < 20; i++) {
		char out[4096];
		ask("POST /later HTTP/1.1\r\n" LAST
		    "Content-Length: 2\r\n\r\nab", out, sizeof(out));
		*good += strstr(out, "2|ab|") != NULL;
	}
	return NULL;
}

static void
deferred_answers_come_with_several_threads(void **state)
{
	(void)state;
	pthread_t threads[8];
	int good[8] = {0};

	tear_down(NULL);
	assert_int_equal(listen_with((struct http_options){
	    .listen = "127.0.0.1:0", .threads = 2}), 0);
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, ask_often, &good[i]);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(good[i], 20);
	}
}

static void
a_client_that_leaves_before_a_deferred_answer_harms_nobody(void **state)
{
	(void)state;
	char out[4096];

	for (int i = 0; i < 20; i++) {
		int fd = dial();
		send(fd, "GET /wait HTTP/1.1\r\n" HOST "\r\n", 31,
		    MSG_NOSIGNAL);
		close(fd);
	}
	usleep(200000);
	ask("GET /wait HTTP/1.1\r\n" LAST "\r\n", out, sizeof(out));
	assert_memory_equal(out, "HTTP/1.1 201 ", 13);
}

static const struct {
	const char *listen, *part;
} addresses[] = {
	{"", "numeric"}, {"10014", "numeric"}, {":10014", "numeric"},
	{"127.0.0.1", "numeric"}, {"127.0.0.1:", "numeric"},
	{"localhost:1", "numeric"}, {"127.0.0.1:65536", "numeric"},
	{"127.0.0.1:-1", "numeric"}, {"::1:80", "numeric"},
	{"[::1]", "numeric"}, {"[127.0.0.1]:80", "numeric"},
	{"a\x1B[2J:1", "\\x1B"}, {"192.0.2.1:0", "192.0.2.1:0: "},
};

static size_t
open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

static void
an_address_that_cannot_be_had_is_named(void **state)
{
	(void)state;
	char taken[64];
	struct buf error;
	size_t before = open_descriptors();

	buf_init(&error, 500);
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct http_options options = {.listen = addresses[i].listen};
		buf_clear(&error);
		assert_null(http_listen(&options, &error));
		if (strstr(buf_text(&error), addresses[i].part) == NULL)
			fail_msg("row %zu: %s", i, buf_text(&error));
	}
	snprintf(taken, sizeof(taken), "%s", http_address(listener));
	buf_clear(&error);
	assert_null(http_listen(&(struct http_options){.listen = taken},
	    &error));
	assert_non_null(strstr(buf_text(&error), "in use"));
	buf_fini(&error);
	assert_int_equal(open_descriptors(), before);
}

static void
a_stopped_listener_leaves_no_descriptor(void **state)
{
	(void)state;
	tear_down(NULL);
	size_t before = open_descriptors();

	for (int i = 0; i < 5; i++) {
		assert_int_equal(listen_with((struct http_options){
		    .listen = "127.0.0.1:0"}), 0);
		tear_down(NULL);
	}
	assert_int_equal(open_descriptors(), before);
}

static void
the_bound_address_is_told(void **state)
{
	(void)state;
	char out[4096];

	assert_memory_equal(http_address(listener), "127.0.0.1:", 10);
	assert_true(port > 0);
	tear_down(NULL);
	if (listen_with((struct http_options){.listen = "[::]:0"}) == -1) {
		print_message("skipped: a machine without IPv6\n");
		skip();
	}
	assert_memory_equal(http_address(listener), "[::]:", 5);
	ask("POST /echo HTTP/1.1\r\n" LAST "Content-Length: 1\r\n\r\nx", out,
	    sizeof(out));
	/* Mapped into IPv6 on its way, and back for us. */
	assert_non_null(strstr(out, "1|x|none|127.0.0.1"));
}

#define LISTENING(test) \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LISTENING(every_request_gets_its_answer),
		LISTENING(a_connection_is_kept_over_good_requests),
		LISTENING(what_follows_a_refused_request_is_not_read),
		LISTENING(the_lines_of_a_header_are_joined_in_their_order),
		LISTENING(a_header_too_large_is_refused),
		LISTENING(an_endless_body_is_cut_off),
		LISTENING(
		    a_silent_client_is_dropped_and_does_not_hold_up_others),
		LISTENING(connections_of_one_address_are_limited),
		LISTENING(deferred_answers_come_with_several_threads),
		LISTENING(
		    a_client_that_leaves_before_a_deferred_answer_harms_nobody),
		LISTENING(an_address_that_cannot_be_had_is_named),
		LISTENING(a_stopped_listener_leaves_no_descriptor),
		LISTENING(the_bound_address_is_told),
	};

	alarm(300);
	return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
