/* SPDX-License-Identifier: ISC */
/* Looking a path up; it serves nothing. */
#include "license/base/http_route.h"

#include <string.h>

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
