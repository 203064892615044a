/* SPDX-License-Identifier: ISC */
/*
 * What the agent serves over HTTP: /metrics, /healthz, /readyz and a short
 * page at /. It renders what is on the board when it is asked; it decides
 * nothing and holds no license. Whoever may connect may ask for the two of
 * health, without a user: what probes them has no secret to keep.
 */
#ifndef EXPORTER_WEB_H
#define EXPORTER_WEB_H

#include <stdbool.h>
#include <stddef.h>

#include "exporter/door.h"
#include "exporter/listeners.h"

struct board;
struct buf;
struct web;

enum { WEB_HEARTBEAT_MAX_S = 90, WEB_PER_SECOND = 100 };

struct web_options {
	const char *const *listen; /* as of listeners.h */
	size_t listen_count;	   /* may be 0 */
	int connections_max;	   /* of each listener; 64 when 0 */
	/*
	 * Requests of one address each second; 0: WEB_PER_SECOND, and as many
	 * as they like for those of this machine.
	 */
	int per_second;
	const char *revision;	   /* of the source, for build_info */
	struct door_options door;  /* who may ask */
};

/*
 * web_start: every address or none; NULL with one sentence in ${error}. The
 * board must outlive it; the options need not.
 */
struct web *web_start(const struct web_options *options, struct board *board,
    struct buf *error);

/* web_configure, web_look: as door_configure and door_look. */
bool web_configure(struct web *web, const struct door_options *options,
    struct buf *error);
void web_look(struct web *web);

void web_stop(struct web *web); /* NULL is accepted */

/* web_address: as bound, "127.0.0.1:40123" or "unix:/PATH"; "" past the last. */
const char *web_address(const struct web *web, size_t i);

/* web_url: of the metrics; of a unix socket its address. */
void web_url(const struct web *web, size_t i, struct buf *out);

#endif
