/* SPDX-License-Identifier: ISC */
/*
 * What the authority answers over HTTP, and what it reads before anyone
 * decides: a request must be framed and verified here, on the listener's
 * threads. It decides only what needs no record.
 */
#ifndef LICENSE_AUTHORITY_ROUTE_H
#define LICENSE_AUTHORITY_ROUTE_H

#include <stdatomic.h>
#include <stddef.h>

#include "license/authority/decide.h"

struct collector;
struct http_route;
struct issuer;
struct keys;
struct limit;
struct tally;
struct writer;

enum { ROUTE_COUNT = 6 };

struct route_context {
	struct writer *writer;
	const struct issuer *issuer;
	struct keys *keys; /* NULL: no list is served */
	const struct decide_policy *policy;
	struct tally *tally;
	struct limit *limit;
	const struct allocation *proxies; /* trusted for X-Forwarded-For */
	size_t proxy_count;
	atomic_bool told; /* a header that does not count was logged */
	struct collector *collector;
};

/* route_fill: the table of paths; ${context} must outlive the listener. */
void route_fill(struct route_context *context,
    struct http_route *routes /* ROUTE_COUNT */);

/*
 * route_read: bytes of a body to a request that is verified. REFUSAL_NONE,
 * or the reason to refuse with a signature (then ${out} has what the refusal
 * must repeat: machine key and nonce), or -1 with a sentence in ${error}:
 * nothing was verified, so nothing is signed.
 */
int route_read(const char *bytes, size_t len, struct request *out,
    struct buf *error);

/*
 * route_read_stats: the same for a usage report; false with a sentence when
 * it is not verified or not one.
 */
bool route_read_stats(const char *bytes, size_t len, struct stats *out,
    struct buf *error);

#endif
