/* SPDX-License-Identifier: ISC */
/*
 * The HTTP listener, over libmicrohttpd with its own epoll threads. It serves
 * a fixed table of exact paths and knows nothing of what they mean. Limits are
 * always set: connections, connections per address, inactivity, header and
 * body size. A handler never blocks its thread: it answers, or defers and
 * answers later from any thread.
 */
#ifndef LICENSE_BASE_HTTP_H
#define LICENSE_BASE_HTTP_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct sockaddr_storage;
struct http_listener;

/* http_exchange: one request and its answer. */
struct http_exchange;

struct http_route {
	const char *path; /* exact; a query string is ignored */
	bool post;	  /* POST; otherwise GET and HEAD */
	bool deferred;	  /* serve() may return before http_reply() */
	size_t body_max;  /* POST: a longer body gets 413 */
	void (*serve)(void *self, struct http_exchange *exchange);
	void *self;
};

struct http_options {
	const char *listen; /* "127.0.0.1:10014", "[::1]:10014", port 0 = any */
	const struct http_route *routes; /* must outlive the listener */
	size_t route_count;
	int threads;		     /* 1 when 0 */
	int connections_max;	     /* 64 when 0 */
	int connections_per_address; /* 0: the same as connections_max */
	int timeout_s;		     /* inactivity; 10 when 0 */
	const char *tls_certificate; /* PEM text, NULL: plain HTTP */
	const char *tls_key;	     /* PEM text */
};

/*
 * http_listen: bind and serve. NULL with one sentence in ${error} that names
 * the address and the reason.
 */
struct http_listener *http_listen(const struct http_options *options,
    struct buf *error);

/*
 * http_renew: another certificate and key for connections from now on; those
 * that there are keep theirs, and none is refused in between. False with one
 * sentence, and everything as before: they do not fit, or two renewals before
 * have not settled. http_settle: to be called now and then after it: gives
 * back what old connections held, once they are gone. Both from one thread.
 */
bool http_renew(struct http_listener *listener, const char *certificate,
    const char *key, struct buf *error);
void http_settle(struct http_listener *listener);

/*
 * http_stop: no new connections, then wait for the threads. Deferred
 * exchanges must have been answered before.
 */
void http_stop(struct http_listener *listener);

/* http_address: the bound address as text, "127.0.0.1:40123". */
const char *http_address(const struct http_listener *listener);

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
 * IPv4.
 */
const char *http_peer(const struct http_exchange *exchange);

struct http_header_line {
	const char *name, *value;
};

/*
 * http_reply: send the answer; ${bytes} are copied. Exactly once for each
 * exchange, after which it must not be touched. ${headers} beyond
 * Content-Type may be NULL.
 */
void http_reply(struct http_exchange *exchange, int status,
    const char *content_type, const void *bytes, size_t len,
    const struct http_header_line *headers, size_t header_count);

#endif
