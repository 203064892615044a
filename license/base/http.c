/* SPDX-License-Identifier: ISC */
/*
 * The listener over libmicrohttpd; what it sends is http_answer.c's. What a
 * path means is its route's business.
 */
#include "license/base/http.h"

#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "license/base/buf.h"
#include "license/base/file.h"
#include "license/base/http_answer.h"
#include "license/base/http_gate.h"
#include "license/base/http_route.h"
#include "license/base/listen.h"
#include "license/base/log.h"
#include "license/base/tls.h"

enum {
	HTTP_MEMORY = 16384, /* of a connection: header lines fit in it */
	HTTP_SPARE = 32, /* the library's places for those who make room */
};

struct http_listener {
	struct MHD_Daemon *daemon;
	struct http_gate *gate;
	struct http_guard guard;
	const struct http_route *routes;
	size_t route_count;
	char address[LISTEN_ADDRESS_SIZE];
	struct file_identity socket_file; /* of a unix socket that we made */
	atomic_bool started;
	char said[256]; /* by the library before that */
};

struct http_exchange {
	struct MHD_Connection *connection;
	struct http_listener *listener;
	const struct http_route *route; /* NULL: none */
	const char *allow;
	struct buf body;
	size_t received;
	bool asked, admitted; /* the guard */
	bool deferred, served;
	struct http_answer *answer;
	char peer[INET6_ADDRSTRLEN];
};

static enum MHD_Result
send_to(struct MHD_Connection *connection, const struct http_answer *answer)
{
	return answer == NULL ? MHD_NO : MHD_queue_response(connection,
	    answer->status, answer->response);
}

/* An answer of ours, not of a route: always the last on its connection. */
static enum MHD_Result
refuse(struct MHD_Connection *connection, int status, const char *text,
    const char *name, const char *value)
{
	/* What follows a request that we refuse is not to be believed. */
	const struct http_header_line headers[] = {
		{"Connection", "close"}, {name, value}};
	struct http_answer *answer = http_answer_of(status,
	    "text/plain; charset=utf-8",
	    MHD_create_response_from_buffer(strlen(text),
		(void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT),
	    headers, name == NULL ? 1 : 2);
	enum MHD_Result result = send_to(connection, answer);

	http_answer_release(answer);
	return result;
}

static enum MHD_Result
refuse_route(const struct http_exchange *exchange)
{
	struct MHD_Connection *to = exchange->connection;

	if (exchange->route != NULL)
		return refuse(to, MHD_HTTP_CONTENT_TOO_LARGE,
		    "The body is too long for this path.\n", NULL, NULL);
	if (exchange->allow == NULL)
		return refuse(to, MHD_HTTP_NOT_FOUND,
		    "There is nothing at this path.\n", NULL, NULL);
	return refuse(to, MHD_HTTP_METHOD_NOT_ALLOWED,
	    "This path does not take this method.\n", "Allow",
	    exchange->allow);
}

static enum MHD_Result
see_header(void *cls, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
	(void)kind;
	http_framing_see(cls, name, value);
	return MHD_YES;
}

static struct http_visit *
visit_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection,
	    MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static enum MHD_Result
begin(struct http_listener *listener, struct MHD_Connection *connection,
    const char *path, const char *method, struct http_exchange **out)
{
	struct http_framing framing = {0};
	const char *allow = NULL;

	MHD_get_connection_values(connection, MHD_HEADER_KIND, see_header,
	    &framing);
	if (!http_gate_ask(listener->gate, visit_of(connection)))
		return refuse(connection, MHD_HTTP_TOO_MANY_REQUESTS,
		    "Too many requests from this address.\n",
		    "Retry-After", "1");
	if (http_framing_bad(&framing))
		return refuse(connection, MHD_HTTP_BAD_REQUEST,
		    "The length of the body is not clear.\n", NULL, NULL);
	const struct http_route *route = http_route_find(listener->routes,
	    listener->route_count, path, method, &allow);
	struct http_exchange *exchange = calloc(1, sizeof(*exchange));
	if (exchange == NULL)
		return MHD_NO;
	*out = exchange;
	*exchange = (struct http_exchange){.connection = connection,
		.listener = listener, .route = route, .allow = allow};
	exchange->admitted = listener->guard.admits == NULL ||
	    (route != NULL && route->open);
	bool refused = !http_framing_fits(&framing, route, &exchange->body);
	/* Who was not admitted is told nothing of paths. */
	if (!exchange->admitted && refused)
		return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE,
		    "Requests have no body here.\n", NULL, NULL);
	return exchange->admitted && (refused || route == NULL) ?
	    refuse_route(exchange) : MHD_YES;
}

static enum MHD_Result
serve(struct http_exchange *exchange)
{
	const struct http_route *route = exchange->route;
	const struct http_guard *guard = &exchange->listener->guard;

	if (exchange->answer != NULL || exchange->served)
		return send_to(exchange->connection, exchange->answer);
	if (!exchange->admitted && !exchange->asked) {
		exchange->asked = true;
		/* http_admit() may come before this returns. */
		if (guard->admits(guard->self, exchange))
			exchange->admitted = true;
		else if (exchange->deferred)
			return MHD_YES;
	}
	/* Not admitted and no answer: there was no memory for it. */
	if (!exchange->admitted)
		return send_to(exchange->connection, exchange->answer);
	if (route == NULL || exchange->body.failed)
		return refuse_route(exchange);
	exchange->deferred = false;
	exchange->served = true;
	if (route->deferred) /* before the answer, which may come at once */
		http_defer(exchange);
	route->serve(route->self, exchange);
	return route->deferred ? MHD_YES :
	    send_to(exchange->connection, exchange->answer);
}

static enum MHD_Result
handle(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *upload,
    size_t *upload_size, void **con_cls)
{
	struct http_exchange *exchange = *con_cls;

	(void)version;
	if (exchange == NULL) {
		enum MHD_Result result = begin(cls, connection, url, method,
		    &exchange);
		*con_cls = exchange;
		/* An answer to this first call would close the connection. */
		return result;
	}
	if (*upload_size == 0)
		return serve(exchange);
	exchange->received += *upload_size;
	if (exchange->received > exchange->body.max + HTTP_DRAIN)
		return MHD_NO;
	buf_add(&exchange->body, upload, *upload_size);
	*upload_size = 0;
	return MHD_YES;
}

static void
complete(void *cls, struct MHD_Connection *connection, void **con_cls,
    enum MHD_RequestTerminationCode why)
{
	struct http_exchange *exchange = *con_cls;

	(void)why;
	http_gate_answered(((struct http_listener *)cls)->gate,
	    visit_of(connection));
	*con_cls = NULL;
	if (exchange == NULL)
		return;
	http_answer_release(exchange->answer);
	buf_fini(&exchange->body);
	free(exchange);
}

/* Paths are compared as sent: two spellings of one path would be two truths. */
static size_t
keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
	(void)cls, (void)connection;
	return strlen(text);
}

static void __attribute__((format(printf, 2, 0)))
hear(void *cls, const char *format, va_list args)
{
	struct http_listener *listener = cls;
	char said[sizeof(listener->said)];

	vsnprintf(said, sizeof(said), format, args);
	said[strcspn(said, "\n")] = '\0';
	if (!atomic_load(&listener->started))
		text_printable(said, listener->said, sizeof(listener->said));
}

static enum MHD_Result
accept_from(void *cls, const struct sockaddr *from, socklen_t len)
{
	return http_gate_accepts(((struct http_listener *)cls)->gate, from,
	    len) ? MHD_YES : MHD_NO;
}

/* The library tells of an end after the session and before the close. */
static void
come_and_go(void *cls, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode what)
{
	struct http_listener *listener = cls;

	if (what != MHD_CONNECTION_NOTIFY_STARTED) {
		http_gate_leave(listener->gate, *context);
		*context = NULL;
		return;
	}
	const union MHD_ConnectionInfo *fd = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *from = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const union MHD_ConnectionInfo *session = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	*context = http_gate_enter(listener->gate, fd->connect_fd,
	    from->client_addr, session == NULL ? NULL : session->tls_session);
}

static struct MHD_Daemon *
start(struct http_listener *listener, const struct http_options *options,
    int fd)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG |
	    MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK;
	int threads = options->threads > 1 ? options->threads : 1;
	int places = HTTP_SPARE + (options->connections_max > 0 ?
	    options->connections_max : HTTP_CONNECTIONS);
	struct MHD_OptionItem more[4] = {{.option = MHD_OPTION_END}};
	size_t n = 0;

	if (threads > 1)
		more[n++] = (struct MHD_OptionItem){
			MHD_OPTION_THREAD_POOL_SIZE, threads, NULL};
	if (options->tls != NULL) {
		flags |= MHD_USE_TLS;
		more[n++] = (struct MHD_OptionItem){
			MHD_OPTION_HTTPS_CERT_CALLBACK, 0,
			tls_no_certificate()};
		more[n++] = (struct MHD_OptionItem){
			MHD_OPTION_HTTPS_PRIORITIES, 0,
			(void *)(uintptr_t)TLS_PRIORITIES};
	}
	more[n] = (struct MHD_OptionItem){.option = MHD_OPTION_END};
	return MHD_start_daemon(flags, 0, accept_from, listener, handle,
	    listener, MHD_OPTION_EXTERNAL_LOGGER, hear, listener,
	    MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_NOTIFY_CONNECTION, come_and_go, listener,
	    MHD_OPTION_NOTIFY_COMPLETED, complete, listener,
	    MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
	    MHD_OPTION_CONNECTION_LIMIT,
	    (unsigned)(places > threads ? places : threads),
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_MEMORY,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, more,
	    MHD_OPTION_END);
}

static void
dispose(struct http_listener *listener)
{
	http_gate_free(listener->gate);
	listen_remove(listener->address, &listener->socket_file);
	free(listener);
}

struct http_listener *
http_listen(const struct http_options *options, struct buf *error)
{
	struct http_listener *listener = calloc(1, sizeof(*listener));
	sigset_t all, before;

	if (listener == NULL) {
		buf_puts(error, "out of memory");
		return NULL;
	}
	int fd = options->listen_fd > 0 ? options->listen_fd :
	    listen_open(options->listen, &listener->socket_file, error);
	if (fd == -1) {
		free(listener);
		return NULL;
	}
	listener->routes = options->routes;
	listener->route_count = options->route_count;
	listener->guard = options->guard;
	listen_address(fd, listener->address);
	listener->gate = http_gate_new(options);
	/* The library's threads take no signal meant for the program. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (listener->gate == NULL)
		close(fd);
	else
		listener->daemon = start(listener, options, fd);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (listener->daemon == NULL) {
		buf_printf(error, "cannot serve on %s: %s", options->listen,
		    listener->said[0] != '\0' ? listener->said :
		    "libmicrohttpd does not start");
		dispose(listener);
		return NULL;
	}
	atomic_store(&listener->started, true);
	return listener;
}

void
http_renew(struct http_listener *listener, struct tls_identity *tls)
{
	http_gate_renew(listener->gate, tls);
}

void
http_stop(struct http_listener *listener)
{
	if (listener == NULL)
		return;
	MHD_stop_daemon(listener->daemon);
	dispose(listener);
}

const char *
http_address(const struct http_listener *listener)
{
	return listener->address;
}

const char *
http_body(const struct http_exchange *exchange, size_t *len)
{
	*len = exchange->body.len;
	return buf_text(&exchange->body);
}

const char *
http_header(const struct http_exchange *exchange, const char *name)
{
	return MHD_lookup_connection_value(exchange->connection,
	    MHD_HEADER_KIND, name);
}

struct joining {
	const char *name;
	struct buf *out;
	bool found;
};

static enum MHD_Result
join_header(void *cls, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
	struct joining *joining = cls;

	(void)kind;
	if (strcasecmp(name, joining->name) != 0)
		return MHD_YES;
	if (joining->found)
		buf_putc(joining->out, ',');
	joining->found = true;
	buf_puts(joining->out, value == NULL ? "" : value);
	return MHD_YES;
}

bool
http_header_join(const struct http_exchange *exchange, const char *name,
    struct buf *out)
{
	struct joining joining = {name, out, false};

	MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND,
	    join_header, &joining);
	return joining.found;
}

const char *
http_peer(const struct http_exchange *exchange)
{
	/* A cache: one thread has the exchange at a time. */
	char *peer = ((struct http_exchange *)(uintptr_t)exchange)->peer;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	if (peer[0] == '\0' && info != NULL)
		listen_peer(info->client_addr, peer);
	return peer;
}

void
http_send(struct http_exchange *exchange, struct http_answer *answer)
{
	exchange->answer = answer;
	if (exchange->deferred)
		MHD_resume_connection(exchange->connection);
}

void
http_reply(struct http_exchange *exchange, int status,
    const char *content_type, const void *bytes, size_t len,
    const struct http_header_line *headers, size_t header_count)
{
	http_send(exchange, http_answer_of(status, content_type,
	    MHD_create_response_from_buffer(len, (void *)(uintptr_t)bytes,
		MHD_RESPMEM_MUST_COPY), headers, header_count));
}

void
http_defer(struct http_exchange *exchange)
{
	exchange->deferred = true;
	MHD_suspend_connection(exchange->connection);
}

void
http_admit(struct http_exchange *exchange)
{
	exchange->admitted = true;
	MHD_resume_connection(exchange->connection);
}
