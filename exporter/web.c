/* SPDX-License-Identifier: ISC */
/* Routes over base/http, and how old the keeper's heartbeat is. */
#include "exporter/web.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "exporter/pages.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/http.h"
#include "license/facts.h"

#define PLAIN "text/plain; charset=utf-8"

enum { ROUTES = 4, HEADER_MAX = 16384 };

/* pulse: what is known of the keeper's heart, by elapsed time. */
struct pulse {
	int64_t beat_s;
	mono_t beat_at;	  /* latest moment that it can have beaten */
	mono_t looked_at;
};

struct web {
	struct board *board;
	struct pages *pages;
	struct http_route routes[ROUTES];
	struct http_listener *listeners[WEB_LISTENERS_MAX];
	size_t count;
	atomic_bool ready;
	pthread_mutex_t lock; /* the members below; held for moments only */
	struct pulse pulse;
};

static void
reply_text(struct http_exchange *exchange, int status, const char *text)
{
	http_reply(exchange, status, PLAIN, text, strlen(text), NULL, 0);
}

static void
serve_metrics(void *self, struct http_exchange *exchange)
{
	struct web *web = self;
	struct buf accept, encoding;

	buf_init(&accept, HEADER_MAX);
	buf_init(&encoding, HEADER_MAX);
	http_header_join(exchange, "Accept", &accept);
	http_header_join(exchange, "Accept-Encoding", &encoding);
	struct http_answer *answer = pages_answer(web->pages,
	    buf_text(&accept), buf_text(&encoding));
	buf_fini(&accept);
	buf_fini(&encoding);
	if (answer == NULL)
		reply_text(exchange, 503, "The agent is still starting.\n");
	else
		http_send(exchange, answer);
}

/*
 * The heart beats by the wall clock, which may step. A beat that was not
 * there at the last look is no older than that look; the same beat ages by
 * elapsed time.
 */
static int64_t
heartbeat_age(struct web *web)
{
	int64_t beat_s = atomic_load(&web->board->counters.heartbeat_s);
	int64_t age_s = clock_wall().s - beat_s;
	mono_t now = clock_boot();

	if (beat_s == 0)
		return INT64_MAX;
	pthread_mutex_lock(&web->lock);
	struct pulse *pulse = &web->pulse;
	if (beat_s != pulse->beat_s) {
		int64_t most_s = (now.ns - pulse->looked_at.ns) / 1000000000;

		if (age_s < 0)
			age_s = 0;
		if (age_s > most_s)
			age_s = most_s;
		pulse->beat_s = beat_s;
		pulse->beat_at.ns = now.ns - age_s * 1000000000;
	}
	pulse->looked_at = now;
	age_s = (now.ns - pulse->beat_at.ns) / 1000000000;
	pthread_mutex_unlock(&web->lock);
	return age_s;
}

static void
serve_health(void *self, struct http_exchange *exchange)
{
	int64_t age_s = heartbeat_age(self);
	struct buf text;

	if (age_s <= WEB_HEARTBEAT_MAX_S) {
		reply_text(exchange, 200, "ok\n");
		return;
	}
	if (age_s == INT64_MAX) {
		reply_text(exchange, 503, "The keeper has not begun yet.\n");
		return;
	}
	buf_init(&text, 256);
	buf_printf(&text, "The keeper gave no sign of life for %" PRId64
	    " s; restart leaselined.\n", age_s);
	reply_text(exchange, 503, buf_text(&text));
	buf_fini(&text);
}

static void
serve_ready(void *self, struct http_exchange *exchange)
{
	struct web *web = self;
	const struct facts *facts = board_take(web->board);
	bool ready = facts != NULL && atomic_load(&web->ready);

	facts_release(facts);
	reply_text(exchange, ready ? 200 : 503,
	    ready ? "ready\n" : "The agent is still starting.\n");
}

static void
serve_root(void *self, struct http_exchange *exchange)
{
	static const char page[] =
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta "
	    "charset=\"utf-8\"><title>Leaseline</title></head>\n<body>\n"
	    "<h1>Leaseline</h1>\n<p>Version " LEASELINE_VERSION ". It keeps a "
	    "software license alive and tells about it.</p>\n<ul>\n"
	    "<li><a href=\"/metrics\">/metrics</a>: for Prometheus</li>\n"
	    "<li><a href=\"/healthz\">/healthz</a>: 200 while the keeper "
	    "lives</li>\n"
	    "<li><a href=\"/readyz\">/readyz</a>: 200 once everything is "
	    "up</li>\n</ul>\n<p>On this machine, <code>fcli show "
	    "license_status</code> tells everything.</p>\n</body>\n</html>\n";
	static const struct http_header_line headers[] = {
		{"X-Content-Type-Options", "nosniff"},
		{"Content-Security-Policy", "default-src 'none'"},
	};

	(void)self;
	http_reply(exchange, 200, "text/html; charset=utf-8", page,
	    sizeof(page) - 1, headers, sizeof(headers) / sizeof(headers[0]));
}

static const struct {
	const char *path;
	void (*serve)(void *self, struct http_exchange *exchange);
} routes[ROUTES] = {
	{"/metrics", serve_metrics},
	{"/healthz", serve_health},
	{"/readyz", serve_ready},
	{"/", serve_root},
};

struct web *
web_start(const struct web_options *options, struct board *board,
    struct buf *error)
{
	struct web *web = calloc(1, sizeof(*web));
	struct pages *pages = pages_new(board, options->revision);

	if (web == NULL || pages == NULL ||
	    options->listen_count > WEB_LISTENERS_MAX) {
		buf_puts(error, web == NULL || pages == NULL ? "out of memory" :
						"too many listen addresses");
		pages_free(pages);
		free(web);
		return NULL;
	}
	web->board = board;
	pthread_mutex_init(&web->lock, NULL);
	web->pulse.looked_at = clock_boot();
	web->pages = pages;
	for (size_t i = 0; i < ROUTES; i++)
		web->routes[i] = (struct http_route){.path = routes[i].path,
			.serve = routes[i].serve,
			.self = web};
	for (size_t i = 0; i < options->listen_count; i++) {
		const struct http_options listen = {
			.listen = options->listen[i],
			.routes = web->routes,
			.route_count = ROUTES,
			.connections_max = options->connections_max};

		web->listeners[i] = http_listen(&listen, error);
		if (web->listeners[i] == NULL) {
			web_stop(web);
			return NULL;
		}
		web->count = i + 1;
	}
	atomic_store(&web->ready, true);
	return web;
}

void
web_stop(struct web *web)
{
	if (web == NULL)
		return;
	for (size_t i = 0; i < web->count; i++)
		http_stop(web->listeners[i]);
	pages_free(web->pages);
	pthread_mutex_destroy(&web->lock);
	free(web);
}

const char *
web_address(const struct web *web, size_t i)
{
	return i < web->count ? http_address(web->listeners[i]) : "";
}
