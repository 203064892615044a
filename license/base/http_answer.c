/* SPDX-License-Identifier: ISC */
/*
 * Answers as libmicrohttpd's responses, which count how many connections send
 * them; ours count who may send them yet. It knows no connection.
 */
#include "license/base/http_answer.h"

#include <stdint.h>
#include <stdlib.h>

#include <microhttpd.h>

#include "license/base/http_route.h"
#include "license/base/log.h"

static void
add_header(struct MHD_Response *response, const char *name, const char *value)
{
	if (MHD_add_response_header(response, name, value) == MHD_NO)
		log_error("HTTP header %s was left out of an answer: "
			  "its value cannot be sent", name);
}

struct http_answer *
http_answer_of(int status, const char *content_type,
    struct MHD_Response *response, const struct http_header_line *headers,
    size_t count)
{
	const struct http_header_line *ours;
	struct http_answer *answer = response == NULL ? NULL :
	    malloc(sizeof(*answer));

	if (answer == NULL) {
		if (response != NULL)
			MHD_destroy_response(response);
		return NULL;
	}
	atomic_init(&answer->references, 1);
	answer->status = (unsigned)status;
	answer->response = response;
	if (content_type != NULL)
		add_header(response, "Content-Type", content_type);
	for (size_t i = 0; (ours = http_header_always(i)) != NULL; i++) {
		if (!http_header_among(headers, count, ours->name))
			add_header(response, ours->name, ours->value);
	}
	for (size_t i = 0; headers != NULL && i < count; i++)
		add_header(response, headers[i].name, headers[i].value);
	return answer;
}

struct http_answer *
http_answer_new(int status, const char *content_type, const void *bytes,
    size_t len, const struct http_header_line *headers, size_t header_count,
    void (*done)(void *self), void *self)
{
	struct MHD_Response *response =
	    MHD_create_response_from_buffer_with_free_callback_cls(len,
		(void *)(uintptr_t)bytes, done, self);

	if (response == NULL)
		done(self);
	return http_answer_of(status, content_type, response, headers,
	    header_count);
}

struct http_answer *
http_answer_take(struct http_answer *answer)
{
	atomic_fetch_add(&answer->references, 1);
	return answer;
}

void
http_answer_release(struct http_answer *answer)
{
	if (answer == NULL || atomic_fetch_sub(&answer->references, 1) > 1)
		return;
	MHD_destroy_response(answer->response);
	free(answer);
}
