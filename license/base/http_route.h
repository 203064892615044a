/* SPDX-License-Identifier: ISC */
/*
 * What a request line and a header say: which route of a table a path and a
 * method are, and how long a body is. It knows no connection.
 */
#ifndef LICENSE_BASE_HTTP_ROUTE_H
#define LICENSE_BASE_HTTP_ROUTE_H

#include "license/base/http.h"

/*
 * http_route_find: NULL: none; then ${allow} is the methods that the path
 * takes, or NULL when there is nothing at it.
 */
const struct http_route *http_route_find(const struct http_route *routes,
    size_t count, const char *path, const char *method, const char **allow);

/* What the library does not check: how the length of a body is told. */
struct http_framing {
	size_t lengths, encodings;
	uint64_t length;
	bool bad;
};

/* http_framing_see: one header line; ${value} may be NULL. */
void http_framing_see(struct http_framing *framing, const char *name,
    const char *value);

/* http_framing_bad: told in two ways, or in none that is clear. */
bool http_framing_bad(const struct http_framing *framing);

enum { HTTP_DRAIN = 65536 }; /* read past a body, for the 413, 405 or 404 */

/*
 * http_framing_fits: make ${body} for the body to come on ${route}; NULL:
 * none. False: it is not to be read. A longer one that is near, and read past
 * as closing on unread bytes would lose the answer, only makes ${body} failed.
 */
bool http_framing_fits(const struct http_framing *framing,
    const struct http_route *route, struct buf *body);

/* http_header_always: what every answer says; NULL past the last. */
const struct http_header_line *http_header_always(size_t i);

/* http_header_among: ${name}, in any case; ${headers} may be NULL. */
bool http_header_among(const struct http_header_line *headers, size_t count,
    const char *name);

#endif
