/* SPDX-License-Identifier: ISC */
/* The only user of libcurl. */
#include "license/keeper/client.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "license/base/buf.h"
#include "license/base/clock.h"
#include "license/keeper/tls_time.h"

/* Three for each exchange that there may be: two families, and the resolver. */
enum { SOCKETS_MAX = 192 };

struct exchange {
	struct exchange *next;
	struct client *client;
	CURL *easy;
	struct curl_slist *headers;
	struct buf answer;
	client_done_fn *done;
	void *self;
	mono_t started;
	bool too_long;
	bool connected; /* what was waited for was the other's word */
	utc_t best_time;
	char error[CURL_ERROR_SIZE];
};

struct client {
	CURLM *multi;
	struct exchange *exchanges;
	struct pollfd sockets[SOCKETS_MAX];
	size_t socket_count;
	bool has_deadline;
	mono_t deadline;
};

static void
forget_socket(struct client *client, curl_socket_t fd)
{
	for (size_t i = 0; i < client->socket_count; i++) {
		if (client->sockets[i].fd != fd)
			continue;
		client->sockets[i] = client->sockets[--client->socket_count];
		return;
	}
}

static bool
passed(CURL *easy, CURLINFO stage)
{
	curl_off_t at_us = 0;

	return curl_easy_getinfo(easy, stage, &at_us) == CURLE_OK && at_us > 0;
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *self, void *unused)
{
	struct client *client = self;
	struct exchange *exchange = NULL;

	(void)unused;
	/* libcurl 7.88 notes a connection only with its TLS; and the resolver
	 * is waited for in the same way, before there is a name. */
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &exchange);
	if (exchange != NULL && what == CURL_POLL_IN &&
	    passed(easy, CURLINFO_NAMELOOKUP_TIME_T))
		exchange->connected = true;
	forget_socket(client, fd);
	if (what == CURL_POLL_REMOVE || client->socket_count == SOCKETS_MAX)
		return 0;
	client->sockets[client->socket_count++] = (struct pollfd){
		.fd = fd,
		.events = (short)(((what & CURL_POLL_IN) != 0 ? POLLIN : 0) |
		    ((what & CURL_POLL_OUT) != 0 ? POLLOUT : 0)),
	};
	return 0;
}

static int
on_timer(CURLM *multi, long timeout_ms, void *self)
{
	struct client *client = self;

	(void)multi;
	client->has_deadline = timeout_ms >= 0;
	client->deadline = clock_boot();
	client->deadline.ns += (int64_t)timeout_ms * 1000000;
	return 0;
}

struct client *
client_new(void)
{
	struct client *client = calloc(1, sizeof(*client));

	if (client == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		goto out;
	client->multi = curl_multi_init();
	if (client->multi == NULL)
		goto out;
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	return client;
out:
	free(client);
	return NULL;
}

static void
exchange_free(struct exchange *exchange)
{
	if (exchange == NULL)
		return;
	if (exchange->easy != NULL) {
		curl_multi_remove_handle(exchange->client->multi,
		    exchange->easy);
		curl_easy_cleanup(exchange->easy);
	}
	curl_slist_free_all(exchange->headers);
	buf_fini(&exchange->answer);
	free(exchange);
}

static void
unlink_exchange(struct client *client, struct exchange *exchange)
{
	struct exchange **at = &client->exchanges;

	while (*at != NULL && *at != exchange)
		at = &(*at)->next;
	if (*at != NULL)
		*at = exchange->next;
}

void
client_drop(struct client *client, const void *self)
{
	struct exchange *exchange = client->exchanges;

	while (exchange != NULL) {
		struct exchange *next = exchange->next;
		if (exchange->self == self) {
			unlink_exchange(client, exchange);
			exchange_free(exchange);
		}
		exchange = next;
	}
}

void
client_free(struct client *client)
{
	if (client == NULL)
		return;
	while (client->exchanges != NULL) {
		struct exchange *exchange = client->exchanges;
		client->exchanges = exchange->next;
		exchange_free(exchange);
	}
	curl_multi_cleanup(client->multi);
	curl_global_cleanup();
	free(client);
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *self)
{
	struct exchange *exchange = self;

	struct buf *answer = &exchange->answer;
	size_t len = size * count, room = answer->max - answer->len;

	/* Past the cap nothing more is read; what fits is there to look at. */
	buf_add(answer, bytes, len < room ? len : room);
	exchange->too_long = len > room;
	return answer->failed || exchange->too_long ? 0 : len;
}

static void
set_peer(CURL *easy, const struct client_request *request)
{
	if (request->ca_file != NULL && request->ca_file[0] != '\0') {
		curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_file);
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
	const char *proxy = request->proxy == NULL ? "" : request->proxy;
	/* "" switches the environment's proxies off; and so its exceptions. */
	if (strcmp(proxy, "environment") != 0) {
		curl_easy_setopt(easy, CURLOPT_PROXY, proxy);
		curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	}
	if (request->any_name)
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	if (request->unix_socket != NULL)
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH,
		    request->unix_socket);
	/* The family tried first is not to be lost to a slow moment. */
	curl_easy_setopt(easy, CURLOPT_HAPPY_EYEBALLS_TIMEOUT_MS,
	    (long)CLIENT_EYEBALLS_MS);
	static const long families[] = {[0] = CURL_IPRESOLVE_WHATEVER,
		[4] = CURL_IPRESOLVE_V4, [6] = CURL_IPRESOLVE_V6};
	curl_easy_setopt(easy, CURLOPT_IPRESOLVE,
	    families[request->address_family]);
}

/* Another back end of libcurl would hand over something else. */
static bool
is_openssl(void)
{
	const char *name = curl_version_info(CURLVERSION_NOW)->ssl_version;

	return name != NULL && strncmp(name, "OpenSSL/", 8) == 0;
}

static CURLcode
on_tls(CURL *easy, void *context, void *self)
{
	const struct exchange *exchange = self;

	(void)easy;
	tls_time_set(context, exchange->best_time);
	return CURLE_OK;
}

static void
set_limits(CURL *easy, int total_s)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)CLIENT_CONNECT_S);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT,
	    (long)(total_s == 0 ? CLIENT_TOTAL_S : total_s));
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	/* Without it, dropping an exchange waits for a hung resolver. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
}

static bool
set_body(struct exchange *exchange, const struct client_request *request)
{
	exchange->headers = curl_slist_append(NULL,
	    "Content-Type: text/plain");
	/* No "Expect: 100-continue": the body is small. */
	struct curl_slist *more = curl_slist_append(exchange->headers,
	    "Expect:");
	if (exchange->headers == NULL || more == NULL) {
		if (exchange->headers == NULL)
			curl_slist_free_all(more);
		return false;
	}
	curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER,
	    exchange->headers);
	curl_easy_setopt(exchange->easy, CURLOPT_POSTFIELDSIZE,
	    (long)request->body_len);
	return curl_easy_setopt(exchange->easy, CURLOPT_COPYPOSTFIELDS,
	    request->body) == CURLE_OK;
}

static bool
begin(struct client *client, const struct client_request *request,
    client_done_fn *done, void *self, bool post)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (exchange == NULL)
		return false;
	exchange->client = client;
	exchange->done = done;
	exchange->self = self;
	exchange->started = clock_boot();
	buf_init(&exchange->answer, request->answer_max == 0 ?
		CLIENT_ANSWER_MAX : request->answer_max);
	CURL *easy = exchange->easy = curl_easy_init();
	if (easy == NULL || (post && !set_body(exchange, request)))
		goto out;
	set_limits(easy, request->total_s);
	set_peer(easy, request);
	if (request->best_time.s != 0 && is_openssl()) {
		exchange->best_time = request->best_time;
		curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls);
		curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, exchange);
	}
	if (request->user != NULL && request->user[0] != '\0') {
		curl_easy_setopt(easy, CURLOPT_USERNAME, request->user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, request->password);
	}
	if (request->put)
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PUT");
	curl_easy_setopt(easy, CURLOPT_USERAGENT, request->user_agent);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->error);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
	if (curl_easy_setopt(easy, CURLOPT_URL, request->url) != CURLE_OK ||
	    curl_multi_add_handle(client->multi, easy) != CURLM_OK)
		goto out;
	exchange->next = client->exchanges;
	client->exchanges = exchange;
	return true;
out:
	exchange_free(exchange);
	return false;
}

bool
client_post(struct client *client, const struct client_request *request,
    client_done_fn *done, void *self)
{
	return begin(client, request, done, self, true);
}

bool
client_get(struct client *client, const struct client_request *request,
    client_done_fn *done, void *self)
{
	return begin(client, request, done, self, false);
}

static enum result
result_of(CURLcode code)
{
	static const struct {
		CURLcode code;
		enum result result;
	} rows[] = {
		{CURLE_OK, RESULT_OK},
		{CURLE_COULDNT_RESOLVE_HOST, RESULT_DNS},
		{CURLE_COULDNT_RESOLVE_PROXY, RESULT_DNS},
		{CURLE_OPERATION_TIMEDOUT, RESULT_TIMEOUT},
		{CURLE_SSL_CONNECT_ERROR, RESULT_TLS},
		{CURLE_PEER_FAILED_VERIFICATION, RESULT_TLS},
		{CURLE_SSL_CACERT_BADFILE, RESULT_TLS},
		{CURLE_SSL_ISSUER_ERROR, RESULT_TLS},
		{CURLE_SSL_CIPHER, RESULT_TLS},
		{CURLE_SSL_CERTPROBLEM, RESULT_TLS},
		{CURLE_WRITE_ERROR, RESULT_MALFORMED},
		{CURLE_WEIRD_SERVER_REPLY, RESULT_HTTP},
		{CURLE_UNSUPPORTED_PROTOCOL, RESULT_HTTP},
		{CURLE_GOT_NOTHING, RESULT_HTTP},
		{CURLE_PARTIAL_FILE, RESULT_HTTP},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].code == code)
			return rows[i].result;
	}
	return RESULT_CONNECT;
}

static utc_t
certificate_end(CURL *easy)
{
	static const char key[] = "Expire date:";
	struct curl_certinfo *info = NULL;

	if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK ||
	    info == NULL || info->num_of_certs < 1)
		return (utc_t){0};
	for (struct curl_slist *line = info->certinfo[0]; line != NULL;
	    line = line->next) {
		if (strncasecmp(line->data, key, sizeof(key) - 1) != 0)
			continue;
		time_t end = curl_getdate(line->data + sizeof(key) - 1, NULL);
		return (utc_t){end < 0 ? 0 : end};
	}
	return (utc_t){0};
}

static void
find_cause(const struct exchange *exchange, CURLcode code,
    struct client_reply *out)
{
	CURL *easy = exchange->easy;
	const char *scheme = NULL;
	long proxy_status = 0, os_error = 0;

	curl_easy_getinfo(easy, CURLINFO_SCHEME, &scheme);
	bool secure = scheme == NULL || strcasecmp(scheme, "https") == 0;
	bool connected = exchange->connected ||
	    passed(easy, CURLINFO_CONNECT_TIME_T) ||
	    result_of(code) == RESULT_TLS;
	out->phase = !passed(easy, CURLINFO_NAMELOOKUP_TIME_T) ?
	    CLIENT_AT_NAME : !connected ? CLIENT_AT_CONNECT : secure &&
	    !passed(easy, CURLINFO_APPCONNECT_TIME_T) ? CLIENT_AT_TLS :
	    CLIENT_AT_ANSWER;
	curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &out->tls_verify);
	curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
	out->proxy_status = (int)proxy_status;
	out->proxy_name = code == CURLE_COULDNT_RESOLVE_PROXY;
	out->os_error = (int)os_error;
}

static void
finish(struct client *client, struct exchange *exchange, CURLcode code)
{
	long status = 0;
	curl_off_t retry_after_s = 0;

	unlink_exchange(client, exchange);
	curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(exchange->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
	struct client_reply reply = {
		.result = result_of(code),
		.status = (int)status,
		.too_long = exchange->too_long,
		.body = buf_text(&exchange->answer),
		.body_len = exchange->answer.len,
		.retry_after_s = retry_after_s,
		.duration_ms =
		    (clock_boot().ns - exchange->started.ns) / 1000000,
		.certificate_not_after = certificate_end(exchange->easy),
	};
	text_printable(exchange->error[0] != '\0' ? exchange->error :
						    curl_easy_strerror(code),
	    reply.detail, sizeof(reply.detail));
	find_cause(exchange, code, &reply);
	exchange->done(exchange->self, &reply);
	exchange_free(exchange);
}

static void
finish_all(struct client *client)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
		void *exchange = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		CURLcode code = message->data.result;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
		    &exchange);
		finish(client, exchange, code);
	}
}

void
client_ask(struct client *client, struct loop_want *want)
{
	for (size_t i = 0; i < client->socket_count; i++)
		loop_want_fd(want, client->sockets[i].fd,
		    client->sockets[i].events);
	if (client->has_deadline)
		loop_want_at(want, client->deadline);
}

void
client_tell(struct client *client, const struct loop_got *got)
{
	int running;

	for (size_t i = 0; i < got->count; i++) {
		short fired = got->fds[i].revents;
		int what = ((fired & POLLIN) != 0 ? CURL_CSELECT_IN : 0) |
		    ((fired & POLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
		    ((fired & (POLLERR | POLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
		if (what != 0)
			curl_multi_socket_action(client->multi,
			    got->fds[i].fd, what, &running);
	}
	if (client->has_deadline && client->deadline.ns <= got->now.ns) {
		client->has_deadline = false;
		curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0,
		    &running);
	}
	finish_all(client);
}
