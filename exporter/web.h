/* SPDX-License-Identifier: ISC */
/*
 * What the agent serves over HTTP: /metrics, /healthz, /readyz and a short
 * page at /. It renders what is on the board when it is asked; it decides
 * nothing and holds no license.
 */
#ifndef EXPORTER_WEB_H
#define EXPORTER_WEB_H

#include <stdbool.h>
#include <stddef.h>

struct board;
struct buf;
struct web;

enum { WEB_LISTENERS_MAX = 16, WEB_HEARTBEAT_MAX_S = 90 };

struct web_options {
	const char *const *listen; /* "127.0.0.1:10014", "[::1]:10014" */
	size_t listen_count;	   /* at most WEB_LISTENERS_MAX; may be 0 */
	int connections_max;	   /* of each listener; 64 when 0 */
	const char *revision;	   /* of the source, for build_info */
};

/*
 * web_start: every address or none; NULL with one sentence in ${error}. The
 * board must outlive it; the options need not.
 */
struct web *web_start(const struct web_options *options, struct board *board,
    struct buf *error);

void web_stop(struct web *web); /* NULL is accepted */

/* web_address: as bound, "127.0.0.1:40123". */
const char *web_address(const struct web *web, size_t i);

#endif
