/* SPDX-License-Identifier: ISC */
/* Looking up and counting; it serves nothing. */
#include "license/base/http_route.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "license/base/buf.h"

const struct http_route *
http_route_find(const struct http_route *routes, size_t count,
    const char *path, const char *method, const char **allow)
{
	bool post = strcmp(method, "POST") == 0;
	bool get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	bool takes_get = false, takes_post = false;

	for (size_t i = 0; i < count; i++) {
		const struct http_route *route = &routes[i];
		if (strcmp(route->path, path) != 0)
			continue;
		if (route->post ? post : get)
			return route;
		*(route->post ? &takes_post : &takes_get) = true;
	}
	*allow = takes_get && takes_post ? "GET, HEAD, POST" :
	    takes_get ? "GET, HEAD" : takes_post ? "POST" : NULL;
	return NULL;
}

void
http_framing_see(struct http_framing *framing, const char *name,
    const char *value)
{
	if (strcasecmp(name, "Transfer-Encoding") == 0) {
		framing->encodings++;
	} else if (strcasecmp(name, "Content-Length") == 0) {
		framing->lengths++;
		size_t n = value == NULL ? 0 : strspn(value, "0123456789");
		if (n == 0 || n > 18 || value[n] != '\0')
			framing->bad = true;
		else
			framing->length = strtoull(value, NULL, 10);
	}
}

bool
http_framing_bad(const struct http_framing *framing)
{
	return framing->bad || framing->lengths + framing->encodings > 1;
}

bool
http_framing_fits(const struct http_framing *framing,
    const struct http_route *route, struct buf *body)
{
	bool post = route != NULL && route->post;
	size_t most = post ? route->body_max : 0;
	size_t past = post || route == NULL ? HTTP_DRAIN : 0;

	buf_init(body, most);
	body->failed = framing->length > most;
	return framing->length <= most + past &&
	    (post || framing->encodings == 0);
}

const struct http_header_line *
http_header_always(size_t i)
{
	/*
	 * No Strict-Transport-Security: it would be of the whole host, whose
	 * other ports are not ours.
	 */
	static const struct http_header_line always[] = {
		{"X-Content-Type-Options", "nosniff"},
		{"Content-Security-Policy",
		    "default-src 'none'; frame-ancestors 'none'"},
		{"Referrer-Policy", "no-referrer"},
		{"Cache-Control", "no-store"},
	};

	return i < sizeof(always) / sizeof(always[0]) ? &always[i] : NULL;
}

bool
http_header_among(const struct http_header_line *headers, size_t count,
    const char *name)
{
	for (size_t i = 0; headers != NULL && i < count; i++) {
		if (strcasecmp(headers[i].name, name) == 0)
			return true;
	}
	return false;
}
