/* SPDX-License-Identifier: ISC */
/*
 * Usage reports at the authority: kept for machines that are known, a few of
 * each; whoever sends what else, nothing grows and no thread waits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "license/authority/collector.h"
#include "license/authority/database.h"
#include "license/authority/route.h"
#include "license/authority/tally.h"
#include "license/base/log.h"
#include "tests/sample.h"

static const utc_t now = { 1795410367 };

struct place {
	char directory[64], path[96];
	struct database *database;
};

static void
open_database(struct place *p, bool create)
{
	struct buf error;

	buf_init(&error, 1024);
	p->database = database_open(p->path, create, &error);
	assert_string_equal("", buf_text(&error));
	buf_fini(&error);
}

/* An authority that knows the machine of the samples. */
static int
setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	struct change c = { .machine_changed = true,
		.subscription_changed = true };

	log_open("/dev/null", "test", LOG_LEVEL_ERROR);
	text_copy(p->directory, sizeof(p->directory),
	    "/tmp/leaseline-stats-XXXXXX");
	assert_non_null(mkdtemp(p->directory));
	snprintf(p->path, sizeof(p->path), "%s/a.db", p->directory);
	open_database(p, true);
	text_copy(c.subscription.id, TEXT_64, "sub-1");
	text_copy(c.subscription.product, TEXT_64, "fastnetmon");
	c.subscription.status = SUBSCRIPTION_ACTIVE;
	sample_public(SAMPLE_MACHINE, c.machine.key);
	text_copy(c.machine.product, TEXT_64, "fastnetmon");
	text_copy(c.machine.subscription, TEXT_64, "sub-1");
	c.machine.state = MACHINE_LIVE;
	assert_int_equal(0, database_begin(p->database));
	assert_int_equal(0, database_store(p->database, &c));
	assert_int_equal(0, database_commit(p->database));
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	struct place *p = *state;
	char path[128];

	database_close(p->database);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", p->path, ends[i]);
		unlink(path);
	}
	rmdir(p->directory);
	free(p);
	return 0;
}

static void
report(enum sample_who who, utc_t created, struct stats *stats,
    struct buf *out)
{
	sample_stats(stats);
	stats->created = created;
	sample_public(who, stats->machine_key);
	buf_init(out, DOCUMENT_MAX);
	document_begin(PURPOSE_STATS, stats->machine_key, out);
	assert_true(stats_encode(stats, out));
	sample_seal(out, who);
}

static int
store(struct place *p, enum sample_who who, utc_t created)
{
	struct stats stats;
	struct buf bytes;
	int rc;

	report(who, created, &stats, &bytes);
	assert_int_equal(0, database_begin(p->database));
	rc = database_store_report(p->database, &stats, now, &bytes);
	assert_int_equal(0, database_commit(p->database));
	buf_fini(&bytes);
	return rc;
}

struct listed {
	size_t count;
	int64_t created[32];
};

static bool
list_one(void *self, utc_t received, const struct buf *bytes)
{
	struct listed *l = self;
	struct stats stats;
	struct buf error;

	assert_int_equal(received.s, now.s);
	buf_init(&error, 256);
	assert_true(route_read_stats(buf_text(bytes), bytes->len, &stats,
	    &error));
	buf_fini(&error);
	l->created[l->count++] = stats.created.s;
	return l->count < 32;
}

static struct listed
list(struct place *p)
{
	struct listed l = { 0 };

	assert_int_equal(0, database_reports(p->database, list_one, &l));
	return l;
}

static void
only_machines_that_are_known_are_heard(void **state)
{
	struct place *p = *state;

	assert_int_equal(0, store(p, SAMPLE_OTHER_MACHINE, now));
	assert_int_equal(0, list(p).count);
	assert_int_equal(1, store(p, SAMPLE_MACHINE, now));
	assert_int_equal(1, list(p).count);
}

static void
the_last_few_of_a_machine_are_kept_whatever_it_sends(void **state)
{
	struct place *p = *state;
	struct listed l;

	for (int i = 0; i < 20; i++)
		assert_int_equal(1, store(p, SAMPLE_MACHINE,
		    utc_add(now, i * DAY_S)));
	l = list(p);
	assert_int_equal(l.count, STATS_KEPT);
	assert_int_equal(l.created[0], now.s + 13 * DAY_S);
	assert_int_equal(l.created[STATS_KEPT - 1], now.s + 19 * DAY_S);
	/* The same again, and one from long ago, change nothing. */
	for (int i = 0; i < 5; i++)
		store(p, SAMPLE_MACHINE, utc_add(now, 19 * DAY_S));
	store(p, SAMPLE_MACHINE, now);
	l = list(p);
	assert_int_equal(l.count, STATS_KEPT);
	assert_int_equal(l.created[0], now.s + 13 * DAY_S);
}

static void
what_is_no_report_is_not_read_as_one(void **state)
{
	struct stats stats;
	struct buf bytes, error;
	union sample_value value;

	(void)state;
	buf_init(&error, 512);
	report(SAMPLE_MACHINE, now, &stats, &bytes);
	assert_true(route_read_stats(bytes.data, bytes.len, &stats, &error));
	assert_int_equal(stats.total_hosts, 65536);
	bytes.data[bytes.len / 2] ^= 1;
	assert_false(route_read_stats(bytes.data, bytes.len, &stats, &error));
	assert_non_null(strstr(buf_text(&error), "signature is wrong"));
	buf_clear(&error);
	assert_false(route_read_stats("", 0, &stats, &error));
	buf_fini(&bytes);
	/* A request is signed by the same key, and is no report. */
	buf_init(&bytes, DOCUMENT_MAX);
	sample_begin(PURPOSE_REQUEST, &bytes);
	sample_value(PURPOSE_REQUEST, 0, &value);
	assert_true(sample_encode(PURPOSE_REQUEST, &value, &bytes));
	sample_seal(&bytes, SAMPLE_MACHINE);
	buf_clear(&error);
	assert_false(route_read_stats(bytes.data, bytes.len, &stats, &error));
	assert_non_null(strstr(buf_text(&error), "another purpose"));
	buf_fini(&bytes);
	buf_fini(&error);
}

static bool
page_has(struct tally *tally, const char *line)
{
	struct buf page;
	bool found;

	buf_init(&page, 65536);
	tally_print(tally, &page);
	found = strstr(buf_text(&page), line) != NULL;
	buf_fini(&page);
	return found;
}

enum { FLOOD = 3 * COLLECTOR_QUEUE_MAX };

/* Sealed before, so that the flood is shorter than the database's patience. */
static struct flood {
	struct stats stats[FLOOD];
	struct buf bytes[FLOOD];
} flood;

static int
pour(struct collector *c)
{
	int taken = 0;

	for (int i = 0; i < FLOOD; i++)
		taken += collector_add(c, NULL, &flood.stats[i],
		    flood.bytes[i].data, flood.bytes[i].len);
	return taken;
}

static void
a_flood_is_bounded_and_counted_apart_from_leases(void **state)
{
	struct place *p = *state;
	struct tally *tally = tally_new("abc");
	struct database *own;
	struct collector *c;
	struct stats stats;
	struct buf bytes, error;
	char line[80];

	buf_init(&error, 512);
	own = database_open(p->path, false, &error);
	assert_non_null(own);
	c = collector_start(own, tally);
	assert_non_null(c);
	for (int i = 0; i < FLOOD; i++)
		report(i % 2 ? SAMPLE_MACHINE : SAMPLE_OTHER_MACHINE,
		    utc_add(now, i), &flood.stats[i], &flood.bytes[i]);
	/* Somebody else writes: nothing can be stored meanwhile. */
	assert_int_equal(0, database_begin(p->database));
	int taken = pour(c);
	/* One batch may be on its way, and one waits. */
	assert_in_range(taken, COLLECTOR_QUEUE_MAX, 2 * COLLECTOR_QUEUE_MAX);
	database_rollback(p->database);
	for (int i = 0; i < FLOOD; i++)
		buf_fini(&flood.bytes[i]);
	collector_stop(c);
	report(SAMPLE_MACHINE, now, &stats, &bytes);
	assert_false(collector_add(c, NULL, &stats, bytes.data, bytes.len));
	buf_fini(&bytes);
	collector_free(c);
	database_close(own);
	snprintf(line, sizeof(line),
	    "authority_stats_total{result=\"stored\"} %d\n", taken / 2);
	assert_true(page_has(tally, line));
	snprintf(line, sizeof(line),
	    "authority_stats_total{result=\"unknown_machine\"} %d\n",
	    taken - taken / 2);
	assert_true(page_has(tally, line));
	assert_true(page_has(tally,
	    "authority_requests_total{result=\"license\"} 0\n"));
	assert_true(page_has(tally, "authority_queue_length 0\n"));
	struct dossier d;
	uint8_t key[KEY_SIZE];
	sample_public(SAMPLE_MACHINE, key);
	assert_int_equal(1, database_load_by_key(p->database, key,
	    "fastnetmon", now, &d));
	tally_free(tally);
	buf_fini(&error);
}

int
main(void)
{
#define ON(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		ON(only_machines_that_are_known_are_heard),
		ON(the_last_few_of_a_machine_are_kept_whatever_it_sends),
		cmocka_unit_test(what_is_no_report_is_not_read_as_one),
		ON(a_flood_is_bounded_and_counted_apart_from_leases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
