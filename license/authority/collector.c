/* SPDX-License-Identifier: ISC */
/*
 * One batch, one transaction, a pause. It reads no socket and no line of a
 * report but its key and its date.
 */
#include "license/authority/collector.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "license/authority/database.h"
#include "license/authority/tally.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/http.h"
#include "license/base/log.h"

struct report {
	struct report *next;
	struct http_exchange *exchange;
	struct stats stats;
	struct buf bytes;
	int stored;
};

struct collector {
	struct database *database;
	struct tally *tally;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct report *first, **last;
	size_t count;
	bool stopping;
	bool failing; /* the last batch did: said once */
};

static bool
store_all(struct collector *c, struct report *batch)
{
	utc_t now = clock_wall();

	if (database_begin(c->database) == -1)
		return false;
	for (struct report *r = batch; r; r = r->next) {
		r->stored = database_store_report(c->database, &r->stats, now,
		    &r->bytes);
		if (r->stored == -1)
			return false;
	}
	return database_commit(c->database) == 0;
}

/* The answer says nothing that an agent could act on. */
static void
reply(struct collector *c, struct report *r, bool good)
{
	int status = !good ? 503 : r->stored ? 204 : 403;
	const char *text = !good ? "the report could not be stored\n" :
	    r->stored ? "" : "no machine of this key is known\n";

	tally_report(c->tally, !good ? TALLY_REPORT_UNAVAILABLE :
	    r->stored ? TALLY_REPORT_STORED : TALLY_REPORT_UNKNOWN);
	if (r->exchange)
		http_reply(r->exchange, status, "text/plain; charset=utf-8",
		    text, strlen(text), NULL, 0);
	buf_fini(&r->bytes);
	free(r);
}

static void
work(struct collector *c, struct report *batch)
{
	bool good = store_all(c, batch);

	if (!good) {
		if (!c->failing)
			log_warn("usage reports cannot be stored: %s",
			    database_error(c->database));
		database_rollback(c->database);
	}
	c->failing = !good;
	while (batch) {
		struct report *next = batch->next;

		reply(c, batch, good);
		batch = next;
	}
}

static void *
run(void *self)
{
	struct collector *c = self;
	struct report *batch;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		while (!c->first && !c->stopping)
			pthread_cond_wait(&c->wake, &c->lock);
		batch = c->first;
		if (!batch)
			break;
		c->first = NULL;
		c->last = &c->first;
		c->count = 0;
		pthread_mutex_unlock(&c->lock);
		work(c, batch);
		poll(NULL, 0, COLLECTOR_PAUSE_MS);
		pthread_mutex_lock(&c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

struct collector *
collector_start(struct database *database, struct tally *tally)
{
	struct collector *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->database = database;
	c->tally = tally;
	c->last = &c->first;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->wake, NULL);
	if (database_relax(database) == -1 ||
	    pthread_create(&c->thread, NULL, run, c) != 0) {
		free(c);
		return NULL;
	}
	return c;
}

void
collector_stop(struct collector *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
}

void
collector_free(struct collector *c)
{
	if (!c)
		return;
	pthread_cond_destroy(&c->wake);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

bool
collector_add(struct collector *c, struct http_exchange *exchange,
    const struct stats *stats, const char *bytes, size_t len)
{
	struct report *r = calloc(1, sizeof(*r));
	bool taken = false;

	if (!r)
		return false;
	r->exchange = exchange;
	r->stats = *stats;
	buf_init(&r->bytes, DOCUMENT_MAX);
	buf_add(&r->bytes, bytes, len);
	pthread_mutex_lock(&c->lock);
	if (!c->stopping && c->count < COLLECTOR_QUEUE_MAX &&
	    !r->bytes.failed) {
		*c->last = r;
		c->last = &r->next;
		c->count++;
		taken = true;
		pthread_cond_signal(&c->wake);
	}
	pthread_mutex_unlock(&c->lock);
	if (!taken) {
		buf_fini(&r->bytes);
		free(r);
	}
	return taken;
}
