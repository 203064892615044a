/* SPDX-License-Identifier: ISC */
/*
 * The records over SQLite: which statements make which verb. It knows what a
 * record looks like and nothing of what it means.
 */
#include "license/authority/database.h"

#include <stdlib.h>
#include <string.h>

#include "license/authority/sqlite.h"
#include "license/base/buf.h"

struct database {
	struct sqlite *sqlite;
};

const char *
database_error(const struct database *d)
{
	return sqlite_error(d->sqlite);
}

struct sqlite *
database_sqlite(const struct database *d)
{
	return d->sqlite;
}

static struct query *
query(struct database *d, enum statement which)
{
	return sqlite_query(d->sqlite, which);
}

struct database *
database_open(const char *path, bool create, struct buf *error)
{
	struct database *d = calloc(1, sizeof(*d));

	if (!d) {
		buf_puts(error, "there is no memory");
		return NULL;
	}
	d->sqlite = sqlite_open(path, create, error);
	if (d->sqlite)
		return d;
	database_close(d);
	return NULL;
}

void
database_close(struct database *d)
{
	if (!d)
		return;
	sqlite_close(d->sqlite);
	free(d);
}

int
database_check(struct database *d)
{
	return sqlite_check(d->sqlite);
}

int
database_ping(struct database *d)
{
	return query_run(query(d, STATEMENT_PING));
}

int
database_begin(struct database *d)
{
	return query_run(query(d, STATEMENT_BEGIN));
}

int
database_commit(struct database *d)
{
	return query_run(query(d, STATEMENT_COMMIT));
}

void
database_rollback(struct database *d)
{
	if (sqlite_in_transaction(d->sqlite))
		query_run(query(d, STATEMENT_ROLLBACK));
}

int
database_get(struct database *d, const char *name, char *out, size_t out_size)
{
	struct query *s = query(d, STATEMENT_GET);
	int rc;

	query_text(s, 1, name);
	rc = query_next(s);
	if (rc == 1)
		query_get_text(s, 0, out, out_size);
	query_end(s);
	return rc;
}

int
database_set(struct database *d, const char *name, const char *value)
{
	struct query *s = query(d, STATEMENT_SET);

	query_text(s, 1, name);
	query_text(s, 2, value);
	return query_run(s);
}

/* What belongs to the subscription that is in ${out} already. */
static int
load_rest(struct database *d, utc_t since, struct dossier *out)
{
	const char *id = out->subscription.id;
	struct query *s = query(d, STATEMENT_ALLOCATIONS);
	int n;

	out->lookup = LOOKUP_FOUND;
	query_text(s, 1, id);
	query_number(s, 2, ALLOCATIONS_MAX);
	n = query_many(s, &schema_allocation, out->allocations,
	    sizeof(out->allocations[0]), ALLOCATIONS_MAX);
	if (n == -1)
		return -1;
	out->allocation_count = (size_t)n;
	s = query(d, STATEMENT_REBINDS);
	query_text(s, 1, id);
	query_number(s, 2, since.s);
	query_number(s, 3, REBINDS_MAX);
	n = query_many(s, &schema_rebind, out->rebinds,
	    sizeof(out->rebinds[0]), REBINDS_MAX);
	if (n == -1)
		return -1;
	out->rebind_count = (size_t)n;
	if (out->known && out->machine.state != MACHINE_RETIRED) {
		out->live = out->machine;
		out->has_live = true;
		return 1;
	}
	s = query(d, STATEMENT_LIVE);
	query_text(s, 1, id);
	n = query_one(s, &schema_machine, &out->live);
	out->has_live = n == 1;
	return n == -1 ? -1 : 1;
}

static int
load(struct database *d, enum statement which, const char *text, utc_t since,
    struct dossier *out)
{
	struct query *s = query(d, which);
	int n;

	query_text(s, 1, text);
	n = query_one(s, &schema_subscription, &out->subscription);
	return n == 1 ? load_rest(d, since, out) : n;
}

int
database_load(struct database *d, const char *subscription, utc_t since,
    struct dossier *out)
{
	memset(out, 0, sizeof(*out));
	return load(d, STATEMENT_SUBSCRIPTION, subscription, since, out);
}

int
database_load_by_coupon(struct database *d, const char *coupon_sha256,
    utc_t since, struct dossier *out)
{
	memset(out, 0, sizeof(*out));
	out->by_coupon = true;
	return load(d, STATEMENT_COUPON, coupon_sha256, since, out);
}

int
database_load_by_key(struct database *d, const uint8_t key[KEY_SIZE],
    const char *product, utc_t since, struct dossier *out)
{
	struct query *s = query(d, STATEMENT_MACHINE);
	int n;

	memset(out, 0, sizeof(*out));
	query_blob(s, 1, key, KEY_SIZE);
	query_text(s, 2, product);
	n = query_one(s, &schema_machine, &out->machine);
	if (n != 1)
		return n;
	out->known = true;
	return load(d, STATEMENT_SUBSCRIPTION, out->machine.subscription,
	    since, out);
}

static int
candidates_of_length(struct database *d, const uint8_t address[static 16],
    int bits, struct candidate *out, size_t max)
{
	struct query *s = query(d, STATEMENT_CANDIDATES);
	int at = schema_allocation.count + 1, rc = 0;
	uint8_t base[16];
	size_t n = 0;

	prefix_mask(address, bits, base);
	query_number(s, 1, bits);
	query_blob(s, 2, base, sizeof(base));
	query_number(s, 3, (int64_t)max);
	while (n < max && (rc = query_next(s)) == 1) {
		struct candidate *c = &out[n++];

		query_read(s, &schema_allocation, &c->allocation);
		query_get_text(s, at, c->subscription,
		    sizeof(c->subscription));
		query_get_text(s, at + 1, c->product, sizeof(c->product));
		c->status = (int)query_get_number(s, at + 2);
		c->term_end.s = query_get_number(s, at + 3);
		c->has_live = query_get_number(s, at + 4) != 0;
		c->kind = (int)query_get_number(s, at + 5);
	}
	query_end(s);
	return rc == -1 ? -1 : (int)n;
}

/* One look for each prefix length in use, the longest first. */
int
database_candidates(struct database *d, const char *address,
    struct candidate *out, size_t max)
{
	uint8_t bytes[16];
	size_t count = 0;
	int bits = 129;

	if (!address_bytes(address, bytes))
		return 0;
	while (count < max) {
		struct query *s = query(d, STATEMENT_LENGTH);
		int rc, n;

		query_number(s, 1, bits);
		rc = query_next(s);
		bits = rc == 1 ? (int)query_get_number(s, 0) : 0;
		query_end(s);
		if (rc != 1)
			return -1;
		if (bits == 0 || !prefix_may_hold(bytes, bits))
			break;
		n = candidates_of_length(d, bytes, bits, out + count,
		    max - count);
		if (n == -1)
			return -1;
		count += (size_t)n;
	}
	return (int)count;
}

int
database_machine_after(struct database *d, const uint8_t key[KEY_SIZE],
    const char *product, struct machine *out)
{
	struct query *s = query(d, STATEMENT_MACHINE_AFTER);

	query_blob(s, 1, key, KEY_SIZE);
	query_text(s, 2, product);
	return query_one(s, &schema_machine, out);
}

int
database_answer(struct database *d, const uint8_t key[KEY_SIZE],
    const char *product, struct buf *out)
{
	struct query *s = query(d, STATEMENT_ANSWER);
	int rc;

	query_blob(s, 1, key, KEY_SIZE);
	query_text(s, 2, product);
	rc = query_next(s);
	if (rc == 1)
		query_get_blob(s, 0, out);
	query_end(s);
	return rc;
}

static int
store_subscription(struct database *d, const struct change *c)
{
	const struct subscription *s = &c->subscription;
	struct query *put;

	if (c->subscription_changed) {
		put = query(d, STATEMENT_PUT_SUBSCRIPTION);
		query_record(put, 1, &schema_subscription, s);
		if (query_run(put) == -1)
			return -1;
		put = query(d, STATEMENT_MOVE_MACHINES);
		query_text(put, 1, s->id);
		query_text(put, 2, s->product);
		return query_run(put);
	}
	put = query(d, STATEMENT_ADVANCE);
	query_text(put, 1, s->id);
	query_number(put, 2, s->sequence);
	query_number(put, 3, s->coupon_used.s);
	query_number(put, 4, s->hardware_approved);
	return query_run(put);
}

static int
put_machine(struct database *d, const struct change *c, enum statement which)
{
	struct query *s = query(d, which);

	query_record(s, 1, &schema_machine, &c->machine);
	query_blob(s, schema_machine.count + 1, c->answer, c->answer_len);
	return query_run(s);
}

/* Mostly state and subscription stay, so their index is not touched. */
static int
store_machine(struct database *d, const struct change *c)
{
	struct query *s;

	if (c->has_retired) {
		s = query(d, STATEMENT_RETIRE);
		query_blob(s, 1, c->retired, KEY_SIZE);
		query_text(s, 2, c->retired_product);
		if (query_run(s) == -1)
			return -1;
	}
	if (!c->machine_changed)
		return 0;
	if (c->keeps_answer) {
		s = query(d, STATEMENT_NOTE_MACHINE);
		query_record(s, 1, &schema_machine, &c->machine);
		return query_run(s);
	}
	if (put_machine(d, c, STATEMENT_RENEW_MACHINE) == -1)
		return -1;
	return sqlite_changed(d->sqlite) ? 0 :
	    put_machine(d, c, STATEMENT_PUT_MACHINE);
}

static int
store_allocations(struct database *d, const struct change *c)
{
	struct query *s;

	if (c->drop_before > 0) {
		s = query(d, STATEMENT_DROP_ALLOCATIONS);
		query_text(s, 1, c->subscription.id);
		query_number(s, 2, c->drop_before);
		if (query_run(s) == -1)
			return -1;
	}
	for (size_t i = 0; i < c->allocation_count; i++) {
		s = query(d, STATEMENT_PUT_ALLOCATION);
		query_text(s, 1, c->subscription.id);
		query_record(s, 2, &schema_allocation, &c->allocations[i]);
		if (query_run(s) == -1)
			return -1;
	}
	return 0;
}

int
database_store(struct database *d, const struct change *c)
{
	struct query *s;

	if ((c->subscription_changed || c->advanced) &&
	    store_subscription(d, c) == -1)
		return -1;
	if (store_machine(d, c) == -1 || store_allocations(d, c) == -1)
		return -1;
	if (c->rebound) {
		s = query(d, STATEMENT_ADD_REBIND);
		query_text(s, 1, c->subscription.id);
		query_record(s, 2, &schema_rebind, &c->rebind);
		if (query_run(s) == -1)
			return -1;
	}
	if (c->tried && database_put_tried(d, c->allocations[0].prefix,
	    c->subscription.id) == -1)
		return -1;
	for (size_t i = 0; i < c->event_count; i++) {
		s = query(d, STATEMENT_ADD_EVENT);
		query_record(s, 1, &schema_event, &c->events[i]);
		if (query_run(s) == -1)
			return -1;
	}
	return 0;
}

static int
end_list(struct query *q, int rc)
{
	query_end(q);
	return rc == -1 ? -1 : 0;
}

int
database_subscriptions(struct database *d,
    bool (*each)(void *self, const struct subscription *), void *self)
{
	struct query *s = query(d, STATEMENT_SUBSCRIPTIONS);
	struct subscription row;
	int rc;

	while ((rc = query_next_record(s, &schema_subscription, &row)) == 1 &&
	    each(self, &row))
		continue;
	return end_list(s, rc);
}

int
database_machines(struct database *d, const char *subscription,
    bool (*each)(void *self, const struct machine *), void *self)
{
	struct query *s = query(d, subscription ? STATEMENT_MACHINES_OF :
	    STATEMENT_MACHINES);
	struct machine row;
	int rc;

	if (subscription)
		query_text(s, 1, subscription);
	while ((rc = query_next_record(s, &schema_machine, &row)) == 1 &&
	    each(self, &row))
		continue;
	return end_list(s, rc);
}

int
database_events(struct database *d, const char *subscription, int64_t after,
    bool (*each)(void *self, const struct event *), void *self)
{
	struct query *s = query(d, subscription ? STATEMENT_EVENTS_OF :
	    STATEMENT_EVENTS);
	struct event row;
	int rc;

	query_number(s, 1, after);
	if (subscription)
		query_text(s, 2, subscription);
	while ((rc = query_next_record(s, &schema_event, &row)) == 1 &&
	    each(self, &row))
		continue;
	return end_list(s, rc);
}

/* Counts by a small number, into an array of ${max} + 1. */
static int
count_by(struct query *s, int max, int64_t *out)
{
	int rc;

	while ((rc = query_next(s)) == 1) {
		int64_t which = query_get_number(s, 0);

		if (which >= 0 && which <= max)
			out[which] = query_get_number(s, 1);
	}
	query_end(s);
	return rc;
}

int
database_count(struct database *d, utc_t now, struct database_counts *out)
{
	static const int days[] = { 7, 30, 60 };
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (count_by(query(d, STATEMENT_COUNT_SUBSCRIPTIONS),
	    SUBSCRIPTION_STATUS_MAX, out->subscriptions) == -1 ||
	    count_by(query(d, STATEMENT_COUNT_MACHINES),
	    MACHINE_STATE_MAX, out->machines) == -1)
		return -1;
	for (size_t i = 0; i < 3 && rc == 0; i++) {
		struct query *s = query(d, STATEMENT_COUNT_TERMS);

		query_number(s, 1, now.s);
		query_number(s, 2, now.s + days[i] * DAY_S);
		query_number(s, 3, SUBSCRIPTION_CANCELLED);
		rc = query_next(s) == 1 ? 0 : -1;
		out->terms_ending[i] = rc == 0 ? query_get_number(s, 0) : 0;
		query_end(s);
	}
	return rc;
}
