/* SPDX-License-Identifier: ISC */
/*
 * The thread that keeps usage reports, apart from the one that decides: a
 * queue and a database handle of its own, a pause after each batch, commits
 * that do not wait for the disk. However many reports come, a lease waits for
 * none of them longer than a small write takes.
 */
#ifndef LICENSE_AUTHORITY_COLLECTOR_H
#define LICENSE_AUTHORITY_COLLECTOR_H

#include <stdbool.h>

#include "license/codec.h"

struct collector;
struct database;
struct http_exchange;
struct tally;

enum { COLLECTOR_QUEUE_MAX = 64, COLLECTOR_PAUSE_MS = 200 };

/* collector_start: ${database} is its own. NULL: no memory or thread. */
struct collector *collector_start(struct database *database,
    struct tally *tally);

/* As writer_stop() and writer_free(); NULL is accepted. */
void collector_stop(struct collector *collector);
void collector_free(struct collector *collector);

/*
 * collector_add: one report that was verified; copied. It is answered 204
 * when it is kept, 403 when no machine of its key is known, 503 when the
 * database failed. False when the queue is full or it stops. ${exchange} may
 * be NULL in tests.
 */
bool collector_add(struct collector *collector,
    struct http_exchange *exchange, const struct stats *stats,
    const char *bytes, size_t len);

#endif
