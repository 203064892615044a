/* SPDX-License-Identifier: ISC */
/*
 * The one thread that decides: it takes all requests that wait, decides and
 * signs each inside one transaction, commits, then answers all. What was
 * answered is in the database; when the commit fails nobody has a lease. It
 * knows no HTTP but the exchange it answers.
 */
#ifndef LICENSE_AUTHORITY_WRITER_H
#define LICENSE_AUTHORITY_WRITER_H

#include "license/authority/decide.h"

struct database;
struct http_exchange;
struct issuer;
struct tally;
struct writer;

/* Fewer than the connections, so that busy is an answer that is given. */
enum { WRITER_QUEUE_MAX = 512 };

struct writer_options {
	struct database *database; /* the writer's own */
	const struct issuer *issuer;
	const struct decide_policy *policy;
	const char *issuer_name;
	struct tally *tally;
};

/* One request that was verified. */
struct writer_job {
	struct http_exchange *exchange; /* may be NULL in tests */
	struct request request;
	uint8_t request_sha256[SHA256_SIZE];
	char observed[ADDRESS_SIZE];
	mono_t received;
};

/* writer_start: NULL when there is no memory or thread. */
struct writer *writer_start(const struct writer_options *options);

/*
 * writer_stop: answers what waits, then ends; writer_add() refuses from then
 * on. writer_free: when no thread can call it any more. NULL is accepted.
 */
void writer_stop(struct writer *writer);
void writer_free(struct writer *writer);

/* writer_add: copied; false when the queue is full or it stops. */
bool writer_add(struct writer *writer, const struct writer_job *job);

/*
 * writer_answer: what the thread does for each: find, decide, sign and store
 * inside the open transaction. 200 or 403 with the document in ${out}; 503
 * with nothing stored of this one; -1 when the database failed. ${result}
 * is for the tally.
 */
int writer_answer(const struct writer_options *options,
    const struct writer_job *job, utc_t now, struct buf *out, int *result);

#endif
