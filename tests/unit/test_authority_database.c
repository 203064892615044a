/* SPDX-License-Identifier: ISC */
/*
 * The contract of database.h, for whatever is behind it: what was stored is
 * found again, also after it was opened anew; what was not committed is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "license/authority/database.h"
#include "license/authority/event.h"
#include "license/base/buf.h"

#define PRODUCT "FastNetMon"
#define OTHER "Leaseline"

static const utc_t now = { 1795410367 };
static const utc_t long_ago = { 0 };

struct place {
	char directory[64], path[96];
	struct database *database;
};

static void
place_open(struct place *p, bool create)
{
	struct buf error;

	buf_init(&error, 1024);
	p->database = database_open(p->path, create, &error);
	assert_string_equal("", buf_text(&error));
	assert_non_null(p->database);
	buf_fini(&error);
}

static int
setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	const char *base = getenv("TMPDIR");

	snprintf(p->directory, sizeof(p->directory), "%s/database.XXXXXX",
	    base && strlen(base) < 40 ? base : "/tmp");
	assert_non_null(mkdtemp(p->directory));
	snprintf(p->path, sizeof(p->path), "%s/a.db", p->directory);
	place_open(p, true);
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
reopen(struct place *p)
{
	database_close(p->database);
	place_open(p, false);
}

static void
subscription(struct change *c, const char *id)
{
	struct subscription *s = &c->subscription;

	memset(c, 0, sizeof(*c));
	text_copy(s->id, sizeof(s->id), id);
	text_copy(s->customer, sizeof(s->customer), "Example ISP");
	text_copy(s->product, sizeof(s->product), PRODUCT);
	text_copy(s->edition, sizeof(s->edition), "100G");
	s->revision = 3;
	s->status = SUBSCRIPTION_ACTIVE;
	s->kind = KIND_PRODUCTION;
	s->billing = BILLING_ANNUAL;
	s->renews = RENEWS_AUTO;
	s->on_expiry = ON_EXPIRY_WARN;
	s->bandwidth_mbits = 4294967295;
	s->created = now;
	s->term_end = utc_add(now, 20 * DAY_S);
	s->sequence = 17;
	c->subscription_changed = true;
}

static void
machine(struct change *c, uint8_t key)
{
	struct machine *m = &c->machine;

	memset(m, 0, sizeof(*m));
	memset(m->key, key, KEY_SIZE);
	m->state = MACHINE_LIVE;
	text_copy(m->product, TEXT_64, c->subscription.product);
	text_copy(m->subscription, TEXT_64, c->subscription.id);
	m->first_seen = now;
	m->last_seen = utc_add(now, 60);
	text_copy(m->cpu_model, TEXT_256, "Xeon");
	m->logical_cpus = 8;
	m->memory_mib = 65536;
	text_copy(m->external, ADDRESS_SIZE, "192.0.2.1");
	m->sequence = 17;
	m->last_reason = REFUSAL_NONE;
	memset(m->request_sha256, 0xab, SHA256_SIZE);
	m->revision = 3;
	m->answered = 1;
	c->answer = "the answer\n";
	c->answer_len = strlen(c->answer);
	c->machine_changed = true;
}

static void
allocation(struct change *c, const char *prefix, const char *internal,
    int64_t generation)
{
	struct allocation *a = &c->allocations[c->allocation_count++];
	struct buf error;

	buf_init(&error, 128);
	assert_true(prefix_parse(prefix, a, &error));
	buf_fini(&error);
	text_copy(a->internal, ADDRESS_SIZE, internal);
	a->generation = generation;
}

static void
store(struct place *p, const struct change *c)
{
	assert_int_equal(0, database_begin(p->database));
	assert_int_equal(0, database_store(p->database, c));
	assert_int_equal(0, database_commit(p->database));
}

static void
what_was_stored_is_found_after_it_is_opened_again(void **state)
{
	struct place *p = *state;
	struct change c;
	struct dossier d;
	struct buf answer;

	subscription(&c, "sub-1");
	machine(&c, 7);
	allocation(&c, "192.0.2.1", "10.0.0.5", 0);
	c.rebound = true;
	c.rebind = (struct rebind){ .at = now, .take_over = 1,
		.from_cpus = 4, .to_cpus = 8 };
	text_copy(c.rebind.to_model, TEXT_256, "Xeon");
	store(p, &c);
	reopen(p);
	assert_int_equal(0, database_check(p->database));
	assert_int_equal(1, database_load_by_key(p->database, c.machine.key,
	    PRODUCT, long_ago, &d));
	assert_int_equal(LOOKUP_FOUND, d.lookup);
	assert_true(d.known);
	assert_memory_equal(&c.subscription, &d.subscription,
	    sizeof(d.subscription));
	assert_memory_equal(&c.machine, &d.machine, sizeof(d.machine));
	assert_true(d.has_live);
	assert_memory_equal(&d.machine, &d.live, sizeof(d.live));
	assert_int_equal(1, d.allocation_count);
	assert_memory_equal(&c.allocations[0], &d.allocations[0],
	    sizeof(d.allocations[0]));
	assert_int_equal(1, d.rebind_count);
	assert_memory_equal(&c.rebind, &d.rebinds[0], sizeof(d.rebinds[0]));
	buf_init(&answer, 100);
	assert_int_equal(1, database_answer(p->database, c.machine.key,
	    PRODUCT, &answer));
	assert_string_equal("the answer\n", buf_text(&answer));
	buf_fini(&answer);
}

static void
what_is_not_there_is_not_found(void **state)
{
	static const uint8_t key[KEY_SIZE] = { 1 };
	struct place *p = *state;
	struct candidate candidates[4];
	struct dossier d;
	struct change c;
	struct buf answer;

	subscription(&c, "sub-1"); /* it has no coupon: "" must not match */
	store(p, &c);
	buf_init(&answer, 100);
	assert_int_equal(0, database_load(p->database, "sub-2", long_ago, &d));
	assert_int_equal(0, database_load_by_key(p->database, key, PRODUCT,
	    long_ago, &d));
	assert_int_equal(0, database_load_by_coupon(p->database, "", long_ago,
	    &d));
	assert_int_equal(0, database_answer(p->database, key, PRODUCT,
	    &answer));
	assert_int_equal(0, database_candidates(p->database, "192.0.2.1",
	    candidates, 4));
	assert_int_equal(0, database_candidates(p->database, "no address",
	    candidates, 4));
	buf_fini(&answer);
}

static void
what_is_rolled_back_or_never_committed_is_not_there(void **state)
{
	struct place *p = *state;
	struct change c;
	struct dossier d;

	subscription(&c, "sub-1");
	assert_int_equal(0, database_begin(p->database));
	assert_int_equal(0, database_store(p->database, &c));
	database_rollback(p->database);
	assert_int_equal(0, database_load(p->database, "sub-1", long_ago, &d));
	database_rollback(p->database); /* without one: nothing */
	assert_int_equal(0, database_begin(p->database));
	assert_int_equal(0, database_store(p->database, &c));
	reopen(p);
	assert_int_equal(0, database_load(p->database, "sub-1", long_ago, &d));
}

static bool
count(void *self, const struct event *event)
{
	(void)event;
	++*(int *)self;
	return true;
}

static void
a_hundred_changes_are_one_commit_that_another_sees(void **state)
{
	struct place *p = *state;
	struct database *other;
	struct buf error;
	struct change c;
	struct dossier d;
	char id[32];
	int events = 0;

	buf_init(&error, 100);
	other = database_open(p->path, false, &error);
	assert_non_null(other);
	assert_int_equal(0, database_begin(p->database));
	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "sub-%d", i);
		subscription(&c, id);
		machine(&c, (uint8_t)(i + 1));
		event_add(&c, EVENT_ACTIVATE, now, "number %d", i);
		assert_int_equal(0, database_store(p->database, &c));
	}
	assert_int_equal(0, database_load(other, "sub-99", long_ago, &d));
	assert_int_equal(0, database_commit(p->database));
	assert_int_equal(1, database_load(other, "sub-99", long_ago, &d));
	assert_int_equal(0, database_events(other, NULL, 0, count, &events));
	assert_int_equal(100, events);
	events = 0;
	assert_int_equal(0, database_events(other, NULL, 90, count, &events));
	assert_int_equal(10, events);
	events = 0;
	assert_int_equal(0, database_events(other, "sub-5", 0, count,
	    &events));
	assert_int_equal(1, events);
	database_close(other);
	buf_fini(&error);
}

static void
a_decision_advances_the_chain_and_leaves_the_rest_alone(void **state)
{
	struct place *p = *state;
	struct change c, next;
	struct dossier d;

	subscription(&c, "sub-1");
	store(p, &c);
	memset(&next, 0, sizeof(next));
	next.subscription = c.subscription;
	next.subscription.sequence = 18;
	next.subscription.coupon_used = now;
	next.subscription.bandwidth_mbits = 1;
	next.advanced = true;
	store(p, &next);
	assert_int_equal(1, database_load(p->database, "sub-1", long_ago,
	    &d));
	assert_int_equal(18, d.subscription.sequence);
	assert_int_equal(now.s, d.subscription.coupon_used.s);
	assert_int_equal(4294967295, d.subscription.bandwidth_mbits);
}

static void
a_retired_key_keeps_no_answer_and_the_new_one_is_live(void **state)
{
	struct place *p = *state;
	struct change c;
	struct dossier d;
	struct buf answer;
	uint8_t old[KEY_SIZE];

	subscription(&c, "sub-1");
	machine(&c, 7);
	store(p, &c);
	memcpy(old, c.machine.key, KEY_SIZE);
	machine(&c, 8);
	c.has_retired = true;
	memcpy(c.retired, old, KEY_SIZE);
	text_copy(c.retired_product, TEXT_64, PRODUCT);
	store(p, &c);
	assert_int_equal(1, database_load_by_key(p->database, old, PRODUCT,
	    long_ago, &d));
	assert_int_equal(MACHINE_RETIRED, d.machine.state);
	assert_int_equal(0, d.machine.answered);
	assert_true(d.has_live);
	assert_int_equal(8, d.live.key[0]);
	buf_init(&answer, 100);
	assert_int_equal(0, database_answer(p->database, old, PRODUCT,
	    &answer));
	buf_fini(&answer);
}

static void
what_another_machine_asks_leaves_the_stored_answer(void **state)
{
	struct place *p = *state;
	struct change c;
	struct dossier d;
	struct buf answer;

	subscription(&c, "sub-1");
	machine(&c, 7);
	text_copy(c.machine.tips, TEXT_256, "11 14 ");
	c.machine.fork_at = now;
	store(p, &c);
	c.keeps_answer = true;
	c.answer = "another answer\n";
	c.answer_len = strlen(c.answer);
	c.machine.state = MACHINE_FORKED;
	c.machine.last_reason = REFUSAL_CLONE;
	store(p, &c);
	assert_int_equal(1, database_load_by_key(p->database, c.machine.key,
	    PRODUCT, long_ago, &d));
	assert_int_equal(MACHINE_FORKED, d.machine.state);
	assert_int_equal(REFUSAL_CLONE, d.machine.last_reason);
	assert_string_equal("11 14 ", d.machine.tips);
	assert_int_equal(now.s, d.machine.fork_at.s);
	buf_init(&answer, 100);
	assert_int_equal(1, database_answer(p->database, c.machine.key,
	    PRODUCT, &answer));
	assert_string_equal("the answer\n", buf_text(&answer));
	buf_fini(&answer);
}

static void
a_machine_changes_state_and_subscription(void **state)
{
	struct place *p = *state;
	struct change c;
	struct dossier d;

	subscription(&c, "sub-2");
	store(p, &c);
	subscription(&c, "sub-1");
	machine(&c, 7);
	store(p, &c);
	c.machine.state = MACHINE_CLONE;
	c.machine.sequence = 18;
	store(p, &c);
	assert_int_equal(1, database_load_by_key(p->database, c.machine.key,
	    PRODUCT, long_ago, &d));
	assert_int_equal(MACHINE_CLONE, d.machine.state);
	assert_int_equal(18, d.machine.sequence);
	text_copy(c.machine.subscription, TEXT_64, "sub-2");
	c.answer = NULL;
	store(p, &c);
	assert_int_equal(1, database_load(p->database, "sub-2", long_ago,
	    &d));
	assert_true(d.has_live);
	assert_int_equal(1, database_load(p->database, "sub-1", long_ago,
	    &d));
	assert_false(d.has_live);
}

/* Two subscriptions of different products, one machine key, ${key}. */
static void
store_two_products(struct place *p, uint8_t key)
{
	struct change c;

	subscription(&c, "sub-1");
	machine(&c, key);
	store(p, &c);
	subscription(&c, "sub-2");
	text_copy(c.subscription.product, TEXT_64, OTHER);
	machine(&c, key);
	c.machine.sequence = 4;
	memset(c.machine.request_sha256, 0xcd, SHA256_SIZE);
	c.answer = "another answer\n";
	c.answer_len = strlen(c.answer);
	store(p, &c);
}

static void
one_key_has_a_record_and_an_answer_for_each_product(void **state)
{
	static const struct {
		const char *product, *subscription, *answer;
		int64_t sequence;
		uint8_t sha256;
	} rows[] = {
		{ PRODUCT, "sub-1", "the answer\n", 17, 0xab },
		{ OTHER, "sub-2", "another answer\n", 4, 0xcd },
	};
	struct place *p = *state;
	uint8_t key[KEY_SIZE];
	struct dossier d;
	struct buf answer;

	memset(key, 7, sizeof(key));
	store_two_products(p, 7);
	reopen(p);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(1, database_load_by_key(p->database, key,
		    rows[i].product, long_ago, &d));
		assert_string_equal(rows[i].subscription, d.subscription.id);
		assert_string_equal(rows[i].product, d.machine.product);
		assert_int_equal(rows[i].sequence, d.machine.sequence);
		assert_int_equal(rows[i].sha256, d.machine.request_sha256[0]);
		assert_memory_equal(&d.machine, &d.live, sizeof(d.live));
		buf_init(&answer, 100);
		assert_int_equal(1, database_answer(p->database, key,
		    rows[i].product, &answer));
		assert_string_equal(rows[i].answer, buf_text(&answer));
		buf_fini(&answer);
	}
	assert_int_equal(0, database_load_by_key(p->database, key, "Third",
	    long_ago, &d));
	assert_false(d.known);
	buf_init(&answer, 100);
	assert_int_equal(0, database_answer(p->database, key, "Third",
	    &answer));
	buf_fini(&answer);
}

static void
the_products_of_a_key_are_found_one_after_the_other(void **state)
{
	struct place *p = *state;
	uint8_t key[KEY_SIZE];
	struct machine m;

	memset(key, 7, sizeof(key));
	store_two_products(p, 7);
	assert_int_equal(1, database_machine_after(p->database, key, "", &m));
	assert_string_equal(PRODUCT, m.product);
	assert_int_equal(1, database_machine_after(p->database, key, PRODUCT,
	    &m));
	assert_string_equal(OTHER, m.product);
	assert_int_equal(0, database_machine_after(p->database, key, OTHER,
	    &m));
	key[0] = 8;
	assert_int_equal(0, database_machine_after(p->database, key, "", &m));
}

static void
a_key_retired_for_one_product_is_live_for_the_other(void **state)
{
	struct place *p = *state;
	uint8_t key[KEY_SIZE];
	struct change c;
	struct dossier d;
	struct buf answer;

	memset(key, 7, sizeof(key));
	store_two_products(p, 7);
	subscription(&c, "sub-1");
	machine(&c, 8);
	c.has_retired = true;
	memcpy(c.retired, key, KEY_SIZE);
	text_copy(c.retired_product, TEXT_64, PRODUCT);
	store(p, &c);
	assert_int_equal(1, database_load_by_key(p->database, key, PRODUCT,
	    long_ago, &d));
	assert_int_equal(MACHINE_RETIRED, d.machine.state);
	assert_int_equal(8, d.live.key[0]);
	assert_int_equal(1, database_load_by_key(p->database, key, OTHER,
	    long_ago, &d));
	assert_int_equal(MACHINE_LIVE, d.machine.state);
	assert_int_equal(7, d.live.key[0]);
	buf_init(&answer, 100);
	assert_int_equal(1, database_answer(p->database, key, OTHER,
	    &answer));
	buf_fini(&answer);
}

static void
machines_follow_the_product_of_their_subscription(void **state)
{
	struct place *p = *state;
	uint8_t key[KEY_SIZE];
	struct change c;
	struct dossier d;

	memset(key, 7, sizeof(key));
	store_two_products(p, 7);
	subscription(&c, "sub-1");
	text_copy(c.subscription.product, TEXT_64, "Third");
	store(p, &c);
	assert_int_equal(1, database_load_by_key(p->database, key, "Third",
	    long_ago, &d));
	assert_string_equal("sub-1", d.subscription.id);
	assert_int_equal(17, d.machine.sequence);
	assert_int_equal(0, database_load_by_key(p->database, key, PRODUCT,
	    long_ago, &d));
	/* Where the key has a record already, that one stays. */
	text_copy(c.subscription.product, TEXT_64, OTHER);
	store(p, &c);
	assert_int_equal(1, database_load_by_key(p->database, key, OTHER,
	    long_ago, &d));
	assert_string_equal("sub-2", d.subscription.id);
}

static void
a_database_of_another_version_is_one_error_with_the_mend(void **state)
{
	static const char *const versions[] = { "1", "2", "99", "x" };
	struct place *p = *state;
	struct buf error;

	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		assert_int_equal(0, database_set(p->database, "schema",
		    versions[i]));
		buf_init(&error, 1024);
		assert_null(database_open(p->path, false, &error));
		assert_non_null(strstr(buf_text(&error), p->path));
		assert_non_null(strstr(buf_text(&error), "version"));
		assert_non_null(strstr(buf_text(&error), "`init`"));
		assert_null(strchr(buf_text(&error), '\n'));
		buf_fini(&error);
	}
}

static void
an_address_finds_every_prefix_that_holds_it(void **state)
{
	struct place *p = *state;
	struct candidate found[4];
	struct change c;

	subscription(&c, "sub-1");
	allocation(&c, "192.0.2.1", "10.0.0.5", 0);
	allocation(&c, "2001:db8::7", "", 0);
	machine(&c, 7);
	store(p, &c);
	subscription(&c, "sub-2");
	allocation(&c, "192.0.2.0/24", "", 0);
	store(p, &c);
	assert_int_equal(2, database_candidates(p->database, "192.0.2.1",
	    found, 4));
	assert_string_equal("sub-1", found[0].subscription);
	assert_true(found[0].has_live);
	assert_string_equal("10.0.0.5", found[0].allocation.internal);
	assert_string_equal("sub-2", found[1].subscription);
	assert_false(found[1].has_live);
	assert_string_equal("FastNetMon", found[1].product);
	memset(&c, 0, sizeof(c));
	c.has_retired = true;
	memset(c.retired, 7, KEY_SIZE);
	text_copy(c.retired_product, TEXT_64, PRODUCT);
	store(p, &c);
	assert_int_equal(2, database_candidates(p->database, "192.0.2.1",
	    found, 4));
	assert_false(found[0].has_live);
	assert_int_equal(1, database_candidates(p->database, "192.0.2.9",
	    found, 4));
	assert_int_equal(1, database_candidates(p->database,
	    "2001:db8::abcd:1", found, 4));
	assert_int_equal(0, database_candidates(p->database, "2001:db8:1::1",
	    found, 4));
	assert_int_equal(1, database_candidates(p->database, "192.0.2.1",
	    found, 1));
	subscription(&c, "sub-3");
	allocation(&c, "::1", "", 0);
	store(p, &c);
	assert_int_equal(2, database_candidates(p->database, "192.0.2.1",
	    found, 4));
	assert_int_equal(1, database_candidates(p->database, "::9",
	    found, 4));
}

static void
an_approved_address_drops_the_generations_before_it(void **state)
{
	struct place *p = *state;
	struct change c;
	struct dossier d;

	subscription(&c, "sub-1");
	allocation(&c, "192.0.2.1", "10.0.0.5", 0);
	allocation(&c, "198.51.100.9", "", 1);
	store(p, &c);
	subscription(&c, "sub-1");
	c.drop_before = 1;
	allocation(&c, "198.51.100.9", "10.0.0.6", 1);
	store(p, &c);
	assert_int_equal(1, database_load(p->database, "sub-1", long_ago,
	    &d));
	assert_int_equal(1, d.allocation_count);
	assert_string_equal("198.51.100.9/32", d.allocations[0].prefix);
	assert_string_equal("10.0.0.6", d.allocations[0].internal);
}

static void
only_rebinds_of_the_window_are_loaded(void **state)
{
	struct place *p = *state;
	struct change c;
	struct dossier d;

	for (int i = 0; i < 5; i++) {
		subscription(&c, "sub-1");
		c.rebound = true;
		c.rebind.at = utc_add(now, i * DAY_S);
		store(p, &c);
	}
	assert_int_equal(1, database_load(p->database, "sub-1",
	    utc_add(now, 2 * DAY_S), &d));
	assert_int_equal(2, d.rebind_count);
	assert_int_equal(now.s + 4 * DAY_S, d.rebinds[0].at.s);
}

static void
coupons_settings_and_counts(void **state)
{
	static const char hash[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
	struct place *p = *state;
	struct database_counts counts;
	struct change c;
	struct dossier d;
	char value[32];

	subscription(&c, "sub-1");
	text_copy(c.subscription.coupon_sha256,
	    sizeof(c.subscription.coupon_sha256), hash);
	machine(&c, 7);
	store(p, &c);
	assert_int_equal(1, database_load_by_coupon(p->database, hash,
	    long_ago, &d));
	assert_true(d.by_coupon);
	assert_false(d.known);
	subscription(&c, "sub-2");
	c.subscription.status = SUBSCRIPTION_ENDED;
	store(p, &c);
	assert_int_equal(0, database_count(p->database, now, &counts));
	assert_int_equal(1, counts.subscriptions[SUBSCRIPTION_ACTIVE]);
	assert_int_equal(1, counts.subscriptions[SUBSCRIPTION_ENDED]);
	assert_int_equal(1, counts.machines[MACHINE_LIVE]);
	assert_int_equal(0, counts.terms_ending[0]);
	assert_int_equal(1, counts.terms_ending[1]);
	assert_int_equal(1, counts.terms_ending[2]);
	assert_int_equal(0, database_get(p->database, "issuer", value,
	    sizeof(value)));
	assert_int_equal(0, database_set(p->database, "issuer", "A"));
	assert_int_equal(0, database_set(p->database, "issuer", "B"));
	assert_int_equal(1, database_get(p->database, "issuer", value,
	    sizeof(value)));
	assert_string_equal("B", value);
	assert_int_equal(0, database_ping(p->database));
}

static void
what_events_say_is_printable_and_bounded(void **state)
{
	struct change c;
	char text[600];

	(void)state;
	subscription(&c, "sub-1");
	memset(text, 'x', sizeof(text));
	text[0] = '\n';
	text[1] = '\x1b';
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < EVENTS_PER_CHANGE + 3; i++)
		event_add(&c, EVENT_SET, now, "%s", text);
	assert_int_equal(EVENTS_PER_CHANGE, c.event_count);
	assert_true(strlen(c.events[0].detail) < EVENT_DETAIL_SIZE);
	assert_null(strpbrk(c.events[0].detail, "\n\x1b"));
	event_add_refusal(&c, REFUSAL_CLONE, now, "x");
	assert_int_equal(EVENTS_PER_CHANGE, c.event_count);
}

static void
the_file_is_private_and_never_made_over_another(void **state)
{
	struct place *p = *state;
	struct stat st;
	struct buf error;

	assert_int_equal(0, stat(p->path, &st));
	assert_int_equal(0600, st.st_mode & 0777);
	buf_init(&error, 1024);
	assert_null(database_open(p->path, true, &error));
	assert_true(error.len > 0);
	buf_fini(&error);
}

static void
a_damaged_file_is_found_at_start(void **state)
{
	struct place *p = *state;
	struct buf error;
	struct change c;
	struct database *d;
	char id[32], junk[4096];
	int fd;

	for (int i = 0; i < 200; i++) {
		snprintf(id, sizeof(id), "sub-%d", i);
		subscription(&c, id);
		store(p, &c);
	}
	database_close(p->database); /* moves the log into the file */
	p->database = NULL;
	memset(junk, 0x5a, sizeof(junk));
	fd = open(p->path, O_WRONLY);
	assert_int_not_equal(-1, fd);
	assert_int_equal(sizeof(junk), pwrite(fd, junk, sizeof(junk), 8192));
	assert_int_equal(sizeof(junk), pwrite(fd, junk, sizeof(junk),
	    15 * 4096));
	close(fd);
	buf_init(&error, 1024);
	d = database_open(p->path, false, &error);
	assert_true(!d || database_check(d) == -1);
	assert_true(d ? strlen(database_error(d)) > 0 : error.len > 0);
	database_close(d);
	buf_fini(&error);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_stored_is_found_after_it_is_opened_again),
		TEST(what_is_not_there_is_not_found),
		TEST(what_is_rolled_back_or_never_committed_is_not_there),
		TEST(a_hundred_changes_are_one_commit_that_another_sees),
		TEST(a_decision_advances_the_chain_and_leaves_the_rest_alone),
		TEST(a_retired_key_keeps_no_answer_and_the_new_one_is_live),
		TEST(what_another_machine_asks_leaves_the_stored_answer),
		TEST(a_machine_changes_state_and_subscription),
		TEST(one_key_has_a_record_and_an_answer_for_each_product),
		TEST(the_products_of_a_key_are_found_one_after_the_other),
		TEST(a_key_retired_for_one_product_is_live_for_the_other),
		TEST(machines_follow_the_product_of_their_subscription),
		TEST(a_database_of_another_version_is_one_error_with_the_mend),
		TEST(an_address_finds_every_prefix_that_holds_it),
		TEST(an_approved_address_drops_the_generations_before_it),
		TEST(only_rebinds_of_the_window_are_loaded),
		TEST(coupons_settings_and_counts),
		TEST(what_events_say_is_printable_and_bounded),
		TEST(the_file_is_private_and_never_made_over_another),
		TEST(a_damaged_file_is_found_at_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
