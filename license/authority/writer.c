/* SPDX-License-Identifier: ISC */
/*
 * Group commit: the batch forms by itself while the one before is on its way
 * to the disk. It reads no request and no socket.
 */
#include "license/authority/writer.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "license/authority/database.h"
#include "license/authority/find.h"
#include "license/authority/gate.h"
#include "license/authority/issue.h"
#include "license/authority/tally.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/http.h"
#include "license/base/log.h"
#include "license/verify.h"

#define DOCUMENT_TYPE "text/plain; charset=utf-8"
#define UNAVAILABLE "the request could not be stored; send it again\n"

/* While any are held, their next second is looked for this often. */
enum { HELD_LOOK_MS = 20 };

struct waiting {
	struct waiting *next;
	struct writer_job job;
	struct buf answer;
	int status;
	struct writer_reply reply;
	int64_t waited;
};

struct queue {
	struct waiting *first, **last;
	size_t count;
};

struct writer {
	struct writer_options options;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct queue queue;
	bool stopping;
	struct admit admit; /* the thread's, as is what it holds */
	struct queue held;
	int64_t second; /* of the last batch, all that is held was in it */
	atomic_llong machines;
	bool failing; /* the last batch did: said once */
};

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

static bool
is_revoked(const struct writer_options *o, const struct buf *document)
{
	struct doc_frame frame;

	return doc_frame_read(document->data, document->len,
	    is_license(document) ? PURPOSE_LICENSE : PURPOSE_REFUSAL,
	    &frame) == DOC_OK && issuer_revoked(o->issuer, frame.key);
}

/* Nothing is stored: the same request may be sent again and be granted. */
static bool
seal_busy(const struct writer_options *o, const struct decide_question *q,
    int64_t retry_after_s, struct buf *out)
{
	struct refusal refusal;

	decide_refuse(q, REFUSAL_BUSY, &refusal);
	refusal.retry_after_s = retry_after_s;
	return issue_refusal(o->issuer, &refusal, out);
}

static enum admit_verdict
ask_admission(const struct writer_turn *turn, const struct writer_job *job,
    const struct decide_question *q, const struct decision *d)
{
	if (!turn->admit || d->kind != DECISION_LICENSE)
		return ADMIT_GRANT;
	return admit_ask(turn->admit, turn->second,
	    gate_class(q->dossier, d, job->attended, q->now), turn->waited);
}

/* The answer that is kept, and what is changed with it. */
static int
answer_decision(const struct writer_options *o, struct decision *d,
    struct buf *out, struct writer_reply *reply)
{
	reply->result = d->kind == DECISION_LICENSE ? TALLY_LICENSE :
	    TALLY_REFUSED + d->refusal.reason;
	if (!seal(o, d, out)) {
		reply->result = TALLY_UNAVAILABLE;
		return 503;
	}
	d->change.answer = out->data;
	d->change.answer_len = out->len;
	if (database_store(o->database, &d->change) == -1)
		return -1;
	return d->kind == DECISION_LICENSE ? 200 : 403;
}

int
writer_answer(const struct writer_options *o, const struct writer_job *job,
    const struct writer_turn *turn, struct buf *out,
    struct writer_reply *reply)
{
	struct dossier dossier;
	struct decision d;
	struct find_question find = { .database = o->database,
		.request = &job->request, .observed = job->observed,
		.now = turn->now, .since = utc_add(turn->now,
		-o->policy->rebind_window_s) };
	struct decide_question q = { .policy = o->policy,
		.issuer = o->issuer_name, .now = turn->now,
		.observed = job->observed, .request = &job->request,
		.request_sha256 = job->request_sha256, .dossier = &dossier };

	if (find_dossier(&find, &dossier) == -1)
		return -1;
	decide(&q, &d);
	*reply = (struct writer_reply){ .result = TALLY_REPEAT };
	if (d.kind == DECISION_REPEAT) {
		int rc = database_answer(o->database, job->request.machine_key,
		    job->request.product, out);

		if (rc != 1 || !is_revoked(o, out))
			return rc != 1 ? -1 : is_license(out) ? 200 : 403;
		/* Nobody believes it any more: it is decided again. */
		buf_clear(out);
		dossier.machine.answered = 0;
		decide(&q, &d);
	}
	switch (ask_admission(turn, job, &q, &d)) {
	case ADMIT_HOLD:
		return WRITER_HELD;
	case ADMIT_BUSY:
		reply->retry_after_s = admit_retry_after(turn->admit,
		    turn->second);
		reply->result = TALLY_REFUSED + REFUSAL_BUSY;
		return seal_busy(o, &q, reply->retry_after_s, out) ? 403 :
		    503;
	default:
		return answer_decision(o, &d, out, reply);
	}
}

static void
queue_init(struct queue *q)
{
	*q = (struct queue){ .last = &q->first };
}

static void
queue_put(struct queue *q, struct waiting *i)
{
	i->next = NULL;
	*q->last = i;
	q->last = &i->next;
	q->count++;
}

/* All of ${more} behind what is in ${q}; ${more} is empty then. */
static void
queue_append(struct queue *q, struct queue *more)
{
	if (!more->first)
		return;
	*q->last = more->first;
	q->last = more->last;
	q->count += more->count;
	queue_init(more);
}

static bool
decide_all(struct writer *w, struct waiting *batch)
{
	struct writer_turn turn = { clock_wall(), &w->admit, w->second, 0 };

	if (database_begin(w->options.database) == -1)
		return false;
	for (struct waiting *i = batch; i; i = i->next) {
		turn.waited = i->waited;
		i->status = writer_answer(&w->options, &i->job, &turn,
		    &i->answer, &i->reply);
		if (i->status == -1)
			return false;
	}
	return database_commit(w->options.database) == 0;
}

static void
reply(struct writer *w, struct waiting *i, bool stored)
{
	struct http_header_line retry = { .name = "Retry-After" };
	const char *bytes = i->answer.data;
	size_t len = i->answer.len;
	mono_t now = clock_boot();
	struct buf number;

	if (!stored || i->status == 503) {
		i->status = 503;
		i->reply = (struct writer_reply){ TALLY_UNAVAILABLE, 0 };
		bytes = UNAVAILABLE;
		len = strlen(UNAVAILABLE);
	}
	tally_request(w->options.tally, i->reply.result,
	    now.ns - i->job.received.ns);
	buf_init(&number, 24);
	buf_printf(&number, "%lld", (long long)i->reply.retry_after_s);
	retry.value = buf_text(&number);
	if (i->job.exchange)
		http_reply(i->job.exchange, i->status, DOCUMENT_TYPE, bytes,
		    len, &retry, i->reply.retry_after_s > 0 ? 1 : 0);
	buf_fini(&number);
	buf_fini(&i->answer);
	free(i);
}

/* Also what is held is answered, when its transaction failed. */
static void
answer_all(struct writer *w, struct waiting *batch, bool stored)
{
	while (batch) {
		struct waiting *next = batch->next;

		if (stored && batch->status == WRITER_HELD)
			queue_put(&w->held, batch);
		else
			reply(w, batch, stored);
		batch = next;
	}
}

static void
work(struct writer *w, struct queue *batch)
{
	bool stored = decide_all(w, batch->first);

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
	tally_batch(w->options.tally, batch->count);
	answer_all(w, batch->first, stored);
}

/* What was held comes first, once a second; at the end, to be told "busy". */
static void
take_held(struct writer *w, struct queue *batch, int64_t second,
    bool stopping)
{
	if (second == w->second && !stopping)
		return;
	for (struct waiting *i = w->held.first; i; i = i->next)
		i->waited += stopping ? ADMIT_HELD_S : second - w->second;
	queue_append(batch, &w->held);
}

static void *
run(void *self)
{
	struct writer *w = self;
	struct queue batch;
	int64_t second;
	bool stopping;

	do {
		queue_init(&batch);
		if (w->held.count > 0)
			poll(NULL, 0, HELD_LOOK_MS);
		pthread_mutex_lock(&w->lock);
		while (!w->queue.first && !w->stopping && w->held.count == 0)
			pthread_cond_wait(&w->wake, &w->lock);
		stopping = w->stopping;
		second = mono_s(clock_boot());
		take_held(w, &batch, second, stopping);
		queue_append(&batch, &w->queue);
		pthread_mutex_unlock(&w->lock);
		admit_fleet(&w->admit, atomic_load(&w->machines));
		if (batch.count > 0) {
			w->second = second;
			work(w, &batch);
			tally_queue(w->options.tally, w->held.count);
			tally_limit(w->options.tally, w->admit.per_s);
		}
	} while (!stopping || w->held.count > 0);
	return NULL;
}

struct writer *
writer_start(const struct writer_options *options)
{
	struct writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->options = *options;
	queue_init(&w->queue);
	queue_init(&w->held);
	admit_init(&w->admit, options->grants_per_s,
	    mono_s(clock_boot()));
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

void
writer_fleet(struct writer *w, int64_t machines)
{
	atomic_store(&w->machines, machines);
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
	if (!w->stopping && w->queue.count < WRITER_QUEUE_MAX) {
		queue_put(&w->queue, i);
		taken = true;
		pthread_cond_signal(&w->wake);
	}
	count = w->queue.count;
	pthread_mutex_unlock(&w->lock);
	tally_queue(w->options.tally, count);
	if (!taken)
		free(i);
	return taken;
}
