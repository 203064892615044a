/* SPDX-License-Identifier: ISC */
/*
 * Group commit: the batch forms by itself while the one before is on its way
 * to the disk. It reads no request and no socket.
 */
#include "license/authority/writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "license/authority/database.h"
#include "license/authority/issue.h"
#include "license/authority/tally.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/http.h"
#include "license/base/log.h"
#include "license/verify.h"

#define DOCUMENT_TYPE "text/plain; charset=utf-8"
#define UNAVAILABLE "the request could not be stored; send it again\n"

struct waiting {
	struct waiting *next;
	struct writer_job job;
	struct buf answer;
	int status, result;
};

struct writer {
	struct writer_options options;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct waiting *first, **last;
	size_t count;
	bool stopping;
	bool failing; /* the last batch did: said once */
};

static int
find(const struct writer_options *o, const struct writer_job *job, utc_t now,
    struct dossier *out)
{
	utc_t since = utc_add(now, -o->policy->rebind_window_s);
	struct candidate candidates[CANDIDATES_MAX];
	char coupon[HEX_SIZE(SHA256_SIZE)];
	uint8_t hash[SHA256_SIZE];
	enum lookup lookup;
	int n, chosen;

	n = database_load_by_key(o->database, job->request.machine_key,
	    job->request.product, since, out);
	if (n != 0)
		return n;
	if (has_bit(job->request.has, REQUEST_COUPON)) {
		sha256(job->request.coupon, strlen(job->request.coupon), hash);
		hex_encode(hash, sizeof(hash), coupon);
		n = database_load_by_coupon(o->database, coupon, since, out);
		if (n == 0)
			out->lookup = LOOKUP_COUPON_UNKNOWN;
		return n;
	}
	n = database_candidates(o->database, job->observed, candidates,
	    CANDIDATES_MAX);
	if (n == -1)
		return -1;
	chosen = decide_choose(candidates, (size_t)n, &job->request, now,
	    &lookup);
	if (chosen != -1)
		return database_load(o->database,
		    candidates[chosen].subscription, since, out);
	memset(out, 0, sizeof(*out));
	out->lookup = lookup;
	return 0;
}

static bool
seal(const struct writer_options *o, struct decision *d, struct buf *out)
{
	return d->kind == DECISION_LICENSE ?
	    issue_license(o->issuer, &d->license, out) :
	    issue_refusal(o->issuer, &d->refusal, out);
}

/* The last answer of a record may be another than the one stored. */
static bool
is_license(const struct buf *document)
{
	static const char word[] = "leaseline-license ";

	return document->len >= sizeof(word) &&
	    memcmp(document->data, word, sizeof(word) - 1) == 0;
}

int
writer_answer(const struct writer_options *o, const struct writer_job *job,
    utc_t now, struct buf *out, int *result)
{
	struct dossier dossier;
	struct decision d;
	struct decide_question q = { .policy = o->policy,
		.issuer = o->issuer_name, .now = now,
		.observed = job->observed, .request = &job->request,
		.request_sha256 = job->request_sha256, .dossier = &dossier };

	if (find(o, job, now, &dossier) == -1)
		return -1;
	decide(&q, &d);
	*result = TALLY_REPEAT;
	if (d.kind == DECISION_REPEAT) {
		int rc = database_answer(o->database, job->request.machine_key,
		    job->request.product, out);

		return rc != 1 ? -1 : is_license(out) ? 200 : 403;
	}
	*result = d.kind == DECISION_LICENSE ? TALLY_LICENSE :
	    TALLY_REFUSED + d.refusal.reason;
	if (!seal(o, &d, out)) {
		*result = TALLY_UNAVAILABLE;
		return 503;
	}
	d.change.answer = out->data;
	d.change.answer_len = out->len;
	if (database_store(o->database, &d.change) == -1)
		return -1;
	return d.kind == DECISION_LICENSE ? 200 : 403;
}

static bool
decide_all(struct writer *w, struct waiting *batch)
{
	utc_t now = clock_wall();

	if (database_begin(w->options.database) == -1)
		return false;
	for (struct waiting *i = batch; i; i = i->next) {
		i->status = writer_answer(&w->options, &i->job, now,
		    &i->answer, &i->result);
		if (i->status == -1)
			return false;
	}
	return database_commit(w->options.database) == 0;
}

static void
reply(struct writer *w, struct waiting *i, bool stored)
{
	const char *bytes = i->answer.data;
	size_t len = i->answer.len;
	mono_t now = clock_boot();

	if (!stored || i->status == 503) {
		i->status = 503;
		i->result = TALLY_UNAVAILABLE;
		bytes = UNAVAILABLE;
		len = strlen(UNAVAILABLE);
	}
	tally_request(w->options.tally, i->result,
	    now.ns - i->job.received.ns);
	if (i->job.exchange)
		http_reply(i->job.exchange, i->status, DOCUMENT_TYPE, bytes,
		    len, NULL, 0);
	buf_fini(&i->answer);
	free(i);
}

static void
work(struct writer *w, struct waiting *batch, size_t count)
{
	bool stored = decide_all(w, batch);

	if (!stored) {
		if (!w->failing)
			log_error("the database failed: %s; requests are "
			    "answered 503 until it is mended",
			    database_error(w->options.database));
		database_rollback(w->options.database);
	} else if (w->failing) {
		log_info("the database works again");
	}
	w->failing = !stored;
	tally_database(w->options.tally, stored);
	tally_batch(w->options.tally, count);
	while (batch) {
		struct waiting *next = batch->next;

		reply(w, batch, stored);
		batch = next;
	}
}

static void *
run(void *self)
{
	struct writer *w = self;
	struct waiting *batch;
	size_t count;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->first && !w->stopping)
			pthread_cond_wait(&w->wake, &w->lock);
		if (!w->first)
			break;
		batch = w->first;
		count = w->count;
		w->first = NULL;
		w->last = &w->first;
		w->count = 0;
		pthread_mutex_unlock(&w->lock);
		tally_queue(w->options.tally, 0);
		work(w, batch, count);
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct writer *
writer_start(const struct writer_options *options)
{
	struct writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->options = *options;
	w->last = &w->first;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	if (pthread_create(&w->thread, NULL, run, w) != 0) {
		free(w);
		return NULL;
	}
	return w;
}

void
writer_stop(struct writer *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
}

void
writer_free(struct writer *w)
{
	if (!w)
		return;
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

bool
writer_add(struct writer *w, const struct writer_job *job)
{
	struct waiting *i = calloc(1, sizeof(*i));
	bool taken = false;
	size_t count;

	if (!i)
		return false;
	i->job = *job;
	buf_init(&i->answer, DOCUMENT_MAX);
	pthread_mutex_lock(&w->lock);
	if (!w->stopping && w->count < WRITER_QUEUE_MAX) {
		*w->last = i;
		w->last = &i->next;
		w->count++;
		taken = true;
		pthread_cond_signal(&w->wake);
	}
	count = w->count;
	pthread_mutex_unlock(&w->lock);
	tally_queue(w->options.tally, count);
	if (!taken)
		free(i);
	return taken;
}
