/* SPDX-License-Identifier: ISC */
/* What http.c knows of an answer and others do not: the library's object. */
#ifndef LICENSE_BASE_HTTP_ANSWER_H
#define LICENSE_BASE_HTTP_ANSWER_H

#include <stdatomic.h>

#include "license/base/http.h"

struct MHD_Response;

struct http_answer {
	atomic_int references;
	unsigned status;
	struct MHD_Response *response;
};

/*
 * http_answer_of: with ${response}, which it takes over; NULL: there was no
 * memory for it. A reference for the caller, or NULL.
 */
struct http_answer *http_answer_of(int status, const char *content_type,
    struct MHD_Response *response, const struct http_header_line *headers,
    size_t count);

#endif
