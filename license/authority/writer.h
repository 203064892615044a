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

struct admit;
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
	int64_t grants_per_s; /* 0: by the fleet, admit.h */
};

/* One request that was verified. */
struct writer_job {
	struct http_exchange *exchange; /* may be NULL in tests */
	struct request request;
	uint8_t request_sha256[SHA256_SIZE];
	char observed[ADDRESS_SIZE];
	bool attended; /* a person waits */
	mono_t received;
};

/* How one was answered. */
struct writer_reply {
	int result; /* for the tally */
	int64_t retry_after_s; /* 0: nothing is said of it */
};

/* writer_start: NULL when there is no memory or thread. */
struct writer *writer_start(const struct writer_options *options);

/*
 * writer_stop: answers what waits, then ends; writer_add() refuses from then
 * on. writer_free: when no thread can call it any more. NULL is accepted.
 */
void writer_stop(struct writer *writer);
void writer_free(struct writer *writer);

/* writer_fleet: how many machines the limit of grants follows. Any thread. */
void writer_fleet(struct writer *writer, int64_t machines);

/* writer_add: copied; false when the queue is full or it stops. */
bool writer_add(struct writer *writer, const struct writer_job *job);

/* When a request is decided. */
struct writer_turn {
	utc_t now;
	struct admit *admit; /* NULL: every license is granted at once */
	int64_t second;	     /* of CLOCK_BOOTTIME, for admit */
	int64_t waited;	     /* seconds that it was held before */
};

/*
 * writer_answer: what the thread does for each: find, decide, sign and store
 * inside the open transaction. 200 or 403 with the document in ${out}; 503
 * with nothing stored of this one; WRITER_HELD: nothing either, ask again in
 * the next second; -1 when the database failed.
 */
enum { WRITER_HELD = 0 };

int writer_answer(const struct writer_options *options,
    const struct writer_job *job, const struct writer_turn *turn,
    struct buf *out, struct writer_reply *reply);

#endif
