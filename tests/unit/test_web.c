/* SPDX-License-Identifier: ISC */
/*
 * Goal: what HTTP serves: a page that is never older than its second, and a
 * health that a stepping clock does not fool. The clock is this file's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "exporter/web.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/facts.h"

static atomic_llong wall_s = 1795572900, boot_s = 1000;

utc_t
clock_wall(void)
{
	return (utc_t){atomic_load(&wall_s)};
}

int64_t
clock_wall_ms(void)
{
	return atomic_load(&wall_s) * 1000;
}

mono_t
clock_boot(void)
{
	return (mono_t){atomic_load(&boot_s) * 1000000000};
}

void
clock_boot_id(char out[static CLOCK_BOOT_ID_SIZE])
{
	memset(out, 'b', CLOCK_BOOT_ID_SIZE - 1);
	out[CLOCK_BOOT_ID_SIZE - 1] = '\0';
}

static void
pass(int64_t s)
{
	atomic_fetch_add(&wall_s, s);
	atomic_fetch_add(&boot_s, s);
}

struct serving {
	struct board board;
	struct web *web;
};

static void
publish(struct serving *s)
{
	struct license_facts model = {.index = 1, .source = SOURCE_AUTHORITY,
		.configured = {-1, -1, -1, -1, -1, -1, -1, -1},
		.last_result = RESULT_NEVER, .last_refusal = REFUSAL_NONE,
		.last_duration_ms = -1, .on_change_exit = -1,
		.since = clock_wall()};
	struct facts *facts = facts_new(1);

	assert_non_null(facts);
	text_copy(model.name, sizeof(model.name), "edge1");
	facts->agent.start = clock_wall();
	facts->licenses[0] = license_facts_new(&model);
	board_publish(&s->board, facts);
}

static int
start(void **state)
{
	static const char *const listen[] = {"127.0.0.1:0", "[::1]:0"};
	static struct serving serving;
	struct web_options options = {.listen = listen, .listen_count = 1,
		.revision = "abc"};
	struct buf error;

	buf_init(&error, 1024);
	board_init(&serving.board);
	serving.web = web_start(&options, &serving.board, &error);
	if (serving.web == NULL)
		fail_msg("%s", buf_text(&error));
	buf_fini(&error);
	*state = &serving;
	return 0;
}

static int
stop(void **state)
{
	struct serving *s = *state;

	web_stop(s->web);
	board_fini(&s->board);
	return 0;
}

static void
beat(struct serving *s)
{
	atomic_store(&s->board.counters.heartbeat_s, clock_wall().s);
}

/* The status; the whole answer to "METHOD PATH" and headers is in ${out}. */
static int
ask(struct serving *s, const char *what, const char *headers, struct buf *out)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	char request[256], bytes[4096];
	int status = 0, fd = socket(AF_INET, SOCK_STREAM, 0);
	ssize_t n;

	address.sin_port = htons((uint16_t)strtol(
	    strrchr(web_address(s->web, 0), ':') + 1, NULL, 10));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(0, connect(fd, (struct sockaddr *)&address,
		sizeof(address)));
	snprintf(request, sizeof(request), "%s HTTP/1.1\r\nHost: a\r\n"
	    "Connection: close\r\n%s\r\n", what, headers);
	assert_int_equal((ssize_t)strlen(request),
	    send(fd, request, strlen(request), 0));
	buf_init(out, 1048576);
	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		buf_add(out, bytes, (size_t)n);
	close(fd);
	assert_int_equal(1, sscanf(buf_text(out), "HTTP/1.1 %d", &status));
	return status;
}

static int
get(struct serving *s, const char *path, struct buf *out)
{
	char what[128];

	snprintf(what, sizeof(what), "GET %s", path);
	return ask(s, what, "", out);
}

static int
status_of(struct serving *s, const char *path)
{
	struct buf out;
	int status = get(s, path, &out);

	buf_fini(&out);
	return status;
}

static void
it_is_ready_once_there_are_facts(void **state)
{
	struct serving *s = *state;

	assert_int_equal(503, status_of(s, "/readyz"));
	assert_int_equal(503, status_of(s, "/metrics"));
	publish(s);
	assert_int_equal(200, status_of(s, "/readyz"));
	assert_int_equal(200, status_of(s, "/metrics"));
}

static void
its_paths_are_these(void **state)
{
	struct buf out;

	publish(*state);
	assert_int_equal(200, get(*state, "/", &out));
	assert_non_null(strstr(buf_text(&out), "text/html"));
	assert_non_null(strstr(buf_text(&out), "/metrics"));
	buf_fini(&out);
	assert_int_equal(200, get(*state, "/metrics?x=y", &out));
	assert_non_null(strstr(buf_text(&out), "version=0.0.4"));
	assert_non_null(strstr(buf_text(&out),
	    "license_state{license=\"edge1\",state=\"missing\"} 1\n"));
	assert_non_null(strstr(buf_text(&out), "revision=\"abc\"} 1\n"));
	buf_fini(&out);
	assert_int_equal(404, status_of(*state, "/metrics/"));
	assert_int_equal(404, status_of(*state, "/etc/passwd"));
}

#define OPEN "Accept: application/openmetrics-text;version=1.0.0"

static const struct {
	const char *what, *headers;
	const char *has[4], *has_not;
} formats[] = {
	{"GET /metrics", "",
	    {"\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n",
		"\r\nVary: Accept, Accept-Encoding\r\n",
		"\n# TYPE license_refresh_attempts_total counter\n"},
	    "Content-Encoding"},
	{"GET /metrics", OPEN "\r\n",
	    {"\r\nContent-Type: application/openmetrics-text; version=1.0.0; "
	     "charset=utf-8\r\n", "\r\nVary: Accept, Accept-Encoding\r\n",
		"\n# TYPE license_refresh_attempts counter\n", "\n# EOF\n"},
	    "escaping"},
	{"GET /metrics", OPEN ";escaping=allow-utf-8\r\n",
	    {"version=1.0.0; charset=utf-8; escaping=underscores\r\n"}, "allow-utf-8"},
	/* Two lines are one list. */
	{"GET /metrics", "Accept: text/plain;q=0.5\r\n" OPEN ";q=0.6\r\n",
	    {"\r\nContent-Type: application/openmetrics-text;"}, "0.0.4"},
	{"GET /metrics", "Accept: image/png\r\n",
	    {"\r\nContent-Type: text/plain; version=0.0.4;"}, "openmetrics"},
	{"GET /metrics", "Accept-Encoding: gzip\r\n",
	    {"\r\nContent-Encoding: gzip\r\n", "\r\n\r\n\x1f\x8b\x08",
		"\r\nVary: Accept, Accept-Encoding\r\n", "text/plain"},
	    "\n# TYPE"},
	{"GET /metrics", "Accept-Encoding: gzip;q=0\r\n",
	    {"\n# TYPE"}, "Content-Encoding"},
	{"GET /metrics", OPEN "\r\nAccept-Encoding: gzip\r\n",
	    {"\r\nContent-Encoding: gzip\r\n", "openmetrics-text"},
	    "\n# TYPE"},
	{"GET /metrics?name=x&Accept=gzip", "", {"\n# TYPE"}, "gzip"},
	{"HEAD /metrics", "Accept-Encoding: gzip\r\n",
	    {"\r\nContent-Encoding: gzip\r\n", "\r\nContent-Length: "},
	    "\x1f\x8b"},
	{"HEAD /metrics", "", {"text/plain; version=0.0.4"}, "\n# TYPE"},
};

static void
it_is_in_the_format_that_was_asked_for(void **state)
{
	publish(*state);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct buf out;

		assert_int_equal(200, ask(*state, formats[i].what,
			formats[i].headers, &out));
		for (size_t j = 0; j < 4 && formats[i].has[j] != NULL; j++) {
			if (memmem(out.data, out.len, formats[i].has[j],
				strlen(formats[i].has[j])) == NULL)
				fail_msg("%zu: no %s in %s", i,
				    formats[i].has[j], buf_text(&out));
		}
		if (memmem(out.data, out.len, formats[i].has_not,
			strlen(formats[i].has_not)) != NULL)
			fail_msg("%zu: %s", i, formats[i].has_not);
		buf_fini(&out);
	}
}

static void
another_method_is_told_which(void **state)
{
	static const char *const whats[] = {"POST /metrics", "PUT /metrics",
		"DELETE /metrics?x", "OPTIONS /metrics"};
	struct buf out;

	publish(*state);
	for (size_t i = 0; i < sizeof(whats) / sizeof(whats[0]); i++) {
		assert_int_equal(405, ask(*state, whats[i],
			"Content-Length: 0\r\n", &out));
		assert_non_null(strstr(buf_text(&out),
		    "\r\nAllow: GET, HEAD\r\n"));
		buf_fini(&out);
	}
}

static bool
shows_alert(struct serving *s)
{
	struct buf out;

	assert_int_equal(200, get(s, "/metrics", &out));
	bool shown = strstr(buf_text(&out), "\nleaseline_test_alert 1\n") !=
	    NULL;
	buf_fini(&out);
	return shown;
}

static void
a_page_is_rendered_once_a_second_and_never_older(void **state)
{
	struct serving *s = *state;

	publish(s);
	assert_false(shows_alert(s));
	atomic_store(&s->board.counters.test_alert_until_s,
	    clock_wall().s + 300);
	assert_false(shows_alert(s));
	pass(1);
	assert_true(shows_alert(s));
	/* Each format has its own; new facts are another page. */
	struct buf out;
	assert_int_equal(200, ask(s, "GET /metrics", OPEN "\r\n", &out));
	assert_non_null(strstr(buf_text(&out), "\nleaseline_test_alert 1\n"));
	buf_fini(&out);
	atomic_store(&s->board.counters.test_alert_until_s, 0);
	assert_true(shows_alert(s));
	publish(s);
	assert_false(shows_alert(s));
	atomic_store(&s->board.counters.test_alert_until_s,
	    clock_wall().s + 300);
	pass(1);
	assert_true(shows_alert(s));
	/* Back by an hour is another second too. */
	atomic_store(&s->board.counters.test_alert_until_s, 0);
	atomic_fetch_sub(&wall_s, 3600);
	assert_false(shows_alert(s));
}

static void
it_is_ill_when_the_keeper_is_silent(void **state)
{
	struct serving *s = *state;

	assert_int_equal(503, status_of(s, "/healthz"));
	beat(s);
	assert_int_equal(200, status_of(s, "/healthz"));
	pass(WEB_HEARTBEAT_MAX_S);
	assert_int_equal(200, status_of(s, "/healthz"));
	pass(1);
	assert_int_equal(503, status_of(s, "/healthz"));
	beat(s);
	assert_int_equal(200, status_of(s, "/healthz"));
	/* Nobody looked in the meantime. */
	pass(600);
	assert_int_equal(503, status_of(s, "/healthz"));
}

static void
a_clock_that_steps_does_not_fool_its_health(void **state)
{
	struct serving *s = *state;

	beat(s);
	pass(20);
	assert_int_equal(200, status_of(s, "/healthz"));
	/* Forward by a day between two beats: the keeper is well. */
	atomic_fetch_add(&wall_s, 86400);
	pass(10);
	assert_int_equal(200, status_of(s, "/healthz"));
	beat(s);
	assert_int_equal(200, status_of(s, "/healthz"));
	/* Back by two days, and it hangs: the same beat grows old. */
	atomic_fetch_sub(&wall_s, 2 * 86400);
	pass(60);
	assert_int_equal(200, status_of(s, "/healthz"));
	pass(60);
	assert_int_equal(503, status_of(s, "/healthz"));
}

static void
an_address_that_cannot_be_had_is_named(void **state)
{
	struct serving *s = *state;
	const char *taken[] = {web_address(s->web, 0)};
	const struct web_options options = {.listen = taken,
		.listen_count = 1, .revision = ""};
	struct buf error;

	buf_init(&error, 1024);
	assert_null(web_start(&options, &s->board, &error));
	assert_non_null(strstr(buf_text(&error), taken[0]));
	buf_fini(&error);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SERVED(it_is_ready_once_there_are_facts),
		SERVED(its_paths_are_these),
		SERVED(it_is_in_the_format_that_was_asked_for),
		SERVED(another_method_is_told_which),
		SERVED(a_page_is_rendered_once_a_second_and_never_older),
		SERVED(it_is_ill_when_the_keeper_is_silent),
		SERVED(a_clock_that_steps_does_not_fool_its_health),
		SERVED(an_address_that_cannot_be_had_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
