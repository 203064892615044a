/* SPDX-License-Identifier: ISC */
/* Which route of a table a path and a method are. It knows no connection. */
#ifndef LICENSE_BASE_HTTP_ROUTE_H
#define LICENSE_BASE_HTTP_ROUTE_H

#include "license/base/http.h"

/*
 * http_route_find: NULL: none; then ${allow} is the methods that the path
 * takes, or NULL when there is nothing at it.
 */
const struct http_route *http_route_find(const struct http_route *routes,
    size_t count, const char *path, const char *method, const char **allow);

#endif
