/* SPDX-License-Identifier: ISC */
/* Routes over base/http, and how old the keeper's heartbeat is. */
#include "exporter/web.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "exporter/answers.h"
#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/base/http.h"
#include "license/base/tls.h"
#include "license/facts.h"

#define PLAIN "text/plain; charset=utf-8"

enum {
	ROUTES = 6,
	HEADER_MAX = 16384,
	IDLE_S = 90, /* longer than the usual minute between two scrapes */
	PER_ADDRESS_MIN = 8,
};

/* pulse: what is known of the keeper's heart, by elapsed time. */
struct pulse {
	int64_t beat_s;
	mono_t beat_at;	  /* latest moment that it can have beaten */
	mono_t looked_at;
};

struct web {
	struct board *board;
	struct answers *answers;
	struct http_route routes[ROUTES];
	struct door *door;
	pthread_mutex_t opening; /* held until the member below is there */
	struct listeners listeners;
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
serve(struct web *web, struct http_exchange *exchange, enum answers_kind kind)
{
	struct buf accept, encoding;

	buf_init(&accept, HEADER_MAX);
	buf_init(&encoding, HEADER_MAX);
	http_header_join(exchange, "Accept", &accept);
	http_header_join(exchange, "Accept-Encoding", &encoding);
	struct http_answer *answer = answers_take(web->answers, kind,
	    buf_text(&accept), buf_text(&encoding));
	buf_fini(&accept);
	buf_fini(&encoding);
	if (answer == NULL)
		reply_text(exchange, 503, "The agent is still starting.\n");
	else
		http_send(exchange, answer);
}

static void
serve_metrics(void *self, struct http_exchange *exchange)
{
	serve(self, exchange, ANSWERS_METRICS);
}

static void
serve_root(void *self, struct http_exchange *exchange)
{
	serve(self, exchange, ANSWERS_STATUS);
}

static void
serve_json(void *self, struct http_exchange *exchange)
{
	serve(self, exchange, ANSWERS_JSON);
}

static void
serve_calendar(void *self, struct http_exchange *exchange)
{
	serve(self, exchange, ANSWERS_CALENDAR);
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

static const struct http_route routes[ROUTES] = {
	{.path = "/metrics", .serve = serve_metrics},
	{.path = "/healthz", .open = true, .serve = serve_health},
	{.path = "/readyz", .open = true, .serve = serve_ready},
	{.path = "/", .serve = serve_root},
	{.path = "/status.json", .serve = serve_json},
	{.path = "/license.ics", .serve = serve_calendar},
};

/* At any time: also before all listeners are there. */
static void
renew(void *self, struct tls_identity *identity)
{
	struct web *web = self;

	pthread_mutex_lock(&web->opening);
	listeners_renew(&web->listeners, identity);
	pthread_mutex_unlock(&web->opening);
}

static bool
open_listeners(struct web *web, const struct web_options *options,
    struct buf *error)
{
	int max = options->connections_max > 0 ? options->connections_max : 64;
	struct tls_identity *identity = door_identity(web->door);
	const struct http_options http = {
		.routes = web->routes,
		.route_count = ROUTES,
		.connections_max = max,
		.connections_per_address = max / 4 < PER_ADDRESS_MIN ?
		    PER_ADDRESS_MIN : max / 4,
		.per_second = options->per_second > 0 ? options->per_second :
		    WEB_PER_SECOND,
		.local_free = options->per_second == 0,
		.idle_s = IDLE_S,
		.tls = identity,
		.guard = door_guard(web->door),
	};

	pthread_mutex_lock(&web->opening);
	bool good = listeners_open(&web->listeners, options->listen,
	    options->listen_count, &http, error);
	pthread_mutex_unlock(&web->opening);
	tls_identity_release(identity);
	return good;
}

struct web *
web_start(const struct web_options *options, struct board *board,
    struct buf *error)
{
	struct web *web = calloc(1, sizeof(*web));
	struct answers *pages = answers_new(board, options->revision);

	if (web == NULL || pages == NULL) {
		buf_puts(error, "out of memory");
		answers_free(pages);
		free(web);
		return NULL;
	}
	web->board = board;
	pthread_mutex_init(&web->lock, NULL);
	pthread_mutex_init(&web->opening, NULL);
	web->pulse.looked_at = clock_boot();
	web->answers = pages;
	for (size_t i = 0; i < ROUTES; i++) {
		web->routes[i] = routes[i];
		web->routes[i].self = web;
	}
	web->door = door_new(&options->door, renew, web, error);
	if (web->door == NULL || !open_listeners(web, options, error)) {
		web_stop(web);
		return NULL;
	}
	atomic_store(&web->ready, true);
	return web;
}

void
web_stop(struct web *web)
{
	if (web == NULL)
		return;
	/* Who waits for the door is answered: the listeners wait for that. */
	if (web->door != NULL)
		door_close(web->door);
	listeners_close(&web->listeners);
	door_free(web->door);
	answers_free(web->answers);
	pthread_mutex_destroy(&web->opening);
	pthread_mutex_destroy(&web->lock);
	free(web);
}

bool
web_configure(struct web *web, const struct door_options *options,
    struct buf *error)
{
	return door_configure(web->door, options, error);
}

void
web_look(struct web *web)
{
	door_look(web->door);
}

const char *
web_address(const struct web *web, size_t i)
{
	return i < web->listeners.count ?
	    http_address(web->listeners.http[i]) : "";
}

void
web_url(const struct web *web, size_t i, struct buf *out)
{
	const char *address = web_address(web, i);

	if (strncmp(address, "unix:", 5) == 0)
		buf_puts(out, address);
	else
		buf_printf(out, "http%s://%s/metrics",
		    web->listeners.tls[i] ? "s" : "", address);
}
