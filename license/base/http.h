/* SPDX-License-Identifier: ISC */
/*
 * The HTTP listener, over libmicrohttpd with its own epoll threads. It serves
 * a fixed table of exact paths and knows nothing of what they mean. Limits are
 * always set: connections, connections per address, whole times (see
 * connections.h), header and body size. A handler never blocks its thread: it
 * answers, or defers and answers later from any thread. Every answer of ours
 * says that it is not to be sniffed, framed, cached or referred from.
 */
#ifndef LICENSE_BASE_HTTP_H
#define LICENSE_BASE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct http_answer;
struct http_listener;
struct tls_identity;

/* http_exchange: one request and its answer. */
struct http_exchange;

struct http_route {
	const char *path; /* exact; a query string is ignored */
	bool post;	  /* POST; otherwise GET and HEAD */
	bool deferred;	  /* as if serve() began with http_defer() */
	bool open;	  /* not for the guard: whoever is connected may ask */
	size_t body_max;  /* POST: a longer body gets 413 */
	void (*serve)(void *self, struct http_exchange *exchange);
	void *self;
};

/*
 * http_guard: asked on the listener's threads, so it never blocks. accepts():
 * before anything is read; ${address} is sixteen bytes (prefix.h); one of no
 * address, a unix socket's, is not asked about. admits(): a whole request,
 * before it is told what is at its path; false: the guard has replied, or has
 * deferred it and calls http_reply or http_admit later. Each may be NULL.
 */
struct http_guard {
	bool (*accepts)(void *self, const uint8_t *address);
	bool (*admits)(void *self, struct http_exchange *exchange);
	void *self;
};

struct http_options {
	const char *listen; /* as of listen.h; port 0 = any */
	int listen_fd;	    /* above 0: listens already; ours from now on */
	const struct http_route *routes; /* must outlive the listener */
	size_t route_count;
	int threads;		     /* 1 when 0 */
	int connections_max;	     /* 64 when 0 */
	int connections_per_address; /* 0: the same as connections_max */
	int per_second;	  /* requests of one address; 0: no limit */
	bool local_free;  /* the last two are not for loopback addresses */
	int timeout_s;	  /* for a first request, whole; 10 when 0 */
	int idle_s;	  /* from an answer to the next request; 10 when 0 */
	struct tls_identity *tls; /* NULL: plain HTTP; a reference is taken */
	struct http_guard guard;
};

/*
 * http_listen: bind and serve. NULL with one sentence in ${error} that names
 * the address and the reason.
 */
struct http_listener *http_listen(const struct http_options *options,
    struct buf *error);

/*
 * http_renew: another identity for connections from now on; those that there
 * are keep theirs, and none is refused in between. From any thread, of a
 * listener that began with one.
 */
void http_renew(struct http_listener *listener, struct tls_identity *tls);

/*
 * http_stop: no new connections, then wait for the threads. Deferred
 * exchanges must have been answered before.
 */
void http_stop(struct http_listener *listener);

/* http_address: the bound address as text, "127.0.0.1:40123". */
const char *http_address(const struct http_listener *listener);

/*
 * http_defer: the answer comes later, from any thread: to be called before
 * the exchange is handed to it. http_admit: of the guard, after that: go on as
 * if admits() had said true; the exchange must not be touched after.
 */
void http_defer(struct http_exchange *exchange);
void http_admit(struct http_exchange *exchange);

/* Valid until http_reply. The body is NUL-terminated. */
const char *http_body(const struct http_exchange *exchange, size_t *len);
const char *http_header(const struct http_exchange *exchange,
    const char *name); /* NULL when absent */
/*
 * http_header_join: append the values of every line of that name, in their
 * order, with commas between. False when there is none.
 */
bool http_header_join(const struct http_exchange *exchange, const char *name,
    struct buf *out);
/*
 * http_peer: the observed address in RFC 5952 form, an IPv4-mapped one as
 * IPv4; "" when it is none.
 */
const char *http_peer(const struct http_exchange *exchange);

struct http_header_line {
	const char *name, *value;
};

/*
 * http_reply: send the answer; ${bytes} are copied. Exactly once for each
 * exchange, after which it must not be touched. ${headers} beyond
 * Content-Type may be NULL; one of them replaces ours of the same name.
 */
void http_reply(struct http_exchange *exchange, int status,
    const char *content_type, const void *bytes, size_t len,
    const struct http_header_line *headers, size_t header_count);

/*
 * http_answer: an answer made once and sent to many, from any thread: it does
 * not change, and its bytes are not copied. ${done} is called with ${self}
 * when nobody needs them any more: on any thread, also when NULL is returned
 * (out of memory).
 */
struct http_answer *http_answer_new(int status, const char *content_type,
    const void *bytes, size_t len, const struct http_header_line *headers,
    size_t header_count, void (*done)(void *self), void *self);
struct http_answer *http_answer_take(struct http_answer *answer);
void http_answer_release(struct http_answer *answer); /* or NULL */

/* http_send: instead of http_reply; takes over the caller's reference. */
void http_send(struct http_exchange *exchange, struct http_answer *answer);

#endif
