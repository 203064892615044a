/* SPDX-License-Identifier: ISC */
/*
 * A subagent over made-up facts: what agent/snmp.h does against a real
 * master, without the rest of the agent. Orders come on stdin, one a line.
 */
#include "agent/snmp.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/notices.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/keeper/view.h"
#include "tests/facts.h"

static struct board board;
static struct notices *notices;
static struct subtree *subtree;

enum { LICENSES = 8 };

/* The columns that a healthy license does not have; the source decides. */
static void
add_everything(struct license_facts *f, utc_t now)
{
	facts_renew(f, now, utc_day_end(now, 300));
	text_copy(f->license.edition, sizeof(f->license.edition), "ISP");
	f->license.has |= bit(LICENSE_REBIND_WINDOW_END);
	f->license.rebind_window_end = utc_add(now, DAY_S);
	f->license.rebinds_used = 3;
	f->hardware.logical_cpus = 64;
	f->has_successor = true;
	f->successor_not_before = utc_day_end(now, 300);
	f->has_bandwidth = true;
	f->incoming_bytes_per_s = 1500000000;
	f->data_at = utc_add(now, -90);
	facts_refuse(f, REFUSAL_HARDWARE_LIMIT, utc_add(now, 1));
	f->next_attempt = utc_add(now, HOUR_S);
}

/*
 * Healthy; its term ends in two days; nothing there yet; then two refused a
 * rebind, two of the vendor's product, and the worst: gone.
 */
static const struct license_facts *
made_up(int which, utc_t now)
{
	struct license_facts f;

	facts_bare(&f);
	f.since = now;
	f.index = (const int64_t[LICENSES]){7, 2, 40, 11, INT32_MAX, 41,
		42, 43}[which];
	text_copy(f.name, sizeof(f.name), (const char *[LICENSES]){"main",
		"lab", "new", "moved", "moved-too", "vendor",
		"vendor-too", "gone"}[which]);
	f.answered = which == 7;
	if (which >= 3 && which < 7)
		add_everything(&f, now);
	if (which == 5 || which == 6)
		f.source = SOURCE_FASTNETMON;
	if (which < 2) {
		facts_lease(&f.license, now,
		    utc_day_end(now, which == 0 ? 300 : 2));
		f.has_license = f.answered = true;
		f.file_state = LICENSE_FILE_GOOD;
		f.last_result = RESULT_OK;
		f.last_success = f.last_attempt = now;
		f.attempts = 12;
		f.failures[RESULT_TIMEOUT] = 3;
		f.has_bandwidth = which == 0;
		f.incoming_bytes_per_s = 500000000;
	}
	return license_facts_new(&f);
}

static void
publish(size_t count)
{
	struct facts *facts = facts_new(count);
	utc_t now = clock_wall();

	facts->agent.start = now;
	facts->agent.storage_up = true;
	facts->agent.storage_last_write_ms = -1;
	facts->count = count;
	for (size_t i = 0; i < count; i++)
		facts->licenses[i] = made_up((int)i, now);
	atomic_store(&board.counters.heartbeat_s, now.s);
	board_publish(&board, facts);
}

static void
post(int number)
{
	struct view *view = view_take(&board);

	if (view != NULL)
		notices_post(notices, (enum notification)number,
		    &view->reports[1], number == NOTIFICATION_EXPIRING ? 3 : 0);
	view_free(view);
}

static void
print_counters(void)
{
	static int replays, acks;
	struct counters *c = &board.counters;
	struct notice_ack ack;

	while (notices_take_ack(notices, &ack)) {
		replays += ack.index == NOTICE_REPLAY;
		acks += ack.raised.raised != 0;
		if (ack.index == NOTICE_REPLAY)
			notices_replayed(notices);
	}
	printf("replays=%d acks=%d ", replays, acks);
	printf("up=%d connects=%lld requests=%lld pending=%zu sent=%lld\n",
	    atomic_load(&c->agentx_up), atomic_load(&c->agentx_connects),
	    atomic_load(&c->agentx_requests), notices_pending(notices),
	    atomic_load(&c->notifications[NOTIFICATION_EXPIRING]) +
		atomic_load(&c->notifications[NOTIFICATION_TEST]));
}

/*
 * The heap in use over the arenas of all threads, which mallinfo2() does not
 * tell: what the allocator has, less what it holds free, of its totals.
 */
static void
print_memory(void)
{
	size_t len, system = 0, fast = 0, rest = 0, mapped = 0;
	char *text = NULL, *out_rest = NULL;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL || malloc_info(0, out) != 0 || fclose(out) != 0)
		exit(2);
	/* The totals are the last of their kind. */
	for (char *line = strtok_r(text, "\n", &out_rest); line != NULL;
	    line = strtok_r(NULL, "\n", &out_rest)) {
		sscanf(line, "<system type=\"current\" size=\"%zu", &system);
		sscanf(line, "<total type=\"fast\" count=\"%*u\" size=\"%zu",
		    &fast);
		sscanf(line, "<total type=\"rest\" count=\"%*u\" size=\"%zu",
		    &rest);
		sscanf(line, "<total type=\"mmap\" count=\"%*u\" size=\"%zu",
		    &mapped);
	}
	printf("heap=%zu\n", system - fast - rest + mapped);
	free(text);
}

/* Descriptors below 1024 used up before net-snmp gets its own. */
static void
use_descriptors(int count)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < count; i++) {
		if (open("/dev/null", O_RDONLY | O_CLOEXEC) == -1) {
			perror("snmp_fixture: /dev/null");
			exit(2);
		}
	}
}

static void
stop(int wait_ms)
{
	int64_t before = clock_boot().ns;
	int rc = subtree_stop(subtree, wait_ms);

	printf("stopped rc=%d ms=%lld\n", rc,
	    (long long)((clock_boot().ns - before) / 1000000));
	fflush(stdout);
	if (rc == -1)
		_exit(0);
	notices_free(notices);
	board_fini(&board);
	exit(0);
}

static void
obey(const char *order)
{
	int n = 0;

	if (sscanf(order, "trap %d", &n) == 1 && n >= 1 &&
	    n <= NOTIFICATION_MAX)
		post(n);
	else if (sscanf(order, "stop %d", &n) == 1)
		stop(n);
	else if (sscanf(order, "publish %d", &n) == 1 && n >= 1 &&
	    n <= LICENSES)
		publish((size_t)n);
	else if (strncmp(order, "counters", 8) == 0)
		print_counters();
	else if (strncmp(order, "memory", 6) == 0)
		print_memory();
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	char order[64];
	struct buf error;

	if (argc < 4) {
		fprintf(stderr, "usage: snmp_fixture MASTER PING-S DIRECTORY "
				"[DESCRIPTORS]\n");
		return 2;
	}
	if (argc > 4)
		use_descriptors((int)strtol(argv[4], NULL, 10));
	buf_init(&error, 256);
	board_init(&board);
	notices = notices_new();
	publish(3);
	struct subtree_options options = {
		.master = argv[1],
		.ping_interval_s = strtol(argv[2], NULL, 10),
		.state_directory = argv[3],
		.board = &board,
		.notices = notices,
	};
	subtree = subtree_start(&options, &error);
	if (subtree == NULL) {
		fprintf(stderr, "snmp_fixture: %s\n", buf_text(&error));
		return 2;
	}
	while (fgets(order, sizeof(order), stdin) != NULL)
		obey(order);
	stop(2000);
}
