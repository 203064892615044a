/* SPDX-License-Identifier: ISC */
/*
 * The reporter on a clock that the test turns and a network that it is:
 * when it speaks, to whom, what it does when nobody answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "license/base/clock.h"
#include "license/base/file.h"
#include "license/base/log.h"
#include "license/keeper/client.h"
#include "license/keeper/holding.h"
#include "license/keeper/platform.h"
#include "license/keeper/reporter.h"
#include "license/keeper/view.h"
#include "license/timekeeping.h"
#include "tests/sample.h"

enum { CALLS_MAX = 64 };

static utc_t wall;
static mono_t boot;

utc_t
clock_wall(void)
{
	return wall;
}

int64_t
clock_wall_ms(void)
{
	return wall.s * 1000;
}

mono_t
clock_boot(void)
{
	return boot;
}

void
clock_boot_id(char out[static CLOCK_BOOT_ID_SIZE])
{
	memset(out, 'b', CLOCK_BOOT_ID_SIZE - 1);
	out[CLOCK_BOOT_ID_SIZE - 1] = '\0';
}

struct loop_want {
	bool timed;
	mono_t at;
};

void
loop_want_fd(struct loop_want *want, int fd, short events)
{
	(void)want;
	(void)fd;
	(void)events;
}

void
loop_want_at(struct loop_want *want, mono_t at)
{
	if (!want->timed || at.ns < want->at.ns)
		want->at = at;
	want->timed = true;
}

/* The network: what was asked for, and what it answers. */
struct call {
	bool get;
	char url[300];
	struct buf body;
	utc_t at;
};

struct client {
	client_done_fn *done;
	void *self;
	bool waits, get;
};

static struct {
	struct call calls[CALLS_MAX];
	size_t count;
	enum result result;
	int status;
	bool silent;	   /* it never answers */
	const char *pages[2]; /* of FastNetMon, one after the other */
	int page;
} net;

struct client *
client_new(void)
{
	return calloc(1, sizeof(struct client));
}

void
client_free(struct client *client)
{
	free(client);
}

void
client_drop(struct client *client, const void *self)
{
	(void)self;
	client->waits = false;
}

static bool
call(struct client *client, const struct client_request *request,
    client_done_fn *done, void *self, bool get)
{
	struct call *made = &net.calls[net.count++];

	assert_in_range(net.count, 1, CALLS_MAX);
	*made = (struct call){.get = get, .at = wall};
	text_copy(made->url, sizeof(made->url), request->url);
	buf_init(&made->body, DOCUMENT_MAX);
	buf_add(&made->body, request->body, request->body_len);
	assert_false(client->waits);
	*client = (struct client){done, self, true, get};
	return true;
}

bool
client_post(struct client *client, const struct client_request *request,
    client_done_fn *done, void *self)
{
	assert_int_equal(request->total_s, 0);
	return call(client, request, done, self, false);
}

bool
client_get(struct client *client, const struct client_request *request,
    client_done_fn *done, void *self)
{
	assert_int_equal(request->total_s, REPORTER_LOOK_S);
	assert_int_equal(request->answer_max, REPORTER_PAGE_MAX);
	return call(client, request, done, self, true);
}

void
client_ask(struct client *client, struct loop_want *want)
{
	if (client->waits && !net.silent)
		loop_want_at(want, boot);
}

void
client_tell(struct client *client, const struct loop_got *got)
{
	const char *page = net.pages[net.page % 2];

	(void)got;
	if (!client->waits || net.silent)
		return;
	client->waits = false;
	struct client_reply reply = {.result = net.result,
		.status = net.status, .body = "<html>\n", .body_len = 7,
		.detail = "no route"};
	if (client->get && page != NULL)
		reply = (struct client_reply){.result = RESULT_OK,
			.status = 200, .body = page, .body_len = strlen(page)};
	else if (client->get)
		reply.result = RESULT_CONNECT;
	net.page += client->get;
	client->done(client->self, &reply);
}

static char directory[] = "/tmp/leaseline-reporter-XXXXXX";
static struct board board;
static struct keeper *keeper;
static struct reporter *reporter;
static struct reporter_config config;

static void
start(int source)
{
	char root[80], state[80], file[80];
	struct keeper_license license = {.source = source, .index = 1,
		.name = "main", .product = "fastnetmon",
		.authority_url = "https://authority.example"};
	uint8_t key[KEY_SIZE];
	struct buf text, error;

	memset(&license.thresholds, 0xff, sizeof(license.thresholds));
	snprintf(root, sizeof(root), "%s/root", directory);
	snprintf(state, sizeof(state), "%s/state", directory);
	snprintf(file, sizeof(file), "%s/license.lic", directory);
	buf_init(&text, 4096);
	buf_init(&error, 1024);
	sample_public(SAMPLE_ROOT, key);
	keyring_print_root(key, &text);
	assert_int_equal(0, file_replace(root, text.data, text.len, 0644));
	text_copy(license.authority_root, KEEPER_PATH_SIZE, root);
	text_copy(license.license_file, KEEPER_PATH_SIZE, file);
	const struct keeper_options options = {.state_directory = state,
		.licenses = &license, .license_count = 1, .board = &board};
	board_init(&board);
	keeper = keeper_new(&options, &error);
	if (keeper == NULL)
		fail_msg("%s", buf_text(&error));
	reporter = reporter_new(keeper, &config);
	assert_non_null(reporter);
	buf_fini(&text);
	buf_fini(&error);
}

static void
stop(void)
{
	reporter_free(reporter);
	keeper_free(keeper);
	board_fini(&board);
}

static int
setup(void **state)
{
	(void)state;
	log_open("/dev/null", "test", LOG_LEVEL_ERROR);
	memcpy(directory + strlen(directory) - 6, "XXXXXX", 6);
	assert_non_null(mkdtemp(directory));
	wall = sample_time("2026-03-01T12:00:00Z");
	boot = (mono_t){7200 * INT64_C(1000000000)};
	memset(&net, 0, sizeof(net));
	net.result = RESULT_OK;
	net.status = 204;
	config = (struct reporter_config){.enabled = true,
		.url = "https://stats.example"};
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int
teardown(void **state)
{
	(void)state;
	stop();
	for (size_t i = 0; i < net.count; i++)
		buf_fini(&net.calls[i].body);
	return nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The reporter's own rounds for ${s} seconds; false when it spins. */
static bool
run(int64_t s)
{
	struct loop_source source = reporter_source(reporter);
	int64_t end = boot.ns + s * 1000000000;
	int rounds = 0;

	for (;;) {
		struct loop_want want = {.timed = false};

		source.ask(source.self, &want);
		if (!want.timed || want.at.ns > boot.ns) {
			int64_t to = want.timed && want.at.ns < end ?
			    want.at.ns : end;
			wall.s += to / 1000000000 - boot.ns / 1000000000;
			boot.ns = to;
			rounds = 0;
			if (!want.timed || want.at.ns > end)
				return true;
		}
		if (++rounds > 20)
			return false;
		struct loop_got got = {.now = boot};
		source.tell(source.self, &got);
	}
}

static void
judge(const struct buf *document, struct stats *out)
{
	union sample_value value;

	assert_int_equal(DOC_OK, sample_judge(document->data, document->len,
		PURPOSE_STATS, NULL, &value));
	*out = value.stats;
}

static int64_t
counter(atomic_llong *which)
{
	return atomic_load(which);
}

static void
nothing_at_the_start_and_one_report_a_day_after(void **state)
{
	struct stats stats;

	(void)state;
	start(SOURCE_AUTHORITY);
	assert_true(run(0));
	assert_int_equal(net.count, 0);
	assert_true(run(DAY_S));
	assert_int_equal(net.count, 1);
	assert_string_equal(net.calls[0].url, "https://stats.example/v1/stats");
	judge(&net.calls[0].body, &stats);
	assert_int_equal(stats.created.s, net.calls[0].at.s);
	assert_string_equal(stats.product, "fastnetmon");
	assert_true(run(9 * (int64_t)DAY_S));
	assert_int_equal(net.count, 10);
	for (size_t i = 1; i < net.count; i++)
		assert_int_equal(net.calls[i].at.s - net.calls[i - 1].at.s,
		    DAY_S);
	assert_int_equal(counter(&board.counters.stats_failures), 0);
	assert_int_equal(counter(&board.counters.stats_last_success_s),
	    net.calls[9].at.s);
}

static void
switched_off_it_makes_no_connection_at_all(void **state)
{
	(void)state;
	config.enabled = false;
	text_copy(config.metrics_url, sizeof(config.metrics_url),
	    "http://127.0.0.1:9209/metrics");
	start(SOURCE_AUTHORITY);
	assert_true(run(10 * (int64_t)DAY_S));
	assert_int_equal(net.count, 0);
	assert_int_equal(counter(&board.counters.stats_next_s), 0);
	config.enabled = true;
	reporter_configure(reporter, &config);
	assert_true(run(0));
	assert_int_equal(net.count, 0);
	assert_true(run(DAY_S));
	size_t before = net.count;
	assert_in_range(before, 1, 3);
	config.enabled = false;
	reporter_configure(reporter, &config);
	assert_true(run(3 * (int64_t)DAY_S));
	assert_int_equal(net.count, before);
}

static void
an_offline_agent_makes_no_connection_at_all(void **state)
{
	(void)state;
	text_copy(config.metrics_url, sizeof(config.metrics_url),
	    "http://127.0.0.1:9209/metrics");
	start(SOURCE_FILE);
	assert_true(run(10 * (int64_t)DAY_S));
	assert_int_equal(net.count, 0);
	assert_int_equal(counter(&board.counters.stats_failures), 0);
}

static void
a_failure_is_counted_and_no_license_hears_of_it(void **state)
{
	static const struct {
		enum result result;
		int status;
	} rows[] = {{RESULT_CONNECT, 0}, {RESULT_TLS, 0}, {RESULT_TIMEOUT, 0},
		{RESULT_OK, 500}, {RESULT_OK, 403}, {RESULT_OK, 302},
		{RESULT_MALFORMED, 200}};
	struct report before, after;

	(void)state;
	start(SOURCE_AUTHORITY);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view *view = view_take(&board);

		before = view->reports[0];
		view_free(view);
		net.result = rows[i].result;
		net.status = rows[i].status;
		assert_true(run(DAY_S));
		/* One try a day, whatever came of the one before. */
		assert_int_equal(net.count, i + 1);
		assert_int_equal(counter(&board.counters.stats_failures),
		    i + 1);
		view = view_take(&board);
		after = view->reports[0];
		assert_false(view->agent.has[AGENT_ID_STATS_SUCCESS]);
		view_free(view);
		after.now = before.now;
		after.refresh_due = before.refresh_due;
		assert_int_equal(after.state, before.state);
		assert_int_equal(after.refresh_failures,
		    before.refresh_failures);
		assert_int_equal(after.refresh_attempts,
		    before.refresh_attempts);
		assert_int_equal(after.refresh_next_attempt.s,
		    before.refresh_next_attempt.s);
		assert_int_equal(after.refresh_last_result,
		    before.refresh_last_result);
	}
	net.result = RESULT_OK;
	net.status = 200;
	assert_true(run(DAY_S));
	assert_int_not_equal(counter(&board.counters.stats_last_success_s), 0);
}

static void
the_last_success_survives_a_restart(void **state)
{
	(void)state;
	start(SOURCE_AUTHORITY);
	assert_true(run(DAY_S));
	int64_t success = counter(&board.counters.stats_last_success_s);
	assert_int_equal(success, net.calls[0].at.s);
	stop();
	start(SOURCE_AUTHORITY);
	assert_int_equal(counter(&board.counters.stats_last_success_s),
	    success);
}

#define HOSTS "fastnetmon_total_number_of_hosts 7\n"
#define FLOWS "fastnetmon_netflow_ipfix_all_protocols_total_flows "

static void
fastnetmon_is_looked_at_twice_and_missed_if_it_is_away(void **state)
{
	struct stats stats;

	(void)state;
	text_copy(config.metrics_url, sizeof(config.metrics_url),
	    "http://127.0.0.1:9209/metrics");
	net.pages[0] = HOSTS FLOWS "100\n";
	net.pages[1] = HOSTS FLOWS "350\n";
	start(SOURCE_AUTHORITY);
	assert_true(run(DAY_S));
	assert_int_equal(net.count, 3);
	assert_true(net.calls[0].get && net.calls[1].get);
	assert_string_equal(net.calls[0].url, "http://127.0.0.1:9209/metrics");
	judge(&net.calls[2].body, &stats);
	assert_int_equal(stats.total_hosts, 7);
	assert_int_equal(stats.flows_per_s, 250);
	net.pages[0] = NULL;
	net.pages[1] = NULL;
	assert_true(run(DAY_S));
	assert_int_equal(net.count, 5);
	judge(&net.calls[4].body, &stats);
	assert_false(has_bit(stats.has, STATS_HOSTS));
	assert_false(has_bit(stats.has, STATS_FLOWS));
	assert_false(has_bit(stats.has, STATS_FEATURES));
	assert_int_equal(counter(&board.counters.stats_failures), 0);
}

static struct {
	int times;
	struct buf bytes;
	struct usage_document document;
	char missing[128];
} seen;

static void
on_shown(void *self, const struct usage_document *document)
{
	(void)self;
	seen.times++;
	buf_fini(&seen.bytes);
	buf_init(&seen.bytes, DOCUMENT_MAX);
	buf_add(&seen.bytes, document->bytes, document->len);
	seen.document = *document;
	text_copy(seen.missing, sizeof(seen.missing), document->missing);
}

static void
what_is_shown_is_what_is_sent(void **state)
{
	(void)state;
	seen.times = 0;
	net.silent = true;
	start(SOURCE_AUTHORITY);
	assert_true(run(DAY_S));
	assert_int_equal(net.count, 1);
	/* It hangs: the bytes on their way are shown, and nothing waits. */
	assert_true(reporter_show(reporter, on_shown, &seen));
	assert_true(run(1));
	assert_int_equal(seen.times, 1);
	assert_int_equal(seen.bytes.len, net.calls[0].body.len);
	assert_memory_equal(seen.bytes.data, net.calls[0].body.data,
	    seen.bytes.len);
	buf_fini(&seen.bytes);
}

static void
it_is_shown_switched_off_and_offline_and_not_sent(void **state)
{
	struct stats stats;

	(void)state;
	seen.times = 0;
	config.enabled = false;
	text_copy(config.metrics_url, sizeof(config.metrics_url),
	    "http://127.0.0.1:9209/metrics");
	start(SOURCE_FILE);
	assert_true(reporter_show(reporter, on_shown, &seen));
	assert_true(reporter_show(reporter, on_shown, &seen));
	assert_true(run(12));
	assert_int_equal(seen.times, 2);
	assert_true(seen.document.offline);
	assert_false(seen.document.enabled);
	assert_int_equal(seen.document.next.s, 0);
	assert_string_equal(seen.missing, "no route");
	judge(&seen.bytes, &stats);
	/* Only FastNetMon was asked. */
	assert_int_equal(net.count, 1);
	assert_true(net.calls[0].get);
	/* Who is gone is not told. */
	assert_true(reporter_show(reporter, on_shown, &seen));
	reporter_forget(reporter, &seen);
	assert_true(run(12));
	assert_int_equal(seen.times, 2);
	buf_fini(&seen.bytes);
}

static void
a_clock_that_goes_back_does_not_put_the_day_off(void **state)
{
	(void)state;
	start(SOURCE_AUTHORITY);
	assert_true(run(DAY_S));
	size_t before = net.count;
	wall.s -= 5 * (int64_t)DAY_S;
	assert_true(run(2 * (int64_t)DAY_S));
	assert_in_range(net.count - before, 1, 2);
}

static void
after_a_time_reset_the_next_one_is_told_at_once(void **state)
{
	struct clock_reading reading;

	(void)state;
	wall.s += 5 * (int64_t)DAY_S;
	start(SOURCE_AUTHORITY);
	wall.s -= 5 * (int64_t)DAY_S;
	clock_read(&reading);
	timekeeping_reset(&keeper->agent.clock, &reading, wall);
	assert_true(run(1));
	assert_in_range(atomic_load(&board.counters.stats_next_s), wall.s,
	    wall.s + DAY_S);
}

static void
the_platform_is_read_from_its_files(void **state)
{
	struct usage_platform p = {.kernel = ""};

	(void)state;
	platform_release("PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n"
	    "VERSION_ID=\"12\"\n", &p);
	assert_string_equal(p.distribution, "debian");
	assert_string_equal(p.distribution_version, "12");
	platform_release("ID='alpine'\nVERSION_ID=\n", &p);
	assert_string_equal(p.distribution, "alpine");
	assert_string_equal(p.distribution_version, "");
	platform_release("ID=\"a\\\"b\"\nVERSION_ID", &p);
	assert_string_equal(p.distribution, "");
	platform_flags("processor\t: 0\nflags\t\t: fpu  vme de \n\n"
	    "processor\t: 1\nflags\t\t: other\n", &p);
	assert_string_equal(p.cpu_flags, "fpu vme de");
	platform_flags("Features\t: fp asimd", &p);
	assert_string_equal(p.cpu_flags, "fp asimd");
	platform_flags("", &p);
	assert_string_equal(p.cpu_flags, "");
	platform_inspect(&p);
	assert_true(p.kernel[0] != '\0');
}

#define ON(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON(nothing_at_the_start_and_one_report_a_day_after),
		ON(switched_off_it_makes_no_connection_at_all),
		ON(an_offline_agent_makes_no_connection_at_all),
		ON(a_failure_is_counted_and_no_license_hears_of_it),
		ON(the_last_success_survives_a_restart),
		ON(fastnetmon_is_looked_at_twice_and_missed_if_it_is_away),
		ON(what_is_shown_is_what_is_sent),
		ON(it_is_shown_switched_off_and_offline_and_not_sent),
		ON(a_clock_that_goes_back_does_not_put_the_day_off),
		ON(after_a_time_reset_the_next_one_is_told_at_once),
		cmocka_unit_test(the_platform_is_read_from_its_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
